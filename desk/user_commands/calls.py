"""A user command on one ticket: whether it fits, its arguments, what it reads, and the note of it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desk import logs
from desk.documents import tickets as documents
from desk.errors import DeskError, Refused
from desk.replies import reply
from desk.tickets import detail, lists, query
from desk.tickets.changes import find
from desk.tickets.reading import require_for
from desk.user_commands.file import placeholders
from desk.user_commands.running import Outcome, Run
from mail.inert import one_line
from models.tickets import PRIORITIES
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.permissions import Actor
    from desk.tickets.detail import MessageView, TicketDetail
    from desk.user_commands.file import UserCommand

_PASSED: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
    *("NIGHTDESK_HOME", "NIGHTDESK_AGENT", "NIGHTDESK_RESTRICTED", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
)
"""Variables that every command gets; others only where its file names them."""
_LONGEST_NOTE: Final = 20_000
_LONGEST_FACT: Final = 2_000


def fits(command: UserCommand, desk: Desk, actor: Actor, number: str) -> bool:
    """Whether the ticket fulfils the command's condition."""
    if not command.condition.strip():
        return True
    asked = query.parse(f"state:any number:{number} ({command.condition})", actor, desk.zone)
    return lists.count(lists.ListQuery("all", asked, "updated", actor)) > 0


def fitting(commands: Sequence[UserCommand], desk: Desk, actor: Actor, number: str) -> list[int]:
    """Return the places in the list of the commands whose condition the ticket fulfils."""
    found = []
    for index, each in enumerate(commands):
        try:
            if fits(each, desk, actor, number):
                found.append(index)
        except DeskError:
            found.append(index)  # whoever runs it is told what its condition lacks
    return found


def prepare(
    command: UserCommand, desk: Desk, actor: Actor, number: str, message_id: int | None = None
) -> Run:
    """Return the run of a command on a ticket, not yet begun.

    Raises Refused where the ticket does not fulfil its condition or a fact would be taken for an option, and
    NotAllowed where the role does not grant what the command asks for.
    """
    if command.may:
        require_for(actor, command.may, find(number, actor))
    if not fits(command, desk, actor, number):
        raise Refused(f"#{number} does not fit {command.name}", f"it is for tickets with {command.condition}")
    ticket = detail.show(number, actor)
    message = _message(ticket, message_id)
    argv = arguments(command, facts(ticket, message, actor))
    with transaction():
        said = f"{actor.login} ran {command.name}: {shlex.join(argv)}"
        logs.write("info", "command", said, ticket_id=ticket.id)
    return Run(argv, _input(command, ticket, message), environment(command), command.seconds, folder())


def arguments(command: UserCommand, known: Mapping[str, str]) -> list[str]:
    """Return the command's arguments with the facts in them; each stays one argument, whatever is in it."""
    made = []
    for template in command.argv:
        argument = template.format_map(known)
        if argument.startswith("-") and not template.startswith("-"):
            named = ", ".join(placeholders(template))
            raise Refused(
                f"{named} begins with '-': {command.program} would take it for an option",
                "write the option before it, as in --name={" + named.split(",")[0] + "}",
            )
        made.append(argument)
    return made


def facts(ticket: TicketDetail, message: MessageView | None, actor: Actor) -> dict[str, str]:
    """Return what arguments can name: each one inert line."""
    said = {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status,
        "priority": PRIORITIES[ticket.priority],
        "department": ticket.department,
        "topic": ticket.topic or "",
        "requester": ticket.requester,
        "requester_email": ticket.requester_email,
        "requester_domain": ticket.requester_email.rpartition("@")[2],
        "assignee": ticket.assignee_login or "",
        "mailbox": ticket.mailbox or "",
        "tags": " ".join(ticket.tags),
        "message": "" if message is None else str(message.id),
        "message_email": "" if message is None else message.sender_email,
        "agent": actor.login,
    }
    return {name: one_line(value, _LONGEST_FACT) for name, value in said.items()}


def environment(command: UserCommand, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that a command gets: no secret of the desk is among them."""
    wanted = {*_PASSED, *command.environment, *(name for name in environ if name.startswith("LC_"))}
    return {
        **{name: environ[name] for name in sorted(wanted) if name in environ},
        "TERM": "dumb",
        "NO_COLOR": "1",
    }


def folder() -> Path:
    """Return where programs are run: at the home of who runs them."""
    home = Path.home()
    return home if home.is_dir() else Path("/")


def typed(line: str, data: bytes, seconds: float = 60) -> Run:
    """Return the run of a command line as an agent typed it at the shell, with the data on standard input."""
    given = {**os.environ, "TERM": "dumb", "NO_COLOR": "1"}
    return Run(["/bin/sh", "-c", line], data, given, seconds, folder())


def thread_text(ticket: TicketDetail) -> str:
    """Return all of a ticket that people read, oldest message first."""
    parts = [f"#{ticket.number} {ticket.subject}"]
    for message in ticket.messages:
        who = f"{message.sender_name} <{message.sender_email}>".strip()
        parts.append(f"{message.created:%Y-%m-%d %H:%M} UTC  {message.kind}  {who}\n\n{message.text}")
    return "\n\n\n".join(parts) + "\n"


def note_of(name: str, outcome: Outcome) -> str:
    """Return the internal note of a run: what was run, how it ended, what it said."""
    said = outcome.text.strip("\n")
    cut = "\n[...]" if len(said) > _LONGEST_NOTE else ""
    lines = [name, f"$ {shlex.join(outcome.argv)}", f"{outcome.words}, {outcome.seconds:.1f} s"]
    return "\n".join([*lines, "", said[:_LONGEST_NOTE] + cut]).rstrip() + "\n"


def keep(actor: Actor, number: str, name: str, outcome: Outcome) -> None:
    """Keep a run as an internal note of the ticket."""
    reply.add_note(actor, number, note_of(name, outcome))


def _message(ticket: TicketDetail, message_id: int | None) -> MessageView | None:
    there = [each for each in ticket.messages if message_id in (None, each.id)]
    return there[-1] if there else None


def _input(command: UserCommand, ticket: TicketDetail, message: MessageView | None) -> bytes:
    match command.input:
        case "none":
            return b""
        case "thread":
            return thread_text(ticket).encode()
        case "message":
            return b"" if message is None else message.text.encode()
    document = json.dumps(documents.shown(ticket), ensure_ascii=False, default=_plain)
    return document.encode("utf-8", "replace") + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")
