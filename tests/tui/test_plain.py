"""--plain: for who listens or reads a braille line. Plain lines tell what changed; nothing is painted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from desk import canned_answers, statuses
from desk.admin.nouns import NOUNS
from desk.home import Desk
from desk.tickets import detail
from models.messages import Message
from tests.support.program import Program
from tests.tui.admin_walk import go_to, open_form
from tests.tui.screen import settled, until, until_true
from tests.tui.terminal import Terminal
from tui.app import NightdeskApp
from tui.plain.scene import DRAWN, Scene, look, whole
from tui.plain.speaker import MOST, Speaker
from tui.screens.admin.screen import AdminScreen

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


def test_another_list_is_named_before_its_row_and_a_field_is_explained_behind_it() -> None:
    agents, teams = (
        scene(listed=True, place="Agents", here="bo"),
        scene(listed=True, place="Teams", here="noc"),
    )
    assert Heard().after(agents, teams) == ["Teams", "noc"]
    name = scene(focus=1, here="Name", typed="", help="What it is called.")
    domains = scene(focus=2, here="Domains", typed="", help="With commas.")
    assert Heard().after(name, domains) == ["Domains", "With commas."]
    assert Heard().after(name, domains, replace(domains, typed="a")) == ["a"]


NEWER = ("recurring", "field", "status", "team", "notification", "text", "sla", "organization")


async def test_lists_and_forms_of_what_admins_edit_lose_nothing(app: NightdeskApp) -> None:
    """What stands there is said with its name, and of each field what it means."""
    statuses.add_status(app.actor, "On hold", state="waiting", active=False)
    async with app.run_test(size=(99, 48)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("9")
        for noun in (each for each in NOUNS if each.name in NEWER):
            await go_to(pilot, noun.title)
            heard = Heard()
            said = heard.after(look(app))
            assert noun.title in said
            if noun.name == "status":
                assert said[-1] == "On hold, State waiting, Order 100, In use no"
            await open_form(pilot, "n")
            told = heard.after(look(app))
            for _ in noun.asked(new=True):
                await pilot.press("tab")
                await settled(pilot)
                told += heard.after(look(app))
            for field in noun.asked(new=True):
                assert any(field.label in line for line in told), field.label
                assert " ".join(field.help.split()) in told, field.help
            await pilot.press("escape")
            await until_true(pilot, lambda: isinstance(app.screen, AdminScreen))


async def test_every_cursor_says_what_it_comes_to(app: NightdeskApp) -> None:
    """Also those of screens that are no lists: files, links, columns, numbers, canned answers."""
    app.plain = True
    actor = app.actor
    for name in ("Hello", "Rebooting"):
        canned_answers.add(actor, name, f"{name} all.")
    newest = Message.select().order_by(Message.id.desc()).get()
    Message.update(text="https://corp.example/a or https://other.example/b", kind="customer").where(
        Message.id == newest.id
    ).execute()
    walk: tuple[tuple[tuple[str, ...], str, str], ...] = (
        (("C",), "number, shown, 5 cells, 1 of 17", "priority, shown, 2 cells, 2 of 17"),
        (("escape", "4"), "Customers who wait: under 4 h, ", "Customers who wait: 4 h to 1 day, "),
        (("1", "enter", "l"), "1, corp.example, https://corp.example/a", "2, other.example, https://other"),
        (("escape", "o"), "charon.log, ", "the mail itself (.eml), "),
        (("escape", "r", "ctrl+t"), "Hello: Hello all.", "Rebooting: Rebooting all."),
    )
    async with app.run_test(size=(99, 48)) as pilot:
        await until(pilot, "#1042")
        for keys, first, second in walk:
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            heard = Heard()
            assert any(each.startswith(first) for each in heard.after(look(app))), heard.text
            await pilot.press("down")
            await settled(pilot)
            said = heard.after(look(app))
            assert [each for each in said if not each.startswith(second)] == [], first
            assert said, first
            if first.startswith("Customers"):
                assert not any("##" in each or "Needs attention" in each[1:] for each in whole(app))


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
