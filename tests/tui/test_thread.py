"""Thread: reading a ticket."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.scenes import open_thread
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


def short_thread(number: str, *, unverified: str = "") -> None:
    """A second short mail in a ticket of one, perhaps of a stranger."""
    from models.messages import Message
    from models.tickets import Ticket
    from tests.support.frames import NOW

    Message.create(
        ticket=Ticket.get(Ticket.number == number),
        kind="customer",
        sender_name="",
        sender_email=unverified or "jo.l@corp.example",
        recipients={"to": [["", "support@corp.example"]]},
        text="It prints again",
        created=NOW,
        message_id="<again@x>",
        unverified=bool(unverified),
    )


async def test_a_thread_that_fits_stands_open(app: NightdeskApp) -> None:
    short_thread("1041")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("j", "enter")
        shown = await until(pilot, "It prints again")
        assert "Please help." in shown
        assert "lines]" not in shown


async def test_the_head_of_a_mail_says_where_its_answers_go(app: NightdeskApp) -> None:
    from models.messages import Message

    people = {"to": [["", "support@corp.example"]], "reply_to": [["Carla", "carla@client.example"]]}
    short_thread("1041")
    Message.update(recipients=people, sender_name="Shop").where(Message.message_id == "<again@x>").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("j", "enter")
        assert "Shop, answers to carla@client.example" in await until(pilot, "It prints again")


async def test_an_unread_message_is_open_though_it_does_not_fit(app: NightdeskApp) -> None:
    from models.messages import Message
    from models.tickets import Seen
    from tests.support.frames import NOW

    Seen.delete().execute()
    Message.update(text="unread first\n" + "more\n" * 30).where(Message.message_id == "<1@c>").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
        await pilot.press("g")
        shown = await until(pilot, "unread first")
        assert "lines]" not in shown
    Seen.update(at=NOW).execute()
    again = NightdeskApp(app.desk, app.actor, now=lambda: NOW)
    async with again.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
        await pilot.press("g")
        await until(pilot, "unread first [31 lines]")


@pytest.mark.parametrize("size", SIZES)
async def test_unverified_mail_is_seen_and_approved_after_a_question(app: NightdeskApp, size: str) -> None:
    from desk.tickets import detail

    short_thread("1041", unverified="eve@elsewhere.example")
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("j", "enter")
        shown = await until(pilot, "1 UNVERIFIED: Y approves, U denies")
        assert "UNVERIFIED sender" in shown
        await pilot.press("U")
        await until(pilot, "Mail of eve@elsewhere.example denied")
        await settled(pilot)
        assert "UNVERIFIED" not in screen_text(app)
        await pilot.press("u")
        await until(pilot, "1 UNVERIFIED")
        await pilot.press("K", "Y")
        await until(pilot, "read it, then Y approves it")
        await pilot.press("Y")
        await until(pilot, "Is this mail really from eve@elsewhere.example?")
        await pilot.press("enter")
        await settled(pilot)
        assert detail.show("1041").messages[-1].unverified
        await pilot.press("Y")
        await until(pilot, "Is this mail really from")
        await pilot.press("y")
        await until(pilot, "Mail of eve@elsewhere.example approved")
        await settled(pilot)
        assert "UNVERIFIED" not in screen_text(app)
        assert not detail.show("1041").messages[-1].unverified
        assert "eve@elsewhere.example" in str(detail.show("1041").collaborators)


async def test_where_nothing_is_unverified_the_key_says_so(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
        await pilot.press("Y")
        await until(pilot, "no mail of this ticket is unverified")
        await pilot.press("question_mark", *"unverified")
        await until(pilot, "Accept this unverified mail as its sender's")
        await until(pilot, "Not now: no mail of this ticket is unverified")


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
        await open_thread(pilot)
        await pilot.press("K")
        await until(pilot, "msg 3/4")
        await pilot.press("K", "K", "K")
        await until(pilot, "msg 1/4")
        await pilot.press("J")
        await until(pilot, "msg 2/4")


async def test_r_on_an_older_message_answers_who_wrote_that_and_says_so_before(app: NightdeskApp) -> None:
    from models.messages import Message

    short_thread("1041")
    tom = {"sender_name": "Tom", "sender_email": "tom@corp.example"}
    assert Message.update(**tom).where(Message.text.contains("Please help.")).execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("j", "enter")
        await until(pilot, "msg 2/2")
        await pilot.press("K")
        await until(pilot, "msg 1/2")
        await pilot.press("r")
        shown = await until(pilot, "mail goes to 1 address")
        assert "tom@corp.example" in shown
        assert "jo.l@corp.example" not in shown
        assert "Please help." in shown, "the message that is answered is quoted"
        assert "It prints again" not in shown


async def test_braces_go_to_the_neighbours_of_the_list(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
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
        await open_thread(pilot)
        await pilot.press("slash", *"porto", "enter")
        await until(pilot, "match 1 of 1")
        await pilot.press("slash", *"zzz", "enter")
        await until(pilot, "is not in it")


async def test_an_attachment_is_saved_where_it_was_asked_with_a_safe_name(
    app: NightdeskApp, own_home: Path
) -> None:
    from models.messages import Attachment

    Attachment.update(name="../../.ssh/authorized_keys").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
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
    from models.messages import Message
    from models.tickets import Ticket
    from tests.support.frames import NOW

    async with app.run_test(size=(80, 24)) as pilot:
        await open_thread(pilot)
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
        await open_thread(pilot)
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


async def test_answers_between_quotes_stand_between_their_folds(app: NightdeskApp) -> None:
    from models.messages import Message

    text = (
        "Hello Ana,\n\nOn Tue 09:31, ana wrote:\n> Which client do you have?\n\n9.2, since Tuesday."
        "\n\n> Does it fail in the office?\n> Or only at home?\n\nOnly there.\n\n-- \nAna Prado\nLisbon"
    )
    folds = [(text.index("On Tue"), text.index("9.2")), (text.index("> Does"), text.index("Only there"))]
    folds.append((text.index("-- "), len(text)))
    Message.update(text=text, folds=folds).where(Message.message_id == "<3@c>").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "mail OK")
        await pilot.press("enter")
        await until(pilot, "[signature: 3 lines, Q to show]")
        await settled(pilot)
        same_as_before(screen_text(app), "thread-folds-80x24")
        await pilot.press("Q")
        await until(pilot, "> Which client do you have?")
        await settled(pilot)
        same_as_before(screen_text(app), "thread-unfolded-80x24")
