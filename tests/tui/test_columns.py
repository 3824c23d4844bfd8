"""Columns stay in line, whatever a terminal thinks of the width of a sign."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from desk.home import Desk
from models.tickets import Ticket
from tests.support.rows import every_row
from tests.tui.screen import SMALL_AND_LARGE
from tests.tui.terminal import ROOT
from tui.terminal.columns import steadied
from tui.text.safe import fitted, line, parts, safe, wrapped

DOUBTFUL = {
    "1041": "\u0928\u093f \u0915\u094d\u0937\u093f \u09ac\u09be\u0982\u09b2\u09be",  # Hindi, Bengali
    "1039": "\U0001faff \U0001fae8 \u2764\ufe0f \u260e\ufe0f 1\ufe0f\u20e3 new emoji and old",
    "1038": "\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0001f3f4",
    "1036": "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd \u1000\u103c\u102d\u102f \u0e2a\u0e33",  # Tamil, Burmese, Thai
    "1035": "\u3164\uffa0 filler \u115f and \u1112\u1161\u11ab",
    "1031": "\u0645\u0631\u062d\u0628\u0627 e\u0301 \u30d7\u30ea\u30f3\u30bf\u30fc",
}


def column_of(painted: str, wanted: str, width: int) -> int:
    """Where a terminal puts a sign that takes each sign of doubt for `width` cells."""
    column = 0
    for piece in re.finditer(r"\x1b\[[0-9]*;?([0-9]*)([A-Za-z])|([^\x1b])", painted):
        if piece[2] in ("H", "G"):
            column = int(piece[1] or piece[0][2:-1])
        elif piece[3] == wanted:
            return column
        elif piece[3]:
            column += cell_len(piece[3]) if steadied(f"\x1b[1;1H{piece[3]}").endswith(piece[3]) else width
    raise AssertionError(wanted)


@every_row("width", [0, 1, 2])
@every_row("text", DOUBTFUL.values())
def test_what_stands_behind_a_sign_of_doubtful_width_stands_where_the_layout_has_it(
    text: str, width: int
) -> None:
    laid_out = line(text)
    assert column_of(steadied(f"\x1b[3;5H\x1b[1m{laid_out}\x1b[0m|"), "|", width) == 5 + cell_len(laid_out)


def test_what_is_cut_to_a_column_says_so_and_keeps_the_column() -> None:
    assert fitted("a list of things", 9) == "a list..."
    assert fitted("short", 9) == "short    "
    for text in (*DOUBTFUL.values(), "\u0928\u093f" * 9, "\u30d7\u30ea\u30f3\u30bf\u30fc" * 3):
        for width in range(1, 12):
            assert cell_len(fitted(text, width)) == width
    # A vowel keeps its room, also where it is the last sign before the cut.
    assert fitted("\u0928\u093f" * 9, 7) == line("\u0928\u093f" * 2) + "..."


def test_the_vowels_of_indic_scripts_have_the_room_that_terminals_give_them() -> None:
    assert cell_len(line("\u0928\u093f")) == 2
    assert line(line("\u0928\u093f")) == line("\u0928\u093f")
    assert steadied(f"\x1b[1;1H{line(chr(0x928) + chr(0x93F))}|") == "\x1b[1;1H  \x1b[1G\u0928\u093f\x1b[3G|"


class Tmux:
    """The app of a desk in a tmux of its own."""

    def __init__(self, desk: Desk, place: Path, size: tuple[int, int]) -> None:
        self._tmux = ["tmux", "-S", str(place / "tmux"), "-u", "-f", "/dev/null"]
        environ = {
            **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
            "LC_ALL": "C.UTF-8",
            "NIGHTDESK_HOME": str(desk.paths.home),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
        }
        run = f"exec {sys.executable} -m nightdesk"
        begin = [*self._tmux, "new", "-d", "-x", str(size[0]), "-y", str(size[1]), run]
        subprocess.run(begin, env=environ, check=True)

    def __enter__(self) -> Tmux:
        return self

    def __exit__(self, *_problem: object) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def shown(self) -> str:
        """The screen as tmux has it."""
        capture = [*self._tmux, "capture-pane", "-p"]
        return subprocess.run(capture, capture_output=True, text=True, check=True).stdout

    def wait(self, words: str) -> str:
        """Wait until the words are on the screen."""
        return self.row_with(words)

    def row_with(self, *words: str) -> str:
        """Wait for a row that has all the words."""
        for _ in range(300):
            for row in self.shown().splitlines():
                if all(each in row for each in words):
                    return row
            time.sleep(0.1)
        raise AssertionError(f"{words} did not appear:\n{self.shown()}")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names of them."""
        for key in keys:
            subprocess.run([*self._tmux, "send-keys", key], check=True)
            time.sleep(0.7)

    def type(self, text: str) -> None:
        """Type text."""
        subprocess.run([*self._tmux, "send-keys", "-l", text], check=True)


AGREED = ("abc", "Grüße \u2500\u2502 — …", "\u30d7\u30ea\u30f3\u30bf \u5370\u5237 \ud55c\uae00", "")


@every_row("plain", AGREED)
def test_what_all_agree_about_costs_no_byte(plain: str) -> None:
    assert steadied(f"\x1b[1;1H{plain}\n\x1b[2;1H{plain}") == f"\x1b[1;1H{plain}\n\x1b[2;1H{plain}"


def test_other_sequences_than_those_of_a_paint_are_left_alone() -> None:
    title = "\x1b]2;\U0001fae8\x07"
    assert steadied(title) == title
    assert steadied("\U0001fae8") == "\U0001fae8"


def test_no_way_to_a_widget_lets_a_joiner_or_a_selector_through() -> None:
    text = "\u2764\ufe0f \U0001f468\u200d\U0001f469 \U0001f44d\U0001f3fd"
    for shown in (
        safe(text).plain,
        parts(text, (text, "bold")).plain,
        line(text),
        "".join(wrapped(text, 40)),
    ):
        assert not set(shown) & {"\ufe0f", "\u200d", "\U0001f3fd"}


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
@pytest.mark.parametrize("size", SMALL_AND_LARGE.values())
def test_in_tmux_every_row_of_the_list_ends_in_its_column(
    desk: Desk, tmp_path: Path, size: tuple[int, int]
) -> None:
    for number, subject in DOUBTFUL.items():
        Ticket.update(subject=subject).where(Ticket.number == number).execute()
    with Tmux(desk, tmp_path, size) as tmux:
        rows: list[str] = []
        for _ in range(200):
            shown = tmux.shown()
            rows = [row for row in shown.splitlines() if any(f"#{each} " in row for each in DOUBTFUL)]
            if len(rows) >= len(DOUBTFUL) and "Lisbon" in shown:
                break
            time.sleep(0.1)
        assert len(rows) >= len(DOUBTFUL)
        for row in rows:
            assert row.endswith("mo" if size[0] < 100 else "│"), row
        assert any(DOUBTFUL["1041"] in row for row in rows)
        assert any(DOUBTFUL["1036"] in row for row in rows)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
@pytest.mark.parametrize("size", SMALL_AND_LARGE.values())
def test_in_tmux_what_is_typed_stands_in_its_columns(
    desk: Desk, tmp_path: Path, size: tuple[int, int]
) -> None:
    joined = DOUBTFUL["1038"]
    with Tmux(desk, tmp_path, size) as tmux:
        tmux.wait("Lisbon office")
        tmux.press("/")
        tmux.wait("Esc cancel")
        tmux.type(f"{joined}|")
        assert tmux.row_with("|", "/ ").rstrip().endswith("|")
        tmux.press("Escape", "r")
        tmux.wait("Mode: reply")
        tmux.type(f"one {joined}|")
        row = tmux.row_with("one ", "|")
        if size[0] < 100:
            assert row.rstrip().endswith("|")
        else:
            tmux.wait("Nothing changed on my side")
            ends = {len(each.rpartition("││")[2]) for each in tmux.shown().splitlines() if "││" in each}
            assert len(ends) == 1, tmux.shown()
            assert row.endswith("│")
