"""Ticket numbers: a sequence from 1 or random, written into a format such as ``#`` or ``ND-######``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from config.expressions import expression
from desk import settings as desk_settings
from models import remembered, settings, tickets
from models.remembered import Remembered
from models.tickets import NumberKind

_MASK = expression(r"#+")
_RANDOM_DIGITS = 6
_TRIES = 20
_AT_ONCE = 64


def next_as_set() -> str:
    """Take the next ticket number as the desk's settings say, in the caller's transaction."""
    kind: NumberKind = "random" if desk_settings.get("tickets.number_kind") == "random" else "sequence"
    return next_number(str(desk_settings.get("tickets.number_format")), kind)


def next_number(number_format: str, kind: NumberKind) -> str:
    """Take a ticket number that nobody has, in the caller's transaction.

    The run of ``#`` in the format is the number, padded with zeros to its length; a format without one gets
    it at its end. Random numbers have at least six digits, and more once those are scarce.
    """
    mask = _MASK.search(number_format)
    begin, end = mask.span() if mask else (len(number_format), len(number_format))
    head, width, tail = number_format[:begin], end - begin, number_format[end:]
    digits = max(width, _RANDOM_DIGITS)
    if kind == "sequence" and (known := remembered.now.remembered) is not None:
        return _next_of_many(known, lambda number: head + str(number).zfill(width) + tail)
    tries = 0
    while True:
        if kind == "random":
            import secrets  # 0.5 ms, for random numbers

            body = str(10 ** (digits - 1) + secrets.randbelow(9 * 10 ** (digits - 1)))
            tries += 1
            digits += tries % _TRIES == 0
        else:
            body = str(settings.next_ticket_number()).zfill(width)
        number = head + body + tail
        if not tickets.number_taken(number):
            return number


def _next_of_many(known: Remembered, written: Callable[[int], str]) -> str:
    """Take the next number where many are taken: which are free is asked once for some of them."""
    begin = known.kept.get("next number") or settings.next_ticket_number_is()
    free: list[tuple[int, str]] = known.kept.setdefault("free numbers", [])
    while not free:
        some = {number: written(number) for number in range(begin, begin + _AT_ONCE)}
        taken = tickets.numbers_taken(some.values())
        free += [(number, text) for number, text in some.items() if text not in taken]
        begin += _AT_ONCE
    number, text = free.pop(0)
    known.kept["next number"] = begin
    known.at_end["next number"] = partial(settings.let_next_ticket_number_be, number + 1)
    return text
