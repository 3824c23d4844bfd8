"""Parts of every kind: what can be read is read, what is wrapped is unwrapped, the nameless get a name."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.enriched import enriched_to_text
from mail.mime.message import ParsedMail, parse
from mail.mime.rtf import rtf_to_text
from mail.mime.smime import signed_content
from mail.mime.tnef import read_tnef

HEAD = b"From: Ann <ann@kunde.example>\nTo: support@desk.example\nSubject: x\nMIME-Version: 1.0\n"
BERLIN = ZoneInfo("Europe/Berlin")


def mail(rest: bytes | str) -> ParsedMail:
    return parse(HEAD + (rest.encode() if isinstance(rest, str) else rest), lambda: BERLIN)


def mixed(*parts: str, kind: str = "mixed") -> ParsedMail:
    """A multipart of parts that are given with their headers."""
    body = "".join(f"--b\n{part}\n" for part in parts)
    return mail(f"Content-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n")


def names(read: ParsedMail) -> list[str]:
    return [part.name for part in read.attachments]


@pytest.mark.parametrize(
    "kind",
    ["text/x-markdown", "text/markdown", "text/x-patch", "text/x-diff", "text/x-log", "text/csv",
     "text/x-unheard-of", "text/troff", "text/yaml", "text/vcard", "text/x-python; charset=utf-8"],
)  # fmt: skip
@pytest.mark.parametrize(
    "disposition", ["", "Content-Disposition: inline\n", "Content-Disposition: attachment\n"]
)
def test_any_text_is_read_when_it_is_all_there_is(kind: str, disposition: str) -> None:
    read = mail(f"Content-Type: {kind}\n{disposition}\nhost db7 is down, see `C:\\temp\\*.log`\n")
    assert read.text == "host db7 is down, see `C:\\temp\\*.log`"
    assert len(read.attachments) == 1


def test_any_text_beside_a_blank_one_is_read() -> None:
    read = mixed("\n ", "Content-Type: text/x-log; name=a.log\n\nkernel: oops")
    assert (read.text, names(read)) == ("kernel: oops", ["a.log"])


def test_a_log_beside_words_stays_a_file() -> None:
    read = mixed("\nSee the log.", "Content-Type: text/x-log; name=a.log\n\nx")
    assert (read.text, names(read)) == ("See the log.", ["a.log"])


@pytest.mark.parametrize(
    ("enriched", "text"),
    [
        (
            "<bold>Now</bold> is the time\nfor <italic>all</italic>\n\ngood men",
            "Now is the time for all\ngood men",
        ),
        ("<color><param>red</param>Blood</color> a << b", "Blood a < b"),
        ("a\n\n\nb<nofill>x\n y</nofill>", "a\n\nbx\n y"),
    ],
)
def test_enriched_text_loses_its_marks(enriched: str, text: str) -> None:
    assert enriched_to_text(enriched) == text


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
METHOD:{method}
BEGIN:VEVENT
UID:1@kunde.example
DTSTAMP:20261120T080000Z
SUMMARY:Move of rack 12\\, second try
DTSTART:20261201T130000Z
DTEND:20261201T143000Z
LOCATION:Server room B
ORGANIZER;CN=Ann Meier:mailto:ann@kunde.example
ATTENDEE;CN=Bob Kurz;PARTSTAT=ACCEPTED:mailto:bob@kunde.example
ATTENDEE:mailto:support@desk.example
RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=4
DESCRIPTION:Bring gloves.\\nAnd \\\\\\\\srv01\\\\share.
END:VEVENT
END:VCALENDAR
"""
CARD = """Invitation: Move of rack 12, second try
When:  Tue 1 Dec 2026 14:00 to 15:30 (Europe/Berlin)
       repeats every week on Tue, 4 times
Where: Server room B
Who:   Ann Meier <ann@kunde.example> (organizer)
       Bob Kurz <bob@kunde.example> (accepted)
       support@desk.example

Bring gloves.
And \\\\srv01\\share."""


def test_an_invitation_alone_is_a_card_and_a_file() -> None:
    read = mail(
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n" + CALENDAR.format(method="REQUEST")
    )
    assert read.text == CARD
    assert [part.type for part in read.attachments] == ["text/calendar"]


def test_an_invitation_beside_words_is_shown_below_them() -> None:
    invitation = "Content-Type: text/calendar; method=REQUEST\n\n" + CALENDAR.format(method="REQUEST")
    assert mixed("\nPlease come.", invitation, kind="alternative").text == f"Please come.\n\n{CARD}"


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Type: application/ics; name=invite.ics",
        "Content-Type: application/octet-stream; name=Invite.ICS",
        "Content-Type: text/calendar; name=invite.ics\nContent-Disposition: attachment",
        "Content-Type: application/ics\nContent-Disposition: attachment; filename=a.ics",
    ],
)
def test_an_invitation_is_read_under_every_type(fields: str) -> None:
    read = mixed("\n ", f"{fields}\n\n{CALENDAR.format(method='REQUEST')}")
    assert read.text == CARD
    assert len(read.attachments) == 1


def test_an_invitation_that_is_sent_twice_is_read_once() -> None:
    text = CALENDAR.format(method="REQUEST")
    read = mixed(
        f"Content-Type: text/calendar; method=REQUEST\n\n{text}", f"Content-Type: application/ics\n\n{text}"
    )
    assert read.text == CARD


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("CANCEL", "Cancelled: Move of rack 12, second try"),
        ("REPLY", "Answer: Move of rack 12, second try"),
        ("COUNTER", "Another time proposed: Move of rack 12, second try"),
        ("PUBLISH", "Event: Move of rack 12, second try"),
    ],
)
def test_a_card_says_what_it_is_about(method: str, first: str) -> None:
    read = mail("Content-Type: text/calendar\n\n" + CALENDAR.format(method=method))
    assert read.text.split("\n")[0] == first


CUSTOM_ZONE = """BEGIN:VTIMEZONE
TZID:Head office
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:-0300
TZOFFSETTO:-0400
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0300
END:DAYLIGHT
END:VTIMEZONE
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("DTSTART;TZID=Head office:20261202T100000", "When:  Wed 2 Dec 2026 15:00 (Europe/Berlin)"),
        ("DTSTART;TZID=Head office:20260702T100000", "When:  Thu 2 Jul 2026 15:00 (Europe/Berlin)"),
        ("DTSTART;TZID=W. Europe Standard Time:20260702T100000", "When:  Thu 2 Jul 2026 10:00 (Eur"),
        ("DTSTART:20261202T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=1WE;COUNT=6",
         "repeats every month on the first Wed, 6 times"),
        ("DTSTART:20261202T090000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1,-1", "every month on day 1, last"),
        ("DTSTART:20261202T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR\nEXDATE:20261225T090000Z,20270129T090000Z",
         "repeats every month on the last Fri\n       not on 25 Dec 2026, 29 Jan 2027"),
        ("DTSTART:20261209T110000Z\nRECURRENCE-ID:20261209T090000Z",
         "12:00 (Europe/Berlin)\n       instead of Wed 9 Dec 2026 10:00 in a series"),
        ("DTSTART:20261209T090000Z\nRECURRENCE-ID:20261209T090000Z", "one of a series"),
        ("DTSTART:2026-12-09T10:00\nDTEND:20261209T100000Z", "When:  2026-12-09T10:00 (as it is written)"),
        ("DTSTART:20261209T100000Z\nRRULE:FREQ=SOMETIMES;BYDAY=XX", "repeats (FREQ=SOMETIMES;BYDAY=XX)"),
    ],
)  # fmt: skip
def test_series_zones_and_what_is_written_otherwise(lines: str, said: str) -> None:
    event = f"BEGIN:VEVENT\nUID:1\nSUMMARY:Jour fixe\n{lines}\nEND:VEVENT\n"
    calendar = f"BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\n{CUSTOM_ZONE}{event}END:VCALENDAR\n"
    text = mail("Content-Type: text/calendar; method=REQUEST\n\n" + calendar).text
    assert text.startswith("Invitation: Jour fixe\n")
    assert said in text


def test_what_somebody_says_with_an_answer_is_read() -> None:
    answer = CALENDAR.format(method="REPLY").replace("DESCRIPTION", "COMMENT:I am on leave.\nDESCRIPTION")
    assert "\n\nI am on leave.\n\nBring gloves." in mail("Content-Type: text/calendar\n\n" + answer).text


@pytest.mark.parametrize(
    ("begin", "end", "when"),
    [
        (
            "DTSTART;TZID=Nowhere/Land:20261224T100000",
            "DURATION:PT1H",
            "Thu 24 Dec 2026 10:00 to 11:00 (Nowhere/Land)",
        ),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260701T100000",
            "DURATION:PT1H",
            "Wed 1 Jul 2026 10:00 to 11:00 (Europe/Berlin)",
        ),
        ("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261225", "Thu 24 Dec 2026 (all day)"),
        (
            "DTSTART;VALUE=DATE:20261224",
            "DTEND;VALUE=DATE:20261227",
            "Thu 24 Dec 2026 to Sat 26 Dec 2026 (all day)",
        ),
        ("DTSTART:20261224T100000", "DURATION:PT1H", "Thu 24 Dec 2026 10:00 to 11:00 (local time)"),
        (
            "DTSTART;TZID=America/New_York:20261224T100000",
            "DURATION:PT9H",
            "Thu 24 Dec 2026 16:00 to Fri 25 Dec 2026 01:00 (Europe/Berlin)",
        ),
    ],
)
def test_when_in_the_zone_of_the_desk(begin: str, end: str, when: str) -> None:
    text = (
        f"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nSUMMARY:x\n{begin}\n{end}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    assert f"When:  {when}" in mail("Content-Type: text/calendar\n\n" + text).text


@pytest.mark.parametrize(
    "text", ["no calendar", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY", "BEGIN:VEVENT\nDTSTART:99\nEND:VEVENT"]
)
def test_a_broken_calendar_is_shown_as_it_is(text: str) -> None:
    assert text in mail("Content-Type: text/calendar\n\n" + text).text


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_multipart_that_was_encoded_as_a_whole(encoding: str) -> None:
    inner = (
        b"--b\nContent-Type: text/plain\n\nOrder 4711 = failed.\n"
        b"--b\nContent-Type: application/pdf; name=o.pdf\n"
        b"Content-Transfer-Encoding: base64\n\neA==\n--b--\n"
    )
    coded = base64.encodebytes(inner) if encoding == "base64" else binascii.b2a_qp(inner)
    read = mail(
        b"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: "
        + encoding.encode()
        + b"\n\n"
        + coded
    )
    assert (read.text, names(read)) == ("Order 4711 = failed.", ["o.pdf"])
    assert read.part_bytes(read.attachments[0].part) == b"x"


@pytest.mark.parametrize("encoding", ["8bit", "7bit", "binary"])
def test_a_multipart_with_a_harmless_encoding_is_read_as_before(encoding: str) -> None:
    read = mail(
        f"Content-Type: multipart/mixed; boundary=b\n"
        f"Content-Transfer-Encoding: {encoding}\n\n--b\n\nhi\n--b--\n"
    )
    assert read.text == "hi"


def uu(name: str, data: bytes) -> bytes:
    rows = b"".join(binascii.b2a_uu(data[n : n + 45]) for n in range(0, len(data), 45))
    return b"begin 644 " + name.encode() + b"\n" + rows + b"`\nend\n"


@pytest.mark.parametrize("data", [b"hello", bytes(range(256)) * 9, b"x" * 45, b"\x00"])
def test_a_uuencoded_file_in_a_text_is_an_attachment(data: bytes) -> None:
    read = mail(b"Content-Type: text/plain\n\nSee file.\n\n" + uu("f 1.txt", data) + b"\nBye\n")
    assert names(read) == ["f 1.txt"]
    assert read.part_bytes(read.attachments[0].part) == data
    assert read.text == "See file.\n\n\nBye"


def test_two_uuencoded_files_and_one_without_its_begin_line() -> None:
    read = mail(b"\n" + uu("a.bin", b"1") + b"between\n" + uu("b.bin", b"22"))
    assert (names(read), read.text) == (["a.bin", "b.bin"], "between")
    bare = mail(
        b"Content-Type: application/octet-stream; name=f.txt\n"
        b"Content-Transfer-Encoding: x-uuencode\n\n%:&5L;&\\\n`\n"
    )
    assert bare.part_bytes(bare.attachments[0].part) == b"hello"


@pytest.mark.parametrize(
    "text",
    ["begin 644 words\nthese are no code\nend", "begin with this\nand end", "begin 644 f.txt\n%:&5L;&\\"],
)
def test_words_that_begin_are_no_file(text: str) -> None:
    read = mail(f"\n{text}\n")
    assert (read.text, read.attachments) == (text, [])


def test_a_yencoded_file_in_a_text_is_an_attachment() -> None:
    data = bytes(range(256))
    coded = b"".join(
        b"=" + bytes([(byte + 106) % 256])
        if (byte + 42) % 256 in (0, 10, 13, 61)
        else bytes([(byte + 42) % 256])
        for byte in data
    )
    read = mail(
        b"Content-Transfer-Encoding: 8bit\n\nA file:\n=ybegin line=128 size=256 name=report 1.bin\n"
        + coded
        + b"\n=yend size=256\n"
    )
    assert names(read) == ["report 1.bin"]
    assert read.part_bytes(read.attachments[0].part) == data


@pytest.mark.parametrize(
    "coded",
    [
        b"\n".join(line.rstrip() for line in uu("a.bin", bytes(100)).replace(b"`", b" ").split(b"\n")),
        uu("a.bin", bytes(100)).replace(b"\n", b"\r\n"),
        uu("a.bin", bytes(100)).replace(b"\n", b"\n\n", 2),
        uu("/home/ann/a.bin", bytes(100)),
        uu("C:\\temp\\a.bin", bytes(100)).replace(b"begin 644", b"begin 0644"),
    ],
    ids=["blanks lost", "CRLF", "blank lines", "path", "path of Windows"],
)
def test_uuencoded_files_as_they_come(coded: bytes) -> None:
    read = mail(b"Content-Type: text/plain\n\nSee file.\n" + coded)
    assert (read.text, names(read)) == ("See file.", ["a.bin"])
    assert read.part_bytes(read.attachments[0].part) == bytes(100)


@pytest.mark.parametrize("end", ["\n</pre>", "</pre>"])
@pytest.mark.parametrize("begin", ["<pre>", "<pre>\n"])
def test_a_uuencoded_file_in_an_html_mail_is_an_attachment(begin: str, end: str) -> None:
    data = b"<&>\x00\xff & so on" * 9
    coded = uu("r.bin", data).decode().strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    read = mail(f"Content-Type: text/html\n\n<p>See &lt;b&gt;</p>{begin}{coded}{end}<p>Bye</p>\n")
    assert names(read) == ["r.bin"]
    assert read.part_bytes(read.attachments[0].part) == data
    assert read.text.split() == ["See", "<b>", "Bye"]


def test_html_that_speaks_of_beginning_is_left_alone() -> None:
    page = "<p>a</p><pre>begin 644 notes\n&lt;b&gt;no code&lt;/b&gt;\nend</pre>"
    read = mail(f"Content-Type: text/html\n\n{page}\n")
    assert "<b>no code</b>" in read.text
    assert not read.attachments


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    done = struct.pack("<IH", 0x223E9F78, 1)
    for level, name, data in attributes:
        done += struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    return done


WINMAIL = tnef(
    (1, 0x00089006, struct.pack("<I", 0x00010000)),
    (1, 0x0002800C, b"The budget is in here.\x00"),
    (2, 0x00069002, bytes(14)),
    (2, 0x00018010, b"budget.csv\x00"),
    (2, 0x0006800F, b"rack;eur\r\n12;900\r\n"),
)


@pytest.mark.parametrize(
    "kind", ["application/ms-tnef", "application/vnd.ms-tnef", "application/octet-stream"]
)
def test_winmail_dat_is_opened(kind: str) -> None:
    fields = f"Content-Type: {kind}; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    read = mixed("\nSee the budget.", fields + base64.b64encode(WINMAIL).decode())
    assert names(read) == ["winmail.dat", "budget.csv"]
    assert read.part_bytes(read.attachments[1].part) == b"rack;eur\r\n12;900\r\n"
    assert read.text == "See the budget."


def test_the_text_in_winmail_dat_is_read_when_there_is_no_other() -> None:
    read = mail(
        b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(WINMAIL)
    )
    assert read.text == "The budget is in here."


def in_winmail(data: bytes) -> ParsedMail:
    return mail(
        b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(data)
    )


def test_a_winmail_dat_in_a_winmail_dat_is_opened_too() -> None:
    inner = tnef((1, 0x0002800C, b"In the inner one.\x00"))
    read = in_winmail(
        tnef((2, 0x00069002, bytes(14)), (2, 0x00018010, b"winmail.dat\x00"), (2, 0x0006800F, inner))
    )
    assert read.text == "In the inner one."


@pytest.mark.parametrize("length", [0xFFFFFFF0, 0x7FFFFFFF, 4096])
def test_a_length_that_is_a_lie_reads_what_is_there(length: int) -> None:
    head = struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 1, 0x0002800C, length)
    assert in_winmail(head + b"Cut").text == "Cut"


@pytest.mark.parametrize("kind", ["RTF", "HTML"])
def test_the_other_texts_of_winmail_dat_are_read(kind: str) -> None:
    rtf = rb"{\rtf1\ansi\ansicpg1252 Caf\'e9 \b open\b0\par \u8364 ?}"
    plain = struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf
    page = b"<p>Caf\xe9 <b>open</b><br>\x80</p>"
    tag, data = (0x10090102, plain) if kind == "RTF" else (0x10130102, page)
    properties = struct.pack("<IIII", 1, tag, 1, len(data)) + data + bytes(-len(data) % 4)
    codepage = (1, 0x00069007, struct.pack("<II", 1252, 0))
    assert in_winmail(tnef(codepage, (1, 0x00069003, properties))).text == "Café open\n€"


def test_a_broken_winmail_dat_stays_a_file() -> None:
    read = mail(b"Content-Type: application/ms-tnef; name=winmail.dat\n\n" + WINMAIL[:40])
    assert names(read)[0] == "winmail.dat"


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: WINMAIL[:60] + tail))
def test_any_bytes_may_call_themselves_wrapped(data: bytes) -> None:
    read_tnef(data)
    signed_content(data)
    rtf_to_text(b"{\\rtf1" + data)


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (
            rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 Gr\'fc\'dfe\par C:\\temp\\*.log \{x\}}",
            "Grüße\nC:\\temp\\*.log {x}",
        ),
        (rb"{\rtf1\ansi\uc1 \u1055?\u1088?\u1080? {\*\generator x;}ok\line two}", "При ok\ntwo"),
        (rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}words\par}", "words"),
        (b"no rtf", ""),
    ],
)
def test_rtf_is_read(rtf: bytes, text: str) -> None:
    assert rtf_to_text(rtf) == text


def der(tag: int, *content: bytes, indefinite: bool = False) -> bytes:
    body = b"".join(content)
    if indefinite:
        return bytes([tag, 0x80]) + body + b"\x00\x00"
    size = bytes([len(body)]) if len(body) < 128 else bytes([0x82]) + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body


INNER = (
    b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    + "Bitte sperren, Grüße.".encode()
    + b"\r\n--i\r\nContent-Type: text/plain; name=list.txt\r\n"
    b"Content-Disposition: attachment\r\n\r\na\r\n--i--\r\n"
)


def signed(indefinite: bool) -> bytes:
    data, signed_data = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010702")
    if indefinite:
        octets = der(0x24, der(4, INNER[:50]), der(4, INNER[50:]), indefinite=True)
    else:
        octets = der(4, INNER)
    content = der(0x30, data, der(0xA0, octets, indefinite=indefinite), indefinite=indefinite)
    body = der(0x30, der(2, b"\x01"), der(0x31), content, der(0x31), indefinite=indefinite)
    return der(0x30, signed_data, der(0xA0, body, indefinite=indefinite), indefinite=indefinite)


@pytest.mark.parametrize("indefinite", [False, True], ids=["DER", "BER in pieces"])
@pytest.mark.parametrize(
    "kind",
    [
        "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
        "application/x-pkcs7-mime",
        "application/octet-stream; name=smime.p7m",
    ],
)
def test_opaque_signed_mail_is_unwrapped(kind: str, indefinite: bool) -> None:
    read = mail(
        f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n".encode()
        + base64.encodebytes(signed(indefinite))
    )
    assert read.text == "Bitte sperren, Grüße."
    assert "list.txt" in names(read)
    assert [read.part_bytes(part.part) for part in read.attachments if part.name == "list.txt"] == [b"a"]


def test_a_signed_mail_in_a_signed_mail_is_unwrapped_too() -> None:
    first = b"Content-Type: application/pkcs7-mime\r\n\r\n" + signed(False)
    content = der(0x30, bytes.fromhex("06092a864886f70d010701"), der(0xA0, der(4, first)))
    outer = der(
        0x30,
        bytes.fromhex("06092a864886f70d010702"),
        der(0xA0, der(0x30, der(2, b"\x01"), der(0x31), content, der(0x31))),
    )
    assert mail(b"Content-Type: application/pkcs7-mime\n\n" + outer).text == "Bitte sperren, Grüße."


def test_compressed_mail_is_unpacked() -> None:
    packed = zlib.compress(INNER)
    content = der(0x30, bytes.fromhex("06092a864886f70d010701"), der(0xA0, der(4, packed)))
    algorithm = der(0x30, bytes.fromhex("060b2a864886f70d0109100308"))
    body = der(0x30, der(2, b"\x00"), algorithm, content)
    raw = der(0x30, bytes.fromhex("060b2a864886f70d0109100109"), der(0xA0, body))
    read = mail(b"Content-Type: application/pkcs7-mime; smime-type=compressed-data; name=smime.p7z\n\n" + raw)
    assert read.text == "Bitte sperren, Grüße."


def test_encrypted_mail_stays_a_file() -> None:
    enveloped = der(0x30, bytes.fromhex("06092a864886f70d010703"), der(0xA0, der(0x30, der(2, b"\x00"))))
    read = mail(
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\n" + enveloped
    )
    assert names(read) == ["smime.p7m"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ("Content-ID: <image001.png@01D.1>\n", "image001.png"),
        ("Content-ID: <ii_abc123>\n", "part-2.png"),
        ("Content-Location: https://cdn.example/a/logo.gif\n", "logo.gif"),
        ("Content-Description: scan 4.png\n", "part-2.png"),
        ("", "part-2.png"),
    ],
)
def test_a_nameless_inline_image_has_the_name_that_its_headers_tell(fields: str, name: str) -> None:
    image = f"Content-Type: image/png\n{fields}Content-Transfer-Encoding: base64\n\niVBORw0KGgo="
    read = mixed("Content-Type: text/html\n\n<img src='cid:x'>Hi", image, kind="related")
    assert names(read) == [name]


def test_the_two_files_of_a_macintosh_have_one_name() -> None:
    read = mixed(
        "\nhi",
        "Content-Type: multipart/appledouble; boundary=c\n\n--c\nContent-Type: application/applefile\n\nx\n"
        "--c\nContent-Type: application/pdf; name=plan.pdf\n\ny\n--c--",
    )
    assert names(read) == ["._plan.pdf", "plan.pdf"]


@pytest.mark.parametrize(
    "before",
    [
        b"\xef\xbb\xbf",
        b"\n",
        b"\r\n\r\n",
        b"*** this mail was scanned ***\n",
        b"\xef\xbb\xbf\r\n",
        b"Warning to all\nby the gateway\n",
    ],
    ids=["mark", "blank line", "two blank lines", "banner", "mark and blank", "two lines"],
)
def test_what_stands_before_the_headers_is_passed_over(before: bytes) -> None:
    read = parse(before + HEAD + b"\nhello\n")
    assert (read.sender.email, read.subject, read.text) == ("ann@kunde.example", "x", "hello")


def test_a_whole_mail_saved_in_utf_16_is_read() -> None:
    read = parse((HEAD + "\nGrüße\n".encode()).decode().encode("utf-16"))
    assert (read.sender.email, read.text) == ("ann@kunde.example", "Grüße")


@pytest.mark.parametrize(
    "stray",
    [
        b"X-Tracker: abc\nQRSTUVWXYZ0123456789abcd/efgh\nAbCdEfGhIjKlMnOpQrStUvWxYz01\n",
        b"Received: from a.example\nby mx.example with ESMTP\nFri, 20 Nov 2026 09:12:00 +0100\n",
        b"X-Note: one\nstray line\n",
    ],
)
def test_lines_that_lost_their_indentation_do_not_end_the_headers(stray: bytes) -> None:
    read = parse(stray + HEAD + b"\nhello\n")
    assert (read.sender.email, read.subject, read.text) == ("ann@kunde.example", "x", "hello")


def test_a_body_without_a_blank_line_before_it_is_still_a_body() -> None:
    assert parse(HEAD + b"Hello,\nthe printer is broken.\n").text == "Hello,\nthe printer is broken."


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (
            'attachment;\n filename*0="=?UTF-8?Q?report_=F0=9F=98=81=F0?=\n =?UTF-8?Q?=9F=98=8";\n'
            ' filename*1="1=F0=9F=98=81.docx?="',
            "report 😁😁😁.docx",
        ),
        ('attachment; filename*=Cp1252"caf%E9.txt"', "café.txt"),
        ("attachment; filename*=utf-8''caf%C3%A9.txt", "café.txt"),
        ('attachment; filename*0="a b"; filename*1=".txt"', "a b.txt"),
        ('attachment; filename="=?gb2312?B?sai45i54bHM=?="', "报告.xls"),
    ],
)
def test_file_names_in_the_forms_in_which_they_are_sent(disposition: str, name: str) -> None:
    read = mail(f"Content-Type: application/octet-stream\nContent-Disposition: {disposition}\n\nx\n")
    assert names(read) == [name]
