"""What the database says reaches the person as a sentence with a cure, and the script as a status."""

from __future__ import annotations

import peewee
import pytest

from nightdesk.errors import sentence, status_of


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ("database is locked", 75, "locked by another program - try again"),
        ("database or disk is full", 1, "the disk is full - make room"),
        ("disk I/O error", 1, "disk fails: disk I/O error - see whether it is full"),
        ("attempt to write a readonly database", 1, "cannot be written - run as the desk's owner"),
        ("database disk image is malformed", 78, "damaged: database disk image is malformed - restore"),
        ("file is not a database", 78, "damaged: file is not a database - restore a backup"),
        (
            "could not extend file: No space left on device",
            1,
            "database's disk is full - make room on its server",
        ),
        ("terminating connection due to administrator command", 75, "broke off: terminating connection due"),
        (
            "consuming input failed: server closed the connection",
            75,
            "whether this was done; then do it again",
        ),
        ("deadlock detected", 75, "too much to do: deadlock detected - try again"),
        ("canceling statement due to statement timeout", 75, "too much to do: canceling statement"),
        ("no such table: ticket", 1, "refused: no such table: ticket - see nightdesk doctor"),
    ],
)
def test_a_fault_of_the_database_has_a_sentence_and_a_status(said: str, status: int, words: str) -> None:
    error = peewee.OperationalError(said)
    assert words in sentence(error)
    assert int(status_of(error)) == status


def test_a_sentence_is_one_inert_line() -> None:
    assert sentence(peewee.DatabaseError("\x1b[31mred\n\x9b31mlines")).isprintable()
