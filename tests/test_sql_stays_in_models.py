"""Statements stand with their tables: nothing outside models/ has the database in hand, or asks Peewee."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import models
from models.database import Row
from models.mailboxes import Mailbox, MailboxOAuth2
from tests.support.rows import every_row

ROOT = Path(__file__).parents[1]
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "mail", "config")
SOURCES = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
EDITED_WHOLE = {"Mailbox", "MailboxOAuth2"}
"""Rows that leave models/ as they are: whoever edits one changes its columns and gives it back to be kept."""
OF_THE_DATABASE = {"execute_sql", "executescript", "executemany", "execute"}
OF_A_ROW = {"save", "delete_instance"}


def tables() -> set[str]:
    """The names of all tables' classes."""
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if not module.name.startswith("models.migrations"):
            importlib.import_module(module.name)
    found: set[type] = set()
    waiting: list[type] = [Row]
    while waiting:
        below: list[type] = waiting.pop().__subclasses__()
        found.update(below)
        waiting += below
    return {each.__name__ for each in found if each.__module__.startswith("models.")}


TABLES = tables()
TELLING = {"get_or_none", "get_by_id", "set_by_id", "delete_by_id", "insert_many", "get_or_create", "is_null"}
"""What nothing but Peewee is asked, whatever the name in front of it says."""


def reaches_the_database(tree: ast.Module) -> set[str]:
    """What of a module takes the handle, a table or a statement out of models/."""
    modules = set(_modules(tree))
    typed = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in ast.walk(node)
    }
    classes = _classes(tree)
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="models.database") | ast.Import(names=[ast.alias("models.database")]):
                found.add(f"{node.lineno}: the handle")
            case ast.ImportFrom(module="models", names=names) if any(n.name == "database" for n in names):
                found.add(f"{node.lineno}: the handle")
            case ast.ImportFrom(module=str(module), names=names) if module.startswith("models."):
                taken = {each.name for each in names} & TABLES
                found |= {f"{node.lineno}: {name}" for name in taken - EDITED_WHOLE}
                if "statements" in module and id(node) not in typed:
                    found.add(f"{node.lineno}: {module}")
            case ast.Attribute(value=ast.Name(name), attr=attr) if name in classes:
                found.add(f"{node.lineno}: {name}.{attr}")
            case ast.Call(func=ast.Attribute(value=asked, attr=attr)):
                of_module = isinstance(asked, ast.Name) and asked.id in modules
                if attr in TELLING | OF_THE_DATABASE or (attr in OF_A_ROW and not of_module):
                    found.add(f"{node.lineno}: .{attr}()")
    return found


def _modules(tree: ast.Module) -> Iterator[str]:
    """The names of modules, as far as imports of this program's own say what is one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.asname or each.name for each in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            folder = ROOT.joinpath(*node.module.split("."))
            for each in node.names:
                if (folder / f"{each.name}.py").exists() or (folder / each.name).is_dir():
                    yield each.asname or each.name


def _classes(tree: ast.Module) -> set[str]:
    """The names that tables' classes have here."""
    return {
        each.asname or each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("models.")
        for each in node.names
        if each.name in TABLES
    }


@every_row("path", SOURCES)
def test_a_module_leaves_the_database_to_models(path: Path) -> None:
    assert not reaches_the_database(ast.parse(path.read_text("utf-8")))


@every_row("table", [Mailbox, MailboxOAuth2])
def test_no_query_hides_behind_a_name_of_such_a_row(table: type[Row]) -> None:
    assert table.__name__ in EDITED_WHOLE
    assert not [each.name for each in table._meta.refs if each.lazy_load]


def test_tables_are_known() -> None:
    assert EDITED_WHOLE | {"Ticket", "Draft", "ApiKey", "Sequence", "WithheldMail"} <= TABLES


@every_row(
    "code",
    [
        "from models.database import db",
        "import models.database",
        "from models import database",
        "def f(handle):\n    handle.execute_sql('SELECT 1')",
        "def f(opened):\n    return opened.execute('SELECT 1')",
        "from models.tickets import Ticket",
        "from models.agents import Agent as Row",
        "if TYPE_CHECKING:\n    from models.drafts import Draft",
        "def f():\n    from models.slas import Sla",
        "from models.statements import Lookup",
        "from models.mailboxes import Mailbox\nMailbox.get_or_none(Mailbox.id == 1)",
        "from models.mailboxes import Mailbox\nfound = list(Mailbox.select())",
        "from models.mailboxes import Mailbox as Box\nBox.update(alerted=None).where(x)",
        "from models.mailboxes import Mailbox\ncondition = Mailbox.address == 'a'",
        "row.save()",
        "each.row.save(only=[x])",
        "app.delete_instance()",
        "type(row).get_by_id(3)",
        "rows = table.insert_many(x)",
    ],
)
def test_the_search_sees_every_way_to_the_database(code: str) -> None:
    assert reaches_the_database(ast.parse(code))


@every_row(
    "code",
    [
        "from models.transactions import transaction",
        "from models import mailboxes\nmailboxes.keep(row)",
        "from models.tickets import TicketState, Status",
        "from models.mailboxes import Mailbox\nnew = Mailbox(address='a@b.example')",
        "if TYPE_CHECKING:\n    from models.mailboxes import Mailbox",
        "from desk.replies import drafts\ndrafts.save(actor)",
        "text.replace('a', 'b')\nfound.update(x=1)\nname.select()",
    ],
)
def test_the_search_lets_others_pass(code: str) -> None:
    assert not reaches_the_database(ast.parse(code))


WRITES = {"insert", "insert_many", "insert_from", "update", "delete", "create", "replace"}
OF_MANY_TABLES = {
    "erasure.py": "takes a person's words out of whichever table has them",
    "carried.py": "writes what an export has, by what the tables declare",
    "belongings.py": "has what hangs on a ticket go where it goes",
    "schema.py": "begins a desk with its first rows",
    "given_ids.py": "keeps the counters of ids",
    "blob_moves.py": "carries bytes from one store into another",
}
"""The modules that write rows of others' tables, and why."""


def test_a_row_is_written_in_its_tables_module() -> None:
    sources = {
        path: ast.parse(path.read_text("utf-8"))
        for path in sorted((ROOT / "models").glob("*.py"))
        if path.name not in OF_MANY_TABLES
    }
    at_home = {
        node.name: path
        for path, tree in sources.items()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name in TABLES
    }
    assert {"Ticket", "Message", "Delivery", "Receipt", "Setting"} <= set(at_home)
    abroad = []
    for path, tree in sources.items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(table), attr=attr)) if attr in WRITES:
                    if at_home.get(table, path) != path:
                        abroad.append(f"{path.name}:{node.lineno} {table}.{attr}")
                case ast.Call(func=ast.Name("Update"), args=[ast.Name(table), *_]):
                    if at_home.get(table, path) != path:
                        abroad.append(f"{path.name}:{node.lineno} Update({table})")
    assert abroad == []


@every_row("name", OF_MANY_TABLES)
def test_the_modules_that_write_others_rows_are_there(name: str) -> None:
    assert (ROOT / "models" / name).is_file()


BUILT_EACH_TIME = {
    "blobs.py": "reads blobs one by one, all or some, so that they never are in memory together",
    "carried.py": "looks for contacts as far as somebody reads",
    "contacts.py": "looks for a contact as far as somebody reads",
    "deliveries.py": "lists mail as far as somebody reads",
    "logs.py": "lists the lines that a filter wants",
    "notices.py": "lists notices as far as somebody reads",
    "presence.py": "tells who is at a ticket as far as somebody reads",
    "receipts.py": "lists the mail that a filter wants",
    "reports.py": "counts by what a report asks for",
    "schema.py": "begins a desk with its first rows, once",
    "search.py": "looks for words and conditions that somebody typed",
    "ticket_lists.py": "lists what a query asks for, in the order that was chosen",
    "time_spent.py": "counts by what a report asks for",
}
"""The modules with statements that are not compiled once, because their shape differs, and why it does."""
RUNS = {"iterator", "get", "get_or_none", "get_by_id", "first", "scalar", "count", "exists", "create", "save"}


def built_each_time(tree: ast.Module) -> set[str]:
    """What of a module has Peewee build a statement each time that it runs."""
    runs = {
        each.asname or each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "models.statements"
        for each in node.names
        if each.name == "run"
    }
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(name)) if name in runs:
                found.add(f"{node.lineno}: {name}()")
            case ast.Call(func=ast.Attribute(attr="execute"), args=[] | [ast.Attribute(attr="obj")]):
                found.add(f"{node.lineno}: .execute()")
            case ast.Call(func=ast.Attribute(attr="iterator" | "save" as attr)):
                found.add(f"{node.lineno}: .{attr}()")
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in RUNS and _of_a_table(node):
                found.add(f"{node.lineno}: .{attr}()")
            case ast.Call(func=ast.Name("list" | "tuple" | "set" | "dict" | "sorted"), args=[read, *_]):
                found |= {f"{node.lineno}: it is read"} if _of_a_table(read) else set()
            case ast.For(iter=read) | ast.comprehension(iter=read) if _of_a_table(read):
                found.add(f"{read.lineno}: it is read")
    return found


def _of_a_table(node: ast.expr) -> bool:
    """Whether an expression is a query that begins with a table."""
    called = isinstance(node, ast.Call)
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return called and isinstance(node, ast.Name) and node.id in TABLES


def test_statements_are_compiled_once() -> None:
    building = {
        path.name: found
        for path in sorted((ROOT / "models").glob("*.py"))
        if path.name != "statements.py" and (found := built_each_time(ast.parse(path.read_text("utf-8"))))
    }
    assert {name: found for name, found in building.items() if name not in BUILT_EACH_TIME} == {}
    assert building.keys() == BUILT_EACH_TIME.keys(), "what is named here builds nothing any more"


def test_every_way_to_build_one_is_seen() -> None:
    for code in (
        "from models.statements import run\nrun(Ticket.select())",
        "Ticket.update({Ticket.number: 1}).where(x).execute()",
        "query.execute(db.obj)",
        "Mailbox.get_or_none(Mailbox.id == 1)",
        "Blob.select().where(x).count()",
        "list(Mailbox.select().order_by(Mailbox.id))",
        "names = {row.id: row for row in Mailbox.select()}",
        "for row in Mailbox.select().where(x):\n    pass",
        "row.save(force_insert=True)",
        "columns.tuples().iterator()",
    ):
        assert built_each_time(ast.parse(code)), code
    for code in (
        "_READ = Lookup(lambda p: Ticket.select(Ticket.id), int)",
        "_READ.every()",
        "_WRITE.run(x=1)",
    ):
        assert not built_each_time(ast.parse(code)), code
