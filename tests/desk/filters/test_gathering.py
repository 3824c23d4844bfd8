"""Mail of one matter becomes one ticket, by a key that a filter finds in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from desk import statuses
from desk.errors import WrongUse
from desk.filters import filters
from desk.home import Desk
from desk.tickets import detail, merging
from tests.support.mails import Door, mail, rows, value, write
from tests.support.workbench import ADMIN

MONITOR = "Monitor <monitor@corp.test>"
PATTERN = r'from:monitor@corp.test subject:"~^(?P<state>PROBLEM|RECOVERY) (?P<host>[\w.-]+)"'


@pytest.fixture
def door(desk: Desk) -> Door:
    filters.add(
        ADMIN,
        "Alarms",
        on="new",
        condition=PATTERN,
        then=["merge:alarm {host}", "reopen:2h", "tag:{host}", "no-autoresponse"],
    )
    filters.add(ADMIN, "Over", on="new", condition=PATTERN.replace("PROBLEM|", ""), then=["close"], order=200)
    return Door(desk)


def alarm(what: str) -> bytes:
    return mail(f"{what} at noon", sender=MONITOR, subject=what)


def states() -> list[tuple[str, int]]:
    return rows("SELECT status, message_count FROM ticket ORDER BY id")


def test_alarms_of_one_host_are_one_ticket(door: Door) -> None:
    for what in ("PROBLEM web1", "PROBLEM web1", "PROBLEM db1", "PROBLEM WEB1"):
        door.take(alarm(what))
    assert states() == [("new", 3), ("new", 1)]
    assert rows("SELECT 1 FROM delivery") == []
    assert rows("SELECT name FROM ticket_tag ORDER BY 1") == [("db1",), ("web1",)]


def test_the_end_of_it_closes_the_ticket(door: Door) -> None:
    door.take(alarm("PROBLEM web1"))
    receipt = door.receipt(alarm("RECOVERY web1"))
    assert states() == [("closed", 2)]
    assert receipt.verdict == "reply"
    assert "ticket 1 has the key 'alarm web1', for the time 2" in receipt.trace


def test_what_comes_back_soon_opens_it_again(door: Door) -> None:
    for what in ("PROBLEM web1", "RECOVERY web1", "PROBLEM web1"):
        door.take(alarm(what))
    assert states() == [("open", 3)]
    assert ("flaps",) in rows("SELECT name FROM ticket_tag")
    door.take(alarm("RECOVERY web1"))
    assert states() == [("closed", 4)]


def told(kind: str) -> int:
    return int(value("SELECT count(*) FROM notice WHERE kind = ?", kind) or 0)


def test_agents_are_told_of_what_comes_back_once_an_hour(door: Door) -> None:
    for what in ("RECOVERY web1", "PROBLEM web1"):  # nobody was told of the end that began the ticket
        door.take(alarm(what))
    assert rows("SELECT kind, message_id FROM notice ORDER BY id") == [
        ("new_ticket", None),
        ("customer_wrote", value("SELECT max(id) FROM message")),
    ]
    assert value("SELECT subject FROM ticket") == "PROBLEM web1", "not called as the end that began it"
    for what in ("RECOVERY web1", "PROBLEM web1", "RECOVERY web1", "PROBLEM web1"):
        door.take(alarm(what))
    assert told("customer_wrote") == 1
    write("UPDATE notice SET at = '2026-01-01T00:00:00.000000Z'")
    for what in ("RECOVERY web1", "PROBLEM web1"):
        door.take(alarm(what))
    assert told("customer_wrote") == 2


def test_a_status_of_closed_tickets_closes_as_the_state_does(door: Door) -> None:
    statuses.add_status(ADMIN, "Resolved", state="closed")
    filters.edit(ADMIN, "Over", then=["status:Resolved"])
    for what in ("PROBLEM web1", "RECOVERY web1", "RECOVERY web1"):
        door.take(alarm(what))
    assert states() == [("closed", 3)]
    assert ("flaps",) not in rows("SELECT name FROM ticket_tag")


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ([("RECOVERY", 5), ("PROBLEM", 0)], "closed"),
        ([("PROBLEM", 0), ("PROBLEM", 10), ("RECOVERY", 5)], "new"),
        ([("PROBLEM", 0), ("RECOVERY", 5), ("PROBLEM", 5)], "open"),
        ([("RECOVERY", 60 * 24 * 20_000), ("PROBLEM", 0)], "open"),
        ([("RECOVERY", 5), ("PROBLEM", None)], "open"),
    ],
    ids=["end first", "end last", "in one second", "a clock that is ahead", "no date"],
)
def test_a_mail_that_was_overtaken_opens_and_closes_nothing(
    door: Door, sent: list[tuple[str, int | None]], state: str
) -> None:
    noon = datetime(2024, 2, 3, 12, 0, tzinfo=UTC)
    for what, minute in sent:
        dated = {} if minute is None else {"Date": format_datetime(noon + timedelta(minutes=minute))}
        door.take(mail("see there", sender=MONITOR, subject=f"{what} web1", headers=dated))
    assert states() == [(state, len(sent))]


def test_what_comes_back_late_is_a_new_ticket(door: Door) -> None:
    for what in ("PROBLEM web1", "RECOVERY web1"):
        door.take(alarm(what))
    write("UPDATE ticket SET closed = '2026-01-01T00:00:00.000000Z'")
    door.take(alarm("PROBLEM web1"))
    assert states() == [("closed", 2), ("new", 1)]


def test_the_key_follows_a_merge(door: Door) -> None:
    door.take(alarm("PROBLEM web1"))
    door.take(mail())
    merging.merge(ADMIN, ["1"], "2")
    door.take(alarm("PROBLEM web1"))
    assert value("SELECT message_count FROM ticket WHERE number = '2'") == 3


def test_such_mail_wakes_nobody_and_brings_nobody(door: Door) -> None:
    door.take(alarm("PROBLEM web1"))
    notices = value("SELECT count(*) FROM notice")
    door.take(mail("web1", sender=MONITOR, subject="PROBLEM web1", cc="Bob <bob@corp.test>"))
    assert value("SELECT count(*) FROM notice") == notices
    assert rows("SELECT 1 FROM collaborator") == []
    assert [event.kind for event in detail.show("1").events] == ["created", "tagged"]


@pytest.mark.parametrize(
    "hostile",
    [
        "PROBLEM \x1b[31mweb1",
        "PROBLEM " + "a" * 5000,
        "PROBLEM ../../etc",
        "PROBLEM web1\u202egnp",
        "PROBLEM {from}",
        "PROBLEM  ",
    ],
)
def test_what_a_stranger_puts_there_is_inert_and_bounded(door: Door, hostile: str) -> None:
    door.take(mail("x", sender=MONITOR, subject=hostile))
    key = value("SELECT merge_key FROM ticket") or ""
    assert len(key) <= 210
    assert key.isprintable()
    assert all(len(name) <= 40 for (name,) in rows("SELECT name FROM ticket_tag"))


@pytest.mark.parametrize(
    ("then", "says"),
    [
        (["merge:{hots}"], "nothing catches {hots}"),
        (["reopen:2h"], "reopen goes with merge"),
        (["merge:{host}", "reopen:soon"], "no age"),
        (["tag:{service}"], "nothing catches"),
        (["note:It is {{ host }}."], "{{host}} has a pair of braces too many"),
        (["collaborator:nobody"], "mail address"),
        (["snooze:whenever"], "is no time"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_saved(desk: Desk, then: list[str], says: str) -> None:
    del desk
    with pytest.raises(WrongUse, match=says.replace("{", r"\{").replace("}", r"\}")):
        filters.add(ADMIN, "X", on="new", condition=PATTERN, then=then)
