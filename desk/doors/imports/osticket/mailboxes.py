"""The old desk's mailboxes, switched off and without secrets: two desks must not empty one box."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from desk import canned_answers
from desk.doors.imports.osticket.brought import Brought
from desk.doors.imports.osticket.reading import Reading, number, plain, text
from desk.doors.imports.osticket.staff import department_name
from desk.mailboxes import registry
from desk.mailboxes.form import check
from desk.permissions import Actor
from mail.inert import one_line
from models import canned_answers as answer_rows
from models import topics as topic_rows
from models.osticket.tables import OldRow

if TYPE_CHECKING:
    from desk.home import Desk

_TLS_PORTS = (465, 993, 995)
_SHORTEST_MINUTES = 5


def bring(desk: Desk, actor: Actor, reading: Reading, brought: Brought) -> None:
    """Add the mailboxes that are missing."""
    accounts: dict[int, list[OldRow]] = {}
    columns = ("email_id", "type", "host", "port", "protocol", "fetchfreq", "fetchmax", "postfetch")
    for row in reading.every("email_account", *columns, "archivefolder", "folder"):
        accounts.setdefault(number(row["email_id"]), []).append(row)
    for row in reading.every("email", "email_id", "email", "name", "dept_id", "topic_id", "noautoresp"):
        typed = _typed(brought, row, accounts.get(number(row["email_id"]), ()))
        make = partial(_add, desk, actor, typed)
        brought.add("mailbox", row["email_id"], typed["address"], registry.find, make)


def bring_canned_answers(actor: Actor, reading: Reading, brought: Brought) -> None:
    """Add the canned answers that are missing; names in ``%{...}`` stay as they are written."""
    for row in reading.every("canned_response", "canned_id", "dept_id", "title", "response"):
        body = plain(text(row["response"])).replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
        make = partial(
            canned_answers.add, actor, body=body, department=department_name(brought, row["dept_id"]) or None
        )
        brought.add("canned answer", row["canned_id"], text(row["title"]), answer_rows.named, make)


def _add(desk: Desk, actor: Actor, typed: dict[str, Any], address: str) -> None:
    registry.add(desk, actor, check(typed | {"address": address}))


def _typed(brought: Brought, row: OldRow, accounts: Sequence[OldRow]) -> dict[str, Any]:
    topic_id = brought.new_id("topic", row["topic_id"])
    typed: dict[str, Any] = {
        "address": text(row["email"]).strip().lower(),
        "name": one_line(text(row["name"]), 100),
        "department": department_name(brought, row["dept_id"]),
        "topic": topic_rows.by_id(topic_id).name if topic_id is not None else "",
        "autoresponse": not number(row["noautoresp"]),
        "protocol": "none",
        "outgoing_enabled": False,
    }
    for account in accounts:
        scheme, _, host = text(account["host"]).rpartition("://")
        port = number(account["port"])
        encrypted = scheme in ("ssl", "tls", "imaps", "pop3s", "smtps") or port in _TLS_PORTS
        security = "tls" if encrypted else "starttls"
        if not host:
            continue
        if text(account["type"]) == "smtp":
            typed |= {"smtp_host": host, "smtp_port": port or None, "smtp_security": security}
            continue
        archive = text(account["archivefolder"])
        after = {"archive": f"move:{archive}" if archive else "keep", "delete": "delete"}
        typed |= {
            "protocol": "pop3" if "POP" in text(account["protocol"]).upper() else "imap",
            "host": host,
            "port": port or None,
            "security": security,
            "user": typed["address"],
            "folder": text(account["folder"]) or "INBOX",
            "schedule": f"every {max(number(account['fetchfreq']), _SHORTEST_MINUTES)} minutes",
            "max_per_fetch": number(account["fetchmax"]) or None,
            "after_fetch": after.get(text(account["postfetch"]), "keep"),
            "backlog": "new",
            "incoming_enabled": False,
        }
    return typed
