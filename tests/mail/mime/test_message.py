"""Mails as people and machines send them, and what is read in them."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from mail.mime.headers import TooComplex
from mail.mime.message import ParsedMail, parse
from tests.generator import generate
from tests.support.rows import every_row


def mail(head: str, body: str | bytes = "", end: str = "\r\n") -> ParsedMail:
    data = body.encode() if isinstance(body, str) else body
    return parse((head.strip("\n") + "\n\n").replace("\n", end).encode() + data)


def test_a_bare_address_from_cron_is_a_sender() -> None:
    assert mail("From: root@srv1").sender == ("", "root@srv1")
    assert mail("From: root (Cron Daemon)").sender == ("Cron Daemon", "root")


def test_a_mail_without_any_header_is_its_text() -> None:
    read = parse(b"disk full on /var\n")
    assert read.text == "disk full on /var"
    assert (read.subject, read.sender, read.message_id, read.date) == ("", ("", ""), None, None)
    assert parse(b"").text == ""


def test_a_mail_without_subject_has_an_empty_one() -> None:
    assert mail("From: a@b", "x").subject == ""


def test_who_sent_it_is_found_where_from_is_missing() -> None:
    assert mail("Reply-To: Ann <a@b>").sender == ("Ann", "a@b")
    assert mail("Return-Path: <c@d>\nFrom: ").sender == ("", "c@d")


@every_row("end", ["\r\n", "\n", "\r"])
def test_line_ends_of_any_kind_are_read(end: str) -> None:
    raw = (
        (
            "From: a@b\nSubject: x\n y\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n"
            "Content-Type: application/pdf\n\nPDF\n--b--\n"
        )
        .replace("\n", end)
        .encode()
    )
    read = parse(raw)
    assert (read.subject, read.text) == ("x y", "Hello")
    assert [(part.name, part.size) for part in read.attachments] == [("part-2.pdf", 3)]
    assert read.raw == raw


def test_references_folded_with_tabs_and_spaces_are_whole() -> None:
    read = mail("References: <a@x>\n\t<b@x>\n <c@\n  x>\nIn-Reply-To: Your mail of Monday <c@x>")
    assert read.references == ["<a@x>", "<b@x>", "<c@x>"]
    assert read.in_reply_to == ["<c@x>"]


@every_row(
    "written",
    [
        "=?utf-8?q?=3Ca=40x=3E?= =?utf-8?q?_=3Cb=40x=3E?=",
        "<a@x> =?utf-8?q?=3Cb=40x=3E?=",
        "=?us-ascii?B?PGFAeD4=?=\n =?us-ascii?B?PGJAeD4=?=",
        "<a@=?utf-8?q?x?=> <b@x>",
    ],
)
def test_message_ids_in_encoded_words_are_message_ids(written: str) -> None:
    assert mail(f"References: {written}").references == ["<a@x>", "<b@x>"]


def test_message_ids_without_brackets_count() -> None:
    assert mail("Message-ID: abc@x").message_id == "<abc@x>"
    assert mail("References: a@x b@x").references == ["<a@x>", "<b@x>"]


def test_an_endless_chain_keeps_the_root_and_the_newest() -> None:
    read = mail("References: " + "\n ".join(f"<{n}@x>" for n in range(5000)))
    assert len(read.references) == 500
    assert (read.references[0], read.references[-1]) == ("<0@x>", "<4999@x>")


@every_row(
    ("value", "subject"),
    [
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOf?= =?utf-8?b?ZQ==?=", "Grüße"),
        ("=?utf-8?B?w?= =?utf-8?B?7w=?=", "ü"),
        ("=?iso-8859-1?Q?Gr=FC=DFe_aus?= K=?utf-8?q?=C3=B6?=ln", "Grüße aus Köln"),
        ("=?unknown?Q?abc?=", "abc"),
        ("=?gb2312?B?tPLTobv6u7XBy6OsueI=?=", "打印机坏了，光"),
        ("=?iso-2022-jp?B?GyRCJVclaiVzJT8hPBsoQg==?=", "プリンター"),
        ("=?utf-8?Q?a b?= c", "a b c"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("100 =? 200 ?= 300", "100 =? 200 ?= 300"),
        ("=?utf-8?Q?=1B]0;x=07?=", "\ufffd]0;x\ufffd"),
        ("=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"),
    ],
)
def test_subjects_are_decoded_as_they_were_meant(value: str, subject: str) -> None:
    read = mail(f"Subject: {value}")
    if subject == "ü":
        assert "?" not in read.subject.replace("\ufffd", "")
    else:
        assert read.subject == subject


@every_row(
    ("label", "data", "text"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "50 €".encode("cp1252"), "50 €"),
        ("iso-8859-1", "Grüße €".encode(), "Grüße €"),
        ("utf-8", "Grüße aus Köln, à bientôt".encode("latin-1"), "Grüße aus Köln, à bientôt"),
        ("gb2312", "打印机镕".encode("gb18030"), "打印机镕"),
        ("shift_jis", "①パスワード".encode("cp932"), "①パスワード"),
        ("ks_c_5601-1987", "프린터".encode("cp949"), "프린터"),
        ("koi8-r", "Добрый день".encode("koi8-r"), "Добрый день"),
        ("x-no-such-charset", "Grüße".encode(), "Grüße"),
        ("unicode_escape", b"\\x1b[31m", "\\x1b[31m"),
        ("idna", b"xn--bcher-kva", "xn--bcher-kva"),
        ("\x00", b"abc", "abc"),
        ("utf-16", "\ufeffTest".encode("utf-16-le"), "Test"),
    ],
)
def test_a_lying_or_unknown_charset_is_readable(label: str, data: bytes, text: str) -> None:
    assert mail(f"Content-Type: text/plain; charset={label}", data).text == text


def test_raw_eight_bit_headers_are_read_in_the_charset_of_the_text() -> None:
    head = b"Subject: \xc4\xcf\xc2\xd2\xd9\xca\nFrom: \xc9\xd7\xc1\xce <a@b>\n"
    read = parse(head + b"Content-Type: text/plain; charset=koi8-r\n\n.")
    assert read.subject == "добрый"
    assert read.sender.name == "иван"


def test_alternatives_are_alternatives_and_the_rest_is_shown_in_order() -> None:
    read = mail(
        "Content-Type: multipart/mixed; boundary=m",
        "--m\nContent-Type: text/plain\n\nfirst\n--m\nContent-Type: multipart/alternative; boundary=a\n\n"
        "--a\nContent-Type: text/plain\n\nplain\n--a\nContent-Type: text/html\n\n<p>html</p>\n--a--\n"
        "--m\nContent-Type: text/plain\n\nlast\n--m--\n",
    )
    assert read.text == "first\n\nplain\n\nlast"
    assert read.attachments == []
    assert not read.text_is_from_html


def test_an_empty_plain_alternative_gives_way_to_html() -> None:
    read = mail(
        "Content-Type: multipart/alternative; boundary=a",
        "--a\nContent-Type: text/plain\n\n \n--a\n"
        "Content-Type: text/html\n\n<p>said <b>here</b></p>\n--a--\n",
    )
    assert read.text == "said here"
    assert read.text_is_from_html


def test_a_pdf_inside_an_alternative_is_not_lost() -> None:
    read = mail(
        "Content-Type: multipart/alternative; boundary=a",
        "--a\nContent-Type: text/plain\n\nplain\n--a\nContent-Type: multipart/mixed; boundary=m\n\n"
        "--m\nContent-Type: text/html\n\nhtml\n--m\n"
        "Content-Type: application/pdf; name=x.pdf\n\nPDF\n--m--\n--a--\n",
    )
    assert read.text == "plain"
    assert [part.name for part in read.attachments] == ["x.pdf"]


def test_images_of_an_html_mail_are_inline_attachments() -> None:
    read = mail(
        "Content-Type: multipart/related; boundary=r",
        "--r\nContent-Type: text/html\n\n<p>see <img src='cid:1'></p>\n"
        "--r\nContent-Type: image/png\nContent-ID: <1>\n\nPNG\n--r--\n",
    )
    assert [(part.name, part.inline) for part in read.attachments] == [("part-2.png", True)]


def test_an_attached_mail_stays_attached() -> None:
    read = mail(
        "Subject: outer\nContent-Type: multipart/mixed; boundary=m",
        "--m\n\nsee attached\n--m\nContent-Type: message/rfc822\n\nSubject: in=?utf-8?q?n=C3=A9?=\n"
        "Content-Type: multipart/mixed; boundary=i\n\n--i\n\ninner text\n--i--\n--m--\n",
    )
    assert read.text == "see attached"
    [part] = read.attachments
    assert (part.name, part.type, part.part) == ("inné.eml", "message/rfc822", "2")
    assert b"inner text" in read.part_bytes("2")


@every_row(
    ("fields", "name"),
    [
        ('Content-Disposition: attachment; filename="a b.pdf"', "a b.pdf"),
        ("Content-Disposition: attachment; filename=a b.pdf", "a b.pdf"),
        ("Content-Disposition: attachment;\n filename*=utf-8''%C3%9Cber%20sicht.pdf", "Über sicht.pdf"),
        ("Content-Disposition: attachment; filename*0*=utf-8''%C3%9C; filename*1=ber.pdf", "Über.pdf"),
        ('Content-Disposition: attachment; filename="=?utf-8?Q?=C3=9Cber.pdf?="', "Über.pdf"),
        ("Content-Disposition: attachment; filename==?utf-8?B?w5xiZXIucGRm?=", "Über.pdf"),
        ('Content-Disposition: attachment; filename="unclosed.pdf', "unclosed.pdf"),
        (
            'Content-Disposition: attachment;\n filename*0="=?UTF-8?Q?report_=F0=9F=98=81=F0?=\n'
            ' =?UTF-8?Q?=9F=98=8";\n filename*1="1.docx?="',
            "report 😁😁.docx",
        ),
        ('Content-Disposition: attachment; filename*0="=?utf-8?B?w5xi"; filename*1="ZXIucGRm?="', "Über.pdf"),
        ("Content-Disposition: attachment; filename*=utf-8''=?utf-8?Q?=C3=9Cber.pdf?=", "Über.pdf"),
        ('Content-Disposition: attachment; filename*=Cp1252"%DCber.pdf"', "Über.pdf"),
        ("Content-Disposition: attachment; filename*=utf-8'%C3%9Cber.pdf", "Über.pdf"),
        ("Content-Disposition: attachment; filename*=\"utf-8'de'%C3%9Cber.pdf\"", "Über.pdf"),
        ("Content-Disposition: attachment; filename*=''plain.pdf", "plain.pdf"),
        ("Content-Disposition: attachment; filename*=O'Brien.pdf", "O'Brien.pdf"),
        ("Content-Disposition: attachment; filename*=Ann's%20O'Brien.pdf", "Ann's O'Brien.pdf"),
        ('Content-Disposition: attachment; filename="q\\"uote.pdf"', 'q"uote.pdf'),
        ('Content-Type: application/pdf; name="n.pdf"', "n.pdf"),
        ('Content-Type: application/pdf\n\tname="n.pdf"', "n.pdf"),
        ("Content-Type: application/pdf", "part-2.pdf"),
        ("Content-Type: application/x-strange", "part-2.bin"),
        (
            'Content-Disposition: attachment; filename="\x1b[31mred\u202egpj.exe"',
            "\ufffd[31mred\ufffdgpj.exe",
        ),
    ],
)
def test_attachments_have_names(fields: str, name: str) -> None:
    read = mail("Content-Type: multipart/mixed; boundary=m", f"--m\n\nx\n--m\n{fields}\n\nDATA\n--m--\n")
    assert [part.name for part in read.attachments] == [name]


@every_row("encoding", ["base64", "BASE64", " base64 ; x", "quoted-printable", "8bit", "binary", "weird"])
def test_attachments_are_measured_and_come_out_byte_for_byte(encoding: str) -> None:
    data = bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"") * 9
    kind = encoding.strip().lower()
    coded = data
    if kind.startswith("base64"):
        coded = base64.encodebytes(data)
    elif kind == "quoted-printable":
        coded = b"".join(b"=%02X" % byte for byte in data)
    raw = (
        b"Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Disposition: attachment; filename=x\n"
        b"Content-Transfer-Encoding: " + encoding.encode() + b"\n\n" + coded + b"\n--m--\n"
    )
    read = parse(raw)
    [part] = read.attachments
    assert (part.size, part.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert read.part_bytes(part.part) == data


@every_row("damaged", [b"SGVsbG8", b"SGVs*bG8=", b"SGVsbG8=\n\n-- \nlist footer", b"SGVs\nbG8=\n=="])
def test_damaged_base64_gives_what_is_there(damaged: bytes) -> None:
    assert mail("Content-Transfer-Encoding: base64", damaged).text.startswith("Hello")


def test_quoted_printable_soft_breaks_and_trailing_equals() -> None:
    read = mail("Content-Transfer-Encoding: quoted-printable", "a=\r\nb =3D c=20\r\nd=\r\n")
    assert read.text == "ab = c \nd"


def test_code_paths_and_logs_are_byte_true() -> None:
    code = "C:\\new\\table \\\\srv\\nas \\d+\\x\n"
    code += "\tif (a < b && c > d) { x[0]++; }\n    indented  \n__init__ *x* _y_"
    assert mail("Content-Type: text/plain", code).text == code


def test_flowed_text_is_joined_and_quotes_keep_their_depth() -> None:
    read = mail(
        "Content-Type: text/plain; format=flowed; delsp=yes",
        "one long \r\nline\r\n> quoted \r\n> text\r\n  stuffed\r\n-- \r\nAnn\r\n",
    )
    assert read.text == "one longline\n> quotedtext\n stuffed\n-- \nAnn"
    kept = mail("Content-Type: text/plain; format=flowed", "one long \r\nline\r\n")
    assert kept.text == "one long line"


def test_a_missing_end_and_a_missing_boundary_lose_nothing() -> None:
    read = mail("Content-Type: multipart/mixed; boundary=m", "--m\n\none\n--m\n\ntwo")
    assert read.text == "one\n\ntwo"
    guessed = mail("Content-Type: multipart/mixed", "--xyz\n\none\n--xyz\n\ntwo\n--xyz--\n")
    assert guessed.text == "one\n\ntwo"
    assert guessed.defects
    wrong = mail("Content-Type: multipart/mixed; boundary=m", "just text")
    assert wrong.text == "just text"


def test_boundaries_that_begin_alike_are_told_apart() -> None:
    read = mail(
        "Content-Type: multipart/mixed; boundary=a",
        "--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\none\n--ab--\n"
        "--a\n\ntwo\n--a--\n--a\n\nepilogue",
    )
    assert read.text == "one\n\ntwo"


def test_an_mbox_line_in_front_is_skipped() -> None:
    read = parse(b"From ann@client.test  Fri Nov 20 08:00:00 2026\nReturn-Path: <a@b>\nSubject: x\n\ny\n")
    assert (read.subject, read.text) == ("x", "y")


HEADED = "From: Ann <ann@client.test>\nSubject: Grüße\n\ntext\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + HEADED.encode(),
        b"\n" + HEADED.encode(),
        b"\r\n\r\n" + HEADED.replace("\n", "\r\n").encode(),
        b" \t\n" + HEADED.encode(),
        b"\xef\xbb\xbf\n" + HEADED.encode(),
        b"Microsoft Mail Internet Headers Version 2.0\n" + HEADED.encode(),
        b"-----Original Message-----\n\n" + HEADED.encode(),
        b"\nFrom ann@client.test  Fri Nov 20 08:00:00 2026\n" + HEADED.encode(),
        ("\ufeff" + HEADED).encode("utf-16-le"),
        ("\ufeff" + HEADED).encode("utf-16-be"),
    ],
    ids=range(10),
)
def test_what_stands_before_the_headers_hides_none(raw: bytes) -> None:
    read = parse(raw)
    assert (read.sender.email, read.subject, read.text) == ("ann@client.test", "Grüße", "text")
    assert read.raw == raw


@every_row(
    "text",
    [
        "disk full on /var\nTo: whom it may concern\n\nbye",
        "\nSubject: a word of the text\n\nand more",
        "one\ntwo\nthree\nfour\nfive\nFrom: a\nTo: b\n\nmore",
        "Hello\nnote: this\nand: that\n",
    ],
)
def test_a_text_without_headers_keeps_all_its_lines(text: str) -> None:
    read = parse(text.encode())
    assert (read.text, read.subject, read.sender.email) == (text.strip("\n"), "", "")


def test_a_part_that_begins_with_a_blank_line_has_no_headers() -> None:
    read = mail("Content-Type: multipart/mixed; boundary=m", "--m\n\nSubject: x\nFrom: a@b\n\ny\n--m--\n")
    assert read.text == "Subject: x\nFrom: a@b\n\ny"


def test_a_line_that_is_no_header_ends_them_or_is_skipped() -> None:
    assert parse(b"Subject: x\nHello you\nthere").text == "Hello you\nthere"
    read = parse(b"Subject: x\ngarbage without colon\nFrom: a@b\n\ntext")
    assert (read.sender.email, read.text) == ("a@b", "text")
    assert read.defects


@every_row(
    ("value", "expected"),
    [
        ("Mon, 5 Jan 2026 09:00:00 +0100", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("5 Jan 2026 08:00 GMT", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 03:00:00 -0500 (EST)", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("Mon,  5 Jan 26 08:00:00 UT", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 09:00:00 +01:00", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 09:00:00 CET", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 9:00:00 PM GMT+0100", datetime(2026, 1, 5, 20, tzinfo=UTC)),
        ("2026-01-05T09:00:00.123+01:00", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("2026-01-05 08:00", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 08:00:60 +0000", datetime(2026, 1, 5, 8, 0, 59, tzinfo=UTC)),
        ("nonsense", None),
        ("Mon, 99 Jan 2026 08:00:00 +0000", None),
        ("Mon, 5 Jan 2026 08:00:00 +9999", None),
        ("", None),
    ],
)
def test_dates_are_utc_or_nothing(value: str, expected: datetime | None) -> None:
    assert mail(f"Date: {value}").date == expected


def test_the_top_received_says_when_it_came() -> None:
    read = mail(
        "Received: from a by b;\n\tMon, 5 Jan 2026 09:00:00 +0100\n"
        "Received: from c by a; Sun, 4 Jan 2026 1:0:0 +0"
    )
    assert read.received_at == datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        b"X: " + b"a" * 300_000 + b"\n\n",
        b"X: a\n" * 60_000 + b"\n",
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 501,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(60)),
    ],
    ids=["one long header", "many headers", "parts", "depth"],
)
def test_what_is_over_a_bound_says_so(raw: bytes) -> None:
    with pytest.raises(TooComplex) as caught:
        parse(raw)
    assert caught.value.hint


def test_a_mail_of_over_50_megabytes_decoded_is_over_the_bound() -> None:
    with pytest.raises(TooComplex, match="50 MB"):
        parse(b"Subject: x\n\n" + b"x" * (51 * 1024 * 1024))


def test_generated_mails_are_read_as_their_manifest_says() -> None:
    for one in generate(300, seed=5):
        read, expected = parse(one.raw), one.manifest
        assert read.defects == []
        assert read.subject == " ".join(expected.subject.split())
        assert read.sender.email == expected.sender
        assert read.message_id == expected.message_id
        assert "\ufffd" not in read.text
        if expected.kind != "auto":
            found = [(part.name, part.type, part.size, part.sha256) for part in read.attachments]
            assert found == [(a.name, a.type, a.size, a.sha256) for a in expected.attachments]


@every_row(
    "written",
    [
        "<a@x.test",
        "a@x.test>",
        "&lt;a@x.test&gt;",
        '"a@x.test"',
        "a@x.test,",
        "(a@x.test)",
        "[a@x.test];",
        "Your mail of Friday, a@x.test",
        "=?utf-8?q?a=40x=2Etest?=",
        "%3Ca@x.test%3E",
        "<mailto:a@x.test>",
    ],
)
def test_an_id_that_lost_its_brackets_is_known(written: str) -> None:
    raw = f"From: a@b.test\r\nIn-Reply-To: {written}\r\nReferences: {written}\r\n\r\nx".encode()
    assert parse(raw).in_reply_to == parse(raw).references == ["<a@x.test>"]


@every_row(
    ("fields", "body", "cut"),
    [
        ("Content-Transfer-Encoding: base64", "SGVsbG8gd29y\nbGQ=", False),
        ("Content-Transfer-Encoding: base64", "SGVsbG8gd29y\nbG", True),
        ("Content-Transfer-Encoding: base64", "SGVsbG8gd29y\nbGQ=\n--\nUsers, a list!", False),
        ("Content-Transfer-Encoding: quoted-printable", "Caf=C3=A9", False),
        ("Content-Transfer-Encoding: quoted-printable", "A long line that goes on =\n", True),
        ("Content-Transfer-Encoding: quoted-printable", "Caf=C3=A", True),
        ("Content-Type: text/html", "<html><body><p>Hi</p></body></html>", False),
        ("Content-Type: text/html", "<HTML><BODY><P>Hi</P></BODY></HTML>\nA list's footer", False),
        ("Content-Type: text/html", "<p>Hi</p>", False),
        ("Content-Type: text/html", '<html><body><p>Hi</p><a href="https://', True),
        ("Content-Type: text/html", "<html><body><table><tr><td>Hi</td>", True),
        ("Content-Type: text/plain", "Words that are cut tell noth", False),
    ],
)
def test_a_mail_of_one_part_tells_where_it_was_cut(fields: str, body: str, cut: bool) -> None:
    assert parse(f"From: ann@kunde.example\n{fields}\n\n{body}\n".encode()).ends_early is cut


@every_row(
    ("field", "names"),
    [
        ("In-Reply-To: =?utf-8?B?PGFAYj4=?=\n =?utf-8?B?PGNAZD4=?=", ["<a@b>", "<c@d>"]),
        ("References: =?us-ascii?Q?=3Ca=40b=3E_=3Cc=40d=3E?=\n <e@f>", ["<a@b>", "<c@d>", "<e@f>"]),
        ('In-Reply-To: Message from ann of "Fri" <a@b>', ["<a@b>"]),
        ("References: <a@b><c@d>,<e@f>", ["<a@b>", "<c@d>", "<e@f>"]),
        ("In-Reply-To: &lt;a@b&gt;", ["<a@b>"]),
        ("In-Reply-To: <a@\n b>", ["<a@b>"]),
        ("In-Reply-To: <a@b", ["<a@b>"]),
    ],
)
def test_what_is_answered_however_it_is_written(field: str, names: list[str]) -> None:
    read = parse(f"From: ann@kunde.example\n{field}\n\nhi\n".encode())
    assert [*read.in_reply_to, *read.references] == names


@every_row(
    ("label", "coded", "text"),
    [
        ("ISO-2022-JP", b'\x1b$B-j-!-"\x1b(B', "㈱①②"),
        ("ISO-2022-JP", b"\x1b(I\x4a\x5f\x1b(B", "ﾊﾟ"),
        ("us-ascii", "プリンター".encode("iso2022_jp"), "プリンター"),
        ("utf-8", "プリンター".encode("iso2022_jp"), "プリンター"),
        ("hz-gb-2312", "你好".encode("hz"), "你好"),
        ("iso-2022-kr", "프린터".encode("iso2022_kr"), "프린터"),
    ],
)
def test_seven_bit_texts_of_east_asia_are_read(label: str, coded: bytes, text: str) -> None:
    head = f"From: ann@kunde.example\nContent-Type: text/plain; charset={label}\n\n"
    assert parse(head.encode() + coded + b" ok\n").text == f"{text} ok"
