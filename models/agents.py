"""Agents: the people who work tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.database import Row
from models.departments import Department
from models.fields import JsonField, UtcField
from models.roles import Role
from models.statements import Lookup


class Agent(Row):
    """A person who works tickets; ``login`` is the Unix login or ``NIGHTDESK_AGENT``."""

    login = peewee.TextField(unique=True)
    name = peewee.TextField()
    email = peewee.TextField(default="", collation="NOCASE")
    role = peewee.ForeignKeyField(Role)
    department = peewee.ForeignKeyField(Department, null=True)
    signature = peewee.TextField(default="")
    preferences = JsonField(default=dict)
    active = peewee.BooleanField(default=True)
    created = UtcField()

    if TYPE_CHECKING:
        role_id: int
        department_id: int | None


_LOGIN_BY_EMAIL = Lookup(
    lambda p: Agent.select(Agent.login).where(
        Agent.active, peewee.fn.LOWER(Agent.email) == peewee.fn.LOWER(p("email"))
    ),
    str,
)


def login_with_email(email: str) -> str | None:
    """Return the login of the agent in use who has this address, or None."""
    return _LOGIN_BY_EMAIL.one(email=email)
