"""Agents who were bound to one department go on reading all that there are when a desk is updated."""

from __future__ import annotations

import importlib
import sqlite3

import pytest

pytestmark = pytest.mark.sqlite

UP = importlib.import_module("models.migrations.0019_reading").up


class _Database:
    """What a migration is given, on a database in memory."""

    def __init__(self) -> None:
        self.execute_sql = sqlite3.connect(":memory:").execute


@pytest.fixture
def database() -> _Database:
    made = _Database()
    for statement in (
        "CREATE TABLE role (id INTEGER PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE, actions TEXT)",
        "CREATE TABLE department (id INTEGER PRIMARY KEY)",
        "CREATE TABLE agent (id INTEGER PRIMARY KEY, role_id INTEGER, department_id INTEGER)",
        "CREATE TABLE ticket_referral (ticket_id INTEGER, department_id INTEGER)",
        "INSERT INTO department VALUES (1), (2), (3)",
        """INSERT INTO role VALUES (1, 'Admin', '["*"]'), (2, 'Worker', '["ticket.note"]'),
            (3, 'Postmaster', '["mailbox.edit"]'), (4, 'reader', '["ticket.note"]')""",
    ):
        made.execute_sql(statement)
    return made


def test_who_was_bound_to_a_department_reads_the_others(database: _Database) -> None:
    database.execute_sql("INSERT INTO agent VALUES (1, 1, NULL), (2, 2, 1)")
    UP(None, database)
    places = database.execute_sql(
        "SELECT agent_id, department_id, name, actions FROM agent_department JOIN role ON role.id = role_id"
    ).fetchall()
    assert sorted(places) == [(2, 2, "Reader 2", '["ticket.read"]'), (2, 3, "Reader 2", '["ticket.read"]')]


def test_a_role_without_tickets_reads_them(database: _Database) -> None:
    UP(None, database)
    roles = dict(database.execute_sql("SELECT name, actions FROM role").fetchall())
    assert roles["Postmaster"] == '["ticket.read","mailbox.edit"]'
    assert (roles["Admin"], roles["Worker"]) == ('["*"]', '["ticket.note"]')
    assert len(roles) == 4
