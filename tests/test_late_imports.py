"""An import inside a function saves time at the start of a program, and says how much beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")
VERBS = "nightdesk/verbs/"
"""A verb imports what it works with when it is called; the package says once what that saves."""

OURS = ("api", "config", "desk", "mail", "models", "nightdesk", "tui", "worker")
_COST = re.compile(r"\d ms\b")


def late_imports(source: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield the imports inside functions, each with whether its cost stands beside it.

    It stands on its lines, in the comment right above, or at the import right above.
    """
    lines = source.splitlines()
    known: dict[int, bool] = {}
    nodes = {
        node.lineno: node
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    for number, node in sorted(nodes.items()):
        end = node.end_lineno or number
        said = any(_COST.search(line.partition("#")[2]) for line in lines[number - 1 : end])
        above = number - 1
        while above and lines[above - 1].lstrip().startswith("#"):
            said = said or bool(_COST.search(lines[above - 1]))
            above -= 1
        said = said or known.get(above, False)
        known[end] = said
        yield node, said


def is_a_verbs_own(module: str, node: ast.Import | ast.ImportFrom) -> bool:
    """Whether a verb imports a part of ours that it works with."""
    name = node.names[0].name if isinstance(node, ast.Import) else node.module or ""
    return module.startswith(VERBS) and name.partition(".")[0] in OURS


@pytest.mark.parametrize("floor", FLOORS)
def test_every_late_import_says_what_it_saves(floor: str) -> None:
    silent = [
        f"{module}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted((REPOSITORY / floor).rglob("*.py"))
        for module in [str(path.relative_to(REPOSITORY))]
        for node, said in late_imports(path.read_text("utf-8"))
        if not said and not is_a_verbs_own(module, node)
    ]
    assert silent == [], "move it to the top, or say what it saves: # 12 ms, for signed mail"


def test_what_counts_as_said() -> None:
    source = """
def one():
    import a  # 3 ms: for one mail in a thousand
    import b

    import c
    # 12.5 ms, as long
    # as the disk is warm
    from d import (
        e,
    )
    import f
    x = 1
    import g
"""
    assert [said for _, said in late_imports(source)] == [True, True, False, True, True, False]
