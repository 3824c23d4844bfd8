"""The fields of the query language: one table for the parser, completion, help and the page in docs/.

``python -m desk.queries.fields`` prints the table of docs/queries.md.
"""

from __future__ import annotations

from typing import Literal

from config.records import Record
from models.tickets import PRIORITIES, STATUSES

Kind = Literal["choice", "name", "text", "time"]
"""What values are: one of `choices`, the name of something, any text, a date or an age."""


class Field(Record):
    """A field: `takes` is what may stand behind the colon, `matches` which tickets it finds."""

    name: str
    kind: Kind
    takes: str
    matches: str
    example: str
    synonyms: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


_DATES = "a date (2026-11-01, 2026-11, today) or an age (<2d), with > < >= <= or from..to"
_PAST = "the same, of what is past: >1d, yesterday, 2026-11-01..2026-11-07"

TICKET_FIELDS: tuple[Field, ...] = (
    Field(
        "state",
        "choice",
        "any, new, open, waiting or closed; several with commas",
        "tickets in that state; any: all of them, closed ones too",
        "state:open,waiting",
        (),
        ("any", *STATUSES),
    ),
    Field(
        "status",
        "name",
        "a status of your own, or a state; several with commas",
        "tickets with that status, closed ones too",
        'status:"On hold"',
    ),
    Field(
        "owner",
        "name",
        "me, none or a login",
        "tickets assigned to that agent",
        "owner:me",
        ("assignee", "agent"),
    ),
    Field(
        "team",
        "name",
        "me, none or a team; several with commas",
        "tickets given to that team; me: to a team of yours",
        "team:me",
    ),
    Field(
        "p",
        "choice",
        "low, normal, high or urgent",
        "tickets of that priority",
        "p:high,urgent",
        ("priority",),
        tuple(PRIORITIES.values()),
    ),
    Field(
        "tag", "text", "a tag; several with commas: any of them", "tickets with that tag", "tag:vpn,printer"
    ),
    Field(
        "from",
        "text",
        "an address, @domain, or a part of a name",
        "tickets of that customer",
        "from:@corp.example",
        ("contact", "requester"),
    ),
    Field(
        "org",
        "name",
        "an organization; several with commas",
        "tickets of its people",
        'org:"Corp Ltd"',
        ("organization",),
    ),
    Field(
        "to",
        "text",
        "an address, @domain, or the beginning of a name or address",
        "tickets with a message to or in copy to somebody",
        "to:sales@corp.example",
        ("cc",),
    ),
    Field(
        "subject",
        "text",
        "the beginning of a word, or words in quotes",
        "tickets with a message that has the words in its subject",
        'subject:"paper jam"',
    ),
    Field(
        "number",
        "text",
        "the number of a ticket; several with commas",
        "that ticket; #440 means the same",
        "number:440",
    ),
    Field(
        "mailbox",
        "name",
        "an address of the desk, or its name",
        "tickets that came by that mailbox",
        "mailbox:it",
    ),
    Field(
        "department",
        "name",
        "a department, also by its path (Support/Hardware); Support/*: with its parts",
        "tickets of that department, and those it was asked about",
        'department:"Human Resources"',
        ("dept",),
    ),
    Field(
        *(
            "topic",
            "name",
            "a help topic, also by its path (Network/VPN), or none; Network/*: with its parts",
        ),
        *("tickets of that help topic", "topic:none"),
    ),
    Field(
        "field",
        "text",
        "NAME of a field of your own, NAME=TEXT, NAME=TEXT*, NAME>5, NAME<30d, NAME=yes",
        "tickets with that in a field of theirs, or of their customer",
        "field:serial=AB-1042",
    ),
    Field(
        "age",
        "time",
        ">2d or <3h since the last activity (m, h, d, w)",
        "tickets that nobody touched for so long, or (<) somebody did",
        "age:>2d",
    ),
    Field("created", "time", _DATES, "tickets made at that time", "created:>=2026-11-01"),
    Field("updated", "time", _DATES, "tickets touched last at that time", "updated:today"),
    Field("closed", "time", _DATES, "tickets closed at that time", "closed:<7d"),
    Field("waiting", "time", _PAST, "tickets unanswered for so long", "waiting:>1d"),
    Field("answered", "time", _PAST, "tickets that an agent answered at that time", "answered:yesterday"),
    Field(
        "due",
        "time",
        _DATES + "; ages count from now on",
        "tickets to be answered then; due:<2d: within two days, or late",
        "due:<2d",
    ),
    Field(
        "sla",
        "name",
        "an SLA, or none; or a share of a clock's time: >75%",
        "tickets of that SLA; open ones of whose time more than so much is over, of any of their clocks",
        "sla:>75%",
    ),
    Field(
        "overdue",
        "time",
        _PAST,
        "tickets that are late for so long, by the clock that ran out first",
        "overdue:>2h",
    ),
    Field("has", "choice", "attachment", "tickets with a file", "has:attachment", choices=("attachment",)),
    Field(
        "is",
        "choice",
        "unread, overdue, paused, unanswered, answered, merged, snoozed, pinned, vip, spam or deleted",
        "tickets in that condition, for the agent who asks",
        "is:unanswered",
        choices=(
            "unread",
            "overdue",
            "paused",
            "unanswered",
            "answered",
            "merged",
            "snoozed",
            "pinned",
            "vip",
            "spam",
            "deleted",
        ),
    ),
)


def named(name: str, fields: tuple[Field, ...] = TICKET_FIELDS) -> Field | None:
    """Return the field of a name or synonym, whatever its case."""
    lowered = name.lower()
    return next((each for each in fields if lowered in (each.name, *each.synonyms)), None)


def names(fields: tuple[Field, ...] = TICKET_FIELDS) -> list[str]:
    """Return all names and synonyms, names first."""
    return [*(each.name for each in fields), *(other for each in fields for other in each.synonyms)]


def page_table(fields: tuple[Field, ...] = TICKET_FIELDS) -> str:
    """Return the fields as a table in Markdown."""
    rows = ["| field | takes | finds | example |", "|---|---|---|---|"]
    for each in fields:
        called = ", ".join(f"`{name}:`" for name in (each.name, *each.synonyms))
        rows.append(f"| {called} | {each.takes} | {each.matches} | `{each.example}` |")
    return "\n".join(rows)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page_table() + "\n")
