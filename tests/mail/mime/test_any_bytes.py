"""Any bytes are a mail or are over a bound; whatever is read of them is inert and comes soon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.inert import clean
from mail.mime.address import parse_addresses
from mail.mime.author import author_of, named_people
from mail.mime.automated import MachineMail, classify, may_acknowledge, own_desk_id
from mail.mime.bounces import bounces
from mail.mime.charset import decode
from mail.mime.head import head_end, parse_head
from mail.mime.headers import TooComplex, decode_words, parse_parameters
from mail.mime.html.document import html_to_text
from mail.mime.message import ParsedMail, parse
from mail.mime.quotes.pieces import folds, without
from tests.generator import hostile_mails, mutated


def everything(read: ParsedMail, judged: MachineMail) -> Iterator[str]:
    """All that this floor says about a mail."""
    yield from (read.subject, *read.sender, read.text, read.message_id or "")
    for address in (*read.to, *read.cc, *read.reply_to):
        yield from address
    yield from (*read.references, *read.in_reply_to, *read.defects)
    for part in read.attachments:
        yield from (part.name, part.type, part.part)
    for name in set(read.header_names):
        yield from (name, *read.headers(name))
    yield judged.reason
    yield own_desk_id(read) or ""
    for one in bounces(read):
        yield from (one.address, one.action, one.status, one.diagnostic, one.original_message_id or "")
    yield without(read.words, folds(read.words, read.pieces))
    assert read.date is None or read.date.tzinfo
    assert read.received_at is None or read.received_at.tzinfo


def check(raw: bytes) -> bool:
    """Read it all; whether it was within the bounds."""
    try:
        read = parse(raw)
    except TooComplex:
        return False
    assert read.raw == raw
    head = parse_head(raw, lambda: read)
    assert head_end(raw[: len(raw) // 2]) in (None, head_end(raw))
    assert head.header_names == read.header_names
    assert [head.headers(name) for name in read.header_names] == [
        read.headers(name) for name in read.header_names
    ]
    assert (named_people(head), head.to, head.subject) == (named_people(read), read.to, read.subject)
    judged = classify(read)
    assert may_acknowledge(head, lambda: read, read.text) is judged.acknowledge
    author = author_of(named_people(read), lambda address: address.startswith("a"))
    for text in (author.evidence, *map(str, author.answered_at), *everything(read, judged)):
        assert clean(text) == text
        text.encode("utf-8")
    return True


def test_a_thousand_mutants() -> None:
    within = sum(check(raw) for raw in mutated(1_000, seed=11))
    assert within > 900


def test_hostile_bytes_in_every_field() -> None:
    for seed in range(3):
        assert sum(check(one.raw) for one in hostile_mails(seed)) > 50


@given(st.binary(max_size=2000))
def test_bytes_at_random(raw: bytes) -> None:
    check(raw)


PIECES = [
    b"Content-Type: multipart/mixed; boundary=b",
    b"Content-Type: text/html; charset=utf-16",
    b"\r\n",
    b"\n",
    b"\r",
    b"--b",
    b"--b--",
    b"Content-Type: message/rfc822",
    b"Content-Transfer-Encoding: base64",
    b"From: ",
    b"a@b",
    b"Subject: =?utf-8?Q?",
    b"?=",
    b"=?",
    b"\xff",
    b"\x00",
    b"\x1b",
    b"Content-Type: multipart/report",
    b" ",
    b";",
    b"Content-Disposition: attachment; filename*0*=",
    b"''%",
    b'"',
    b"<",
    b">",
    b"<div>",
    b"message/delivery-status",
    b"Content-Transfer-Encoding: x-uuencode",
    b"begin 644 x\n",
    b"format=flowed",
    b"References: <",
    b"Date: 1 Jan",
]


@settings(max_examples=130)
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_pieces_of_mails_in_any_order(pieces: list[bytes]) -> None:
    check(b"".join(pieces))


@given(st.text(max_size=300))
def test_header_grammars_never_raise(text: str) -> None:
    parse_addresses([text])
    decode_words(text)
    parse_parameters(text)
    html_to_text(text)


@given(
    st.binary(max_size=300), st.text(max_size=20) | st.sampled_from(["utf-7", "hz", "utf-16", "iso-2022-kr"])
)
def test_any_charset_label_decodes_anything(data: bytes, label: str) -> None:
    decode(data, label).encode("utf-8", "surrogatepass")


LONG = 100_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b'"\\' * LONG,
        b"From: " + b"a," * LONG,
        b"To: " + b"(" * LONG * 2,
        b"To: " + b"a@b:" * 50_000,
        b"Subject: " + b"=?x" * 80_000 + b"?=",
        b"Subject: " + b"=?u?q?" * 40_000,
        b"Content-Type: a/b" + b';a="\\"' * 40_000,
        b"References: " + b"<" * LONG,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"\n--b x" * LONG,
        b"Content-Type: multipart/mixed\n\n" + b"--" * LONG * 10,
        b"Content-Type: text/html\n\n" + b"<div>" * LONG,
        b"Content-Type: text/html\n\n" + b"<script>" * LONG,
        b"Content-Type: text/html\n\n<pre>" + b" " * LONG * 10 + b"x",
        b"Content-Type: text/html\n\n<blockquote type=cite>" + b"> " * LONG + b"x",
        b"Content-Type: text/plain; format=flowed\n\n" + b"> \n" * LONG,
        b"Content-Transfer-Encoding: base64\n\n" + b"=" * LONG * 10,
        b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * LONG * 10,
        b"X-Failed-Recipients: " + b"a@b," * 50_000,
    ],
    ids=range(18),
)  # fmt: skip
def test_what_could_take_for_ever_does_not(raw: bytes) -> None:
    check(raw)
