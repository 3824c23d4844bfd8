"""The words of a message as PostgreSQL keeps them: SQLite writes those of a short one, the program any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("psycopg")

from models.postgres import words
from models.postgres.words import Indexed

Text = tuple[int, str, str, str, str, str]

_LETTERS = st.text(st.sampled_from("ab'\\ ẞÄ漢字é.\n-3"), max_size=40)


def _in_order(made: Indexed) -> dict[str, list[str]]:
    """The words of each weight, in their order."""
    found: dict[str, list[tuple[int, str]]] = {}
    for part in made.vector.split():
        word, _, places = part.rpartition(":")
        for place in places.split(","):
            found.setdefault(place[-1], []).append((int(place[:-1]), word))
    return {weight: [word for _, word in sorted(all_)] for weight, all_ in found.items()}


@given(st.tuples(st.just(1), _LETTERS, _LETTERS, _LETTERS, _LETTERS, st.just("{}")))
def test_both_ways_know_the_same_words_in_the_same_order(text: Text) -> None:
    [short] = words.index([text])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_SHORT_TEXT", -1)
        [any_length] = words.index([text])
    assert _in_order(short) == _in_order(any_length)
    assert sorted(short.words) == sorted(any_length.words)
    assert (short.loose, any_length.loose) == (0, 0)


@pytest.mark.parametrize(
    ("text", "loose"), [("a " * 300, 1), ("x" * 3_000, 0), ("word " * 9_000, 1), ("", 0), ("a b", 0)]
)
def test_a_text_beyond_what_a_vector_takes_is_kept_all_the_same(text: str, loose: int) -> None:
    [made] = words.index([(7, "Subject", text, "", "", "{}")])
    assert (made.message_id, made.loose) == (7, loose)
    assert "'subject':1A" in made.vector
    assert all(len(word.encode()) <= 2_000 for word in made.words)


def test_what_is_short_and_what_is_not_come_together() -> None:
    made = words.index([(1, "", "one", "", "", "{}"), (2, "", "two " * 400, "", "", "{}")])
    assert {each.message_id: each.words for each in made} == {1: ["one"], 2: ["two"]}
