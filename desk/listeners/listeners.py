"""Listeners as they are kept: webhooks and push addresses, added, changed, removed, listed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from config.clock import now
from config.secret import Secret
from desk import settings
from desk.errors import NotFound, Refused, WrongUse
from desk.listeners import push_addresses
from desk.listeners.heard import checked_condition, checked_events
from desk.named_by import refuse_if_named
from desk.permissions import Actor, require
from desk.staff.names import given_name
from mail import http_post
from mail.inert import one_line
from models import agents, events, notices
from models import listeners as rows
from models.fields import as_json, utc_text, utc_time
from models.listeners import StoredCall, StoredListener
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk

Addressed = Literal["webhook", "push"]
"""The listeners that have an address."""
_SECRET_BYTES: Final = 32
_PURGED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ListenerLine:
    """A listener as lists show it. ``place``: what is shown of its address; ``agent``: whose own it is."""

    name: str
    place: str
    events: tuple[str, ...]
    condition: str
    agent: str | None
    active: bool
    failing_since: datetime | None
    last_success: datetime | None


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call and what became of it. ``words``: the first ones that were answered, or why nothing was."""

    id: int
    delivery: str
    event: str
    ticket: str | None
    created: datetime
    state: Literal["waits", "made", "given up"]
    attempts: int
    next_try: datetime | None
    status: int | None
    words: str


def place_of(kind: Addressed, address: str) -> str:
    """Return as much of an address as may be shown. Raises WrongUse, `mail.errors.MailError`."""
    return _PLACE[kind](address)


def listed(kind: Addressed) -> list[ListenerLine]:
    """Return all of a kind, by name."""
    logins = {each.id: each.login for each in agents.every()}
    return [_line(each, logins.get(each.agent_id or 0)) for each in rows.every(kind)]


def show(kind: Addressed, name: str) -> ListenerLine:
    """Return one; raises NotFound."""
    stored(kind, name)
    return next(each for each in listed(kind) if each.name.lower() == name.lower())


def add(
    desk: Desk,
    actor: Actor,
    kind: Addressed,
    name: str,
    address: str,
    *,
    events: Sequence[str] = (),
    condition: str = "",
    agent: str | None = None,
    secret: str | None = None,
) -> tuple[ListenerLine, str]:
    """Add one, which hears of what happens from now on; returns it, and a webhook's secret this once.

    Without a ``secret`` a webhook gets a new one. Raises NotAllowed, WrongUse, QueryError, Refused.
    """
    require(actor, "settings.edit")
    called = given_name(name)
    agent_id = _agent_id(agent)
    place = _PLACE[kind](address)
    wanted, asked = checked_events(events), checked_condition(condition)
    signing = (secret or secrets.token_urlsafe(_SECRET_BYTES)) if kind == "webhook" else ""
    with transaction():
        if rows.named(kind, called) is not None:
            raise Refused(f"there is a {kind} '{one_line(called, 60)}' already", f"nightdesk {kind} edit")
        listener_id = rows.write(
            kind,
            called,
            created=utc_text(now()),
            agent_id=agent_id,
            place=place,
            events=wanted,
            condition=asked,
            after_event=_newest_event(),
            after_notice=notices.newest_id(),
        )
        rows.change(listener_id, _sealed(desk, listener_id, address, signing or None))
        return show(kind, called), signing


def edit(
    desk: Desk,
    actor: Actor,
    kind: Addressed,
    name: str,
    *,
    address: str | None = None,
    events: Sequence[str] | None = None,
    condition: str | None = None,
    agent: str | None = None,
    secret: str | None = None,
    active: bool | None = None,
) -> ListenerLine:
    """Change one; None leaves a value. One that was off hears of what is to come. Raises as `add`."""
    require(actor, "settings.edit")
    with transaction():
        known = stored(kind, name)
        values: dict[str, Any] = {}
        if address is not None:
            values["place"] = _PLACE[kind](address)
        if events is not None:
            values["events"] = as_json(checked_events(events))
        if condition is not None:
            values["condition"] = checked_condition(condition)
        if agent is not None:
            values["agent_id"] = _agent_id(agent)
        if active is not None:
            values |= {"active": int(active), "failing_since": None}
            if active and not known.active:
                values |= {"after_event": _newest_event(), "after_notice": notices.newest_id()}
        values |= _sealed(desk, known.id, address, secret)
        rows.change(known.id, values)
        return show(kind, known.name)


def remove(actor: Actor, kind: Addressed, name: str) -> None:
    """Remove one, with the calls that it still waits for.

    Raises NotAllowed, NotFound, and Refused while a filter names it.
    """
    require(actor, "settings.edit")
    with transaction():
        known = stored(kind, name)
        refuse_if_named(kind, known.name)
        rows.delete(known.id)


def stored(kind: Addressed, name: str) -> StoredListener:
    """Return one as it is stored; raises NotFound."""
    found = rows.named(kind, name)
    if found is None:
        raise NotFound(f"there is no {kind} '{one_line(name, 60)}'", f"nightdesk {kind} list")
    return found


def calls(actor: Actor, kind: Addressed, name: str, limit: int) -> list[CallLine]:
    """Return what one was told lately, newest first. Raises NotAllowed, NotFound."""
    require(actor, "settings.edit")
    return [_call(each) for each in rows.calls(stored(kind, name).id, limit)]


def forget_old_calls(moment: datetime) -> None:
    """Delete calls that were made as long ago as log lines are kept, in small transactions."""
    before = utc_text(moment - timedelta(days=int(settings.get("logs.keep_days"))))
    deleted = _PURGED_AT_ONCE
    while deleted == _PURGED_AT_ONCE:
        with transaction():
            deleted = rows.purge_calls(before, _PURGED_AT_ONCE)


def address_of(desk: Desk, listener: StoredListener) -> Secret:
    """Return a listener's address; raises SealBroken."""
    return desk.sealer.unseal(listener.address_sealed or b"", rows.address_context(listener.id))


def secret_of(desk: Desk, listener: StoredListener) -> Secret:
    """Return what a webhook's calls are signed with; raises SealBroken."""
    return desk.sealer.unseal(listener.secret_sealed or b"", rows.secret_context(listener.id))


def _sealed(desk: Desk, listener_id: int, address: str | None, secret: str | None) -> dict[str, bytes]:
    values = {}
    if address is not None:
        values["address_sealed"] = desk.sealer.seal(address.strip(), rows.address_context(listener_id))
    if secret is not None:
        if len(secret) < 16:
            raise WrongUse("a secret of fewer than 16 characters signs nothing", "give a longer one, or none")
        values["secret_sealed"] = desk.sealer.seal(secret, rows.secret_context(listener_id))
    return values


_PLACE: Final[dict[Addressed, Callable[[str], str]]] = {
    "webhook": http_post.place_of,
    "push": push_addresses.place_of,
}


def _agent_id(login: str | None) -> int | None:
    if not login:
        return None
    found = agents.with_login(login)
    if found is None:
        raise NotFound(f"there is no agent {one_line(login, 60)}", "nightdesk agent list")
    return found.id


def _newest_event() -> int:
    return events.newest()


def _line(each: StoredListener, login: str | None) -> ListenerLine:
    return ListenerLine(
        each.name,
        each.place,
        tuple(each.events),
        each.condition,
        login,
        each.active,
        None if each.failing_since is None else utc_time(each.failing_since),
        None if each.last_success is None else utc_time(each.last_success),
    )


def _call(each: StoredCall) -> CallLine:
    made = each.done and each.status is not None and (200 <= each.status < 300 or each.status == 0)
    return CallLine(
        each.id,
        each.delivery,
        each.event,
        each.ticket,
        utc_time(each.created),
        "made" if made else "given up" if each.done else "waits",
        each.attempts,
        None if each.done else utc_time(each.not_before),
        each.status,
        each.words,
    )
