"""Two at once take nothing twice, and the lock is held for the rows alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from desk.home import Desk
from desk.intake import arrivals, incoming, pipeline
from models.database import db
from models.opening import close_database
from tests.support.mails import Door, mail, rows, value

MAILS = 40


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def test_two_that_take_the_same_mail_at_once_write_it_once(door: Door) -> None:
    batch = [door.arrival(mail(f"mail {number}")) for number in range(MAILS)]
    start = Barrier(2)

    def take_all() -> list[incoming.Outcome]:
        start.wait()
        try:
            return [
                pipeline.take(door.desk, batch[at : at + 10])[place]
                for at in range(0, MAILS, 10)
                for place in [0]
            ]
        finally:
            close_database()

    with ThreadPoolExecutor(2) as threads:
        both = [future.result() for future in [threads.submit(take_all) for _ in range(2)]]
    assert [each.receipt_id for each in both[0]] == [each.receipt_id for each in both[1]]
    assert [one.new + other.new for one, other in zip(*both, strict=True)] == [1] * len(both[0])
    assert value("SELECT count(*) FROM receipt") == MAILS
    assert value("SELECT count(*) FROM message") == MAILS


def test_two_mailboxes_at_once_number_their_tickets_without_gap_or_twin(door: Door) -> None:
    door.mailbox("sales@example.test")
    batches = [
        [door.arrival(mail(to=box), mailbox=box) for _ in range(MAILS)]
        for box in ("support@example.test", "sales@example.test")
    ]

    def take(batch: list[arrivals.Arrival]) -> None:
        try:
            for at in range(0, MAILS, 5):
                pipeline.take(door.desk, batch[at : at + 5])
        finally:
            close_database()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(take, batches))
    assert sorted(int(number) for (number,) in rows("SELECT number FROM ticket")) == list(
        range(1, 2 * MAILS + 1)
    )


def test_mail_is_parsed_and_large_blobs_are_written_before_the_transaction(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    parse = arrivals.read_mail

    def watched(*given: object) -> object:
        seen.append(db.in_transaction())
        return parse(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(arrivals, "read_mail", watched)
    door.take(mail())
    assert seen == [False]
