"""Strangers' text comes out as visible text, and as nothing else."""

from __future__ import annotations

import base64
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mail.inert import clean, guard, masked, one_line
from tests.support.rows import every_row

ACTIVE = [
    *(chr(code) for code in range(32) if chr(code) not in "\t\n\r"),
    *(chr(code) for code in range(0x7F, 0xA0)),
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "\ud800",
    "\udfff",
]
INVISIBLE = ["\u200b", "\u2060", "\ufeff", "\U000e0001", "\U000e0041", "\u00ad"]
anything = st.text(
    st.characters(exclude_categories=()) | st.sampled_from([*ACTIVE, *INVISIBLE, "\r", "\u0301"])
)


def is_inert(text: str) -> bool:
    return not any(char in text for char in [*ACTIVE, *INVISIBLE, "\r", "\u2028", "\u2029"])


@every_row("char", ACTIVE)
def test_what_acts_on_a_terminal_becomes_visible(char: str) -> None:
    assert clean(f"a{char}b") == "a\ufffdb"
    assert guard(f"a{char}b") == "ab"


@every_row("char", INVISIBLE)
def test_what_nobody_sees_is_removed(char: str) -> None:
    assert clean(f"pass{char}word") == "password"


def test_line_ends_become_newlines_and_tabs_stay() -> None:
    assert clean("a\r\nb\rc\nd\te\u2028f\u2029g") == "a\nb\nc\nd\te\nf\ng"


@every_row(
    "text",
    ["👩‍👩‍👧 family", "می‌خواهم", "نص عربي", "हिन्दी में", "Tiếng Việt", "ภาษาไทย", "日本語", "Ünï", "❤️ ☎"],
)
def test_writing_systems_and_emoji_stay_as_they_are(text: str) -> None:
    assert clean(text) == guard(text) == text


def test_a_storm_of_combining_marks_is_bounded() -> None:
    stormy = "e" + "\u0301" * 5000 + "x" + "\u0336\u200d" * 900
    assert clean(stormy) == "e" + "\u0301" * 8 + "x" + "\u0336\u200d" * 4
    assert guard(stormy) == clean(stormy)


def test_an_escape_sequence_is_shown_not_obeyed() -> None:
    assert clean("\x1b]52;c;cm0gLXJm\x07") == "\ufffd]52;c;cm0gLXJm\ufffd"


def test_one_line_is_one_line_of_bounded_length() -> None:
    assert one_line("  a\r\n\tb \u2028 c\x00 ") == "a b c\ufffd"
    assert len(one_line("x" * 10_000_000)) == 998
    assert one_line("abc def", 5) == "abc…"


@given(anything)
def test_clean_text_is_inert_and_stays_the_same(text: str) -> None:
    cleaned = clean(text)
    assert is_inert(cleaned)
    assert clean(cleaned) == cleaned
    assert guard(cleaned) == cleaned
    cleaned.encode("utf-8")


@given(anything)
def test_the_last_gate_lets_nothing_active_through(text: str) -> None:
    guarded = guard(text)
    assert is_inert(guarded)
    assert guard(guarded) == guarded


@given(anything, st.integers(1, 60))
def test_one_line_never_breaks_nor_grows(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert is_inert(line)
    assert "\n" not in line
    assert "\t" not in line
    assert len(line) <= limit
    assert one_line(line, limit) == line


@given(st.text(st.characters(codec="utf-8"), max_size=50))
def test_ordinary_text_is_not_touched(text: str) -> None:
    ordinary = "".join(
        char for char in text if unicodedata.category(char)[0] in "LNPSZ" and char.isprintable()
    )
    assert clean(ordinary) == ordinary


def test_secrets_are_masked_in_every_form() -> None:
    plain = base64.b64encode(b"\0ann@example.test\0hunter2!").decode()
    words = f"bad AUTH PLAIN {plain} for hunter2! ({base64.b64encode(b'hunter2!').decode()})"
    shown = masked(words, ["hunter2!"])
    assert "hunter2" not in shown
    assert plain not in shown
    assert base64.b64encode(b"hunter2!").decode() not in shown
    assert shown.startswith("bad AUTH PLAIN ******** for ********")
    assert masked("nothing here", ["", "hunter2!"]) == "nothing here"
