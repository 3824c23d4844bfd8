"""Webhooks and push addresses, as tables of fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from desk.admin.table import Acts, Field, Noun, Record, Values, words_of
from desk.home import Desk
from desk.listeners import listeners
from desk.listeners.heard import checked_condition, checked_events
from desk.listeners.listeners import Addressed
from desk.permissions import Actor
from desk.staff import agents


def _reader(kind: Addressed) -> Callable[[Desk, Actor], Sequence[Record]]:
    def read(_desk: Desk, _actor: Actor) -> list[Record]:
        return [
            Record(
                line.name,
                {
                    "name": line.name,
                    "url": line.place,
                    "events": ", ".join(line.events),
                    "condition": line.condition,
                    "active": line.active,
                    "fails": "" if line.failing_since is None else f"{line.failing_since:%Y-%m-%d %H:%M}",
                    **({"agent": line.agent or ""} if kind == "push" else {}),
                },
            )
            for line in listeners.listed(kind)
        ]

    return read


def _adder(kind: Addressed) -> Callable[[Desk, Actor, Values], str]:
    def add(desk: Desk, actor: Actor, values: Values) -> str:
        _, secret = listeners.add(
            desk,
            actor,
            kind,
            str(values["name"]),
            str(values["url"]),
            events=words_of(values["events"]),
            condition=str(values["condition"]),
            agent=str(values.get("agent", "")) or None,
        )
        return f"Its secret, shown this once: {secret}" if secret else ""

    return add


def _editor(kind: Addressed) -> Callable[[Desk, Actor, str, Values], object]:
    def edit(desk: Desk, actor: Actor, key: str, values: Values) -> object:
        return listeners.edit(
            desk,
            actor,
            kind,
            key,
            address=str(values["url"]) if "url" in values else None,
            events=words_of(values["events"]) if "events" in values else None,
            condition=str(values["condition"]) if "condition" in values else None,
            agent=str(values["agent"]) if "agent" in values else None,
            active=bool(values["active"]) if "active" in values else None,
        )

    return edit


def _remover(kind: Addressed) -> Callable[[Desk, Actor, str], object]:
    return lambda _desk, actor, key: listeners.remove(actor, kind, key)


def _acts(kind: Addressed) -> Acts:
    return Acts(_reader(kind), _adder(kind), _editor(kind), _remover(kind))


def _events(text: str) -> None:
    checked_events(words_of(text))


def _logins() -> list[str]:
    return [each.login for each in agents.agents() if each.active]


_NAME = Field("name", "Name", "What it is called.", width=18, fixed=True, needed="give a name")
_HEARS = (
    Field(
        *("events", "Of", "With commas: created, customer_wrote, closed, ...; empty: of all.", "list", 18),
        check=_events,
    ),
    Field("condition", "If", "Only of tickets that this query finds.", check=checked_condition),
)
_STATE = (
    Field("active", "In use", "Off: it is told nothing.", "switch", 6, start=True, only_changed=True),
    Field("fails", "Fails", "Since when it does not take what it is told.", width=9, made=True),
)
WEBHOOKS = Noun(
    "webhook",
    "Webhooks",
    "settings.edit",
    "Signed JSON to a URL when something happens.",
    (
        _NAME,
        Field(
            "url",
            "URL",
            "https://host/path; a query of it is kept, but never shown.",
            width=20,
            needed="write https://host/path",
            check=partial(listeners.place_of, "webhook"),
        ),
        *_HEARS,
        *_STATE,
    ),
    _acts("webhook"),
    removal="What it is still to be told is told no more.",
)
PUSH_ADDRESSES = Noun(
    "push",
    "Push addresses",
    "settings.edit",
    "Chat and telephones, by apprise.",
    (
        _NAME,
        Field(
            "url",
            "Address",
            "As in ntfys://ntfy.example.org/topic; it is sealed.",
            width=10,
            needed="write ntfys://ntfy.example.org/topic",
            check=partial(listeners.place_of, "push"),
        ),
        *_HEARS,
        Field(
            "agent", "Whose", "Told what this agent is mailed of.", "choice", 12, _logins, none="the desk's"
        ),
        *_STATE,
    ),
    _acts("push"),
    removal="What it is still to be told is told no more.",
    called="push address",
)
