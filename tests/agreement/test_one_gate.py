"""Nothing but the life of a ticket writes one: proved by reading the program, and by looking at it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from desk.tickets import changes
from models import tickets
from models.transactions import transaction
from tests.agreement.scene import MakeScene
from tests.support import gate
from tests.support.gate import TABLES, watched, writes
from tests.support.rows import every_row

ROOT = Path(__file__).parents[2]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")
GATE = Path("desk/tickets/lifecycle.py")
ROWS = {
    *("Ticket", "TicketTag", "TicketReferral", "TicketField", "TicketLink", "Collaborator", "Seen"),
    *("Message", "Attachment", "Event", "NoteVersion", "Task", "TimeSpent", "Watch"),
}
PEEWEE_WRITES = {"create", "insert", "insert_many", "update", "delete", "save", "delete_instance", "replace"}
NO_TABLES = ("migrations", "postgres", "desk_moves", "osticket")
"""Folders of models/ that make and move a desk as a whole, or read another one."""


def sources() -> list[Path]:
    """Every module of the program."""
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


@cache
def writers() -> set[tuple[str, str]]:
    """(module, function) of the functions in models/ that change a ticket's rows, or call what does."""
    trees = {}
    for path in sorted((ROOT / "models").rglob("*.py")):
        where = path.relative_to(ROOT).with_suffix("")
        if where.parts[1] not in NO_TABLES:
            trees[".".join(where.parts)] = ast.parse(path.read_text())
    defined_there = {
        node.name for tree in trees.values() for node in tree.body if isinstance(node, ast.ClassDef)
    }
    assert defined_there > ROWS
    found = set()
    for name, tree in trees.items():
        defined = {each: node for node in tree.body for each in _defines(node)}
        changing = {each for each, node in defined.items() if _changes(node)}
        grown = True
        while grown:
            more = {
                each
                for each, node in defined.items()
                if {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & changing
            }
            grown = not more <= changing
            changing |= more
        found |= {
            (name, each)
            for each in changing
            if isinstance(defined[each], ast.FunctionDef) and not each.startswith("_")
        }
    return found


def _defines(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [each.id for each in targets if isinstance(each, ast.Name)]


def _changes(node: ast.stmt) -> bool:
    """Whether a piece of a module changes a ticket's rows itself: `table`, whichever it is, may be one."""
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Attribute(value=ast.Name(table), attr=attr)) if attr in PEEWEE_WRITES:
                if table in ROWS or table == "table":
                    return True
            case ast.Call(func=ast.Name("Update"), args=[ast.Name(table), *_]) if table in ROWS:
                return True
    return False


def test_the_search_for_writers_finds_them() -> None:
    assert {
        ("models.tickets", "change"),
        ("models.messages", "write"),
        ("models.events", "write"),
        ("models.tickets", "set_seen"),
        ("models.tasks", "set_tasks"),
        ("models.links", "write"),
        ("models.erasure", "wipe_tickets"),
        ("models.erasure", "rewrite"),
        ("models.erasure", "give_blob"),
        ("models.belongings", "give"),
    } <= writers()


@every_row("path", sources())
def test_a_writer_is_called_by_the_life_of_a_ticket_alone(path: Path) -> None:
    here = path.relative_to(ROOT)
    if here == GATE or here.parts[0] == "models":
        return
    found, modules = writers(), {module for module, _ in writers()}
    tree = ast.parse(path.read_text())
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "models":
            names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
            taken = {(node.module, each.name) for each in node.names} & found
            assert not taken, f"{here} imports {taken}"
        if isinstance(node, ast.Import):
            assert not {each.name for each in node.names} & modules, f"{here}:{node.lineno}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        assert (names.get(node.value.id), node.attr) not in found, f"{here}:{node.lineno}"
        assert not (node.value.id in ROWS and node.attr in PEEWEE_WRITES), f"{here}:{node.lineno}"


@every_row("path", sources())
def test_no_text_of_sql_writes_a_ticket(path: Path) -> None:
    here = path.relative_to(ROOT)
    if here.parts[:2] == ("models", "migrations"):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = " ".join(node.value.lower().split())
            for table in TABLES:
                for verb in (f"update {table} set", f"insert into {table} (", f"delete from {table} where"):
                    assert verb not in said, f"{here}:{node.lineno}"


def test_a_way_around_the_gate_is_seen_while_it_is_taken(engine: str, scene: MakeScene) -> None:
    desk = scene("desk")
    with watched(engine) as found:
        desk.state(subject="Written by a test")
        changes.close(desk.kim, ["1"])
        assert found == []
        with transaction():
            _as_if_in_the_desk()(1, {"subject": "Written by somebody"})
        assert [each.partition(":")[0] for each in found] == ["ticket"]
    assert writes('DELETE FROM "seen" WHERE 1') == "seen"
    assert writes("UPDATE ticket_list SET x = 1") is writes("SELECT 1 FROM ticket") is None


def _as_if_in_the_desk() -> Callable[[int, dict[str, str]], None]:
    """A function of a module of the desk that writes a ticket itself."""
    names: dict[str, Any] = {"change": tickets.change}
    code = "def write(ticket_id, values):\n    change(ticket_id, values)\n"
    exec(compile(code, gate.GATE.replace("lifecycle", "hasty"), "exec"), names)
    written: Callable[[int, dict[str, str]], None] = names["write"]
    return written
