"""Ticket numbers: a sequence from 1 or random, written into a format such as ``#`` or ``ND-######``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from desk import settings as desk_settings
from models import remembered, settings, tickets, topics
from models.tickets import NumberKind

if TYPE_CHECKING:
    from models.topics import TopicRule

_RANDOM_DIGITS = 6
_TRIES = 20
_AT_ONCE = 64
_MOST_AT_ONCE = 4096
_GIVEN = "given numbers"


def next_as_set(topic_id: int | None) -> str:
    """Take the next number of a help topic's tickets as it and the desk's settings say.

    In the caller's transaction.
    """
    kind: NumberKind = "random" if desk_settings.get("tickets.number_kind") == "random" else "sequence"
    topic = None if topic_id is None else topics.rule_of(topic_id)
    return next_for(topic, str(desk_settings.get("tickets.number_format")), kind)


def next_for(topic: TopicRule | None, number_format: str, kind: NumberKind) -> str:
    """Take the next number of a help topic's tickets; what the topic leaves open is as the desk has it.

    In the caller's transaction.
    """
    if topic is None or topic.number_format is None:
        return next_number(number_format, kind)
    if topic.number_sequence is None:
        return next_number(topic.number_format, kind)
    if topic.number_sequence == topics.RANDOM_NUMBERS:
        return next_number(topic.number_format, "random")
    return next_number(topic.number_format, "sequence", topic.number_sequence.lower())


def next_number(number_format: str, kind: NumberKind, sequence: str = "") -> str:
    """Take a ticket number that nobody has, in the caller's transaction; ``sequence``: one of topics.

    The run of ``#`` in the format is the number, padded with zeros to its length; a format without one gets
    it at its end. Random numbers have at least six digits, and more once those are scarce.
    """
    head, mask, rest = number_format.partition("#")
    tail = rest.lstrip("#")
    width = len(mask) + len(rest) - len(tail)
    if kind == "random":
        return _random(head, max(width, _RANDOM_DIGITS), tail)
    return _counted(number_format, lambda number: head + str(number).zfill(width) + tail, sequence)


def _random(head: str, digits: int, tail: str) -> str:
    import secrets  # 0.5 ms, for random numbers

    tries = 0
    while True:
        number = head + str(10 ** (digits - 1) + secrets.randbelow(9 * 10 ** (digits - 1))) + tail
        if not tickets.number_taken(number):
            if remembered.now.remembered is not None:
                remembered.now.remembered.kept.setdefault(_GIVEN, set()).add(number)
            return number
        tries += 1
        digits += tries % _TRIES == 0


def _counted(number_format: str, written: Callable[[int], str], sequence: str) -> str:
    """Take a sequence's next number; where many are taken, which are free is asked once for some of them."""
    known = remembered.now.remembered
    kept: dict[str, Any] = {} if known is None else known.kept
    place = f"next number {sequence}".rstrip()
    begin = kept.get(place) or settings.next_ticket_number_is(sequence)
    free: Iterator[tuple[int, str]] | None = kept.get(f"free {sequence} {number_format}")
    given: set[str] = kept.setdefault(_GIVEN, set())
    if free is None:
        free = _free(begin, written, 1 if known is None else _AT_ONCE)
        kept[f"free {sequence} {number_format}"] = free
    number, text = next(each for each in free if each[0] >= begin and each[1] not in given)
    let_be = partial(settings.let_next_ticket_number_be, number + 1, sequence)
    if known is None:
        let_be()
    else:
        given.add(text)
        kept[place] = number + 1
        known.at_end[place] = let_be
    return text


def _free(begin: int, written: Callable[[int], str], at_once: int) -> Iterator[tuple[int, str]]:
    """Yield the numbers from ``begin`` on that no ticket has, and ask for more the more are taken."""
    while True:
        some = {number: written(number) for number in range(begin, begin + at_once)}
        taken = tickets.numbers_taken(some.values())
        yield from ((number, text) for number, text in some.items() if text not in taken)
        begin += at_once
        at_once = min(max(at_once * 2, _AT_ONCE), _MOST_AT_ONCE) if len(taken) == at_once else _AT_ONCE
