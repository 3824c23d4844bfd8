"""What a message says, and what the desk says about it."""

from __future__ import annotations

import pytest

from desk.documents import tickets as documents
from desk.home import Desk
from desk.tickets import detail
from tests.support.mails import Door, mail

HEAD = b"From: ana@corp.test\nTo: support@example.test\nSubject: x\nMessage-ID: <a1@corp.test>\n"


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def test_the_targets_of_the_links_that_are_shown_are_told(door: Door) -> None:
    html = (
        b"<p>see <a href='https://a.test/1'>this</a></p><p hidden>two words</p>"
        b"<div class='gmail_quote'>On Mon Bob wrote:<blockquote><a href='https://b.test/2'>old</a></blockquote></div>"
    )
    ticket = door.receipt(HEAD + b"Content-Type: text/html\n\n" + html).ticket
    [message] = detail.show(ticket or "").messages
    assert message.said_below("see this [1]") == "[1] https://a.test/1\n[2 words hidden by the HTML left out]"
    assert message.said_below("see this [1], old [2]").startswith(
        "[1] https://a.test/1\n[2] https://b.test/2\n"
    )
    assert message.text.endswith(message.appendix)
    assert message.appendix not in message.reply_text + message.quoted_text


def test_a_signature_is_named_and_only_where_one_is(door: Door) -> None:
    signed = b"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhi\n"
    first, second = door.receipt(HEAD + signed).ticket, door.receipt(mail()).ticket
    [message] = detail.show(first or "").messages
    assert documents.message(message)["signature"].startswith("PGP signature, not checked")
    assert "signature" not in documents.message(detail.show(second or "").messages[0])
