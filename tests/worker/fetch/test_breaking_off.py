"""A mail at which its server breaks off stops only itself: told, tried ever less often, in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
import time_machine

from config.clock import now
from desk.documents import mailboxes as documents
from desk.fetching import withheld
from desk.fetching.summary import MailboxFetch
from desk.home import Desk
from desk.mailboxes import accounts, lists
from models.database import db
from models.mailboxes import Mailbox
from models.receipts import Receipt
from tests.support.scripted import MailboxMaker, mail
from tests.support.servers.fault import dribble, drop, hang, reply
from tests.support.servers.faults import FaultyImap
from tests.support.servers.faulty_imap import Folder
from tests.support.servers.faulty_pop3 import FaultyPop3
from worker.fetch.job import fetch_mailbox

WAYS = ["cut", "bye", "no", "no data", "bad", "long", "short", "garbage", "silence", "half"]
WITHOUT_MOVE = ("IMAP4rev1", "LITERAL+", "UIDPLUS")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing is left after a second."""
    account = accounts.incoming_account
    monkeypatch.setattr(accounts, "incoming_account", lambda *given: replace(account(*given), timeout=1.0))


def fetch(desk: Desk, mailbox: Mailbox, *, named: bool = False) -> MailboxFetch:
    """One turn at the mailbox."""
    return fetch_mailbox(desk, mailbox.id, named=named, stop=Event())


def stored() -> list[tuple[int, bytes]]:
    """UID and bytes of every mail that has a receipt."""
    from models import blobs

    return [
        (receipt.uid or 0, blobs.read(receipt.blob_id)) for receipt in Receipt.select().order_by(Receipt.uid)
    ]


@pytest.mark.parametrize("after", ["keep", "delete"])
@pytest.mark.parametrize("way", WAYS)
def test_all_other_mails_come_in_the_same_run_and_the_one_is_told(
    desk: Desk, add_mailbox: MailboxMaker, way: str, after: str
) -> None:
    """Whatever a server does at one mail, the others come; that one is told, kept, and comes later."""
    mails = [mail(n, "x" * 300) for n in range(1, 21)]
    with FaultyImap(mails, poison={7: way}) as server:
        mailbox = add_mailbox(server, batch=10, after_fetch=after)
        tally = fetch(desk, mailbox)
        others = [(n, raw) for n, raw in enumerate(mails, 1) if n != 7]
        assert stored() == others
        assert len(tally.errors) == 1
        assert tally.errors[0].startswith("the mail with UID 7 stays on the server: ")
        assert sorted(server.folders["INBOX"].mails) == ([7] if after == "delete" else list(range(1, 21)))
        health = Mailbox.get_by_id(mailbox.id)
        assert (health.error_count, health.left_waiting) == (0, 1)
        server.poison.clear()
        again = fetch(desk, mailbox)
        assert (again.fetched, again.errors) == (1, [])
    assert stored() == list(enumerate(mails, 1))
    assert withheld.of(mailbox.id) == []


@pytest.mark.parametrize("poison", [{1}, {20}, {1, 2, 3}, {5, 11, 17}, set(range(3, 13)), set(range(1, 20))])
@pytest.mark.parametrize("way", ["cut", "no data", "no"])
def test_however_many_there_are(desk: Desk, add_mailbox: MailboxMaker, poison: set[int], way: str) -> None:
    mails = [mail(n) for n in range(1, 21)]
    with FaultyImap(mails, poison=dict.fromkeys(poison, way)) as server:
        mailbox = add_mailbox(server, batch=20)
        fetch(desk, mailbox)
        assert [uid for uid, _ in stored()] == [n for n in range(1, 21) if n not in poison]
        assert {each.number for each in withheld.of(mailbox.id)} == {str(n) for n in poison}
        server.folders["INBOX"].add(mail(21))
        fetch(desk, mailbox)
        assert stored()[-1][0] == 21, "what comes later is not held up"


def test_a_server_that_gives_no_mail_at_all_is_the_servers_failure(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(n) for n in range(1, 200)], {"UID FETCH": drop(only="BODY")}) as server:
        mailbox = add_mailbox(server)
        tally = fetch(desk, mailbox)
    assert tally.fetched == 0
    assert Mailbox.get_by_id(mailbox.id).error_count == 1
    assert server.connections < 50


def test_it_is_tried_again_ever_less_often_and_at_once_when_a_person_asks(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    """A mail that does not come is asked for with back-off, and costs other runs nothing."""
    with FaultyImap([mail(1), mail(2)], poison={2: "no data"}) as server:
        mailbox = add_mailbox(server)

        def tries() -> int:
            before = sum("BODY.PEEK[]" in command for command in server.commands)
            fetch(desk, mailbox)
            return sum("BODY.PEEK[]" in command for command in server.commands) - before

        start = now()
        with time_machine.travel(start, tick=False):
            tries()
            assert tries() == 1, "the next run tries it once more"
            assert tries() == 0
        waited = []
        for minutes in range(1, 300):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                waited += [minutes] if tries() else []
        assert waited == [1, 3, 8, 18, 48, 108]
        before = len(server.commands)
        fetch(desk, mailbox, named=True)
        assert any("BODY.PEEK[]" in command for command in server.commands[before:])


def test_the_mailbox_tells_of_it(desk: Desk, add_mailbox: MailboxMaker) -> None:
    """The mailbox's screen, its JSON and the doctor name the mail and the server's words."""
    from desk.operations.doctor import examine
    from tui.text.mailboxes import detail

    with FaultyImap([mail(1), mail(2)], poison={2: "no data"}) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
    line = lists.line(Mailbox.get_by_id(mailbox.id), desk)
    [told] = documents.mailbox(line)["withheld"]
    assert (told["number"], told["tries"], told["folder"]) == ("2", 1, "INBOX")
    assert "SERVERBUG" in told["error"]
    findings = [each for each in examine(desk, live=False) if "UID 2" in each.text]
    assert [each.level for each in findings] == ["warning"]
    shown = detail(line, None, now(), desk.zone).plain
    assert "Withheld  the mail with UID 2, tried once: " in shown


def test_a_withheld_mail_that_somebody_removes_is_forgotten(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([mail(1), mail(2), mail(3)], poison={2: "cut"}) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        server.folders["INBOX"].remove(2)
        tally = fetch(desk, mailbox)
        assert (tally.errors, tally.waiting) == ([], 0)
    assert withheld.of(mailbox.id) == []


def test_a_mail_that_outlasts_the_time_of_the_run_is_not_the_first_of_the_next_one(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.fetch.limits.GRACE_SECONDS", 0.1)
    account = accounts.incoming_account
    monkeypatch.setattr(accounts, "incoming_account", lambda *given: replace(account(*given), timeout=30.0))
    desk = Desk(desk.paths, desk.settings.model_copy(update={"fetch_time_limit": 2}), desk.sealer)
    with FaultyImap([mail(n) for n in range(1, 6)], poison={1: "silence", 4: "half"}) as server:
        mailbox = add_mailbox(server)
        for _ in range(4):
            fetch(desk, mailbox, named=True)
    assert [uid for uid, _ in stored()] == [2, 3, 5]
    assert {each.number for each in withheld.of(mailbox.id)} == {"1", "4"}


@pytest.mark.parametrize(
    "fault",
    [
        drop(only="RETR 3"),
        drop("-ERR shutting down", only="RETR 3"),
        drop("+OK 300 octets\r\nFrom: half@a.test\r\n\r\nhalf a ma", only="RETR 3"),
        drop("+OK 300 octets\r\nFrom: whole@a.test\r\n\r\nbut for its dot", only="RETR 3"),
        reply("-ERR corrupt", only="RETR 3"),
        reply("nonsense", only="RETR 3"),
        hang(only="RETR 3"),
        dribble(b"", begin="+OK\r\nFrom: slow@a.test", only="RETR 3"),
    ],
    ids=["hang-up", "bye", "half", "no dot", "no", "nonsense", "silence", "silence within"],
)
@pytest.mark.parametrize("after", ["keep", "delete"])
def test_by_pop3_all_others_come_and_are_deleted(
    desk: Desk, add_mailbox: MailboxMaker, fault: object, after: str
) -> None:
    """Whatever it does at one mail, the others come in the same run; that one stays, is told and kept."""
    mails = [mail(n) for n in range(1, 8)]
    with FaultyPop3(mails, {"RETR": fault}) as server:  # type: ignore[dict-item]
        mailbox = add_mailbox(server, after_fetch=after)
        tally = fetch(desk, mailbox)
        assert tally.fetched == 6
        assert [error.partition(":")[0] for error in tally.errors] == ["the mail id2 stays on the server"]
        assert server.left == ([mails[2]] if after == "delete" else mails)
        assert {each.number for each in withheld.of(mailbox.id)} == {"id2"}
        assert fetch(desk, mailbox).fetched == (after == "delete"), "it has another number now"


def test_by_pop3_a_maildrop_that_stays_locked_after_a_hang_up_does_not_begin_with_the_same_mail(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    mails = [mail(n) for n in range(1, 5)]
    locked = reply("-ERR [IN-USE] Locked", times=0)
    with FaultyPop3(mails, {"RETR": drop(only="RETR 1"), "PASS": locked}) as server:
        mailbox = add_mailbox(server)

        def lock(_tally: MailboxFetch) -> None:
            locked.times = None

        locked.times, locked.seen = 0, 0
        fetch_mailbox(desk, mailbox.id, named=True, stop=Event(), watch=lock)
        locked.times = 0
        fetch(desk, mailbox, named=True)
    assert sorted(receipt.uidl or "" for receipt in Receipt.select()) == ["id1", "id2", "id3"]


@pytest.mark.parametrize("uidnext", ["back", "the same", "further"])
def test_a_uid_that_is_used_again_is_seen_and_nothing_is_doubled(
    desk: Desk, add_mailbox: MailboxMaker, uidnext: str
) -> None:
    """New mail under a UID that another mail had is fetched, and nothing twice."""
    with FaultyImap([mail(n) for n in range(1, 6)]) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        inbox = server.folders["INBOX"]
        reused = 2 if uidnext == "back" else 1
        for uid in range(6 - reused, 6):
            inbox.remove(uid)
        inbox.uidnext = 6 - reused
        new = [mail(11, "quite another text")]
        new += [mail(12, "and one more")] if uidnext == "further" else []
        for raw in new:
            inbox.add(raw)
        tally = fetch(desk, mailbox)
        assert (tally.fetched, tally.errors) == (len(new), [])
        assert "again" in tally.notes[0]
        assert fetch(desk, mailbox).fetched == 0
        inbox.add(mail(13))
        assert fetch(desk, mailbox).fetched == 1
    assert Receipt.select().count() == 5 + len(new) + 1


def test_a_folder_that_was_emptied_is_no_reason_to_fetch_anything_again(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyImap([mail(n) for n in range(1, 6)]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        fetch(desk, mailbox)
        tally = fetch(desk, mailbox)
        assert (tally.fetched, tally.notes) == (0, [])


def test_an_empty_folder_without_uidvalidity_is_no_failure(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([]) as server:
        mailbox = add_mailbox(server)
        server.folders["INBOX"].uidvalidity = 0
        assert fetch(desk, mailbox).errors == []
        server.folders["INBOX"].uidvalidity = 7
        server.folders["INBOX"].add(mail(1))
        assert fetch(desk, mailbox).fetched == 1


@pytest.mark.parametrize("step", ["UID COPY", "UID STORE", "UID EXPUNGE"])
def test_a_hang_up_around_a_copy_leaves_one_copy_however_often_it_happens(
    desk: Desk, add_mailbox: MailboxMaker, step: str
) -> None:
    """Without MOVE too, an archive folder gets each mail once."""
    fault = drop(times=3)
    with FaultyImap([mail(n) for n in range(1, 4)], {step: fault}, capabilities=WITHOUT_MOVE) as server:
        server.folders["Done"] = Folder(uidvalidity=2)
        mailbox = add_mailbox(server, after_fetch="move:Done")
        for _ in range(5):
            fetch(desk, mailbox, named=True)
        assert server.folders["INBOX"].mails == {}
        assert sorted(server.folders["Done"].mails.values()) == sorted(mail(n) for n in range(1, 4))


def test_pop3_ids_of_which_some_change_bring_no_mail_twice(desk: Desk, add_mailbox: MailboxMaker) -> None:
    """Mail is known by its content whenever a server gives some of it other ids."""
    mails = [mail(n).replace(f"Message-ID: <{n}@client.test>\r\n".encode(), b"") for n in range(1, 13)]
    with FaultyPop3(mails) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        for poll in range(3):
            server._uidls = [f"new{poll}-{n}" if n % 2 else uidl for n, uidl in enumerate(server._uidls)]
            tally = fetch(desk, mailbox)
            assert (tally.fetched, tally.errors) == (0, [])
    assert db.execute_sql("SELECT count(*) FROM ticket").fetchone() == (12,)


def test_pop3_ids_that_are_used_again_after_deletion_bring_the_new_mail(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    """An id that a server uses for another mail hides none."""
    with FaultyPop3([mail(1), mail(2)], uidls=["1", "2"]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        assert fetch(desk, mailbox).fetched == 2
        server.left, server._uidls = [mail(3), mail(4)], ["1", "2"]
        assert fetch(desk, mailbox).fetched == 2
        assert server.left == []
    assert db.execute_sql("SELECT count(*) FROM ticket").fetchone() == (4,)


@pytest.mark.parametrize("answer", ["lost", "heard"])
def test_pop3_ids_that_are_used_again_after_a_lost_quit_delete_nothing_unseen(
    desk: Desk, add_mailbox: MailboxMaker, answer: str
) -> None:
    with FaultyPop3([mail(1), mail(2)], {"QUIT": drop(times=1)}, uidls=["1", "2"]) as server:
        mailbox = add_mailbox(server, after_fetch="delete")
        assert fetch(desk, mailbox).errors
        if answer == "heard":
            server.left = [mail(3), mail(4)]
        tally = fetch(desk, mailbox, named=True)
        assert (tally.fetched, tally.errors) == (2 if answer == "heard" else 0, [])
        assert server.left == []
    assert db.execute_sql("SELECT count(*) FROM ticket").fetchone() == (4 if answer == "heard" else 2,)


def test_pop3_ids_that_are_used_again_where_mail_is_kept_are_seen_by_the_size(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    with FaultyPop3([mail(n) for n in range(1, 6)], uidls=["1", "2", "3", "4", "5"]) as server:
        mailbox = add_mailbox(server)
        fetch(desk, mailbox)
        server.left[4] = mail(6, "another text of another length")
        assert fetch(desk, mailbox).fetched == 1
        assert fetch(desk, mailbox).fetched == 0
