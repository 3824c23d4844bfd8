"""The nouns that admins edit, in the order in which they are offered. A new one is a line here."""

from __future__ import annotations

from desk.admin.custom_fields import FIELDS, STATUS_NAMES
from desk.admin.organizations import ORGANIZATIONS
from desk.admin.outside import PUSH_ADDRESSES, WEBHOOKS
from desk.admin.people import AGENTS, DEPARTMENTS, GROUPS, ROLES, SLAS, TEAMS, TOPICS
from desk.admin.recurring import RECURRING
from desk.admin.rules import BANS, CANNED, FILTERS, KEYS, NOTIFICATIONS, QUEUES
from desk.admin.table import Noun
from desk.admin.texts import TEXTS

NOUNS: tuple[Noun, ...] = (
    *(DEPARTMENTS, TOPICS, FIELDS, STATUS_NAMES, SLAS, AGENTS, TEAMS, ROLES, GROUPS, ORGANIZATIONS),
    *(FILTERS, RECURRING, BANS, QUEUES, CANNED, TEXTS, NOTIFICATIONS, WEBHOOKS, PUSH_ADDRESSES, KEYS),
)
