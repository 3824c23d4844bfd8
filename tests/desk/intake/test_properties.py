"""What holds for any mail, in any order, however often."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import open_desk
from desk.intake import pipeline, receipts
from models.opening import close_database
from tests.support.mails import SALES, SUPPORT, Door, mail, messages_by_ticket, rows, value

PEOPLE = ("ana@corp.test", "bob@corp.test", "carl@corp.test")

fresh = settings(max_examples=60)


@contextmanager
def open_door(blank_home: Path) -> Iterator[Door]:
    """A desk for one example."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(blank_home, home)
        try:
            yield Door(open_desk(DeskPaths(home), Settings()))
        finally:
            close_database()


@dataclass(frozen=True)
class Thread:
    """A conversation: which earlier mail each one after the first answers; and an order of arrival."""

    parents: tuple[int, ...]
    order: tuple[int, ...]
    missing: frozenset[int]
    batch: int

    def ancestors(self, place: int) -> list[int]:
        """The mails that this one refers to, oldest first."""
        found: list[int] = []
        while place:
            place = self.parents[place - 1]
            found.insert(0, place)
        return found


@st.composite
def threads(draw: st.DrawFn) -> Thread:
    count = draw(st.integers(2, 7))
    parents = tuple(draw(st.integers(0, place)) for place in range(count - 1))
    order = tuple(draw(st.permutations(range(count))))
    missing = draw(st.frozensets(st.integers(0, count - 1), max_size=2))
    return Thread(parents, order, missing, draw(st.integers(1, count)))


def written(thread: Thread) -> list[bytes]:
    """The mails of a conversation among people who all wrote to each other."""
    everybody = ", ".join((SUPPORT, *PEOPLE))
    return [
        mail(
            f"mail {place}",
            sender=PEOPLE[place % len(PEOPLE)],
            to=everybody,
            subject="Printer",
            message_id=f"<{place}@thread.test>",
            answers=f"<{thread.ancestors(place)[-1]}@thread.test>" if place else None,
            references=[f"<{each}@thread.test>" for each in thread.ancestors(place)],
        )
        for place in range(len(thread.parents) + 1)
    ]


def arrive(door: Door, mails: Sequence[bytes], size: int) -> None:
    arrivals = [door.arrival(raw) for raw in mails]
    for start in range(0, len(arrivals), size):
        pipeline.take(door.desk, arrivals[start : start + size])


@fresh
@given(threads())
@example(Thread((0, 1), (2, 0, 1), frozenset(), 1))
@example(Thread((0, 1), (2, 1, 0), frozenset(), 3))
@example(Thread((0, 0, 1, 2), (3, 4, 0, 2, 1), frozenset({0}), 2))
def test_the_order_of_arrival_does_not_matter(blank_home: Path, thread: Thread) -> None:
    mails = written(thread)
    here = [place for place in range(len(mails)) if place not in thread.missing]
    with open_door(blank_home) as door:
        arrive(door, [mails[place] for place in here], len(mails))
        in_time = messages_by_ticket()
    with open_door(blank_home) as door:
        arrive(door, [mails[place] for place in thread.order if place in here], thread.batch)
        assert messages_by_ticket() == in_time
        living = "SELECT count(*) FROM ticket WHERE merged_into_id IS NULL"
        assert value(living) == len(in_time)
        assert not rows(
            "SELECT t.id FROM ticket t "
            "WHERE t.message_count <> (SELECT count(*) FROM message m WHERE m.ticket_id = t.id)"
        )


@fresh
@given(threads())
def test_a_conversation_that_came_whole_is_one_ticket(blank_home: Path, thread: Thread) -> None:
    mails = written(thread)
    with open_door(blank_home) as door:
        arrive(door, [mails[place] for place in thread.order], thread.batch)
        assert len(messages_by_ticket()) == 1
        contacts = "SELECT c.email FROM ticket t JOIN contact c ON c.id = t.contact_id"
        assert rows(f"{contacts} WHERE t.merged_into_id IS NULL") == [(PEOPLE[0],)]


@fresh
@given(threads(), st.integers(1, 3))
def test_taking_the_same_mail_again_changes_nothing(blank_home: Path, thread: Thread, times: int) -> None:
    with open_door(blank_home) as door:
        batch = [door.arrival(raw) for raw in written(thread)]
        first = pipeline.take(door.desk, batch)
        before = _everything()
        for _ in range(times):
            again = pipeline.take(door.desk, batch)
            assert [each.receipt_id for each in again] == [each.receipt_id for each in first]
            assert not any(each.new for each in again)
        assert _everything() == before


@fresh
@given(threads(), st.data())
def test_a_mail_in_two_mailboxes_is_one_mail_in_whatever_order_they_are_fetched(
    blank_home: Path, thread: Thread, data: st.DataObject
) -> None:
    mails = written(thread)
    boxes = [(place, box) for place in range(len(mails)) for box in (SUPPORT, SALES)]
    with open_door(blank_home) as door:
        door.mailbox(SALES, department="Sales")
        for place, box in data.draw(st.permutations(boxes)):
            door.take(b"Delivered-To: " + box.encode() + b"\r\n" + mails[place], mailbox=box)
        assert value("SELECT count(*) FROM receipt") == len(boxes)
        assert value("SELECT count(*) FROM receipt WHERE verdict = 'duplicate'") == len(mails)
        assert value("SELECT count(*) FROM message") == len(mails)


HEADERS = st.sampled_from(
    [
        b"From: ",
        b"To: ",
        b"Subject: ",
        b"Message-ID: <",
        b"References: <",
        b"Content-Type: multipart/mixed; boundary=",
    ]
)
PIECES = st.one_of(
    st.binary(max_size=60),
    HEADERS,
    st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b"--b", b"@", b">", b"\x1b[2J"]),
)
ANY_BYTES = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=25).map(b"".join))


@fresh
@given(st.lists(ANY_BYTES, min_size=1, max_size=8))
def test_any_bytes_give_exactly_one_receipt_whose_blob_is_the_same(
    blank_home: Path, raws: list[bytes]
) -> None:
    with open_door(blank_home) as door:
        taken = pipeline.take(door.desk, [door.arrival(raw) for raw in raws])
        assert len({each.receipt_id for each in taken}) == len(raws)
        assert value("SELECT count(*) FROM receipt") == len(raws)
        for raw, each in zip(raws, taken, strict=True):
            assert receipts.show(each.receipt_id).sha256 == hashlib.sha256(raw).hexdigest()
            assert receipts.raw(each.receipt_id) == raw


def _everything() -> list[object]:
    tables = (
        "ticket",
        "message",
        "receipt",
        "contact",
        "collaborator",
        "delivery",
        "event",
        "awaited",
        "blob",
    )
    return [rows(f"SELECT * FROM {table}") for table in tables]
