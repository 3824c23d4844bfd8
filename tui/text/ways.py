"""What an error says to do, as one does it in the app: a command becomes a key or a place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from config.expressions import expression
from desk.commands import NAMED
from tui.key_names import Keys

_SENTENCE: Final = expression(r" (?:lists?|shows?|says?|names?|tells?)\b")
_ADMIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "department": "Departments",
        "topic": "Help topics",
        "field": "Fields",
        "status": "Statuses",
        "sla": "SLAs",
        "agent": "Agents",
        "team": "Teams",
        "role": "Roles",
        "group": "Groups of the system",
        "organization": "Organizations",
        "recurring": "Recurring tickets",
        "ban": "Bans",
        "queue": "Queues",
        "canned": "Canned answers",
        "template": "Texts",
        "notification": "Notifications",
        "webhook": "Webhooks",
        "push": "Push addresses",
        "key": "API keys",
    }
)
_SCREENS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "filter": ("Filters", "app.filters", "8"),
        "mailbox": ("Mailboxes", "app.mailboxes", "2"),
        "settings": ("Settings", "app.settings", "5"),
        "outbox": ("Outbox", "app.outbox", "6"),
        "receipt": ("Quarantine", "app.quarantine", "7"),
        "log": ("Logs", "app.logs", "3"),
    }
)
_KEYS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "ticket list": ("app.search", "g", "{} finds tickets"),
        "ticket show": ("", "", "the ticket"),
        "ticket reopen": ("ticket.reopen", "X", "{} reopens it"),
        "ticket delete": ("ticket.reopen", "X", "{} takes it out of the trash"),
        "ticket unmerge": ("ticket.merge", "m", "{}: take a merged one out again"),
        "ticket split": ("ticket.merge", "m", "{} in the thread"),
        "ticket set": ("ticket.edit", "e", "{} sets it"),
        "ticket time": ("ticket.time", "M", "{}, then"),
        "ticket note": ("ticket.note", "i", "{} adds one"),
        "ticket reply": ("ticket.reply", "r", "{}"),
        "ticket deny": ("thread.deny", "U", "{} in the thread"),
        "ticket close": ("ticket.close", "x", "{}"),
        "mailbox login": ("mailbox.login", "i", "{} in Mailboxes"),
        "contact list": ("app.search", "g", "{} finds what they wrote"),
        "contact edit": ("ticket.merge", "m", "{} in a ticket of theirs"),
        "contact merge": ("ticket.merge", "m", "{} in a ticket of theirs leads to them"),
    }
)
_DEEDS: Final = MappingProxyType(
    {"edit": "change", "enable": "switch on", "disable": "switch off", "login": "log in"}
)


def in_the_app(hint: str, key: Keys) -> str:
    """Return a hint as it is followed in the app; what the app does not do stays a command."""
    return NAMED.sub(lambda found: _way(found, key), hint)


def _way(found: re.Match[str], key: Keys) -> str:
    noun, verb = found["noun"], found["verb"]
    what = (found["what"] or "").strip(" .")
    if f"{noun} {verb}" in _KEYS:
        command, usual, words = _KEYS[f"{noun} {verb}"]
        return words.format(key(command, usual))
    if noun in _ADMIN:
        place = f"{_ADMIN[noun]} in Admin ({key('app.admin', '9')})"
    elif noun in _SCREENS:
        title, command, usual = _SCREENS[noun]
        place = f"{title} ({key(command, usual)})"
    else:
        return found[0]
    if verb in ("list", "show", "rules") or _SENTENCE.match(found.string, found.end()):
        return place if found.end() < len(found.string) or found.start() else f"see {place}"
    if what.isupper() and not what.startswith("'"):
        what = ""
    return f"{_DEEDS.get(verb, verb)} {what or ('one' if verb == 'add' else 'it')} under {place}"
