"""What was once wrong at one size of a terminal is right at each, and stays so while it is resized."""

from __future__ import annotations

from typing import Any

import pytest

from desk.home import Desk
from desk.permissions import Actor
from models.messages import Message
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.tui.mailbox_form import fill, opened
from tests.tui.screen import at_every_size, screen_text, settled, until
from tui.app import NightdeskApp
from tui.screens.mailboxes.help import FIELD_HELP
from tui.text.tickets import folded_words
from tui.widgets.entry import Entry


def written(number: str, **values: Any) -> None:
    """A message that came into a ticket while somebody looks at it."""
    Message.create(
        **{
            "ticket": Ticket.get(Ticket.number == number),
            "kind": "customer",
            "sender_name": "Ana Prado",
            "sender_email": "ana@corp.example",
            "created": NOW,
            "text": "It is SOLVED, forget it",
            **values,
        }
    )


async def test_what_came_while_one_wrote_is_read_before_it_leaves(app: NightdeskApp, actor: Actor) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("r")
        await until(pilot, "Mode: reply")
        app.screen.query_one("#body").text = "Try 9.3."  # type: ignore[attr-defined]
        written("1042")
        await pilot.press("ctrl+s")
        await until(pilot, "nothing is sent before y")
        async for _ in at_every_size(pilot):
            await until(pilot, "Ana Prado wrote")
            await until(pilot, "SOLVED")


async def test_only_a_message_of_others_is_told_as_new_and_a_signature_is_no_quote(
    app: NightdeskApp, actor: Actor
) -> None:
    text = "Thanks!\n\nOn Tue 09:31, ana wrote:\n> Upgrade.\n> To 9.2.\n\n-- \nAna Prado\nLisbon\nPhone 1"
    folds = [(text.index("On Tue"), text.index("-- ")), (text.index("-- "), len(text))]
    Message.update(text=text, folds=folds).where(Message.message_id == "<3@c>").execute()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "[signature: ")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        written("1042", kind="reply", agent=actor.agent_id, sender_name="Ana Admin", text="Mine")
        app.screen.desk_changed()  # type: ignore[attr-defined]
        await until(pilot, "/5")
        await settled(pilot)
        async for _ in at_every_size(pilot):
            await until(pilot, "[quoted text: 3 lines")
            shown = await until(pilot, "[signature: 4 lines")
            assert "A new message came" not in shown
            assert "Phone 1" not in shown


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("> one\n> two", "quoted text"),
        ("On Tue, ana wrote:\n> one", "quoted text"),
        ("From: Ana\nSent: Tuesday\nSubject: VPN\n\nHello", "quoted text"),
        ("-- \nAna Prado\nLisbon", "signature"),
        ("--\nAna", "signature"),
        ("Sent from my iPhone", "signature"),
        ("-- \nAna\n\nOn Tue, bo wrote:\n> one", "signature and quoted text"),
        ("> one\n\n-- \nAna", "quoted text and signature"),
        ("> -- \n> Bo", "quoted text"),
    ],
)
def test_what_is_folded_is_called_what_it_is(part: str, words: str) -> None:
    assert folded_words(part) == words


async def test_the_help_of_a_field_stays_whatever_is_wrong_elsewhere(
    empty_app: NightdeskApp, empty_desk: Desk
) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No mailbox yet")
        await pilot.press("2")
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc", batch="x")
        screen.query_one("#f-name", Entry).focus()
        async for _ in at_every_size(pilot):
            shown = screen_text(empty_app)
            assert FIELD_HELP["name"] in shown
