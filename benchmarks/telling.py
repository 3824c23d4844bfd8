"""How soon an agent has the mail that tells of a ticket, while a real worker works."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fetching import new_desk
from benchmarks.filtering import verb
from benchmarks.process import NIGHTDESK, environment
from benchmarks.table import Result, below
from tests.support.servers.faulty_smtp import FaultySmtp

TICKETS = 20
_LIMIT, _MOST = 5.0, 60.0


def results() -> Iterator[Result]:
    """Write tickets beside a worker, one after the other, and wait for each one's mail to the agent."""
    with tempfile.TemporaryDirectory() as directory, FaultySmtp() as server:
        home = new_desk(Path(directory) / "desk")
        verb(
            home,
            *("mailbox", "add", "it@corp.test", "--protocol", "none", "--smtp-host", server.host),
            *("--smtp-port", str(server.port), "--smtp-security", "none", "--smtp-auth", "none"),
        )
        verb(home, "agent", "add", "kim", "--email", "kim@staff.test", "--department", "Support")
        body = Path(directory) / "body"
        body.write_text("It burns.\n", "utf-8")
        with _worker(home):
            taken = []
            for at in range(TICKETS):
                verb(
                    home,
                    *("ticket", "new", "--requester", "ana@home.test", "--subject", f"Lamp {at}"),
                    *("--body-file", str(body)),
                )
                taken.append(_wait_for(server, f"Lamp {at}"))
                time.sleep(0.37)
    taken.sort()
    what = f"from a ticket to its agent's mail at the server, worst of {TICKETS}"
    yield below(f"{what} (median {taken[len(taken) // 2]:.1f} s)", taken[-1], _LIMIT, "s")


@contextmanager
def _worker(home: Path) -> Iterator[None]:
    process = subprocess.Popen([*NIGHTDESK, "worker"], env=environment(NIGHTDESK_HOME=str(home)))
    try:
        time.sleep(3)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_for(server: FaultySmtp, subject: str) -> float:
    """Return the seconds until a mail to the agent with that subject is there; the ticket is committed."""
    began = time.monotonic()
    while time.monotonic() - began < _MOST:
        for mail in list(server.mails):
            is_it = subject.encode() + b"\n" in mail.data.replace(b"\r\n", b"\n")
            if is_it and mail.accepted and "kim@staff.test" in mail.recipients:
                return time.monotonic() - began
        time.sleep(0.01)
    sys.exit(f"no mail of '{subject}' in {_MOST:g} s")
