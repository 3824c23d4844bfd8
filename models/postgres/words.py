"""The full-text index of messages in PostgreSQL: texts as tsvectors, phrases as tsqueries.

SQLite cuts the texts, in a table in memory: both engines fold letters and find words in the very same way,
in every script. A message's columns are the weights of its words: A subject, B text, C sender, D recipients.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
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
_LONGEST_WORD = 2_000
"""Bytes; PostgreSQL has words of 2,046 at most. What is longer is cut, in the index and in what is asked."""
_LETTER = 4
"""Bytes of a letter, at most."""
_LARGEST_VECTOR = 900_000
"""Bytes; PostgreSQL has a megabyte at most. Of a longer text the last words are left out."""
_MANY_WORDS = 10_000
_MOST_KNOWN = 100_000
_NOTHING = "'\ue0ff'"
"""A word that no text has."""


_SHORT_TEXT, _SHORT_BEGIN = 10_000, 300
"""Letters: of a text so short SQLite writes the vector; each column begins at a multiple of the second."""
_SHORT_VECTORS = f"""\
SELECT doc, group_concat(part, ' '), group_concat(term, ' '), max(times), max(length(term)) FROM (
    SELECT doc, term, char(39) || term || char(39, 58) || group_concat(
        CASE col {
    " ".join(
        f"WHEN '{column}' THEN (offset + {1 + place * _SHORT_BEGIN}) || '{weight}'"
        for place, (column, weight) in enumerate(sorted(_WEIGHTS.items(), key=lambda each: each[0] == "text"))
    )
} END
    ) AS part, count(*) AS times FROM place GROUP BY doc, term
) GROUP BY doc
"""


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

    def fresh(self, words: Iterable[str]) -> set[str]:
        """Return those that are perhaps not there, which the caller's transaction writes."""
        found = set(words) - self._known - self._written
        self._written |= found
        return found

    def committed(self) -> None:
        """Know what was written: it is there for good."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known |= self._written
        self._written.clear()

    def undone(self) -> None:
        """Forget what was written: it is not there."""
        self._written.clear()


class _Cutter(threading.local):
    """Cuts texts into words as the full-text index of SQLite does."""

    def __init__(self) -> None:
        columns = ", ".join(_WEIGHTS)
        self._memory = sqlite3.connect(":memory:", isolation_level=None)
        self._memory.execute(
            f"CREATE VIRTUAL TABLE cut USING fts5 ({columns}, content = '', contentless_delete = 0,"
            " tokenize = 'unicode61 remove_diacritics 2')"
            if sqlite3.sqlite_version_info >= (3, 43)
            else f"CREATE VIRTUAL TABLE cut USING fts5 ({columns}, content = '',"
            " tokenize = 'unicode61 remove_diacritics 2')"
        )
        self._memory.execute("CREATE VIRTUAL TABLE place USING fts5vocab (cut, instance)")

    def places(self, texts: Sequence[tuple[Any, ...]]) -> list[tuple[int, str, str, int]]:
        """Return row, word, column and place of all words of some rows of texts."""
        return self._asked(texts, "SELECT doc, term, col, offset FROM place")

    def vectors(self, texts: Sequence[tuple[Any, ...]]) -> list[tuple[int, str, str, int, int]]:
        """Return row, vector, words, places of the most frequent word and longest word of short texts."""
        return self._asked(texts, _SHORT_VECTORS)

    def _asked(self, texts: Sequence[tuple[Any, ...]], question: str) -> list[Any]:
        memory = self._memory
        memory.execute("BEGIN")
        memory.executemany(f"INSERT INTO cut (rowid, {', '.join(_WEIGHTS)}) VALUES (?, ?, ?, ?, ?, ?)", texts)
        found = memory.execute(question).fetchall()
        memory.execute("ROLLBACK")
        return found


_cutter: _Cutter | None = None


def _own_cutter() -> _Cutter:
    global _cutter
    if _cutter is None:
        _cutter = _Cutter()
    return _cutter


def _cut(texts: Sequence[tuple[Any, ...]]) -> list[tuple[int, str, str, int]]:
    return _own_cutter().places(texts)


def _cut_short(texts: Sequence[tuple[Any, ...]]) -> list[tuple[int, str, str, int, int]]:
    return _own_cutter().vectors(texts)


def index(rows: Iterable[tuple[Any, ...]]) -> list[Indexed]:
    """Return the words of messages, given as id, subject, text, sender's name and address, recipients."""
    texts = [
        (key, searched(subject), searched(text), searched(name), searched(email), searched_people(people))
        for key, subject, text, name, email, people in rows
    ]
    made: list[Indexed] = []
    for key, vector, words, places, length in _cut_short([each for each in texts if _is_short(each)]):
        if places <= _PLACES and length * _LETTER <= _LONGEST_WORD:
            made.append(Indexed(key, vector, 0, words.split(" ")))
    there = {each.message_id for each in made}
    found: dict[int, dict[str, list[tuple[str, int]]]] = {key: {} for key, *_ in texts if key not in there}
    for key, word, column, place in _cut([each for each in texts if each[0] in found]) if found else ():
        found[key].setdefault(word, []).append((column, place))
    return made + [_indexed(key, words) for key, words in found.items()]


def _is_short(text: tuple[Any, ...]) -> bool:
    """Whether each column of a message ends before the place at which the next one begins."""
    _, subject, body, name, email, people = text
    return len(body) <= _SHORT_TEXT and max(len(subject), len(name), len(email), len(people)) < _SHORT_BEGIN


def _indexed(key: int, words: dict[str, list[tuple[str, int]]]) -> Indexed:
    begins, loose = _beginnings(words), False
    parts: list[str] = []
    size = 0
    if len(words) > _MANY_WORDS:  # not all may find room: those that come first do
        words = dict(sorted(words.items(), key=lambda item: item[1][0][1]))
    for word, where in words.items():
        if len(where) == 1:  # most words are there once
            [(column, place)] = where
            place += begins[column]
            bytes_more = (len(word) if word.isascii() else len(word.encode())) + 10
            if place <= _LAST_PLACE and size + bytes_more <= _LARGEST_VECTOR:
                size += bytes_more
                parts.append(f"{quoted(word)}:{place}{_WEIGHTS[column]}")
                continue
        places = [(begins[column] + place, _WEIGHTS[column]) for column, place in where]
        if len(places) > _PLACES or max(places)[0] > _LAST_PLACE:
            loose = True
            places = _some_of_each_weight(places)
        size += len(word.encode()) + 8 + 2 * len(places)
        if size > _LARGEST_VECTOR:
            loose = True
            break
        parts.append(quoted(word) + ":" + ",".join(f"{place}{weight}" for place, weight in places))
    return Indexed(key, " ".join(parts), int(loose), [_shortened(word) for word in words])


def _some_of_each_weight(places: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return places that PostgreSQL takes; each column that the word is in keeps one at least."""
    known = sorted(place for place in places if place[0] < _LAST_PLACE)[: _PLACES - len(_WEIGHTS)]
    there = {weight for _, weight in known}
    return known + [(_LAST_PLACE, weight) for weight in sorted({w for _, w in places} - there)]


def _beginnings(words: dict[str, list[tuple[str, int]]]) -> dict[str, int]:
    """Return the place at which each column begins."""
    last = dict.fromkeys(_WEIGHTS, -1)
    for where in words.values():
        for column, place in where:
            if place > last[column]:
                last[column] = place
    begins, place = {}, 1
    # The text is the longest and comes last: what is behind the last place is of it.
    for column in sorted(_WEIGHTS, key=lambda column: column == "text"):
        begins[column] = place
        place += last[column] + _APART
    return begins


def query(phrase: str, column: str | None) -> str:
    """Return the tsquery for a phrase of `models.words` in a column; None: in all but the recipients."""
    beginning = phrase.endswith(" *")
    text = phrase.removesuffix(" *").removeprefix('"').removesuffix('"')
    cut = sorted(_cut([(1, text, "", "", "", "")]), key=lambda found: found[3])
    if not cut:
        return _NOTHING
    weights = _ANYWHERE if column is None else _WEIGHTS[column]
    words = [quoted(word) + ":" + weights for _, word, _, _ in cut]
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
