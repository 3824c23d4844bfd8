"""Who is silent is told, then closed; who writes at any moment keeps the ticket open; no machine is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.clock import now
from desk.alerts import notifications
from desk.errors import WrongUse
from desk.filters import filters, recipes
from desk.filters.sweep import sweep
from desk.home import Desk
from desk.operations import doctor, rule_file
from desk.tickets import changes, closing, detail, merging
from models import blobs
from models.fields import utc_text
from models.settings import store
from models.transactions import transaction
from tests.support.mails import EVE, Door, mail, rows, write
from tests.support.workbench import ADMIN

DAY = timedelta(days=1)
ABSENT = {"Auto-Submitted": "auto-replied"}


@pytest.fixture
def door(desk: Desk) -> Door:
    """Ana's ticket waits for her since now; the recipe is switched on."""
    store("notify.new_ticket", "")
    rule_file.take_in(desk, ADMIN, rule_file.read(recipes.text("autoclose")))
    assert not filters.show("Silent customers").active, "it comes switched off"
    filters.edit(ADMIN, "Silent customers", active=True)
    found = Door(desk)
    found.take(mail("Le tunnel ne marche pas.", message_id="<a@corp.test>"), quiet=True)
    changes.set_status(ADMIN, ["1"], "waiting")
    return found


def at(door: Door, days: float) -> None:
    """Let the worker run so many days later: it fetches, sweeps, tells, and what is told leaves."""
    fetched(days)
    sweep(door.desk, now() + days * DAY)
    notifications.notify(door.desk, now() + days * DAY)
    all_left()


def fetched(days: float) -> None:
    """Have all mailboxes been looked at so many days later."""
    write("UPDATE mailbox SET last_success = ?", utc_text(now() + days * DAY))


def all_left() -> None:
    """Have all mail left."""
    write("UPDATE delivery SET done = 1")


def notices() -> list[bytes]:
    return [
        blobs.read(blob) for (blob,) in rows("SELECT blob_id FROM delivery WHERE kind = 'acknowledgement'")
    ]


def status() -> str:
    return str(rows("SELECT status FROM ticket WHERE id = 1")[0][0])


def test_the_customer_is_told_once_and_the_ticket_closed_then(door: Door) -> None:
    at(door, 6)
    assert detail.show("1").closing is None
    for days in (8, 8.5, 10):
        at(door, days)
        assert status() == "waiting"
    assert len(notices()) == 1
    assert b"Auto-Submitted: auto-generated" in notices()[0]
    assert b"[#1]" in notices()[0]
    at(door, 11.1)
    assert status() == "closed"
    assert len(notices()) == 1
    assert [event.kind for event in detail.show("1").events][-2:] == ["closing", "closed"]


def test_a_worker_that_was_away_tells_before_it_closes(door: Door) -> None:
    at(door, 60)
    assert (status(), len(notices())) == ("waiting", 1)


def test_who_was_told_late_has_as_long_from_then_on(door: Door) -> None:
    sweep(door.desk, now() + 8 * DAY)
    sweep(door.desk, now() + 20 * DAY)
    assert (status(), notices()) == ("waiting", []), "nobody was told yet"
    notifications.notify(door.desk, now() + 20 * DAY)
    all_left()
    assert len(notices()) == 1
    at(door, 22.9)
    assert status() == "waiting"
    at(door, 23.1)
    assert (status(), len(notices())) == ("closed", 1)


def test_whose_notice_is_still_in_the_outbox_is_not_closed(door: Door) -> None:
    fetched(30)
    sweep(door.desk, now() + 8 * DAY)
    notifications.notify(door.desk, now() + 8 * DAY)
    assert closing.sweep(now() + 12 * DAY) == 0
    assert (status(), len(notices())) == ("waiting", 1)
    all_left()
    assert closing.sweep(now() + 12.5 * DAY) == 0, "they have a day from when it left"
    assert closing.sweep(now() + 13.5 * DAY) == 1


def test_mail_that_waits_at_its_server_is_looked_for_before_a_ticket_is_closed(door: Door) -> None:
    at(door, 8)
    fetched(10)
    assert closing.sweep(now() + 12 * DAY) == 0, "the worker was away since"
    fetched(12)
    assert closing.sweep(now() + 12 * DAY) == 1


def test_who_writes_while_closing_waits_for_its_turn_keeps_it_open(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = door.sent(1, "ana@corp.test")
    at(door, 8)
    fetched(12)

    @contextmanager
    def late() -> Iterator[None]:
        if status() == "waiting":
            door.take(mail("Still broken.", answers=sent))
        with transaction():
            yield

    monkeypatch.setattr(closing, "transaction", late)
    assert closing.sweep(now() + 12 * DAY) == 0
    assert (status(), detail.show("1").closing) == ("open", None)


def test_those_who_wait_are_in_nobody_s_way(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "_AT_ONCE", 2)
    for name in ("Two", "Three", "Four", "Five"):
        door.take(mail(name, sender=EVE, subject=name), quiet=True)
    changes.set_status(ADMIN, ["2", "3", "4", "5"], "waiting")
    for number in "12345":
        closing.announce(number, DAY * int(number), now(), UTC, "a filter")
    write("UPDATE notice SET told = at WHERE ticket_id = 5")
    fetched(9)
    assert closing.sweep(now() + 9 * DAY) == 1
    assert detail.show("5").status == "closed"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 11), st.floats(0, 40), st.sampled_from(["ana", "stranger", "approved"]))
def test_what_a_customer_writes_at_any_moment_keeps_it_open(
    door: Door, wrote: float, later: float, who: str
) -> None:
    with transaction():
        write("UPDATE ticket SET status = 'waiting', closing = NULL, closed = NULL WHERE id = 1")
        write("DELETE FROM filter_act")
    sent = door.sent(1, "ana@corp.test")
    at(door, wrote)
    if status() == "closed":
        return
    letter = mail("Still broken.", answers=sent) if who == "ana" else mail("So?", sender=EVE, answers=sent)
    door.take(letter)
    assert closing.sweep(now() + (wrote + later) * DAY) == 0
    assert status() != "closed"
    assert detail.show("1").closing is None


def test_what_a_customer_wrote_elsewhere_and_joins_it_keeps_it_open(door: Door) -> None:
    at(door, 8)
    door.take(mail("I do answer.", subject="Another subject"), quiet=True)
    merging.merge(ADMIN, ["2"], "1")
    assert detail.show("1").closing is None
    assert closing.sweep(now() + 12 * DAY) == 0
    assert status() == "open"
    write("UPDATE ticket SET status = 'waiting', closing = ? WHERE id = 1", utc_text(now() + 11 * DAY))
    door.take(mail("It came too soon.", subject="Later", answers="<late@corp.test>"), quiet=True)
    door.take(
        mail("Away.", answers="<a@corp.test>", message_id="<late@corp.test>", headers=ABSENT), quiet=True
    )
    assert rows("SELECT number FROM ticket WHERE message_count = 0 ORDER BY id") == [("2",), ("3",)]
    assert detail.show("1").closing is None
    assert closing.sweep(now() + 12 * DAY) == 0
    assert status() == "open"


def test_an_absence_notice_ends_nothing_and_gets_nothing(door: Door) -> None:
    at(door, 8)
    door.take(mail("I am away.", answers=door.sent(1, "ana@corp.test"), headers=ABSENT))
    at(door, 11.5)
    assert status() == "closed"


def test_a_machine_is_told_nothing(door: Door) -> None:
    door.take(mail("Disk full.", subject="Disk", headers={"Auto-Submitted": "auto-generated"}), quiet=True)
    changes.close(ADMIN, ["1"])
    changes.set_status(ADMIN, ["2"], "waiting")
    at(door, 8)
    assert notices() == []
    at(door, 12)
    assert rows("SELECT status FROM ticket WHERE id = 2") == [("closed",)]


def test_a_ticket_whose_customer_cannot_be_told_stays_open(door: Door) -> None:
    write("UPDATE mailbox SET outgoing_enabled = 0")
    at(door, 8)
    assert notices() == []
    assert detail.show("1").closing is None
    at(door, 12)
    assert status() == "waiting"


def test_who_cannot_be_told_yet_is_not_closed_but_told_later(door: Door) -> None:
    store("mail.ack_limit_hour", 2)
    store("mail.acknowledge", False)
    for number in ("2", "3", "4"):
        door.take(mail("Encore.", subject=number), quiet=True)
        changes.set_status(ADMIN, [number], "waiting")
    told = []
    for days in (8, 8.1, 8.1):
        at(door, days)
        told.append(len(notices()))
    assert told == [2, 4, 4]
    assert rows("SELECT count(*) FROM ticket WHERE closing IS NULL") == [(0,)]


def test_where_nobody_may_be_told_doctor_says_that_nothing_is_closed(desk: Desk, door: Door) -> None:
    assert not list(doctor._filters(desk))
    store("mail.ack_limit_hour", 0)
    at(door, 8)
    assert (status(), notices()) == ("waiting", [])
    (found,) = doctor._filters(desk)
    assert found.text == (
        "Silent customers closes no ticket: mail.ack_limit_hour is 0, so no customer can be told before"
    )


def test_an_agent_who_changes_the_state_ends_it(door: Door) -> None:
    at(door, 8)
    changes.set_status(ADMIN, ["1"], "open")
    at(door, 30)
    assert status() == "open"


def test_it_is_no_action_of_mail(door: Door) -> None:
    del door
    with pytest.raises(WrongUse, match="not for mail"):
        filters.add(ADMIN, "Now", on="new", condition="vpn", then=["close-after:3d"])
    with pytest.raises(WrongUse):
        filters.add(ADMIN, "Soon", on="time", condition="state:waiting", then=["close-after:soon"])
