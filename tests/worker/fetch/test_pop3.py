"""Fetching by POP3: ids instead of numbers, and nothing deleted that is not stored."""

from __future__ import annotations

from threading import Event

import pytest

from desk.fetching.summary import MailboxFetch
from desk.home import Desk
from models.database import db
from models.folders import DeletedUidl
from models.mailboxes import Mailbox
from models.receipts import Receipt
from tests.support.scripted import MailboxMaker, mail, trip_over
from tests.support.servers.faults import FaultyImap, drop, reply
from tests.support.servers.faulty_pop3 import FaultyPop3
from worker.fetch.job import fetch_mailbox


def fetch(desk: Desk, mailbox: Mailbox) -> MailboxFetch:
    """One turn at the mailbox."""
    return fetch_mailbox(desk, mailbox.id, named=True, stop=Event())


def received(number: int, when: str) -> bytes:
    """A mail that some server took at that time."""
    return f"Received: from a.test by b.test; {when}\r\n".encode() + mail(number)


def tickets() -> int:
    """How many there are."""
    return int(db.execute_sql("SELECT count(*) FROM ticket").fetchone()[0])


def test_mail_is_known_by_its_id_and_fetched_once(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyPop3([mail(n) for n in range(1, 8)]) as server:
        mailbox = add_mailbox(server, batch=3)
        first = fetch(desk, mailbox)
        assert (first.fetched, first.verdicts["ticket"], first.errors) == (7, 7, [])
        assert fetch(desk, mailbox).fetched == 0
        assert server.count("RETR") == 7
        assert server.count("DELE") == 0
        assert len(server.left) == 7
    assert [receipt.uidl for receipt in Receipt.select().order_by(Receipt.id)] == [f"id{n}" for n in range(7)]
    assert all(receipt.disposed is not None for receipt in Receipt.select())


def test_mail_is_deleted_after_it_is_stored_and_at_the_end(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyPop3([mail(n) for n in range(1, 6)]) as server:
        mailbox = add_mailbox(server, after_fetch="delete", batch=2)
        assert fetch(desk, mailbox).fetched == 5
        assert server.left == []
        last = [command.split(" ")[0] for command in server.commands][-1]
        assert last == "QUIT"
    assert not Receipt.select().where(Receipt.disposed.is_null()).count()


@pytest.mark.parametrize("step", ["QUIT", "DELE"])
def test_a_line_that_breaks_deletes_nothing_and_doubles_nothing(
    desk: Desk, add_mailbox: MailboxMaker, step: str
) -> None:
    with FaultyPop3([mail(n) for n in range(1, 6)], {step: drop(times=1)}) as server:
        mailbox = add_mailbox(server, after_fetch="delete", batch=2)
        broken = fetch(desk, mailbox)
        assert broken.errors
        assert len(server.left) == 5, "without QUIT nothing is deleted"
        second = fetch(desk, mailbox)
        assert second.errors == []
        assert broken.fetched + second.fetched == 5
        assert server.left == []
    assert tickets() == 5


@pytest.mark.parametrize("named", [True, False], ids=["with Message-ID", "without"])
def test_a_server_that_says_it_deleted_and_keeps_the_mail_gives_no_second_ticket(
    desk: Desk, add_mailbox: MailboxMaker, named: bool
) -> None:
    mails = [mail(n) if named else mail(n).replace(b"Message-ID:", b"X-Id:") for n in range(1, 4)]
    with FaultyPop3(mails, {"QUIT": reply("+OK deleted", times=3)}) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        assert fetch(desk, mailbox).fetched == 3
        for _ in range(2):
            again = fetch(desk, mailbox)
            assert (again.fetched, again.errors) == (0, [])
            assert again.notes == ["the server said that 3 mails had been deleted, but has it still"]
        assert fetch(desk, mailbox).fetched == 0
        assert server.left == [], "it was told to delete them each time"
        server.left, server._uidls = [mail(9)], ["id0"]
        assert fetch(desk, mailbox).fetched == 1
    assert Receipt.select().count() == tickets() == 4
    assert not DeletedUidl.select().where(DeletedUidl.uidl != "id0").count()


def test_a_mail_that_has_the_id_of_one_that_was_kept_after_all_comes(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyPop3([mail(1), mail(2)], {"QUIT": reply("+OK", times=1)}) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        fetch(desk, mailbox)
        server.left = [mail(1), mail(7)]
        tally = fetch(desk, mailbox)
        assert (tally.fetched, server.left) == (1, [])
    assert tickets() == 3


def test_mail_that_was_kept_after_all_is_left_alone_where_the_mailbox_keeps_mail_now(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyPop3([mail(1), mail(2)], {"QUIT": reply("+OK", times=1)}) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        fetch(desk, mailbox)
        Mailbox.update(after_fetch="keep").execute()
        assert (fetch(desk, mailbox).fetched, len(server.left)) == (0, 2)
        server.left, server._uidls = [], []
        fetch(desk, mailbox)
    assert not DeletedUidl.select().count()


def test_the_cap_leaves_the_rest_for_the_next_run_and_says_so(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyPop3([mail(n) for n in range(1, 6)]) as server:
        mailbox = add_mailbox(server, max_per_fetch=2)
        first = fetch(desk, mailbox)
        assert (first.fetched, first.more, first.waiting) == (2, True, 3)
        assert fetch(desk, mailbox).fetched == 2
        last = fetch(desk, mailbox)
        assert (last.fetched, last.more) == (1, False)


def test_a_server_that_changes_all_ids_gets_no_second_receipts(desk: Desk, add_mailbox: MailboxMaker) -> None:
    mails = [mail(n) for n in range(1, 5)]
    with FaultyPop3(mails) as server:
        fetch(desk, mailbox := add_mailbox(server))
        server._uidls = [f"new{n}" for n in range(4)]
        tally = fetch(desk, mailbox)
        assert (tally.fetched, tally.errors) == (0, [])
        assert fetch(desk, mailbox).fetched == 0
    assert {receipt.uidl for receipt in Receipt.select()} == {f"new{n}" for n in range(4)}
    assert tickets() == 4


def test_the_same_alarm_twice_is_two_tickets_also_when_the_server_gives_its_id_again(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    alarm = mail(1).replace(b"Message-ID: <1@client.test>\r\n", b"")
    with FaultyPop3([alarm], uidls=["hash-of-it"]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        assert fetch(desk, mailbox).fetched == 1
        server._uidls = []
        assert fetch(desk, mailbox).fetched == 0
        server.left, server._uidls = [alarm], ["hash-of-it"]
        assert fetch(desk, mailbox).fetched == 1
    assert tickets() == 2


def test_a_mail_that_the_server_refuses_is_told_and_comes_later(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyPop3(
        [mail(n) for n in range(1, 5)], {"RETR": reply("-ERR busy", only="RETR 2", times=2)}
    ) as server:
        mailbox = add_mailbox(server)
        first = fetch(desk, mailbox)
        assert (first.fetched, first.waiting) == (3, 1)
        assert first.errors == ["the mail id1 stays on the server: 127.0.0.1 refuses (retr): -ERR busy"]
        assert fetch(desk, mailbox).fetched == 1


def test_backlog_new_leaves_what_was_there_and_takes_what_comes(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    old = [received(n, "Fri, 01 Jan 2021 09:00:00 +0000") for n in (1, 2, 3)]
    with FaultyPop3(old) as server:
        mailbox = add_mailbox(server, backlog="new", after_fetch="delete")
        server.left.append(received(4, "Fri, 01 Jan 2100 09:00:00 +0000"))
        server._uidls.append("id3")
        assert fetch(desk, mailbox).fetched == 1
        assert server.left == old
        server.left.append(mail(5))
        server._uidls = ["id0", "id1", "id2", "id4"]
        assert fetch(desk, mailbox).fetched == 1
        assert server.left == old
    assert [receipt.subject for receipt in Receipt.select().order_by(Receipt.id)][-1] == "Printer 5"


def test_backlog_archive_files_the_old_mail_without_answering_it(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    mails = [received(1, "Fri, 01 Jan 2021 09:00:00 +0000"), received(2, "Fri, 01 Jan 2100 09:00:00 +0000")]
    with FaultyPop3(mails) as server:
        mailbox = add_mailbox(server, backlog="archive")
        assert fetch(desk, mailbox).fetched == 2
    traces = [" ".join(receipt.trace) for receipt in Receipt.select().order_by(Receipt.id)]
    assert ["as archive" in trace for trace in traces] == [True, False]


def test_a_fault_of_ours_over_one_mail_stops_neither_the_others_nor_the_mailbox(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyPop3([mail(n) for n in range(1, 6)]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        with monkeypatch.context() as patch:
            trip_over(patch, b"Printer 3")
            assert fetch(desk, mailbox).fetched == 4
        assert server.left == [mail(3)], "a mail without receipt must stay at the server"


@pytest.mark.parametrize("first", ["imap", "pop3"])
def test_a_mailbox_that_changes_its_protocol_gets_no_second_receipts(
    desk: Desk, add_mailbox: MailboxMaker, first: str
) -> None:
    mails = [mail(n) for n in range(1, 5)]
    with FaultyPop3(mails) as pop3, FaultyImap(mails) as imap:
        servers = {"imap": imap, "pop3": pop3}
        mailbox = add_mailbox(servers[first])
        assert fetch(desk, mailbox).fetched == 4
        db.execute_sql("UPDATE receipt SET received = '2020-01-01T00:00:00.000000Z'")
        other = "pop3" if first == "imap" else "imap"
        Mailbox.update(protocol=other, port=servers[other].port).execute()
        pop3.left.append(mail(5))
        pop3._uidls.append("id4")
        imap.folders["INBOX"].add(mail(5))
        tally = fetch(desk, mailbox)
        assert (tally.fetched, tally.errors) == (1, [])
        assert fetch(desk, mailbox).fetched == 0
    assert tickets() == 5
    assert {receipt.door for receipt in Receipt.select()} == {other}
