"""Fetching from servers that misbehave, and what the ledger remembers."""

from __future__ import annotations

from threading import Event

import pytest

from desk import logs
from desk.fetching import runs
from desk.fetching.summary import MailboxFetch
from desk.home import Desk
from models import leases
from models.database import db
from models.mailboxes import Mailbox
from models.receipts import Receipt
from tests.support.scripted import MailboxMaker, mail, trip_over
from tests.support.servers.faults import FaultyImap, drop, reply
from worker.fetch.job import fetch_mailbox, lease_name


def fetch(desk: Desk, mailbox: Mailbox, **more: bool) -> MailboxFetch:
    """One turn at the mailbox."""
    return fetch_mailbox(desk, mailbox.id, named=more.get("named", False), stop=Event())


def uids() -> list[int]:
    """The UIDs that have a receipt."""
    return [row[0] for row in db.execute_sql("SELECT uid FROM receipt ORDER BY uid")]


def bodies(server: FaultyImap) -> int:
    """How often bodies were asked for."""
    return sum("BODY.PEEK[]" in command for command in server.commands)


def test_every_new_mail_becomes_a_receipt_in_one_round_trip_a_batch(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(n) for n in range(1, 26)]) as server:
        tally = fetch(desk, add_mailbox(server, batch=10))
    assert (tally.fetched, tally.verdicts["ticket"], tally.errors, tally.more) == (25, 25, [], False)
    assert uids() == list(range(1, 26))
    assert bodies(server) == 3


def test_a_second_fetch_asks_for_no_body_and_leaves_no_trace(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([mail(1)]) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        lines = len(logs.entries())
        assert fetch(desk, mailbox).fetched == 0
        assert len(logs.entries()) == lines
        assert bodies(server) == 1


def test_nothing_marks_mail_as_seen_or_expunges_what_others_marked(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(n) for n in (1, 2, 3)]) as server:
        server.folders["INBOX"].flags[2].add("\\Deleted")
        mailbox = add_mailbox(server, after_fetch="delete", max_per_fetch=1)
        assert fetch(desk, mailbox).more
        assert sorted(server.folders["INBOX"].mails) == [2, 3]
        assert server.folders["INBOX"].flags == {2: {"\\Deleted"}, 3: set()}


def test_a_line_that_breaks_inside_a_mail_costs_nothing_but_another_connection(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(n, "x" * 3000) for n in range(1, 21)], cut_after=30_000) as server:
        mailbox = add_mailbox(server, batch=5, after_fetch="delete")
        tally = fetch(desk, mailbox)
        assert (tally.fetched, tally.errors) == (20, [])
        assert server.connections == 2
        assert server.folders["INBOX"].mails == {}
    assert sorted(uids()) == list(range(1, 21))


def test_a_refused_login_is_told_backs_off_and_a_named_fetch_tries_all_the_same(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(1)], {"LOGIN": reply("NO [AUTHENTICATIONFAILED] Go away", times=1)}) as server:
        mailbox = add_mailbox(server)
        assert "Go away" in fetch(desk, mailbox).errors[0]
        stored = Mailbox.get_by_id(mailbox.id)
        assert stored.error_count == 1
        assert stored.not_before > stored.last_attempt
        assert "not tried before" in fetch(desk, mailbox).errors[0]
        assert len([command for command in server.commands if command.startswith("LOGIN")]) == 1
        assert fetch(desk, mailbox, named=True).fetched == 1
    assert Mailbox.get_by_id(mailbox.id).error_count == 0


def test_mail_that_cannot_be_put_away_is_stored_told_and_put_away_by_the_next_run(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(n) for n in range(1, 8)], {"UID MOVE": reply("NO Over quota", times=1)}) as server:
        mailbox = add_mailbox(server, after_fetch="move:Done", batch=2)
        first = fetch(desk, mailbox)
        assert first.fetched == 7
        assert "Over quota" in first.errors[0]
        second = fetch(desk, mailbox, named=True)
        assert (second.fetched, second.errors) == (0, [])
        assert server.folders["INBOX"].mails == {}
        assert len(server.folders["Done"].mails) == 7
    assert not Receipt.select().where(Receipt.disposed.is_null()).count()


def test_a_mail_that_the_server_holds_back_is_told_and_fetched_when_it_comes(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    held = reply("OK Done", only="FETCH 3 (UID INTERNALDATE", times=1)
    with FaultyImap([mail(n) for n in range(1, 6)], {"UID FETCH": held}) as server:
        mailbox = add_mailbox(server, batch=1)
        first = fetch(desk, mailbox)
        assert first.fetched == 4
        assert "UID 3" in first.errors[0]
        second = fetch(desk, mailbox)
        assert (second.fetched, second.errors) == (1, [])
    assert uids() == [1, 2, 3, 4, 5]


def test_a_mail_beyond_all_measure_stays_at_the_server_and_is_told(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.fetch.run.MAX_MAIL_BYTES", 2**20)
    with FaultyImap([mail(1), mail(2, "x" * 2**21), mail(3)]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        tally = fetch(desk, mailbox)
        assert tally.fetched == 2
        assert tally.errors == [
            "the mail with UID 2 stays on the server: it has 2 MB, more than 1 MB are not taken"
        ]
        assert sorted(server.folders["INBOX"].mails) == [2]
        server.folders["INBOX"].add(mail(4))
        assert fetch(desk, mailbox).fetched == 1
    assert uids() == [1, 3, 4]


def test_a_mail_that_vanished_meanwhile_is_no_error(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([mail(n) for n in range(1, 6)]) as server:
        mailbox = add_mailbox(server, batch=1)
        inbox = server.folders["INBOX"]

        def remove(_tally: MailboxFetch) -> None:
            if 4 in inbox.mails:
                inbox.remove(4)

        tally = fetch_mailbox(desk, mailbox.id, named=False, stop=Event(), watch=remove)
        assert (tally.fetched, tally.errors) == (4, [])
        inbox.add(mail(6))
        assert fetch(desk, mailbox).fetched == 1


def test_renumbered_mail_gets_no_second_receipt(desk: Desk, add_mailbox: MailboxMaker) -> None:
    mails = [mail(n) for n in range(1, 6)]
    with FaultyImap(mails) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        inbox = server.folders["INBOX"]
        inbox.uidvalidity = 77
        for uid in list(inbox.mails):
            inbox.remove(uid)
        for raw in [*reversed(mails), mail(6)]:
            inbox.add(raw)
        tally = fetch(desk, mailbox)
        assert (tally.fetched, tally.errors) == (1, [])
        assert "UIDVALIDITY" in tally.notes[0]
        assert fetch(desk, mailbox).fetched == 0
    assert Receipt.select().count() == 6
    assert {receipt.uidvalidity for receipt in Receipt.select()} == {77}


def test_backlog_new_leaves_what_was_there_and_takes_what_comes(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(1), mail(2)]) as server:
        mailbox = add_mailbox(server, backlog="new")
        assert fetch(desk, mailbox).fetched == 0
        server.folders["INBOX"].add(mail(3))
        assert fetch(desk, mailbox).fetched == 1
    assert uids() == [3]


def test_backlog_archive_files_the_old_mail_without_answering_it(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(1), mail(2)]) as server:
        mailbox = add_mailbox(server, backlog="archive", autoresponse=True)
        assert fetch(desk, mailbox).fetched == 2
        traces = [" ".join(receipt.trace) for receipt in Receipt.select()]
    assert all("as archive" in trace for trace in traces)
    assert db.execute_sql("SELECT count(*) FROM delivery").fetchone()[0] == 0


def test_a_mailbox_that_somebody_else_holds_is_skipped_without_a_connection(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(1)]) as server:
        mailbox = add_mailbox(server)
        held = leases.acquire(lease_name(mailbox.id), leases.owner_id(), 60)
        assert held is not None
        tally = fetch(desk, mailbox)
        assert (bool(tally.skipped), tally.fetched, tally.errors) == (True, 0, [])
        assert server.commands == []


def test_a_fetcher_that_lost_its_lease_writes_nothing(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desk.intake import pipeline

    take = pipeline.take

    def late(*args: object, **kwargs: object) -> object:
        db.execute_sql("UPDATE lease SET token = token + 1 WHERE name LIKE 'mailbox:%'")
        return take(*args, **kwargs)  # type: ignore[arg-type]

    with FaultyImap([mail(1)]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        monkeypatch.setattr(pipeline, "take", late)
        tally = fetch(desk, mailbox)
        assert tally.errors
        assert len(server.folders["INBOX"].mails) == 1
    assert Receipt.select().count() == 0
    assert Mailbox.get_by_id(mailbox.id).error_count == 0, "it is no fault of the mailbox"


def test_a_fault_of_ours_over_one_mail_stops_neither_the_others_nor_the_mailbox(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyImap([mail(n) for n in range(1, 6)]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        with monkeypatch.context() as patch:
            trip_over(patch, b"Printer 3")
            tally = fetch(desk, mailbox)
        assert tally.fetched == 4
        assert "UID 3" in tally.errors[0]
        assert sorted(server.folders["INBOX"].mails) == [3], "a mail without receipt must stay at the server"
        assert fetch(desk, mailbox).fetched == 1
        assert server.folders["INBOX"].mails == {}


def test_a_limit_of_time_or_a_signal_leaves_the_rest_for_the_next_run(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    stop = Event()
    with FaultyImap([mail(n) for n in range(1, 31)]) as server:
        mailbox = add_mailbox(server, batch=5)
        first = fetch_mailbox(desk, mailbox.id, named=False, stop=stop, watch=lambda _tally: stop.set())
        assert first.more
        assert first.fetched in (5, 10)
        second = fetch(desk, mailbox)
        assert (first.fetched + second.fetched, second.more) == (30, False)


def test_somebody_who_asked_sees_how_many_there_are_and_how_many_came(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    seen = []
    with FaultyImap([mail(n) for n in range(1, 13)]) as server:
        mailbox = add_mailbox(server, batch=5)
        assert runs.watch(mailbox.id) is None
        runs.request(mailbox.id)
        assert runs.requested() == [mailbox.id]

        def look(_tally: MailboxFetch) -> None:
            view = runs.watch(mailbox.id)
            assert view is not None
            seen.append((view.phase, view.found, view.done))

        fetch_mailbox(desk, mailbox.id, named=True, stop=Event(), watch=look)
    assert seen == [("fetching", 12, 5), ("fetching", 12, 10), ("fetching", 12, 12)]
    view = runs.watch(mailbox.id)
    assert view is not None
    assert (view.phase, view.outcome["tickets"]) == ("done", 12)
    assert runs.requested() == []


def test_a_request_that_fails_says_so(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([], {"LOGIN": drop()}) as server:
        mailbox = add_mailbox(server)
        runs.request(mailbox.id)
        fetch(desk, mailbox, named=True)
    view = runs.watch(mailbox.id)
    assert view is not None
    assert view.phase == "failed"
    assert view.outcome["errors"]
