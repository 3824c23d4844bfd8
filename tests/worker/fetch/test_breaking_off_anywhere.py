"""Wherever in a mailbox a server breaks off, and in whatever way: all other mails come in the same run."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest

from desk.fetching import withheld
from desk.fetching.summary import MailboxFetch
from desk.home import Desk
from desk.mailboxes import accounts
from models.database import db
from models.mailboxes import Mailbox
from models.receipts import Receipt
from tests.support.scripted import MailboxMaker, mail
from tests.support.servers.fault import Fault, drop, hang, reply
from tests.support.servers.faults import FaultyImap
from tests.support.servers.faulty_pop3 import FaultyPop3
from worker.fetch.job import fetch_mailbox

PLACES = {"first": {1}, "last": {9}, "first of the second batch": {4}, "last of the second": {6}}
WAYS = ["cut", "bye", "no", "no data", "bad", "long", "short", "garbage"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing is left after half a second."""
    account = accounts.incoming_account
    monkeypatch.setattr(accounts, "incoming_account", lambda *given: replace(account(*given), timeout=0.5))


def fetch(desk: Desk, mailbox: Mailbox) -> MailboxFetch:
    """One turn at the mailbox that a person asked for."""
    return fetch_mailbox(desk, mailbox.id, named=True, stop=Event())


def uids() -> list[int]:
    """The UIDs that have a receipt."""
    return sorted(receipt.uid or 0 for receipt in Receipt.select())


@pytest.mark.parametrize("place", PLACES)
def test_by_imap_at_any_place_in_any_way(desk: Desk, add_mailbox: MailboxMaker, place: str) -> None:
    """One mail in nine, in batches of three, stays and is told; when the server mends it, it comes."""
    mails = [mail(n, "x" * 300) for n in range(1, 10)]
    for number, way in enumerate([*WAYS, "silence"] if place == "last" else WAYS):
        with FaultyImap(mails, poison=dict.fromkeys(PLACES[place], way)) as server:
            address = f"box{number}@example.test"
            mailbox = add_mailbox(server, batch=3, address=address)
            tally = fetch(desk, mailbox)
            bad = next(iter(PLACES[place]))
            assert (tally.fetched, len(tally.errors)) == (8, 1), way
            assert tally.errors[0].startswith(f"the mail with UID {bad} stays on the server: ")
            assert [each.number for each in withheld.of(mailbox.id)] == [str(bad)]
            server.poison.clear()
            assert (fetch(desk, mailbox).fetched, withheld.of(mailbox.id)) == (1, [])


def test_by_imap_at_every_mail_it_is_the_servers_failure_and_is_over_soon(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    for number, way in enumerate(WAYS):
        # Each mail that is announced too long costs the patience of a connection.
        mails = [mail(n) for n in range(1, 4 if way == "long" else 11)]
        with FaultyImap(mails, poison=dict.fromkeys(range(1, 11), way)) as server:
            mailbox = add_mailbox(server, address=f"box{number}@example.test")
            tally = fetch(desk, mailbox)
            assert (tally.fetched, bool(tally.errors)) == (0, True), way
            assert server.count("UID FETCH") < 50
            server.poison.clear()
            assert fetch(desk, mailbox).fetched == len(mails), way


POP3_WAYS: dict[str, Fault] = {
    "-ERR": reply("-ERR no such message"),
    "-ERR of the system": reply("-ERR [SYS/TEMP] try later"),
    "hang-up": drop(),
    "drop in a line": drop("+OK 90 octets\r\nFrom: half@a.test\r\nSubj"),
    "drop at a line's end": drop("+OK 90 octets\r\nFrom: half@a.test\r\nSubject: x\r\n"),
    "no dot": drop("+OK\r\nFrom: half@a.test\r\n\r\nwords\r\n"),
    "nothing, told as much": reply("+OK 412 octets\r\n."),
    "words": reply("250 Ok"),
    "silence": hang(),
}
POP3_PLACES = {"first": 1, "last": 5, "first of the second batch": 3}


@pytest.mark.parametrize("place", POP3_PLACES)
def test_by_pop3_at_any_place_in_any_way(desk: Desk, add_mailbox: MailboxMaker, place: str) -> None:
    """Each way at the place of one mail in five, in batches of two; deleted is what has a receipt."""
    bad = POP3_PLACES[place]
    mails = [mail(n) for n in range(1, 6)]
    for number, (way, fault) in enumerate(POP3_WAYS.items()):
        if way == "silence" and place != "last":
            continue
        with FaultyPop3(mails, {"RETR": replace(fault, only=f"RETR {bad}")}) as server:
            mailbox = add_mailbox(server, batch=2, after_fetch="delete", address=f"box{number}@example.test")
            tally = fetch(desk, mailbox)
            assert tally.fetched == 4, way
            assert [error.partition(":")[0] for error in tally.errors] == [
                f"the mail id{bad - 1} stays on the server"
            ], way
            assert server.left == [mails[bad - 1]], way
            server.release()


def test_by_pop3_at_every_mail_nothing_is_deleted(desk: Desk, add_mailbox: MailboxMaker) -> None:
    mails = [mail(n) for n in range(1, 6)]
    for number, (way, fault) in enumerate(POP3_WAYS.items()):
        if way == "silence":
            continue
        with FaultyPop3(mails, {"RETR": replace(fault)}) as server:
            mailbox = add_mailbox(server, after_fetch="delete", address=f"box{number}@example.test")
            tally = fetch(desk, mailbox)
            assert (tally.fetched, server.left, bool(tally.errors)) == (0, mails, True), way


def test_pop3_needs_no_top(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyPop3([mail(1)], {"TOP": reply("-ERR unknown"), "CAPA": reply("-ERR unknown")}) as server:
        assert fetch(desk, add_mailbox(server)).fetched == 1
        assert server.count("TOP") == 0


@pytest.mark.parametrize("below", ["below, which comes as if it answered", "+OK", "+OK 4 1200", "-ERR no"])
def test_a_dot_that_was_not_stuffed_costs_no_other_mail(
    desk: Desk, add_mailbox: MailboxMaker, below: str
) -> None:
    """A line of one dot within a mail ends it too early; what follows is no answer to the next question."""
    early = mail(2, f"above\r\n.\r\n{below}\r\nand more\r\n")

    for number, place in enumerate((0, 1, 3)):
        mails = [mail(n) for n in range(1, 5)]
        mails[place] = early
        with FaultyPop3(mails, stuffed=False) as server:
            mailbox = add_mailbox(server, after_fetch="delete", address=f"box{number}@example.test")
            tally = fetch(desk, mailbox)
            assert tally.fetched == 3
            assert server.left == [early], "nothing is deleted but what came whole"
            assert tally.errors[0].startswith(f"the mail id{place} stays on the server: ")
            got = Receipt.select().where(Receipt.mailbox == mailbox.id).order_by(Receipt.uidl)
            assert {receipt.uidl: receipt.subject for receipt in got} == {
                f"id{n}": f"Printer {n + 1}" for n in range(4) if n != place
            }


@pytest.mark.parametrize("answers", [[3, 1, 2], [1, 1, 2, 2, 3], [2, 99, 3, 1]], ids=str)
def test_uids_that_a_search_gives_in_any_order_come_once(
    desk: Desk, add_mailbox: MailboxMaker, answers: list[int]
) -> None:
    """A UID that the server lists and does not have is told, and in nobody's way."""
    with FaultyImap([mail(n) for n in range(1, 4)], searches=answers) as server:
        mailbox = add_mailbox(server)
        tally = fetch(desk, mailbox)
        told = [f"the mail with UID {n} stays on the server: the server does not send it" for n in [99]]
        assert (tally.fetched, tally.errors) == (3, told if 99 in answers else [])
        assert fetch(desk, mailbox).fetched == 0
        server.searches = None
        server.folders["INBOX"].add(mail(4))
        assert fetch(desk, mailbox).fetched == 1
    assert uids() == [1, 2, 3, 4]
    assert withheld.of(mailbox.id) == []


def test_a_uid_that_an_answer_gives_to_two_mails_hides_none_for_good(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    """Two mails under one UID in one answer: the first is kept, and nothing is doubled or lost in others."""
    again = b'* 2 FETCH (UID 2 INTERNALDATE "05-Jan-2026 08:00:00 +0000" BODY[] {%d}\r\n%b)'
    other = mail(77)
    with FaultyImap([mail(n) for n in range(1, 4)]) as server:
        server._chatter = [(again % (len(other), other)).decode()]
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        server._chatter = []
        server.folders["INBOX"].add(mail(4))
        fetch(desk, mailbox)
    assert uids() == [1, 2, 3, 4]


@pytest.mark.parametrize("gone", [{1}, {3}, {5}, {1, 2, 3, 4, 5}], ids=str)
def test_mail_that_is_expunged_between_search_and_fetch_is_no_failure(
    desk: Desk, add_mailbox: MailboxMaker, gone: set[int]
) -> None:
    with FaultyImap([mail(n) for n in range(1, 6)]) as server:
        inbox = server.folders["INBOX"]

        def expunge() -> None:
            for uid in gone:
                inbox.remove(uid)

        server.before_bodies = expunge
        mailbox = add_mailbox(server)
        tally = fetch(desk, mailbox)
        assert (tally.fetched, tally.errors, tally.more) == (5 - len(gone), [], False)
        inbox.add(mail(6))
        assert fetch(desk, mailbox).fetched == 1
    assert withheld.of(mailbox.id) == []


@pytest.mark.parametrize("times", [1, 3])
def test_a_folder_that_is_renumbered_again_and_again_brings_no_mail_twice(
    desk: Desk, add_mailbox: MailboxMaker, times: int
) -> None:
    mails = [mail(n).replace(b"Message-ID:", b"X-Id:") for n in range(1, 4)]
    with FaultyImap(mails) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        inbox = server.folders["INBOX"]
        for turn in range(times):
            inbox.uidvalidity = 100 - turn
            inbox.mails = {uid + 10: raw for uid, raw in inbox.mails.items()}
            inbox.flags = {uid: set() for uid in inbox.mails}
            inbox.uidnext = max(inbox.mails) + 1
            inbox.add(mail(50 + turn))
            tally = fetch(desk, mailbox)
            assert (tally.fetched, tally.errors) == (1, [])
    assert db.execute_sql("SELECT count(*) FROM ticket").fetchone() == (3 + times,)


@pytest.mark.parametrize(
    ("ids", "comes"),
    [
        (["same", "same", "same"], 3),
        (["a b", "a b c", "a"], 3),
        (["a", "a 2", "a"], 3),
        (["", "two", "three"], 2),
        (["one", "two", ""], 2),
        (["ü", "x" * 400, "three"], 3),
    ],
    ids=["repeated", "with blanks", "like a repeated one", "first empty", "last empty", "long and odd"],
)
def test_ids_of_pop3_as_servers_give_them(
    desk: Desk, add_mailbox: MailboxMaker, ids: list[str], comes: int
) -> None:
    """A mail without an id stays and is told; it holds up no other."""
    with FaultyPop3([mail(n) for n in range(1, 4)], uidls=ids) as server:
        mailbox = add_mailbox(server)
        tally = fetch(desk, mailbox)
        assert (tally.fetched, len(tally.errors)) == (comes, 3 - comes)
        assert fetch(desk, mailbox).fetched == 0
        server.left.append(mail(4))
        server._uidls.append("four")
        assert fetch(desk, mailbox).fetched == 1
        assert Mailbox.get_by_id(mailbox.id).error_count == 0
