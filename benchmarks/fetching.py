"""Fetching from a real Dovecot over loopback TLS, against bare imaplib in the same run."""

from __future__ import annotations

import imaplib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.process import NIGHTDESK, environment, paired, run
from benchmarks.table import Result, against
from tests.generator import generate
from tests.support.servers.child import make_home
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.packages import ensure_installed
from tests.support.servers.pki import make_pki

BATCH = 50
ROUNDS = 7

NOTHING_NEW = """
import ssl, sys
from imap_tools import MailBox
host, port, user, password, ca = sys.argv[1:]
with MailBox(host, int(port), ssl_context=ssl.create_default_context(cafile=ca)).login(user, password) as box:
    box.uids("ALL")
"""


@contextmanager
def server() -> Iterator[Dovecot]:
    """A Dovecot for the length of the block."""
    ensure_installed()
    home = make_home()
    dovecot = Dovecot(home / "dovecot", make_pki(home / "pki"))
    try:
        yield dovecot.start()
    finally:
        dovecot.stop()
        shutil.rmtree(home, ignore_errors=True)


def filled(dovecot: Dovecot, mails: int, seed: int = 1) -> MailUser:
    """A fresh account with so many generated mails."""
    user = MailUser(dovecot, dovecot.new_user())
    user.load(mail.raw for mail in generate(mails, seed=seed, to=user.address))
    imap_floor(user)
    return user


def imap_floor(user: MailUser) -> float:
    """Seconds that bare imaplib needs to fetch everything in batches of 50 and throw it away."""
    dovecot = user.dovecot
    began = time.perf_counter()
    with imaplib.IMAP4_SSL("localhost", dovecot.imaps_port, ssl_context=dovecot.pki.client_context()) as imap:
        imap.login(user.address, user.password)
        imap.select("INBOX")
        uids = imap.uid("SEARCH", "ALL")[1][0].split()
        for start in range(0, len(uids), BATCH):
            imap.uid("FETCH", b",".join(uids[start : start + BATCH]).decode(), "(BODY.PEEK[])")
    return time.perf_counter() - began


def new_desk(directory: Path) -> Path:
    """An empty desk."""
    run([*NIGHTDESK, "init"], environment(NIGHTDESK_HOME=str(directory)))
    return directory


def add_mailbox(home: Path, user: MailUser) -> None:
    """Let the desk fetch this account: backlog all, keep."""
    dovecot = user.dovecot
    added = run(
        [
            *(*NIGHTDESK, "mailbox", "add", user.address, "--protocol", "imap", "--host", "localhost"),
            *("--port", str(dovecot.imaps_port), "--security", "tls", "--user", user.address),
            *("--ca-file", str(dovecot.pki.ca_file), "--password-stdin", "--no-autoresponse"),
        ],
        environment(NIGHTDESK_HOME=str(home)),
        f"{user.password}\n".encode(),
    )
    if added.status:
        raise SystemExit("the benchmark's mailbox could not be added")


def fetch(home: Path, expected: int) -> float:
    """Seconds of one ``nightdesk --fetch-once``, which must bring exactly so many mails."""
    ran = run([*NIGHTDESK, "--fetch-once", "--json"], environment(NIGHTDESK_HOME=str(home)))
    fetched = sum(mailbox["fetched"] for mailbox in json.loads(ran.output)["mailboxes"])
    if fetched != expected:
        raise SystemExit(f"fetched {fetched} of {expected} mails: {ran.output}")
    return ran.seconds


def empty_desk(dovecot: Dovecot, mails: int) -> tuple[Result, float]:
    """The whole fetch into an empty desk; also the median seconds."""
    user = filled(dovecot, mails)

    def ours() -> float:
        with tempfile.TemporaryDirectory() as directory:
            home = new_desk(Path(directory) / "desk")
            add_mailbox(home, user)
            return fetch(home, mails)

    value, base = paired(ours, lambda: imap_floor(user), ROUNDS)
    return against(f"fetch {mails} mails into an empty desk", value, base, 6), value


def big_desk(dovecot: Dovecot, home: Path, mails: int, empty: float) -> Result:
    """The same fetch into a desk that is already large.

    A fresh account of other mails each round, because the same ones again would be duplicates.
    """
    seconds = []
    for number in range(ROUNDS):
        user = filled(dovecot, mails, seed=1 + number + time.time_ns() % 10**9)
        add_mailbox(home, user)
        seconds.append(fetch(home, mails))
        subprocess.run(
            [*NIGHTDESK, "mailbox", "remove", user.address],
            env=environment(NIGHTDESK_HOME=str(home)),
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return against(f"the same into a large desk ({home.name})", statistics.median(seconds), empty, 1.3)


def nothing_new(dovecot: Dovecot) -> Result:
    """``--fetch-once`` with nothing new, against a script that logs in, selects and searches."""
    user = filled(dovecot, 20)
    arguments = ["localhost", str(dovecot.imaps_port), user.address, user.password, str(dovecot.pki.ca_file)]
    with tempfile.TemporaryDirectory() as directory:
        home = new_desk(Path(directory) / "desk")
        add_mailbox(home, user)
        fetch(home, 20)
        value, base = paired(
            lambda: fetch(home, 0),
            lambda: run([sys.executable, "-c", NOTHING_NEW, *arguments], environment()).seconds,
            7,
        )
    return against("--fetch-once, nothing new", value, base, 2.3)
