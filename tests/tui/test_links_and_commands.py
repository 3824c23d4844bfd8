"""Links are seen for what they are; messages are piped; programs of one's own run by a key."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from desk.home import Desk
from desk.tickets import detail
from desk.user_commands import file, places
from models.messages import Message
from tests.tui.scenes import open_thread
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_gone
from tui.app import NightdeskApp
from tui.key_conflicts import conflicts
from tui.terminal import opening

LINKS = (
    "Please log in at https://c0rp.example/vpn?token=1 (or https://corp.example/vpn),\n"
    "see https://xn--80ak6aa92e.example/ and https://wiki.corp.example/a_(b).\n"
)


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app begin what waits for the first paint."""
    monkeypatch.setattr(NightdeskApp, "on_ready", NightdeskApp.first_painted, raising=False)


def with_links() -> None:
    Message.update(text=LINKS).where(Message.message_id == "<4@c>").execute()
    newest = Message.select().order_by(Message.id.desc()).get()
    Message.update(text=LINKS, kind="customer").where(Message.id == newest.id).execute()


async def begin_reading(pilot: Pilot[int]) -> None:
    await until(pilot, "#1042")
    await pilot.press("enter")
    await until(pilot, "msg 4/4")


async def to_links(pilot: Pilot[int]) -> str:
    await begin_reading(pilot)
    await until(pilot, "Please log in")
    await pilot.press("l")
    return await until(pilot, "links of this message")


@pytest.mark.parametrize("size", SIZES)
async def test_links_are_listed_with_what_speaks_against_them(app: NightdeskApp, size: str) -> None:
    with_links()
    async with app.run_test(size=SIZES[size]) as pilot:
        await to_links(pilot)
        await until(pilot, "it looks like corp.example, and is another")
        await until(pilot, "mail 1 OK" if size == "120x40" else "mail")
        await settled(pilot)
        same_as_before(screen_text(app), f"links-{size}")


async def test_a_doubtful_link_is_asked_about_and_an_honest_one_opened(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def take(url: str) -> str:
        given.append(url)
        return ""

    monkeypatch.setattr(opening, "refusal", lambda _environ: None)
    monkeypatch.setattr(opening, "open_address", take)
    with_links()
    async with app.run_test(size=(100, 30)) as pilot:
        await to_links(pilot)
        await pilot.press("enter")
        await until(pilot, "all the same?")
        await pilot.press("n")
        await until_gone(pilot, "all the same?")
        assert given == []
        await pilot.press("2", "enter")
        await until(pilot, "Opened corp.example")
        assert given == ["https://corp.example/vpn"]
        await pilot.press("G", "k", "y")
        await until(pilot, "https://xn--80ak6aa92e.example/")
        await until(pilot, ">[3]")
        await pilot.press("escape")
        await until_gone(pilot, "links of this message")


async def test_over_ssh_and_in_restricted_mode_nothing_is_opened(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    monkeypatch.setattr(opening, "open_address", lambda _url: pytest.fail("opened"))
    with_links()
    async with app.run_test(size=(120, 40)) as pilot:
        await to_links(pilot)
        await pilot.press("2", "enter")
        await until(pilot, "would open on the desk's machine")
        app.restricted = True
        await pilot.press("enter")
        await until(pilot, "off in restricted mode")


async def test_only_links_without_a_doubt_are_for_the_terminal_to_open(app: NightdeskApp) -> None:
    with_links()
    async with app.run_test(size=(120, 40)) as pilot:
        await to_links(pilot)
        await settled(pilot)
        strips = app.screen._compositor.render_strips()
        found = {segment.style.link for strip in strips for segment in strip if segment.style}
        assert found - {None} == {"https://corp.example/vpn", "https://wiki.corp.example/a_(b)"}


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"SSH_TTY": "/dev/pts/1", "DISPLAY": ":0"}, "would open on the desk's machine"),
        ({}, "there is no desktop"),
    ],
)
def test_where_no_browser_is_near_it_says_so(environ: dict[str, str], said: str) -> None:
    assert said in (opening.refusal(environ) or "")


async def test_a_message_without_links_says_so(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
        await pilot.press("l")
        await until(pilot, "This message has no links")


async def test_a_message_is_piped_and_what_came_of_it_kept(app: NightdeskApp) -> None:
    with_links()
    async with app.run_test(size=(100, 30)) as pilot:
        await begin_reading(pilot)
        await pilot.press("vertical_line", "m")
        await until(pilot, "Pipe the message to:")
        await pilot.press(*"grep -c corp; exit 3", "enter")
        text = await until(pilot, "exit status 3")
        assert "\n 2" in text
        await pilot.press("i")
        await until(pilot, "Kept as a note of #1042")
        assert "exit status 3" in detail.show("1042").messages[-1].text
        await pilot.press("i")
        await until(pilot, "it is kept already")
        await pilot.press("escape")
        await until(pilot, "msg ")


async def test_a_file_is_piped(app: NightdeskApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await open_thread(pilot)
        await pilot.press("o")
        await until(pilot, "Files of this message")
        await pilot.press("vertical_line")
        await until(pilot, "Pipe to:")
        await pilot.press(*"wc -l", "enter")
        await until(pilot, "exit status 0")


async def test_a_command_that_runs_is_stopped_by_leaving(app: NightdeskApp, tmp_path: Path) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await open_thread(pilot)
        await pilot.press("vertical_line", "t")
        await until(pilot, "Pipe the thread to:")
        await pilot.press(*"sleep 600", "enter")
        await until(pilot, "runs; Esc stops it")
        await pilot.press("escape")
        await until(pilot, "msg 4/4")


async def test_restricted_mode_pipes_nothing_and_hints_at_no_such_key(
    app: NightdeskApp, tmp_path: Path
) -> None:
    app.restricted, app.files_directory = True, tmp_path / "kept"
    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
        await pilot.press("vertical_line")
        await until(pilot, "Pipe: off in restricted mode")
        await pilot.press("o")
        await until(pilot, "v view")
        await settled(pilot)
        assert "pipe  A" not in screen_text(app)
        await pilot.press("enter")
        await until(pilot, "On your side: ssh HOST attachment get")
        assert [file.name for file in (tmp_path / "kept").iterdir()] == ["charon.log"]


def write_commands(desk: Desk, text: str) -> None:
    path = desk.paths.config_file.parent / places.NAME
    path.write_text(text.replace("PYTHON", sys.executable), encoding="utf-8")
    path.chmod(0o600)


COMMANDS = """
[[command]]
name = "Whose is it"
key = "f12"
argv = ["PYTHON", "-c", "import sys; print('it is of', sys.argv[1])", "{requester_email}"]

[[command]]
name = "Only printers"
key = "F"
if = "tag:printer"
argv = ["PYTHON", "-c", "print('paper')"]

[[command]]
name = "Counted"
key = "ctrl+t"
where = ["thread"]
output = "line"
note = "always"
ask = "Count it?"
argv = ["PYTHON", "-c", "import json, sys; print(len(json.load(sys.stdin)['messages']), 'messages')"]

[[command]]
name = "Taken"
key = "r"
argv = ["PYTHON", "-c", "print('never')"]
"""


async def test_commands_run_by_their_keys_from_list_and_thread(app: NightdeskApp, desk: Desk) -> None:
    write_commands(desk, COMMANDS)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Taken: r in the list is 'Reply' already")
        await until(pilot, "Lisbon office")
        while not app.user_commands.commands:
            await pilot.pause(0.02)
        await pilot.press("f12")
        await until(pilot, "it is of ana@corp.example")
        await pilot.press("escape")
        await until(pilot, "Lisbon office")
        await pilot.press("F")
        await until(pilot, "#1042 does not fit Only printers")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("ctrl+t")
        await until(pilot, "Count it? (#1042)")
        await pilot.press("y")
        text = await until(pilot, "2 notes")
        assert "y yes" not in text, "the footer is the thread's again"
        assert "4 messages" in detail.show("1042").messages[-1].text
        await pilot.press("r")
        await until(pilot, "Reply to #1042")


@pytest.mark.parametrize("size", SIZES)
async def test_those_that_fit_are_offered(app: NightdeskApp, desk: Desk, size: str) -> None:
    write_commands(desk, COMMANDS)
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        while not app.user_commands.commands:
            await pilot.pause(0.02)
        await pilot.press("ampersand")
        text = await until(pilot, "Run on #1042")
        assert "Whose is it" in text
        assert "Only printers" not in text
        assert "Counted" not in text
        await pilot.press("w")
        await until(pilot, "it is of ana@corp.example")
        await until(pilot, "exit status 0")


async def test_without_any_the_key_says_where_to_begin(app: NightdeskApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("ampersand")
        await until(pilot, "docs/user-commands.md says how to make one")


async def test_a_broken_file_is_told_and_the_app_runs(app: NightdeskApp, desk: Desk) -> None:
    write_commands(desk, "[[command]]\nname = 3\n")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "User commands: ")


def test_keys_that_are_taken_are_told() -> None:
    found = file.read(
        COMMANDS
        + "[[command]]\nname = 'Twice'\nkey = 'f12'\nwhere = ['list']\nargv = ['x']\n"
        + "[[command]]\nname = 'Odd'\nkey = 'hyper+*'\nargv = ['x']\n"
        + "[[command]]\nname = 'Down'\nkey = 'j'\nargv = ['x']\n"
        + "[[command]]\nname = 'Quit'\nkey = 'ctrl+q'\nargv = ['x']\n",
        "commands.toml",
    )
    said = conflicts(found.commands, NightdeskApp)
    assert "Taken: r in the list is 'Reply' already" in said
    assert "Taken: r in the thread is 'Reply' already" in said
    assert "Twice: F12 in the list is 'Whose is it' already" in said
    assert "Odd: there is no key 'hyper+*'" in said
    assert any(each.startswith("Down: j in the list") for each in said)
    assert any(each.startswith("Quit: ^Q in the thread") for each in said)
    assert not any(each.startswith(("Whose", "Only", "Counted")) for each in said)
