"""What is there is seen: files in the app, who did what, everything once, and what is cut says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import changes, detail
from models.blobs import Blob
from models.messages import Attachment
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.tui.scenes import begin_answer, mailboxes_of_the_frame, stop_clock
from tests.tui.screen import SMALL_AND_LARGE, at_every_size, screen_text, settled, until, until_gone
from tui.app import NightdeskApp
from tui.text.times import promise, time_or_day


def attached(data: bytes) -> None:
    """Let the file of the frame hold these bytes."""
    blob = Blob.create(sha256=sha256(data).hexdigest(), size=len(data), codec="raw", data=data)
    Attachment.update(blob=blob, sha256=blob.sha256).execute()


async def test_a_file_is_read_where_it_is_listed(app: NightdeskApp) -> None:
    attached(b"10:02 the tunnel is gone\n10:03 \x1b[2Jpeer gone\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        async for _ in at_every_size(pilot):
            await until(pilot, "rekey failed")
            await pilot.press("o")
            await until(pilot, "v view")
            await pilot.press("v")
            text = await until(pilot, "10:02 the tunnel is gone")
            assert "charon.log" in text
            assert "\x1b" not in text
            await pilot.press("escape")
            await until(pilot, "Files of this message")
            await pilot.press("j")
            await until(pilot, "> the mail itself")
            await pilot.press("k", "G", "g", "v")
            await until(pilot, "10:02 the tunnel is gone")
            await pilot.press("escape")
            await until(pilot, "> charon.log")
            await pilot.press("escape")
            await settled(pilot)
            assert "Files of this message" not in screen_text(app)
        # Both lines are seen without scrolling; the next match is the next all the same.
        await pilot.press("o", "v")
        await until(pilot, "10:02 the tunnel is gone")
        await pilot.press("slash", *"gone", "enter")
        await until(pilot, "match 1 of 2")
        await pilot.press("n")
        await until(pilot, "match 2 of 2")
        await pilot.press("n")
        await until(pilot, "match 1 of 2")


async def test_words_are_found_that_were_broken_at_the_edge_and_tables_are_not(app: NightdeskApp) -> None:
    attached(b"name;says\n" + b"ana;" + b"far " * 25 + b"out\n" + b"jo;near\n")
    Attachment.update(name="list.csv").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "rekey failed")
        await pilot.press("o", "v")
        text = await until(pilot, "→ shows the rest of long lines")
        assert [row for row in text.splitlines() if row.startswith(" jo ")]
        assert "far out" not in text
        await pilot.press(*["right"] * 5)
        await until(pilot, "far out")
        await pilot.press("slash", *"ana", "enter")
        await until(pilot, "match 1 of 1")
        await until(pilot, " ana ")
        await pilot.press("w")
        await until(pilot, "far out")
        broken = [row.split()[-1] for row in screen_text(app).splitlines() if "far far" in row]
        await pilot.press("slash", "ctrl+u", *["f", "a", "r", "space"] * 20, "enter")
        await until(pilot, "match 1 of ")
        assert len(broken) > 1


async def test_a_file_without_text_says_what_it_is(app: NightdeskApp) -> None:
    attached(b"\x7fELF\0\0\0\0")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "rekey failed")
        await pilot.press("o", "v")
        await until(pilot, "This is no text")


async def test_the_activity_says_who_did_it(app: NightdeskApp, actor: Actor) -> None:
    changes.set_priority(actor, ["1042"], "low")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "Activity")
        await until(pilot, "by Ana Admin")


async def test_a_wide_screen_says_nothing_twice(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "SLA 48 min left")
        async for _ in at_every_size(pilot, ((100, 30), (120, 40), (160, 50))):
            await until(pilot, "SLA 48 min left")
            await settled(pilot)
            text = screen_text(app)
            assert text.count("SLA 48 min left") == 1
            assert text.count(" quit") <= 1


def test_what_is_left_says_whose_date_it_is() -> None:
    moment, later = datetime(2026, 11, 30, 10, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert promise(later, None, moment, closed=False) == "SLA 14 h left"
    assert promise(later, later, moment, closed=False) == "due 14 h left"
    assert promise(moment, moment, later, closed=False, short=True) == "due -14h"
    assert promise(moment, later, later, closed=False) == "SLA 14 h over"
    assert promise(moment, moment, later, closed=True) == promise(None, None, later, closed=False) == ""


async def test_the_head_of_an_answer_that_is_cut_says_so(app: NightdeskApp) -> None:
    Ticket.update(subject="a long thread about " + "printers " * 20).where(Ticket.number == "1042").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        assert "..." in screen_text(app).splitlines()[0]


async def test_what_is_wrong_with_a_mailbox_is_said_once(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desk.fetching import runs

    stop_clock(monkeypatch)
    ids = mailboxes_of_the_frame(empty_desk, actor)
    runs.begin(ids["net-ops"])
    words = "Login was refused by imap.gmail.com:993 as noc@corp.ex"
    runs.finish(ids["net-ops"], {"fetched": 0, "errors": [words]}, failed=True)
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No tickets")
        await pilot.press("2")
        await until(pilot, "net-ops")
        await pilot.press("j")
        async for _ in at_every_size(pilot):
            await until(pilot, words)
            await settled(pilot)
            assert screen_text(empty_app).count("Login was refused by") == 1


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_picture_is_drawn_where_it_is_listed(app: NightdeskApp, size: str) -> None:
    image = pytest.importorskip("PIL.Image")
    out = BytesIO()
    image.new("RGB", (64, 32), (255, 0, 0)).save(out, "PNG")
    attached(out.getvalue())
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "rekey failed")
        await pilot.press("o")
        await until(pilot, "v view")
        await pilot.press("v")
        text = await until(pilot, "\u2580" * 20)
        assert "A PNG picture, 64 x 32 pixels." in text
        await pilot.resize_terminal(60, 20)
        await until(pilot, "\u2580" * 10)


async def test_the_review_tells_its_keys_once_and_while_it_is_read_in_the_border(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"Hello", "ctrl+s")
        async for _ in at_every_size(pilot):
            await until(pilot, "y  send now")
            await until_gone(pilot, "y send  e edit")
            await pilot.press("w")
            await until(pilot, "y send  e edit")
            await pilot.press("q")
            await until(pilot, "y  send now")
            await until_gone(pilot, "y send  e edit")


async def test_a_key_is_named_only_where_it_does_that(app: NightdeskApp) -> None:
    async with app.run_test(size=(160, 50)) as pilot:
        assert "to show" not in (await until(pilot, "[quoted text: 2 lines]"))
        await pilot.press("enter")
        await until(pilot, "[quoted text: 2 lines, Q to show]")


@pytest.mark.parametrize(
    ("ago", "said"), [(0, "10:42"), (1, "Tue"), (6, "Thu"), (7, "03-11"), (299, "05-23"), (400, "2025")]
)
def test_an_event_of_another_day_does_not_look_like_one_of_today(ago: int, said: str) -> None:
    assert time_or_day(NOW - timedelta(days=ago), NOW, ZoneInfo("UTC")) == said


async def test_a_ticket_that_was_read_is_no_news_in_the_list_however_late_that_is_noted(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted, mark_seen = Event(), detail.mark_seen

    def late(actor: Actor, number: str) -> None:
        assert noted.wait(60)
        mark_seen(actor, number)

    monkeypatch.setattr(detail, "mark_seen", late)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("q")
        await until(pilot, ">N  #1042")
        noted.set()
        await until(pilot, ">   #1042")
