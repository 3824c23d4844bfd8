"""The commands of the mailbox form; no letter among them, because letters are text there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.commands import Command
from tui.desk_calls import desk_app

if TYPE_CHECKING:
    from tui.screens.mailboxes.form import MailboxFormScreen

GROUP = "Mailbox form"


def _may_save(screen: MailboxFormScreen) -> str | None:
    return (
        None if desk_app(screen).actor.may("mailbox.edit") else "your role does not let you change mailboxes"
    )


KEYS: tuple[Command, ...] = (
    Command(
        "form.test",
        "f5",
        "Test connection",
        "Try every step to the servers now; nothing is sent, no mail is changed.",
        GROUP,
        "test",
        "test",
    ),
    Command(
        "form.save",
        "ctrl+s",
        "Save",
        "Save the mailbox, then offer to fetch its mail.",
        GROUP,
        "save",
        "save",
        _may_save,
    ),
    Command(
        "form.folders",
        "f4",
        "List folders",
        "Ask the server for its folders; the picked one goes into the field with the cursor.",
        GROUP,
        "folders",
        "folders",
        wide=True,
    ),
    Command(
        "form.login",
        "f6",
        "Save and log in",
        "Save the mailbox, then log it in with OAuth2.",
        GROUP,
        "log_in",
        "log in",
        _may_save,
        wide=True,
    ),
    Command(
        "form.pin",
        "f8",
        "Pin the certificate",
        "After a test: show the certificate that is not trusted, and trust it alone if you say so.",
        GROUP,
        "pin",
    ),
    Command("form.next", "tab,down", "Next field", "Go to the next field.", GROUP, "go(1)", "next field"),
    Command("form.previous", "shift+tab,up", "Field before", "Go to the field before.", GROUP, "go(-1)"),
    Command(
        "form.section",
        "f7",
        "Next section",
        "Go to the next section, from the last one to the first; PgDn and PgUp only scroll.",
        GROUP,
        "section",
        "section",
        wide=True,
    ),
    Command(
        "form.cancel",
        "escape",
        "Cancel",
        "Leave without saving; asks when something was changed.",
        GROUP,
        "cancel",
        "cancel",
    ),
)
