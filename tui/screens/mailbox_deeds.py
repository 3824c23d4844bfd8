"""What the mailbox form does besides being filled: test, pin, list folders, save, log in, fetch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from textual.widget import Widget

from desk.fetching import runs
from desk.mailboxes import connection, registry
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.screens.mailbox_fields import Typed, with_oauth2
from tui.screens.mailbox_values import Checked, Known
from tui.widgets.confirm import Confirm
from tui.widgets.entry import Entry
from tui.widgets.menu import Menu, lettered
from tui.widgets.rule import TitledRule
from tui.widgets.step_list import StepList, step_name

if TYPE_CHECKING:
    from desk.mailboxes.connection import FolderChoice, Side
    from mail.probe import Step
    from models.mailboxes import Mailbox

Field = TypeVar("Field", bound=Widget)
FOLDERS = ("folder", "move_folder", "sent_folder")
"""The fields that hold a folder's name."""


class MailboxDeeds(DeskScreen[str | None]):
    """The half of the form that speaks to servers and to the desk; the other half holds the fields."""

    def __init__(self, address: str | None = None) -> None:
        super().__init__()
        self._address = address
        self._start = Known(address=address)
        self._first: Typed = {}
        self._checked: Checked | None = None
        self._tested: Typed | None = None
        self._failed: list[str] = []
        self._just_tested = False
        self._sending_failed = False
        self._to_pin: tuple[Side, Step] | None = None
        self._log_in_next = False

    # -- of the other half

    def typed(self) -> dict[str, str | bool]:
        """What stands in the fields now."""
        raise NotImplementedError

    def _put(self, name: str, value: str | bool) -> None:
        raise NotImplementedError

    def _check(self) -> None:
        raise NotImplementedError

    def _tell(self) -> None:
        raise NotImplementedError

    def _visit_all(self) -> bool:
        """Blame every field that is wrong and go to the first; True when none is."""
        raise NotImplementedError

    def _field(self, name: str, kind: type[Field]) -> Field:
        return self.query_one(f"#f-{name}", kind)

    def _here(self) -> str:
        """The name of the field with the cursor."""
        focused = self.focused
        return (focused.id or "").removeprefix("f-") if focused is not None else ""

    def _sound(self) -> Checked | None:
        """What was typed, if none of it is wrong; else the first wrong field is said."""
        if self._visit_all() and self._checked is not None and self._checked.form is not None:
            return self._checked
        return None

    # -- test

    def action_test(self) -> None:
        found = self._sound()
        if found is None or found.form is None:
            return
        if found.form.protocol == "none" and not found.form.sends:
            self.flash("There is no server to test: this mailbox neither fetches nor sends")
            return
        app = desk_app(self)
        address = self._start.address

        def steps() -> Iterator[tuple[Side, Step]]:
            stored = None if address is None else registry.find(address)
            if found.form is not None:
                yield from connection.try_sides(app.desk, found.form, found.secrets, stored)

        self._tested, self._failed, self._sending_failed, self._to_pin = self.typed(), [], False, None
        self.query_one("#test-rule", TitledRule).set_text(right="testing")
        self.query_one(StepList).begin("testing...")
        self.stream(steps, each=self._stepped, then=self._test_ended, group="test")

    def _stepped(self, found: tuple[Side, Step]) -> None:
        side, step = found
        name = step_name(side, step)
        self.query_one(StepList).add(name, step)
        if step.ok is False:
            self._failed.append(name)
            self._sending_failed = self._sending_failed or side == "outgoing"
            if step.pin and self._to_pin is None:
                self._to_pin = found

    def _test_ended(self) -> None:
        steps = self.query_one(StepList).steps
        skipped = sum(step.ok is None for step in steps)
        words = f"{len(self._failed)} failed" if self._failed else "all OK"
        right = words + (f", {skipped} skipped" if skipped else "")
        self.query_one("#test-rule", TitledRule).set_text(right=right)
        note = "Nothing was sent and no message was changed by this test."
        if self._to_pin is not None:
            note = "F8 shows the server's certificate, to trust it alone if it is the right one."
        self.query_one(StepList).finish(note)
        self._just_tested = True
        self._tell()

    def _close_test(self) -> None:
        """Give the test's lines back to the fields."""
        self._tested, self._failed, self._to_pin, self._just_tested = None, [], None, False
        self.query_one(StepList).begin("")
        self.query_one("#test-rule", TitledRule).set_text(right="F5")
        self._tell()

    def _test_words(self) -> str:
        names = ", ".join(self._failed)
        count = len(self._failed)
        off = "; sending stays off" if self._sending_failed else ""
        return f"{count} problem{'' if count == 1 else 's'}: {names}. You can save anyway{off}."

    # -- pin

    def action_pin(self) -> None:
        """Show the certificate that was not trusted, and pin it if the person says so."""
        if self._to_pin is None:
            self.flash("No certificate to look at: F5 tests, and shows one that is not trusted")
            return
        side, step = self._to_pin
        pairs = [step.pin[at : at + 2].upper() for at in range(0, len(step.pin), 2)]
        detail = (
            f"{step.certificate}\n\nSHA-256\n  {':'.join(pairs[:16])}:\n  {':'.join(pairs[16:])}\n\n"
            "Compare it with what the server's admin tells you by another way. Pinned, this certificate "
            "alone is trusted, and a new one will be refused."
        )
        self.app.push_screen(
            Confirm("Trust this certificate, and no other?", detail),
            lambda yes: self._pin(side, step.pin) if yes else None,
        )

    def _pin(self, side: Side, pin: str) -> None:
        prefix = "" if side == "incoming" else "smtp_"
        self._put(f"{prefix}fingerprint", pin)
        self._put(f"{prefix}ca_file", "")
        self._check()
        self.action_test()

    # -- folders

    def action_folders(self) -> None:
        """List the server's folders, and put the picked one into the field with the cursor."""
        field = self._here() if self._here() in FOLDERS else "folder"
        if self.typed()["protocol"] != "imap":
            self.flash("Folders are IMAP's: POP3 has one, INBOX")
            return
        found = self._sound()
        if found is None or found.form is None:
            return
        app, form, secrets, address = desk_app(self), found.form, found.secrets, self._start.address

        def folders() -> list[FolderChoice]:
            stored = None if address is None else registry.find(address)
            return connection.list_folders(app.desk, form, secrets, stored)

        self.flash(f"Asking {form.host} for its folders...")
        self.in_thread(folders).then(lambda names: self._offer_folders(field, names), group="folders")

    def _offer_folders(self, field: str, found: list[FolderChoice]) -> None:
        choices = [(one.name, f"{one.name}   ({one.use})" if one.use else one.name) for one in found]
        title = {"folder": "Fetch from", "move_folder": "Move to", "sent_folder": "Copies to"}[field]
        current = str(self.typed()[field])
        self.app.push_screen(
            Menu(title, lettered(choices), current), lambda name: self._take_folder(field, name)
        )

    def _take_folder(self, field: str, name: str | None) -> None:
        if name is None:
            return
        if field == "move_folder":
            self._put("after_fetch", "move")
        self._put(field, name)
        entry = self._field(field, Entry)
        entry.disabled = False
        entry.focus()
        self._check()

    # -- save, log in, fetch

    def action_log_in(self) -> None:
        """Save, then log in with OAuth2."""
        if self._checked is not None and self._checked.form is not None and not with_oauth2(self.typed()):
            self.flash("This mailbox logs in with a password: choose OAuth2 as its login first")
            return
        self._log_in_next = True
        self.action_save()

    def action_save(self) -> None:
        found = self._sound()
        if found is None or found.form is None:
            self._log_in_next = False
            if self._checked is not None and self._checked.wrong:
                self.flash(f"Not saved: {next(iter(self._checked.wrong.values()))}", "warning")
            return
        form, secrets = found.form, found.secrets
        if self._sending_failed and self.typed() == self._tested:
            form = form.model_copy(update={"outgoing_enabled": False})
        app, address = desk_app(self), self._start.address

        def save() -> tuple[Mailbox, str]:
            from desk.mailboxes.token_health import token_line

            if address is None:
                kept = registry.add(app.desk, app.actor, form, secrets)
            else:
                kept = registry.edit(app.desk, app.actor, address, form, secrets)
            token = token_line(kept)
            return kept, token.state if token else ""

        self.in_thread(save).then(self._saved, group="save")

    def _saved(self, kept: tuple[Mailbox, str]) -> None:
        mailbox, token = kept
        self._first = self.typed()
        self._tell()
        if token and (self._log_in_next or token in ("none", "refused")):
            from tui.screens.mailbox_login import LoginScreen

            self.app.push_screen(LoginScreen(mailbox.address), lambda _: self._offer_fetch(mailbox))
        else:
            self._offer_fetch(mailbox)

    def _offer_fetch(self, mailbox: Mailbox) -> None:
        app = desk_app(self)
        if mailbox.protocol == "none" or not mailbox.incoming_enabled:
            self.dismiss(mailbox.address)
            app.flash_later(f"{mailbox.address} is saved")
            return
        detail = ""
        if mailbox.smtp_host and not mailbox.outgoing_enabled:
            detail = "Sending is off until its test works: o on the list switches it on."
        self.app.push_screen(
            Confirm(f"{mailbox.address} is saved. Fetch its mail now?", detail),
            lambda yes: self._after_save(mailbox, fetch=bool(yes)),
        )

    def _after_save(self, mailbox: Mailbox, *, fetch: bool) -> None:
        if not fetch:
            self.dismiss(mailbox.address)
            return
        self.in_thread(runs.request, mailbox.id).then(lambda _: self.dismiss(mailbox.address))
