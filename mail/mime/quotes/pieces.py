"""The pieces of a mail's text: what its writer added, and what is quoted, forwarded, signature or footer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["new", "quote", "forward", "signature", "footer"]
Span = tuple[int, int]
"""Offsets of the first character and of the one behind the last."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A slice of a text. `author`: the address, in lower case, that a quote says it is from, or empty."""

    kind: Kind
    start: int
    end: int
    author: str = ""


def folds(text: str, pieces: Iterable[Piece]) -> tuple[Span, ...]:
    """What is folded in an answer: quotes, signatures, footers; nothing if nothing would be left to read."""
    return visible_rest(text, [piece for piece in pieces if piece.kind not in ("new", "forward")])


def folds_of(text: str, pieces: Iterable[Piece], own: Iterable[str]) -> tuple[Span, ...]:
    """What is folded in a mail that begins a matter: only what one of the addresses in `own` sent."""
    ours = frozenset(own)
    return visible_rest(text, [piece for piece in pieces if piece.author and piece.author in ours])


def visible_rest(text: str, hidden: Sequence[Piece]) -> tuple[Span, ...]:
    """The spans of `hidden`, neighbours joined; none if the rest of the text is blank."""
    spans: list[Span] = []
    for piece in hidden:
        if spans and not text[spans[-1][1] : piece.start].strip():
            spans[-1] = (spans[-1][0], piece.end)
        else:
            spans.append((piece.start, piece.end))
    return tuple(spans) if without(text, spans) else ()


def without(text: str, spans: Sequence[Span]) -> str:
    """The text between and around the folded spans, a blank line where one was."""
    kept: list[str] = []
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        part = text[position:start].strip("\n").rstrip()
        if part.strip():
            kept.append(part)
        position = end
    return "\n\n".join(kept)
