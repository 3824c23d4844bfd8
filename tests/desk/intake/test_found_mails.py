"""Mails of the kinds that other desks are known to read wrongly, each with what has to become of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from desk.home import Desk
from desk.intake.incoming import Outcome
from desk.replies.reply import send_reply
from desk.tickets import detail
from desk.tickets.detail import MessageView
from tests.support.mails import Door, rows
from tests.support.workbench import ADMIN

FOUND = Path(__file__).parents[2] / "data" / "found"
SUPPORT = "support@example.com"


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def take(door: Door, name: str) -> Outcome:
    return door.take((FOUND / f"{name}.eml").read_bytes(), mailbox=SUPPORT)


def message(number: str | None = "1") -> MessageView:
    """Return the customer's first message."""
    assert number is not None
    return next(each for each in detail.show(number).messages if each.kind == "customer")


def files(number: str = "1") -> dict[str, str]:
    """Return the SHA-256 of the files by their names."""
    return {each.name: each.sha256 for each in message(number).attachments}


def acknowledged() -> list[str]:
    """Return whom acknowledgements went to."""
    return [
        address
        for (address,) in rows(
            "SELECT r.address FROM recipient r JOIN delivery d ON d.id = r.delivery_id"
            " WHERE d.kind = 'acknowledgement' ORDER BY r.id"
        )
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("calendar-only", ["Move of rack 12"]),
        ("multipart-in-base64", ["Purchase order 4711 could not be posted."]),
        ("smime-opaque", ["Bitte das Konto sperren, Grüße."]),
        ("winmail-dat", ["The budget is attached."]),
        ("jis-nec-special", ["プリンタが動きません", "担当", "①", "㈱"]),
        ("html-pre-and-nbsp", ["eth0      up      10.0.0.1", "eth1      down    -", "used    93%"]),
        ("text-other-subtypes-markdown", ["host db7 is down"]),
        ("text-other-subtypes-patch", ["host db7 is down"]),
    ],
)
def test_the_text_is_all_there(door: Door, name: str, words: list[str]) -> None:
    assert take(door, name).verdict == "ticket"
    text = message().text.replace("\N{NO-BREAK SPACE}", " ")
    assert [each for each in words if each not in text] == []
    assert "$B" not in text


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("multipart-in-base64", "order.pdf"),
        ("smime-opaque", "list.txt"),
        ("winmail-dat", "budget.csv"),
        ("name-words-in-continuations", "report 😁😁😁.docx"),
    ],
)
def test_the_files_are_there_by_their_names(door: Door, name: str, file: str) -> None:
    take(door, name)
    assert file in files()


def test_a_file_has_the_bytes_that_were_attached(door: Door) -> None:
    take(door, "winmail-dat")
    data = next(each for each in message().attachments if each.name == "budget.csv")
    bytes_of = detail.attachment_bytes(data.id)
    assert hashlib.sha256(bytes_of).hexdigest() == data.sha256
    assert data.sha256 == "6877dae7fec1c166b302c51ec6068cf04188620bf0133753136f73dbaac48cc8"
    take(door, "calendar-only")
    assert "a9ba7ece980abbc0b50e6139c0e4f749e64ba2cd07d398633684217f7c8dd932" in files("2").values()


@pytest.mark.parametrize("name", ["forwarded-content-gmail", "forwarded-content-outlook"])
def test_what_was_forwarded_is_what_the_customer_says(door: Door, name: str) -> None:
    take(door, name)
    assert "The door of hall 3 does not close." in message().reply_text


def test_prompts_of_a_program_are_no_quotes(door: Door) -> None:
    take(door, "python-prompts-last")
    assert "SyntaxError comes from:" in message().reply_text
    assert ">>> print 1" in message().reply_text


def test_an_alias_of_the_desk_is_no_collaborator(door: Door) -> None:
    take(door, "alias-delivered-to")
    assert detail.show("1").collaborators == ()
    assert acknowledged() == ["ann@example.org"]


def test_an_answer_goes_to_where_it_is_asked_for(door: Door, desk: Desk) -> None:
    take(door, "reply-to")
    assert send_reply(desk, ADMIN, "1", "Hello").recipients == ("customer@example.net",)
    assert not rows("SELECT 1 FROM recipient WHERE address = 'noreply@shop.example.org'")


def test_a_group_that_writes_in_somebodys_name_is_that_person(door: Door, desk: Desk) -> None:
    take(door, "google-groups-via-1")
    assert detail.show("1").requester_email == "ann@example.org"
    assert send_reply(desk, ADMIN, "1", "hi").recipients == ("ann@example.org",)


def test_an_apostrophe_is_part_of_an_address(door: Door) -> None:
    take(door, "apostrophe-address")
    assert message().sender_email == "o'brien@example.org"
    assert acknowledged() == ["o'brien@example.org"]
    assert detail.show("1").collaborators == ("pat.o'neill@example.net",)


def test_an_address_inside_a_quoted_name_is_nobodys(door: Door) -> None:
    take(door, "quoted-local-spoof-1")
    assert take(door, "quoted-local-spoof-2").ticket_number == "2"
    assert message("2").sender_email != "ann@example.org"


def test_an_encoded_in_reply_to_finds_its_ticket(door: Door) -> None:
    take(door, "encoded-in-reply-to-1")
    outcome = take(door, "encoded-in-reply-to-2")
    assert (outcome.verdict, outcome.ticket_number) == ("reply", "1")


def test_a_mark_of_the_byte_order_before_the_headers_hides_none(door: Door) -> None:
    take(door, "bom-first-bom")
    assert message().sender_email == "ann@example.org"
    assert detail.show("1").subject == "with BOM"
