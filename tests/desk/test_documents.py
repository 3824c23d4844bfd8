"""The JSON of every noun is made in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("floor", ["nightdesk", "api", "worker", "desk", "models"])
def test_nothing_but_documents_gives_a_thing_its_json(floor: str) -> None:
    made = [
        f"{path.relative_to(REPOSITORY)}: {node.name}"
        for path in sorted((REPOSITORY / floor).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef) and node.name.strip("_") == "to_json"
    ]
    assert made == [], "it belongs into desk/documents, where the command line and the HTTP API find it"
