"""The same mails make the same tickets, in whatever order and by whatever door they come, and let nobody in.

The model says who takes part by the mails alone: the author of the mail that began the matter, whom it was
addressed to, and whom people who take part address in turn. Whoever answers uninvited begins a matter of his
own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.intake.pipeline import rehearsal
from tests.support.mails import SUPPORT, Door, mail, messages_by_ticket, rows

PEOPLE = tuple(f"{name}@{name}.test" for name in ("ana", "bob", "carl", "dora", "eve"))
DOORS = ("imap", "pop3", "pipe", "lmtp", "import")


@dataclass(frozen=True)
class Written:
    """A mail of a conversation: who wrote it to whom, and which earlier one it answers."""

    author: str
    addressed: frozenset[str]
    parent: int | None = None


@dataclass(frozen=True)
class Conversation:
    """Mails, each behind what it answers; and how they come: in which order, cut where, by which doors."""

    mails: tuple[Written, ...]
    order: tuple[int, ...]
    cuts: frozenset[int] = frozenset()
    doors: tuple[str, ...] = ("imap",)
    missing: frozenset[int] = field(default=frozenset())

    def ancestors(self, place: int) -> list[int]:
        """The mails that this one refers to, oldest first."""
        found: list[int] = []
        above = self.mails[place].parent
        while above is not None:
            found.insert(0, above)
            above = self.mails[above].parent
        return found


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    count = draw(st.integers(2, 8))
    people = st.sampled_from(PEOPLE)
    mails = [
        Written(
            draw(people),
            draw(st.frozensets(people, max_size=2)),
            draw(st.integers(0, place - 1)) if place and draw(st.integers(0, 9)) else None,
        )
        for place in range(count)
    ]
    order = tuple(draw(st.permutations(range(count))))
    cuts = draw(st.frozensets(st.integers(1, count - 1)))
    doors = tuple(draw(st.lists(st.sampled_from(DOORS), min_size=1, max_size=3)))
    missing = draw(st.frozensets(st.integers(0, count - 1), max_size=2))
    return Conversation(tuple(mails), order, cuts, doors, missing)


def tickets_of(talk: Conversation) -> list[tuple[set[int], set[str]]]:
    """What the model says: the mails of each ticket, and who takes part in it."""
    left = [place for place in range(len(talk.mails)) if place not in talk.missing]
    found = []
    while left:
        first = left.pop(0)
        inside = {first}
        people = {talk.mails[first].author, *talk.mails[first].addressed}
        while True:
            more = [
                place
                for place in left
                if talk.mails[place].author in people and inside & set(talk.ancestors(place))
            ]
            if not more:
                break
            inside.update(more)
            left = [place for place in left if place not in more]
            people.update(*(talk.mails[place].addressed for place in more))
        found.append((inside, people))
    return found


def raw_mails(talk: Conversation) -> dict[int, bytes]:
    """The mails of a conversation as bytes."""
    return {
        place: mail(
            f"mail {place}",
            sender=written.author,
            to=", ".join([SUPPORT, *sorted(written.addressed)]),
            message_id=f"<{place}@thread.test>",
            answers=None if written.parent is None else f"<{written.parent}@thread.test>",
            references=[f"<{each}@thread.test>" for each in talk.ancestors(place)],
        )
        for place, written in enumerate(talk.mails)
        if place not in talk.missing
    }


def through(door: Door, kind: str, raw: bytes, number: int) -> Arrival:
    """The mail as it comes by one of the doors."""
    if kind == "imap":
        return door.arrival(raw)
    if kind == "pop3":
        mailbox = door.mailbox(SUPPORT)
        return Arrival(raw, "pop3", mailbox, folder="", uidvalidity=1, uidl=f"id{number}")
    return Arrival(raw, kind, recipient="" if kind == "import" else SUPPORT)


def arrive(door: Door, talk: Conversation) -> None:
    """Let a conversation come in."""
    door.mailbox(SUPPORT)
    raws = raw_mails(talk)
    batch: list[Arrival] = []
    for number, place in enumerate(talk.order):
        if number in talk.cuts and batch:
            pipeline.take(door.desk, batch)
            batch = []
        if place in raws:
            batch.append(through(door, talk.doors[number % len(talk.doors)], raws[place], number))
    if batch:
        pipeline.take(door.desk, batch)


@contextmanager
def undone(desk: Desk) -> Iterator[Door]:
    """A desk on which everything is undone afterwards: a copy for each of some hundred examples is slow."""
    with rehearsal():
        yield Door(desk)


def let_in() -> dict[frozenset[str], set[str]]:
    """Requester and collaborators of each ticket, by the Message-IDs that are in it."""
    found: dict[frozenset[str], set[str]] = {}
    for names in messages_by_ticket():
        some = next(iter(names))
        found[names] = {
            email
            for (email,) in rows(
                "SELECT c.email FROM contact c JOIN message m ON m.message_id = ? JOIN ticket t ON"
                " t.id = m.ticket_id WHERE c.id = t.contact_id OR c.id IN"
                " (SELECT contact_id FROM collaborator WHERE ticket_id = t.id)",
                some,
            )
        }
    return found


def named(places: Sequence[int] | set[int]) -> frozenset[str]:
    return frozenset(f"<{place}@thread.test>" for place in places)


def _talk(
    *mails: tuple[int, Sequence[int], int | None], order: Sequence[int], **more: object
) -> Conversation:
    written = tuple(Written(PEOPLE[a], frozenset(PEOPLE[each] for each in to), p) for a, to, p in mails)
    return replace(Conversation(written, tuple(order)), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tried() -> Iterator[list[Conversation]]:
    """The conversations that came in as the model says; how many is printed."""
    found: list[Conversation] = []
    yield found
    print(f"\n{len(found)} conversations in as many orders made the tickets that the model has")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations())
@example(_talk((0, [1], None), (4, [0], 0), (0, [], 1), order=[0, 1, 2]))
@example(_talk((0, [1], None), (4, [0], 0), (0, [], 1), order=[1, 2, 0]))
@example(_talk((0, [], None), (4, [], 0), (0, [4], 0), order=[1, 0, 2]))
def test_any_order_any_cut_any_door_make_the_same_tickets(
    desk: Desk, tried: list[Conversation], talk: Conversation
) -> None:
    model = tickets_of(talk)
    with undone(desk) as door:
        arrive(door, talk)
        assert messages_by_ticket() == {named(places) for places, _ in model}
        people = let_in()
        for places, part in model:
            assert people[named(places)] <= part, "somebody was let in who has no part"
    tried.append(talk)
