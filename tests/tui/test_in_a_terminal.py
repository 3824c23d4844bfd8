"""What only a real terminal shows: another editor, suspend and back, no colours, a crash."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

from desk.home import Desk
from desk.replies import drafts
from models.agents import Agent
from tests.tui.terminal import Terminal

EDITOR = """#!/bin/sh
ls -l "$1" >> "$0.log"
printf 'written elsewhere\\n' >> "$1"
"""

CRASH = """
import sys
from textual.app import App
import tui.app
def broken(self):
    password = "hunter2-" + "in-a-local"
    raise RuntimeError("a fault \\x1b]0;OWNED\\x07of our own")
tui.app.NightdeskApp.action_last = broken
sys.argv = ["nightdesk"]
from nightdesk.entry import main
main()
"""


def test_the_agents_own_editor_writes_the_answer(desk: Desk, tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text(EDITOR)
    script.chmod(0o755)
    with Terminal(desk.paths.home, environ={"EDITOR": str(script), "VISUAL": ""}) as terminal:
        terminal.wait("Lisbon office")
        terminal.press("i")
        terminal.wait("Mode: note")
        terminal.type("typed here ")
        terminal.press("ctrl+g")
        terminal.wait("written elsewhere")
        terminal.wait("typed here")
    assert "-rw-------" in (tmp_path / "editor.log").read_text()
    assert list(desk.paths.drafts.iterdir()) == []


def test_an_editor_that_fails_leaves_the_text_as_it_was(desk: Desk) -> None:
    with Terminal(desk.paths.home, environ={"EDITOR": "false", "VISUAL": ""}) as terminal:
        terminal.wait("Lisbon office")
        terminal.press("i")
        terminal.wait("Mode: note")
        terminal.type("typed here")
        terminal.press("ctrl+g")
        terminal.wait("the text is as it was")
        terminal.wait("typed here")


def test_suspend_and_back_paints_the_screen_again(desk: Desk) -> None:
    with Terminal(desk.paths.home) as terminal:
        terminal.wait("Lisbon office")
        terminal.press("ctrl+z")
        terminal.quiet(0.3, 3)
        terminal.screen.reset()
        terminal.kill(signal.SIGCONT)
        terminal.wait("#1042")
        terminal.wait("ret open")


def test_without_colours_everything_is_still_said(desk: Desk) -> None:
    with Terminal(desk.paths.home, environ={"NO_COLOR": "1"}) as terminal:
        screen = terminal.wait("Lisbon office")
        assert ">N  #1042 !! open" in screen
        assert b"\x1b[31m" not in terminal.sent
        assert b"38;2;" not in terminal.sent


def test_a_crash_says_one_line_and_keeps_a_private_report_without_local_variables(desk: Desk) -> None:
    with Terminal(desk.paths.home, program=["-c", CRASH]) as terminal:
        terminal.wait("Lisbon office")
        terminal.press("-")
        assert terminal.ended() == 1
        assert b"the app ended by a fault of its own (RuntimeError)" in terminal.sent
        assert b"hunter2" not in terminal.sent
        assert b"\x1b]0;OWNED" not in terminal.sent
    reports = list(desk.paths.log.glob("crash-*.txt"))
    assert len(reports) == 1
    assert stat.S_IMODE(reports[0].stat().st_mode) == 0o600
    text = reports[0].read_text()
    assert "a fault" in text
    assert "hunter2" not in text
    assert "\x1b" not in text


def test_the_first_start_makes_a_desk_and_an_agent_of_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "fresh"
    with Terminal(home) as terminal:
        terminal.wait("No mailbox yet: no mail can come. Enter sets up the first one")
        terminal.press("q")
        assert terminal.ended() == 0
    assert (home / "data" / "desk.sqlite3").is_file()


def test_one_cursor_move_is_cheap_on_the_wire(desk: Desk) -> None:
    """Counts bytes, not time; the preview is debounced and not part of it."""
    with Terminal(desk.paths.home, 120, 40) as terminal:
        terminal.wait("Lisbon office")
        terminal.quiet(0.5)
        before = len(terminal.sent)
        terminal.press("j")
        while len(terminal.sent) == before:
            terminal.pump()
        assert len(terminal.sent) - before < 1500


def _written_in_a_while(terminal: Terminal) -> int:
    before = len(terminal.sent)
    terminal.quiet(1.5, 1.5)
    return len(terminal.sent) - before


def test_nothing_is_written_while_nothing_happens(desk: Desk) -> None:
    with Terminal(desk.paths.home) as terminal:
        terminal.wait("Lisbon office")
        terminal.press("i")
        terminal.wait("Mode: note")
        # A blinking cursor or a spinner writes in every while; what the app still had to paint does not.
        least = min(_written_in_a_while(terminal) for _ in range(6))
        assert least < 200


def test_drafts_belong_to_the_agent_of_the_login(desk: Desk) -> None:
    with Terminal(desk.paths.home, environ={"NIGHTDESK_AGENT": "jo"}) as terminal:
        terminal.wait("@jo")
        terminal.wait("Lisbon office")
        terminal.press("i")
        terminal.wait("Mode: note")
        terminal.type("by jo")
        terminal.wait("draft saved")
        terminal.kill(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM
    from desk.permissions import current_actor

    jo = current_actor(desk, {"NIGHTDESK_AGENT": "jo"}, os.getuid())
    assert jo.agent_id == Agent.get(Agent.login == "jo").id
    assert [draft.body for draft in drafts.drafts(jo)] == ["by jo"]
