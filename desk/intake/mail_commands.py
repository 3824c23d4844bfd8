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
_WITH_WORDS: Final = expression(r"[ \t]*#(note|reply)(?:[ \t]*:)?[ \t]+(?=\S)", re.IGNORECASE)
"""What says whom the mail is for, with the mail itself behind it."""
_WORD: Final = expression(r"[ \t]*(#([a-z]+).{0,80})", re.IGNORECASE)
_NEXT: Final = expression(r"[ \t]+#(?=[a-z])", re.IGNORECASE)
_MOST: Final = 10
_ALIKE: Final = 0.7
"""So much alike a word is that was to be a command: notes, clsoe, asign; not include."""

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
    mistaken: str = ""
    """The line behind them that was to be one, and is none."""

    @property
    def kind(self) -> Literal["", "note", "reply"]:
        """What the mail is to be, as its author says; empty where nothing is said.

        Nothing goes to a customer that begins with what was to be a command: it may have been #note.
        """
        for command in self.commands:
            if command.name == "note":
                return "note"
            if command.name == "reply":
                return "reply"
        return "note" if self.mistaken else ""

    def is_all_of(self, text: str) -> bool:
        """Whether the mail commands and says nothing else that an agent would send to anybody."""
        return bool(self.commands) and not text[self.span[1] :].strip()


def read_commands(text: str) -> MailCommands:
    """Read the commands that a text begins with; the first line that is none ends them.

    Several may stand in a line. Behind #note and #reply the mail itself may begin in theirs; below that of a
    note further ones may follow.
    """
    start = len(text) - len(text.lstrip("\n \t"))
    found, position = _lines(text, start)
    said = any(command.name in ("note", "reply") for command in found)
    opening = None if said else _WITH_WORDS.match(text, position)
    if opening is not None:
        found.append(MailCommand(opening[1].lower(), ""))
        position = opening.end()
        if found[-1].name == "note":
            found += _lines(text, text.find("\n", position) + 1 or len(text))[0]
    mistaken = "" if said or opening is not None else _mistaken(text, position)
    return MailCommands(tuple(found), (start, position) if found else (0, 0), mistaken)


def _lines(text: str, position: int) -> tuple[list[MailCommand], int]:
    """Return the commands that the lines from a place on are, and where they end."""
    found: list[MailCommand] = []
    while len(found) < _MOST and (match := _LINE.match(text, position)) and (line := _in_line(match[0])):
        found += line
        position = match.end()
    return found, position


def _in_line(line: str) -> list[MailCommand]:
    """Return the commands that make up a line; none where a part of it is something else."""
    apart = [_command(part) for part in _NEXT.split(" " + line.strip())[1:]]
    found = [each for each in apart if each is not None]
    if len(found) == len(apart):
        return found
    whole = _command(line.strip().removeprefix("#"))
    return [] if whole is None else [whole]


def _command(part: str) -> MailCommand | None:
    name, value = [*part.split(maxsplit=1), ""][:2]
    name, value = name.lower(), value.strip()
    if name not in COMMANDS or bool(COMMANDS[name][0]) != bool(value):
        return None
    return MailCommand(name, value)


def _mistaken(text: str, position: int) -> str:
    """Return the line at a place that was to be a command, as far as one can tell; '' for other text."""
    found = _WORD.match(text, position)
    if found is None:
        return ""
    from difflib import get_close_matches  # 4 ms, for lines that are no command

    return one_line(found[1].strip(), 60) if get_close_matches(found[2].lower(), COMMANDS, 1, _ALIKE) else ""


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
    if commands.mistaken and commands.kind == "note":
        why = "it cannot be read as a command; the mail is kept as a note, nobody was sent it"
        lines.append(Obeyed(f"{commands.mistaken}: {why}", refused=True))
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
