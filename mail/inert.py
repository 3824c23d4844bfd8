"""Strangers' text made inert: it can be shown, but it can never act on a terminal.

`clean` and `one_line` stand where text enters (mail, server errors, file names), `guard` where it
leaves for a terminal. All three are idempotent and cost next to nothing for text that is harmless.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from config.expressions import expression

if TYPE_CHECKING:
    from collections.abc import Iterable

REPLACEMENT: Final = "\ufffd"
_MARKS_PER_BASE: Final = 8
EVERYDAY: Final = frozenset(
    {"\t", "\n", *filter(str.isprintable, map(chr, (*range(0x300), *range(0x2500, 0x2600))))}
)
"""Signs of Latin scripts and frames: none of them acts, hides or combines, and all are one cell wide."""
_HARMLESS_ASCII: Final = bytes([9, 10, *range(32, 127)])
_HARMLESS_BYTES: Final = "".join(filter(EVERYDAY.__contains__, map(chr, range(256)))).encode("latin-1")

# Acts on the terminal or on the order of the text: shown as U+FFFD, so that one sees that it was there.
_ACTIVE: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, embeddings, overrides, isolates
    "\u206a-\u206f\ufff9-\ufffb"  # deprecated format controls, interlinear annotation
    "\ud800-\udfff\ufffe\uffff"  # lone surrogates, noncharacters
)
# Takes no room and means nothing to a reader: removed.
_INVISIBLE: Final = "\u00ad\u180e\u200b\u2060-\u2065\ufeff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
# Once they are gone the text stands in its own order: mail programs put them around dates, names and numbers.
_DIRECTION: Final = expression("[\u061c\u200e\u200f\u202a-\u202c\u2066-\u2069]")
_BREAKS: Final = "\u2028\u2029"

_HOSTILE: Final = expression(f"[{_ACTIVE}{_INVISIBLE}{_BREAKS}]")
_LINE_END: Final = expression("\r{0,2}\r\n|\r|[\u2028\u2029]")
_REMOVED: Final = expression(f"[{_INVISIBLE}]+")
_SHOWN: Final = expression(f"[{_ACTIVE}]")


@functools.cache
def _storm() -> re.Pattern[str]:
    from mail.combining import combining_class  # 0.1 ms, for marks and rare letters

    mark = combining_class()
    # One class in front lets `re` skip to the first mark; a counted repeat alone would try every position.
    return re.compile(f"({mark}{mark}{{{_MARKS_PER_BASE - 1}}}){mark}+")


@functools.cache
def _perhaps_mark() -> re.Pattern[str]:
    """Match a mark, or a character so rare that it may be taken for one.

    `re` looks a class up in a table as long as nothing in it is beyond U+FFFF; with such characters in it, it
    walks through all ranges at every character, which costs forty times as much.
    """
    from mail.combining import combining_class  # 0.1 ms, for marks and rare letters

    return re.compile(combining_class(0x10000)[:-1] + "\U00010000-\U0010ffff]")


def is_everyday(text: str) -> bool:
    """Whether nothing is to be done to text: it has no sign but of `EVERYDAY`."""
    if text.isascii():
        return not text.encode().translate(None, _HARMLESS_ASCII)
    try:  # to ask the set about each character costs ten times as much
        return not text.encode("latin-1").translate(None, _HARMLESS_BYTES)
    except UnicodeEncodeError:
        return EVERYDAY.issuperset(text)


def _calm(text: str) -> str:
    if text.isascii() or not _perhaps_mark().search("".join(set(text))):
        return text
    return _storm().sub(r"\1", text)


def clean(text: str) -> str:
    """Return text of a stranger as plain, visible text.

    Line ends become ``\\n``, tabs stay; controls, escape characters, bidi controls and lone surrogates
    become U+FFFD; zero-width characters are removed, except the joiners that scripts and emoji need;
    more than eight combining marks on one base are cut.
    """
    if "\r\n" in text and "\r\r" not in text:
        text = text.replace("\r\n", "\n")  # the line ends of every mail, and often all there is to do
    if is_everyday(text):
        return text
    signs = "".join(set(text))  # few, and to look at each place of the text takes twice as long
    if not _HOSTILE.search(signs) and not _perhaps_mark().search(signs):
        return text
    if _HOSTILE.search(text):
        text = _LINE_END.sub("\n", text)
        text = _SHOWN.sub(REPLACEMENT, _REMOVED.sub("", text))
    return _calm(text)


def one_line(text: str, limit: int = 998) -> str:
    """Return the same in one line without tabs or runs of blanks, at most `limit` characters.

    What is cut ends in "…". For subjects, names, file names, CLI columns and log lines.
    """
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")  # most header fields
    # Cut before the work: a subject of 10 MB costs what a subject of 10 kB costs.
    text = " ".join(clean(text[: limit * 4 + 64]).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def without_direction_marks(text: str) -> str:
    """Drop the marks of direction of a mail, but not the overrides, which `clean` makes visible."""
    return text if text.isascii() else _DIRECTION.sub("", text)


def guard(text: str) -> str:
    """Guard a terminal as the last gate: drop what `clean` would have replaced, keep newline and tab."""
    if is_everyday(text):
        return text
    return _calm(_HOSTILE.sub("", text))


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without the secrets, in any form a server may repeat them in (see `mail.masking`)."""
    from mail import masking  # 7 ms, when a text may hold a secret

    return masking.masked(text, secrets)
