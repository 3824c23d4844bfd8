"""Who else is at a ticket: what each app says its agent has open, and hears from the others."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.clock import now
from desk.permissions import Actor
from mail.inert import one_line
from models import leases, presence, tickets
from models.presence import OpenTicket, StoredPresence

HEARTBEAT_SECONDS = 60.0
"""How often an app that has a ticket open says so again."""
COUNTS_SECONDS = 180.0
"""How long an app is believed that is not heard of: one on another host that died."""


@dataclass(frozen=True, slots=True)
class Present:
    """An agent at a ticket; `since` when, aware, UTC. `elsewhere`: the actor's own other session."""

    session: str
    number: str
    login: str
    name: str
    writing: bool
    since: datetime
    elsewhere: bool = False

    @property
    def words(self) -> str:
        """``Jo Helper writes``."""
        who = "you, elsewhere," if self.elsewhere else self.name
        verb = ("write" if self.writing else "read") + ("" if self.elsewhere else "s")
        return f"{who} {verb}"


class Attendance:
    """What one app has open, as the other agents hear of it. All calls from one and the same thread.

    An app that is killed is gone for the others on its host at once, elsewhere after `COUNTS_SECONDS`.
    """

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._session = f"{leases.owner_id()}:{os.urandom(4).hex()}"
        self._said: dict[str, bool] = {}
        self._since: dict[str, datetime] = {}
        self._renew_at = 0.0

    def say(self, open_tickets: Mapping[str, bool]) -> None:
        """Tell the others what is open now: ticket numbers, each with whether it is written on.

        Writes only what changed, and a sign of life once a minute; a busy database is told next time.
        """
        if self._actor.agent_id is None:
            return
        wanted = dict(open_tickets)
        due = time.monotonic() >= self._renew_at
        if wanted != self._said:
            self._replace(self._actor.agent_id, wanted)
        elif wanted and due and presence.renew(self._session, now() + timedelta(seconds=COUNTS_SECONDS)):
            self._renew_at = time.monotonic() + HEARTBEAT_SECONDS

    def others(self) -> tuple[Present, ...]:
        """Return who else is at which ticket, whoever came first first."""
        rows = presence.others(self._session, now(), self._actor.reach)
        return tuple(self._present(row) for row in rows)

    def leave(self) -> None:
        """Say that this app has no ticket open any more."""
        self.say({})

    def _replace(self, agent_id: int, wanted: dict[str, bool]) -> None:
        moment = now()
        since = {
            number: self._since.get(number, moment) if self._said.get(number) == writing else moment
            for number, writing in wanted.items()
        }
        found = []
        for number, writing in wanted.items():
            ticket = tickets.read_numbered(number)
            if ticket is not None:
                found.append(OpenTicket(ticket.id, writing, since[number]))
        expires = moment + timedelta(seconds=COUNTS_SECONDS)
        if presence.replace(self._session, agent_id, found, moment, expires):
            self._said, self._since = wanted, since
            self._renew_at = time.monotonic() + HEARTBEAT_SECONDS

    def _present(self, row: StoredPresence) -> Present:
        return Present(
            session=row.session,
            number=row.number,
            login=row.login,
            name=one_line(row.name, 60) or row.login,
            writing=bool(row.writing),
            since=presence.since_of(row),
            elsewhere=row.agent_id == self._actor.agent_id,
        )
