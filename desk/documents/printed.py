"""A ticket to be printed or passed on: as Markdown, or as an HTML page that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from html import escape
from typing import TYPE_CHECKING

from config.expressions import expression
from desk.custom_fields.values import shown
from desk.tickets.time_spent import words
from mail.inert import guard
from models.tickets import PRIORITIES

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView, TicketDetail

_FENCE = expression("`{3,}")
_LOADS_NOTHING = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{font:11pt/1.4 sans-serif;max-width:48em;margin:2em auto;color:#111}"
    "table{border-collapse:collapse}th{text-align:left;font-weight:normal;color:#555;padding-right:2em}"
    "section{border-top:1px solid #999;margin-top:1em;break-inside:avoid-page}"
    "h2{font-size:11pt}pre{white-space:pre-wrap;font:10pt/1.4 monospace}.note{background:#f3f3f3}"
)


def without_notes(ticket: TicketDetail) -> TicketDetail:
    """Return a ticket as those may read it who are no agents: without notes, tasks, time, links and history.

    Links tell the subjects of others' tickets. Who had a blind copy, nobody else learns.
    """
    said = tuple(_without_blind_copies(each) for each in ticket.messages if each.kind != "note")
    return replace(ticket, messages=said, tasks=(), time_spent=(), links=(), events=())


def _without_blind_copies(message: MessageView) -> MessageView:
    blind = {email for _, email in message.bcc}
    if not blind:
        return message
    told = tuple(each for each in message.deliveries if each.to not in blind)
    return replace(message, bcc=(), deliveries=told)


def markdown(ticket: TicketDetail, zone: tzinfo) -> str:
    """Return a ticket in Markdown; what people wrote stands in it as it is, in fences."""
    lines = [f"# #{ticket.number} {_plain(ticket.subject)}", ""]
    lines += [f"- **{name}**: {_plain(value)}" for name, value in _facts(ticket, zone)]
    for message in ticket.messages:
        body = guard(message.text).rstrip("\n")
        longest = max((len(found) for found in _FENCE.findall(body)), default=2)
        fence = "`" * max(3, longest + 1)
        lines += ["", f"## {_plain(_head(message, zone))}", "", f"{fence}text", body, fence]
        lines += [f"- {_plain(name)}" for name in _files(message)]
    return "\n".join(lines) + "\n"


def page(ticket: TicketDetail, zone: tzinfo) -> str:
    """Return a ticket as an HTML page."""
    title = escape(guard(f"#{ticket.number} {ticket.subject}"))
    facts = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(guard(value))}</td></tr>\n"
        for name, value in _facts(ticket, zone)
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_LOADS_NOTHING}">\n'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n<table>\n{facts}</table>\n"
        + "".join(_section(message, zone) for message in ticket.messages)
        + "</body></html>\n"
    )


def _section(message: MessageView, zone: tzinfo) -> str:
    files = "".join(f"<li>{escape(guard(name))}</li>" for name in _files(message))
    kind = escape(message.kind)
    return (
        f'<section class="{kind}"><h2>{escape(guard(_head(message, zone)))}</h2>\n'
        f"<pre>{escape(guard(message.text))}</pre>\n"
        + (f"<ul>{files}</ul>\n" if files else "")
        + "</section>\n"
    )


def _facts(ticket: TicketDetail, zone: tzinfo) -> Iterator[tuple[str, str]]:
    yield "State", (f"{ticket.named_status} ({ticket.status})" if ticket.named_status else ticket.status)
    yield "Priority", PRIORITIES[ticket.priority]
    yield "Department", ", ".join((ticket.department, *ticket.referred))
    if ticket.topic:
        yield "Help topic", ticket.topic
    yield "Requester", f"{ticket.requester} <{ticket.requester_email}>"
    if ticket.collaborators:
        yield "In copy", ", ".join(ticket.collaborators)
    yield "Assignee", ticket.assignee or "nobody"
    if ticket.team:
        yield "Team", ticket.team
    if ticket.tags:
        yield "Tags", ", ".join(ticket.tags)
    for field, stored in ticket.fields:
        if stored is not None:
            yield field.label, shown(field, stored)
    yield "Created", _moment(ticket.created, zone)
    yield "Updated", _moment(ticket.updated, zone)
    if ticket.due:
        yield "Due", _moment(ticket.due, zone)
    if ticket.closed:
        yield "Closed", _moment(ticket.closed, zone)
    for link in ticket.links:
        yield "Link", f"{link.how} #{link.number} {link.subject}"
    for task in ticket.tasks:
        yield f"Task {task.place}", f"{task.text} ({'done' if task.done else 'open'})"
    if ticket.time_spent:
        yield "Time spent", words(sum(each.seconds for each in ticket.time_spent))


def _head(message: MessageView, zone: tzinfo) -> str:
    what = {"customer": "", "reply": ", answer", "note": ", internal note"}[message.kind]
    who = f"{message.sender_name} <{message.sender_email}>" if message.sender_email else message.sender_name
    to = ", ".join(email for _, email in (*message.to, *message.cc))
    return f"{who.strip()}{what}{f' to {to}' if to else ''}, {_moment(message.created, zone)}"


def _files(message: MessageView) -> list[str]:
    return [f"{file.name} ({file.size} B)" for file in message.attachments if not file.inline]


def _moment(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _plain(text: str) -> str:
    """Return a line in which nothing is taken for markup."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in guard(text).replace("\n", " "))
