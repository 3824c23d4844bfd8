"""Nothing but the life of a ticket writes one: proved by reading the program."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")
GATE = Path("desk/tickets/lifecycle.py")
TABLES = ("tickets", "messages", "events")
ROWS = {"Ticket", "TicketTag", "Collaborator", "TicketReferral", "Seen", "Message", "Attachment", "Event"}
SQL_TABLES = ("ticket", "ticket_tag", "ticket_referral", "collaborator", "seen", "message", "event")
PEEWEE_WRITES = {"create", "insert", "insert_many", "update", "delete", "save", "delete_instance", "replace"}
NOT_THE_TICKET = {("messages", "wait_for"), ("messages", "arrived")}
"""What intake notes about mails that are not here yet."""


def sources() -> list[Path]:
    """Every module of the program."""
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def writers() -> set[tuple[str, str]]:
    """(module, function) of the functions in models/ that run a statement which changes a ticket's rows."""
    found: set[tuple[str, str]] = set()
    for name in TABLES:
        tree = ast.parse((ROOT / "models" / f"{name}.py").read_text())
        changing = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
            for target in ([node.target] if isinstance(node, ast.AnnAssign) else node.targets)
            if isinstance(target, ast.Name) and _is_change(node.value)
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                if used & changing and not node.name.startswith("_"):
                    found.add((name, node.name))
    return found - NOT_THE_TICKET


def _is_change(value: ast.expr) -> bool:
    calls = {each.attr for each in ast.walk(value) if isinstance(each, ast.Attribute)}
    names = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
    return bool(calls & {"insert", "update", "delete"}) or "Update" in names


def test_the_search_for_writers_finds_them() -> None:
    assert {
        ("tickets", "change"),
        ("messages", "write"),
        ("events", "write"),
        ("tickets", "set_seen"),
    } <= writers()


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_writer_is_called_by_the_life_of_a_ticket_alone(path: Path) -> None:
    here = path.relative_to(ROOT)
    if here == GATE or here.parts[0] == "models":
        return
    found = writers()
    tree = ast.parse(path.read_text())
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "models":
            names |= {each.asname or each.name: each.name for each in node.names if each.name in TABLES}
        if isinstance(node, ast.ImportFrom) and (node.module or "").removeprefix("models.") in TABLES:
            table = (node.module or "").removeprefix("models.")
            taken = {(table, each.name) for each in node.names} & found
            assert not taken, f"{here} imports {taken}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        assert (names.get(node.value.id), node.attr) not in found, f"{here}:{node.lineno}"
        assert not (node.value.id in ROWS and node.attr in PEEWEE_WRITES), f"{here}:{node.lineno}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_of_sql_writes_a_ticket(path: Path) -> None:
    here = path.relative_to(ROOT)
    if here.parts[:2] == ("models", "migrations"):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = " ".join(node.value.lower().split())
            for table in (
                "ticket",
                "ticket_tag",
                "ticket_referral",
                "collaborator",
                "seen",
                "message",
                "event",
            ):
                for verb in (f"update {table} set", f"insert into {table} (", f"delete from {table} where"):
                    assert verb not in said, f"{here}:{node.lineno}"
