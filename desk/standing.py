"""What stands while a batch of mail is taken: the desk's addresses, departments, agents and settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.database import db

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desk.home import Desk
    from desk.numbers import NumberKind


@dataclass(frozen=True, slots=True)
class MailboxRule:
    """What intake needs to know of a mailbox. ``created`` is fixed-width UTC text."""

    id: int
    address: str
    department_id: int | None
    autoresponse: bool
    keeps: bool
    """Fetched mail stays in its folder."""
    created: str


@dataclass(frozen=True, slots=True)
class DepartmentRule:
    """How a department treats its tickets."""

    id: int
    name: str
    sla_id: int | None
    reopen_days: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One reading of the small tables, good for one batch."""

    desk_id: str
    message_secret: bytes
    mailboxes: Mapping[int, MailboxRule]
    addresses: Mapping[str, MailboxRule]
    own: frozenset[str]
    """Every address that is or was the desk's, plus the accounts' user names that are addresses."""
    departments: Mapping[int, DepartmentRule]
    default_department: int
    sla_hours: Mapping[int, float]
    default_sla: int | None
    agents: Mapping[str, int]
    number_format: str
    number_kind: NumberKind
    status_after_reply: str
    """``keep``, or the state of a ticket that was answered."""
    acknowledge: bool
    acknowledge_per_hour: int

    def is_own(self, address: str) -> bool:
        """Whether mail to this address comes to the desk."""
        return address in self.own or without_tag(address) in self.own

    def hours_of(self, department_id: int) -> tuple[int | None, float | None]:
        """The SLA of a department's new ticket and its hours."""
        department = self.departments.get(department_id)
        sla_id = department.sla_id if department is not None and department.sla_id else self.default_sla
        return sla_id, self.sla_hours.get(sla_id) if sla_id is not None else None


def without_tag(address: str) -> str:
    """``support+anything@host`` without its tag; other addresses as they are."""
    local, at, host = address.rpartition("@")
    return local.partition("+")[0] + at + host if at and "+" in local[1:] else address


def read_standing(desk: Desk) -> Standing:
    """Read the small tables and settings."""
    mailboxes: dict[int, MailboxRule] = {}
    addresses: dict[str, MailboxRule] = {}
    own: set[str] = set()
    for row in db.execute_sql(
        "SELECT id, address, department_id, autoresponse, after_fetch, created, removed, "
        "username, smtp_username FROM mailbox"
    ).fetchall():
        rule = MailboxRule(row[0], row[1].lower(), row[2], bool(row[3]), row[4] == "keep", row[5])
        mailboxes[rule.id] = rule
        own.update(each.lower() for each in (rule.address, row[7], row[8]) if "@" in each)
        if row[6] is None:
            addresses[rule.address] = rule
    departments = {
        row[0]: DepartmentRule(*row)
        for row in db.execute_sql(
            "SELECT id, name, sla_id, reopen_days FROM department ORDER BY active DESC, id"
        )
    }
    value = _settings()
    slas = db.execute_sql("SELECT id, hours, name FROM sla ORDER BY active DESC, id").fetchall()
    return Standing(
        desk_id=desk.desk_id,
        message_secret=desk.message_secret,
        mailboxes=mailboxes,
        addresses=addresses,
        own=frozenset(own),
        departments=departments,
        default_department=next(iter(departments)),
        sla_hours={row[0]: row[1] for row in slas},
        default_sla=_default_sla(slas, str(value("tickets.default_sla"))),
        agents={
            row[0].lower(): row[1]
            for row in db.execute_sql("SELECT email, id FROM agent WHERE active = 1 AND email <> ''")
        },
        number_format=str(value("tickets.number_format")),
        number_kind="random" if value("tickets.number_kind") == "random" else "sequence",
        status_after_reply=str(value("tickets.status_after_reply")),
        acknowledge=bool(value("mail.acknowledge")),
        acknowledge_per_hour=int(value("mail.ack_limit_hour")),
    )


def _settings() -> Callable[[str], Any]:
    """All settings at once; the answer gives a key's value."""
    from desk import settings

    stored = {
        key: json.loads(text) for key, text in db.execute_sql("SELECT key, value FROM setting").fetchall()
    }
    return lambda key: stored.get(key, settings.lookup(key).default)


def _default_sla(slas: Sequence[tuple[int, float, str]], named: str) -> int | None:
    """The SLA that the settings name; the first one when that name is gone, none when they name none."""
    if not named or not slas:
        return None
    return next((sla_id for sla_id, _, name in slas if name.lower() == named.lower()), slas[0][0])
