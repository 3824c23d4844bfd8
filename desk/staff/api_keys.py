"""API keys: made once, shown once, kept as hashes, bound to networks and to what they may do."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.clock import now
from config.expressions import expression
from desk import logs
from desk.errors import NotAllowed, NotFound, WrongUse
from desk.given import LONGEST_NAME, given_line
from desk.permissions import ACTIONS, Actor, require
from desk.permissions import actor_of as actor_of_agent
from mail.inert import one_line
from models import agents
from models import api_keys as rows
from models.agents import StoredAgent
from models.api_keys import StoredKey
from models.fields import utc_text
from models.transactions import transaction

SCOPES: dict[str, str] = {
    "tickets": "hand in mail and tickets",
    "cron": "start a fetch",
    "read": "read tickets, search, health and metrics",
    "write": "answer, note, assign, close and reopen tickets",
}
"""What a key can be for."""

PREFIX_DIGITS = 8
DEFAULT_PER_MINUTE = 600
_MAX_PER_MINUTE = 1_000_000
_FOREIGN_KEY = expression(r"[0-9A-Za-z_-]{32,128}")
_USED_EVERY = timedelta(minutes=1)
_TICKET_ACTIONS = frozenset(action for action in ACTIONS if action.startswith("ticket."))

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as lists show it; the key itself is known only to those who use it."""

    id: int
    prefix: str
    name: str
    scopes: tuple[str, ...]
    addresses: tuple[str, ...]
    agent: str | None
    in_url: bool
    per_minute: int
    active: bool
    created: datetime
    last_used: datetime | None


def create(
    actor: Actor,
    *,
    addresses: Sequence[str],
    scopes: Sequence[str],
    name: str = "",
    agent: str | None = None,
    in_url: bool = False,
    per_minute: int = DEFAULT_PER_MINUTE,
    key: str | None = None,
) -> tuple[KeyLine, str]:
    """Make a key and return it with its text, which cannot be had again.

    `key`: take over this text (a key that scripts hold already) instead of a new one. Raises WrongUse.
    """
    require(actor, "settings.edit")
    networks = [str(network_of(address)) for address in addresses]
    if not networks:
        raise WrongUse("a key is bound to addresses", "--address 192.0.2.7, or --address 192.0.2.0/24")
    wanted = list(dict.fromkeys(scopes))
    for scope in wanted:
        if scope not in SCOPES:
            raise WrongUse(f"there is no scope '{one_line(scope, 40)}'", f"use {', '.join(SCOPES)}")
    if not wanted:
        raise WrongUse("a key is for something", f"--scope {'|'.join(SCOPES)}")
    if in_url and wanted != ["cron"]:
        raise WrongUse("a key that stands in URLs can only be for cron", "--scope cron, and nothing else")
    if not 0 < per_minute <= _MAX_PER_MINUTE:
        raise WrongUse(f"{per_minute} requests a minute is no limit", f"1 to {_MAX_PER_MINUTE}")
    if key is not None and not _FOREIGN_KEY.fullmatch(key):
        raise WrongUse("this key is too easy to guess", "32 to 128 letters, digits, - and _")
    text = key or secrets.token_hex(16).upper()
    hashed = _hash(text)
    with transaction():
        if _hashed(hashed) is not None:
            raise WrongUse("this key is there already", "nightdesk key list")
        row = rows.write(
            prefix=hashed[:PREFIX_DIGITS],
            hash=hashed,
            name=given_line("the name", name, LONGEST_NAME),
            scopes=wanted,
            addresses=networks,
            agent_id=None if agent is None else _agent_named(agent).id,
            in_url=in_url,
            per_minute=per_minute,
            created=utc_text(now()),
        )
        logs.write("info", "api", f"{actor.login} made key {row.id} [{row.prefix}] for {', '.join(wanted)}")
    return _line(row), text


def entries() -> list[KeyLine]:
    """Return every key, revoked ones too."""
    return [_line(row) for row in rows.every()]


def revoke(actor: Actor, ids: Iterable[int]) -> list[KeyLine]:
    """Switch keys off for good, at once. Raises NotFound; then none is switched off."""
    require(actor, "settings.edit")
    revoked = []
    with transaction():
        for key_id in ids:
            row = rows.by_id(key_id)
            if row is None:
                raise NotFound(f"there is no key {key_id}", "nightdesk key list")
            rows.revoke(key_id)
            logs.write("info", "api", f"{actor.login} revoked key {row.id} [{row.prefix}]")
            revoked.append(_line(row._replace(active=False)))
    return revoked


def authenticate(text: str, address: IPAddress | None) -> KeyLine | None:
    """Return the key if it is active and may be used from that address, else None."""
    found = _hashed(_hash(text))
    if found is None or not found.active or not _within(found.addresses, address):
        return None
    return _line(found)


def note_use(key_id: int) -> None:
    """Remember that the key was used, to the minute."""
    moment = now()
    row = rows.by_id(key_id)
    if row is not None and (row.last_used is None or row.last_used < moment - _USED_EVERY):
        with transaction():
            rows.used(key_id, utc_text(moment))


def actor_of(line: KeyLine) -> Actor:
    """Return who acts when the key is used: its agent with that one's role, else the key itself.

    Raises NotAllowed when the agent was switched off.
    """
    if line.agent is None:
        name = line.name or f"API key {line.id}"
        return Actor(None, f"key-{line.id}", name, "", None, _TICKET_ACTIONS)
    row = agents.with_login(line.agent)
    if row is None or not row.active:
        raise NotAllowed(f"the agent '{line.agent}' of this key is switched off", "nightdesk agent edit")
    return actor_of_agent(row)


def prefix_of(text: str) -> str:
    """Return by what a key, right or wrong, can be told in the log."""
    return _hash(text)[:PREFIX_DIGITS]


def network_of(text: str) -> Network:
    """Return an address or network as typed. Raises WrongUse."""
    shown = one_line(text, 60)
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as error:
        try:
            meant = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            raise WrongUse(f"'{shown}' is no address", "192.0.2.7, 192.0.2.0/24 or 2001:db8::/32") from error
        raise WrongUse(f"'{shown}' is an address within a network", f"write {meant}") from error


def address_of(text: str) -> IPAddress | None:
    """Return an address as the network layer or a proxy writes it, or None."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped


def _within(networks: Sequence[str], address: IPAddress | None) -> bool:
    if address is None:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _hashed(hashed: str) -> StoredKey | None:
    """Return the key with that hash; how long it takes tells nothing of the hashes that there are."""
    same = [row for row in rows.with_prefix(hashed[:PREFIX_DIGITS]) if hmac.compare_digest(row.hash, hashed)]
    return same[0] if same else None


def _agent_named(login: str) -> StoredAgent:
    row = agents.with_login(login)
    if row is None:
        raise WrongUse(f"there is no agent '{one_line(login, 64)}'", "nightdesk agent list")
    return row


def _line(row: StoredKey) -> KeyLine:
    return KeyLine(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        scopes=tuple(row.scopes),
        addresses=tuple(row.addresses),
        agent=row.agent,
        in_url=row.in_url,
        per_minute=row.per_minute,
        active=row.active,
        created=row.created,
        last_used=row.last_used,
    )
