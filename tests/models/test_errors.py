"""What a database says, in plain words; and which of it is no fault of ours."""

from __future__ import annotations

import peewee

from models.errors import explain
from models.transactions import outside
from tests.support.rows import every_row

OF_THE_DATABASE = {
    "database is locked": "the database is locked by another program",
    "database or disk is full": "the disk is full",
    "attempt to write a readonly database": "the database cannot be written",
    "disk I/O error": "the database's disk fails: disk I/O error",
    "database disk image is malformed": "the database is damaged: database disk image is malformed",
    "cannot execute UPDATE in a read-only transaction": "the database takes no changes: "
    "cannot execute UPDATE in a read-only transaction",
}


@every_row(("said", "words"), OF_THE_DATABASE.items())
def test_a_fault_of_the_database_is_told_with_what_to_do(said: str, words: str) -> None:
    error = peewee.OperationalError(said)
    assert explain(error)[0] == words
    assert outside(error) == " - ".join(explain(error))
    assert outside(ValueError(said)) == ""


def test_what_may_be_a_fault_of_ours_is_told_as_such() -> None:
    error = peewee.OperationalError("no such column: nonsense")
    assert explain(error) == (
        "the database refused: no such column: nonsense",
        "see nightdesk doctor, or run it again with --debug",
    )
    assert outside(error) == ""
