"""From `mailbox add` to an answer in the customer's mailbox, by command line alone."""

from __future__ import annotations

import email
import email.policy
import shlex
from collections.abc import Callable

from tests.support.filled import mail
from tests.support.program import Program, Ran
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.pki import UNKNOWN_CA
from tests.support.servers.postfix import Postfix


def add(desk: Program, user: MailUser, postfix: Postfix) -> Ran:
    dovecot = user.dovecot
    return desk(
        "mailbox",
        "add",
        user.address,
        "--name",
        "Help Desk",
        "--protocol",
        "imap",
        "--host",
        "localhost",
        "--port",
        str(dovecot.imaps_port),
        "--security",
        "tls",
        "--user",
        user.address,
        "--password-stdin",
        "--ca-file",
        str(dovecot.pki.ca_file),
        "--smtp-host",
        "localhost",
        "--smtp-port",
        str(postfix.submission_port),
        "--smtp-security",
        "starttls",
        "--smtp-auth",
        "same",
        "--smtp-ca-file",
        str(postfix.pki.ca_file),
        stdin=f"{user.password}\n",
    )


def test_a_mail_becomes_a_ticket_and_its_answer_reaches_the_customer(
    desk: Program, dovecot: Dovecot, postfix: Postfix, mailusers: Callable[[], MailUser]
) -> None:
    support, customer = mailusers(), mailusers()
    added = add(desk, support, postfix)
    assert added.status == 0, added.err

    tested = desk("mailbox", "test", support.address)
    assert tested.status == 0, tested.out + tested.err
    assert "incoming folder: ok" in tested.out
    assert "FAILED" not in tested.out

    assert desk("settings", "set", "mail.acknowledge", "off").status == 0
    support.deliver(mail(sender=f"Ana Prado <{customer.address}>", to=support.address))
    fetched = desk("--fetch-once", "--json")
    assert fetched.status == 0, fetched.err
    (box,) = fetched.document["mailboxes"]
    assert (box["address"], box["fetched"], box["tickets"]) == (support.address, 1, 1)

    (ticket,) = desk("ticket", "list", "--json").document
    assert ticket["requester"] == {"name": "Ana Prado", "email": customer.address}
    assert "The printer burns" in desk("ticket", "show", ticket["number"]).out

    replied = desk("ticket", "reply", ticket["number"], "--body-file", "-", stdin="Use the *extinguisher*.\n")
    assert replied.status == 0, replied.err
    assert replied.err == ""
    sent = desk("mailbox", "fetch", support.address, "--json")
    assert sent.status == 0, sent.err
    assert sent.document["sent"] == 1

    (raw,) = customer.wait_for(1)
    answer = email.message_from_bytes(raw, policy=email.policy.default)
    assert f"[#{ticket['number']}]" in str(answer["Subject"])
    assert support.address in str(answer["From"])
    (delivery,) = desk("ticket", "show", ticket["number"], "--json").document["messages"][-1]["deliveries"]
    assert delivery["state"] == "sent"

    back = email.message_from_bytes(
        mail(
            "Re: " + str(answer["Subject"]),
            "It worked.\n",
            f"Ana Prado <{customer.address}>",
            support.address,
        )
    )
    back["In-Reply-To"] = str(answer["Message-ID"])
    support.deliver(back.as_bytes())
    assert desk("--fetch-once").status == 0
    messages = desk("ticket", "show", ticket["number"], "--json").document["messages"]
    assert sorted(item["kind"] for item in messages) == ["customer", "customer", "reply"]
    assert desk("outbox", "list", "--json").document == []


def test_a_server_that_is_down_is_told_by_test_and_fetch(
    desk: Program, dovecot: Dovecot, postfix: Postfix, mailuser: MailUser
) -> None:
    assert add(desk, mailuser, postfix).status == 0
    with dovecot.down():
        assert desk("mailbox", "test", mailuser.address, "--incoming").status == 1
        fetched = desk("--fetch-once", "--json")
    assert fetched.status == 1
    assert fetched.document["mailboxes"][0]["errors"]
    assert desk("mailbox", "show", mailuser.address, "--json").document["error_count"] == 1
    assert desk("log", "--level", "error", "--json").document or desk("log", "--level", "warning").out


def test_a_wrong_password_is_named_as_such(desk: Program, postfix: Postfix, mailuser: MailUser) -> None:
    assert add(desk, mailuser, postfix).status == 0
    assert desk("mailbox", "edit", mailuser.address, "--password-stdin", stdin="wrong-7261\n").status == 0
    done = desk("mailbox", "test", mailuser.address)
    assert done.status == 1
    assert "login: FAILED" in done.out
    assert "wrong-7261" not in done.out + done.err


def test_the_pin_that_a_test_offers_is_a_command_that_works(
    desk: Program, postfix: Postfix, mailuser: MailUser
) -> None:
    assert add(desk, mailuser, postfix).status == 0
    away = desk(
        *("mailbox", "edit", mailuser.address, "--host", UNKNOWN_CA, "--smtp-host", UNKNOWN_CA),
        *("--port", str(mailuser.dovecot.imaps_port), "--security", "tls", "--smtp-security", "starttls"),
        *("--smtp-port", str(postfix.submission_port), "--password-stdin"),
        stdin=mailuser.password,
    )
    assert away.status == 0, away.err
    tested = desk("mailbox", "test", mailuser.address)
    assert tested.status == 1
    offers = [line.strip() for line in tested.out.splitlines() if "fingerprint " in line]
    assert ["--smtp-fingerprint" in offer for offer in offers] == [False, True]
    for offer in offers:
        program, *arguments = shlex.split(offer)
        assert program == "nightdesk"
        assert desk(*arguments, stdin=mailuser.password).status == 0
    assert desk("mailbox", "test", mailuser.address).status == 0


AUTHORS = {
    "form": ("From: Shop <noreply@shop.test>\nReply-To: Carla <carla@client.test>", "noreply@shop.test"),
    "group": (
        "From: 'Ann' via Support <{own}>\nX-Original-From: Ann <ann@client.test>\nPrecedence: list\n"
        "Reply-To: Ann <ann@client.test>\nList-ID: <support.desk.test>",
        "ann@client.test",
    ),
    "list": (
        "From: Ann via Users <users@lists.test>\nReply-To: users@lists.test\nCc: Ann <ann@client.test>\n"
        "List-Post: <mailto:users@lists.test>",
        "ann@client.test",
    ),
    "nobody": ("From: ann@client.test, eve@evil.test", ""),
}


def test_a_mail_has_the_same_author_whether_it_is_fetched_or_piped(
    desk: Program, dovecot: Dovecot, postfix: Postfix, mailusers: Callable[[], MailUser]
) -> None:
    support = mailusers()
    assert add(desk, support, postfix).status == 0
    for name, (head, _) in AUTHORS.items():
        fields = f"{head.format(own=support.address)}\nTo: {support.address}\nSubject: {name} by"
        support.deliver(f"{fields} fetch\nMessage-ID: <f-{name}@x.test>\n\nHello\n".encode())
        piped = f"{fields} pipe\nMessage-ID: <p-{name}@x.test>\n\nHello\n".encode()
        assert desk("pipe", stdin=piped).status == 0
    desk("--fetch-once")
    found = desk("ticket", "list", "--view", "all", "--json").document
    asked = {ticket["subject"]: ticket["requester"]["email"] for ticket in found}
    assert asked == {
        f"{name} by {door}": who for name, (_, who) in AUTHORS.items() for door in ("fetch", "pipe")
    }
