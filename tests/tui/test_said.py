"""What was said can be read again; how a fetch ended that was asked for is said."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest

from desk.admin.nouns import NOUNS
from desk.admin.table import Noun
from desk.errors import Refused
from desk.fetching import runs
from desk.home import Desk
from desk.mailboxes import health
from models.mailboxes import Mailbox
from models.transactions import DatabaseFailed
from tests.support.frames import NOW
from tests.support.rows import every_row
from tests.tui.screen import SMALL_AND_LARGE, at_every_size, until
from tui.app import NightdeskApp
from tui.key_names import USUAL, Keys
from tui.text.ways import in_the_app


async def test_what_was_said_is_read_again_whole(app: NightdeskApp, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "user0@example.test has no outgoing account and there is no default one: " + "say which " * 12
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        with monkeypatch.context() as failing:
            for words in ("the first", "the first", "another"):
                look = Mock(side_effect=Refused(words))
                failing.setattr(app, "_look", look)
                while not look.called:
                    await app._watch()
            await pilot.press("j", "k")  # which takes the flash away
            await until(pilot, "the desk DOES NOT ANSWER!")
        assert [flash.text for _, flash in app.said] == ["the first", "another"], "each once"
        await until(pilot, "The desk answers again")
        await pilot.press("j", "k")
        assert "DOES NOT ANSWER" not in await until(pilot, "mail OK")
        app.flash(long, "error")
        await until(pilot, "  F9 all")
        app.flash_error(DatabaseFailed("database is locked"))
        app.flash("the second", "info")
        async for _ in at_every_size(pilot):
            await pilot.press("f9")
            text = await until(pilot, "What was said")
            assert text.index("the second") < text.index("!! user0@example.test")
            assert " ".join(text.split()).count("say which") == 12
            assert "!! the database is locked by another program - try again" in text
            await pilot.press("escape")
            await until(pilot, "#1042")


@pytest.mark.parametrize("seconds", [3, -3])
@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_the_end_of_a_fetch_that_was_asked_for_is_told(
    app: NightdeskApp, desk: Desk, size: str, seconds: int
) -> None:
    """Also by a worker whose clock is behind the app's, or that was done before the app had said so."""
    async with app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        await until(pilot, "Lisbon office")
        await until(pilot, "mail OK")
        await pilot.press("ctrl+r")
        await until(pilot, "Fetching 1 mailbox now")
        mailbox_id = Mailbox.get().id
        runs.begin(mailbox_id)
        health.record_success(mailbox_id, 2, NOW + timedelta(seconds=seconds))
        runs.finish(mailbox_id, {"fetched": 2, "tickets": 2, "errors": []}, failed=False)
        app._tick()
        assert "Fetching 1 mailbox" not in await until(pilot, "Fetched: 2 new mails")


async def test_a_fetch_that_was_asked_for_tells_of_the_mail_of_all_mailboxes(
    app: NightdeskApp, desk: Desk
) -> None:
    """Not only of the one that was done last."""
    other = Mailbox.create(address="net@corp.example", host="mail.corp.example", created=NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("ctrl+r")
        await until(pilot, "Fetching 2 mailboxes now")
        for mailbox_id, mails in ((Mailbox.get().id, 2), (other.id, 0)):
            runs.begin(mailbox_id)
            health.record_success(mailbox_id, mails, NOW + timedelta(seconds=mailbox_id))
            runs.finish(mailbox_id, {"fetched": mails, "tickets": mails, "errors": []}, failed=False)
        app._tick()
        await until(pilot, "Fetched: 2 new mails")


@every_row(
    ("hint", "way"),
    [
        ("nightdesk agent list", "see Agents in Admin (9)"),
        ("use one of a, b; nightdesk sla add", "use one of a, b; add one under SLAs in Admin (9)"),
        (
            "ask the admin: nightdesk agent edit ana --active",
            "ask the admin: change ana under Agents in Admin (9)",
        ),
        (
            "name another agent, or nightdesk agent edit LOGIN --in DEPARTMENT=ROLE",
            "name another agent, or change it under Agents in Admin (9)",
        ),
        ("nightdesk canned edit 'Two words'", "change 'Two words' under Canned answers in Admin (9)"),
        ("nightdesk department edit 'A' --assignable anyone", "change 'A' under Departments in Admin (9)"),
        ("nightdesk mailbox edit a@b.example --oauth2 google|other --client-id ID", None),
        ("nightdesk mailbox list shows which do", "Mailboxes (2) shows which do"),
        ("nightdesk ticket reopen 1042", "Shift reopens it"),
        ("nightdesk ticket time NUMBER stop", "M, then stop"),
        ("nightdesk ticket deny 1 leaves them out, and all", "U in the thread leaves them out, and all"),
        ("nightdesk ticket list 'state:new,open'", "g finds tickets"),
        ("nightdesk doctor shows what is damaged", "nightdesk doctor shows what is damaged"),
        ("did you mean ana?", "did you mean ana?"),
    ],
)
def test_a_hint_names_a_key_or_a_place_where_the_app_has_one(hint: str, way: str | None) -> None:
    key = Keys({"ticket.reopen": "Shift"})
    assert in_the_app(hint, key) == (way or "change a@b.example under Mailboxes (2)")


@every_row("noun", NOUNS)
def test_what_admins_edit_is_called_as_its_list(noun: Noun) -> None:
    named = {"text": "template", "filter": ""}.get(noun.name, noun.name)
    assert not named or in_the_app(f"nightdesk {named} list", USUAL) == f"see {noun.title} in Admin (9)"
