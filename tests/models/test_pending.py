"""The questions by which a run decides what to load, against the tables as they are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import now
from models import pending
from models.database import db
from models.fields import utc_text
from models.opening import close_database
from models.recurring import Recurring
from models.tickets import Ticket
from tests.support.workbench import make_desk, make_mailbox


@pytest.fixture(autouse=True)
def desk(engine: str, tmp_path: Path) -> object:
    """An open desk."""
    del engine
    made = make_desk(tmp_path)
    make_mailbox(made)
    yield made
    close_database()


def test_an_empty_desk_has_nothing_to_do() -> None:
    assert not pending.mail_waits()
    assert not pending.copies_wait()
    assert not pending.tickets_past_due(utc_text(now()))
    assert not pending.tickets_recur()


@pytest.mark.parametrize("active", [True, False])
def test_what_recurs_and_is_switched_on_is_looked_at(active: bool) -> None:
    Recurring.create(
        name="Tapes",
        schedule="@daily",
        subject="Tape",
        requester_email="ops@corp.example",
        after=now(),
        active=active,
    )
    assert pending.tickets_recur() == active


@pytest.mark.parametrize(
    ("status", "overdue", "due", "expected"),
    [
        ("open", False, -1, True),
        ("open", True, -1, False),
        ("closed", False, -1, False),
        ("open", False, 1, False),
    ],
)
def test_a_ticket_past_its_due_time_is_to_be_marked(
    status: str, overdue: bool, due: int, expected: bool
) -> None:
    moment = now()
    Ticket.create(
        number="1",
        subject="Printer",
        status=status,
        overdue=overdue,
        due=moment + timedelta(hours=due),
        department=1,
        contact=_contact(),
        created=moment,
        updated=moment,
    )
    assert pending.tickets_past_due(utc_text(moment)) == expected


@pytest.mark.parametrize(
    "asked",
    [
        *(pending._MAIL_WAITS, pending._COPIES_WAIT, pending._TICKETS_PAST_DUE),
        *(pending._KNOWN_UIDS, pending._UNDISPOSED_UIDS),
    ],
)
@pytest.mark.sqlite
def test_each_is_a_look_at_an_index(asked: object) -> None:
    from models.statements import Places

    text, parameters = asked._build(Places(0)).bind(db.obj).sql()  # type: ignore[attr-defined]
    plan = db.execute_sql(f"EXPLAIN QUERY PLAN {text}", [1 for _ in parameters]).fetchall()
    assert all("USING" in row[3] and "INDEX" in row[3] for row in plan), plan


def _contact() -> int:
    from models.contacts import Contact

    return int(Contact.create(email="ann@client.test", name="Ann", created=now()).id)
