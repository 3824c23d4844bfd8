"""A snoozed ticket is out of the way, and comes back when it should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.clock import now
from desk.errors import Refused, WrongUse
from desk.home import Desk
from desk.tickets import changes, detail, lists, snoozing, undo
from desk.tickets.lists import ListQuery
from desk.tickets.query import parse
from tests.support.mails import Door, bounce, mail, value
from tests.support.workbench import ADMIN, make_agent

MONDAY = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


@pytest.fixture
def door(desk: Desk) -> Door:
    found = Door(desk)
    found.take(mail(message_id="<a@corp.test>"))
    return found


def listed(query: str = "", view: str = "open") -> list[str]:
    wanted = ListQuery(view, parse(query, ADMIN) or None, "updated", ADMIN)
    found = [line.number for line in lists.page(wanted)]
    assert lists.count(wanted) == len(found)
    return found


def asleep() -> bool:
    return value("SELECT snoozed_until FROM ticket WHERE id = 1") is not None


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("3h", "2026-11-30T13:00"),
        ("2d", "2026-12-02T10:00"),
        ("tomorrow", "2026-12-01T00:00"),
        ("Monday", "2026-12-07T00:00"),
        ("tuesday", "2026-12-01T00:00"),
        ("2026-12-24", "2026-12-24T00:00"),
        ("2026-12-24T14:30", "2026-12-24T14:30"),
        ("2026-12-24 14:30", "2026-12-24T14:30"),
    ],
)
def test_a_text_says_until_when(text: str, when: str) -> None:
    assert f"{snoozing.until(text, MONDAY, UTC):%Y-%m-%dT%H:%M}" == when


@pytest.mark.parametrize(
    ("read", "text", "zone", "moment", "when"),
    [
        (snoozing.until, "2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:10", "2026-10-25T00:30"),
        (snoozing.until, "2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:45", "2026-10-25T01:30"),
        (snoozing.end_from, "today", "America/Santiago", "2026-04-05T03:30", "2026-04-05T03:59"),
    ],
)
def test_where_the_clock_goes_back_a_time_is_to_come_once_more(
    read: Callable[..., datetime], text: str, zone: str, moment: str, when: str
) -> None:
    at = datetime.fromisoformat(f"{moment}Z")
    assert f"{read(text, at, ZoneInfo(zone)):%Y-%m-%dT%H:%M}" == when
    with pytest.raises(WrongUse, match="is over"):
        read("2026-03-01T02:30", at, ZoneInfo(zone))


def test_a_refusal_names_what_would_do_there() -> None:
    for ask, named, not_named in (
        (snoozing.until, ("tomorrow", "answer", "event"), ()),
        (snoozing.time_from, ("tomorrow",), ("answer", "event")),
        (snoozing.end_from, ("today",), ("answer", "event")),
    ):
        with pytest.raises(WrongUse) as refused:
            ask("soon", MONDAY, UTC)
        assert [each for each in (*named, *not_named) if each in refused.value.hint] == list(named)
        for each in named:
            ask(each, MONDAY, UTC)


@pytest.mark.parametrize("text", ["", "soon", "0h", "2020-01-01", "2026-13-01", "2026-02-30", "1y", "-1d"])
def test_what_says_no_time_to_come_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        snoozing.until(text, MONDAY, UTC)


@pytest.mark.usefixtures("door")
class TestAsleep:
    def test_it_is_in_no_list_but_its_own(self) -> None:
        before = lists.counts(ADMIN)
        assert snoozing.snooze(ADMIN, ["1"], "2d", UTC) == ["1"]
        assert listed() == []
        assert listed("printer") == []
        assert listed(view="inbox") == []
        assert listed("is:snoozed") == listed(view="snoozed") == listed(view="all") == ["1"]
        after = lists.counts(ADMIN)
        assert (after["open"], after["snoozed"], after["closed"]) == (before["open"] - 1, 1, before["closed"])

    def test_it_wakes_at_its_time(self) -> None:
        snoozing.snooze(ADMIN, ["1"], "2d", UTC)
        assert snoozing.sweep(now() + timedelta(days=1)) == 0
        assert snoozing.sweep(now() + timedelta(days=3)) == 1
        assert snoozing.sweep(now() + timedelta(days=3)) == 0
        assert listed() == ["1"]
        assert [event.text for event in detail.show("1").events][-1] == "awake again"

    def test_undo_wakes_it(self) -> None:
        agent = make_agent("kim")
        snoozing.snooze(agent, ["1"], "2d", UTC)
        assert "undone" in str(undo.undo_last(agent))
        assert not asleep()

    def test_it_is_woken_by_hand(self) -> None:
        snoozing.snooze(ADMIN, ["1"], "2d", UTC)
        assert snoozing.wake(ADMIN, ["1"]) == ["1"]
        assert snoozing.wake(ADMIN, ["1"]) == []
        assert not asleep()

    def test_closing_ends_it(self) -> None:
        snoozing.snooze(ADMIN, ["1"], "2d", UTC)
        changes.close(ADMIN, ["1"])
        assert not asleep()
        with pytest.raises(Refused):
            snoozing.snooze(ADMIN, ["1"], "2d", UTC)

    def test_what_nothing_would_wake_is_refused(self) -> None:
        with pytest.raises(WrongUse):
            snoozing.snooze(ADMIN, ["1"], "answer", UTC, through_answers=True)


@pytest.mark.parametrize(
    ("until", "through", "what", "wakes"),
    [
        ("2d", False, "answer", True),
        ("2d", True, "answer", False),
        ("answer", False, "answer", True),
        ("event", False, "answer", True),
        ("2d", False, "tag", False),
        ("answer", False, "tag", False),
        ("event", False, "tag", True),
        ("2d", True, "bounce", True),
        ("2d", False, "machine", False),
    ],
)
def test_what_wakes_it(door: Door, until: str, through: bool, what: str, wakes: bool) -> None:
    sent = door.sent(1, "ana@corp.test")
    snoozing.snooze(ADMIN, ["1"], until, UTC, through_answers=through)
    if what == "answer":
        door.take(mail("And now it smokes.", answers="<a@corp.test>"))
    elif what == "machine":
        door.take(mail("I am away.", answers="<a@corp.test>", headers={"Auto-Submitted": "auto-replied"}))
    elif what == "bounce":
        door.take(bounce(sent, "ana@corp.test"))
    else:
        changes.add_tags(ADMIN, ["1"], ["vpn"])
    assert asleep() is not wakes
