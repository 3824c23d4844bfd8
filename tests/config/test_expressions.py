"""Regular expressions are compiled at their first use, and all of them can be."""

from __future__ import annotations

import ast
import gc
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.expressions import _Expression, expression

REPOSITORY = Path(__file__).parent.parent.parent
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is loaded."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from at_import(child)


@pytest.mark.parametrize("floor", FLOORS)
def test_no_module_compiles_an_expression_while_it_is_loaded(floor: str) -> None:
    compiled = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}"
        for path in sorted((REPOSITORY / floor).rglob("*.py"))
        for node in at_import(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"
    ]
    assert compiled == [], "config.expressions.expression compiles it when it is needed"


@pytest.mark.parametrize("floor", FLOORS)
def test_every_expression_can_be_compiled(floor: str) -> None:
    for path in (REPOSITORY / floor).rglob("*.py"):
        if path.name != "__main__.py" and path.parent.name != "migrations":
            importlib.import_module(".".join(path.relative_to(REPOSITORY).with_suffix("").parts))
    for each in gc.get_objects():
        if type(each) is _Expression:
            assert callable(each.search)


def test_an_expression_does_what_the_compiled_one_does() -> None:
    word = expression(r"(\w)(\w*)", re.ASCII)
    assert [found[0] for found in word.finditer("one two")] == ["one", "two"]
    assert word.match("one two", 4) is not None
    assert word.sub(r"\2\1", "one two") == "neo wot"
    assert word.split("one two") == ["", "o", "ne", " ", "t", "wo", ""]
    assert word.findall("é") == []
    assert word.groups == 2
    assert expression(b"[a-c]+").fullmatch(b"abc") is not None


def test_a_wrong_expression_says_so_at_its_first_use() -> None:
    wrong = expression("(")
    with pytest.raises(re.error):
        wrong.search("text")
