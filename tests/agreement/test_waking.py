"""Approved mail does what verified mail does; a failed send does what a bounce does."""

from __future__ import annotations

from typing import Any

import pytest

from desk.outbox import dispatch
from desk.tickets import approval, detail
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import EVE, bounce, mail, rows, write

STATES: dict[str, dict[str, Any]] = {
    "new": {},
    "open": {"status": "open"},
    "open and overdue": {"status": "open", "overdue": 1, "due": "2026-01-01T00:00:00.000000Z"},
    "waiting": {"status": "waiting", "due": None},
    "closed and overdue before": {
        "status": "closed",
        "due": None,
        "overdue": 1,
        "closed": "2026-01-01T00:00:00.000000Z",
    },
}


def _of_eve(scene: Scene, cc: str | None = None) -> bytes:
    return mail("So do I.", sender=EVE, answers=scene.sent_id, cc=cc, subject="Re: Printer")


@pytest.mark.parametrize("state", STATES)
def test_mail_that_is_approved_does_what_verified_mail_does(scene: MakeScene, state: str) -> None:
    verified = scene("verified")
    write("UPDATE recipient SET address = 'eve@elsewhere.test'")
    verified.state(**STATES[state])
    assert verified.door.take(_of_eve(verified, "Carl <carl@corp.test>")).verdict == "reply"
    expected = verified.rows()

    approved = scene("approved")
    approved.state(**STATES[state])
    approved.door.take(_of_eve(approved, "Carl <carl@corp.test>"))
    approval.approve(approved.desk, approved.kim, "1")
    found = approved.rows()

    assert found["ticket"] == expected["ticket"]
    assert found["messages"] == expected["messages"]
    assert found["people"] == expected["people"]
    assert _told(found) == _told(expected)
    assert found["seen"] == [("kim",)], "who approves a mail has read it"
    assert expected["seen"] == []


@pytest.mark.parametrize("state", STATES)
def test_a_refused_answer_does_what_a_bounced_one_does(scene: MakeScene, state: str) -> None:
    words = "5.1.1 550 no such user here"
    refused = scene("refused")
    _sending(refused)
    refused.state(**STATES[state])
    dispatch.record(_answer_of(refused), {"ana@corp.test": dispatch.failed(words)})
    expected = refused.rows()

    bounced = scene("bounced").state(**STATES[state])
    bounced.door.take(bounce(bounced.sent_id, "ana@corp.test"))
    found = bounced.rows()

    for each in (found, expected):
        del each["ticket"]["message_count"], each["ticket"]["attachment_count"]
    assert found["ticket"] == expected["ticket"]
    assert [event[1] for event in found["events"]] == [event[1] for event in expected["events"]]
    assert found["seen"] == expected["seen"] == []
    state_of = "SELECT state FROM recipient WHERE address = 'ana@corp.test'"
    assert rows(state_of) == [("failed",)]


def test_a_ticket_that_waits_says_why_it_opens_again(scene: MakeScene) -> None:
    refused = scene("refused")
    _sending(refused)
    refused.state(status="waiting", due=None)
    dispatch.record(_answer_of(refused), {"ana@corp.test": dispatch.failed("550 no")})
    assert [event.kind for event in detail.show("1").events][-2:] == ["status", "undelivered"]


def _answer_of(scene: Scene) -> int:
    return int(rows("SELECT id FROM delivery WHERE message_id = ?", scene.sent_id)[0][0])


def _sending(scene: Scene) -> None:
    """The answer is with the sender."""
    write("UPDATE recipient SET state = 'sending' WHERE delivery_id = ?", _answer_of(scene))
    write("UPDATE delivery SET done = 0, sender = 'test:1:1' WHERE message_id = ?", scene.sent_id)


def _told(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The events, without who caused them and without the approval itself."""
    return [event[1:] for event in found["events"] if event[1] != "approved"]
