"""tickets.json and tickets.xml in every form that osTicket documents, and in many that it does not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.osticket.data_url import parse_data_url
from api.osticket.fields import BadFields, read_fields, read_json, read_xml
from api.osticket.xml import parse_xml
from desk.documents import tickets as documents
from desk.doors.submissions import Submission, as_mail, submit
from desk.home import Desk
from mail.mime import message
from tests.support.served import Served

LEAST = {"email": "ana@corp.test", "message": "It burns."}

JSON_AS_DOCUMENTED = {
    "alert": True,
    "autorespond": True,
    "source": "API",
    "name": "Angry User",
    "email": "api@corp.test",
    "phone": "3185558634X123",
    "subject": "Testing API",
    "ip": "123.211.233.122",
    "message": "data:text/html,MESSAGE <b>HERE</b>",
    "attachments": [
        {"file.txt": "data:text/plain;charset=utf-8,content"},
        {"image.png": "data:image/png;base64,R0lGODdhMAA="},
    ],
}

XML_AS_DOCUMENTED = """<?xml version="1.0" encoding="UTF-8"?>
<ticket alert="true" autorespond="true" source="API">
    <name>Angry User</name>
    <email>api@corp.test</email>
    <subject>Testing API</subject>
    <phone ext="123">318-555-8634</phone>
    <message type="text/plain"><![CDATA[Message content here]]></message>
    <attachments>
        <file name="file.txt" type="text/plain"><![CDATA[File content is here, and trimmed]]></file>
        <file name="image.gif" type="image/gif" encoding="base64">
            R0lGODdhMAAwAPAAAAAAAP///ywAAAAAMAAw
        </file>
    </attachments>
    <ip>123.211.233.122</ip>
</ticket>
"""


def test_the_documented_json_becomes_a_ticket_with_its_files(served: Served) -> None:
    answer = served.post("/api/tickets.json", JSON_AS_DOCUMENTED, served.key("tickets"))
    assert (answer.status, answer.text) == (201, "1")
    ticket = served.ticket("1")
    assert ticket["subject"] == "Testing API"
    assert ticket["requester"] == {"name": "Angry User", "email": "api@corp.test"}
    [message] = ticket["messages"]
    assert message["text"].startswith("MESSAGE ")
    assert "HERE" in message["text"]
    assert "phone: 3185558634X123" in message["text"]
    assert message["to"] == ["support@desk.example"]
    files = [(each["name"], each["type"], each["size"]) for each in message["attachments"]]
    assert files == [("file.txt", "text/plain", 7), ("image.png", "image/png", 8)]


def test_the_documented_xml_becomes_a_ticket_with_its_files(served: Served) -> None:
    answer = served.call("POST", "/api/tickets.xml", XML_AS_DOCUMENTED, key=served.key("tickets"))
    assert (answer.status, answer.text) == (201, "1")
    [message] = served.ticket("1")["messages"]
    assert message["text"].split("\n")[0] == "Message content here"
    assert "phone: 318-555-8634 ext 123" in message["text"]
    files = [(each["name"], each["type"], each["size"]) for each in message["attachments"]]
    assert files == [("file.txt", "text/plain", 33), ("image.gif", "image/gif", 27)]


def test_a_new_ticket_is_acknowledged_unless_the_script_does_not_want_it(served: Served) -> None:
    key = served.key("tickets")
    way_out = (
        "--smtp-host",
        "127.0.0.1",
        "--smtp-port",
        "1",
        "--smtp-security",
        "none",
        "--smtp-auth",
        "none",
    )
    assert served.program("mailbox", "edit", "support@desk.example", *way_out).status == 0
    for wanted in (True, False, "false", 0):
        assert served.post("/api/tickets.json", {**LEAST, "autorespond": wanted}, key).status == 201
    queued = served.program("outbox", "list", "--json").document
    assert [each["ticket"] for each in queued] == ["1"]


@pytest.mark.parametrize(
    ("field", "shown"), [(1, "low"), ("2", "normal"), ("High", "high"), ("emergency", "urgent")]
)
def test_the_priority_is_set(desk: Desk, field: Any, shown: str) -> None:
    from desk.tickets import detail

    for name in ("priority", "priorityId"):
        taken = submit(desk, read_fields({**LEAST, name: field}))
        assert taken.ticket_number is not None
        assert documents.shown(detail.show(taken.ticket_number))["priority"] == shown


def test_the_help_topic_decides_about_department_and_priority(desk: Desk) -> None:
    from desk.tickets import detail
    from models.departments import Department
    from models.topics import Topic

    network = Department.create(name="Network")
    topic = Topic.create(name="VPN", department=network, priority=3)

    def opened(**more: object) -> documents.TicketDetail:
        taken = submit(desk, read_fields({**LEAST, **more}))
        assert taken.ticket_number is not None
        return documents.shown(detail.show(taken.ticket_number))

    found = opened(topicId=str(topic.id))
    assert (found["department"], found["topic"], found["priority"]) == ("Network", "VPN", "high")
    assert detail.show(found["number"]).referred == ()
    assert opened(topicId=topic.id, priority="low")["priority"] == "low"
    unknown = opened(topicId=77)
    assert unknown["department"] == "Support"
    assert "topicId: 77" in unknown["messages"][0]["text"]


def test_what_is_wrong_is_said_for_each_field(served: Served) -> None:
    wrong = {"email": "ana", "attachments": [{"a.gif": "data:image/gif;base64,?"}], "priority": "soon"}
    answer = served.post("/api/tickets.json", wrong, served.key("tickets"))
    assert answer.status == 400
    lines = answer.text.split("\n")
    assert lines[0] == "Unable to create new ticket: validation errors:"
    assert [line.partition(":")[0] for line in lines[1:]] == ["email", "attachments", "message", "priority"]


def test_strangers_cannot_add_header_fields(desk: Desk) -> None:
    raw = as_mail(
        desk,
        read_fields(
            {
                **LEAST,
                "name": "A\r\nBcc: all@corp.test",
                "subject": "S\r\nX-Nightdesk-Desk: 1\n\nbody",
                "ip": "1.2.3.4\r\nBcc: x@corp.test",
                "source": "API\r\nReply-To: eve@corp.test",
            }
        ),
    )
    parsed = message.parse(raw)
    assert [parsed.header(name) for name in ("bcc", "reply-to", "x-nightdesk-desk")] == [None] * 3
    assert parsed.text.strip() == "It burns."


def test_what_strangers_wrote_is_inert(desk: Desk) -> None:
    from desk.tickets import detail

    hostile = "\x1b[2J\u202e[bold]x\x00"
    taken = submit(
        desk,
        read_fields(
            {
                "email": "ana@corp.test",
                "name": hostile,
                "subject": hostile,
                "message": hostile,
                hostile: hostile,
            }
        ),
    )
    assert taken.ticket_number is not None
    shown = json.dumps(documents.shown(detail.show(taken.ticket_number)), default=str, ensure_ascii=False)
    assert not {"\x1b", "\u202e", "\x00"} & set(shown)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("data:,a%20b", ("", "", b"a b")),
        ("data:text/plain;charset=ISO-8859-1,caf%E9", ("text/plain", "ISO-8859-1", b"caf\xe9")),
        ("data:text/html,a,b;c", ("text/html", "", b"a,b;c")),
        ("DATA:image/PNG;BASE64,AQI", ("image/png", "", b"\x01\x02")),
        ("data:;base64,AQI%3D", ("", "", b"\x01\x02")),
        ("data: for you", None),
        ("the data:text/plain,x", None),
    ],
)
def test_data_urls(url: str, wanted: tuple[str, str, bytes] | None) -> None:
    found = parse_data_url(url)
    assert (tuple(found) if found else None) == wanted


@given(st.binary(max_size=300), st.sampled_from(["text/plain", "image/x-icon", "application/octet-stream"]))
def test_any_bytes_survive_a_data_url(data: bytes, kind: str) -> None:
    found = parse_data_url(f"data:{kind};base64,{base64.b64encode(data).decode()}")
    assert found is not None
    assert (found.type, found.data) == (kind, data)


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("email", "name", "subject", "message", "attachments", "ip", "priority", "alert", "autorespond")


@given(st.dictionaries(st.sampled_from(_FIELDS) | st.text(), _ANY_JSON, max_size=8))
def test_any_fields_make_a_submission_or_are_refused(fields: dict[str, Any]) -> None:
    assert _read(fields)


@given(st.dictionaries(st.sampled_from(_FIELDS) | st.text(), _ANY_JSON, max_size=8))
def test_any_fields_beside_good_ones_make_a_mail_that_can_be_read(fields: dict[str, Any]) -> None:
    from mail.compose.submitted import SubmittedMail, render
    from mail.mime.address import Address

    found = _read({**fields, **LEAST})
    if isinstance(found, Submission):
        from datetime import UTC, datetime

        made = SubmittedMail(
            "<1@x>",
            Address(found.name, found.email),
            None,
            found.subject,
            found.text,
            found.html,
            datetime.now(UTC),
            found.attachments,
        )
        parsed = message.parse(render(made))
        assert parsed.sender.email == "ana@corp.test"
        assert [parsed.part_bytes(part.part) for part in parsed.attachments] == [
            data for _, _, data in found.attachments
        ]


def _read(fields: dict[str, Any]) -> Submission | BadFields:
    try:
        return read_fields(fields)
    except BadFields as error:
        return error


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    for read in (read_json, read_xml):
        with pytest.raises(BadFields):
            read(body)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "boom">]><ticket><message>&x;</message></ticket>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><ticket/>',
        b"<ticket>" + b"<a>" * 500 + b"</a>" * 500 + b"</ticket>",
        b"<ticket>" + b"<a/>" * 9000 + b"</ticket>",
        b"<ticket",
        b'<?xml version="1.0" encoding="nonsense"?><ticket/>',
        b"",
    ],
)
def test_dangerous_xml_is_refused(body: bytes) -> None:
    with pytest.raises(BadFields):
        read_xml(body)


def test_xml_elements_within_elements_keep_their_words() -> None:
    assert parse_xml(b"<t attachments='x'><a>one<b>two</b></a><c/></t>") == {
        "attachments": "x",
        "a": "one b two ",
        "c": "",
    }


@pytest.mark.parametrize("encoding", ["", ' encoding="base64"'])
def test_the_content_of_a_file_in_xml_is_trimmed(encoding: str) -> None:
    content = f"<file name='a.txt'{encoding}>\n   one\n   two  \n</file>"
    (file,) = parse_xml(f"<ticket><attachments>{content}</attachments></ticket>".encode())["attachments"]
    assert file["data"] == "one\n   two"
