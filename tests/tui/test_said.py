"""What was said can be read again; how a fetch ended that was asked for is said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from desk.fetching import runs
from desk.home import Desk
from desk.mailboxes import health
from models.mailboxes import Mailbox
from tests.support.frames import NOW
from tests.tui.screen import SMALL_AND_LARGE, at_every_size, until
from tui.app import NightdeskApp


async def test_what_was_said_is_read_again_whole(app: NightdeskApp) -> None:
    long = "user0@example.test has no outgoing account and there is no default one: " + "say which " * 12
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        app.flash(long, "error")
        await until(pilot, "  F9 all")
        app.flash("the second", "info")
        async for _ in at_every_size(pilot):
            await pilot.press("f9")
            text = await until(pilot, "What was said")
            assert text.index("the second") < text.index("!! user0@example.test")
            assert " ".join(text.split()).count("say which") == 12
            await pilot.press("escape")
            await until(pilot, "#1042")


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_the_end_of_a_fetch_that_was_asked_for_is_told(
    app: NightdeskApp, desk: Desk, size: str
) -> None:
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "mail OK")
        await pilot.press("ctrl+r")
        await until(pilot, "Fetching 1 mailbox now")
        mailbox_id = Mailbox.get().id
        runs.begin(mailbox_id)
        health.record_success(mailbox_id, 2, NOW + timedelta(seconds=3))
        runs.finish(mailbox_id, {"fetched": 2, "tickets": 2, "errors": []}, failed=False)
        app._tick()
        assert "Fetching 1 mailbox" not in await until(pilot, "Fetched: 2 new mails")
