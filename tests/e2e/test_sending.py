"""Outgoing servers that refuse, delay, hang and hang up: states as promised, nothing sent twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.faults import FaultySmtp, drop, hang, reply
from tests.support.servers.postfix import Postfix

pytestmark = pytest.mark.timeout(300)

ANN, BOB, EVE = "ann@client.test", "bob@client.test", "eve@client.test"


def _desk_with(desk: Desk, user: MailUser, server: FaultySmtp) -> str:
    """A mailbox that sends through `server`, and a ticket from Ann with Bob and Eve in copy; its number."""
    plain = ("--smtp-host", "127.0.0.1", "--smtp-port", str(server.port), "--smtp-security", "none")
    desk.add_mailbox(user, None, *plain, "--smtp-auth", "none", "--no-autoresponse")
    user.deliver(
        f"From: Ann <{ANN}>\r\nTo: <{user.address}>\r\nCc: <{BOB}>, <{EVE}>\r\nSubject: Printer\r\n"
        "Message-ID: <1@client.test>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0000\r\n\r\nIt burns.\r\n".encode()
    )
    desk.fetch_once()
    return str(desk.json("ticket", "list")[0]["number"])


def _answer(desk: Desk, number: str) -> None:
    desk.ok("settings", "set", "mail.undo_seconds", "0")
    desk.ok("ticket", "reply", number, "--body-file", "-", stdin="Use water.\n")


def _let_it_be_due(desk: Desk) -> None:
    """Back-off is over."""
    import sqlite3

    with sqlite3.connect(Books(desk.home).path, timeout=180) as book:
        book.execute("UPDATE delivery SET not_before = '2026-01-01T00:00:00.000000Z' WHERE done = 0")
    book.close()


def test_a_server_that_refuses_one_of_three_takes_the_mail_for_the_others(
    desk: Desk, mailuser: MailUser
) -> None:
    with FaultySmtp({"RCPT": reply("550 5.1.1 No such person", only=BOB)}) as server:
        _answer(desk, _desk_with(desk, mailuser, server))
        ran = desk("--fetch-once", "--json")
        again = desk.fetch_once()
    assert (ran.document["sent"], ran.document["failed"]) == (2, 1)
    assert ran.status == 1, "part of the work failed, and the status must say so"
    assert (again["sent"], again["failed"], again["deferred"]) == (0, 0, 0)
    assert Books(desk.home).recipients() == {ANN: "sent", BOB: "failed", EVE: "sent"}
    assert [set(mail.recipients) for mail in server.mails] == [{ANN, EVE}]
    entries = desk.json("outbox", "list", "--state", "failed")
    assert "No such person" in str(entries)


def test_a_recipient_who_is_put_off_is_tried_again_and_the_others_get_no_second_copy(
    desk: Desk, mailuser: MailUser
) -> None:
    with FaultySmtp({"RCPT": reply("451 4.7.1 Greylisted", only=EVE, times=1)}) as server:
        _answer(desk, _desk_with(desk, mailuser, server))
        first = desk.fetch_once()
        at_once = desk.fetch_once()
        _let_it_be_due(desk)
        later = desk.fetch_once()
    assert (first["sent"], first["deferred"]) == (2, 1)
    assert (at_once["sent"], at_once["deferred"]) == (0, 0), "a retry must wait for its back-off"
    assert (later["sent"], later["deferred"]) == (1, 0)
    assert set(Books(desk.home).recipients().values()) == {"sent"}
    assert sorted(sorted(mail.recipients) for mail in server.mails) == [sorted([ANN, BOB]), [EVE]]
    ids = {
        line for mail in server.mails for line in mail.data.split(b"\r\n") if line.startswith(b"Message-ID")
    }
    assert len(ids) == 1, "the retry must carry the Message-ID of the first attempt"


def test_a_mail_that_is_put_off_as_a_whole_waits(desk: Desk, mailuser: MailUser) -> None:
    with FaultySmtp({"dot": reply("451 4.3.0 Try again later", times=1)}) as server:
        _answer(desk, _desk_with(desk, mailuser, server))
        assert desk.fetch_once()["deferred"] == 3
        _let_it_be_due(desk)
        assert desk.fetch_once()["sent"] == 3
    assert sum(mail.accepted for mail in server.mails) == 1


def test_a_line_that_drops_before_the_end_of_the_mail_means_another_try(
    desk: Desk, mailuser: MailUser
) -> None:
    with FaultySmtp({"DATA": drop(times=1)}) as server:
        _answer(desk, _desk_with(desk, mailuser, server))
        first = desk("--fetch-once", "--json").document
        assert (first["deferred"], first["uncertain"]) == (3, 0)
        _let_it_be_due(desk)
        assert desk.fetch_once()["sent"] == 3
    assert len(server.mails) == 1


def test_a_line_that_drops_behind_the_end_of_the_mail_leaves_it_uncertain_and_is_not_repeated(
    desk: Desk, mailuser: MailUser
) -> None:
    with FaultySmtp({"dot": drop()}) as server:
        _answer(desk, _desk_with(desk, mailuser, server))
        ran = desk("--fetch-once", "--json")
        _let_it_be_due(desk)
        again = desk.fetch_once()
    assert ran.document["uncertain"] == 3
    assert ran.status == 1
    assert (again["sent"], again["uncertain"]) == (0, 0)
    assert set(Books(desk.home).recipients().values()) == {"uncertain"}
    assert len(server.mails) == 1


def test_a_sender_killed_while_the_server_is_silent_behind_the_mail_leaves_it_uncertain(
    desk: Desk, mailuser: MailUser
) -> None:
    from tests.support.running import start

    with FaultySmtp({"dot": hang(times=1)}) as server:
        _answer(desk, _desk_with(desk, mailuser, server))
        sender = start(desk, "--fetch-once")
        wait_until(lambda: bool(server.mails), "the mail does not reach its end")
        sender.kill()
        sender.communicate()
        server.release()
        _let_it_be_due(desk)
        again = desk("--fetch-once", "--json")
    assert again.document["sent"] == 0
    assert again.status == 1
    assert "uncertain" in again.err
    assert set(Books(desk.home).recipients().values()) == {"uncertain"}
    assert len(server.mails) == 1


def test_a_server_that_is_down_defers_everything_and_says_so_at_the_mailbox(
    desk: Desk, mailuser: MailUser
) -> None:
    with FaultySmtp() as server:
        number = _desk_with(desk, mailuser, server)
    _answer(desk, number)
    ran = desk("--fetch-once", "--json")
    assert ran.document["deferred"] == 3
    assert ran.status == 1
    assert "refuses the connection" in ran.err
    assert Books(desk.home).value("SELECT send_error FROM mailbox") != ""


def test_an_acknowledgement_leaves_with_the_null_sender_or_its_own_where_that_is_refused(
    desk: Desk, mailusers: Callable[[], MailUser]
) -> None:
    for refused in (False, True):
        user = mailusers()
        faults = {"MAIL": reply("550 5.1.8 No null sender here", only="<>")} if refused else {}
        with FaultySmtp(faults) as server:
            plain = ("--smtp-host", "127.0.0.1", "--smtp-port", str(server.port), "--smtp-security", "none")
            desk.add_mailbox(user, None, *plain, "--smtp-auth", "none")
            user.deliver(
                f"From: Ann <ann{int(refused)}@client.test>\r\nTo: <{user.address}>\r\nSubject: Printer\r\n"
                f"Message-ID: <{int(refused)}@client.test>\r\n\r\nIt burns.\r\n".encode()
            )
            assert desk.fetch_once("--mailbox", user.address)["sent"] == 1
            [sent] = server.mails
        assert sent.sender == (user.address if refused else "")
        assert b"Auto-Submitted: auto-replied" in sent.data


def test_an_answer_leaves_through_postfix_and_the_customers_reply_comes_back_into_its_ticket(
    desk: Desk, mailusers: Callable[[], MailUser], postfix: Postfix
) -> None:
    support, customer = mailusers(), mailusers()
    desk.add_mailbox(support, postfix)
    desk.ok("settings", "set", "mail.undo_seconds", "0")
    postfix.send(
        customer.address,
        [support.address],
        f"From: Carl <{customer.address}>\r\nTo: <{support.address}>\r\nSubject: VPN\r\n"
        "Message-ID: <vpn@client.test>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0000\r\n\r\n"
        "It is down.\r\n".encode(),
    )
    postfix.wait_until_delivered()
    first = desk.fetch_once()
    assert first["mailboxes"][0]["tickets"] == 1
    [ticket] = desk.json("ticket", "list")
    desk.ok("ticket", "reply", ticket["number"], "--body-file", "-", stdin="Try again, **please**.\n")
    sent = desk.fetch_once()
    assert sent["deferred"] == sent["failed"] == sent["uncertain"] == 0
    postfix.wait_until_delivered()

    answers = [raw for raw in customer.wait_for(2) if b"Try again" in raw]
    [answer] = answers
    import email
    import email.policy

    parsed = email.message_from_bytes(answer, policy=email.policy.default)
    assert f"[#{ticket['number']}]" in parsed["Subject"]
    assert parsed["In-Reply-To"] == "<vpn@client.test>"
    postfix.send(
        customer.address,
        [support.address],
        f"From: Carl <{customer.address}>\r\nTo: <{support.address}>\r\nSubject: thanks\r\n"
        f"Message-ID: <vpn2@client.test>\r\nIn-Reply-To: {parsed['Message-ID']}\r\n"
        "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nIt works.\r\n".encode(),
    )
    postfix.wait_until_delivered()
    back = desk.fetch_once()

    assert back["mailboxes"][0]["replies"] == 1
    shown = desk.json("ticket", "show", ticket["number"])
    assert [message["kind"] for message in shown["messages"]] == ["customer", "reply", "customer"]
    assert {each["state"] for each in shown["messages"][1]["deliveries"]} == {"sent"}
