"""Both engines understand every statement of the models, whether or not a test runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

import peewee
import pytest

from desk.home import Desk
from models.database import db
from models.statements import Places, with_constants
from tests.models.statements import statements


@pytest.fixture
def asked(desk: Desk) -> Iterator[None]:
    """A desk on which nothing that is prepared stays."""
    with db.atomic() as whole:
        yield
        whole.rollback()


def test_every_statement_can_be_prepared(asked: None, engine: str) -> None:
    wrong, number = {}, count()
    for module, name, statement in statements():
        text, parameters = with_constants(*statement._build(Places(4)).bind(db.obj).sql())
        try:
            if engine == "sqlite":
                db.execute_sql(f"EXPLAIN {text}", [1] * len(parameters))
            else:
                _prepare(text, f"s{next(number)}")
        except peewee.PeeweeException as error:
            wrong[module, name] = str(error)
            break  # in PostgreSQL the transaction ends with it
    assert wrong == {}
    assert engine == "sqlite" or next(number) > 300


@pytest.mark.sqlite
def test_what_a_statement_always_compares_with_stands_in_its_text(asked: None) -> None:
    text, left = with_constants("""SELECT '?', "it?", ?, ?, ?, ?, ?""", ["it's ?", 7, None, "\0", True])
    assert text == """SELECT '?', "it?", 'it''s ?', 7, ?, ?, ?"""
    assert left == [None, "\0", True]


def _prepare(text: str, name: str) -> None:
    place = count(1)
    db.execute_sql(f"PREPARE {name} AS " + re.sub("%s", lambda _: f"${next(place)}", text))
