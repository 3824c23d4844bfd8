"""Ticket numbers."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.tickets.numbers import next_number
from models.transactions import transaction
from tests.support.mails import Door, mail


@pytest.mark.parametrize(
    ("number_format", "first"),
    [("#", "1"), ("######", "000001"), ("IT-####-x", "IT-0001-x"), ("ND", "ND1"), ("a#b#", "a1b#")],
)
def test_a_sequence_begins_at_one_and_fills_the_format(desk: Desk, number_format: str, first: str) -> None:
    with transaction():
        assert next_number(number_format, "sequence") == first


def test_a_sequence_steps_over_numbers_that_are_taken(desk: Desk) -> None:
    Door(desk).take(mail())
    with transaction():
        assert next_number("#", "sequence") == "2"
    from models.database import db

    db.execute_sql("UPDATE sequence SET next = 1 WHERE name = 'ticket'")
    with transaction():
        assert next_number("#", "sequence") == "2"


def test_random_numbers_have_six_digits_and_never_begin_with_zero(desk: Desk) -> None:
    with transaction():
        numbers = {next_number("#", "random") for _ in range(200)}
    assert all(len(number) == 6 and number[0] != "0" for number in numbers)
    assert len(numbers) > 190
