"""A server that answers bit by bit is given up: when the run's time is over, or when we are told to end."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator

import pytest

from desk.mailboxes import registry
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import app_actor
from tests.support.books import Books, opened
from tests.support.live_desk import Desk
from tests.support.running import start, worker
from tests.support.scripted import mail
from tests.support.servers.child import wait_until
from tests.support.servers.fault import Fault, dribble
from tests.support.servers.faults import FaultyImap
from tests.support.servers.faulty_imap import Folder
from tests.support.servers.faulty_pop3 import FaultyPop3

pytestmark = pytest.mark.timeout(300)

UNTAGGED = b"* OK Still here\r\n"
LITERAL = "* 1 FETCH (UID 1 BODY[] {1000000}"
RECORD = "\x16\x03\x03\x20\x20\x02\0\x20"
"""How a ServerHello of 8 kB begins."""
MOVES = "move:Done"

IMAP: dict[str, tuple[str, Fault]] = {
    "greeting": ("connect", dribble(b"*")),
    "login": ("LOGIN", dribble(UNTAGGED)),
    "select": ("SELECT", dribble(UNTAGGED)),
    "search": ("UID SEARCH", dribble(UNTAGGED)),
    "fetch": ("UID FETCH", dribble(UNTAGGED)),
    "literal": ("UID FETCH", dribble(b"x", begin=LITERAL, only="BODY")),
    "delete": ("UID STORE", dribble(UNTAGGED)),
    "expunge": ("UID EXPUNGE", dribble(UNTAGGED)),
    "move": ("UID MOVE", dribble(UNTAGGED)),
    "create": ("CREATE", dribble(UNTAGGED)),
    "logout": ("LOGOUT", dribble(UNTAGGED)),
}
POP3: dict[str, tuple[str, Fault]] = {
    "greeting": ("connect", dribble(b"+")),
    "capabilities": ("CAPA", dribble(b"TOP\r\n", begin="+OK")),
    "user": ("USER", dribble(b"+")),
    "password": ("PASS", dribble(b"+")),
    "ids": ("UIDL", dribble(b"1 x\r\n", begin="+OK")),
    "sizes": ("LIST", dribble(b"1 1\r\n", begin="+OK")),
    "mail": ("RETR", dribble(b"x", begin="+OK")),
    "mark": ("DELE", dribble(b"+")),
    "quit": ("QUIT", dribble(b"+")),
}
STORED = {"delete", "expunge", "move", "create", "logout", "mark", "quit"}
"""Steps behind the storing of the mail."""


@pytest.fixture
def dribbling(desk: Desk) -> Iterator[dict[str, str]]:
    """A desk with one good mailbox, and one for each step at which a server may dribble: address to step."""
    with contextlib.ExitStack() as servers:
        accounts: list[tuple[str, FaultyImap | FaultyPop3, str, str]]
        accounts = [("good@example.test", servers.enter_context(FaultyImap([mail(0)])), "keep", "none")]
        steps: dict[str, str] = {}
        for protocol, faults in (("imap", IMAP), ("pop3", POP3)):
            for name, (step, fault) in faults.items():
                address = f"{protocol}-{name}@example.test"
                server: FaultyImap | FaultyPop3 = FaultyPop3([mail(len(accounts))], {step: fault})
                if protocol == "imap":
                    server = FaultyImap([mail(len(accounts))], {step: fault})
                    if name == "move":
                        server.folders["Done"] = Folder()
                after = MOVES if name in ("move", "create") else "delete"
                servers.enter_context(server)
                accounts.append((address, server, after, "none"))
                steps[address] = name
            handshake = FaultyImap([], {"connect": dribble(b"\0", begin=RECORD)})
            accounts.append((f"{protocol}-tls@example.test", servers.enter_context(handshake), "keep", "tls"))
            steps[f"{protocol}-tls@example.test"] = "tls"
        with opened(desk.home) as own:
            for address, server, after, security in accounts:
                values = {"address": address, "host": "127.0.0.1", "port": server.port, "autoresponse": False}
                values |= {"security": security, "after_fetch": after}
                values |= {"protocol": "pop3" if address.startswith("pop3") else "imap"}
                secrets = MailboxSecrets(SecretInput("sealed", "secret"))
                registry.add(own, app_actor(own), check(values), secrets)
        yield steps


def test_a_run_ends_with_its_time_whatever_step_never_ends(desk: Desk, dribbling: dict[str, str]) -> None:
    """At whichever step a server dribbles, IMAP or POP3, the run ends and the others are fetched."""
    process = start(desk, "--fetch-once", "--json", NIGHTDESK_FETCH_TIME_LIMIT="10")
    out, _ = process.communicate(timeout=180)
    assert process.returncode == 1
    document = json.loads(out)
    fetched = {one["address"]: one for one in document["mailboxes"]}
    assert fetched["good@example.test"]["fetched"] == 1
    for address, step in dribbling.items():
        one = fetched[address]
        assert one["fetched"] == (step in STORED), address
        if step == "logout":
            assert one["errors"] == []
        else:
            assert "kept us waiting beyond the 10 seconds" in " ".join(one["errors"]), address


def test_a_signal_ends_a_run_and_is_nobodys_failure(desk: Desk, dribbling: dict[str, str]) -> None:
    """SIGTERM ends a run that such a server keeps, and no mailbox is blamed."""
    process = start(desk, "--fetch-once", "--json")
    _wait_until_all_dribble(desk)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=80)
    assert Books(desk.home).value("SELECT count(*) FROM mailbox WHERE error_count > 0") == 0


def test_a_signal_ends_a_worker(desk: Desk, dribbling: dict[str, str]) -> None:
    """SIGTERM ends a worker that such servers keep, and no lease is left."""
    with worker(desk) as process:
        _wait_until_all_dribble(desk)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=80)
    assert Books(desk.home).value("SELECT count(*) FROM mailbox WHERE error_count > 0") == 0
    assert Books(desk.home).value("SELECT count(*) FROM lease WHERE owner IS NOT NULL") == 0


def test_an_app_that_ends_takes_its_worker_along(desk: Desk, dribbling: dict[str, str]) -> None:
    """Nobody is left behind by an app that ends."""
    process = start(desk, "worker", "--child")
    _wait_until_all_dribble(desk)
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    process.communicate(timeout=80)
    assert process.returncode == 0


def _wait_until_all_dribble(desk: Desk) -> None:
    books = Books(desk.home)
    stored = len([name for name in (*IMAP, *POP3) if name in STORED])
    wait_until(lambda: books.value("SELECT count(*) FROM receipt") == stored + 1, "no mail is fetched")
