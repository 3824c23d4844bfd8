"""A test stands alone: what two of them share is in tests/support or in a module that is no test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.rows import every_row

TESTS = Path(__file__).parent
MODULES = sorted(TESTS.rglob("*.py"))


def imported(module: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, those inside functions too."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            place = "." * node.level + (node.module or "")
            yield place
            yield from (f"{place}.{name.name}" for name in node.names)


def is_test(name: str) -> bool:
    """Whether a dotted name below tests leads into a test module or a conftest."""
    parts = name.replace("..", ".").split(".")
    return parts[0] in ("", "tests") and any(
        part == "conftest" or part.startswith("test_") for part in parts[1:]
    )


@every_row("module", MODULES)
def test_no_module_imports_a_test_or_a_conftest(module: Path) -> None:
    assert [name for name in imported(module) if is_test(name)] == []


@every_row(
    ("name", "is_one"),
    [
        ("tests.tui.conftest", True),
        ("tests.tui.conftest.NOW", True),
        ("tests.desk.tickets.test_lists.fill", True),
        (".conftest", True),
        (".test_lists.fill", True),
        ("tests.support.program.Program", False),
        ("tests.tui.screen.same_as_before", False),
        ("models.tests_of_nothing", False),
    ],
)
def test_what_counts_as_a_test(name: str, is_one: bool) -> None:
    assert is_test(name) is is_one
