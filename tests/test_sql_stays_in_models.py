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


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_leaves_the_database_to_models(path: Path) -> None:
    assert not reaches_the_database(ast.parse(path.read_text("utf-8")))


def test_the_search_sees_both_ways_to_the_database() -> None:
    assert reaches_the_database(ast.parse("from models.database import db, transaction"))
    assert reaches_the_database(ast.parse("def f(handle):\n    handle.execute_sql('SELECT 1')"))
    assert not reaches_the_database(ast.parse("from models.database import transaction"))
