"""What several verbs take: flags of one spelling, and files given on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from nightdesk.context import refuse_when_restricted
from nightdesk.errors import UsageError

_Command = TypeVar("_Command", bound=Callable[..., Any])

MAX_TEXT = 4 * 2**20
"""Bytes of a text that a person wrote; what is longer belongs into an attachment."""


class OwnersOnly(click.ParamType[str]):
    """A file, socket, command, variable or credential of the desk's owner: none in restricted mode."""

    name = "text"
    harmless: tuple[str, ...] = ("",)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; raises UsageError in restricted mode."""
        if value not in self.harmless:
            refuse_when_restricted(param.get_error_hint(ctx).strip("'") if param and ctx else "a file")
        return str(value)


class OwnersOnlyOrStandard(OwnersOnly):
    """The same, or `-` for standard input or output, which are always allowed."""

    harmless = ("", "-")


OWNERS_ONLY = OwnersOnly()
OWNERS_ONLY_OR_STANDARD = OwnersOnlyOrStandard()


def owners_option(*names: str, **given: Any) -> Callable[[_Command], _Command]:
    """Return a click option whose value is `OwnersOnly`."""
    return click.option(*names, **{"type": OWNERS_ONLY, **given})


json_flag = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")

limit_option = click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    metavar="N",
    help="At most so many; 0 = all.",
)

numbers_argument = click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...|-")

body_option = click.option(
    "--body-file",
    required=True,
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="The text, in Markdown; - is standard input.",
)


def noun(name: str, help: str) -> click.Group:  # noqa: A002 - it is click's word
    """Return the group of a noun's verbs; without a verb it is wrong usage, not a help page."""
    return click.Group(name, help=help, no_args_is_help=False)


def read_bytes(name: str) -> bytes:
    """Return a file that the person named, or standard input for '-'. Raises OSError."""
    if name == "-":
        return sys.stdin.buffer.read()
    return Path(name).read_bytes()


def read_text(name: str, what: str, *, may_be_empty: bool = False) -> str:
    """A text in UTF-8. Raises UsageError for any other, and for an empty one; OSError when unreadable."""
    raw = read_bytes(name)
    place = "standard input" if name == "-" else name
    if len(raw) > MAX_TEXT:
        raise UsageError(f"{place} has {len(raw) >> 20} MB: too long for {what}", "send it as an attachment")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{place} is no text in UTF-8", "convert it, or send it as an attachment") from None
    if not text.strip() and not may_be_empty:
        raise UsageError(f"{what} is empty: there is no text in {place}", "write it first")
    return text


def something(*given: object) -> None:
    """Raise UsageError when nothing of what a verb could change was given."""
    if all(value is None for value in given):
        raise UsageError("nothing to change was given", "--help shows what can be")


def as_ids(texts: list[str], noun: str) -> list[int]:
    """Ids of what ``nightdesk NOUN list`` shows as numbers; raises UsageError for one that is none."""
    for text in texts:
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise UsageError(f"'{text}' is no id", f"nightdesk {noun} list shows the ids")
    return [int(text) for text in texts]


@contextmanager
def new_file(name: str) -> Iterator[BinaryIO]:
    """Give a file for what leaves the desk, 0600, that was not there before; '-' is standard output.

    Mail in its original bytes never goes to a terminal. Nothing stays of a file whose writing failed.
    Raises UsageError, OSError.
    """
    if name == "-":
        if sys.stdout.isatty():
            raise UsageError("raw mail does not go to a terminal", "name a file, or pipe it somewhere")
        yield sys.stdout.buffer
        return
    try:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise UsageError(f"{name} is already there", "name a new file, or remove it first") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise
