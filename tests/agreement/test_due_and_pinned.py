"""A date and a pin are the same by key, verb, call and mail, and undo takes them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.v1 import calls
from api.v1.calls import Call
from api.v1.documents import DueBody
from config.clock import now
from config.settings import Settings
from desk.home import open_desk
from desk.tickets import changes, detail, due_dates, lists, merging, pinning, sla, undo
from desk.tickets.lists import ListQuery
from desk.tickets.query import parse
from models.fields import utc_text
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import mail, rows, write
from tests.support.same_process import SameProcess

DAY = "2031-05-06"


def _by_verb(scene: Scene, *words: str) -> None:
    done = SameProcess(scene.desk.paths.home)("ticket", *words, NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err
    open_desk(scene.desk.paths, Settings(timezone="UTC"))


def _call(scene: Scene, body: DueBody | None = None) -> Call:
    return Call(scene.desk, scene.kim, "1", None, body)


ACTS: dict[str, dict[str, Callable[[Scene], object]]] = {
    "due": {
        "key": lambda s: due_dates.set_due(s.kim, ["1"], DAY, s.desk.zone),
        "verb": lambda s: _by_verb(s, "due", "1", DAY),
        "call": lambda s: calls.set_due(_call(s, DueBody(due=DAY))),
        "mail": lambda s: s.door.take(s.from_agent(f"#due {DAY}")),
    },
    "pinned": {
        "key": lambda s: pinning.pin(s.kim, ["1"]),
        "verb": lambda s: _by_verb(s, "pin", "1"),
        "call": lambda s: calls.pin(_call(s)),
        "mail": lambda s: s.door.take(s.from_agent("#pin")),
    },
    "unpinned": {
        "key": lambda s: pinning.unpin(s.kim, ["1"]),
        "verb": lambda s: _by_verb(s, "unpin", "1"),
        "call": lambda s: calls.unpin(_call(s)),
        "mail": lambda s: s.door.take(s.from_agent("#unpin")),
    },
}


def _columns() -> list[Any]:
    return rows("SELECT due, due_by_hand, pinned IS NULL, overdue, response_due FROM ticket WHERE id = 1")


@pytest.mark.parametrize("what", ACTS)
def test_it_is_the_same_by_every_way_and_undone(scene: MakeScene, what: str) -> None:
    found: dict[str, Any] = {}
    for way, act in ACTS[what].items():
        made = scene(way)
        if what == "unpinned":
            made.state(pinned="2026-01-01T00:00:00.000000Z")
        before = _columns()
        act(made)
        told = [(event.agent, event.kind, event.text) for event in detail.show("1").events]
        found[way] = (_columns()[0][1:4], [each for each in told if each[1] == what])
        if way != "mail":
            assert (undo.undo_last(made.kim) or "").startswith("undone: #1")
            assert _columns() == before
    assert len({str(each) for each in found.values()}) == 1, found
    assert found["key"][1], "its history tells of it"


def _state() -> dict[str, Any]:
    names = ("due", "due_by_hand", "overdue", "pinned", "response_due")
    return dict(zip(names, rows(f"SELECT {', '.join(names)} FROM ticket WHERE id = 1")[0], strict=True))


def test_a_date_by_hand_stands_before_the_sla_until_the_ticket_is_closed(scene: MakeScene) -> None:
    made = scene("desk")
    promised = _state()["response_due"]
    due_dates.set_due(made.kim, ["1"], "2h", UTC)
    by_hand = _state()["due"]
    assert by_hand == _state()["due_by_hand"] != promised
    assert _state()["response_due"] == promised, "the SLA's clock goes on"
    assert [
        line.number for line in lists.page(ListQuery("open", parse("due:<3h", made.kim), "due", made.kim))
    ]
    later = now() + timedelta(hours=3)
    assert sla.sweep(later) == [1]
    assert _state()["overdue"] == 1
    assert detail.show("1").events[-1].kind == "overdue"
    due_dates.set_due(made.kim, ["1"], DAY, UTC)
    assert (_state()["overdue"], _state()["due"]) == (0, "2031-05-06T23:59:00.000000Z")
    made.door.take(made.from_agent("Done."))
    assert _state()["due"] == "2031-05-06T23:59:00.000000Z", "an answer does not end it"
    changes.close(made.kim, ["1"])
    assert (_state()["due"], _state()["due_by_hand"]) == (None, "2031-05-06T23:59:00.000000Z")
    changes.reopen(made.kim, ["1"])
    assert _state()["due"] == "2031-05-06T23:59:00.000000Z"
    write("UPDATE ticket SET due_by_hand = '2026-01-01T00:00:00.000000Z' WHERE id = 1")
    changes.close(made.kim, ["1"])
    assert _state()["due_by_hand"] is None, "closing forgets what is over"
    undo.undo_last(made.kim)
    assert _state()["due_by_hand"] == "2026-01-01T00:00:00.000000Z"
    due_dates.set_due(made.kim, ["1"], "none", UTC)
    assert _state()["due_by_hand"] is None


@pytest.mark.parametrize("text", ["soon", "", "2020-01-01", "answer", "2026-02-30", "-1d"])
def test_what_is_no_date_to_come_is_refused(scene: MakeScene, text: str) -> None:
    made = scene("desk")
    with pytest.raises(Exception, match=r"is no time|is over"):
        due_dates.set_due(made.kim, ["1"], text, UTC)
    assert _state()["due_by_hand"] is None


def test_closing_ends_a_pin_and_merging_hands_it_on(scene: MakeScene) -> None:
    made = scene("desk")
    made.door.take(mail("Second", subject="Second"), quiet=True)
    pinning.pin(made.kim, ["1"])
    due_dates.set_due(made.kim, ["1"], DAY, UTC)
    merging.merge(made.kim, ["1"], "2")
    assert detail.show("2").pinned
    assert detail.show("2").due == datetime(2031, 5, 6, 23, 59, tzinfo=UTC)
    merging.unmerge(made.kim, "1")
    assert not detail.show("2").pinned
    assert detail.show("2").due_by_hand is None
    assert detail.show("1").pinned
    assert utc_text(detail.show("1").due or now()) == "2031-05-06T23:59:00.000000Z"
    changes.close(made.kim, ["1"])
    assert not detail.show("1").pinned
    undo.undo_last(made.kim)
    assert detail.show("1").pinned
