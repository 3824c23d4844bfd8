"""--plain: for who listens or reads a braille line. Plain lines tell what changed; nothing is painted."""

from __future__ import annotations

import re

import pytest

from desk.home import Desk
from desk.tickets import detail
from tests.support.program import Program
from tests.tui.terminal import Terminal
from tui.plain.scene import DRAWN, Scene
from tui.plain.speaker import MOST, Speaker

PROGRAM = ("-m", "nightdesk", "--plain")


class Heard:
    """A speaker and what it said, line by line."""

    def __init__(self) -> None:
        self.text = ""
        self.speaker = Speaker(self._say, self._echo, "^L")

    def _say(self, line: str) -> None:
        self.text += f"{line}\n"

    def _echo(self, text: str) -> None:
        self.text += text

    def after(self, *scenes: Scene) -> list[str]:
        """Show these one after the other, and return what was said of the last."""
        for scene in scenes:
            self.text = ""
            self.speaker.look(scene)
        return self.text.splitlines()


def scene(**values: object) -> Scene:
    usual: dict[str, object] = {
        "screen": 1,
        "title": "Tickets",
        "focus": 1,
        "here": "",
        "typed": None,
        "choices": (),
        "listed": False,
        "lined": False,
        "lines": (),
    }
    return Scene(**{**usual, **values})  # type: ignore[arg-type]


def test_a_list_is_told_by_its_place_and_the_row_of_the_cursor() -> None:
    first = scene(listed=True, here="#1, no paper", lines=("#1 no paper", "#2 no ink"))
    second = scene(listed=True, here="#2, no ink", lines=("#1 no paper", "#2 no ink"))
    assert Heard().after(first) == ["Tickets", "#1, no paper"]
    assert Heard().after(first, second) == ["#2, no ink"]
    assert Heard().after(first, first) == []


def test_a_page_is_read_from_the_top_and_then_only_what_is_new() -> None:
    first, then = scene(lines=("Dear desk,", "it burns.")), scene(lines=("it burns.", "Please hurry."))
    assert Heard().after(first) == ["Tickets", "Dear desk,", "it burns."]
    assert Heard().after(first, then) == ["Please hurry."]


def test_what_is_typed_is_echoed_and_what_is_taken_away_tells_the_line() -> None:
    def typed(*texts: str) -> list[str]:
        return Heard().after(*(scene(typed=text, here=f"Name {text}") for text in texts))

    assert typed("", "a") == ["a"]
    assert typed("pper", "paper") == ["a"]
    assert typed("paper", "pape") == ["pape"]
    assert typed("a", "") == ["empty"]


def test_who_types_hears_of_what_is_wrong_and_of_nothing_else() -> None:
    before = scene(typed="x", lines=("New mailbox",))
    after = scene(typed="xy", lines=("New mailbox modified", "! Address is no mail address"))
    assert Heard().after(before, after) == ["y", "! Address is no mail address"]


def test_a_text_says_which_line_the_cursor_comes_to() -> None:
    first = scene(lined=True, here="line 1", typed="Hello")
    assert Heard().after(first, scene(lined=True, here="line 2", typed="Bye")) == ["line 2", "Bye"]


def test_a_menu_says_all_it_offers_once() -> None:
    opened = scene(
        screen=2, title="State", choices=("n  new", "o  open"), here="n  new", lines=("n new", "o open")
    )
    assert Heard().after(opened) == ["State", "n  new", "o  open", "n  new"]
    moved = scene(screen=2, title="State", choices=("n  new", "o  open"), here="o  open", lines=(">o open",))
    assert Heard().after(opened, moved) == ["o  open"]


def test_a_flood_is_cut_and_says_so() -> None:
    said = Heard().after(scene(lines=tuple(map(str, range(MOST + 5)))))
    assert (len(said), said[-1]) == (MOST + 2, "5 more lines, ^L reads all")


def heard(terminal: Terminal, text: str) -> str:
    """Wait until a line was written, and return all that was."""
    for _ in range(900):
        said = bytes(terminal.sent).decode()
        if text in said:
            return said
        terminal.pump()
    raise AssertionError(f"{text!r} was never said:\n{bytes(terminal.sent).decode()}")


def test_a_ticket_is_found_read_and_answered_by_ear(desk: Desk) -> None:
    """On the poorest terminal there is, of forty columns."""
    with Terminal(desk.paths.home, 40, 10, {"TERM": "dumb"}, program=PROGRAM) as terminal:
        heard(terminal, "#1042, VPN drops every 30 min since the 9.2 upgrade, from Ana Prado")
        terminal.press("j")
        row = next(line for line in heard(terminal, "#1041, ").splitlines() if line.startswith("#1041, "))
        assert "unread, high" in row
        terminal.press("enter")
        heard(terminal, "This is about: Printer 3F-west")
        terminal.press("r")
        heard(terminal, "To Jo Lindqvist <jo.l@corp.example>")
        terminal.type("Dear Jo")
        heard(terminal, "Dear Jo")
        terminal.press("ctrl+s")
        heard(terminal, "nothing is sent before y")
        terminal.press("y")
        said = heard(terminal, "The reply to #1041 leaves in")
        assert said.count("leaves in") == 1
        terminal.press("ctrl+q")
        while terminal.pump():
            pass
        said = bytes(terminal.sent).decode()
    assert set(re.findall(r"\x1b[^\r\n]{0,7}", said)) <= {"\x1b[?2004h", "\x1b[?2004l"}
    assert said.translate(DRAWN) == said
    assert "Dear Jo" in detail.show("1041").messages[-1].text


@pytest.mark.parametrize("words", [("--plain", "ticket", "list"), ("--plain", "--fetch-once")])
def test_it_is_a_way_to_show_the_app_and_of_no_verb(desk: Desk, words: tuple[str, ...]) -> None:
    done = Program(desk.paths.home)(*words)
    assert done.status == 2
    assert "--plain is of the app" in done.err
