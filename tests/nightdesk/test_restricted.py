"""Restricted mode: an agent behind a forced command reaches no file and no command of the desk's owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import nightdesk
from nightdesk.arguments import OwnersOnly
from nightdesk.cli import cli
from tests.support.program import Program, Ran

ADDRESS = "support@desk.example"
NO_FILES_OF_THE_OWNER = {
    "--to", "--timezone", "--smtp-helo", "--source", "--sla", "--root-path", "--scopes",
}  # fmt: skip
"""Flags whose metavar looks like a file and that name none."""


def restricted(desk: Program, *args: str, stdin: str = "") -> Ran:
    return desk(*args, stdin=stdin, NIGHTDESK_RESTRICTED="1")


@pytest.fixture
def mailbox(desk: Program) -> Program:
    """A desk with a mailbox whose password comes from a command that the owner named."""
    command = ["--pass-cmd", "echo secret", "--security", "none", "--port", "1"]
    done = desk("mailbox", "add", ADDRESS, "--host", "127.0.0.1", *command)
    assert done.status == 0, done.err
    return desk


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """A file that is there only when a command ran."""
    return tmp_path / "it-ran"


@pytest.mark.parametrize("flag", ["--pass-cmd", "--smtp-pass-cmd", "--client-secret-cmd"])
@pytest.mark.parametrize("verb", ["add", "edit"])
def test_no_command_is_named(mailbox: Program, proof: Path, flag: str, verb: str) -> None:
    """In restricted mode no verb and no form has the desk's owner run a command."""
    address = "new@desk.example" if verb == "add" else ADDRESS
    oauth2 = ["--oauth2", "google", "--client-id", "x"] if "client" in flag else []
    servers = ["--host", "127.0.0.1", "--smtp-host", "127.0.0.1", "--smtp-auth", "basic"]
    done = restricted(mailbox, "mailbox", verb, address, *servers, *oauth2, flag, f"/bin/touch {proof}")
    assert done.status == 2
    assert "off in restricted mode" in done.err
    restricted(mailbox, "mailbox", "test", address)
    restricted(mailbox, "--fetch-once")
    assert not proof.exists()


@pytest.mark.parametrize(
    "flag",
    [
        "--password-env",
        "--smtp-password-env",
        "--client-secret-env",
        "--password-credential",
        "--ca-file",
        "--smtp-ca-file",
        "--oauth2-ca-file",
    ],
)
def test_no_variable_credential_or_file_is_named(mailbox: Program, flag: str) -> None:
    """Nor does one read a variable, a credential or a file of the owner's for an agent."""
    done = restricted(mailbox, "mailbox", "edit", ADDRESS, flag, "/etc/passwd")
    assert (done.status, "off in restricted mode" in done.err) == (2, True)
    missing = restricted(mailbox, "mailbox", "edit", ADDRESS, flag, "/no/such")
    assert missing.err.replace("/no/such", "") == done.err.replace("/etc/passwd", ""), "no oracle for files"


@pytest.mark.parametrize("secret", ["password", "smtp_password", "client_secret"])
@pytest.mark.parametrize("source", ["pass_cmd", "env", "credential"])
def test_an_import_names_none_either(mailbox: Program, proof: Path, secret: str, source: str) -> None:
    """Nor does a file of mailboxes that an agent brings along."""
    text = f"""
[[mailbox]]
address = "{ADDRESS}"
host = "127.0.0.1"
port = 1
security = "none"
smtp_host = "127.0.0.1"
smtp_auth = "basic"
oauth2 = "google"
oauth2_client_id = "x"
{secret} = {{ {source} = "/bin/touch {proof}" }}
"""
    done = restricted(mailbox, "mailbox", "import", "-", stdin=text)
    assert (done.status, "in restricted mode" in done.err) == (1, True)
    assert mailbox("mailbox", "import", "-", stdin=text).status == 0, "the owner may"


@pytest.mark.parametrize("name", ["ca_file", "smtp_ca_file", "oauth2_ca_file"])
def test_an_imported_ca_file_is_not_looked_for(mailbox: Program, name: str) -> None:
    said = set()
    for file in ("/etc/passwd", "/no/such"):
        text = f'[[mailbox]]\naddress = "{ADDRESS}"\nhost = "127.0.0.1"\n{name} = "{file}"\n'
        done = restricted(mailbox, "mailbox", "import", "-", stdin=text)
        assert done.status == 1
        said.add(done.err)
    assert len(said) == 1


def test_what_the_owner_named_goes_on_working_and_goes_nowhere_else(mailbox: Program) -> None:
    """A password command of the owner's goes on, for the servers that the owner named."""
    assert restricted(mailbox, "mailbox", "edit", ADDRESS, "--name", "Help").status == 0
    moved = restricted(mailbox, "mailbox", "edit", ADDRESS, "--host", "127.0.0.2")
    assert moved.status == 2
    assert "give it again" in moved.err
    typed = restricted(
        mailbox, "mailbox", "edit", ADDRESS, "--host", "127.0.0.2", "--password-stdin", stdin="mine\n"
    )
    assert typed.status == 0, typed.err
    shown = json.loads(mailbox("mailbox", "show", ADDRESS, "--json").out)
    assert shown["host"] == "127.0.0.2"


@pytest.mark.parametrize("args", [
    ("backup", "out.tar"),
    ("restore", "out.tar"),
    ("import", "eml", "/etc"),
    ("import", "mbox", "/etc/passwd"),
    ("import", "maildir", "/var"),
    ("mailbox", "import", "/etc/passwd"),
    ("ticket", "export", "1", "--format", "eml", "--output", "out"),
    ("ticket", "export", "1", "--output", "out.json"),
    ("receipt", "show", "1", "--eml", "out.eml"),
    ("ticket", "reply", "1", "--body-file", "/etc/passwd"),
    ("ticket", "note", "1", "--body-file", "/etc/passwd"),
    ("ticket", "reply", "1", "--body-file", "-", "--attach", "/etc/passwd"),
    ("department", "edit", "Support", "--signature-file", "/etc/passwd"),
    ("serve", "--tls-cert", "/etc/passwd", "--tls-key", "/etc/passwd"),
    ("demo", "--keep", "out"),
    ("backup", "-"),
    ("restore", "-"),
    ("demo", "--keep", "-"),
    ("import", "mbox", "-"),
    ("import", "osticket", "/etc/passwd", "--dry-run"),
    ("import", "osticket", "mysql://root@localhost/mysql?socket=/run/mysqld/mysqld.sock"),
    ("worker", "--lmtp", "unix:/tmp/out.sock"),
    ("worker", "--lmtp", "tcp:127.0.0.1:2424"),
])  # fmt: skip
def test_no_file_is_read_or_written(desk: Program, args: tuple[str, ...]) -> None:
    before = set(desk.home.parent.iterdir())
    done = restricted(desk, *args)
    assert (done.status, "off in restricted mode" in done.err) == (2, True), done.err
    assert set(desk.home.parent.iterdir()) == before


@pytest.mark.parametrize("flag", ["--config", "--database"])
@pytest.mark.parametrize("verb", [("mailbox", "list"), ("--fetch-once",), ("init",)])
def test_no_other_desk_is_opened(desk: Program, tmp_path: Path, flag: str, verb: tuple[str, ...]) -> None:
    done = restricted(desk, flag, str(tmp_path / "other"), *verb)
    assert (done.status, "off in restricted mode" in done.err) == (2, True), done.err
    assert not (tmp_path / "other").exists()


def test_the_configuration_file_may_say_it_and_an_own_file_does_not_unsay_it(
    desk: Program, tmp_path: Path
) -> None:
    config = desk.home / "config.toml"
    config.write_text(config.read_text() + "\nrestricted = true\n")
    assert desk("backup", "out.tar").status == 2
    (tmp_path / "mine.toml").write_text(f'home = "{desk.home}"\n')
    done = desk("--config", str(tmp_path / "mine.toml"), "backup", "out.tar")
    assert (done.status, "off in restricted mode" in done.err) == (2, True), done.err
    assert desk("--config", str(config), "mailbox", "list").status == 0, "the desk of the environment"
    assert desk("backup", str(tmp_path / "b.tar"), NIGHTDESK_RESTRICTED="0").status == 0


def test_the_crontab_and_the_units_of_such_a_desk_are_its_owners(desk: Program, tmp_path: Path) -> None:
    config = desk.home / "config.toml"
    config.write_text(config.read_text() + "\nrestricted = true\n")
    refused = desk("backup", str(tmp_path / "b.tar"))
    assert "NIGHTDESK_RESTRICTED=0" in refused.err, "it says what the owner does"
    page = Path(__file__).parents[2].joinpath("docs/running.md").read_text()
    (line,) = [line for line in page.splitlines() if "nightdesk backup" in line and line.startswith("30 2")]
    before = page[: page.index(line)].splitlines()[-1]
    name, _, value = before.partition("=")
    assert desk("backup", str(tmp_path / "b.tar"), **{name: value}).status == 0
    units = Path(nightdesk.__file__).parent.joinpath("systemd").glob("*.service")
    assert all(f"\nEnvironment={before}\n" in unit.read_text() for unit in units)


@pytest.mark.parametrize("flag", ["--spool", "--key-file", "--ca-file", "--config", "--database"])
def test_a_pipe_takes_no_places_from_its_caller(desk: Program, tmp_path: Path, flag: str) -> None:
    (tmp_path / "there").mkdir()
    before = ["pipe", flag, str(tmp_path / "there")]
    if flag in ("--config", "--database"):
        before = [*before[1:], "pipe"]
    assert restricted(desk, *before, stdin="Subject: x\n\nx\n").status == 75
    assert list((tmp_path / "there").iterdir()) == []


def test_standard_input_and_output_are_always_there(desk: Program) -> None:
    made = restricted(
        desk,
        "ticket",
        "new",
        "--subject",
        "S",
        "--requester",
        "a@b.example",
        "--body-file",
        "-",
        stdin="text",
    )
    assert made.status == 0, made.err
    assert restricted(desk, "ticket", "export", "1", "--output", "-").status == 0


def _parameters(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Parameter]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _parameters(child, f"{path} {name}")
    else:
        for parameter in command.params:
            yield f"{path} {parameter.opts[0]}", parameter


def test_every_flag_that_names_a_file_or_a_command_knows_of_it() -> None:
    looks_like = ("FILE", "DIR", "PATH", "CMD", "VAR", "path", "file")
    found = 0
    for name, parameter in _parameters(cli):
        described = str(parameter.metavar or parameter.name)
        if name.startswith(" pipe") or parameter.opts[0] in NO_FILES_OF_THE_OWNER:
            continue
        if getattr(parameter, "is_flag", False):
            continue  # it takes no value that could name anything
        if any(word in described for word in looks_like) or parameter.name in ("ca_file", "smtp_ca_file"):
            found += 1
            assert isinstance(parameter.type, OwnersOnly), name
    assert found > 25
