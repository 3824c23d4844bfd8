"""The keys of the editor: one table for bindings, hints and help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui.commands import Command
from tui.desk_calls import desk_app

WRITING = "In the editor"


def _here(command: str, key: str, title: str, text: str, action: str, **more: Any) -> Command:
    return Command(f"compose.{command}", key, title, text, WRITING, action, **more)


def _mail_only(screen: Any) -> str | None:
    return "a note is no mail" if screen.composition.kind == "note" else None


def _editor(screen: Any) -> str | None:
    return "off in restricted mode" if desk_app(screen).restricted else None


def _several_mailboxes(screen: Any) -> str | None:
    if screen.composition.kind != "new":
        return "an answer leaves from the ticket's mailbox"
    return None if len(screen.composition.mailboxes) > 1 else "there is one mailbox"


KEYS: tuple[Command, ...] = (
    _here(
        "review",
        "ctrl+s",
        "Review and send",
        "Look at the mail before it goes.",
        "review",
        footer="review & send",
    ),
    _here(
        "editor",
        "ctrl+g",
        "Editor",
        "Write in $VISUAL or $EDITOR.",
        "editor",
        footer="$EDITOR",
        enabled=_editor,
    ),
    _here("attach", "f2", "Attach", "Attach a file.", "attach", footer="attach", enabled=_mail_only),
    _here("cc", "f3", "Cc", "Go to the line of the Cc addresses.", "cc", footer="Cc", enabled=_mail_only),
    _here(
        "pane",
        "f4",
        "Other pane",
        "Go to what the customer wrote, and back.",
        "other_pane",
        footer="other pane",
        wide=True,
    ),
    _here(
        "state",
        "f5",
        "State after",
        "The state the ticket gets when this is sent.",
        "state_after",
        footer="state",
        enabled=_mail_only,
    ),
    _here(
        "sender",
        "f6",
        "Mailbox",
        "Which mailbox a first mail leaves from.",
        "sender",
        enabled=_several_mailboxes,
    ),
    _here("detach", "f7", "Detach", "Take an attached file away again.", "detach", enabled=_mail_only),
    _here("discard", "f8", "Throw away", "Throw the draft away (asks).", "discard"),
    _here("close", "escape", "Close", "Back; the draft is kept.", "close", footer="close"),
)


def _for_a_note(command: Command) -> Command:
    if command.id == "compose.review":
        text = "Add the note to the ticket, at once; no mail goes out."
        return replace(command, title="Add note", help=text, footer="add note")
    if command.enabled is _mail_only:
        return replace(command, footer=None, wide=False)
    return command


NOTE_KEYS: tuple[Command, ...] = tuple(_for_a_note(command) for command in KEYS)
"""The same keys where a note is written: nothing is sent, so nothing speaks of sending."""
