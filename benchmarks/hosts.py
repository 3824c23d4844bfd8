"""``python -m benchmarks.hosts [--kills N] ...``: four hosts of one desk, on which everything breaks.

One PostgreSQL, one object store, a real Dovecot and Postfix. Every host has a home and a spool of its own,
its own name and process numbers (namespaces, where the system lets us), and a line of its own to the
database. Mail comes in by IMAP and pipe, agents answer, programs are killed with SIGKILL, the database is
started again, a host is cut off, the store is full. At the end the books are compared.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.paths import DeskPaths
from config.settings import Settings
from desk.fetching import runs
from desk.home import Desk, open_desk
from desk.permissions import EVERYTHING, Actor
from desk.replies import reply
from models import blobs
from models.database import db
from models.opening import close_database
from models.transactions import StatementFailed
from tests.support.live_desk import Desk as Host
from tests.support.program import Program
from tests.support.servers.cable import Cable
from tests.support.servers.child import make_home
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.network import Network
from tests.support.servers.pki import make_pki
from tests.support.servers.postfix import Postfix
from tests.support.servers.postgresql import Postgresql
from tests.support.servers.s3 import S3

OWNER = Actor(None, "owner", "Owner", "", None, frozenset([EVERYTHING]))
LARGE = random.Random(3).randbytes(120_000)


@dataclass(slots=True)
class Storm:
    """What happens: so many kills, restarts of the database, seconds of a cut line and of a full store."""

    kills: int = 1000
    hosts: int = 4
    mailboxes: int = 4
    networks: int = 0
    """In so many network namespaces, of which one is cut off from everything; 0: a line for each host."""
    restarts: int = 3
    partition: float = 300.0
    full: float = 20.0
    seed: int = 1
    limit: float = 3600.0


@dataclass(slots=True)
class Outcome:
    """What came of it; everything in ``wrong`` must be empty."""

    mails: int = 0
    answers: int = 0
    kills: int = 0
    restarts: int = 0
    uncertain: int = 0
    strays: int = 0
    seconds: float = 0.0
    settling: float = 0.0
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def told(self) -> str:
        """Return it as lines."""
        found = {name: len(lines) for name, lines in self.wrong.items()}
        lines = [
            f"{self.mails} mails in, {self.answers} out",
            f"{self.seconds:.0f} s, and {self.settling:.0f} s until nothing was left to be done",
            f"{self.kills} kills, {self.restarts} restarts of the database",
            f"{self.uncertain} recipients uncertain; {self.strays} objects left in the store, and purged",
            *(f"{name}: {number}" for name, number in found.items()),
        ]
        for name, examples in self.wrong.items():
            lines += [f"  {name}: {example}" for example in examples[:10]]
        return "\n".join(lines)


class Place:
    """One host: its home, its line to the database, and the program that it runs just now."""

    def __init__(self, home: Path, line: Cable | Network, port: int, database: str, store: str) -> None:
        self.line = line
        where = f"{line.gateway}:{port}" if isinstance(line, Network) else f"127.0.0.1:{line.port}"
        if isinstance(line, Network):
            store = store.replace("127.0.0.1", line.gateway)
        home.mkdir(parents=True)
        (home / "config.toml").write_text(
            f'database = "postgresql://postgres@{where}/{database}"\n'
            f'blobs = "{store}"\nblob_threshold = 8000\nhost_name = "{home.name}"\n',
            "utf-8",
        )
        self.host = Host(Program(home))
        self.running: subprocess.Popen[bytes] | None = None
        self.killed_at = 0.0
        self.log = (home / "storm.log").open("ab")
        self._space = _namespace()

    def start(self, *arguments: str, lives: float = 0.0) -> None:
        """Run a verb here, which is to live so many seconds."""
        self.running = subprocess.Popen(
            [*self._entered, sys.executable, "-m", "nightdesk", *arguments],
            env=self.host.program.environment(),
            cwd=self.host.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            start_new_session=True,
        )
        self.killed_at = time.monotonic() + lives

    def pipe(self, to: str, raw: bytes) -> None:
        """Give it a mail as its own mail server would, which has to take it whatever is away."""
        subprocess.run(
            [*self._entered, sys.executable, "-m", "nightdesk", "pipe", "--to", to],
            env=self.host.program.environment(),
            cwd=self.host.home.parent,
            input=raw,
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            check=True,
        )

    @property
    def _entered(self) -> list[str]:
        entered = ["nsenter", "-t", str(self._space.pid), "-p", "-m", "-u"] if self._space else []
        return [*self.line.entered, *entered] if isinstance(self.line, Network) else entered

    @property
    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def kill(self) -> None:
        """End the program, and what it started, as the kernel does when memory is short."""
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()

    def end(self) -> None:
        self.kill()
        self.log.close()
        if self._space is not None:
            self._space.first.kill()
            self._space.first.wait()


@dataclass(slots=True)
class _Space:
    first: subprocess.Popen[bytes]
    pid: int


def _namespace() -> _Space | None:
    """Make process numbers and a host name of their own; None where the system does not let us."""
    first = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--uts", "--mount-proc", "--kill-child", "sleep", "infinity"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for _ in range(200):
        children = Path(f"/proc/{first.pid}/task/{first.pid}/children")
        with contextlib.suppress(OSError):
            if found := children.read_text().split():
                return _Space(first, int(found[0]))
        if first.poll() is not None:
            return None
        time.sleep(0.01)
    return None


def mail(number: int, sender: str, to: str, large: bool) -> bytes:
    """One of many mails, each its own; with ``large`` it has a file that goes into the store."""
    head = (
        f"From: Customer <{sender}>\r\nTo: <{to}>\r\nSubject: Storm {number}\r\n"
        f"Message-ID: <storm-{number}@client.test>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0000\r\n"
    )
    if not large:
        return f"{head}\r\nIt blows, number {number}.\r\n".encode()
    noise = base64.encodebytes(number.to_bytes(8, "big") + LARGE).replace(b"\n", b"\r\n")
    return (
        (
            f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n'
            f"It blows, number {number}.\r\n--b\r\nContent-Type: application/octet-stream\r\n"
            'Content-Disposition: attachment; filename="log"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        ).encode()
        + noise
        + b"--b--\r\n"
    )


class Weather:
    """Runs one storm over servers that are there already."""

    def __init__(
        self, storm: Storm, folder: Path, dovecot: Dovecot, postfix: Postfix, postgresql: Postgresql, s3: S3
    ) -> None:
        self.storm = storm
        self.dice = random.Random(storm.seed)
        self.postgresql, self.s3, self.dovecot = postgresql, s3, dovecot
        self.outcome = Outcome()
        self.sent: dict[str, str] = {}
        name = postgresql.new_database()
        store = s3.url(f"storm-{name}")
        self.ours = [MailUser(dovecot, dovecot.new_user()) for _ in range(storm.mailboxes)]
        self.customers = [MailUser(dovecot, dovecot.new_user()) for _ in range(4)]
        ports = (postgresql.port, s3.port, dovecot.imaps_port, postfix.submission_port)
        self.networks = [Network(ports) for _ in range(storm.networks)]
        self.places = [
            Place(folder / f"host{number}", self._line(number), postgresql.port, name, store)
            for number in range(storm.hosts)
        ]
        first, *others = [place.host for place in self.places]
        first.ok("init")
        for other in others:
            (other.home / "data").mkdir(mode=0o700)
            key = other.home / "data" / "desk.key"
            key.write_bytes((first.home / "data" / "desk.key").read_bytes())
            key.chmod(0o600)
            other.ok("init")
        for user in self.ours:
            first.add_mailbox(user, postfix, "--every", "1", "--batch", "4", "--after-fetch", "move:Done")
        for limit in ("mail.ack_limit_hour", "mail.ack_limit_domain_hour", "mail.ack_limit_desk_hour"):
            first.ok("settings", "set", limit, "1000")
        paths = DeskPaths(first.home, server_url=postgresql.url(name))
        self.desk: Desk = open_desk(paths, Settings(blobs=store, blob_threshold=8000))

    def run(self) -> Outcome:
        """Let it blow, settle, and compare the books."""
        begun = time.monotonic()
        faults = self._faults()
        deadline = begun + self.storm.limit
        while self.outcome.kills < self.storm.kills and time.monotonic() < deadline:
            self._staff_hosts()
            self._bring_mail(self.dice.randint(0, 4))
            with contextlib.suppress(StatementFailed):
                self._ask()
                self._answer()
            for fault in [each for each in faults if each[0] <= self.outcome.kills]:
                faults.remove(fault)
                fault[1]()
            time.sleep(0.02)
            self._strike()
        for _, strike in faults:
            strike()
        self.outcome.seconds = time.monotonic() - begun
        self._settle()
        self._compare()
        return self.outcome

    def close(self) -> None:
        """End all that was started."""
        for place in self.places:
            place.end()
        for network in self.networks:
            network.end()
        close_database()

    def _line(self, number: int) -> Cable | Network:
        """Return how a host reaches the servers: one of the networks, else a line of its own."""
        if self.networks:
            return self.networks[number % len(self.networks)]
        return Cable(self.postgresql.port)

    def _faults(self) -> list[tuple[int, Callable[[], None]]]:
        """Return after how many kills what else happens."""
        storm = self.storm
        each = storm.kills // (storm.restarts + 1)
        found: list[tuple[int, Callable[[], None]]] = [
            (each * (number + 1), self._restart) for number in range(storm.restarts)
        ]
        if storm.partition:
            found.append((storm.kills // 3, self._cut))
        if storm.full:
            found.append((storm.kills // 5, self._fill))
        self._until: list[tuple[float, Callable[[], None]]] = []
        return found

    def _restart(self) -> None:
        self._wait_for_work()
        self.postgresql.restart()
        self.outcome.restarts += 1

    def _wait_for_work(self) -> None:
        """Wait until some mailbox is being fetched, so that it is the middle of it."""
        with contextlib.suppress(StatementFailed):
            for _ in range(100):
                if _value("SELECT count(*) FROM lease WHERE name LIKE 'mailbox:%%' AND owner IS NOT NULL"):
                    return
                self._ask()
                time.sleep(0.05)

    def _cut(self) -> None:
        line = self.places[-1].line
        line.cut()
        self._until.append((time.monotonic() + self.storm.partition, line.mend))

    def _fill(self) -> None:
        failing = contextlib.ExitStack()
        failing.enter_context(self.s3.failing("full"))
        self._until.append((time.monotonic() + self.storm.full, failing.close))

    def _mend(self, *, all_of_them: bool = False) -> None:
        for each in [each for each in self._until if all_of_them or each[0] <= time.monotonic()]:
            self._until.remove(each)
            each[1]()

    def _staff_hosts(self) -> None:
        self._mend()
        for place in self.places:
            if not place.alive:
                verb = "worker" if self.dice.random() < 0.7 else "--fetch-once"
                place.start(verb, lives=self.dice.uniform(0.5, 4.0))

    def _bring_mail(self, count: int) -> None:
        for _ in range(count):
            number = len(self.sent)
            ours, customer = self.dice.choice(self.ours), self.dice.choice(self.customers)
            raw = mail(number, customer.address, ours.address, self.dice.random() < 0.15)
            self.sent[f"<storm-{number}@client.test>"] = ours.address
            if self.dice.random() < 0.1:
                place = self.dice.choice(self.places)
                place.pipe(ours.address, raw)
            else:
                ours.load([raw])

    def _ask(self) -> None:
        for (mailbox_id,) in _rows("SELECT id FROM mailbox"):
            runs.request(mailbox_id)

    def _answer(self) -> None:
        """Answer a ticket that nobody answered."""
        found = _rows(
            "SELECT number FROM ticket WHERE NOT EXISTS"
            " (SELECT 1 FROM message WHERE ticket_id = ticket.id AND kind = 'reply') ORDER BY id LIMIT 1"
        )
        for (number,) in found:
            reply.send_reply(self.desk, OWNER, number, f"Tie it down ({number}).")

    def _strike(self) -> None:
        """Kill what had its time: from before it has begun to the middle of its work."""
        for place in self.places:
            if place.alive and time.monotonic() > place.killed_at and self.outcome.kills < self.storm.kills:
                place.kill()
                self.outcome.kills += 1

    def _settle(self) -> None:
        """Heal everything and let the hosts work until nothing is left to be done."""
        begun = time.monotonic()
        self._mend(all_of_them=True)
        for place in self.places:
            place.kill()
            place.start("worker")
        quiet = 0
        while quiet < 3 and time.monotonic() - begun < 420:
            time.sleep(1)
            with contextlib.suppress(StatementFailed):
                if time.monotonic() - begun > 30:
                    db.execute_sql(
                        "UPDATE delivery SET not_before = '2026' WHERE done = 0 AND sender IS NULL"
                    )
                    db.execute_sql("UPDATE mailbox SET not_before = NULL")
                self._ask()
                quiet = quiet + 1 if not self._left() else 0
        self.outcome.settling = time.monotonic() - begun
        for place in self.places:
            if place.running is not None:
                os.killpg(place.running.pid, signal.SIGTERM)
        for place in self.places:
            if place.running is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    place.running.wait(30)
            place.kill()

    def _left(self) -> list[str]:
        """Return what is still to be done."""
        left = [f"{user.address} has mail" for user in self.ours if user.maildir.files("INBOX")]
        left += [
            f"{place.host.home.name} has spooled mail"
            for place in self.places
            if any(each.is_file() for each in (place.host.home / "spool").iterdir())
        ]
        if _value("SELECT count(*) FROM delivery WHERE done = 0"):
            left.append("mail waits in the outbox")
        return left

    def _compare(self) -> None:
        wrong = self.outcome.wrong
        self.outcome.mails = len(self.sent)
        taken = Counter(
            row[0] for row in _rows("SELECT message_id FROM receipt WHERE verdict <> 'duplicate'")
        )
        threads = Counter(row[0] for row in _rows("SELECT message_id FROM message WHERE kind = 'customer'"))
        wrong["lost"] = [each for each in self.sent if not threads[each]]
        wrong["doubled"] = [each for each in self.sent if threads[each] > 1 or taken[each] > 1]
        copies: Counter[str] = Counter()
        for customer in self.customers:
            for raw in customer.messages():
                name = next(
                    line
                    for line in raw.split(b"\r\n\r\n")[0].splitlines()
                    if line.lower().startswith(b"message-id:")
                )
                copies[name.partition(b":")[2].strip().decode()] += 1
        states = dict(
            _rows("SELECT d.message_id, r.state FROM delivery d JOIN recipient r ON r.delivery_id = d.id")
        )
        self.outcome.answers = sum(copies.values())
        self.outcome.uncertain = sum(state == "uncertain" for state in states.values())
        wrong["customer mails twice"] = [name for name, count in copies.items() if count > 1]
        wrong["sent and not there"] = [n for n, state in states.items() if state == "sent" and not copies[n]]
        wrong["neither sent nor uncertain"] = [
            f"{n} {state}" for n, state in states.items() if state not in ("sent", "uncertain")
        ]
        wrong["still to be done"] = self._left()
        wrong["orphans"] = [
            f"{what}: {row[0]}" for what, statement in ORPHANS.items() for row in _rows(statement)
        ]
        wrong["stored mail"] = [f"{name} {trouble}" for name, trouble in blobs.examine()]
        named = {row[0] for row in _rows("SELECT path FROM blob WHERE path IS NOT NULL")}
        there = {name for name, _ in db.obj.store.names()}
        self.outcome.strays = len(there - named)
        blobs.remove(blobs.strays(time.time() + 60))
        wrong["objects without a row"] = sorted({name for name, _ in db.obj.store.names()} - named)
        wrong["errors"] = [
            f"{row[0]}: {row[1]}"
            for row in _rows("SELECT text, detail FROM log_entry WHERE level = 'error' ORDER BY id")
            if not any(words in row[0] for words in EXPECTED)
        ]


ORPHANS = {
    "ticket without a message": (
        "SELECT id FROM ticket t WHERE NOT EXISTS (SELECT 1 FROM message WHERE ticket_id = t.id)"
    ),
    "message without a receipt": "SELECT id FROM message WHERE kind = 'customer' AND receipt_id IS NULL",
    "receipt without a ticket": (
        "SELECT id FROM receipt WHERE verdict IN ('ticket', 'reply') AND ticket_id IS NULL"
    ),
    "receipt of no end": "SELECT id FROM receipt WHERE door = 'imap' AND disposed IS NULL",
    "message that is not found": (
        "SELECT id FROM message m WHERE NOT EXISTS (SELECT 1 FROM message_search WHERE message_id = m.id)"
    ),
    "delivery without a recipient": (
        "SELECT id FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM recipient WHERE delivery_id = d.id)"
    ),
    "reply without a delivery": (
        "SELECT id FROM message m WHERE kind = 'reply'"
        " AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_ref_id = m.id)"
    ),
    "blob that nothing names": (
        "SELECT id FROM blob b WHERE NOT EXISTS (SELECT 1 FROM receipt WHERE blob_id = b.id)"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE blob_id = b.id)"
        " AND NOT EXISTS (SELECT 1 FROM delivery WHERE blob_id = b.id)"
    ),
}
"""What would be left of a transaction that was half written."""
EXPECTED = ("uncertain", "store of attachments is away", "no connection", "server closed", "terminating")
"""What is rightly an error while things break."""


def _rows(statement: str) -> list[tuple[Any, ...]]:
    return list(db.execute_sql(statement).fetchall())


def _value(statement: str) -> Any:
    return _rows(statement)[0][0]


@contextlib.contextmanager
def servers() -> Iterator[tuple[Path, Dovecot, Postfix, Postgresql, S3]]:
    """Have all servers for the length of the block."""
    home = make_home()
    pki = make_pki(home / "pki")
    with contextlib.ExitStack() as ending:
        ending.callback(shutil.rmtree, home, ignore_errors=True)
        dovecot = Dovecot(home / "dovecot", pki).start()
        ending.callback(dovecot.stop)
        postfix = Postfix(home / "postfix", pki, dovecot).start()
        ending.callback(postfix.stop)
        postgresql = Postgresql(home / "postgresql").start()
        ending.callback(postgresql.stop)
        s3 = S3()
        ending.callback(s3.stop)
        yield home, dovecot, postfix, postgresql, s3


def main() -> None:
    """Run one and print what came of it; exit status 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hosts", description=__doc__)
    usual = Storm()
    parser.add_argument("--kills", type=int, default=usual.kills)
    parser.add_argument("--restarts", type=int, default=usual.restarts)
    parser.add_argument("--partition", type=float, default=usual.partition, help="seconds")
    parser.add_argument("--full", type=float, default=usual.full, help="seconds")
    parser.add_argument("--limit", type=float, default=usual.limit, help="seconds, whatever is left then")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--networks", type=int, default=2, help="network namespaces; 0: none")
    parser.add_argument("--keep", action="store_true", help="leave the hosts' homes in /tmp")
    given = vars(parser.parse_args())
    keep = given.pop("keep")
    folder = Path(tempfile.mkdtemp(prefix="storm-"))
    with servers() as (_, dovecot, postfix, postgresql, s3):
        weather = Weather(Storm(**given), folder, dovecot, postfix, postgresql, s3)
        try:
            outcome = weather.run()
        finally:
            weather.close()
    sys.stdout.write(outcome.told() + "\n")
    if keep:
        sys.stdout.write(f"{folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(any(outcome.wrong.values()))


if __name__ == "__main__":
    main()
