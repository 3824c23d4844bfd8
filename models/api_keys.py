"""The keys of the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField


class ApiKey(Row):
    """What a script shows to be let in; the key itself is not kept."""

    prefix = peewee.TextField()
    """The first digits of the hash: tells keys apart in the log."""
    hash = peewee.TextField(unique=True)
    """SHA-256 of the key, in hex. A key has 128 random bits: no slower hash is needed."""
    name = peewee.TextField(default="")
    scopes = JsonField()
    addresses = JsonField()
    """Networks in CIDR form from which it may be used."""
    agent = peewee.ForeignKeyField(Agent, null=True)
    in_url = peewee.BooleanField(default=False)
    """It may stand in the URL, which others log; only a key for cron may."""
    per_minute = peewee.IntegerField(default=600, constraints=[peewee.Check("per_minute > 0")])
    active = peewee.BooleanField(default=True)
    created = UtcField()
    last_used = UtcField(null=True)

    if TYPE_CHECKING:
        agent_id: int | None


ApiKey.add_index(ApiKey.prefix, name="api_key_prefix")
