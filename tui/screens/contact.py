"""A contact: their addresses, their fields, their tickets, and the last answer to them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from config.records import Record
from config.wording import counted
from desk import contacts
from desk.contacts import ContactLine
from desk.custom_fields.values import shown
from desk.errors import NotFound
from desk.tickets.history import OtherTicket
from tui.commands import command
from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.text.safe import cell, fitted, line, safe, shortened, wrapped
from tui.widgets.confirm import Confirm
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

if TYPE_CHECKING:
    from desk.permissions import Actor


LINES_OF_A_FACT = 3
"""So many lines of an address list or a note are shown; the form has all of it."""


class ContactCard(Record):
    """What is known of a contact."""

    contact: ContactLine
    tickets: list[OtherTicket]


class TheirTickets(VirtualList[OtherTicket]):
    """One ticket a line: number, state, last update, subject."""

    def row_key(self, row: OtherTicket) -> Hashable:
        """Return the ticket's number."""
        return row.number

    def row_line(self, row: OtherTicket, width: int, look: Look) -> list[tuple[str, str]]:
        """Return the line; a closed ticket is dim."""
        left = f"{'>' if look.here else ' '}#{row.number:<8} {row.status:<8} {row.updated:%Y-%m-%d} "
        text = left + fitted(line(row.subject), max(width - len(left), 8))
        return [(text, "dim" if row.status == "closed" else "")]


def _chosen(screen: ContactScreen) -> str | None:
    return None if screen.table.row is not None else "they have no ticket"


class ContactScreen(WordsBelow[None]):
    """A contact and their tickets. Esc goes back."""

    PLACE = "tickets"
    HELP_TITLE = "Contact"
    ID_PREFIX = "contact"
    GROUP = "Contact"
    DEFAULT_CSS = """
    ContactScreen #contact-facts { height: auto; max-height: 10; }
    ContactScreen.-tall #contact-facts { max-height: 16; }
    ContactScreen #contact-answer { height: 6; }
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._facts: list[tuple[str, str]] = []

    def compose_body(self) -> ComposeResult:
        """Yield the contact's fields, the list of tickets, and the last answer."""
        self.table = TheirTickets(empty="No tickets")
        yield TitledRule(line(self._address), id="contact-title")
        yield Static(id="contact-facts")
        yield LineInput()
        yield TitledRule("Tickets, open ones first")
        yield self.table
        yield TitledRule("Answered last")
        with VerticalScroll(id="contact-answer", can_focus=False):
            yield Static(id="contact-words")

    def on_mount(self) -> None:
        """Give the list the focus and fill it."""
        super().on_mount()
        self.table.focus()
        self.desk_changed()

    def desk_changed(self) -> None:
        """Read all anew."""
        address, actor = self._address, desk_app(self).actor

        def read() -> ContactCard:
            found = contacts.known(address, actor)
            return ContactCard(found, contacts.history(found, 200, actor))

        self.in_thread(read).then(self._show, failed=self._gone, group="contact")

    def _gone(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self.leave_gone(error)
        else:
            desk_app(self).flash_error(error)

    def _show(self, found: ContactCard) -> None:
        contact = found.contact
        self._address = contact.email
        name = line(contact.name) or line(contact.email)
        self.query_one("#contact-title", TitledRule).set_text(f"{name}{' (VIP)' if contact.vip else ''}")
        facts = [
            ("Addresses", ", ".join(map(line, (contact.email, *contact.others)))),
            ("Telephone", line(contact.phone)),
            ("Organization", line(contact.organization or "")),
            ("Language", line(contact.language)),
            *((each.label, line(shown(each, stored)) if stored else "") for each, stored in contact.fields),
            ("Note", line(" ".join(contact.note.split()))),
        ]
        self._facts = [(name, value) for name, value in facts if value]
        self._tell_facts()
        self.table.show_again(FixedRows(found.tickets))
        still = sum(1 for each in found.tickets if each.status != "closed")
        self.status(left=f"{counted(len(found.tickets), 'ticket')}, {still} not closed")
        self.describe(self.table.row)
        self.refresh_hints()

    def _tell_facts(self) -> None:
        width, rows = max(self.size.width - 17, 20), []
        for name, value in self._facts:
            told = wrapped(value, width)
            told[LINES_OF_A_FACT - 1 :] = filter(
                None, [shortened(" ".join(told[LINES_OF_A_FACT - 1 :]), width)]
            )
            rows += [f" {cell(name, 13)} {told[0]}", *(f"{'':15}{each}" for each in told[1:])]
        self.query_one("#contact-facts", Static).update(Content("\n").join(map(safe, rows)))

    def on_resize(self) -> None:
        """Lay out the contact's fields again."""
        self._tell_facts()

    def describe(self, row: object) -> None:
        """Describe the last answer in the ticket under the cursor."""
        words = self.query_one("#contact-words", Static)
        if not isinstance(row, OtherTicket):
            words.update("")
            return
        actor, number = desk_app(self).actor, row.number

        def read() -> str:
            return contacts.last_answer(number, actor)

        self.in_thread(read).then(
            lambda text: words.update(safe(text.strip() or "nobody answered yet")), group="answer"
        )

    @on(VirtualList.Opened)
    async def _opened(self) -> None:
        await self.run_command("contact.open")

    @command("open", "enter", "Read", footer="read", enabled=_chosen)
    def action_open(self) -> None:
        """Read the ticket."""
        row = self.table.row
        if row is not None:
            desk_app(self).navigation.open_thread(row.number)

    @command("edit", "e", "Change", footer="change", may="ticket.edit")
    def action_edit(self) -> None:
        """Change name, telephone, organization, language, note, whether they are important, own fields."""
        from desk.admin import custom_fields, table  # 60 ms
        from tui.screens.admin.form import AdminFormScreen  # 10 ms

        address, actor = self._address, desk_app(self).actor

        def read() -> tuple[Any, Any, Any]:
            noun, record = custom_fields.contact_form(address, actor)
            return noun, record, table.choices(noun)

        def said(words: str | None) -> None:
            if words is not None:
                self.flash(words)

        self.in_thread(read).before_next_key(
            lambda found: self.app.push_screen(AdminFormScreen(*found), said), group="form"
        )

    @command("addresses", "a", "Addresses", footer="addresses", may="ticket.edit")
    def action_addresses(self) -> None:
        """Add another address of theirs; with - in front, remove one."""
        self.query_one(LineInput).ask(
            "Address (adds, -address takes away):", purpose="address", placeholder="ana@home.example"
        )

    @command("merge", "M", "Merge", footer="merge", may="ticket.edit")
    def action_merge(self) -> None:
        """Merge this contact into another one: tickets and addresses move there."""
        self.query_one(LineInput).ask(
            "The contact that stays:", purpose="merge", placeholder="ana@corp.example"
        )

    @command("write", "n", "Write", footer="write", may="ticket.reply")
    def action_write(self) -> None:
        """Write to them: a new ticket."""
        desk_app(self).navigation.compose_new(self._address)

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Do what was typed."""
        self.table.focus()
        text, address = event.text.strip(), self._address
        if not text:
            return
        if event.purpose == "address":
            gone = [text[1:].strip()] if text.startswith("-") else []
            come = [] if gone else [text]
            self._do(lambda actor: contacts.edit_contact(actor, address, add=come, remove=gone), event)
            return

        def merge(sure: bool | None) -> None:
            if sure:
                self._do(lambda actor: contacts.merge_contacts(actor, address, text), event)

        def ask(stays: ContactLine) -> None:
            question = f"Make {line(address)} a part of {line(stays.email)}?"
            self.app.push_screen(Confirm(question, "Their tickets and addresses go there for good."), merge)

        asking = self.in_thread(contacts.who_stays, desk_app(self).actor, address, text)
        asking.before_next_key(ask, failed=event.again, group="change")

    def on_line_input_cancelled(self) -> None:
        """Go back to the list, unless the contact is gone."""
        self.table.focus()
        self.desk_changed()

    def _do(self, act: Callable[[Actor], ContactLine], event: LineInput.Answered) -> None:
        def done(contact: ContactLine) -> None:
            self._address = contact.email
            self.desk_changed()

        self.in_thread(act, desk_app(self).actor).then(done, failed=event.again, group="change")

    @command("back", "escape,q", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where you were."""
        self.dismiss(None)
