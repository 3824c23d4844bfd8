"""A lost line: SIGHUP, SIGTERM, a terminal that is gone. What was typed is there at the next start."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from desk.home import Desk
from tests.tui.terminal import Terminal

SENTENCE = "The typed words of one evening"


def _compose(terminal: Terminal) -> None:
    terminal.wait("#1042")
    terminal.wait("Lisbon office")
    terminal.press("r")
    terminal.wait("mail goes to 1 address")
    terminal.type(SENTENCE)
    terminal.wait(SENTENCE)


def _is_offered(home: Path) -> None:
    with Terminal(home) as again:
        again.wait("A reply to #1042 was not finished")
        again.press("D")
        again.wait("Drafts")
        again.press("0")
        again.wait(SENTENCE)
        again.wait("draft of")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_while_composing_keeps_the_text(desk: Desk, number: signal.Signals) -> None:
    with Terminal(desk.paths.home) as terminal:
        _compose(terminal)
        terminal.kill(number)
        assert terminal.ended() == 128 + number
        # The shell below gets its own screen back, without mouse reports.
        assert terminal.sent.rindex(b"\x1b[?1049l") > terminal.sent.rindex(b"\x1b[?1049h")
        assert terminal.sent.rindex(b"\x1b[?1000l") > terminal.sent.rindex(b"\x1b[?1000h")
    _is_offered(desk.paths.home)


def test_a_terminal_that_vanishes_keeps_the_text_and_ends_the_app(desk: Desk) -> None:
    with Terminal(desk.paths.home) as terminal:
        _compose(terminal)
        terminal.lose()
        assert terminal.ended() is not None
    _is_offered(desk.paths.home)


def test_a_dead_terminal_without_any_signal_is_noticed(desk: Desk) -> None:
    """nohup and some wrappers swallow SIGHUP; a Textual app would then spin for ever."""
    with Terminal(desk.paths.home, ignore_hangup=True) as terminal:
        _compose(terminal)
        terminal.lose()
        assert terminal.ended() is not None
    _is_offered(desk.paths.home)
