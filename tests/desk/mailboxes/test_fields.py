"""One table of a mailbox's fields: what stands in it is in form, file, flags, JSON, screen and docs."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from desk.documents.mailboxes import mailbox as as_json
from desk.home import Desk
from desk.mailboxes import registry
from desk.mailboxes.export import documents, read, take_in, written
from desk.mailboxes.fields import BY_NAME, FIELDS, SECRETS, Field
from desk.mailboxes.form import check, merged, values_of
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.mailboxes.stored import form_of
from desk.staff import topics
from models.mailboxes import Mailbox, MailboxOAuth2
from nightdesk.mailbox_page import page
from nightdesk.verbs.mailbox.flags import options
from tests.support.program import FLOORS, REPOSITORY, Program
from tests.support.workbench import ADMIN
from tui.screens.mailboxes.fields import SECRET_PLACES
from tui.screens.mailboxes.help import FIELD_HELP

ADDRESS = "support@desk.example"
BASE: dict[str, Any] = {
    "address": ADDRESS,
    "host": "imap.desk.example",
    "user": "noc",
    "smtp_host": "smtp.desk.example",
    "oauth2": "other",
    "oauth2_client_id": "id-1",
    "oauth2_token_url": "https://login.desk.example/token",
    "oauth2_device_url": "https://login.desk.example/device",
}
OTHER: dict[str, Any] = {
    "address": "help@desk.example",
    "department": "Support",
    "topic": "VPN",
    "aliases": "it@desk.example, noc@desk.example",
    "host": "mail.desk.example",
    "port": 1993,
    "ca_file": str(REPOSITORY / "pyproject.toml"),
    "fingerprint": "ab" * 32,
    "schedule": "*/10 8-18 * * 1-5",
    "batch": 7,
    "max_per_fetch": 9,
    "after_fetch": "move:Done",
    "smtp_host": "relay.desk.example",
    "smtp_port": 2587,
    "smtp_helo": "desk.desk.example",
    "smtp_ca_file": str(REPOSITORY / "pyproject.toml"),
    "smtp_fingerprint": "cd" * 32,
    "oauth2": "google",
    "oauth2_ca_file": str(REPOSITORY / "pyproject.toml"),
    "oauth2_tenant": "corp.example",
    "oauth2_scopes": "openid mail",
}
"""Another value than the first one, where any text or number will not do."""


FOLLOWS = {
    "protocol": {"port"},
    "security": {"port"},
    "smtp_security": {"smtp_port"},
    "smtp_auth": {"smtp_user"},
}
"""What changes with a field: a usual port, and whose login it is."""


def other_value(field: Field) -> Any:
    if field.name in OTHER:
        return OTHER[field.name]
    if field.kind == "yes":
        return not field.default
    if field.kind == "choice":
        return next(each for each in reversed(field.choices) if each not in ("none", field.default))
    return "https://login.desk.example/other" if field.name.endswith("_url") else "other"


@pytest.fixture
def mailbox(desk: Desk) -> Mailbox:
    topics.add_topic(ADMIN, "VPN")
    word = SecretInput("sealed", "word")
    return registry.add(desk, ADMIN, check(BASE), MailboxSecrets(word, word, word))


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_what_is_said_of_a_field_is_kept_written_and_read_back_and_no_other_changes(
    desk: Desk, mailbox: Mailbox, name: str
) -> None:
    field, before = BY_NAME[name], values_of(mailbox)
    wanted = other_value(field)
    form = merged(mailbox, {name: wanted})
    again = MailboxSecrets(*(SecretInput("sealed", "word") for _ in SECRETS))
    address = registry.edit(desk, ADMIN, ADDRESS, form, again).address
    kept = values_of(registry.get(address))
    assert kept[name] == wanted
    changed = {each for each in kept if kept[each] != before[each]}
    assert changed - FOLLOWS.get(name, set()) == {name}
    assert field.of(form_of(registry.get(address))) == wanted
    (document,) = documents()
    assert document.get(name, field.default) == wanted
    assert tomllib.loads(written())["mailbox"] == [document]
    shown = as_json(registry.entries(desk)[0])
    shown |= {f"outgoing.{key}": value for key, value in shown["outgoing"].items()}
    json_name = f"outgoing.{field.attribute}" if field.part == "outgoing" else field.attribute
    if field.about.json:
        told = wanted.split(", ") if name == "aliases" else wanted
        assert shown[json_name] == (kept["user"] if name == "smtp_user" else told)
    registry.remove(ADMIN, address)
    take_in(desk, ADMIN, read(written()) or [document])
    # On a desk that lacks the passwords it is the same mailbox, switched off.
    off = {"incoming_enabled": form.incoming.auth == "oauth2", "outgoing_enabled": False}
    assert values_of(registry.get(address)) == kept | off


def test_every_field_has_a_flag_or_a_reason_a_row_on_the_screen_and_a_line_in_the_docs() -> None:
    def verb() -> None:
        """Take every flag."""

    for option in options():
        option(verb)
    flags = {parameter.name for parameter in verb.__click_params__}  # type: ignore[attr-defined]
    assert {field.option for field in FIELDS} - flags == {""}
    no_flag = {field.name for field in FIELDS if not field.option}
    assert no_flag == {"address", "incoming_enabled", "outgoing_enabled"}, (
        "edit --address, enable and disable"
    )
    assert {name for secret in SECRETS for name, _ in secret.flags.values()} <= flags
    places = {*BY_NAME, *SECRET_PLACES.values()}
    assert places <= set(FIELD_HELP)
    for name in (*BY_NAME, *(secret.name for secret in SECRETS)):
        assert f"| `{name}` |" in page()


def test_every_field_that_is_copied_has_its_column() -> None:
    for field in FIELDS:
        table = MailboxOAuth2 if field.part == "oauth2" else Mailbox
        assert not field.column or field.column in table._meta.fields, field.name


@pytest.fixture
def other_program(tmp_path: Path) -> Program:
    """The program with two more fields: a line each in the table, and their columns."""
    tree = tmp_path / "program"
    for floor in FLOORS:
        shutil.copytree(REPOSITORY / floor, tree / floor, ignore=shutil.ignore_patterns("__pycache__"))
    table, columns = tree / "desk/mailboxes/fields.py", tree / "models/mailboxes.py"
    pager = '    pager: Annotated[str, About("Pager", "Whom to page.", "Whom to page.", "NR")] = ""\n'
    tries = '    tries: Annotated[int, About("Tries", "How often.", "How often.", "N")] = 3\n'
    after(table, "class MailboxForm(Checked):", '] = ""\n', pager)
    after(table, "class Outgoing(Account):", "] = True\n", tries)
    name = '    name = peewee.TextField(default="")\n'
    after(columns, "class Mailbox(Row):", name, '    pager = peewee.TextField(default="")\n')
    after(columns, "class Mailbox(Row):", name, "    smtp_tries = peewee.IntegerField(default=3)\n")
    return Program(tmp_path / "desk", python_path=str(tree))


def after(file: Path, begin: str, place: str, line: str) -> None:
    """Put a line behind the first such place below a beginning."""
    head, _, tail = file.read_text().partition(begin)
    above, found, below = tail.partition(place)
    assert found, (file, place)
    file.write_text(head + begin + above + found + line + below)


def test_one_line_and_a_column_make_a_new_field_everywhere(other_program: Program, tmp_path: Path) -> None:
    program = other_program
    assert program("init", "--timezone", "Europe/Berlin").status == 0
    servers = ["--host", "imap.desk.example", "--pass-cmd", "true", "--smtp-host", "smtp.desk.example"]
    added = program("mailbox", "add", ADDRESS, *servers, "--pager", "4711", "--smtp-tries", "5", "--json")
    assert added.status == 0, added.err
    assert (added.document["pager"], added.document["outgoing"]["tries"]) == ("4711", 5)
    assert program("mailbox", "edit", ADDRESS, "--smtp-tries", "7").status == 0
    file = tmp_path / "mailboxes.toml"
    file.write_text(program("mailbox", "export").out)
    (table,) = tomllib.loads(file.read_text())["mailbox"]
    assert (table["pager"], table["smtp_tries"]) == ("4711", 7)
    file.write_text(file.read_text().replace("4711", "4712"))
    assert program("mailbox", "import", str(file)).status == 0
    assert program("mailbox", "show", ADDRESS, "--json").document["pager"] == "4712"
    assert "many" in program("mailbox", "edit", ADDRESS, "--smtp-tries", "many").err
    documented = program.python("-m", "nightdesk.mailbox_page").out
    assert "| `pager` | `--pager NR` | `pager` |  | Whom to page. |" in documented
    assert "| `smtp_tries` | `--smtp-tries N` | `outgoing.tries` | `3` | How often. |" in documented
    assert "--smtp-tries N" in program("mailbox", "add", "--help").out
    form = (
        "import asyncio\n"
        "from textual.app import App\n"
        "from tui.screens.mailboxes.fields import sections\n"
        "from tui.screens.mailboxes.help import FIELD_HELP\n"
        "async def look():\n"
        "    async with App().run_test():\n"
        "        print(*(name for part in sections() for row in part.rows for name in row.fields))\n"
        "asyncio.run(look())\n"
        "print(FIELD_HELP['pager'])\n"
    )
    shown = program.python("-c", form)
    assert {"pager", "smtp_tries"} <= set(shown.out.split()), shown.err
    assert "Whom to page." in shown.out
