"""A desk to try things on: made in a moment, with people, mailboxes and tickets as a test needs them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import MappingProxyType

from config.clock import now
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.mailboxes.form import check
from desk.mailboxes.registry import add
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import EVERYTHING, Actor
from models import messages, tickets
from models.agents import Agent
from models.contacts import Contact
from models.departments import Department
from models.fields import utc_text
from models.mailboxes import Mailbox
from models.messages import Message
from models.roles import Role
from models.tickets import Ticket, TicketTag
from models.transactions import transaction
from tests.support.engines import desk_paths

ADMIN = Actor(None, "owner", "Owner", "", None, frozenset([EVERYTHING]))
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

_numbers = count(1)


def make_desk(folder: Path, timezone: str = "UTC") -> Desk:
    """A new desk below `folder`."""
    return open_desk(desk_paths(folder / "home"), Settings(timezone=timezone), create=True)


def make_agent(login: str, actions: list[str] | None = None, department: str | None = None) -> Actor:
    """An agent with a role of their own that grants `actions` (default: everything)."""
    granted = [EVERYTHING] if actions is None else actions
    role = Role.create(name=f"role of {login}", actions=granted)
    where = None if department is None else Department.get(Department.name == department)
    agent = Agent.create(
        login=login,
        name=login.title(),
        email=f"{login}@staff.example",
        role=role,
        department=where,
        created=START,
    )
    return Actor(agent.id, login, agent.name, agent.email, agent.department_id, frozenset(granted))


def make_mailbox(
    desk: Desk, address: str = "support@desk.example", *, sends: bool = False, name: str = ""
) -> Mailbox:
    """A mailbox; with `sends` it has an outgoing account."""
    form = check(
        {
            "address": address,
            "name": name,
            "host": "imap.desk.example",
            "smtp_host": "smtp.desk.example" if sends else "",
        }
    )
    return add(desk, ADMIN, form, MailboxSecrets(SecretInput("sealed", "s3cret-word")))


def make_ticket(
    subject: str = "Printer is on fire",
    text: str | None = "It burns.",
    *,
    requester: str = "ana@corp.example",
    name: str = "Ana Prado",
    mailbox: Mailbox | None = None,
    department: str = "Support",
    age: timedelta = timedelta(0),
    moment: datetime | None = None,
    tags: Iterable[str] = (),
    message: Mapping[str, object] = MappingProxyType({}),
    **values: object,
) -> Ticket:
    """A ticket as a customer's mail makes it at `moment` (default: `age` ago); no `text`, no message.

    `message` and `values` are columns that shall differ.
    """
    moment = moment or now() - age
    contact = Contact.get_or_none(Contact.email == requester) or Contact.create(
        email=requester, name=name, created=moment
    )
    row: dict[str, object] = {
        "number": str(next(_numbers)) if "number" not in values else None,
        "subject": subject,
        "status": "new",
        "department": Department.get(Department.name == department),
        "sla": 1,
        "contact": contact,
        "mailbox": mailbox,
        "created": moment,
        "updated": moment,
        "last_customer": moment,
        "message_count": 0 if text is None else 1,
    }
    if values.get("due") is not None:
        row |= {"response_from": moment, "resolve_from": moment, "response_due": values["due"]}
    ticket = Ticket.create(**{**row, **values})
    for tag in tags:
        TicketTag.insert(ticket=ticket, name=tag).execute()
    if text is not None:
        columns: dict[str, object] = {
            "kind": "customer",
            "sender_name": name,
            "sender_email": requester,
            "subject": subject,
            "text": text,
            "message_id": f"<{ticket.number}.{utc_text(moment)}@corp.example>",
            "created": moment,
        }
        with transaction():
            Message.create(ticket=ticket, **{**columns, **message})
        note_waiting(ticket)
    return ticket


def note_waiting(ticket: Ticket) -> None:
    """Let a ticket say since when its customer waits, as its messages are now."""
    tickets.change(ticket.id, {"waiting_since": messages.waiting_since(ticket.id)})


def make_tickets(count: int, seed: int = 1) -> None:
    """Tickets of all kinds, many of the same moment."""
    dice = random.Random(seed)
    moment = now()
    with transaction():
        for _ in range(count):
            status = dice.choice(["new", "open", "waiting", "closed"])
            age = timedelta(minutes=dice.randrange(20))
            due = moment + timedelta(hours=dice.randrange(5)) if dice.random() < 0.5 else None
            make_ticket(
                status=status,
                priority=dice.randint(1, 4),
                age=age,
                due=due,
                overdue=due is not None and dice.random() < 0.3,
                assignee=dice.choice([None, 1]),
            )
