"""Spam is out of the way by one key, can be taken back, and goes after its days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

import pytest

from config.clock import now
from desk.filters import bans, senders
from desk.home import Desk
from desk.permissions import Actor
from desk.replies import reply
from desk.tickets import changes, detail, lists, merging, purging, spam, undo
from desk.tickets.lists import ListQuery
from desk.tickets.query import parse
from models import settings as setting_rows
from models.fields import utc_text
from models.transactions import transaction
from tests.support.mails import BOB, Door, mail, new_id, rows, value, without_parents, write
from tests.support.workbench import ADMIN, make_agent


@pytest.fixture
def door(desk: Desk) -> Door:
    found = Door(desk)
    found.take(mail(message_id="<a@corp.test>"))
    found.take(mail("Another thing.", subject="Second"))
    found.take(mail("Bob's.", sender=BOB, subject="Third"))
    return found


@pytest.fixture
def kim(door: Door) -> Actor:
    del door
    return make_agent("kim", ["ticket.close", "ticket.edit", "ban.edit"])


def states() -> list[str]:
    return [status for (status,) in rows("SELECT status FROM ticket ORDER BY id")]


def test_one_key_closes_it_and_undo_takes_it_back(kim: Actor) -> None:
    assert spam.mark(kim, ["1"]) == ["1"]
    assert states() == ["closed", "new", "new"]
    wanted = ListQuery("open", parse("is:spam", kim, UTC), "updated", kim)
    assert [line.number for line in lists.page(wanted)] == ["1"]
    assert lists.counts(kim)["spam"] == 1
    undo.undo_last(kim)
    assert states() == ["new", "new", "new"]
    assert value("SELECT count(*) FROM ticket WHERE spam IS NOT NULL") == 0


def test_no_spam_after_all(kim: Actor) -> None:
    spam.mark(kim, ["1"])
    assert spam.unmark(kim, ["1", "2"]) == ["1"]
    assert states()[0] == "open"
    assert [event.text for event in detail.show("1").events][-2:] == ["spam", "no spam"]


def test_it_is_purged_after_its_days_and_the_ledger_stays(door: Door) -> None:
    door.sent(1, "ana@corp.test")
    door.take(mail("More.", answers="<a@corp.test>"))
    merging.merge(ADMIN, ["2"], "1")
    changes.add_tags(ADMIN, ["1"], ["x"])
    receipts = value("SELECT count(*) FROM receipt")
    spam.mark(ADMIN, ["1"])
    assert purging.purge_spam(now() + timedelta(days=29)) == 0
    assert purging.purge_spam(now() + timedelta(days=31)) == 1
    assert rows("SELECT number FROM ticket") == [("3",)]
    assert value("SELECT count(*) FROM message") == 1
    assert value("SELECT count(*) FROM receipt") == receipts
    assert without_parents() == []
    assert purging.purge_spam(now() + timedelta(days=31)) == 0


def test_a_desk_may_keep_it(door: Door) -> None:
    del door
    spam.mark(ADMIN, ["1"])
    with transaction():
        setting_rows.store("tickets.spam_days", 0)
    assert purging.purge_spam(now() + timedelta(days=9999)) == 0


def test_ban_closes_all_that_is_open_of_theirs(kim: Actor, door: Door) -> None:
    assert senders.ban_senders(kim, ["1"]) == ["ana@corp.test"]
    assert states() == ["closed", "closed", "new"]
    assert door.receipt(mail("Me again.")).verdict == "rejected"


def test_one_undo_takes_ban_and_closing_back(kim: Actor, door: Door) -> None:
    senders.ban_senders(kim, ["1"])
    undo.undo_last(kim)
    assert states() == ["new", "new", "new"]
    assert bans.bans() == []
    assert door.take(mail("Me again.", answers="<a@corp.test>")).verdict == "reply"


def test_a_sender_whose_address_has_a_star_is_banned_alone(kim: Actor, door: Door) -> None:
    for address in ("*@corp.test", "?@[192.0.2.7]"):
        taken = door.take(mail("Buy.", sender=address, subject="New", message_id=new_id()))
        [banned] = senders.ban_senders(kim, [taken.ticket_number or ""])
        assert senders.ban_senders(kim, [taken.ticket_number or ""]) == []
        assert (
            door.take(mail("Buy.", sender=address, subject="New", message_id=new_id())).verdict == "rejected"
        )
        assert banned.replace("[*]", "*").replace("[?]", "?") == address
    for address in ("zoe@corp.test", "z@[192.0.2.7]"):
        assert door.take(mail("Hello.", sender=address, message_id=new_id())).verdict == "ticket"


def test_who_is_banned_already_has_all_closed(kim: Actor) -> None:
    bans.ban(kim, "ana@corp.test")
    assert senders.ban_senders(kim, ["1"]) == []
    assert states() == ["closed", "closed", "new"]


OF_PERSONS: dict[str, Callable[[Desk, Actor], object]] = {
    "reopened": lambda _, kim: changes.reopen(kim, ["1"]),
    "put into a state": lambda _, kim: changes.set_status(kim, ["1"], "waiting"),
    "answered": lambda desk, kim: reply.send_reply(desk, kim, "1", "It is repaired."),
}


@pytest.mark.parametrize("how", OF_PERSONS)
def test_what_somebody_works_on_is_no_spam_and_is_kept(door: Door, how: str) -> None:
    spam.mark(ADMIN, ["1"])
    OF_PERSONS[how](door.desk, ADMIN)
    assert value("SELECT count(*) FROM ticket WHERE spam IS NOT NULL") == 0
    changes.close(ADMIN, ["1"])
    assert purging.purge_spam(now() + timedelta(days=31)) == 0
    undo.undo_last(ADMIN)
    if how != "answered":
        undo.undo_last(ADMIN)
        assert rows("SELECT status, spam IS NULL FROM ticket WHERE id = 1") == [("closed", 0)]


def test_spam_that_woke_is_called_spam_again_or_closed_and_kept_its_days_from_then_on(door: Door) -> None:
    spam.mark(ADMIN, ["1"])
    write("UPDATE ticket SET spam = ?, closed = ?", *2 * [utc_text(now() - timedelta(days=40))])
    door.take(mail("Me again.", answers="<a@corp.test>"))
    assert states()[0] == "open"
    changes.close(ADMIN, ["1"])
    assert purging.purge_spam(now()) == 0
    undo.undo_last(ADMIN)
    assert spam.mark(ADMIN, ["1"]) == ["1"]
    assert states()[0] == "closed"
    assert purging.purge_spam(now() + timedelta(days=29)) == 0
    assert purging.purge_spam(now() + timedelta(days=31)) == 1


def test_spam_that_is_merged_into_a_ticket_leads_there_for_good_until_it_is_taken_out(door: Door) -> None:
    del door
    spam.mark(ADMIN, ["1"])
    merging.merge(ADMIN, ["1"], "2")
    assert purging.purge_spam(now() + timedelta(days=31)) == 0
    merging.unmerge(ADMIN, "1")
    assert purging.purge_spam(now() + timedelta(days=31)) == 1


def test_spam_that_a_waiting_ticket_is_merged_into_is_none_until_that_is_taken_out(door: Door) -> None:
    del door
    spam.mark(ADMIN, ["1"])
    merging.merge(ADMIN, ["2"], "1")
    assert rows("SELECT status, spam IS NULL FROM ticket WHERE id = 1") == [("open", 1)]
    merging.unmerge(ADMIN, "2")
    assert rows("SELECT status, spam IS NULL FROM ticket WHERE id = 1") == [("closed", 0)]
