"""Ticket numbers: a sequence from 1 or random, written into a format such as ``#`` or ``ND-######``."""

from __future__ import annotations

from config.expressions import expression
from desk import settings
from models import tickets
from models.settings import next_ticket_number
from models.tickets import NumberKind

_MASK = expression(r"#+")
_RANDOM_DIGITS = 6
_TRIES = 20


def next_as_set() -> str:
    """Take the next ticket number as the desk's settings say, in the caller's transaction."""
    kind: NumberKind = "random" if settings.get("tickets.number_kind") == "random" else "sequence"
    return next_number(str(settings.get("tickets.number_format")), kind)


def next_number(number_format: str, kind: NumberKind) -> str:
    """Take a ticket number that nobody has, in the caller's transaction.

    The run of ``#`` in the format is the number, padded with zeros to its length; a format without one gets
    it at its end. Random numbers have at least six digits, and more once those are scarce.
    """
    mask = _MASK.search(number_format)
    begin, end = mask.span() if mask else (len(number_format), len(number_format))
    head, width, tail = number_format[:begin], end - begin, number_format[end:]
    digits = max(width, _RANDOM_DIGITS)
    tries = 0
    while True:
        if kind == "random":
            import secrets  # 0.5 ms, for random numbers

            body = str(10 ** (digits - 1) + secrets.randbelow(9 * 10 ** (digits - 1)))
            tries += 1
            digits += tries % _TRIES == 0
        else:
            body = str(next_ticket_number()).zfill(width)
        number = head + body + tail
        if not tickets.number_taken(number):
            return number
