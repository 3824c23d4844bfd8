"""Whom an agent's typed line means: everybody in it, whole, or a refusal that names what is wrong."""

from __future__ import annotations

import pytest

from desk.errors import WrongUse
from desk.home import Desk
from desk.permissions import Actor
from desk.replies.reply import send_reply
from desk.tickets import detail
from desk.tickets.participants import people_in
from mail.mime import address
from mail.mime.message import parse
from tests.support.rows import every_row
from tests.support.workbench import make_mailbox, make_ticket
from tui.screens.compose import compositions


@every_row(
    ("typed", "people"),
    [
        ("o'brien@client.test", [("", "o'brien@client.test")]),
        (
            "Sean O'Brien <o'brien@client.test>, ann@x.test",
            [("Sean O'Brien", "o'brien@client.test"), ("", "ann@x.test")],
        ),
        ("ann@x.test; bob@y.test", [("", "ann@x.test"), ("", "bob@y.test")]),
        ('"john smith"@client.test', [("", '"john smith"@client.test')]),
        ('"Meier, Ann" <ann@x.test>', [("Meier, Ann", "ann@x.test")]),
        ("Team: ann@x.test, bob@y.test;", [("", "ann@x.test"), ("", "bob@y.test")]),
        ("ann@XN--BCHER-KVA.test", [("", "ann@bücher.test")]),
    ],
)
def test_everybody_who_was_typed_is_meant(typed: str, people: list[tuple[str, str]]) -> None:
    assert people_in([typed]) == people
    assert compositions.pairs(typed) == people
    assert compositions.pairs(address.typed(people)) == people


@every_row(
    "typed",
    [
        "nobody",
        "Ann Meier",
        "vic@client.test@evil.test",
        "vic@client.test'@evil.test",
        "vic eve@client.test",
        "vic@client.test ORCPT=rfc822;vic@client.test",
        "ann@x.test, vic@client.test and more",
        "vic@client.test\x00",
        "=?utf-8?q?vic=40client.test?=",
        "vic＠client.test",
        "Vic <vic@client.test",
    ],
)
def test_what_is_not_surely_an_address_is_refused_as_it_was_typed(typed: str) -> None:
    with pytest.raises(WrongUse, match="is no mail address"):
        people_in([typed])
    with pytest.raises(WrongUse, match="is no mail address"):
        people_in([("Vic", typed)])


def test_an_answer_goes_to_the_address_that_was_typed(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk, sends=True))
    queued = send_reply(desk, ana, ticket.number, "hi", to=["o'brien@client.test"], cc=['"a b"@x.test'])
    assert queued.recipients == ("o'brien@client.test", '"a b"@x.test')
    mail = parse(detail.raw_message(queued.message))
    assert [person.email for person in (*mail.to, *mail.cc)] == ["o'brien@client.test", '"a b"@x.test']
