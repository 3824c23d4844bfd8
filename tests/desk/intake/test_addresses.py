"""Who is taken for the sender, and who is written to, when addresses are odd or made to be misread."""

from __future__ import annotations

import pytest

from desk.home import Desk
from desk.mailboxes import registry
from tests.support.mails import ANA, Door, mail, rows, value


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("o'brien@client.test", "o'brien@client.test"),
        ("D'Arcy <pat.d'arcy@client.test>", "pat.d'arcy@client.test"),
        ('"john smith"@client.test', '"john smith"@client.test'),
        ("<@relay.test:ann@client.test>", "ann@client.test"),
        ("Ann@BÜCHER.test", "ann@bücher.test"),
        ("ann@xn--bcher-kva.test", "ann@bücher.test"),
        ("用户@例子.广告", "用户@例子.广告"),
    ],
)
def test_the_writer_is_acknowledged_and_nobody_else(door: Door, written: str, address: str) -> None:
    """An apostrophe, quotation marks or a second @ make no other address: mail goes to its writer."""
    door.take(mail(sender=written, cc="pat.o'neill@corp.test"))
    assert value("SELECT email FROM contact JOIN ticket ON ticket.contact_id = contact.id") == address
    assert rows("SELECT address FROM recipient") == [(address,)]
    assert rows(
        "SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id ORDER BY c.email"
    ) == [("pat.o'neill@corp.test",)]


@pytest.mark.parametrize(
    "written",
    [
        "ana@corp.test@evil.test",
        "ana@corp.test'@evil.test",
        "'ana@corp.test'",
        "ana@corp.test(@evil.test)",
        "ana@corp.test(@evil.test",
        "<ana@corp.test>@evil.test",
        "<ana@corp.test> <eve@evil.test>",
        "ana@corp.test eve@evil.test",
        "ana@corp.test ORCPT=rfc822;eve@evil.test",
        "=?utf-8?q?ana=40corp=2Etest?=",
        "=?utf-8?q?Ana_=3Cana=40corp=2Etest=3E?=",
        "ana＠corp.test",
        "ana@corp.test\x00@evil.test",
        "ana@ｃorp.test",
        "Ana <ana@corp.test",
    ],
)
def test_what_only_looks_like_a_participant_is_none(door: Door, written: str) -> None:
    """An address that is cut or completed to a customer's lets nobody into the customer's ticket."""
    door.take(mail(sender=ANA, cc="carl@corp.test"))
    receipt = door.receipt(
        mail(sender=written, subject="Re: [#1] Printer", headers={"Reply-To": "ana@corp.test"})
    )
    assert (receipt.verdict, receipt.ticket) == ("ticket", "2")
    assert value("SELECT count(*) FROM recipient WHERE address = 'ana@corp.test'") == 1


def test_a_local_part_in_quotes_is_no_participant(door: Door) -> None:
    """A local part that holds a customer's address in quotation marks is not the customer."""
    door.take(mail(sender=ANA))
    receipt = door.receipt(mail(sender='"ana@corp.test"@evil.test', subject="Re: [#1] Printer"))
    assert (receipt.verdict, receipt.ticket) == ("ticket", "2")
    assert rows("SELECT address FROM recipient ORDER BY id") == [
        ("ana@corp.test",),
        ('"ana@corp.test"@evil.test',),
    ]


def test_both_spellings_of_a_domain_are_one_contact(door: Door) -> None:
    door.take(mail(sender="Ann <ann@bücher.test>"))
    again = door.take(mail(sender="ann@XN--BCHER-KVA.test", subject="Re: [#1] Printer"))
    assert (again.verdict, again.ticket_number) == ("reply", "1")
    assert value("SELECT count(*) FROM contact WHERE email LIKE 'ann@%'") == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("X-Original-To", "Helpdesk@example.test"),
        ("Delivered-To", "helpdesk@example.test"),
        ("Envelope-To", "<helpdesk@example.test>"),
        ("X-Delivered-To", "helpdesk@example.test, support@example.test"),
        ("X-Forwarded-For", "helpdesk@example.test support@example.test"),
        ("X-Rcpt-To", "<helpdesk@example.test>"),
        (
            "Received",
            "from a.test by b.test (Postfix) with ESMTP id 7 for <helpdesk@example.test>; Mon, 5 Jan 2026",
        ),
    ],
)
def test_an_alias_that_ends_in_the_mailbox_is_no_collaborator(door: Door, field: str, value: str) -> None:
    door.take(mail(to="Helpdesk <helpdesk@example.test>, bob@corp.test", headers={field: value}))
    assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
        ("bob@corp.test",)
    ]


SPELLINGS = ["hilfe@bücher.test", "hilfe@xn--bcher-kva.test"]


@pytest.mark.parametrize("to", [*SPELLINGS, "hilfe+7@XN--BCHER-KVA.test"])
@pytest.mark.parametrize("kept", SPELLINGS)
def test_a_mailbox_is_reached_in_both_spellings_of_its_domain(door: Door, to: str, kept: str) -> None:
    door.mailbox(kept)
    receipt = door.receipt(mail(to=to, cc="bob@corp.test"))
    assert any(line.startswith(f"routed by address: {kept}") for line in receipt.trace)
    assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id") == [
        ("bob@corp.test",)
    ]
    assert [registry.get(spelling).address for spelling in SPELLINGS] == [kept, kept]
