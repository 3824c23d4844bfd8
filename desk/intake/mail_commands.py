"""What an agent's mail asks for in its first lines: ``#close``, ``#assign ana``, ``#tag vpn``, ``#note``."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from config.expressions import expression
from config.records import Record
from desk import logs
from desk.errors import DeskError
from desk.filters import senders
from desk.tickets import changes, due_dates, fields, merging, pinning, snoozing, spam, watching
from mail.inert import one_line
from mail.mime.quotes.pieces import Span
from models.errors import DatabaseUnusable
from models.transactions import DatabaseFailed, savepoint

if TYPE_CHECKING:
    from desk.permissions import Actor

_LINE: Final = expression(r"[ \t]*#([a-z]+)(?:[ \t]+(\S.{0,80}))?[ \t]*(?:\n|\Z)", re.IGNORECASE)
_MOST: Final = 10

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "note": ("", "Keep this mail as an internal note."),
    "reply": ("", "Send this mail to the customer, also where an answer would be a note."),
    "close": ("", "Close the ticket."),
    "reopen": ("", "Open it again."),
    "status": ("STATUS", "Put it into a state, new, open, waiting or closed, or a status of your own."),
    "field": ("NAME=VALUE", "Write a value into a field of your own."),
    "assign": ("LOGIN", "Give it to an agent or a team; me is yourself."),
    "take": ("", "Give it to yourself."),
    "unassign": ("", "Give it to nobody."),
    "priority": ("LEVEL", "low, normal, high or urgent."),
    "tag": ("NAME", "Put tags on it, several with blanks."),
    "untag": ("NAME", "Take tags off it."),
    "transfer": ("DEPARTMENT", "Move it to another department."),
    "snooze": ("WHEN", "Put it out of the way until 3h, 2d, tomorrow, monday, answer or event."),
    "wake": ("", "Wake it."),
    "due": ("WHEN", "Say when it is due: 3h, 2d, today, monday, 2026-12-24 or none."),
    "pin": ("", "Let it stand before the others in lists."),
    "unpin": ("", "Let it stand among the others."),
    "merge": ("NUMBER", "Merge it into another ticket."),
    "watch": ("", "Be told of all that happens to it."),
    "spam": ("", "Call it spam."),
    "ban": ("", "Ban who asked, and close all that is open of theirs."),
}
"""Each command with what follows it and what it does."""


class MailCommand(Record):
    """One command with what follows it."""

    name: str
    value: str


class MailCommands(Record):
    """The commands of a mail and the part of its text that they stand in."""

    commands: tuple[MailCommand, ...] = ()
    span: Span = (0, 0)

    @property
    def kind(self) -> Literal["", "note", "reply"]:
        """What the mail is to be, as its author says; empty where nothing is said."""
        for command in self.commands:
            if command.name == "note":
                return "note"
            if command.name == "reply":
                return "reply"
        return ""

    def is_all_of(self, text: str) -> bool:
        """Whether the mail commands and says nothing else that an agent would send to anybody."""
        return bool(self.commands) and not text[self.span[1] :].strip()


def read_commands(text: str) -> MailCommands:
    """Read the commands that a text begins with; the first line that is none ends them."""
    start = position = len(text) - len(text.lstrip("\n \t"))
    found: list[MailCommand] = []
    while len(found) < _MOST and (match := _LINE.match(text, position)):
        name, value = match[1].lower(), (match[2] or "").strip()
        if name not in COMMANDS or bool(COMMANDS[name][0]) != bool(value):
            break
        found.append(MailCommand(name, value))
        position = match.end()
    return MailCommands(tuple(found), (start, position)) if found else MailCommands()


class Obeyed(NamedTuple):
    """What became of a command, in words for the trace; ``refused``: nothing."""

    words: str
    refused: bool = False


def obey(actor: Actor, number: str, commands: MailCommands, zone: Callable[[], tzinfo]) -> list[Obeyed]:
    """Change the ticket as the commands say; returns what became of each.

    A command does all of what it says or nothing, and one that we trip over stops neither the mail nor the
    next one. Raises what a database raises that is not to be used any more, and OSError.
    """
    lines = []
    for command in commands.commands:
        if command.name in ("note", "reply"):
            continue
        shown = f"#{command.name} {command.value}".rstrip()
        try:
            with savepoint():
                changed = _VERBS[command.name](actor, [number], command.value, zone)
        except DeskError as error:
            lines.append(Obeyed(f"{shown}: refused, {error}", refused=True))
        except (DatabaseUnusable, DatabaseFailed, sqlite3.OperationalError, OSError):
            raise
        except Exception as error:
            reason = one_line(f"{type(error).__name__}: {error}", 300)
            words = f"{shown}: not done, Nightdesk tripped over it ({reason})"
            lines.append(Obeyed(words, refused=True))
            logs.write("error", "intake", f"{shown} in an agent's mail for ticket {number} failed: {reason}")
        else:
            lines.append(Obeyed(shown if changed else f"{shown}: it was so already"))
    return lines


_VERBS: Final[dict[str, Callable[[Actor, list[str], str, Callable[[], tzinfo]], list[str]]]] = {
    "close": lambda actor, numbers, _value, _zone: changes.close(actor, numbers),
    "reopen": lambda actor, numbers, _value, _zone: changes.reopen(actor, numbers),
    "status": lambda actor, numbers, value, _zone: changes.set_status(actor, numbers, value),
    "field": lambda actor, numbers, value, _zone: fields.set_fields(
        actor, numbers, dict([fields.read_assignment(value)])
    ),
    "assign": lambda actor, numbers, value, _zone: changes.assign(actor, numbers, value.removeprefix("@")),
    "take": lambda actor, numbers, _value, _zone: changes.assign(actor, numbers, "me"),
    "unassign": lambda actor, numbers, _value, _zone: changes.assign(actor, numbers, None),
    "priority": lambda actor, numbers, value, _zone: changes.set_priority(actor, numbers, value),
    "tag": lambda actor, numbers, value, _zone: changes.add_tags(actor, numbers, value.split()),
    "untag": lambda actor, numbers, value, _zone: changes.remove_tags(actor, numbers, value.split()),
    "transfer": lambda actor, numbers, value, _zone: changes.transfer(actor, numbers, value),
    "snooze": lambda actor, numbers, value, zone: snoozing.snooze(actor, numbers, value, zone()),
    "wake": lambda actor, numbers, _value, _zone: snoozing.wake(actor, numbers),
    "due": lambda actor, numbers, value, zone: due_dates.set_due(actor, numbers, value, zone()),
    "pin": lambda actor, numbers, _value, _zone: pinning.pin(actor, numbers),
    "unpin": lambda actor, numbers, _value, _zone: pinning.unpin(actor, numbers),
    "merge": lambda actor, numbers, value, _zone: merging.merge(actor, numbers, value),
    "watch": lambda actor, numbers, _value, _zone: watching.watch(actor, numbers),
    "spam": lambda actor, numbers, _value, _zone: spam.mark(actor, numbers),
    "ban": lambda actor, numbers, _value, _zone: senders.ban_senders(actor, numbers),
}
