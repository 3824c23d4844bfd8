"""The nouns that admins edit, in the order in which they are offered. A new one is a line here."""

from __future__ import annotations

from desk.admin.people import AGENTS, DEPARTMENTS, ROLES, SLAS, TEAMS, TOPICS
from desk.admin.rules import BANS, CANNED, FILTERS, KEYS, NOTIFICATIONS, QUEUES
from desk.admin.table import Noun

NOUNS: tuple[Noun, ...] = (
    *(DEPARTMENTS, TOPICS, SLAS, AGENTS, TEAMS, ROLES),
    *(FILTERS, BANS, QUEUES, CANNED, NOTIFICATIONS, KEYS),
)
