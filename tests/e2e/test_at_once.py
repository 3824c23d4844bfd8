"""Several fetchers at once: every mail is fetched by one of them."""

from __future__ import annotations

import json
import signal
from collections import Counter

import pytest

from tests.generator import generate
from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import start, worker
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser

pytestmark = pytest.mark.timeout(300)


def _load(user: MailUser, count: int, seed: int = 3) -> None:
    user.load(mail.raw for mail in generate(count, seed, to=user.address))


def test_two_runs_at_once_fetch_nothing_twice_and_the_second_says_that_it_skipped(
    desk: Desk, mailuser: MailUser
) -> None:
    _load(mailuser, 200)
    desk.add_mailbox(mailuser, None, "--batch", "10")

    both = [start(desk, "--fetch-once", "--json") for _ in range(2)]
    outputs = [process.communicate(timeout=180) for process in both]

    assert [process.returncode for process in both] == [0, 0], outputs
    fetches = [json.loads(out)["mailboxes"][0] for out, _ in outputs]
    assert sum(fetch["fetched"] for fetch in fetches) == 200
    assert Books(desk.home).value("SELECT count(*) FROM receipt") == 200
    assert mailuser.bodies_sent() == 200
    assert all(fetch["errors"] == [] for fetch in fetches)


def test_a_run_beside_another_fetcher_skips_the_mailbox_it_holds_and_says_so(
    desk: Desk, mailuser: MailUser
) -> None:
    _load(mailuser, 3)
    desk.add_mailbox(mailuser)
    from models.leases import acquire, owner_id
    from tests.support.books import opened

    with opened(desk.home):
        mailbox = Books(desk.home).value("SELECT id FROM mailbox")
        lease = acquire(f"mailbox:{mailbox}", owner_id(), 60)
        assert lease is not None

        summary = desk.fetch_once()
        shown = desk.ok("--fetch-once")

        lease.release()
    assert summary["mailboxes"][0]["skipped"] is True
    assert summary["mailboxes"][0]["fetched"] == 0
    assert summary["mailboxes"][0]["errors"] == []
    assert "skipped" in shown.out
    assert desk.fetch_once()["mailboxes"][0]["fetched"] == 3


def test_runs_beside_a_worker_fetch_nothing_twice(desk: Desk, mailuser: MailUser) -> None:
    desk.add_mailbox(mailuser, None, "--every", "1", "--batch", "5")
    books = Books(desk.home)
    with worker(desk):
        for round_ in range(5):
            _load(mailuser, 20, seed=100 + round_)
            desk.fetch_once()
        # What a run left to the worker that held the mailbox comes with the next minute.
        wait_until(lambda: books.value("SELECT count(*) FROM receipt") == 100, "mail is missing", 150)
    assert mailuser.bodies_sent() == 100
    assert Counter(books.verdicts())["duplicate"] == 0


def test_of_two_workers_one_works_and_the_other_takes_over_when_it_dies(
    desk: Desk, mailuser: MailUser
) -> None:
    desk.add_mailbox(mailuser)
    books = Books(desk.home)

    def owner_pid() -> int:
        owner = books.rows("SELECT owner FROM lease WHERE name = 'worker'")[0][0]
        return int(owner.split(":")[1]) if owner else 0

    with worker(desk) as first:
        second = start(desk, "worker")
        wait_until(
            lambda: books.value("SELECT count(*) FROM log_entry WHERE text LIKE '%stands by%'") == 1,
            "the second worker does not stand by",
        )
        assert owner_pid() == first.pid
        first.kill()
        first.wait()
        wait_until(lambda: owner_pid() == second.pid, "the second worker does not take over")
        second.send_signal(signal.SIGTERM)
        second.communicate(timeout=180)
        assert second.returncode == 0


def test_a_worker_that_is_told_to_stop_finishes_its_batch_and_leaves_zero(
    desk: Desk, mailuser: MailUser
) -> None:
    _load(mailuser, 300)
    desk.add_mailbox(mailuser, None, "--batch", "10", "--after-fetch", "move:Done")
    books = Books(desk.home)
    with worker(desk) as process:
        wait_until(lambda: books.value("SELECT count(*) FROM receipt") > 0, "nothing is fetched")
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    taken = books.value("SELECT count(*) FROM receipt")
    assert taken % 10 == 0
    assert books.value("SELECT count(*) FROM receipt WHERE disposed IS NULL") == 0
    assert len(mailuser.maildir.files("Done")) == taken
    assert books.value("SELECT count(*) FROM lease WHERE owner IS NOT NULL") == 0


def test_a_run_that_is_told_to_stop_finishes_its_batch_says_so_and_leaves_zero(
    desk: Desk, mailuser: MailUser
) -> None:
    _load(mailuser, 300)
    desk.add_mailbox(mailuser, None, "--batch", "10")
    books = Books(desk.home)
    process = start(desk, "--fetch-once", "--json")
    wait_until(lambda: books.value("SELECT count(*) FROM receipt") > 0, "nothing is fetched")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (0, b"")
    [fetched] = json.loads(out)["mailboxes"]
    assert fetched["more"]
    assert fetched["fetched"] == books.value("SELECT count(*) FROM receipt")
    assert fetched["fetched"] % 10 == 0


def test_the_worker_fetches_at_once_when_somebody_asks(desk: Desk, mailuser: MailUser) -> None:
    desk.add_mailbox(mailuser, None, "--every", "1440")
    books = Books(desk.home)
    with worker(desk):
        wait_until(
            lambda: books.value("SELECT last_success FROM mailbox") is not None, "the first fetch did not end"
        )
        _load(mailuser, 4)
        from desk.fetching import runs
        from tests.support.books import opened

        with opened(desk.home):
            mailbox = books.value("SELECT id FROM mailbox")
            runs.request(mailbox)
            asked = runs.watch(mailbox)
            assert asked is not None
            assert asked.running

            def ended() -> bool:
                view = runs.watch(mailbox)
                return view is not None and not view.running

            wait_until(ended, "the fetch that was asked for does not come")
            view = runs.watch(mailbox)
        assert view is not None
        assert (view.phase, view.found, view.done) == ("done", 4, 4)
        assert view.outcome["fetched"] == 4


def test_the_apps_own_worker_ends_when_the_app_does_and_there_are_never_two(
    desk: Desk, mailuser: MailUser
) -> None:
    desk.add_mailbox(mailuser)
    books = Books(desk.home)
    own = start(desk, "worker", "--child")
    wait_until(
        lambda: books.value("SELECT count(*) FROM lease WHERE name = 'worker' AND owner IS NOT NULL") == 1,
        "the child does not begin",
    )
    other = start(desk, "worker", "--child")
    assert other.wait(80) == 0
    assert own.poll() is None
    assert own.stdin is not None
    own.stdin.close()
    assert own.wait(80) == 0
    assert books.value("SELECT count(*) FROM lease WHERE owner IS NOT NULL") == 0
    for process in (own, other):
        for pipe in (process.stdout, process.stderr, process.stdin):
            if pipe and not pipe.closed:
                pipe.close()
