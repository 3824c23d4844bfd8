"""`nightdesk pipe` and its wrapper, as MTAs call them: any user, no environment, and never a word."""

from __future__ import annotations

import fcntl
import shlex
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from config import spool as spools
from config.paths import DeskPaths
from nightdesk.pipe import wrapper
from nightdesk.pipe.call import is_pipe
from tests.support.piped import LATER, MAIL, SILENT, call, receipts, spooled
from tests.support.program import Program
from tests.support.servers.child import wait_until

CHEAP = {
    *("__future__", "gc", "os", "os.path", "posixpath", "genericpath"),
    *("stat", "_stat", "abc", "_abc", "_collections_abc", "time"),
}
"""What the interpreter has loaded anyway, or is built in."""


def test_the_owner_without_a_worker_has_a_ticket_when_the_mta_hears_0(desk: Program) -> None:
    assert call(desk) == SILENT
    assert receipts(desk) == [("pipe", "ticket", "Hello")]
    assert spooled(desk) == []


def test_with_verbose_it_says_what_it_did(desk: Program) -> None:
    done = call(desk, "--verbose")
    assert done.status == 0
    assert done.out == ""
    assert "receipt 1: ticket, ticket 1" in done.err


def test_the_verb_does_what_the_wrapper_does(desk: Program) -> None:
    assert desk("pipe", "--to=support@desk.example", stdin=MAIL) == SILENT
    assert desk("--config", str(desk.home / "config.toml"), "--debug", "pipe", stdin=MAIL) == SILENT
    assert [verdict for _, verdict, _ in receipts(desk)] == ["duplicate", "ticket"]


def test_the_way_to_the_spool_imports_next_to_nothing(desk: Program) -> None:
    code = (
        "import sys; sys.argv = ['nightdesk', 'pipe', '--spool', sys.argv[1]]; before = set(sys.modules)\n"
        "import os; os.geteuid = lambda: 12345\n"
        "from nightdesk import entry; status = entry.run(sys.argv[1:])\n"
        "sys.exit(','.join(sorted(set(sys.modules) - before)) if status == 0 else 'failed')"
    )
    done = desk.python("-I", "-S", "-c", f"import sys; sys.path[:0] = {[str(p) for p in _tree()]!r}; " + code,
                       str(desk.home / "spool"), stdin=MAIL)  # fmt: skip
    imported = set(done.err.strip().split(","))
    ours = {name for name in imported if name.partition(".")[0] in ("config", "nightdesk")}
    assert ours == {"config", "config.spool", "nightdesk"} | {
        f"nightdesk.{name}" for name in ("entry", "pipe", "pipe.call", "pipe.envelope")
    }
    assert imported - ours <= CHEAP
    assert len(spooled(desk)) == 1


def test_an_ordinary_mail_loads_nothing_that_only_others_need(desk: Program) -> None:
    code = (
        "import sys; from nightdesk import entry; status = entry.run(sys.argv[1:])\n"
        "print(status, *sys.modules, file=sys.stderr)"
    )
    assert call(desk) == SILENT  # which reads and checks the settings
    another = MAIL.replace(b"<1@", b"<2@")
    wrapped = ("--config", str(desk.home / "config.toml"), "pipe", "--spool", str(desk.home / "spool"))
    ran = desk.python("-c", code, *wrapped, "--verbose", stdin=another)
    told, _, loaded = ran.err.strip().rpartition("\n")
    assert "receipt 2: ticket" in told
    status, *modules = loaded.split()
    assert status == "0"
    assert sorted(NOT_FOR_AN_ORDINARY_MAIL & set(modules)) == []


NOT_FOR_AN_ORDINARY_MAIL = {
    *("asyncio", "concurrent.futures", "dataclasses", "email", "pydantic", "secrets", "ssl", "zoneinfo"),
    *("desk.fetching.folders", "desk.filters.facts", "desk.intake.bounces", "desk.intake.mail_commands"),
    *(
        "desk.logs",
        "desk.outbox.render",
        "desk.tickets.assignment",
        "desk.tickets.changes",
        "mail.mime.authentication",
    ),
    *(
        "_locale",
        "_socket",
        "_uuid",
        "ast",
        "importlib.metadata",
        "locale",
        "random",
        "selectors",
        "textwrap",
    ),
    *("mail.mime.calendar", "mail.mime.html", "mail.mime.inline_files", "mail.mime.japanese"),
    *("models.belongings", "models.deliveries", "models.drafts", "models.folders", "models.links"),
    *("models.logs", "models.migrate", "models.schema", "models.turns"),
}


def _tree() -> list[Path]:
    return [Path(wrapper.__file__).parents[2]]


@pytest.mark.parametrize(
    ("arguments", "mail"),
    [
        (["--nope"], MAIL),
        (["extra"], MAIL),
        (["--to"], MAIL),
        (["--help"], MAIL),
        ([], b""),
        (["--spool", "/no/such/spool"], MAIL),
        (["--config", "/no/such.toml", "--verbose=1"], MAIL),
    ],
)
def test_wrong_use_and_no_mail_are_75_without_a_word(
    desk: Program, arguments: list[str], mail: bytes
) -> None:
    assert call(desk, *arguments, mail=mail) == LATER
    assert spooled(desk) == []
    assert receipts(desk) == []


@pytest.mark.parametrize("before", [["--nope"], ["--config", "/no/such.toml"], ["--config"], ["--json"]])
def test_wrong_options_before_the_verb_are_75_too(desk: Program, before: list[str]) -> None:
    assert desk(*before, "pipe", stdin=MAIL).status in (75, 2 if before == ["--config"] else 75)


def test_no_desk_is_75(program: Program) -> None:
    assert program("pipe", stdin=MAIL) == LATER
    assert not program.home.exists()


def test_a_terminal_is_64(desk: Program) -> None:
    child = pexpect.spawn(str(wrapper.path_of(DeskPaths(desk.home))), timeout=180)
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 64


def test_qmail_hears_111_and_0(desk: Program) -> None:
    assert call(desk, "--qmail", mail=b"").status == 111
    assert call(desk, "--qmail", "--nope").status == 111
    assert call(desk, "--qmail").status == 0


def test_help_is_for_people_and_never_success_for_an_mta(desk: Program) -> None:
    done = desk("pipe", "--help")
    assert done.status == 0
    assert done.out.startswith("Usage: nightdesk pipe")
    assert desk("pipe", "--help", stdin=MAIL) == LATER


def test_is_pipe_looks_at_the_verb_alone() -> None:
    assert is_pipe(["pipe"])
    assert is_pipe(["--config", "x", "--database=y", "--bogus", "pipe", "--to", "a"])
    assert not is_pipe(["ticket", "tag", "1", "pipe"])
    assert not is_pipe(["--config", "pipe", "ticket"])


def test_a_missing_interpreter_is_75_without_a_word(desk: Program) -> None:
    path = wrapper.path_of(DeskPaths(desk.home))
    text = path.read_text()
    for broken in ("/no/such/python", "/etc/passwd", "/bin/false"):
        path.write_text(text.replace(shlex.quote(desk.interpreter), broken))
        assert call(desk) == LATER, broken
        assert call(desk, "--qmail").status == 111, broken


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_killed_program_is_75_without_a_word(desk: Program, number: signal.Signals) -> None:
    path = wrapper.path_of(DeskPaths(desk.home))
    path.write_text(path.read_text().replace(desk.interpreter, f"/bin/sh -c 'kill -{int(number)} $$' "))
    assert call(desk) == LATER


def test_a_broken_installation_is_75_without_a_word(desk: Program) -> None:
    path = wrapper.path_of(DeskPaths(desk.home))
    path.write_text(path.read_text().replace("from nightdesk.pipe.call", "from nightdesk.pipe.gone"))
    assert call(desk) == LATER


def test_a_locked_database_is_0_and_the_mail_waits_in_the_spool(desk: Program) -> None:
    book = sqlite3.connect(DeskPaths(desk.home).database, isolation_level=None)
    book.execute("BEGIN IMMEDIATE")
    assert call(desk) == SILENT
    book.rollback()
    book.close()
    assert len(spooled(desk)) == 1
    assert desk("--fetch-once", "--json").document["spooled"] == 1
    assert receipts(desk) == [("pipe", "ticket", "Hello")]
    assert spooled(desk) == []


@pytest.mark.parametrize("version", [-1, 1])
def test_a_database_of_another_version_is_0_and_is_not_touched(desk: Program, version: int) -> None:
    path = DeskPaths(desk.home).database
    book = sqlite3.connect(path)
    now = book.execute("PRAGMA user_version").fetchone()[0]
    book.execute(f"PRAGMA user_version = {now + version}")
    book.close()
    assert call(desk) == SILENT
    assert len(spooled(desk)) == 1


@pytest.mark.parametrize("damage", ["gone", "no database", "bad settings"])
def test_a_desk_that_cannot_be_opened_is_0_and_the_mail_waits(desk: Program, damage: str) -> None:
    paths = DeskPaths(desk.home)
    if damage == "gone":
        shutil.rmtree(paths.data)
    elif damage == "no database":
        paths.database.write_bytes(b"no database at all" * 100)
    else:
        paths.config_file.write_text("nope = 1\n")
    assert call(desk) == SILENT
    assert len(spooled(desk)) == 1


def test_a_worker_that_lives_takes_it_from_the_spool(desk: Program) -> None:
    worker = subprocess.Popen(
        [desk.interpreter, "-m", "nightdesk", "worker"],
        env=desk.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=desk.home.parent,
    )
    try:
        lease = "SELECT count(*) FROM lease WHERE name = 'worker' AND owner IS NOT NULL"
        _await(lambda: _value(desk, lease) == 1)
        assert "it waits there for the worker" in call(desk, "--verbose").err
        _await(lambda: _value(desk, "SELECT count(*) FROM receipt") == 1)
        _await(lambda: spooled(desk) == [])
    finally:
        worker.terminate()
        assert worker.communicate(timeout=180)[1] == b""
    assert receipts(desk) == [("pipe", "ticket", "Hello")]


def _value(desk: Program, sql: str) -> object:
    book = sqlite3.connect(f"file:{DeskPaths(desk.home).database}?mode=ro", uri=True, timeout=180)
    try:
        return book.execute(sql).fetchone()[0]
    finally:
        book.close()


def _await(condition: Callable[[], bool]) -> None:
    wait_until(condition, "the worker does not do it")


def test_a_mail_of_fifty_megabytes_takes_little_memory_on_its_way_into_the_spool(desk: Program) -> None:
    code = (
        "import os, sys; sys.path[:0] = [sys.argv[1]]; os.geteuid = lambda: 12345\n"
        "from nightdesk.pipe.call import run\n"
        "status = run(['pipe', '--spool', sys.argv[2]])\n"
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(status, peak.split()[1])"
    )
    done = desk.python(
        "-I", "-S", "-c", code, str(_tree()[0]), str(desk.home / "spool"), stdin=MAIL + b"x" * 50_000_000
    )
    status, kilobytes = map(int, done.out.split())
    assert status == 0
    assert kilobytes < 20_000
    assert spooled(desk)[0].stat().st_size > 50_000_000


def test_a_full_disk_is_75_and_leaves_nothing(desk: Program) -> None:
    code = (
        "import errno, os, sys; sys.path[:0] = [sys.argv[1]]\n"
        "def full(*a): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "os.fsync = full\n"
        "from nightdesk.pipe.call import run\n"
        "sys.exit(run(['pipe', '--spool', sys.argv[2]]))"
    )
    done = desk.python("-I", "-S", "-c", code, str(_tree()[0]), str(desk.home / "spool"), stdin=MAIL)
    assert done == LATER
    assert spooled(desk) == []


def test_mail_after_mail_without_a_worker_leaves_no_long_log(desk: Program) -> None:
    log = Path(f"{DeskPaths(desk.home).database}-wal")
    sizes = []
    for number in range(12):
        assert call(desk, mail=MAIL.replace(b"<1@", b"<%d@" % number)) == SILENT
        sizes.append(log.stat().st_size)
    assert max(sizes) < 2 * 2**20
    assert 0 in sizes
    assert len(receipts(desk)) == 12


def test_pipes_at_once_and_a_fetch_take_each_mail_once(desk: Program) -> None:
    running = []
    for number in range(12):
        process = subprocess.Popen([wrapper.path_of(DeskPaths(desk.home))], stdin=subprocess.PIPE, env={})
        assert process.stdin
        process.stdin.write(MAIL.replace(b"<1@", b"<%d@" % number).replace(b"Hello", b"Hello %d" % number))
        process.stdin.close()
        running.append(process)
    assert desk("--fetch-once").status == 0
    assert [process.wait(60) for process in running] == [0] * 12
    assert desk("--fetch-once").status == 0
    assert sorted(receipts(desk)) == sorted(("pipe", "ticket", f"Hello {number}") for number in range(12))
    assert spooled(desk) == []


def test_the_wrapper_is_written_again_when_it_is_not_this_programs(desk: Program) -> None:
    path = wrapper.path_of(DeskPaths(desk.home))
    good = path.read_text()
    path.write_text(good.replace(desk.interpreter, "/usr/bin/elsewhere"))
    assert desk("init").status == 0
    assert path.read_text() == good


def test_a_home_with_spaces_and_quotes_is_quoted(tmp_path: Path) -> None:
    program = Program(tmp_path / "a 'desk' $HOME `x`")
    assert program("init").status == 0
    assert call(program) == SILENT
    assert receipts(program) == [("pipe", "ticket", "Hello")]


def test_it_works_through_a_link_as_sendmails_restricted_shell_wants_it(
    desk: Program, tmp_path: Path
) -> None:
    link = tmp_path / "smrsh-nightdesk-pipe"
    link.symlink_to(wrapper.path_of(DeskPaths(desk.home)))
    done = subprocess.run([link], input=MAIL, env={}, check=False, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert receipts(desk) == [("pipe", "ticket", "Hello")]


@pytest.mark.parametrize(
    "before",
    [
        b"From ann@corp.example  Fri Nov 20 10:00:00 2026\n",
        b"From ann@corp.example  Fri Nov 20 10:00:00 2026\r\n",
        b"From MAILER-DAEMON Fri Nov 20 10:00:00 2026\nReturn-Path: <>\n",
        b"Return-Path: <ann@corp.example>\nX-Original-To: a@desk.example\nDelivered-To: b@desk.example\n",
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_redelivery_is_known_however_the_mta_dresses_the_mail(
    desk: Program, before: bytes, end: bytes
) -> None:
    plain = MAIL.replace(b"\n", end)
    assert call(desk, mail=plain) == SILENT
    assert call(desk, mail=before + plain) == SILENT
    assert [verdict for _, verdict, _ in receipts(desk)] == ["duplicate", "ticket"]


def test_a_file_left_half_is_never_taken_and_the_next_pipe_works(desk: Program) -> None:
    (desk.home / "spool" / f".half{spools.SUFFIX}").write_bytes(
        b"nightdesk-spool 1\nsize: ????????????????????\n"
    )
    assert call(desk) == SILENT
    assert receipts(desk) == [("pipe", "ticket", "Hello")]


def test_a_lock_that_a_stranger_holds_delays_only_his_own_mail(desk: Program) -> None:
    held = desk.home / "spool" / spools.write(str(desk.home / "spool"), {}, [MAIL.replace(b"<1@", b"<2@")])
    with held.open("rb") as stranger:
        fcntl.flock(stranger, fcntl.LOCK_EX)
        assert call(desk) == SILENT
        assert receipts(desk) == [("pipe", "ticket", "Hello")]
    assert desk("--fetch-once").status == 0
    assert len(receipts(desk)) == 2


def test_the_system_log_hears_what_went_wrong() -> None:
    code = (
        "import sys; sys.path[:0] = [sys.argv[1]]; import syslog\n"
        "syslog.openlog = lambda *a: print('open', a[0])\n"
        "syslog.syslog = lambda level, text: print(level == syslog.LOG_WARNING, text)\n"
        "from nightdesk.pipe.call import run\n"
        "print(run(['pipe', '--spool', '/no/such/\\x1bspool']))"
    )
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-I", "-S", "-c", code, str(_tree()[0])],
        input=MAIL, capture_output=True, check=False, text=False,
    )  # fmt: skip
    out = done.stdout.decode()
    assert "open nightdesk-pipe" in out
    assert "True FileNotFoundError" in out
    assert "\x1b" not in out
    assert out.rstrip().endswith("75")


@pytest.mark.parametrize("where", ["xdg", "key", "variable", "flag"])
def test_the_wrapper_finds_the_desk_wherever_init_was_told_to_make_it(
    program: Program, tmp_path: Path, where: str
) -> None:
    store = tmp_path / "store" / "x.sqlite3"
    before: list[str] = []
    environ = {"NIGHTDESK_HOME": "" if where in ("xdg", "flag") else str(program.home)}
    if where == "key":
        program.home.mkdir()
        (program.home / "config.toml").write_text(f'database = "{store}"\n')
    elif where == "variable":
        environ["NIGHTDESK_DATABASE"] = str(store)
    elif where == "flag":
        before = ["--database", str(store)]
    home = Path(program(*before, "init", "--json", **environ).document["home"])
    for _ in range(2):
        done = call(Program(home))
        assert done == SILENT
    found = program(*before, "receipt", "list", "--json", **environ).document
    assert [each["verdict"] for each in found] == ["duplicate", "ticket"]


def test_a_desk_whose_database_was_moved_gets_the_mail_there(desk: Program, tmp_path: Path) -> None:
    assert call(desk) == SILENT
    shutil.copytree(desk.home / "data", tmp_path / "new")
    with (desk.home / "config.toml").open("a") as file:
        file.write(f'database = "{tmp_path / "new" / "desk.sqlite3"}"\n')
    assert call(desk) == SILENT
    assert [verdict for _, verdict, _ in receipts(desk)] == ["duplicate", "ticket"]


def test_the_wrapper_never_holds_the_password_of_a_server(tmp_path: Path) -> None:
    url = "postgresql://desk:s3cret@db.example/desk"
    for place in ("config.toml line 1", "NIGHTDESK_DATABASE", "--database"):
        paths = DeskPaths(tmp_path, server_url=url, database_from=place)
        assert "s3cret" not in wrapper.text(paths)
