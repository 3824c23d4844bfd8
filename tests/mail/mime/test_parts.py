"""Parts of every kind: what can be read is read, what is wrapped is unwrapped, the nameless get a name."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import zlib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.data_text import CUT_NOTICE, _indented
from mail.mime.enriched import enriched_to_text
from mail.mime.message import ParsedMail, parse
from mail.mime.rtf import rtf_to_text
from mail.mime.smime import signed_content
from mail.mime.tnef import read_tnef
from tests.support.rows import every_row

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


@every_row(
    "kind",
    ["text/x-markdown", "text/markdown", "text/x-patch", "text/x-diff", "text/x-log", "text/csv",
     "text/x-unheard-of", "text/troff", "text/yaml", "text/vcard", "text/x-python; charset=utf-8"],
)  # fmt: skip
@every_row("disposition", ["", "Content-Disposition: inline\n", "Content-Disposition: attachment\n"])
def test_any_text_is_read_when_it_is_all_there_is(kind: str, disposition: str) -> None:
    read = mail(f"Content-Type: {kind}\n{disposition}\nhost db7 is down, see `C:\\temp\\*.log`\n")
    assert read.text == "host db7 is down, see `C:\\temp\\*.log`"
    assert len(read.attachments) == 1


@every_row(
    ("fields", "name"),
    [
        ("application/json", "part-1.json"),
        ("application/problem+json; charset=utf-8", "part-1.json"),
        ("application/vnd.api+json; name=a.json", "a.json"),
        ("application/xml", "part-1.xml"),
        ("application/soap+xml", "part-1.xml"),
        ("application/x-yaml", "part-1.yaml"),
        ("application/yaml", "part-1.yaml"),
        ("application/toml; name=desk.toml", "desk.toml"),
        ("application/csv", "part-1.csv"),
        ("application/x-sh; name=run.sh", "run.sh"),
        ("application/octet-stream; name=kern.log", "kern.log"),
        ("application/octet-stream; name=RESULT.XML", "RESULT.XML"),
    ],
)
@every_row(
    "around",
    [
        "Content-Type: {}\n\n{}\n",
        "Content-Type: {}\nContent-Disposition: attachment\n\n{}\n",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n \n--b\nContent-Type: {}\n\n{}\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: {}\n"
        "Content-Disposition: attachment\n\n{}\n--b--\n",
    ],
)
def test_data_is_read_when_it_is_all_there_is_and_stays_a_file(around: str, fields: str, name: str) -> None:
    data = 'host: "db7 *is* down", see <C:\\temp\\*.log>'
    read = mail(around.format(fields, data))
    assert read.text == data
    (file,) = read.attachments
    assert (file.name.replace("part-2", "part-1"), read.part_bytes(file.part).strip()) == (
        name,
        data.encode(),
    )


def test_any_file_of_words_is_read_when_it_is_all_there_is() -> None:
    words = "host db7 is down, see `C:\\temp\\*.log`"
    for kind in (
        "application/sieve",
        "application/vnd.ms-excel; name=hosts.csv",
        "application/x-acme-report",
        "application/pgp-keys",
        "application/octet-stream; name=messages",
        "application/octet-stream; name=dmesg.log.1",
        "application/force-download; name=a.log",
        "application/octetstream; name=a.txt",
    ):
        assert mail(f"Content-Type: {kind}\n\n{words}\n").text == words, kind
        assert mail(f"Content-Type: {kind}\n\n{words}\x00\x01\n").text == "", kind
        assert mixed("\nSee it.", f"Content-Type: {kind}\n\n{words}").text == "See it.", kind


def test_words_that_are_called_base64_are_read() -> None:
    words = "Hello, this is plain text and no base64 at all!\nWell, it is not."
    assert mail(f"Content-Transfer-Encoding: base64\n\n{words}\n").text == words
    for told in ("Content-Transfer-Encoding: base64\n\nSGVsbG8=\n\nA footer of the list, in words.\n",):
        assert mail(told).text.startswith("Hello")


@every_row("fields", ["application/json; name=a.json", "application/rtf", "application/xml"])
def test_data_beside_words_stays_a_file(fields: str) -> None:
    read = mixed("\nSee the file.", f"Content-Type: {fields}\n\n[1]")
    assert (read.text, len(read.attachments)) == ("See the file.", 1)


@every_row("kind", ["application/pdf", "application/octet-stream", "image/svg+xml", "audio/x"])
def test_a_file_for_a_program_is_not_read(kind: str) -> None:
    read = mail(f"Content-Type: {kind}\n\n<svg>words</svg>\n")
    assert (read.text, len(read.attachments)) == ("", 1)


def test_a_file_of_bytes_is_not_read_whatever_its_name() -> None:
    assert mail(b"Content-Type: application/octet-stream; name=a.log\n\nabc\0\1\2").text == ""


RTF = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}} Caf\'e9 \b open\b0\par C:\\temp}"


@every_row(
    "fields",
    ["application/rtf", "application/x-rtf", "text/rtf", "application/msword; name=a.doc",
     "application/octet-stream; name=a.rtf", "text/richtext"],
)  # fmt: skip
def test_rtf_alone_is_read_under_every_type(fields: str) -> None:
    assert mail(f"Content-Type: {fields}\n\n".encode() + RTF).text == "Caf\u00e9 open\nC:\\temp"


def test_xhtml_alone_is_laid_out() -> None:
    read = mail("Content-Type: application/xhtml+xml\n\n<html><body><p>a <b>b</b></p><p>c</p></body></html>")
    assert (read.text, read.text_is_from_html) == ("a b\n\nc", True)


def test_xml_is_read_in_the_charset_that_it_declares() -> None:
    xml = '<?xml version="1.0" encoding="iso-8859-2"?>\n<a>Dvo\u0159\u00e1k</a>'
    assert "Dvo\u0159\u00e1k" in mail(b"Content-Type: application/xml\n\n" + xml.encode("iso-8859-2")).text


def test_one_long_line_of_data_stands_on_several_and_no_sign_of_it_is_changed() -> None:
    data = (
        '{"a":[1.0e5,{"path":"C:\\\\*.log, {x}: [y]"},[],{}],"n":12345678901234567890,"b":null'
        + " " * 40
        + "}"
    )
    read = mail(f"Content-Type: application/json\n\n{data}").text
    assert (
        read
        == """{
  "a": [
    1.0e5,
    {
      "path": "C:\\\\*.log, {x}: [y]"
    },
    [],
    {}
  ],
  "n": 12345678901234567890,
  "b": null
}"""
    )
    xml = "<r>" + "<host>db7</host>" * 9 + "</r>"
    assert mail(f"Content-Type: text/xml\n\n{xml}").text == xml
    assert mail(f"Content-Type: application/xml\n\n{xml}").text.split("\n")[1] == "<host>db7</host>"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=30,
    )
)
def test_any_json_is_the_same_data_when_it_is_laid_out(value: object) -> None:
    written = json.dumps(value)
    assert repr(json.loads(_indented(written))) == repr(json.loads(written))
    assert re.sub(r"\s", "", _indented(written)) == re.sub(r"\s", "", written)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ['["' * 400_000, '{"a":' * 150_000, "[1," * 300_000, '"' * 900_000, '"\\' * 400_000]
)
def test_data_without_end_ends_soon(text: str) -> None:
    assert mail(f"Content-Type: application/json\n\n[{text}").text


def test_data_over_a_megabyte_is_cut_and_says_so() -> None:
    read = mail("Content-Type: application/json\n\n" + "[1]\n" * 400_000)
    assert (read.text.endswith(CUT_NOTICE), read.attachments[0].size) == (True, 1_600_000)


def test_any_text_beside_a_blank_one_is_read() -> None:
    read = mixed("\n ", "Content-Type: text/x-log; name=a.log\n\nkernel: oops")
    assert (read.text, names(read)) == ("kernel: oops", ["a.log"])


@every_row(
    "advice",
    [
        "This message requires an HTML viewer.",
        "Your e-mail client does not support HTML. Please use another one.",
        "Ihr Mailprogramm kann keine HTML-Mails anzeigen: https://n.example/web/1",
        "View this email in your browser: https://news.example/v/8812",
        "Pour lire ce message, ouvrez-le dans votre navigateur.",
        "Откройте письмо в браузере.",
    ],
)
@every_row("order", [1, -1])
def test_a_plain_text_that_only_points_to_the_other_one_gives_way(advice: str, order: int) -> None:
    texts = [f"Content-Type: text/plain; charset=utf-8\n\n{advice}"]
    texts.append("Content-Type: text/html\n\n<p>The rack is <b>hot</b></p>")
    assert mixed(*texts[::order], kind="alternative").text == "The rack is hot"
    assert mixed(texts[0], kind="alternative").text == advice


def test_a_person_who_writes_of_html_is_read_in_either() -> None:
    words = "The HTML of our page is broken."
    both = [f"\n{words}", f"Content-Type: text/html\n\n<p>{words}</p>"]
    assert mixed(*both, kind="alternative").text == words
    assert mixed(both[0], "Content-Type: text/html\n\n<p></p>", kind="alternative").text == words
    about = "My browser hangs on your html page when I press Pay. It is order 4711, charged twice."
    beside = (
        "Content-Type: text/html\n\n<style>p { margin: 0 0 1em 2em; color: red }</style><p>See picture</p>"
    )
    assert mixed(f"\n{about}", beside, kind="alternative").text == about
    long = " ".join([words] * 12)
    assert mixed(f"\n{long}", "Content-Type: text/html\n\n<p>x</p>", kind="alternative").text == long


@every_row(
    "fields",
    ["message/partial; id=a; number=1; total=2", "message/external-body; access-type=URL", "message/http"],
)
def test_a_fragment_that_is_all_there_is_is_read(fields: str) -> None:
    read = mail(f"Content-Type: {fields}\n\nSubject: x\n\nhalf of it\n")
    assert ("half of it" in read.text, len(read.attachments)) == (True, 1)


def test_a_log_beside_words_stays_a_file() -> None:
    read = mixed("\nSee the log.", "Content-Type: text/x-log; name=a.log\n\nx")
    assert (read.text, names(read)) == ("See the log.", ["a.log"])


@every_row(
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
    as_file = invitation.replace("text/calendar; method=REQUEST", "application/octet-stream; name=invite.ics")
    assert mixed("\nPlease come.", as_file).text == f"Please come.\n\n{CARD}"


@every_row(
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


@every_row(
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


@every_row(
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
        ("DTSTART:20261202T090000Z\nRDATE:20261203T090000Z,20261204T090000Z", "also on 3 Dec 2026, 4 Dec"),
        ("DTSTART:99991231T235959Z", "When:  Fri 31 Dec 9999 23:59"),
        ("DTSTART:20261202T090000Z\nDURATION:P99999999D", "When:  Wed 2 Dec 2026 10:00 (Europe/Berlin)"),
        ("DTSTART:20261202T090000Z\nDESCRIPTION:<p>Bring <b>it</b></p>", "\n\nBring it"),
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


@every_row(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;BYMONTH=10",
        "FREQ=YEARLY;BYHOUR=1,2,3",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=YEARLY;INTERVAL=0",
        "FREQ=SECON\n DLY",
        "FREQ=YEARLY\n" + "RRULE:FREQ=YEARLY\n" * 50,
    ],
)
def test_a_zone_that_changes_without_end_is_left_out(rule: str) -> None:
    endless = CUSTOM_ZONE.replace("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", rule).replace("1970", "1601")
    event = "BEGIN:VEVENT\nUID:1\nSUMMARY:x\nDTSTART;TZID=Head office:20261202T100000\nEND:VEVENT\n"
    for zone in (endless, endless.replace("BEGIN:VTIMEZONE", "Begin;X=1:vtimezone")):
        calendar = f"BEGIN:VCALENDAR\nVERSION:2.0\n{zone}{event}END:VCALENDAR\n"
        text = mail("Content-Type: text/calendar\n\n" + calendar).text
        assert text == "Event: x\nWhen:  Wed 2 Dec 2026 10:00 (Head office)"


def test_the_zone_of_one_sender_is_not_that_of_another() -> None:
    said = []
    for zone in (CUSTOM_ZONE, CUSTOM_ZONE.replace("-0400", "-0800")):
        event = "BEGIN:VEVENT\nUID:1\nSUMMARY:x\nDTSTART;TZID=Head office:20261202T100000\nEND:VEVENT\n"
        calendar = f"BEGIN:VCALENDAR\nVERSION:2.0\n{zone}{event}END:VCALENDAR\n"
        said.append(mail("Content-Type: text/calendar\n\n" + calendar).text.split()[7])
    assert said == ["15:00", "19:00"]


def test_an_invitation_of_an_old_phone_or_with_links_is_read() -> None:
    def card(event: str) -> str:
        begin = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:20261120T090000Z\n"
        return mail(
            f"Content-Type: text/calendar; charset=utf-8\n\n{begin}{event}\nEND:VEVENT\nEND:VCALENDAR\n"
        ).text

    old = "SUMMARY;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Gr=FC=DFe, a;=\n b"
    assert card(old).startswith("Event: Grüße, a; b\n")
    assert "\nLink:  https://meet.example/1" in card("SUMMARY:x\nURL;VALUE=URI:https://meet.example/1")
    linked = card('SUMMARY:x\nDESCRIPTION:One\\nTwo <a href="https://meet.example/1">here</a>')
    assert linked.endswith("One\nTwo here [1]\n\n[1] https://meet.example/1")
    assert card("SUMMARY:x\nDESCRIPTION:a<b and <x>").endswith("a<b and <x>")


@pytest.mark.filterwarnings("error")
def test_a_calendar_with_a_vendor_s_zone_makes_no_noise() -> None:
    event = "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/London:20261120T080000\nSUMMARY:x"
    raw = f"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\n{event}\nEND:VEVENT\nEND:VCALENDAR\n"
    assert mail("Content-Type: text/calendar\n\n" + raw).text.startswith("Event: x\nWhen:")


def test_an_invitation_that_was_cut_is_still_a_card() -> None:
    calendar = CALENDAR.format(method="REQUEST")
    for end in ("END:VCALENDAR", "END:VEVENT"):
        cut = calendar[: calendar.index(end)]
        assert mail(f"Content-Type: text/calendar; method=REQUEST\n\n{cut}").text == CARD


def test_what_somebody_says_with_an_answer_is_read() -> None:
    answer = CALENDAR.format(method="REPLY").replace("DESCRIPTION", "COMMENT:I am on leave.\nDESCRIPTION")
    assert "\n\nI am on leave.\n\nBring gloves." in mail("Content-Type: text/calendar\n\n" + answer).text


@every_row(
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


@every_row(
    "text", ["no calendar", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY", "BEGIN:VEVENT\nDTSTART:99\nEND:VEVENT"]
)
def test_a_broken_calendar_is_shown_as_it_is(text: str) -> None:
    assert text in mail("Content-Type: text/calendar\n\n" + text).text


@every_row("encoding", ["base64", "quoted-printable"])
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


@every_row("encoding", ["8bit", "7bit", "binary"])
def test_a_multipart_with_a_harmless_encoding_is_read_as_before(encoding: str) -> None:
    read = mail(
        f"Content-Type: multipart/mixed; boundary=b\n"
        f"Content-Transfer-Encoding: {encoding}\n\n--b\n\nhi\n--b--\n"
    )
    assert read.text == "hi"


def uu(name: str, data: bytes) -> bytes:
    rows = b"".join(binascii.b2a_uu(data[n : n + 45]) for n in range(0, len(data), 45))
    return b"begin 644 " + name.encode() + b"\n" + rows + b"`\nend\n"


@every_row("data", [b"hello", bytes(range(256)) * 9, b"x" * 45, b"\x00"])
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


@every_row(
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


@every_row("end", ["\n</pre>", "</pre>"])
@every_row("begin", ["<pre>", "<pre>\n"])
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


@every_row("kind", ["application/ms-tnef", "application/vnd.ms-tnef", "application/octet-stream"])
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


def properties(*of: tuple[int, int, bytes]) -> bytes:
    done = struct.pack("<I", len(of))
    for kind, key, value in of:
        done += struct.pack("<HH", kind, key)
        done += value if kind == 3 else struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
    return done


ENCAPSULATED = (
    rb"{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag18 <html>}"
    rb"\htmlrtf \lang1031 \htmlrtf0 {\*\htmltag64 <p class=MsoNormal>}\htmlrtf {\htmlrtf0 \'cf\'f0\'e8 "
    rb"{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 b{\*\htmltag84 &gt;}\htmlrtf >\htmlrtf0 x"
    rb"{\*\htmltag116 <br>}\htmlrtf \line\htmlrtf0 y\htmlrtf \par}\htmlrtf0{\*\htmltag72 </p>}"
    rb"{\*\htmltag64 <ul>}{\*\htmltag64 <li>}{\*\mhtmltag64 <li>}one{\*\htmltag72 </li></ul>}}"
)


def test_the_texts_of_winmail_dat_in_their_charsets_and_within_rtf() -> None:
    packed = struct.pack("<IIII", len(ENCAPSULATED) + 12, len(ENCAPSULATED), 0x414C454D, 0) + ENCAPSULATED
    for codepage, found, text in (
        (
            1251,
            [(3, 0x3FDE, struct.pack("<I", 20866)), (0x102, 0x1013, "<p>Привет</p>".encode("koi8-r"))],
            "Привет",
        ),
        (
            1250,
            [(3, 0x3FDE, struct.pack("<I", 28592)), (0x102, 0x1013, "Žlutý šál".encode("iso8859-2"))],
            "Žlutý šál",
        ),
        (1251, [(0x1F, 0x1013, "<p>Grüße</p>\0".encode("utf-16-le"))], "Grüße"),
        (932, [(0x1F, 0x1000, "日本語\0".encode("utf-16-le"))], "日本語"),
        (1251, [(0x102, 0x1009, packed)], "При <b>x\ny\n\n- one"),
    ):
        page = (1, 0x00069007, struct.pack("<II", codepage, 0))
        assert in_winmail(tnef(page, (1, 0x00069003, properties(*found)))).text == text


def test_a_mail_attached_in_winmail_dat_is_opened() -> None:
    interface = bytes.fromhex("0703020000000000c000000000000046")
    inner = properties((0x0D, 0x3701, interface + tnef((1, 0x0002800C, b"In the attached one.\x00"))))
    assert in_winmail(tnef((2, 0x00069002, bytes(14)), (2, 0x00069005, inner))).text == "In the attached one."


@every_row("length", [0xFFFFFFF0, 0x7FFFFFFF, 4096])
def test_a_length_that_is_a_lie_reads_what_is_there(length: int) -> None:
    head = struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 1, 0x0002800C, length)
    assert in_winmail(head + b"Cut").text == "Cut"


@every_row("kind", ["RTF", "HTML"])
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


@every_row(
    ("rtf", "text"),
    [
        (
            rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 Gr\'fc\'dfe\par C:\\temp\\*.log \{x\}}",
            "Grüße\nC:\\temp\\*.log {x}",
        ),
        (rb"{\rtf1\ansi\uc1 \u1055?\u1088?\u1080? {\*\generator x;}ok\line two}", "При ok\ntwo"),
        (rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}words\par}", "words"),
        (b"no rtf", ""),
        (
            rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 A;}{\f1\fcharset204 A;}{\f2\fcharset128 M;}}"
            rb"\f0 caf\'e9 \f1\'cf\'f0\'e8 {\f2\'93\'fa\'96\'7b}\f0 \'e9\bin3 }{}x\plain \'e9}",
            "café При 日本éxé",
        ),
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


def test_data_that_nobody_signed_is_unwrapped_too() -> None:
    inner = b"Content-Type: text/plain\r\n\r\nwords\r\n"
    data, digested = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010705")
    plain = der(0x30, data, der(0xA0, der(4, inner)))
    body = der(0x30, der(2, b"\x00"), der(0x30), der(0x30, data, der(0xA0, der(4, inner))), der(4, b"digest"))
    for cms in (plain, der(0x30, digested, der(0xA0, body))):
        head = b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
        assert mail(head + base64.encodebytes(cms)).text == "words"


def test_encrypted_mail_stays_a_file() -> None:
    enveloped = der(0x30, bytes.fromhex("06092a864886f70d010703"), der(0xA0, der(0x30, der(2, b"\x00"))))
    read = mail(
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\n" + enveloped
    )
    assert names(read) == ["smime.p7m"]


@every_row(
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


@every_row(
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


def test_a_page_whose_sender_forgot_to_say_so_is_read_as_one() -> None:
    assert mail("\n<!DOCTYPE html>\n<html><body><p>Hello</p></body></html>\n").text == "Hello"
    assert mail("<html><img src='cid:1' alt='Screenshot'></html>\n").text == "Screenshot"
    declared = mail("Content-Type: text/plain\n\n<html><p>my page</p></html>\n")
    assert declared.text == "<html><p>my page</p></html>"


@every_row(
    ("head", "body", "text"),
    [
        ("Content-Transfer-Encoding: quoted-printable", "Gr=C3=  \n=BC=C3=9Fe", "Grüße"),
        ("Content-Transfer-Encoding: Quoted_Printable", "Gr=C3=BC=C3=9Fe", "Grüße"),
        ("Content-Transfer-Encoding: quoted-printable (so to say)", "Gr=C3=BC=C3=9Fe", "Grüße"),
        ("Content-Transfer-Encoding: base-64", "R3LDvMOfZQ==", "Grüße"),
        ("Content-Transfer-Encoding: base64", "R3LDvMOfZSDDvsO_ID4-Pg==", "Grüße þÿ >>>"),
        ("Content-Transfer-Encoding: base64", "R3LDvMOfZQ==\n\n-- \nA list", "Grüße"),
        ("Content-Type: text / html ; charset = utf-8", "<p>Grüße</p>", "Grüße"),
        ("Content-Type: text/plain; charset=utf-8", "Grüße\r\r\nAnn", "Grüße\nAnn"),
    ],
)
def test_encodings_and_line_ends_as_some_write_them(head: str, body: str, text: str) -> None:
    more = "" if "Type" in head else "Content-Type: text/plain; charset=utf-8\n"
    assert mail(f"{more}{head}\n\n{body}\n").text.strip() == text


@every_row(
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
        ('attachment; filename="caf%C3%A9%20x.txt"', "café x.txt"),
        ('attachment; filename="100%25 %C3.txt"', "100%25 %C3.txt"),
        ("attachment; filename='a b.txt'", "a b.txt"),
        ('filename="a.txt"', "a.txt"),
        ("attachment; filename=R&D; plan; 2026.pdf; size=123", "R&D; plan; 2026.pdf"),
        ('attachment; filename="plan; draft.pdf', "plan; draft.pdf"),
        ("attachment; filename=a.txt; foo; size=1", "a.txt"),
        ("attachment, filename=a.txt", "a.txt"),
        ("attachment filename=a.txt; size=1", "a.txt"),
        ("attachment; filename=\"UTF-8''caf%C3%A9.txt\"", "café.txt"),
    ],
)
def test_file_names_in_the_forms_in_which_they_are_sent(disposition: str, name: str) -> None:
    read = mail(f"Content-Type: application/octet-stream\nContent-Disposition: {disposition}\n\nx\n")
    assert names(read) == [name]
