"""The fields of osTicket's tickets.json and tickets.xml, read as leniently as its scripts write them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from api.osticket.data_url import decode_base64, parse_data_url
from api.osticket.xml import parse_xml
from desk.doors.submissions import Submission, is_address
from desk.staff.api_keys import address_of
from mail.inert import one_line
from mail.mime.charset import decode

MAX_ATTACHMENTS = 200
_MAX_EXTRAS = 100
_KNOWN = frozenset(
    ("alert", "attachments", "autorespond", "email", "ip", "message", "name", "priority", "priorityid")
) | {"source", "subject", "topicid"}
_PRIORITIES = {"low": 1, "normal": 2, "high": 3, "urgent": 4, "emergency": 4}
_OFF = ("", "0", "false", "no", "off")


class BadFields(Exception):
    """What the caller sent cannot be made a ticket: a line for each thing that is wrong."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


def read_json(body: bytes) -> Submission:
    """Read tickets.json. Raises BadFields."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadFields(f"the body is no JSON: {one_line(str(error), 200)}") from None
    if not isinstance(document, dict):
        raise BadFields("the body is no JSON object")
    return read_fields(document)


def read_xml(body: bytes) -> Submission:
    """Read tickets.xml. Raises BadFields."""
    try:
        return read_fields(parse_xml(body))
    except ValueError as error:
        raise BadFields(f"the body is no XML of a ticket: {one_line(str(error), 200)}") from None


def read_fields(document: Mapping[str, Any]) -> Submission:
    """Read the fields; names in any case. Raises BadFields."""
    given = {str(name).lower(): value for name, value in document.items()}
    wrong: list[str] = []

    def field(name: str, read: Callable[[Any], Any], default: Any) -> Any:
        try:
            return read(given[name]) if given.get(name) is not None else default
        except ValueError as error:
            wrong.append(f"{name}: {one_line(str(error), 200)}")
            return default

    email = field("email", _line, "")
    if not wrong and not is_address(email):
        wrong.append(
            "email: it is required, name@example.org" if not email else "email: it is no mail address"
        )
    text, html = field("message", _message, ("", False))
    attachments = field("attachments", lambda value: list(_attachments(value)), [])
    if not text.strip() and not attachments and "message" not in [line.partition(":")[0] for line in wrong]:
        wrong.append("message: it is required")
    priority = field("priority", _priority, None) or field("priorityid", _priority, None)
    topic_id = field("topicid", _topic, None)
    name, subject = field("name", _line, ""), field("subject", _line, "")
    source, ip = field("source", _line, ""), field("ip", _line, "")
    autorespond = field("autorespond", _switch, True)
    field("alert", _switch, True)
    if wrong:
        raise BadFields(*wrong)
    address = address_of(ip)
    return Submission(
        name=name,
        email=email,
        subject=subject or "[No Subject]",
        text=text,
        html=html,
        attachments=attachments,
        autorespond=autorespond,
        priority=priority,
        topic_id=topic_id,
        source=source,
        ip=str(address) if address is not None else "",
        extras=_extras(document),
    )


def _line(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError("it is no text")
    return one_line(str(value))


def _switch(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).strip().lower() not in _OFF


def _priority(value: Any) -> int | None:
    text = str(value).strip().lower()
    if text in ("", "0"):
        return None
    if text in _PRIORITIES:
        return _PRIORITIES[text]
    if text in ("1", "2", "3", "4"):
        return int(text)
    raise ValueError("use 1 to 4, or low, normal, high, urgent")


def _topic(value: Any) -> int | None:
    text = str(value).strip()
    if text in ("", "0"):
        return None
    if text.isascii() and text.isdecimal() and len(text) < 18:
        return int(text)
    raise ValueError("use the number of a help topic")


def _message(value: Any) -> tuple[str, bool]:
    """Return the text, and whether it is HTML. XML gives {"type": ..., "text": ...}."""
    kind = ""
    if isinstance(value, dict):
        kind, value = str(value.get("type", "")).lower(), value.get("text", value.get("body", ""))
    if isinstance(value, (dict, list)):
        raise ValueError("it is no text")
    text = str(value)
    url = parse_data_url(text)
    if url is not None:
        if url.type and not url.type.startswith("text/"):
            raise ValueError(f"a message cannot be {url.type}: send that as an attachment")
        kind = kind or url.type
        text = decode(url.data, url.charset or "utf-8")
    return text, kind == "text/html"


def _attachments(value: Any) -> Iterator[tuple[str, str, bytes]]:
    """Yield files in any of the forms that osTicket takes.

    {name: data URL}, or {name, type, data, encoding}.
    """
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_ATTACHMENTS:
        raise ValueError(f"at most {MAX_ATTACHMENTS} files are taken")
    for entry in entries:
        if not isinstance(entry, dict):
            raise ValueError('a file is written as {"name.txt": "data:text/plain,..."}')
        if "data" in entry:
            yield _described(entry)
            continue
        for name, text in entry.items():
            if not isinstance(text, str):
                raise ValueError("a file's content is a text")
            yield _file(str(name), "", text)


def _described(entry: Mapping[str, Any]) -> tuple[str, str, bytes]:
    name, kind = str(entry.get("name", "")), str(entry.get("type", ""))
    text = entry["data"]
    if not isinstance(text, str):
        raise ValueError("a file's content is a text")
    if str(entry.get("encoding", "")).lower() == "base64":
        return one_line(name, 255) or "file", kind, _decoded(name, decode_base64, text)
    return _file(name, kind, text)


def _file(name: str, kind: str, text: str) -> tuple[str, str, bytes]:
    shown = one_line(name, 255) or "file"
    url = _decoded(name, parse_data_url, text)
    if url is None:
        return shown, kind or "text/plain", text.encode("utf-8", "replace")
    return shown, url.type or kind or "text/plain", url.data


def _decoded(name: str, read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise ValueError(f"{one_line(name, 60)}: {error}") from None


def _extras(document: Mapping[str, Any]) -> dict[str, str]:
    """Return fields that mean nothing here: kept, so that nothing a script says is lost."""
    found: dict[str, str] = {}
    for name, value in document.items():
        if str(name).lower() in _KNOWN or value is None or len(found) == _MAX_EXTRAS:
            continue
        found[one_line(str(name), 100)] = _shown(value)
    return {name: text for name, text in found.items() if text}


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "text" in value:
        more = " ".join(f"{key} {text}" for key, text in value.items() if key != "text" and text)
        return " ".join(filter(None, (str(value["text"]).strip(), more)))
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(value)
