"""No module of ours imports itself by a detour, not even by imports inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")


def modules(floor: str) -> dict[str, Path]:
    """Return the modules of a floor by their dotted names."""
    found = {}
    for path in sorted((ROOT / floor).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST, known: set[str], package: str) -> Iterator[str]:
    """Yield the modules that are imported anywhere in `tree`, except for the eyes of a type checker.

    A string that is a module's name counts too: it is imported by `importlib` when it is needed.
    """
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                for otherwise in node.orelse:
                    yield from imported(ast.Module([otherwise], []), known, package)
                continue
            case ast.Import():
                yield from (alias.name for alias in node.names if alias.name in known)
            case ast.ImportFrom():
                base = node.module or ""
                if node.level:
                    above = package.split(".")[: len(package.split(".")) - node.level + 1]
                    base = ".".join([*above, *filter(None, [base])])
                for alias in node.names:
                    whole = f"{base}.{alias.name}"
                    if whole in known:
                        yield whole
                    elif base in known:
                        yield base
            case ast.Constant(value=str(text)) if text.partition(":")[0] in known and "." in text:
                yield text.partition(":")[0]
        yield from imported(node, known, package)


def graph(floor: str) -> dict[str, set[str]]:
    """Return which modules of a floor each of its modules imports."""
    found = modules(floor)
    known = set(found)
    edges = {}
    for name, path in found.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        edges[name] = set(imported(ast.parse(path.read_text("utf-8")), known, package)) - {name}
    return edges


def circles(edges: dict[str, set[str]]) -> set[frozenset[str]]:
    """Return the groups of modules that import each other (Tarjan's strongly connected components)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(name: str) -> None:
        numbers[name] = lowest[name] = len(numbers)
        stack.append(name)
        for other in sorted(edges[name]):
            if other not in numbers:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], numbers[other])
        if lowest[name] == numbers[name]:
            at = stack.index(name)
            group = frozenset(stack[at:])
            del stack[at:]
            if len(group) > 1:
                found.add(group)

    for name in edges:
        if name not in numbers:
            visit(name)
    return found


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_has_no_circle_of_imports(floor: str) -> None:
    found = circles(graph(floor))
    told = [sorted(group) for group in found]
    assert not found, f"these modules import each other: {told}"


@pytest.mark.parametrize(
    "text",
    [
        "import floor.b",
        "from floor import b",
        "from floor.b import something",
        "from . import b",
        "from .b import something",
        "def later():\n    from floor.b import something",
        "PLACES = {'name': 'floor.b'}",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import floor.b",
    ],
)
def test_every_way_to_import_is_seen(text: str) -> None:
    assert set(imported(ast.parse(text), {"floor", "floor.a", "floor.b"}, "floor")) - {"floor"} == {"floor.b"}


def test_what_only_a_type_checker_imports_is_no_circle() -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from floor.b import something"
    assert not set(imported(ast.parse(text), {"floor.b"}, "floor"))


def test_a_circle_of_three_is_found_whole() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert circles(edges) == {frozenset("abc")}
