"""Pastes over a bad line: the text comes whole and in order, no part of it is a key, and keys work again."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from desk.home import Desk
from desk.tickets import detail as ticket_detail
from tests.tui.terminal import Terminal
from tui.terminal.pastes import (
    DOUBT_SECONDS,
    END,
    KEYS_SECONDS,
    QUIET_SECONDS,
    START,
    Pasted,
    PasteReader,
    pasted_text,
)


class Line:
    """A line whose time is set by hand; `keys` and `pastes` are what came out of it."""

    def __init__(self) -> None:
        self.time = 100.0
        self.reader = PasteReader(0.1, lambda: self.time)
        self.parts: list[str | Pasted] = []

    def send(self, *pieces: str, pause: float = 0.0) -> Line:
        for piece in pieces:
            self.parts += self.reader.feed(piece)
            self.wait(pause)
        return self

    def wait(self, seconds: float) -> Line:
        until = self.time + seconds
        while self.time < until:
            self.time = min(until, self.time + 0.1)
            self.parts += self.reader.tick()
        return self

    @property
    def keys(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def pasted(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Pasted))


def torn(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(places)]


bodies = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("xq1\n\t"))


@given(bodies, st.lists(st.integers(0, 200), max_size=12), st.sampled_from([0.0, 0.05, 0.4, 0.9]))
def test_however_it_is_torn_the_text_comes_whole_and_nothing_of_it_is_a_key(
    body: str, cuts: list[int], pause: float
) -> None:
    parts = torn(body + END, cuts)
    # A line that gives letter by letter for so long is one on which somebody types.
    assume(pause * sum(len(piece) == 1 for piece in parts) < KEYS_SECONDS - 1)
    line = Line().send("a").wait(1).send(START)
    line.send(*parts, pause=pause).wait(0.3)
    line.send("z").wait(2)
    assert line.pasted == body
    assert line.keys == "az"


@given(bodies, st.integers(0, 5))
def test_a_paste_whose_end_mark_is_lost_ends_by_itself(body: str, kept: int) -> None:
    line = Line().send(START + body + END[:kept]).wait(QUIET_SECONDS + 0.2)
    assert line.pasted == body
    line.send("\x11")
    assert line.keys == "\x11"


@pytest.mark.parametrize("kept", range(len(END)))
def test_an_end_mark_that_comes_too_late_is_no_key(kept: int) -> None:
    line = Line().send(START + "hello" + END[:kept]).wait(3).send(END[kept:]).wait(1).send("j").wait(1)
    assert line.pasted == "hello"
    assert line.keys.replace(END, "") == "j"


def test_what_comes_behind_a_long_pause_of_the_line_is_still_the_paste() -> None:
    line = Line().send(START + "first\n").wait(3).send("xx second\nq\n").wait(2).send("third" + END)
    assert line.pasted == "first\nxx second\nq\nthird"
    assert line.keys == ""
    assert line.wait(1).send("jj").keys == "jj"


def test_keys_pressed_fast_behind_a_paste_without_end_are_keys() -> None:
    line = Line().send(START + "hello").wait(3).send("\x13", "\x11", "j", pause=0.05).wait(1)
    assert line.keys == "\x13\x11j"


def test_who_types_into_the_silence_is_heard_after_a_bounded_time() -> None:
    line = Line().send(START + "hello")
    for _ in range(int((KEYS_SECONDS + 2) / 0.5)):
        line.send("\x11", pause=0.5)
    assert line.pasted == "hello"
    assert "\x11" in line.keys


def test_doubt_ends() -> None:
    line = Line().send(START + "hello").wait(DOUBT_SECONDS + 2).send("typed ahead")
    assert (line.pasted, line.keys) == ("hello", "typed ahead")


@pytest.mark.parametrize("cut", range(1, len(START)))
@pytest.mark.parametrize("pause", [0.05, 0.4])
def test_a_torn_start_mark_begins_a_paste_all_the_same(cut: int, pause: float) -> None:
    line = Line().send(START[:cut]).wait(pause).send(START[cut:] + "xq" + END).wait(1)
    assert line.pasted == "xq"
    assert line.keys in ("", "\x1b")


def test_escape_is_a_key_after_the_usual_time_and_arrows_may_be_torn() -> None:
    line = Line().send("\x1b").wait(0.2)
    assert line.keys == "\x1b"
    assert Line().send("\x1b", "[", "A", pause=0.02).keys == "\x1b[A"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("\x1b[31mred\x1b[0m text", "red text"),
        ("one\x1b[13utwo\x1b[13;1uthree", "one\ntwo\nthree"),
        ("one\x1b[27;5;106~two\x1b[106;5uthree\x1b[109;5u", "one\ntwo\nthree\n"),
        ("a\x1b[9ub\x1b[105;5uc", "a\tb\tc"),
        ("\x1b[228u\x1b[65;2u", "\xe4A"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("\x1b]52;c;cHduZWQ=\x07x\x1b]0;title\x1b\\y", "xy"),
        ("a\x1b[200~b\x1b[A\x1bOPc\x00\x11\x03d", "abcd"),
        ("end\x1b", "end"),
        ("\x9b31mx", "31mx"),
        ("half \ud800a sign", "half a sign"),
    ],
)
def test_sequences_in_a_paste_are_read_as_text_or_left_out(raw: str, text: str) -> None:
    assert pasted_text(raw) == text
    assert Line().send(START + raw + END).pasted == text


@given(st.text(st.characters(codec="utf-8")))
def test_nothing_of_a_paste_steers_a_terminal(raw: str) -> None:
    assert not [sign for sign in pasted_text(raw) if sign != "\n" and sign != "\t" and ord(sign) < 32]


# -- in a real terminal

LINES = "".join(f"line {number} xq1 {'word ' * 8}\n" for number in range(40))


@pytest.fixture
def composing(desk: Desk) -> Terminal:
    return Terminal(desk.paths.home)


def pieces(terminal: Terminal, *parts: str, pause: float = 0.4) -> None:
    for part in parts:
        terminal.type(part)
        until = time.monotonic() + pause
        while time.monotonic() < until:
            terminal.pump(0.05)


def test_torn_pastes_into_an_answer_in_a_real_terminal(composing: Terminal) -> None:
    with composing as terminal:
        terminal.wait("Lisbon office")
        terminal.press("i")
        terminal.wait("Mode: note")
        terminal.type("before ")
        pieces(terminal, START + LINES[:700], LINES[700:] + END[:3], END[3:])
        terminal.type("after")
        terminal.wait("after")
        pieces(terminal, START + "\x1b[31mcoloured\x1b[0m\x1b[13unext line", pause=2)
        terminal.wait("next line")
        terminal.press("ctrl+s")
        terminal.wait("Note added to #1042")
        terminal.press("ctrl+q")
        assert terminal.ended() == 0
    note = ticket_detail.show("1042").messages[-1].text
    assert note.strip() == f"before {LINES}aftercoloured\nnext line".strip()


def test_a_torn_paste_over_the_list_runs_nothing_in_a_real_terminal(desk: Desk) -> None:
    with Terminal(desk.paths.home) as terminal:
        terminal.wait("Lisbon office")
        pieces(terminal, START[:2], START[2:] + "xxxx", "\x1b[13uxq\r", "y\ry", pause=0.4)
        pieces(terminal, "", pause=2)
        pieces(terminal, "xx\rxq", END, pause=0.4)
        terminal.press("3")
        terminal.wait("[3]Logs")
        terminal.press("ctrl+q")
        assert terminal.ended() == 0
    assert {ticket_detail.show(number).status for number in ("1042", "1041")} == {"open", "new"}
