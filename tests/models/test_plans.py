"""No statement of a mail, a key or a sweep reads a table from end to end that grows with every mail."""

from __future__ import annotations

import re

import pytest

from models.database import db
from models.statements import Places
from tests.models.statements import statements

pytestmark = pytest.mark.sqlite

GROWING = {
    "attachment",
    "awaited",
    "blob",
    "contact",
    "delivery",
    "event",
    "message",
    "notice",
    "receipt",
    "recipient",
    "ticket",
}
READ_WHOLE = {
    ("blobs", "_BY_AGE"): "doctor, some of them in the order they came",
    ("contacts", "_FOUND"): "whoever lists contacts by a part of their name",
    ("deliveries", "_LEFT_MIDWAY"): "restore, once",
    ("deliveries", "_PUT_OFF"): "restore, once",
    ("deliveries", "_LOOK_FOR_COPY"): "restore, once",
    ("deliveries", "_NEWEST_LINES"): "the newest few, by the primary key",
    ("deliveries", "_LINES_IN_STATES"): "the newest few, by the primary key",
    ("events", "_LATEST"): "the newest few, by the primary key",
    ("messages", "_DELETE"): "whoever takes an answer back within its time, once; notices are purged",
    ("notices", "_NEWEST"): "the newest few, by the primary key",
    ("notices", "_OLDER"): "whoever asks what a purge would take",
    ("notices", "_PURGE"): "of what is kept as long as log lines are, once an hour",
    ("receipts", "_COUNTS"): "metrics and doctor, over an index",
    ("tickets", "_FORGET_REFERENCES"): "the purge of spam, for many tickets at once, once a day",
    ("tickets", "_DELETE"): "whoever takes a new ticket back within its time, once",
}
"""Those that may, and why."""
_ALIAS = re.compile(r'"(\w+)" AS "(\w+)"')
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_PARTIAL = "select name from sqlite_schema where type = 'index' and sql like '% WHERE %'"


def test_no_statement_reads_a_growing_table_whole(desk: object) -> None:
    del desk
    # A desk of a million tickets, as far as the planner knows; the tables not named seem empty to it.
    db.execute_sql("analyze")
    for table in ("message", "ticket", "receipt", "blob", "contact", "delivery", "recipient", "event"):
        db.execute_sql("insert into sqlite_stat1 (tbl, idx, stat) values (?, null, '1000000')", [table])
    db.execute_sql("analyze sqlite_schema")
    partial = {name for (name,) in db.execute_sql(_PARTIAL).fetchall()}
    read: dict[tuple[str, str], list[str]] = {}
    for module, name, statement in statements():
        text, parameters = statement._build(Places(4)).bind(db.obj).sql()
        if text.startswith("INSERT"):
            continue  # its plan names the children of the table, which it never reads
        tables = {alias: table for table, alias in _ALIAS.findall(text)}
        plan = db.execute_sql("explain query plan " + text, [1] * len(parameters)).fetchall()
        for *_, detail in plan:
            scan = _SCAN.match(detail)
            if scan and tables.get(scan[1], scan[1]) in GROWING and scan[2] not in partial:
                read.setdefault((module, name), []).append(detail)
    assert {key: plan for key, plan in read.items() if key not in READ_WHOLE} == {}
    assert read.keys() >= READ_WHOLE.keys(), "what is named here reads nothing whole any more"
