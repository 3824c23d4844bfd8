"""How text is cut into the words of the full-text index, and how words are looked for in it.

Most scripts have blanks between words; the index cuts there by itself, folds case and accents. Chinese,
Japanese, Thai and their like have none: a run of their letters is kept as pairs, each letter with its next
one, so that any piece of the run is found as pairs that follow each other. Korean has blanks, yet what hangs
on a word hides it: it is kept so too.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain
from operator import add

SHORTEST_BEGINNING = 3
"""Letters that a beginning has at least: all words with a shorter one are half the dictionary."""

_MARKED = range(0x0E00, 0x1800)
"""Where scripts without blanks have vowels and tones that the index takes for no letters."""


@cache
def _unspaced() -> str:
    """Return the letters of scripts without blanks between words, as the inside of a class of `re`.

    Like what is made of it, it is made at first use: that takes 3 ms, and most connections need none of it.
    """
    mixed = "".join(
        letter
        for first, last in (
            (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Burmese
            (0x1780, 0x17E9),  # Khmer
            (0x3005, 0x3007),
            (0x3040, 0x30FF),  # Hiragana, Katakana
            (0x31F0, 0x31FF),
        )
        for letter in _letters(first, last)
    )
    # Beyond U+FFFF everything: a class with ranges there makes `re` walk through them at every character.
    return mixed + "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00010000-\U0010ffff"


def _letters(first: int, last: int) -> Iterator[str]:
    for code in range(first, last + 1):
        if unicodedata.category(chr(code))[0] in "LMN":
            yield chr(code)


@cache
def _run() -> re.Pattern[str]:
    return re.compile(f"[{_unspaced()}]+")


@cache
def _piece() -> re.Pattern[str]:
    return re.compile(rf"[{_unspaced()}]+|[^\W_{_unspaced()}]+")


@cache
def _unusual() -> re.Pattern[str]:
    return re.compile("[\u0300-\u036f\u3099\u309a\uff01-\uffee]")


@cache
def _as_letters() -> dict[int, int]:
    """Return a private letter for each vowel and tone that is none to the index."""
    return {
        code: 0xE000 + code - _MARKED.start for code in _MARKED if unicodedata.category(chr(code))[0] == "M"
    }


_INSIDE, _BEHIND_AT = "\ue0f0", "\ue0f1"
"""Private letters that make one word of an address, and of what stands behind its @."""


_PLAIN = bytes({*range(0xE0), 0xE2} - {0xCC, 0xCD})
"""How characters begin in UTF-8 that the index gets as they are: none is in `_unspaced` or `_unusual`."""


def _is_plain(text: str) -> bool:
    """Whether a text has nothing that `searched` changes; expressions take ten times as long for it."""
    return text.isascii() or not text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)


def usual(text: str) -> str:
    """Return text with one form for letters that have several: half and full width, separate accents."""
    if text.isascii() or not _unusual().search(text):
        return text
    return unicodedata.normalize("NFKC", text)


def searched(text: str | None) -> str:
    """Return a text in the form that the full-text index gets."""
    if not text or _is_plain(text):
        return text or ""
    return _run().sub(_pairs, usual(text))


def _pairs(found: re.Match[str]) -> str:
    run = found[0]
    if not run.isalnum():
        run = run.translate(_as_letters())
    return f" {' '.join(map(add, run, chain(run[1:], ('',))))} "


@lru_cache(maxsize=64)
def searched_people(recipients: str) -> str:
    """Return a message's recipients, given as stored, in the form that the full-text index gets.

    Beside the words of names and addresses each address is one word, and its domain is. Most mail to a desk
    names nobody but the desk.
    """
    words: list[str] = []
    for people in json.loads(recipients or "{}").values():
        for name, address in people:
            words += [searched(name), searched(address), *_address_words(address)]
    return " ".join(words)


@lru_cache(maxsize=256)
def _address_words(address: str) -> list[str]:
    _, at, domain = address.rpartition("@")
    if not at:
        return []
    return [_one_word(address, _INSIDE), _one_word(domain, _BEHIND_AT)]


def _one_word(text: str, sign: str) -> str:
    return sign + re.sub(r"[\W_]", lambda found: f"{_INSIDE}{ord(found[0]):x}{_INSIDE}", text.lower())


def phrase(text: str, *, whole: bool) -> str:
    """Return the FTS5 expression for words that stand together, the last one perhaps only begun.

    Empty when the text has no letters.
    """
    pieces = _piece().findall(usual(text))
    if not pieces:
        return ""
    words = " ".join(searched(piece).strip() for piece in pieces)
    if _run().fullmatch(pieces[-1]):
        # In the text more letters may follow: the last one alone is a word only where a run ends.
        beginning = len(pieces[-1]) == 1
        words = words if beginning else words.rpartition(" ")[0]
    else:
        beginning = not whole and sum(map(len, pieces)) >= SHORTEST_BEGINNING
    return f'"{words}"' + (" *" if beginning else "")


def person(text: str) -> str:
    """Return the expression of FTS5 for an address, a @domain, or the beginning of a name or address."""
    if text.startswith("@"):
        return '"' + _one_word(text[1:], _BEHIND_AT) + '"'
    if "@" in text:
        return '"' + _one_word(text, _INSIDE) + '"'
    return phrase(text, whole=False)


def pattern(text: str, *, whole: bool) -> str:
    """Return the regular expression for the same words in a text; empty when it has no letters."""
    pieces = _piece().findall(text)
    if not pieces:
        return ""
    spaced = rf"[^\W_{_unspaced()}]"
    found = r"[\W_]*?".join(map(re.escape, pieces))
    if not _run().fullmatch(pieces[0]):
        found = rf"(?<!{spaced}){found}"
    if _run().fullmatch(pieces[-1]):
        return found
    beginning = not whole and sum(map(len, pieces)) >= SHORTEST_BEGINNING
    return found + (f"{spaced}*" if beginning else f"(?!{spaced})")


def add_to(connection: sqlite3.Connection) -> None:
    """Make `searched` and `searched_people` callable in a connection's SQL."""
    connection.create_function("searched", 1, searched, deterministic=True)
    connection.create_function("searched_people", 1, searched_people, deterministic=True)
