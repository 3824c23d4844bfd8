"""The life of a ticket with clocks, told step by step, for tests of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from desk.staff import slas
from desk.tickets import lifecycle
from desk.tickets.lifecycle import Change
from models import slas as plans
from models import tickets
from models.fields import utc_text
from models.messages import NewMessage
from models.tickets import TicketState
from models.transactions import transaction
from tests.support.workbench import ADMIN, make_ticket

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HOURS = "mon-fri 09:00-17:00"


def plan(name: str, first: str = "4h", **given: Any) -> int:
    said = {"zone": "Europe/Berlin", "business_hours": HOURS, **given}
    slas.add_sla(ADMIN, name, first, **said)
    found = plans.named(name)
    assert found is not None
    return found.id


def begin(sla_id: int | None, moment: datetime = MONDAY) -> TicketState:
    """A ticket as a mail makes it."""
    made = make_ticket(text=None, moment=moment, sla=sla_id)
    row = tickets.read(made.id)
    assert row is not None
    names = (
        "subject",
        "status",
        "priority",
        "department_id",
        "sla_id",
        "contact_id",
        "mailbox_id",
        "topic_id",
    )
    values = {name: getattr(row, name) for name in names}
    with transaction():
        tickets.delete(made.id)
        new = tickets.NewTicket(
            number=row.number, created=row.created, updated=row.updated, closed=None, last_customer=None,
            refers_to_id=None, **values,
        )  # fmt: skip
        return lifecycle.opened(new, None, moment, {})


def now_is(ticket: TicketState) -> TicketState:
    found = tickets.read(ticket.id)
    assert found is not None
    return found


def do(ticket: TicketState, what: str, moment: datetime) -> None:
    """Let something happen to a ticket at a moment."""
    ticket, told = now_is(ticket), what.partition(":")
    with transaction():
        match told[0]:
            case "customer":
                message = NewMessage("customer", "Ana", "ana@corp.example", "?", utc_text(moment))
                lifecycle.customer_wrote(ticket.id, message, None, moment)
            case "machine":
                message = NewMessage(
                    "customer", "Bot", "bot@corp.example", "?", utc_text(moment), machine="auto-replied"
                )
                lifecycle.filed(ticket.id, message, noticed=True)
            case "answer":
                message = NewMessage("reply", "Kim", "", "!", utc_text(moment))
                lifecycle.agent_answered(ticket.id, message, ADMIN, "keep", moment)
            case "note":
                lifecycle.noted(
                    ticket.id, NewMessage("note", "Kim", "", ".", utc_text(moment)), ADMIN, moment
                )
            case "bounce":
                lifecycle.bounced(ticket.id, moment)
            case "state":
                if ticket.status != told[2]:
                    change = lifecycle.to_status(ticket, told[2], moment)  # type: ignore[arg-type]
                    lifecycle.changed(ticket.id, change, ADMIN, moment, "b")
            case "snooze":
                values: dict[str, Any] = {
                    "snoozed_until": utc_text(moment + timedelta(hours=5)),
                    "snooze_ends": "date",
                }
                lifecycle.changed(ticket.id, Change("snoozed", values), ADMIN, moment, "b")
            case "wake":
                lifecycle.woken(ticket.id, moment)
            case "sla":
                change = Change("sla", {"sla_id": int(told[2])})
                lifecycle.changed(ticket.id, change, ADMIN, moment, "b")
            case "p":
                change = Change("priority", {"priority": int(told[2])})
                lifecycle.changed(ticket.id, change, ADMIN, moment, "b")
            case _:
                raise ValueError(what)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))
