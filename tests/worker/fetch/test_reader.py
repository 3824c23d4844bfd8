"""Many mails are read by two processes of their own, with the same outcome, and a few are not."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

import pytest

from desk.fetching.summary import MailboxFetch
from desk.home import Desk
from desk.intake.arrivals import Arrival, parse_ahead
from models.mailboxes import Mailbox
from models.receipts import Receipt
from tests.generator import generate
from tests.support.scripted import MailboxMaker, mail
from tests.support.servers.faults import FaultyImap
from tests.support.servers.faulty_pop3 import FaultyPop3
from worker.fetch import run
from worker.fetch.job import fetch_mailbox
from worker.fetch.reader import NICENESS, Reader


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Reader]:
    """The readers that were started, from twenty mails on, on whatever machine."""
    made: list[Reader] = []

    class Noted(Reader):
        def __init__(self, desk: Desk) -> None:
            super().__init__(desk)
            made.append(self)

    monkeypatch.setattr("worker.fetch.reader.Reader", Noted)
    monkeypatch.setattr(run, "READER_FROM", 20)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    return made


def fetch(desk: Desk, mailbox: Mailbox) -> MailboxFetch:
    """One turn at the mailbox."""
    return fetch_mailbox(desk, mailbox.id, named=True, stop=Event())


def test_what_it_reads_is_what_would_have_been_read_here(desk: Desk) -> None:
    raws = [each.raw for each in generate(60, seed=3, to="support@example.test")]
    raws += [b"", b"\xff\0", b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n" * 5000]
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    arrivals = [Arrival(raw, "imap", 1, "INBOX", 1, uid, None, moment) for uid, raw in enumerate(raws, 1)]
    reader = Reader(desk)
    try:
        there = reader.read(arrivals).result(60)
        assert reader.processes.first.poll() is None
    finally:
        reader.close()
    here = parse_ahead(arrivals, desk.blob_threshold, zone=lambda: desk.zone)
    for ours, theirs in zip(here, there, strict=True):
        assert (ours.arrival, ours.mail, ours.trouble) == (theirs.arrival, theirs.mail, theirs.trouble)
        assert (ours.headline, ours.packed, ours.digest) == (theirs.headline, theirs.packed, theirs.digest)


def test_who_stores_goes_before_who_reads(desk: Desk) -> None:
    reader = Reader(desk)
    try:
        theirs = os.getpriority(os.PRIO_PROCESS, reader.processes.first.pid)
        assert theirs == min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19)
    finally:
        reader.close()


@pytest.mark.parametrize("first_was_killed", [False, True])
def test_one_that_hangs_holds_nobody_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, first_was_killed: bool
) -> None:
    monkeypatch.setattr("worker.fetch.reader.GOODBYE_SECONDS", 0)
    large = mail(1, "more than a pipe holds " * 10_000)
    arrivals = [Arrival(large, "imap", 1, "INBOX", 1, 1, None, datetime(2026, 1, 5, tzinfo=UTC))]
    reader = Reader(desk)
    assert reader.read(arrivals).result(60)
    os.killpg(reader.processes.first.pid, signal.SIGSTOP)
    if first_was_killed:
        reader.processes.first.kill()
        reader.processes.first.wait()
    for _ in range(3):
        reader.read(arrivals)
    reader.close()
    assert reader.processes.first.returncode == -signal.SIGKILL


def test_it_is_started_once_and_ends_with_the_run(
    desk: Desk, add_mailbox: MailboxMaker, started: list[Reader]
) -> None:
    with FaultyImap([mail(n) for n in range(1, 61)]) as server:
        assert fetch(desk, add_mailbox(server, batch=5)).fetched == 60
    assert len(started) == 1
    assert started[0].processes.first.returncode == 0


def test_its_processes_end_when_nothing_is_left_to_be_read(
    desk: Desk, add_mailbox: MailboxMaker, started: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Reader.close

    def wait_first(reader: Reader) -> None:
        reader.processes.first.wait(60)  # raises when nobody told them yet that no more is asked for
        close(reader)

    monkeypatch.setattr(Reader, "close", wait_first)
    with FaultyImap([mail(n) for n in range(1, 61)]) as server:
        assert fetch(desk, add_mailbox(server, batch=5)).fetched == 60
    assert started[0].processes.first.returncode == 0


def test_a_handful_of_mails_starts_no_process(
    desk: Desk, add_mailbox: MailboxMaker, started: list[Reader]
) -> None:
    with FaultyImap([mail(n) for n in range(1, 20)]) as server:
        assert fetch(desk, add_mailbox(server, batch=1)).fetched == 19
    assert started == []


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_a_reader_that_dies_is_done_without(
    desk: Desk, add_mailbox: MailboxMaker, started: list[Reader], kill: Callable[[int, int], None]
) -> None:
    def end(_tally: MailboxFetch) -> None:
        if started[0].processes.first.poll() is None:
            kill(started[0].processes.first.pid, signal.SIGKILL)

    with FaultyImap([mail(n) for n in range(1, 61)]) as server:
        mailbox = add_mailbox(server, batch=5)
        tally = fetch_mailbox(desk, mailbox.id, named=True, stop=Event(), watch=end)
    assert (tally.fetched, tally.errors) == (60, [])


@pytest.mark.parametrize("instead", ["false", "/nowhere"])
def test_a_reader_that_cannot_start_is_done_without(
    desk: Desk,
    add_mailbox: MailboxMaker,
    started: list[Reader],
    monkeypatch: pytest.MonkeyPatch,
    instead: str,
) -> None:
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: real([instead], **more))
    with FaultyPop3([mail(n) for n in range(1, 61)]) as server:
        assert fetch(desk, add_mailbox(server, batch=5, after_fetch="delete")).fetched == 60
        assert server.left == []


@pytest.mark.sqlite  # a server has large mail in its rows
def test_a_disk_that_takes_no_large_mail_stores_nothing_of_the_batch(
    desk: Desk, add_mailbox: MailboxMaker, started: list[Reader]
) -> None:
    mails = [mail(n) for n in range(1, 31)]
    mails[7] = mail(8, os.urandom(400_000).hex())
    (desk.paths.data / "blobs").rmdir()
    (desk.paths.data / "blobs").write_bytes(b"no directory")
    with FaultyImap(mails) as server:
        tally = fetch(desk, add_mailbox(server, batch=5, after_fetch="delete"))
        assert tally.errors
        assert mails[7] in server.folders["INBOX"].mails.values()
    assert "Printer 8" not in {each.subject for each in Receipt.select()}


def test_mails_at_which_the_server_breaks_off_cost_nothing_more(
    desk: Desk, add_mailbox: MailboxMaker, started: list[Reader]
) -> None:
    with FaultyImap([mail(n) for n in range(1, 61)], poison={7: "cut", 33: "no", 58: "bye"}) as server:
        fetch(desk, add_mailbox(server, batch=5, after_fetch="delete"))
        assert sorted(server.folders["INBOX"].mails) == [7, 33, 58]
    assert Receipt.select().count() == 57
    assert len(started) == 1
