"""Mails that we build: valid, readable, and closed to injection."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.compose.outgoing import OutgoingMail, build, markdown_to_html
from mail.mime.address import Address
from mail.mime.message import parse
from tests.support.rows import every_row

PLAIN = OutgoingMail(
    message_id="<nd.a.1.b@example.test>",
    sender=Address("Support", "support@example.test"),
    to=[Address("Ann", "ann@client.test")],
    subject="Re: Printer [#1]",
    text_markdown="Hello **Ann**\n\n- one\n- two\n",
    date=datetime(2026, 1, 5, 9, 0, tzinfo=timezone(timedelta(hours=1))),
)
hostile = st.text(st.sampled_from("a:<>@,;\"'()\r\n\t \x00\x1b\x85\u2028\u202eé日=?[]\\."), max_size=60)


def headers_of(raw: bytes) -> list[str]:
    head = raw.partition(b"\r\n\r\n")[0]
    return [
        line.partition(b":")[0].decode("ascii")
        for line in head.split(b"\r\n")
        if line[:1] not in (b" ", b"\t")
    ]


def test_a_plain_answer_reads_the_same_with_any_parser() -> None:
    raw = build(PLAIN)
    mail = parse(raw)
    assert mail.defects == []
    assert mail.subject == "Re: Printer [#1]"
    assert mail.sender == ("Support", "support@example.test")
    assert mail.to == [("Ann", "ann@client.test")]
    assert mail.message_id == "<nd.a.1.b@example.test>"
    assert mail.date == datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    assert mail.text == "Hello **Ann**\n\n- one\n- two"
    library = email.message_from_bytes(raw, policy=email.policy.default)
    assert library["date"].datetime == mail.date
    html = library.get_body(("html",))
    assert html is not None
    assert "<strong>Ann</strong>" in html.get_content()
    assert "<li>one</li>" in html.get_content()


def test_the_plain_part_is_what_was_typed() -> None:
    typed = (
        "C:\\new\\table \\\\srv\\nas\n\tindented  \nFrom here\n.\n..\n"
        + "x" * 3000
        + "\nüé€ 日本\n> q\n-- \nme"
    )
    assert parse(build(replace(PLAIN, text_markdown=typed))).text == typed


def test_only_seven_bits_and_short_lines_leave() -> None:
    raw = build(
        replace(
            PLAIN,
            subject="Grüße " * 100,
            text_markdown="日本語 " * 2000,
            sender=Address("Jürgen Müller, Ü", "s@bücher.test"),
            attachments=[("Übersicht 日本.pdf", "application/pdf", bytes(range(256)) * 40)],
        )
    )
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = parse(raw)
    assert mail.subject == ("Grüße " * 100).strip()
    assert mail.sender == ("Jürgen Müller, Ü", "s@bücher.test")
    assert b"<s@xn--bcher-kva.test>" in raw
    [part] = mail.attachments
    assert (part.name, part.type, part.size) == ("Übersicht 日本.pdf", "application/pdf", 10240)
    assert mail.part_bytes(part.part) == bytes(range(256)) * 40


@every_row(
    "name",
    ["a.txt", 'q"uo\\te.txt', "日" * 200 + ".txt", "a;b=c.txt", "x" * 250, "../../etc/passwd", "a\r\nB: c"],
)
def test_attachment_names_survive_and_other_parsers_read_them(name: str) -> None:
    raw = build(replace(PLAIN, attachments=[(name, "text/plain; charset=x", b"a\nb")]))
    expected = " ".join(name.split())
    assert parse(raw).attachments[0].name == expected
    library = email.message_from_bytes(raw, policy=email.policy.default)
    assert [part.get_filename() for part in library.iter_attachments()] == [expected]


def test_an_attached_mail_arrives_byte_for_byte() -> None:
    inner = b"Subject: x\n\n8bit \xe9\nlone LF\n"
    mail = parse(build(replace(PLAIN, attachments=[("m.eml", "message/rfc822", inner)])))
    assert mail.part_bytes(mail.attachments[0].part) == inner


def test_what_machines_send_says_so() -> None:
    mail = parse(build(replace(PLAIN, auto_submitted="auto-replied", desk_id="d1")))
    assert mail.header("Auto-Submitted") == "auto-replied"
    assert mail.header("X-Auto-Response-Suppress") == "All"
    assert mail.header("X-Nightdesk-Desk") == "d1"
    assert parse(build(PLAIN)).header("Auto-Submitted") is None


def test_the_chain_is_folded_and_a_long_one_keeps_root_and_newest() -> None:
    chain = [f"<{number}.{'x' * 60}@example.test>" for number in range(300)]
    raw = build(replace(PLAIN, references=chain, in_reply_to=chain[-1]))
    mail = parse(raw)
    assert mail.in_reply_to == [chain[-1]]
    assert mail.references[0] == chain[0]
    assert mail.references[1:] == chain[-49:]
    assert max(map(len, raw.split(b"\r\n"))) < 998


def test_ids_that_are_none_are_left_out() -> None:
    mail = parse(build(replace(PLAIN, references=["<a@b>", "no", "<x\r\nBcc: e@x>"], in_reply_to="<bad id>")))
    assert mail.references == ["<a@b>"]
    assert mail.in_reply_to == []


def test_a_second_message_id_or_a_bad_header_name_is_a_mistake_of_ours() -> None:
    for change in ({"message_id": "none"}, {"headers": {"Bad Name": "x"}}, {"headers": {"Subject": "x"}}):
        with pytest.raises(ValueError):
            build(replace(PLAIN, **change))


@given(hostile, hostile, hostile, hostile)
def test_no_value_can_start_a_header(subject: str, name: str, address: str, value: str) -> None:
    mail = replace(
        PLAIN,
        subject=subject,
        sender=Address(name, "support@example.test"),
        to=[Address(name, address)],
        cc=[Address("", address)],
        headers={"X-More": value},
        attachments=[(name, value, b"x")],
        references=[value, address],
    )
    raw = build(mail)
    allowed = {
        "Date",
        "From",
        "To",
        "Cc",
        "Subject",
        "Message-ID",
        "References",
        "X-More",
        "MIME-Version",
        "Content-Type",
    }
    names = headers_of(raw)
    assert set(names) <= allowed
    assert len(names) == len(set(names))
    assert len(parse(raw).to) <= 1


def test_html_in_the_markdown_is_shown_not_executed() -> None:
    html = markdown_to_html('<script>alert(1)</script> [x](javascript:alert(1)) <b onclick="x">')
    assert "<script>" not in html
    assert 'href="javascript' not in html
    assert "&lt;script&gt;" in html


def test_file_names_are_not_made_into_links_and_urls_are() -> None:
    html = markdown_to_html("edit server.py and db.sh, see https://example.test/x")
    assert html.count("<a ") == 1
