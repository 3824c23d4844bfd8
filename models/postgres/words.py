"""The full-text index of messages in PostgreSQL: texts as tsvectors, phrases as tsqueries.

The program cuts the texts, and asks SQLite what becomes of each letter: both engines fold letters and find
words in the very same way, in every script. A message's columns are the weights of its words: A subject,
B text, C sender, D recipients.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import chain, repeat
from typing import Any

from config.records import Record
from models.words import searched, searched_people

FOLLOWED_BY = " <-> "

_WEIGHTS = {"subject": "A", "text": "B", "sender_name": "C", "sender_email": "C", "recipients": "D"}
_ANYWHERE = "ABC"
"""Words are looked for in all columns but the recipients: the desk's own address is in every mail."""
_APART = 100
"""So far apart are two columns, lest a phrase begins in one and ends in the next."""
_LAST_PLACE = 16_383
_PLACES = 255
"""PostgreSQL knows so many places of a word in a message, none behind the last place."""
_BEHIND = frozenset(_WEIGHTS.values())
"""What stands for the place of a word of such a weight that is behind the last place."""
_LONGEST_WORD = 2_000
"""Bytes; PostgreSQL has words of 2,046 at most. What is longer is cut, in the index and in what is asked."""
_LETTER = 4
"""Bytes of a letter, at most."""
_LARGEST_VECTOR = 900_000
"""Bytes; PostgreSQL has a megabyte at most. Of a longer text the last words are left out."""
_MOST_KNOWN = 100_000
"""So many words a connection knows to be there at most."""
_NOTHING = "'\ue0ff'"
"""A word that no text has."""


class Indexed(Record):
    """A message's words. ``loose``: not all places are known, words that are there count as following."""

    message_id: int
    vector: str
    loose: int
    words: list[str]


class KnownWords(threading.local):
    """The words that a connection knows to be in the table of words: most of a mail's are."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._written: set[str] = set()
        self._forgotten = 0

    def fresh(self, words: Iterable[str], forgotten: int) -> set[str]:
        """Return those that are perhaps not there, which the caller's transaction writes.

        Words go when somebody is erased. ``forgotten``: how often some did; what was known before is not.
        """
        if forgotten != self._forgotten:
            self._known.clear()
            self._forgotten = forgotten
        found = set(words) - self._known - self._written
        self._written |= found
        return found

    def committed(self) -> None:
        """Know what was written: it is there."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known |= self._written
        self._written.clear()

    def undone(self) -> None:
        """Forget what was written: it is not there."""
        self._written.clear()


class _UnknownLetter(Exception):
    """A letter that the index was not asked for yet."""


class _Folded(dict[int, str]):
    """What the full-text index of SQLite makes of letters: another one, nothing, or an end of words.

    What becomes of a letter does not hang on those beside it.
    """

    def __missing__(self, code: int) -> str:
        raise _UnknownLetter

    def learn(self, text: str) -> None:
        """Ask for all letters of a text that are not known."""
        letters = [each for each in set(text) if ord(each) not in self]
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
            memory.execute(
                "CREATE VIRTUAL TABLE cut USING fts5 (t, tokenize = 'unicode61 remove_diacritics 2')"
            )
            memory.execute("CREATE VIRTUAL TABLE place USING fts5vocab (cut, instance)")
            memory.execute("BEGIN")
            memory.executemany(
                "INSERT INTO cut (rowid, t) VALUES (?, ?)", [(ord(each), f"a{each}a") for each in letters]
            )
            known = dict.fromkeys(map(ord, letters), " ")
            for letter, word in memory.execute("SELECT doc, term FROM place WHERE term <> 'a'"):
                known[letter] = word[1:-1]
        self.update(known)


_folded = _Folded()


def cut(text: str) -> list[str]:
    """Return the words of a text as the full-text index of SQLite has them, in their order."""
    try:
        return text.translate(_folded).split()
    except _UnknownLetter:
        _folded.learn(text)
        return text.translate(_folded).split()


def index(rows: Iterable[tuple[Any, ...]]) -> list[Indexed]:
    """Return the words of messages, given as id, subject, text, sender's name and address, recipients."""
    made = []
    for key, subject, text, name, email, people in rows:
        columns = {
            "subject": cut(searched(subject)),
            "sender_name": cut(searched(name)),
            "sender_email": cut(searched(email)),
            "recipients": cut(searched_people(people)),
            # The longest comes last: what is behind the last place is of it.
            "text": cut(searched(text)),
        }
        made.append(_short(key, columns) or _any(key, columns))
    return made


_placed: dict[str, list[str]] = {}


def _places(weight: str, end: int) -> list[str]:
    """Return at least the places before ``end`` as a vector spells them for words of a weight, from 0 on."""
    known = _placed.get(weight, [])
    if len(known) < end:
        known = _placed[weight] = [f"{place}{weight}" for place in range(min(2 * end, _LAST_PLACE))]
    return known


def _short(key: int, columns: Mapping[str, Sequence[str]]) -> Indexed | None:
    """Return the words of a message whose vector has room for all their places; None if it has not."""
    end = 1 + sum(len(words) + _APART for words in columns.values())
    if end > _LAST_PLACE:
        return None
    if end > _PLACES and max(Counter(chain.from_iterable(columns.values())).values(), default=0) > _PLACES:
        return None
    found: dict[str, str] = {}
    begin = 1
    for column, words in columns.items():
        behind = begin + len(words)
        places = _places(_WEIGHTS[column], behind)[begin:behind]
        for word, place in zip(words, places, strict=True):
            others = found.get(word)
            found[word] = place if others is None else f"{others},{place}"
        begin = behind + _APART
    if max(map(len, found), default=0) * _LETTER > _LONGEST_WORD:
        return None
    vector = " ".join([f"'{word}':{places}" for word, places in found.items()])
    return Indexed(key, vector, 0, [*found]) if len(vector) * _LETTER <= _LARGEST_VECTOR else None


def _any(key: int, columns: Mapping[str, Sequence[str]]) -> Indexed:
    """Return the words of any message, with as many of their places as a vector takes."""
    found: dict[str, list[str]] = {}
    begin = 1
    for column, words in columns.items():
        weight = _WEIGHTS[column]
        behind = begin + len(words)
        places = chain(_places(weight, behind)[begin:behind], repeat(weight))
        for word, place in zip(words, places, strict=False):
            known = found.get(word)
            if known is None:
                found[word] = [place]
            # Beyond what a vector takes one of each weight is kept: a text may be one word a million times.
            elif len(known) <= _PLACES or known[-1][-1] != weight:
                known.append(place)
        begin = behind + _APART
    loose = False
    parts: list[str] = []
    size = 0
    for word, there in found.items():
        if len(there) > _PLACES or there[-1] in _BEHIND:
            loose = True
            there = _some_of_each_weight(there)
        size += len(word.encode()) + 8 + 2 * len(there)
        if size > _LARGEST_VECTOR:
            loose = True
            break
        parts.append(quoted(word) + ":" + ",".join(there))
    return Indexed(key, " ".join(parts), int(loose), [_shortened(word) for word in found])


def _some_of_each_weight(places: Sequence[str]) -> list[str]:
    """Return places that PostgreSQL takes; each column that the word is in keeps one at least."""
    known = [place for place in places if place not in _BEHIND][: _PLACES - len(_WEIGHTS)]
    missing = {place[-1] for place in places} - {place[-1] for place in known}
    return known + [f"{_LAST_PLACE}{weight}" for weight in sorted(missing)]


def query(phrase: str, column: str | None) -> str:
    """Return the tsquery for a phrase of `models.words` in a column; None: in all but the recipients."""
    beginning = phrase.endswith(" *")
    text = phrase.removesuffix(" *").removeprefix('"').removesuffix('"')
    weights = _ANYWHERE if column is None else _WEIGHTS[column]
    words = [quoted(word) + ":" + weights for word in cut(text)]
    if not words:
        return _NOTHING
    if beginning:
        words[-1] = words[-1].replace("':", "':*")
    return "(" + FOLLOWED_BY.join(words) + ")"


def quoted(word: str) -> str:
    """Return a word as a tsvector or tsquery spells it."""
    if len(word) * _LETTER > _LONGEST_WORD:
        word = _shortened(word)
    if "'" in word or "\\" in word:
        word = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{word}'"


def _shortened(word: str) -> str:
    if len(word) * _LETTER <= _LONGEST_WORD:
        return word
    return word.encode()[:_LONGEST_WORD].decode(errors="ignore")
