"""The files of user commands: which there are, read and checked; a broken command stops only itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from desk.permissions import ACTIONS
from desk.queries.errors import QueryError
from desk.queries.parser import parse
from desk.user_commands.places import files
from mail.inert import one_line

if TYPE_CHECKING:
    from desk.home import Desk

LARGEST: Final = 256_000
MOST: Final = 100

Place = Literal["list", "thread"]

FACTS: Final[Mapping[str, str]] = {
    "number": "the ticket's number",
    "subject": "its subject",
    "status": "new, open, waiting or closed",
    "priority": "low, normal, high or urgent",
    "department": "the department's name",
    "topic": "the help topic, or empty",
    "requester": "the requester's name, or address without one",
    "requester_email": "the requester's address",
    "requester_domain": "what stands behind its @",
    "assignee": "the owner's login, or empty",
    "mailbox": "the mailbox it came to, or empty",
    "tags": "the tags, with blanks between them",
    "message": "the id of the message that is read, or of the newest",
    "message_email": "who wrote that message",
    "agent": "your login",
}
"""What an argument can name in braces, and what it stands for."""


class UserCommand(BaseModel):
    """One command, as its file has it. ``seconds``: so long it may run."""

    model_config = {"extra": "forbid", "frozen": True, "strict": True}

    name: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(one_line)]
    argv: Annotated[list[str], Field(min_length=1, max_length=100)]
    key: Annotated[str, Field(max_length=30)] = ""
    where: list[Place] = ["list", "thread"]
    condition: Annotated[str, Field(alias="if", max_length=500)] = ""
    input: Literal["ticket", "message", "thread", "none"] = "ticket"
    output: Literal["pager", "line"] = "pager"
    note: Literal["ask", "always", "never"] = "ask"
    may: str = ""
    ask: Annotated[str, Field(max_length=120), AfterValidator(one_line)] = ""
    seconds: Annotated[int, Field(ge=1, le=600)] = 60
    environment: list[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,60}$")]] = []

    @property
    def program(self) -> str:
        """What is run."""
        return self.argv[0]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong in a file of commands, and what cures it."""

    text: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class UserCommands:
    """What was found in all files: the commands that can be run, and what is wrong with others."""

    commands: tuple[UserCommand, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def load(desk: Desk, environ: Mapping[str, str] = os.environ) -> UserCommands:
    """Read the files of commands; what is wrong in them is told and never raised."""
    commands: list[UserCommand] = []
    troubles: list[Trouble] = []
    for path, owners in files(desk, environ):
        try:
            text = _read(path, owners)
        except (OSError, ValueError) as error:
            troubles.append(Trouble(f"{path}: {_reason(error)}", "nobody but its owner may write to it"))
            continue
        if text is not None:
            found = read(text, str(path))
            commands += found.commands
            troubles += found.troubles
    return UserCommands(tuple(commands[:MOST]), tuple(troubles))


def read(text: str, where: str) -> UserCommands:
    """Read one file's text; ``where`` names it in what is told."""
    import tomllib  # 4 ms, where an agent has such a file

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return UserCommands((), (Trouble(one_line(f"{where}: {error}"), "see docs/user-commands.md"),))
    listed = document.pop("command", [])
    troubles = [
        Trouble(one_line(f"{where}: there is no '{key}'"), "begin each with [[command]]") for key in document
    ]
    commands = []
    if not isinstance(listed, list):
        return UserCommands((), (Trouble(f"{where}: 'command' is no list", "begin each with [[command]]"),))
    for number, given in enumerate(listed[:MOST], 1):
        try:
            commands.append(_checked(given))
        except (ValidationError, ValueError, QueryError) as error:
            name = given.get("name", "") if isinstance(given, dict) else ""
            which = f"command {number}" + (f" ({name})" if isinstance(name, str) and name else "")
            troubles.append(
                Trouble(one_line(f"{where}, {which}: {_reason(error)}", 400), "see docs/user-commands.md")
            )
    if len(listed) > MOST:
        troubles.append(Trouble(f"{where}: only the first {MOST} commands count"))
    return UserCommands(tuple(commands), tuple(troubles))


def _checked(given: Any) -> UserCommand:
    command = UserCommand.model_validate(given)
    if not command.where:
        raise ValueError("'where' names no place: list, thread or both")
    for index, argument in enumerate(command.argv):
        named = placeholders(argument)
        if index == 0 and named:
            raise ValueError("the program itself is no fact of a ticket")
        if "\0" in argument:
            raise ValueError("an argument holds a zero byte")
    if command.may and command.may not in ACTIONS:
        raise ValueError(f"'may' is no action of a role: {', '.join(ACTIONS)}")
    if not command.program.strip():
        raise ValueError("'argv' names no program")
    parse(command.condition)
    return command


def placeholders(argument: str) -> Sequence[str]:
    """Return the facts that an argument names in braces; raises ValueError for any other brace."""
    named = []
    try:
        pieces = list(Formatter().parse(argument))
    except ValueError as error:
        raise ValueError(f"half a pair of braces in '{argument}': a brace itself is written twice") from error
    for _, name, form, conversion in pieces:
        if name is None:
            continue
        if form or conversion or name not in FACTS:
            raise ValueError(
                f"there is no fact '{{{name}}}': {', '.join(FACTS)}; a brace itself is written twice"
            )
        named.append(name)
    return named


def _read(path: Path, owners: frozenset[int]) -> str | None:
    """Return a file's text, None where there is none; raises ValueError where strangers may write to it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is no file")
        for place in (about, path.resolve().parent.stat()):
            if place.st_uid not in owners:
                raise ValueError(f"it belongs to user {place.st_uid}, or lies in a directory of that user")
            if place.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ValueError("others may write to it, or to its directory")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    return data.decode("utf-8")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
