"""What several verbs take: flags of one spelling, ids and files given on the command line."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TypeVar

import click

from nightdesk import output
from nightdesk.context import refuse_when_restricted
from nightdesk.errors import UsageError

_Command = TypeVar("_Command", bound=Callable[..., Any])
_T = TypeVar("_T")

_ROWS_WANTED = "nightdesk.rows_wanted"

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


class _AtMost(click.IntRange):
    """So many lines of a list; more than a computer counts are all."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        return min(super().convert(value, param, ctx), sys.maxsize)


AT_MOST = _AtMost(min=0)

limit_option = click.option(
    "--limit",
    type=AT_MOST,
    default=200,
    show_default=True,
    metavar="N",
    help="At most so many; 0 = all.",
)


class Chosen(list[_T]):
    """The things that a verb is about, each once. `alone`: one, named on the command line itself."""

    alone = False


def read_early(name: str, read: Callable[[Any], object]) -> Callable[[_Command], _Command]:
    """Replace a verb's parameter by what `read` makes of it.

    That is before the desk is opened, when the whole command line is known to be right: standard input and
    files are read as whoever called, not as the desk's owner, and nobody waits for the desk meanwhile.
    """

    def decorate(verb: _Command) -> _Command:
        @functools.wraps(verb)
        def run(*args: Any, **given: Any) -> Any:
            return verb(*args, **{**given, name: read(given[name])})

        return run  # type: ignore[return-value]

    return decorate


def numbers_argument(verb: _Command) -> _Command:
    """Give a verb the `numbers` of tickets."""
    return _chosen_argument("numbers", "NUMBER...|-", output.TICKETS, list)(verb)


def bare_number(typed: str) -> str:
    """Return a ticket's number as it is called, however it was typed: 1042 or #1042."""
    return typed.strip().removeprefix("#")


def addresses_argument(verb: _Command) -> _Command:
    """Give a verb the `addresses` of mailboxes."""
    return _chosen_argument("addresses", "ADDRESS...|-", output.MAILBOXES, list)(verb)


def ids_argument(noun: str) -> Callable[[_Command], _Command]:
    """Give a verb the `ids` of what ``nightdesk NOUN list`` shows as numbers."""
    return _chosen_argument("ids", "ID...|-", output.IDS, lambda given: as_ids(given, noun))


def _chosen_argument(
    name: str, metavar: str, keys: tuple[str, ...], convert: Callable[[list[str]], list[_T]]
) -> Callable[[_Command], _Command]:
    """Give a verb what is named on the command line, or for `-` on standard input, as `Chosen`."""

    def read(given: tuple[str, ...]) -> Chosen[_T]:
        chosen = Chosen(convert(output.ids_from_stdin(given, keys)))
        chosen.alone = len(given) == 1 and given[0] != "-"
        return chosen

    def decorate(verb: _Command) -> _Command:
        argument = click.argument(name, nargs=-1, required=True, metavar=metavar)
        return argument(read_early(name, read)(verb))

    return decorate


def body_option(what: str, *, required: bool = True) -> Callable[[_Command], _Command]:
    """Give a verb the `body` of a message, '' if it may be left out; `what` it is, for errors."""

    def decorate(verb: _Command) -> _Command:
        option = owners_option(
            "--body-file",
            "body",
            required=required,
            type=OWNERS_ONLY_OR_STANDARD,
            metavar="FILE|-",
            help="The text, in Markdown; - is standard input.",
        )
        return option(
            read_early("body", lambda file: read_text(file, what, attachable=True) if file else "")(verb)
        )

    return decorate


def need_a_change(thing: str) -> Callable[[_Command], _Command]:
    """Refuse the call of a verb when nothing but its argument `thing` is given, so nothing would change."""

    def decorate(verb: _Command) -> _Command:
        @functools.wraps(verb)
        def run(*, as_json: bool, **given: Any) -> Any:
            if all(value in (None, ()) for name, value in given.items() if name != thing):
                raise UsageError("nothing to change was given", "--help shows what can be")
            return verb(as_json=as_json, **given)

        return run  # type: ignore[return-value]

    return decorate


def rows_wanted() -> int | None:
    """Return how many lines the list that is running shall have at most; None: all."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(_ROWS_WANTED)


def _note_rows_wanted(context: click.Context, _option: click.Parameter, most: int) -> None:
    context.meta[_ROWS_WANTED] = most or None


class _Noun(click.Group):
    """Gives its ``list`` the flag --limit. One that may be long has its own, and reads no more than that."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take a verb, as click does."""
        if cmd.name == "list" and not any("--limit" in each.opts for each in cmd.params):
            cmd.params.append(
                click.Option(
                    ["--limit"],
                    type=AT_MOST,
                    default=0,
                    metavar="N",
                    help="No more than N; 0 is all, as it is without.",
                    expose_value=False,
                    callback=_note_rows_wanted,
                )
            )
        super().add_command(cmd, name)


def noun(name: str, help: str, verbs: Iterable[click.Command] = ()) -> click.Group:  # noqa: A002 - click's word
    """Return the group of a noun's verbs; without a verb it is wrong usage, not a help page."""
    group = _Noun(name, help=help, no_args_is_help=False)
    for verb in verbs:
        group.add_command(verb)
    return group


def read_bytes(name: str, most: int = -1) -> bytes:
    """Return a file that the person named, or standard input for '-'; of a long one only the beginning.

    Raises OSError.
    """
    if name == "-":
        return sys.stdin.buffer.read(most)
    with open(name, "rb") as file:  # noqa: PTH123
        return file.read(most)


def read_file_to_send(name: str) -> bytes:
    """Return a file that shall go by mail, or standard input for '-'.

    Raises OSError; UsageError for one that is too large.
    """
    from desk.replies.draft_files import LARGEST  # 16 ms, for who sends files

    data = read_bytes(name, LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(f"{name} is too large: at most {LARGEST // 1_000_000} MB go by mail")
    return data


def read_text(name: str, what: str, *, may_be_empty: bool = False, attachable: bool = False) -> str:
    """Return a text in UTF-8. Raises UsageError for another or an empty one; OSError when unreadable.

    `attachable`: it is for a mail, so that it may be attached instead.
    """
    attach = "send it as an attachment" if attachable else ""
    raw = read_bytes(name, MAX_TEXT + 1)
    place = "standard input" if name == "-" else name
    if len(raw) > MAX_TEXT:
        raise UsageError(
            f"{place} has more than {MAX_TEXT >> 20} MB: too long for {what}", attach or "make it shorter"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{place} is no text in UTF-8", f"convert it{attach and ', or '}{attach}") from None
    if not text.strip() and not may_be_empty:
        raise UsageError(f"{what} is empty: there is no text in {place}", "write it first")
    return text


def as_ids(texts: list[str], noun: str) -> list[int]:
    """Return ids of what ``nightdesk NOUN list`` shows as numbers; raises UsageError for what is none."""
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
