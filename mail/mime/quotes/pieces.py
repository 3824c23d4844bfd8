"""The pieces of a mail's text: what its writer added, and what is quoted, forwarded, signature or footer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from config.expressions import expression
from config.records import Record

Kind = Literal["new", "quote", "forward", "signature", "footer"]
Span = tuple[int, int]
"""Offsets of the first character and of the one behind the last."""


_SALUTATION: Final = expression(r"[^\W\d_][^\n.!?:]{1,40}[,，、]")
"""A greeting: one short line that ends in a comma."""


class Piece(Record):
    """A slice of a text.

    `author`: the address that a quote says it is from, else the words that announce it; in small letters.
    """

    kind: Kind
    start: int
    end: int
    author: str = ""


def folds(text: str, pieces: Iterable[Piece]) -> tuple[Span, ...]:
    """Return what is folded in an answer: quotes, signatures, footers; nothing if that is all of it."""
    hidden = [piece for piece in pieces if piece.kind not in ("new", "forward")]
    folded = visible_rest(text, hidden)
    if any(piece.kind == "footer" for piece in hidden) and _SALUTATION.fullmatch(
        without(text, folded).strip()
    ):
        # What was taken for a gateway's words is all that the writer says to whom they greet.
        return visible_rest(text, [piece for piece in hidden if piece.kind != "footer"])
    return folded


def own_folds(text: str, pieces: Iterable[Piece], is_own: Callable[[str], bool]) -> tuple[Span, ...]:
    """Return what is folded in a mail that begins a matter: only quotes whose author `is_own`."""
    return visible_rest(text, [piece for piece in pieces if piece.author and is_own(piece.author)])


def visible_rest(text: str, hidden: Sequence[Piece]) -> tuple[Span, ...]:
    """Return the spans of `hidden`, neighbours joined; none if the rest of the text is blank."""
    spans: list[Span] = []
    for piece in hidden:
        if spans and not text[spans[-1][1] : piece.start].strip():
            spans[-1] = (spans[-1][0], piece.end)
        else:
            spans.append((piece.start, piece.end))
    return tuple(spans) if spans and without(text, spans) else ()


def parts(text: str, spans: Sequence[Span]) -> list[tuple[str, bool]]:
    """Return the parts of the text that hold something, each with whether it is folded; no blank lines."""
    found: list[tuple[str, bool]] = []
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        for part, folded in ((text[position:start], False), (text[start:end], True)):
            if part.strip():
                found.append((part.strip("\n").rstrip(), folded))
        position = end
    return found


def without(text: str, spans: Sequence[Span]) -> str:
    """Return the text around the folded spans, a blank line where one was; all of it if there are none."""
    return "\n\n".join(part for part, folded in parts(text, spans) if not folded) if spans else text
