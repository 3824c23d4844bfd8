"""What an agent is told on the screen while the app is open: what came to the tickets that concern them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from config.clock import now
from desk.alerts.mentions import mentioned
from desk.alerts.notifications import wants
from desk.permissions import Actor
from mail.inert import one_line
from models import agents, notices, watches
from models.fields import utc_text
from models.notices import NoticeKind, TicketNotice

_MOST: Final = 200
"""So many are told at once; an import of years is no news."""
_TOO_OLD: Final = timedelta(days=1)
_OF_THE_OWNER: Final = frozenset(
    {"answered", "assigned", "noted", "due_soon", "overdue", "undelivered", "asked"}
)
"""Kinds that concern nobody but the ticket's owner."""

_WORDS: Final[dict[NoticeKind, str]] = {
    "new_ticket": "New #{number}: {subject}",
    "customer_wrote": "Mail on #{number}: {subject}",
    "answered": "Answer in #{number}: {subject}",
    "assigned": "#{number} is yours now: {subject}",
    "transferred": "#{number} came to your department: {subject}",
    "noted": "Note on #{number}: {subject}",
    "due_soon": "#{number} is due soon: {subject}",
    "overdue": "#{number} is overdue: {subject}",
    "undelivered": "An answer did not arrive, #{number}: {subject}",
    "asked": "A filter wants you to see #{number}: {subject}",
}


@dataclass(frozen=True, slots=True)
class ScreenNotice:
    """One thing of which an agent is told, in one clean line."""

    id: int
    number: str
    kind: NoticeKind
    words: str

    @property
    def urgent(self) -> bool:
        """Whether something went wrong."""
        return self.kind in ("overdue", "undelivered")


def newest() -> int:
    """Return the id of the newest notice of the desk, 0 without any."""
    return notices.newest_id()


def since(actor: Actor, after: int) -> tuple[list[ScreenNotice], int]:
    """Return what the actor is told of what came after a notice, oldest first, and how far that is.

    They are told what comes to their own tickets, and to nobody's in their department; never what they did
    themselves.
    """
    found = notices.since(after, _MOST)
    preferences = {} if actor.agent_id is None else agents.by_id(actor.agent_id).preferences
    oldest = utc_text(now() - _TOO_OLD)
    watched = watches.numbers_of(actor.agent_id or 0) if found else frozenset()
    told = [
        ScreenNotice(each.id, each.number, each.kind, _words(each))
        for each in found
        if each.kind in _WORDS and _concerns(actor, each, oldest, watched) and wants(preferences, each.kind)
    ]
    return told, found[-1].id if found else after


def _concerns(actor: Actor, notice: TicketNotice, oldest: str, watched: Collection[str]) -> bool:
    if notice.agent_id is not None and notice.agent_id == actor.agent_id:
        return False
    if notice.kind == "new_ticket" and notice.created < oldest:
        return False
    if not actor.reaches([notice.department_id], notice.team_id):
        return False
    if notice.number in watched or _mentions(actor, notice):
        return True
    if notice.assignee_id is not None:
        return notice.assignee_id == actor.agent_id
    if notice.team_id is not None:
        return notice.team_id in actor.teams
    return notice.kind not in _OF_THE_OWNER and actor.works_in(notice.department_id)


def _mentions(actor: Actor, notice: TicketNotice) -> bool:
    if notice.kind != "noted" or notice.agent_id is None or not notice.text:
        return False
    return actor.login.lower() in mentioned(notice.text)


def _words(notice: TicketNotice) -> str:
    subject = one_line(notice.subject, 200) or "(no subject)"
    words = _WORDS[notice.kind]
    if notice.kind == "asked" and not notice.whom:
        words = "#{number} is awake again: {subject}"
    if notice.kind == "assigned" and notice.assignee_id is None and notice.team_id is not None:
        words = words.replace("is yours now", "is your team's now")
    return words.replace("{number}", notice.number).replace("{subject}", subject)
