"""Canned answers: texts kept for what is written often, filled with a ticket's facts when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desk.custom_fields import definitions
from desk.custom_fields.definitions import FieldLine
from desk.custom_fields.values import shown
from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_NAME, given_line
from desk.named_by import refuse_if_named
from desk.permissions import FILTER, Actor, require
from desk.staff.names import given_name
from desk.templates.rendering import FACTS, OWN_FIELDS, Rendered, check, render
from mail.inert import clean, one_line
from models import canned_answers as rows
from models import departments
from models.canned_answers import StoredAnswer
from models.tickets import PRIORITIES
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.tickets.detail import TicketDetail

MOST: Final = 2_000


class Field(NamedTuple):
    """One field of a canned answer, for forms and flags: its name, what it takes, what it is for."""

    name: str
    takes: str
    help: str


FIELDS: Final[tuple[Field, ...]] = (
    Field("name", "text", "What it is called."),
    Field("folder", "text", "Where lists show it; Network/VPN is a folder in a folder."),
    Field("department", "department", "For tickets of this department only; empty is for all."),
    Field("body", "lines", "The text, in Markdown, with facts such as {{ requester.name }}."),
)


@dataclass(frozen=True, slots=True)
class CannedAnswerLine:
    """A canned answer as lists show it; `department` None is for all."""

    name: str
    folder: str
    department: str | None
    body: str


def canned_answers(search: str = "", department: str | None = None) -> list[CannedAnswerLine]:
    """Return the canned answers with all words of a search in them, by folder and name.

    With a `department` only those for its tickets and for all.
    """
    found = [_line(row) for row in rows.every()]
    if department is not None:
        wanted = department.casefold()
        found = [each for each in found if each.department is None or each.department.casefold() == wanted]
    return matching(found, search)


def matching(found: list[CannedAnswerLine], search: str) -> list[CannedAnswerLine]:
    """Return those with all words of a search in name, folder or text; names that have them come first."""
    words = search.casefold().split()

    def fits(each: CannedAnswerLine) -> bool:
        text = f"{each.folder}/{each.name}\n{each.body}".casefold()
        return all(word in text for word in words)

    def by_name(each: CannedAnswerLine) -> bool:
        return not all(word in f"{each.folder}/{each.name}".casefold() for word in words)

    kept = [each for each in found if fits(each)]
    return sorted(kept, key=by_name) if words else kept


def show(name: str) -> CannedAnswerLine:
    """Return the canned answer of that name; raises NotFound."""
    return _line(_stored(name))


def add(
    actor: Actor, name: str, body: str, *, folder: str = "", department: str | None = None
) -> CannedAnswerLine:
    """Add a canned answer; raises NotAllowed, Refused for a name that is taken or a broken text, WrongUse."""
    require(actor, "settings.edit")
    kept = given_name(name)
    text = checked_body(body)
    with transaction():
        if rows.named(kept) is not None:
            raise Refused(f"there is a canned answer '{kept}' already", f"nightdesk canned edit '{kept}'")
        if len(rows.every()) >= MOST:
            raise Refused(f"there are {MOST} canned answers already", "remove some")
        rows.write(kept, _folder(folder), _department_id(department), text)
        return show(kept)


def edit(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    body: str | None = None,
    folder: str | None = None,
    department: str | None = None,
) -> CannedAnswerLine:
    """Change a canned answer; None stays, an empty department is for all. Raises as `add` and NotFound."""
    require(actor, "settings.edit")
    values: dict[str, str | int | None] = {}
    if body is not None:
        values["body"] = checked_body(body)
    if folder is not None:
        values["folder"] = _folder(folder)
    with transaction():
        row = _stored(name)
        if new_name is not None:
            values["name"] = kept = given_name(new_name)
            other = rows.named(kept)
            if other is not None and other.id != row.id:
                raise Refused(f"there is a canned answer '{kept}' already", "choose another name")
            if kept.lower() != row.name.lower():
                refuse_if_named("canned answer", row.name)
        if department is not None:
            values["department_id"] = _department_id(department)
        if values:
            rows.change(row.id, values)
        return show(str(values.get("name", row.name)))


def remove(actor: Actor, name: str) -> None:
    """Remove a canned answer; raises NotAllowed, NotFound, and Refused while a filter names it."""
    require(actor, "settings.edit")
    with transaction():
        row = _stored(name)
        refuse_if_named("canned answer", row.name)
        rows.delete(row.id)


def fill(name: str, actor: Actor, ticket: TicketDetail) -> Rendered:
    """Return a canned answer with the ticket's facts in it; raises NotFound, BrokenTemplate."""
    line = show(name)
    return render(line.body, facts(actor, ticket), f"the canned answer '{line.name}'")


def fill_unread(name: str, ticket: TicketDetail) -> Rendered:
    """Return a canned answer for mail that leaves by itself: what strangers wrote makes no link in it.

    Raises as `fill` does.
    """
    from desk.templates.texts import without_links  # 3 ms, for mail that leaves by itself

    line = show(name)
    known = {
        group: {key: without_links(value) for key, value in values.items()}
        for group, values in facts(FILTER, ticket).items()
    }
    return render(line.body, known, f"the canned answer '{line.name}'")


def facts(actor: Actor, ticket: TicketDetail) -> Mapping[str, Mapping[str, Any]]:
    """Return what a text about a ticket may name, see `desk.templates.rendering.FACTS`."""
    written = [each for each in ticket.messages if each.kind == "customer" and not each.unverified]
    newest = written[-1] if written else None
    department = departments.named(ticket.department)
    return {
        "ticket": {
            "number": ticket.number,
            "subject": ticket.subject,
            "status": ticket.named_status or ticket.status,
            "priority": PRIORITIES[ticket.priority],
            "department": "" if department is None else department.told,
            "topic": ticket.topic or "",
            "tags": list(ticket.tags),
            "created": f"{ticket.created:%Y-%m-%d}",
        },
        "requester": {"name": ticket.requester, "email": ticket.requester_email},
        OWN_FIELDS: {
            field.name: "" if stored is None else shown(field, stored)
            for field, stored in (*_unset(), *ticket.requester_fields, *ticket.fields)
        },
        "agent": {"name": actor.name, "login": actor.login, "email": actor.email},
        "owner": {"name": ticket.assignee or "", "login": ticket.assignee_login or ""},
        "message": {
            "text": "" if newest is None else newest.reply_text,
            "sender": "" if newest is None else newest.sender_name or newest.sender_email,
            "email": "" if newest is None else newest.sender_email,
            "at": "" if newest is None else f"{newest.created:%Y-%m-%d %H:%M}",
            "subject": "" if newest is None else newest.subject,
        },
    }


def _unset() -> list[tuple[FieldLine, None]]:
    """Return the fields that a text may name though a ticket is not offered them."""
    return [(each, None) for each in definitions.fields() if each.active]


def checked_body(body: str) -> str:
    """Return a text as it is kept. Raises WrongUse, and BrokenTemplate for facts that there are not."""
    text = clean(body).strip("\n") + "\n"
    if not text.strip():
        raise WrongUse("the canned answer is empty", "write it first")
    check(text, "the canned answer", {**FACTS, OWN_FIELDS: definitions.facts()})
    return text


def _folder(text: str) -> str:
    parts = (given_line("a folder", part, LONGEST_NAME) for part in text.split("/"))
    return "/".join(part for part in parts if part)


def _department_id(name: str | None) -> int | None:
    if not name:
        return None
    row = departments.named(name)
    if row is None:
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", "nightdesk department list")
    return row.id


def _stored(name: str) -> StoredAnswer:
    row = rows.named(name)
    if row is None:
        raise NotFound(f"there is no canned answer '{one_line(name, 60)}'", "nightdesk canned list")
    return row


def _line(row: StoredAnswer) -> CannedAnswerLine:
    return CannedAnswerLine(row.name, row.folder, row.department, row.body)
