"""What a database's schema means, whatever words it was made with."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

_BOOKKEEPING = ("sqlite_", "message_search_")


def described(database: sqlite3.Connection) -> dict[str, Any]:
    """Every table, index and trigger of a database in a form that can be compared."""
    found: dict[str, Any] = {}
    for kind, name, sql in database.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name"):
        if sql is None or (kind == "table" and name.startswith(_BOOKKEEPING)):
            continue
        if kind == "trigger" or "VIRTUAL TABLE" in sql:
            found[f"{kind} {name}"] = re.sub(r"\s+", " ", sql)
        elif kind == "table":
            found[f"table {name}"] = _table(database, name, sql)
    return found


def _table(database: sqlite3.Connection, name: str, sql: str) -> dict[str, Any]:
    columns = {
        row[1]: (row[2], bool(row[3]) or bool(row[5]), row[4], row[5])
        for row in database.execute(f"PRAGMA table_info({name})")
    }
    references = sorted(
        (row[3], row[2], row[4] or "id", row[5], row[6])
        for row in database.execute(f"PRAGMA foreign_key_list({name})")
    )
    rowid = database.execute("SELECT wr, strict FROM pragma_table_list WHERE name = ?", (name,)).fetchone()
    return {
        "columns": columns,
        "collations": sorted(_collations(sql)),
        "references": references,
        "checks": sorted(_plain(each) for each in _checks(sql)),
        "indexes": sorted(map(repr, _indexes(database, name))),
        "without rowid, strict": rowid,
    }


def _indexes(database: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    """Name (none where only uniqueness counts), uniqueness, columns and condition of each index."""
    found = []
    for _, name, unique, origin, partial in database.execute(f"PRAGMA index_list({table})").fetchall():
        if origin == "pk":
            continue
        keys = tuple(
            (row[2], row[3], row[4]) for row in database.execute(f"PRAGMA index_xinfo({name})") if row[5]
        )
        sql = database.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0] or ""
        condition = _plain(sql.partition(" WHERE ")[2]) if partial else ""
        expression = "" if all(key[0] is not None for key in keys) else _plain(sql.partition("(")[2])
        found.append(("" if unique and not partial else name, unique, keys, condition, expression))
    return found


def _checks(sql: str) -> list[str]:
    found = []
    for start in (match.end() for match in re.finditer(r"CHECK \(", sql)):
        depth, end = 1, start
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        found.append(sql[start : end - 1])
    return found


def _collations(sql: str) -> set[str]:
    """The columns that are compared without regard to case."""
    body = sql.partition("(")[2].replace('"', "")
    clauses = re.split(r",(?![^(]*\))", body)
    return {clause.split()[0] for clause in clauses if "COLLATE NOCASE" in clause}


def _plain(text: str) -> str:
    """An expression without quotes, brackets and blanks."""
    return re.sub(r'["()\s]', "", text).replace("<>", "!=").upper()
