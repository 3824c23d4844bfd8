"""The names that conditions of queries are written with, and the ids they stand for."""

from __future__ import annotations

import peewee

from config.records import Record
from models.agents import Agent
from models.contacts import Contact
from models.departments import Department
from models.mailboxes import Mailbox
from models.organizations import Organization
from models.slas import Sla
from models.statements import Lookup, Places
from models.teams import Team
from models.tickets import TicketTag
from models.topics import Topic


class Named(Record):
    """Something that has an id, a name, and perhaps an address."""

    id: int
    name: str
    address: str = ""


_AGENTS = Lookup(lambda p: Agent.select(Agent.id, Agent.login).order_by(Agent.login), Named)
_MAILBOXES = Lookup(
    lambda p: Mailbox.select(Mailbox.id, Mailbox.name, Mailbox.address).order_by(Mailbox.id), Named
)
_DEPARTMENTS = Lookup(
    lambda p: Department.select(Department.id, Department.name).order_by(Department.name), Named
)
_ORGANIZATIONS = Lookup(
    lambda p: Organization.select(Organization.id, Organization.name).order_by(Organization.name), Named
)
_TEAMS = Lookup(lambda p: Team.select(Team.id, Team.name).order_by(Team.name), Named)
_SLAS = Lookup(lambda p: Sla.select(Sla.id, Sla.name).order_by(Sla.name), Named)
_TOPICS = Lookup(lambda p: Topic.select(Topic.id, Topic.name).order_by(Topic.name), Named)


def agents() -> list[Named]:
    """Return every agent by login."""
    return _AGENTS.every()


def mailboxes() -> list[Named]:
    """Return every mailbox, also removed ones: there are tickets that came through them."""
    return _MAILBOXES.every()


def departments() -> list[Named]:
    """Return every department."""
    return _DEPARTMENTS.every()


def organizations() -> list[Named]:
    """Return every organization."""
    return _ORGANIZATIONS.every()


def teams() -> list[Named]:
    """Return every team."""
    return _TEAMS.every()


def slas() -> list[Named]:
    """Return every SLA."""
    return _SLAS.every()


def topics() -> list[Named]:
    """Return every help topic."""
    return _TOPICS.every()


def _tags(places: Places) -> peewee.Query:
    return (
        TicketTag.select(TicketTag.name)
        .where(TicketTag.name >= places("begin"), TicketTag.name < places("end"))
        .distinct()
        .order_by(TicketTag.name)
        .limit(places("limit"))
    )


_TAGS = Lookup(_tags, str)
_ADDRESSES = Lookup(
    lambda p: (
        Contact.select(Contact.email)
        .where(Contact.email >= p("begin"), Contact.email < p("end"))
        .order_by(Contact.email)
        .limit(p("limit"))
    ),
    str,
)


def tags(beginning: str, limit: int) -> list[str]:
    """Return the first tags with this beginning, in upper or lower case."""
    return _TAGS.every(begin=beginning, end=_behind(beginning), limit=limit)


def addresses(beginning: str, limit: int) -> list[str]:
    """Return the first addresses of contacts with this beginning, in upper or lower case."""
    return _ADDRESSES.every(begin=beginning, end=_behind(beginning), limit=limit)


def _behind(beginning: str) -> str:
    return beginning + "\U0010ffff"
