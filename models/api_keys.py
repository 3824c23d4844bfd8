"""The keys of the HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import peewee

from config.records import Record
from models.agents import Agent
from models.database import Row
from models.fields import JsonField, UtcField, as_json
from models.statements import Lookup, Statement, as_read


class ApiKey(Row):
    """A key that lets a script in; only its hash is kept, not the key itself."""

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


class StoredKey(Record):
    """A key, in force or revoked; ``agent`` is the login of the agent it acts for."""

    id: int
    prefix: str
    hash: str
    name: str
    scopes: Sequence[str]
    addresses: Sequence[str]
    agent: str | None
    in_url: bool
    per_minute: int
    active: bool
    created: datetime
    last_used: datetime | None


_READ = (
    *(ApiKey.id, ApiKey.prefix, ApiKey.hash, ApiKey.name, ApiKey.scopes, ApiKey.addresses, Agent.login),
    *(ApiKey.in_url, ApiKey.per_minute, ApiKey.active, ApiKey.created, ApiKey.last_used),
)


def _keys() -> peewee.ModelSelect[ApiKey]:
    return ApiKey.select(*_READ).join(Agent, peewee.JOIN.LEFT_OUTER)


_EVERY = Lookup(lambda p: _keys().order_by(ApiKey.id), as_read(_READ, StoredKey))
_BY_ID = Lookup(lambda p: _keys().where(ApiKey.id == p("key_id")), as_read(_READ, StoredKey))
_WITH_PREFIX = Lookup(lambda p: _keys().where(ApiKey.prefix == p("prefix")), as_read(_READ, StoredKey))
_WRITE = Statement(
    lambda p: ApiKey.insert(
        {
            ApiKey.prefix: p("prefix"),
            ApiKey.hash: p("hash"),
            ApiKey.name: p("name"),
            ApiKey.scopes: p("scopes"),
            ApiKey.addresses: p("addresses"),
            ApiKey.agent: p("agent_id"),
            ApiKey.in_url: p("in_url"),
            ApiKey.per_minute: p("per_minute"),
            ApiKey.created: p("created"),
        }
    ).returning(ApiKey.id)
)
_REVOKE = Statement(lambda p: ApiKey.update({ApiKey.active: False}).where(ApiKey.id == p("key_id")))
_USED = Statement(lambda p: ApiKey.update({ApiKey.last_used: p("at")}).where(ApiKey.id == p("key_id")))


def every() -> list[StoredKey]:
    """Return all keys in the order in which they were made."""
    return _EVERY.every()


def by_id(key_id: int) -> StoredKey | None:
    """Return a key, or None."""
    return _BY_ID.one(key_id=key_id)


def with_prefix(prefix: str) -> list[StoredKey]:
    """Return the keys whose hash begins with these digits."""
    return _WITH_PREFIX.every(prefix=prefix)


def write(
    *,
    prefix: str,
    hash: str,  # noqa: A002
    name: str,
    scopes: Sequence[str],
    addresses: Sequence[str],
    agent_id: int | None,
    in_url: bool,
    per_minute: int,
    created: str,
) -> StoredKey:
    """Write a new key, which is in force; ``created`` as stored."""
    key_id = _WRITE.new_id(
        prefix=prefix,
        hash=hash,
        name=name,
        scopes=as_json(scopes),
        addresses=as_json(addresses),
        agent_id=agent_id,
        in_url=in_url,
        per_minute=per_minute,
        created=created,
    )
    written = by_id(key_id)
    assert written is not None
    return written


def revoke(key_id: int) -> None:
    """Take a key out of force."""
    _REVOKE.run(key_id=key_id)


def used(key_id: int, at: str) -> None:
    """Record when a key was last used, as stored."""
    _USED.run(key_id=key_id, at=at)
