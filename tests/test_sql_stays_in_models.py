"""Statements stand with their tables: nothing outside models/ has the database in hand, or writes SQL."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "mail", "config")
SOURCES = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def reaches_the_database(tree: ast.AST) -> bool:
    """Whether the module takes the handle, or runs text on a connection."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "models.database":
            taken = {each.name for each in node.names}
            if "db" in taken:
                return True
        if isinstance(node, ast.Attribute) and node.attr in ("execute_sql", "executescript", "executemany"):
            return True
    return False


BUILDS_OR_RUNS_A_QUERY = (
    *("select", "get_or_none", "get_by_id", "insert", "update", "create", "replace"),
    *("save", "delete_instance", "execute", "is_null", "in_"),
)


def queries(tree: ast.AST) -> set[str]:
    """The Peewee calls of a module: on a row's class, or on what such a call gave."""
    return {
        f"{node.lineno}: {node.func.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in BUILDS_OR_RUNS_A_QUERY
        and not (node.func.attr in ("update", "replace") and not _is_a_class(node.func.value))
    }


def _is_a_class(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id[:1].isupper()


ONLY_READERS_AND_WRITERS = [
    path for noun in ("desk/mailboxes",) for path in sorted((ROOT / noun).rglob("*.py"))
]


@pytest.mark.parametrize("path", ONLY_READERS_AND_WRITERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_noun_reads_and_writes_its_rows_by_name(path: Path) -> None:
    assert not queries(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "code",
    [
        "Mailbox.get_or_none(Mailbox.id == 1)",
        "row.save()",
        "Mailbox.update(alerted=None).where(x).execute()",
        "found = Mailbox.removed.is_null()",
        "app.delete_instance()",
    ],
)
def test_that_search_sees_queries(code: str) -> None:
    assert queries(ast.parse(code))
    assert not queries(ast.parse("mailboxes.keep(row)\ntext.replace('a', 'b')\nfound.update(x=1)"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_leaves_the_database_to_models(path: Path) -> None:
    assert not reaches_the_database(ast.parse(path.read_text("utf-8")))


def test_the_search_sees_both_ways_to_the_database() -> None:
    assert reaches_the_database(ast.parse("from models.database import db, transaction"))
    assert reaches_the_database(ast.parse("def f(handle):\n    handle.execute_sql('SELECT 1')"))
    assert not reaches_the_database(ast.parse("from models.database import transaction"))
