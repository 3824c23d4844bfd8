from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.support.program import Program

WRITE = """
from nightdesk.context import desk_open
from nightdesk.options import Options
with desk_open(Options()):
    from desk import logs
    logs.write("info", "fetch", "brought 3 mails")
    logs.write("error", "send", "refused", detail="550 no such user")
"""


def write(desk: Program) -> None:
    done = desk.python("-c", WRITE)
    assert done.status == 0, done.err


def test_the_log_is_printed_oldest_first(desk: Program) -> None:
    write(desk)
    shown = desk("log")
    assert shown.status == 0, shown.err
    assert shown.out.index("brought 3 mails") < shown.out.index("refused")
    assert "550 no such user" in shown.out
    assert [item["text"] for item in desk("log", "--json").document][-2:] == ["brought 3 mails", "refused"]


def test_the_log_is_narrowed(desk: Program) -> None:
    write(desk)
    assert [item["level"] for item in desk("log", "--level", "error", "--json").document] == ["error"]
    assert [item["source"] for item in desk("log", "--source", "fetch", "--json").document] == ["fetch"]
    assert len(desk("log", "--limit", "1", "--json").document) == 1
    assert desk("log", "--level", "nope").status == 2
    assert desk("log", "--mailbox", "no@desk.example").status == 2
    assert desk("log", "--ticket", "99").status == 1


def _deaf() -> None:
    """As a shell without job control starts what it puts into the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("started", [None, _deaf], ids=["in the foreground", "deaf to SIGINT"])
@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("as_json", [True, False])
def test_follow_prints_lines_as_they_come_and_ends_when_interrupted(
    desk: Program, as_json: bool, ends: signal.Signals, started: Callable[[], None] | None
) -> None:
    command = [desk.interpreter, "-m", "nightdesk", "log", "--follow", *(["--json"] if as_json else [])]
    write(desk)
    with subprocess.Popen(
        command,
        env=desk.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=started,
    ) as child:
        assert child.stdout is not None
        seen = [child.stdout.readline() for _ in range(2 if as_json else 3)]
        write(desk)
        seen += [child.stdout.readline() for _ in range(2 if as_json else 3)]
        child.send_signal(ends)
        assert child.wait(80) == 0
    if as_json:
        assert [json.loads(line)["text"] for line in seen] == ["brought 3 mails", "refused"] * 2
    else:
        assert sum("brought 3 mails" in line for line in seen) == 2
