"""Thread: reading a ticket."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp


@pytest.mark.parametrize("size", SIZES)
async def test_the_thread_looks_like_its_frame(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "mail OK")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await until(pilot, "mail")
        await settled(pilot)
        same_as_before(screen_text(app), f"thread-{size}")


async def test_quoted_text_is_folded_and_q_shows_it(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "[quoted text: 2 lines, Q to show]")
        await pilot.press("Q")
        await until(pilot, "> Please upgrade the client to 9.2 and tell us.")
        await pilot.press("Q")
        await until(pilot, "[quoted text: 2 lines, Q to show]")


async def test_j_and_k_in_capitals_walk_the_messages(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("K")
        await until(pilot, "msg 3/4")
        await pilot.press("K", "K", "K")
        await until(pilot, "msg 1/4")
        await pilot.press("J")
        await until(pilot, "msg 2/4")


async def test_braces_go_to_the_neighbours_of_the_list(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("right_curly_bracket")
        await until(pilot, "#1041  Printer 3F-west")
        await pilot.press("left_curly_bracket")
        await until(pilot, "#1042  VPN drops")


async def test_reading_a_ticket_takes_its_n_away(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, ">N  #1042")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("q")
        await until(pilot, ">   #1042")


async def test_find_goes_to_the_words_and_says_how_many(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("slash", *"porto", "enter")
        await until(pilot, "match 1 of 1")
        await pilot.press("slash", *"zzz", "enter")
        await until(pilot, "is not in this thread")


async def test_an_attachment_is_saved_where_it_was_asked_with_a_safe_name(
    app: NightdeskApp, own_home: Path
) -> None:
    from models.tickets import Attachment

    Attachment.update(name="../../.ssh/authorized_keys").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("o")
        await until(pilot, "Files of this message")
        await pilot.press("enter")
        await until(pilot, "Save in:")
        await pilot.press(*"saved", "enter")
        await until(pilot, "Saved")
    assert [path.name for path in own_home.rglob("*keys*")] == ["authorized_keys"]


async def test_a_mail_that_comes_while_reading_is_told_and_moves_nobody(
    app: NightdeskApp,
) -> None:
    from models.tickets import Message, Ticket
    from tests.tui.conftest import NOW

    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        Message.create(
            ticket=Ticket.get(Ticket.number == "1042"),
            kind="customer",
            sender_name="Ana Prado",
            sender_email="ana@corp.example",
            text="One more thing",
            created=NOW,
            message_id="<9@c>",
        )
        app.screen.desk_changed()  # type: ignore[attr-defined]
        await until(pilot, "A new message came: J goes to it")
        await until(pilot, "msg 4/5")
        await pilot.press("J")
        await until(pilot, "One more thing")


async def test_why_tells_a_note_has_no_receipt(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("K", "W")
        await until(pilot, "it has no receipt")
        await pilot.press("escape")
        await until(pilot, "msg 3/4")


async def test_copy_says_by_which_way_it_went(app: NightdeskApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("y", "a")
        await until(pilot, "OSC 52")
        assert app.clipboard == "ana@corp.example"
