"""Reports by mail: when their time has come, once, to whom the desk names, with a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from desk import logs, settings
from desk.home import Desk
from desk.outbox import deliveries
from desk.reports import by_mail
from models import blobs
from models.deliveries import Delivery
from models.opening import close_database
from tests.support.workbench import ADMIN, make_desk, make_mailbox, make_ticket

MONDAY = datetime(2026, 11, 23, 8, 2, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = make_desk(tmp_path)
    make_mailbox(made, sends=True)
    settings.set(ADMIN, "reports.schedule", "0 8 * * mon")
    settings.set(ADMIN, "reports.to", "lead@corp.example")
    yield made
    close_database()


def test_a_mail_leaves_at_its_time_and_once(desk: Desk) -> None:
    assert not by_mail.send_due(desk, MONDAY - timedelta(days=3)), "the schedule begins now"
    assert not by_mail.send_due(desk, MONDAY - timedelta(minutes=3))
    make_ticket(moment=MONDAY - timedelta(days=1))
    assert by_mail.send_due(desk, MONDAY)
    assert not by_mail.send_due(desk, MONDAY + timedelta(minutes=5))
    (row,) = deliveries.entries(None)
    assert row.to == "lead@corp.example"
    raw = blobs.read(Delivery.get().blob_id)
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Subject"] == "Nightdesk: reports of 2026-11-16 to 2026-11-23"
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "**Departments**" in text
    assert [cell.strip() for cell in next(row for row in text.splitlines() if "Support" in row).split("|")][
        1:3
    ] == ["Support", "1"]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<table>" in html.get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["departments.csv", "agents.csv"]


def test_times_that_were_missed_are_made_up_for_once(desk: Desk) -> None:
    by_mail.send_due(desk, MONDAY - timedelta(days=3))
    later = MONDAY + timedelta(days=30)
    assert by_mail.send_due(desk, later)
    assert not by_mail.send_due(desk, later + timedelta(minutes=5))
    assert Delivery.select().count() == 1


@pytest.mark.parametrize(
    ("ahead", "mails"), [(timedelta(days=400), [1, 1, 2]), (timedelta(minutes=3), [1, 1, 1])]
)
def test_a_clock_that_was_ahead_keeps_no_later_mail_from_leaving_and_brings_none_twice(
    desk: Desk, ahead: timedelta, mails: list[int]
) -> None:
    by_mail.send_due(desk, MONDAY - timedelta(days=3))
    by_mail.send_due(desk, MONDAY + ahead)
    counts = [Delivery.select().count()]
    for moment in (MONDAY - timedelta(minutes=4), MONDAY):
        by_mail.send_due(desk, moment)
        counts.append(Delivery.select().count())
    assert counts == mails


def test_nothing_is_mailed_without_a_schedule(desk: Desk) -> None:
    by_mail.send_due(desk, MONDAY - timedelta(days=3))
    settings.set(ADMIN, "reports.schedule", "")
    assert not by_mail.send_due(desk, MONDAY)


def test_the_log_says_when_nobody_gets_them(desk: Desk) -> None:
    settings.set(ADMIN, "reports.to", "support@desk.example")
    by_mail.send_due(desk, MONDAY - timedelta(days=3))
    assert not by_mail.send_due(desk, MONDAY)
    assert "nobody to send them to (reports.to)" in " ".join(line.text for line in logs.entries())
