"""No statement of a mail, a key or a sweep reads a table from end to end that grows with every mail."""

from __future__ import annotations

import re

import pytest

from desk.tickets.query import parse
from models import ticket_lists
from models.database import db
from models.queries.tree import NOTHING
from models.statements import Places, with_constants
from tests.models.statements import statements
from tests.support.workbench import ADMIN

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
    ("blob_uses", "_UNUSED"): "purge, once an hour",
    ("blobs", "_COUNT"): "doctor",
    ("carried", "_AN_EVENT"): "an import, once: whether there is one",
    ("carried", "_A_TICKET"): "an import, once: whether there is one",
    ("erasure", "_END_WITHOUT_RECIPIENTS"): "whoever erases a contact, once",
    ("erasure", "_GIVE_BLOB[0]"): "whoever erases a contact, for a mail that also tells of others",
    ("erasure", "_GIVE_BLOB[1]"): "whoever erases a contact, for a file that also tells of others",
    ("erasure", "_GIVE_BLOB[2]"): "whoever erases a contact, for a mail that also tells of others",
    ("erasure", "_GIVE_BLOB[3]"): "whoever erases a contact, for a mail that also tells of others",
    ("erasure", "_NAMED_AS_SENDER"): "whoever erases a contact, for each of their addresses",
    ("erasure", "_USES[0][0]"): "whoever erases a contact",
    ("erasure", "_USES[1][0]"): "whoever erases a contact",
    ("erasure", "_USES[2][0]"): "whoever erases a contact",
    ("erasure", "_USES[3][0]"): "whoever erases a contact",
    ("blobs", "_BY_AGE"): "doctor, some of them in the order they came",
    ("deliveries", "_LEFT_MIDWAY"): "restore, once",
    ("deliveries", "_PUT_OFF"): "restore, once",
    ("deliveries", "_LOOK_FOR_COPY"): "restore, once",
    ("deliveries", "_NEWEST_LINES"): "the newest few, by the primary key",
    ("deliveries", "_LINES_IN_STATES"): "the newest few, by the primary key",
    ("events", "_LATEST"): "the newest few, by the primary key",
    ("receipts", "_BEHIND"): "the newest few, by the primary key",
    ("messages", "_DELETE"): "whoever takes an answer back within its time, once; notices are purged",
    ("notices", "_NEWEST"): "the newest few, by the primary key",
    ("notices", "_OLDER"): "whoever asks what a purge would take",
    ("notices", "_PURGE"): "of what is kept as long as log lines are, once an hour",
    ("receipts", "_COUNTS"): "metrics and doctor, over an index",
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
        text, parameters = with_constants(*statement._build(Places(4)).bind(db.obj).sql())
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


def test_no_page_of_many_sorts_all_that_is_left(desk: object) -> None:
    """Whoever reads all of a table page by page would sort it as often as there are pages."""
    del desk
    sorting = []
    for module, name, statement in statements():
        text, parameters = with_constants(*statement._build(Places(4)).bind(db.obj).sql())
        if "after" not in (getattr(each, "name", "") for each in parameters) or " LIMIT " not in text:
            continue
        plan = db.execute_sql("explain query plan " + text, [1] * len(parameters)).fetchall()
        if any("TEMP B-TREE FOR ORDER BY" in step for *_, step in plan):
            sorting.append((module, name))
    assert sorting == []


def test_a_list_in_the_order_of_a_field_is_read_from_indexes(
    desk: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    del desk
    monkeypatch.setattr(ticket_lists, "FEW", -1)
    asked: list[tuple[str, object]] = []
    handle = db.obj
    execute = type(handle).execute_sql

    def asking(own: object, text: str, values: object = None) -> object:
        asked.append((text, values))
        return execute(own, text, values)

    monkeypatch.setattr(type(handle), "execute_sql", asking)
    for view in ("open", "inbox", "all"):
        for numeric in (True, False):
            for descending in (True, False):
                sort = ticket_lists.OwnOrder(1, numeric, descending)
                wanted = ticket_lists.TicketList(view, NOTHING, sort, 0)
                ticket_lists.page(wanted, None, backwards=False, limit=7)
    monkeypatch.undo()
    walks = {text: values for text, values in asked if "ORDER BY" in text and "json_each" not in text}
    assert len(walks) == 24
    for text, values in walks.items():
        plan = [step for *_, step in db.execute_sql("explain query plan " + text, values)]
        assert not [step for step in plan if "TEMP B-TREE" in step], plan


def test_tickets_closed_in_a_time_are_counted_from_an_index(
    desk: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    del desk
    asked: list[str] = []
    handle = db.obj
    execute = type(handle).execute_sql

    def asking(own: object, text: str, values: object = None) -> object:
        asked.append(text)
        return execute(own, text, values)

    monkeypatch.setattr(type(handle), "execute_sql", asking)
    monkeypatch.setattr(ticket_lists, "FEW", -1)
    narrow = "state:closed closed:<7d"
    for query, index in (
        (narrow, "ticket_when_closed"),
        (f"{narrow} p:high", "ticket_closed"),
        ("closed:<7d", "ticket_closed"),
    ):
        asked.clear()
        ticket_lists.count(ticket_lists.TicketList("all", parse(query, ADMIN).tree, "updated", 0))
        assert f'INDEXED BY "{index}"' in " ".join(asked)
