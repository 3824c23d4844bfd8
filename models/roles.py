"""Roles: what an agent may do."""

from __future__ import annotations

import peewee

from models.database import Row
from models.fields import JsonField


class Role(Row):
    """What an agent may do; the action ``*`` is everything."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    actions = JsonField()
