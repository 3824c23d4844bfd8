"""The words of a message as PostgreSQL keeps them: one way for short ones, one for any."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("psycopg")

from models.postgres import words
from models.postgres.words import Indexed

_LETTERS = st.text(st.sampled_from("ab'\\ ẞÄ漢字é.\n-3"), max_size=40)


def _in_order(made: Indexed) -> dict[str, list[str]]:
    """The words of each weight, in their order."""
    found: dict[str, list[tuple[int, str]]] = {}
    for part in made.vector.split():
        word, _, places = part.rpartition(":")
        for place in places.split(","):
            found.setdefault(place[-1], []).append((int(place[:-1]), word))
    return {weight: [word for _, word in sorted(all_)] for weight, all_ in found.items()}


_COLUMNS = st.fixed_dictionaries(
    {name: _LETTERS.map(words.cut) for name in ("subject", "sender_name", "recipients", "text")}
)


@given(_COLUMNS)
def test_both_ways_know_the_same_words_in_the_same_order(columns: dict[str, list[str]]) -> None:
    short, any_length = words._short(1, columns), words._any(1, columns)
    assert short is not None
    assert _in_order(short) == _in_order(any_length)
    assert sorted(short.words) == sorted(any_length.words)
    assert (short.loose, any_length.loose) == (0, 0)


@pytest.fixture(scope="module")
def fts5() -> Iterator[sqlite3.Connection]:
    """The full-text index of SQLite, empty."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        memory.execute("CREATE VIRTUAL TABLE cut USING fts5 (t, tokenize = 'unicode61 remove_diacritics 2')")
        memory.execute("CREATE VIRTUAL TABLE place USING fts5vocab (cut, instance)")
        yield memory


@given(
    st.text(max_size=60) | st.text(st.sampled_from("aß\u0301\u0345İıſ K.-_'\0\u200d\ue0f0ά漢"), max_size=60)
)
@example("e\u0301a \u0301b \u0301 c\u0301\u0302d")
@example("".join(map(chr, range(0x20, 0x2000))))
def test_words_are_those_of_the_other_engine(fts5: sqlite3.Connection, text: str) -> None:
    fts5.execute("DELETE FROM cut")
    fts5.execute("INSERT INTO cut VALUES (?)", (text,))
    found = [row[0] for row in fts5.execute("SELECT term FROM place ORDER BY offset")]
    assert words.cut(text) == found


@pytest.mark.parametrize(
    ("text", "loose"), [("a " * 300, 1), ("x" * 3_000, 0), ("word " * 9_000, 1), ("", 0), ("a b", 0)]
)
def test_a_text_beyond_what_a_vector_takes_is_kept_all_the_same(text: str, loose: int) -> None:
    [made] = words.index([(7, "Subject", text, "", "", "{}")])
    assert (made.message_id, made.loose) == (7, loose)
    assert "'subject':1A" in made.vector
    assert all(len(word.encode()) <= 2_000 for word in made.words)


def test_a_word_a_million_times_is_kept_as_often_as_a_vector_has_room() -> None:
    """Each further place must cost what the first one did: with all of them written out this took hours."""
    [made] = words.index([(7, "y", "y\n" * 1_000_000, "", "", "{}")])
    assert made.loose == 1
    assert made.words == ["y"]
    assert len(made.vector) < 4_000


def test_what_is_short_and_what_is_not_come_together() -> None:
    made = words.index([(1, "", "one", "", "", "{}"), (2, "", "two " * 400, "", "", "{}")])
    assert {each.message_id: each.words for each in made} == {1: ["one"], 2: ["two"]}
