"""The outbox on the screen: a state for each recipient, retry and cancel by one key."""

from __future__ import annotations

import pytest

from desk.errors import NotFound, Refused
from desk.outbox import deliveries
from tests.tui.scenes import HOSTILE, mail_out, stop_clock
from tests.tui.screen import SIZES, SMALL_AND_LARGE, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def mails() -> dict[str, int]:
    """One mail that half arrived, one refused, one that may have arrived."""
    return {
        "deferred": mail_out(
            "1042",
            ana=("sent", "250 2.0.0 Ok: queued as 4Fh2k1"),
            jo=("deferred", "451 4.7.1 greylisted"),
        ),
        "failed": mail_out("1036", nguyen=("failed", "550 5.1.1 no such user")),
        "uncertain": mail_out("1038", okafor=("uncertain", "the line broke after the mail was handed over")),
    }


@pytest.mark.parametrize("size", SIZES)
async def test_every_recipient_that_waits_or_failed_has_its_line(app: NightdeskApp, size: str) -> None:
    mails()
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "#1042")
        await app.run_command("app.outbox")
        text = await until(pilot, "okafor@corp.example")
        await until(pilot, "server said: the line broke")
        await settled(pilot)
        assert "ana@corp.example" not in text
        assert "1 deferred, 1 failed, 1 uncertain" in screen_text(app)
        same_as_before(screen_text(app), f"outbox-{size}")


async def test_r_tries_again_now_and_asks_before_a_mail_may_arrive_twice(app: NightdeskApp) -> None:
    ids = mails()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1042")
        await app.run_command("app.outbox")
        await until(pilot, "> uncertain")
        await pilot.press("R")
        await until(pilot, "Send again what may have arrived (1)?")
        await pilot.press("n")
        await settled(pilot)
        assert deliveries.get(ids["uncertain"])[0].state == "uncertain"
        await pilot.press("R")
        await until(pilot, "The customer may get it twice")
        await pilot.press("y")
        await until(pilot, "1 mail will be tried now")
        assert deliveries.get(ids["uncertain"])[0].state == "queued"


async def test_marked_mails_are_given_up_together_after_a_question(app: NightdeskApp) -> None:
    ids = mails()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1042")
        await app.run_command("app.outbox")
        await until(pilot, "> uncertain")
        await pilot.press("space", "space", "c")
        await until(pilot, "Give 2 mails up?")
        await pilot.press("y")
        await until(pilot, "2 mails given up")
        assert deliveries.get(ids["uncertain"])[0].state == "cancelled"
        assert deliveries.get(ids["failed"])[0].state == "cancelled"
        assert [view.state for view in deliveries.get(ids["deferred"])] == ["sent", "deferred"]


async def test_marked_mail_that_a_colleague_gave_up_meanwhile_is_named_and_the_others_are_done(
    app: NightdeskApp,
) -> None:
    ids = mails()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "#1042")
        await app.run_command("app.outbox")
        await until(pilot, "> uncertain")
        await pilot.press("space", "space", "c")
        await until(pilot, "Give 2 mails up?")
        deliveries.cancel(app.actor, [ids["failed"]])
        await pilot.press("y")
        await until(pilot, f"1 mail given up; mail {ids['failed']} left already, or was cancelled")
        assert deliveries.get(ids["uncertain"])[0].state == "cancelled"


async def test_correcting_an_address_sends_nothing_that_a_colleague_gave_up_meanwhile(
    app: NightdeskApp,
) -> None:
    ids = mails()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "2!")
        await pilot.press("6")
        await until(pilot, "> uncertain")
        await pilot.press("j")
        await until(pilot, "> failed")
        await pilot.press("e")
        await until(pilot, "Correct address: nguyen@corp.example")
        deliveries.cancel(app.actor, [ids["failed"]])
        await pilot.press("ctrl+a", "ctrl+k", *"t.nguyen@corp.example", "enter")
        await until(pilot, "was given up meanwhile")
    (view,) = deliveries.get(ids["failed"])
    assert (view.to, view.state) == ("nguyen@corp.example", "cancelled")


async def test_v_shows_what_was_sent_and_q_goes_back(app: NightdeskApp) -> None:
    mails()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1042")
        await app.run_command("app.outbox")
        await until(pilot, "> uncertain")
        await pilot.press("v")
        await until(pilot, "may have arrived")
        await pilot.press("G", "up", "enter")
        await settled(pilot)
        await until(pilot, "ana@corp.example")
        await pilot.press("q")
        await until(pilot, "[1]Tickets")


async def test_hostile_server_words_are_shown_as_text(app: NightdeskApp) -> None:
    mail_out("1042", ana=("failed", HOSTILE))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "#1042")
        await app.run_command("app.outbox")
        text = await until(pilot, "[@click=app.quit]x[/]")
        assert not any(character in text for character in "\x1b\x07\x9b\u202e\u200b")


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_wrong_address_is_corrected_and_the_mail_goes_there(app: NightdeskApp, size: str) -> None:
    ids = mails()
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "2!")  # a failed one and an uncertain one
        await pilot.press("6")
        await until(pilot, "> uncertain")
        await pilot.press("j")
        await until(pilot, "> failed")
        await pilot.press("e")
        await until(pilot, "Correct address: nguyen@corp.example")
        await pilot.press("ctrl+a", "ctrl+k", *"no address", "enter")
        await until(pilot, "is no mail address")
        await pilot.press("e", "ctrl+a", "ctrl+k", *"t.nguyen@corp.example", "enter")
        await until(pilot, "It goes to t.nguyen@corp.example now")
    (view,) = deliveries.get(ids["failed"])
    assert (view.to, view.state) == ("t.nguyen@corp.example", "queued")
    (untouched,) = deliveries.get(ids["uncertain"])
    assert untouched.state == "uncertain"


def test_only_an_address_that_was_not_served_is_corrected(app: NightdeskApp) -> None:
    ids = mails()
    with pytest.raises(Refused):
        deliveries.correct(app.actor, ids["deferred"], "ana@corp.example", "new@corp.example")
    with pytest.raises(Refused):
        deliveries.correct(app.actor, ids["deferred"], "jo@corp.example", "ana@corp.example")
    with pytest.raises(NotFound):
        deliveries.correct(app.actor, 999, "jo@corp.example", "x@corp.example")
    assert [view.state for view in deliveries.get(ids["deferred"])] == ["sent", "deferred"]
