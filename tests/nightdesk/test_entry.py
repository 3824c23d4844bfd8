from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from nightdesk import entry
from nightdesk.cli import cli
from nightdesk.exit import Exit
from nightdesk.options import Options, plain_options
from nightdesk.verbs import VERBS, app, fetch_once
from tests.support.program import Program, Ran


def assert_one_line_that_helps(done: Ran, status: int, *words: str) -> None:
    assert done.status == status, done.err
    assert done.out == ""
    assert done.err.startswith("nightdesk: ")
    assert done.err.count("\n") == 1
    for word in words:
        assert word in done.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["tiket", "list"], ["tiket", "Did you mean 'ticket'"]),
        (["init", "--nope"], ["--nope", "nightdesk init --help"]),
        (["init", "extra"], ["nightdesk init --help"]),
        (["--mailbox", "a@b"], ["--fetch-once"]),
        (["--json"], ["--fetch-once"]),
        (["--fetch-once", "init"], ["no verb"]),
        (["--fetch-once", "--nope"], ["--nope"]),
        (["--fetch-once", "--mailbox"], ["--mailbox"]),
        (["--config"], ["--config"]),
    ],
)
def test_wrong_usage_is_status_2_and_one_line(program: Program, argv: list[str], words: list[str]) -> None:
    assert_one_line_that_helps(program(*argv), 2, *words)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("call", ["ticket list", "log", "doctor --json", "--fetch-once"])
def test_a_stream_that_the_caller_closed_is_no_fault(program: Program, call: str, closed: str) -> None:
    assert program("init").status == 0
    shell = f'"$PYTHON" -m nightdesk {call} {closed}'
    code = f"import subprocess, sys; sys.exit(subprocess.run({shell!r}, shell=True).returncode)"
    done = program.python("-c", code, PYTHON=sys.executable)
    usual = program(*call.split())
    assert (done.status, "internal error" in done.err) == (usual.status, False), done.err


def test_without_a_terminal_the_app_refuses_and_names_fetch_once(program: Program) -> None:
    assert_one_line_that_helps(program(), 2, "terminal", "--fetch-once")


@pytest.mark.parametrize("term", ["dumb", "unset"])
def test_on_a_terminal_that_cannot_draw_the_app_refuses(program: Program, term: str) -> None:
    environ = program.environment(TERM="dumb" if term == "dumb" else "")
    child = pexpect.spawn(sys.executable, ["-m", "nightdesk"], env=environ, timeout=180, encoding="utf-8")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 2
    assert "--fetch-once" in child.before
    assert "\x1b" not in child.before


def test_help_lists_every_verb_and_imports_none(program: Program) -> None:
    code = (
        "import sys; from nightdesk import entry; entry.run(['--help']); "
        "sys.exit(sum(name.startswith('nightdesk.verbs.') for name in sys.modules))"
    )
    done = program.python("-c", code)
    assert done.status == 0
    for verb in VERBS:
        assert f"  {verb} " in done.out


def test_version_is_status_0(program: Program) -> None:
    done = program("--version")
    assert done.status == 0
    assert done.out.startswith("nightdesk")


def test_a_bad_configuration_is_status_78_with_its_line(desk: Program) -> None:
    with (desk.home / "config.toml").open("a") as file:
        file.write('thme = "x"\n')
    done = desk("init")
    assert_one_line_that_helps(done, 78, "unknown key 'thme' - did you mean 'theme'?", "config.toml line ")


def test_a_missing_configuration_file_is_status_78(program: Program) -> None:
    assert_one_line_that_helps(program("--config", "/no/such.toml", "init"), 78, "/no/such.toml")


def test_only_debug_shows_a_traceback(program: Program) -> None:
    assert "Traceback" not in program("init", NIGHTDESK_MOUSE="x").err
    done = program("--debug", "init", NIGHTDESK_MOUSE="x")
    assert "Traceback" in done.err
    assert done.err.splitlines()[-1].startswith("nightdesk: NIGHTDESK_MOUSE: ")
    assert done.status == 78


PLAIN_CALLS = [
    [],
    ["--config", "/x"],
    ["--debug", "--database=/y"],
    ["--fetch-once"],
    ["--fetch-once", "--json"],
    ["--json", "--fetch-once", "--debug"],
    ["--config", "/x", "--database=/y", "--fetch-once", "--mailbox", "a@b", "--mailbox=c@d"],
    ["--config", "/x", "--config", "/z", "--fetch-once"],
    ["--mailbox=", "--fetch-once"],
]


@pytest.mark.parametrize("argv", PLAIN_CALLS)
def test_the_short_way_reads_a_call_without_a_verb_as_click_does(
    argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Options] = []

    def note(options: Options) -> Exit:
        seen.append(options)
        return Exit.DONE

    monkeypatch.setattr(fetch_once, "fetch_once", note)
    monkeypatch.setattr(app, "open_app", note)
    cli.main(argv, standalone_mode=False)
    assert plain_options(argv) == seen[0]


@pytest.mark.parametrize(
    "argv",
    [
        ["ticket", "list"],
        ["--fetch-once", "init"],
        ["--fetch-once", "--help"],
        ["--fetch-once", "--mailbox"],
        ["--mailbox", "--fetch-once"],
        ["--fetch-once=1"],
        ["--json"],
        ["--mailbox", "a@b"],
    ],
)
def test_the_short_way_leaves_everything_else_to_click(argv: list[str]) -> None:
    assert plain_options(argv) is None


class Carries(Exception):
    exit_status = 75
    hint = "wait a moment."


def raised(error: BaseException) -> Callable[[Options], Exit]:
    def fails(_options: Options) -> Exit:
        raise error

    return fails


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (Carries("the desk is busy."), 75, "the desk is busy - wait a moment"),
        (OSError(28, "No space left on device", "/x"), 1, "/x: no space left on device - make room"),
        (
            OSError(30, "Read-only file system", "/x"),
            1,
            "/x: read-only file system - see why it cannot be written",
        ),
        (FileNotFoundError(2, "No such file or directory", "a.eml"), 1, "a.eml: no such file or directory"),
        (KeyboardInterrupt(), 1, "interrupted"),
        (KeyError("x"), 1, "internal error: KeyError: 'x' - run it again with --debug"),
        (RuntimeError("a\x1b]52;c;x\x07\nb"), 1, "internal error: RuntimeError: a"),
        (__import__("sqlite3").OperationalError("database is locked"), 75, "locked by another program"),
        (__import__("sqlite3").DatabaseError("file is not a database"), 78, "restore a backup"),
        (SystemExit(75), 75, ""),
    ],
)
def test_every_error_is_a_status_and_one_inert_line(
    error: BaseException,
    status: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(fetch_once, "fetch_once", raised(error))
    assert entry.run(["--fetch-once"]) == status
    written = capsys.readouterr().err
    assert line in written
    assert written.count("\n") <= 1
    assert "\x1b" not in written
    assert "Traceback" not in written


def test_a_reader_that_leaves_early_causes_no_complaint(program: Program) -> None:
    code = (
        "from nightdesk import entry; import sys\n"
        "def much(_options):\n"
        "    while True: sys.stdout.write('x' * 65536)\n"
        "from nightdesk.verbs import fetch_once as verb; verb.fetch_once = much\n"
        "sys.argv = ['nightdesk', '--fetch-once']\n"
        "entry.main()\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    script = Path(program.home.parent / "much.py")
    script.write_text(code)
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, str(script)],
            program.environment(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, writer, 1),
                (os.POSIX_SPAWN_OPEN, 2, str(program.home.parent / "err"), os.O_CREAT | os.O_WRONLY, 0o600),
            ],
        )
    finally:
        os.close(writer)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert (program.home.parent / "err").read_text() == ""
