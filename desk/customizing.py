"""Texts of the desk's own: set, reset, and seen with a real ticket before anybody gets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from config.clock import now
from desk.canned_answers import facts
from desk.custom_fields import definitions
from desk.errors import DeskError, NotFound, WrongUse
from desk.mailboxes import registry
from desk.permissions import Actor, require
from desk.staff.departments import department_id_of
from desk.staff.topics import topic_id_of
from desk.templates import texts
from desk.templates.rendering import ALL_FACTS, FACTS, OTHER_FACTS, OWN_FIELDS, check
from desk.tickets import detail, query
from desk.tickets.reading import may_read
from mail.inert import clean
from models import departments, mailboxes, ticket_lists, tickets, topics
from models import templates as rows
from models.templates import Scope, StoredTemplate
from models.ticket_lists import TicketList
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.tickets.detail import TicketDetail

_AT_ONCE: Final = 500


class Where(NamedTuple):
    """For what a text is meant: one of the three, or the whole desk."""

    department: str | None = None
    topic: str | None = None
    mailbox: str | None = None


class TemplateLine(NamedTuple):
    """A text as lists show it; ``scope`` is desk, or as ``department IT``; ``own``: the desk wrote it."""

    name: str
    language: str
    scope: str
    own: bool
    body: str
    help: str


class TrialLine(NamedTuple):
    """A ticket with which a text would fail, or say nothing."""

    ticket: str
    outcome: Literal["fails", "empty"]
    words: str


class TextTrial(NamedTuple):
    """With how many tickets a text was tried, and with which of them it would not do."""

    asked: int
    found: Sequence[TrialLine]


def templates(language: str | None = None) -> list[TemplateLine]:
    """Return every text in a language (None: the desk's), and all that the desk wrote itself."""
    wanted = texts.checked_language(language)
    found = []
    for name in texts.TEXTS:
        stored = [_line(each) for each in texts.own(name)]
        whole = any((each.language, each.scope) == (wanted, "desk") for each in stored)
        shipped = [] if whole else [_shipped(name, wanted)]
        found += [*shipped, *stored]
    return found


def show(name: str, language: str | None = None, where: Where | None = None) -> TemplateLine:
    """Return one text: the desk's own for exactly that, else the shipped one. Raises NotFound, WrongUse."""
    wanted = texts.checked_language(language)
    scope, scope_id = _place(where or Where())
    for each in texts.own(name):
        if (each.language, each.scope, each.scope_id) == (wanted, scope, scope_id):
            return _line(each)
    return _shipped(name, wanted)


def set_text(
    actor: Actor, name: str, body: str, language: str | None = None, where: Where | None = None
) -> TemplateLine:
    """Write a text of the desk's own; raises NotAllowed, NotFound, WrongUse, BrokenTemplate."""
    require(actor, "settings.edit")
    texts.checked_name(name)
    text = clean(body).rstrip() + "\n"
    if not text.strip():
        raise WrongUse("the text is empty", "template reset brings the shipped one back")
    _check(name, text)
    scope, scope_id = _place(where or Where())
    stored = StoredTemplate(name, texts.checked_language(language), scope, scope_id, text)
    with transaction():
        rows.write(stored)
    return _line(stored)


def reset(actor: Actor, name: str, language: str | None = None, where: Where | None = None) -> TemplateLine:
    """Take a text of the desk's own away; returns what holds now. Raises NotAllowed, NotFound, WrongUse."""
    require(actor, "settings.edit")
    texts.checked_name(name)
    wanted = texts.checked_language(language)
    scope, scope_id = _place(where or Where())
    with transaction():
        if not rows.delete(name, wanted, scope, scope_id):
            raise NotFound(f"'{name}' in {wanted} is the shipped text there already", "template list")
    return _shipped(name, wanted)


def is_of_ticket(name: str) -> bool:
    """Whether a text is about a ticket; raises NotFound for one that there is not."""
    return any(group in FACTS for group in texts.TEXTS[texts.checked_name(name)][1])


def preview(
    actor: Actor, name: str, number: str | None, language: str | None = None, body: str | None = None
) -> str:
    """Return a text as it would be for a ticket, ``body`` in place of what is kept; nothing is sent.

    One that is about no ticket is shown with examples.
    """
    wanted = texts.checked_language(language)
    known: dict[str, Mapping[str, Any]] = _examples()
    places = texts.Places()
    if is_of_ticket(name):
        if number is None:
            raise WrongUse(f"'{name}' is about a ticket", f"nightdesk template preview {name} NUMBER")
        ticket = detail.show(number, actor)
        known.update(facts(actor, ticket))
        places = _places_of(ticket)
    if body is not None:
        from desk.templates.rendering import render  # 40 ms, for texts that are tried

        _check(name, body)
        return render(body, known, f"the text '{name}'").text
    return texts.text(name, wanted, places, known)


def _check(name: str, source: str) -> None:
    """Refuse a text that could not be rendered, or that lacks the subject that its mail needs."""
    what, known = f"the text '{name}'", _known(texts.TEXTS[name][1])
    subject, below = texts.parts_of(source)
    if name in texts.WITH_SUBJECT and not subject:
        raise WrongUse(f"{what} names no subject", f"let its first line be '{texts.SUBJECT} ...'")
    if subject and name not in texts.MAY_NAME_SUBJECT:
        raise WrongUse(f"{what} is a part of a mail and names no subject", "write it without one")
    if not below.strip():
        raise WrongUse(f"{what} says nothing", "write what the mail says")
    check(subject, what, known, places=False)
    check(below, what, known, places=False)


def _examples() -> dict[str, Mapping[str, Any]]:
    """Return facts for the texts that are about no ticket, or about more than it."""
    address = next((each.address for each in registry.entries()), "support@example.org")
    said: dict[str, Any] = {
        "address": address,
        "place": "https://hooks.example.org",
        "way": "mail.example.org port 587",
        "since": "2026-11-20 09:12",
        "until": "2026-11-20 11:30",
        "at": "2026-11-20 11:30",
        "next": "2026-11-20 12:00",
        "ends": "2026-12-01 08:00",
        "expires": "2026-11-20 12:00",
        "tries": 7,
        "waiting": 3,
        "days": 5,
        "state": "refused",
        "provider": "google",
        "kind": "webhook",
        "error": "535 5.7.8 Authentication failed",
        "advice": f"nightdesk mailbox test {address}",
        "refused": ["#assign bo: there is no agent 'bo'"],
        "owner": address,
        "login": "ana",
    }
    return {
        group: {name: said.get(name, "departments" if group == "report" else "Ana") for name in known}
        for group, known in OTHER_FACTS.items()
    }


def _places_of(ticket: TicketDetail) -> texts.Places:
    mailbox = mailboxes.id_of(ticket.mailbox) if ticket.mailbox else None
    return texts.Places(
        mailbox or 0,
        (topic_id_of(ticket.topic) or 0) if ticket.topic else 0,
        department_id_of(ticket.department) or 0,
    )


def _known(groups: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Return what a text may name, the desk's own fields too."""
    return {**{group: ALL_FACTS[group] for group in groups}, OWN_FIELDS: definitions.facts()}


def trial(
    desk: Desk, actor: Actor, name: str, since: datetime, language: str | None = None, body: str | None = None
) -> TextTrial:
    """Render a text with every ticket that changed since a time, ``body`` in place of what is kept.

    Nothing is sent. Raises NotAllowed, NotFound, WrongUse, BrokenTemplate.
    """
    require(actor, "settings.edit")
    if not is_of_ticket(name):
        raise WrongUse(f"'{name}' is about no ticket", f"nightdesk template preview {name}")
    wanted = texts.checked_language(language)
    if body is not None:
        _check(name, body)
    from desk.templates.rendering import render  # 40 ms, for texts that are tried

    tree = query.parse(f"updated:>={since:%Y-%m-%d}", actor, desk.zone).tree
    tickets_since = TicketList("all", tree, "updated", actor.agent_id or 0)
    asked, last, found, examples = 0, 0, [], _examples()
    while ids := ticket_lists.ids_of(tickets_since, now(), last, _AT_ONCE):
        last = ids[-1]
        for number in _numbers_of(ids, actor):
            asked += 1
            ticket = detail.show(number, actor)
            source = texts.source(name, wanted, _places_of(ticket)) if body is None else body
            try:
                said = render(source, {**examples, **facts(actor, ticket)}, f"the text '{name}'").text
            except DeskError as error:
                found.append(TrialLine(number, "fails", str(error)))
                continue
            if not said.strip():
                found.append(TrialLine(number, "empty", ""))
    return TextTrial(asked, found)


def _numbers_of(ids: Iterable[int], reader: Actor) -> list[str]:
    found = [ticket for ticket in map(tickets.read, ids) if ticket is not None]
    return [each.number for each in found if each.merged_into_id is None and may_read(reader, each)]


def _place(where: Where) -> tuple[Scope, int]:
    if sum(each is not None for each in where) > 1:
        raise WrongUse("a text is for one department, topic or mailbox", "give one of them, or none for all")
    if where.department is not None:
        return "department", department_id_of(where.department) or 0
    if where.topic is not None:
        return "topic", topic_id_of(where.topic) or 0
    if where.mailbox is not None:
        return "mailbox", int(registry.get(where.mailbox).id)
    return "desk", 0


def _shipped(name: str, language: str) -> TemplateLine:
    return TemplateLine(
        name, language, "desk", False, texts.shipped(name, language), texts.TEXTS[texts.checked_name(name)][0]
    )


def _line(stored: StoredTemplate) -> TemplateLine:
    match stored.scope:
        case "department":
            named = departments.by_id(stored.scope_id).name
        case "topic":
            named = topics.by_id(stored.scope_id).name
        case "mailbox":
            named = mailboxes.address_of(stored.scope_id) or "removed"
        case "desk":
            named = ""
    scope = f"{stored.scope} {named}".strip()
    return TemplateLine(stored.name, stored.language, scope, True, stored.body, texts.TEXTS[stored.name][0])
