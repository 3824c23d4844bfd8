"""Where the words of a query are in a text: marked, and a piece of the text around the first of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from config.expressions import expression
from models.queries.tree import Node, Not, Word, conjuncts, leaves
from models.words import pattern, usual

MARK_BEGIN = "\ue000"
MARK_END = "\ue001"
"""Around a word that is looked for: private characters, which no text keeps that comes through here."""

_MARKS = expression(f"[{MARK_BEGIN}{MARK_END}]")
_BEFORE = 40
"""Characters of text in front of the first word that is looked for."""


_UNACCENTED = range(0x0900, 0x1E00), range(0x2000, 0x110000)
"""Scripts whose letters are not letters with accents: what they are made of is other letters."""


class _Folded(dict[int, str]):
    """A small letter without its accents for each character, one for one: places stay."""

    def __missing__(self, code: int) -> str:
        lowered = chr(code).lower()
        accented = not any(code in each for each in _UNACCENTED)
        letter = unicodedata.normalize("NFD", lowered)[0] if accented else lowered[0]
        self[code] = letter
        return letter


_FOLDED = _Folded()


class Marker:
    """Marks the words that a query looks for."""

    def __init__(self, query: Node) -> None:
        words = [pattern(_folded(usual(word.text)), whole=word.whole) for word in _looked_for(query)]
        wanted = [each for each in words if each]
        self._pattern = re.compile("|".join(wanted)) if wanted else None

    def marked(self, text: str) -> str:
        """Return the text with `MARK_BEGIN` and `MARK_END` around what is looked for."""
        text = _MARKS.sub("", usual(text))
        pieces, at = [], 0
        for begin, end in self._places(text):
            pieces += [text[at:begin], MARK_BEGIN, text[begin:end], MARK_END]
            at = end
        return "".join([*pieces, text[at:]])

    def snippet(self, text: str, length: int = 160) -> str:
        """Return a line of the text around the first word that is looked for, all of them marked.

        Without one in the text it is its beginning. ``…`` stands where something was left out.
        """
        text = _MARKS.sub("", usual(text))
        first = next(self._places(text), None)
        begin = 0 if first is None else _word_before(text, first[0])
        piece = " ".join(text[begin : begin + 4 * length].split())
        cut = len(piece) > length or begin + 4 * length < len(text)
        if len(piece) > length:
            piece = piece[:length].rpartition(" ")[0] or piece[:length]
        return ("…" if begin else "") + self.marked(piece) + ("…" if cut else "")

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        if self._pattern is not None:
            for found in self._pattern.finditer(_folded(text)):
                yield found.span()


def _word_before(text: str, at: int) -> int:
    """Return where a word begins that is somewhat in front of a place."""
    if at <= _BEFORE:
        return 0
    blank = re.search(r"\s", text[at - _BEFORE : at])
    return at - _BEFORE + blank.end() if blank else at


def _looked_for(node: Node) -> Iterator[Word]:
    for part in conjuncts(node):
        if not isinstance(part, Not):
            yield from (leaf for leaf in leaves(part) if isinstance(leaf, Word))


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_FOLDED)
