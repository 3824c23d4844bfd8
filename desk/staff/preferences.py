"""How an agent wants to be told while the app is open; each sets it for themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from desk.permissions import Actor
from models import agents
from models.transactions import transaction

_KEY = "told_by"


@dataclass(frozen=True, slots=True)
class ToldBy:
    """By what of the terminal: its title counts what is new, its bell rings, the desktop shows a notice.

    `osc9` and `osc777` are two spellings of a desktop notice; a terminal knows one of them, or none.
    """

    title: bool = True
    bell: bool = False
    osc9: bool = False
    osc777: bool = False


def told_by(actor: Actor) -> ToldBy:
    """Return what an agent has chosen."""
    if actor.agent_id is None:
        return ToldBy()
    chosen = agents.by_id(actor.agent_id).preferences.get(_KEY)
    known: dict[str, Any] = chosen if isinstance(chosen, dict) else {}
    names = {field.name for field in fields(ToldBy)}
    return ToldBy(**{name: bool(value) for name, value in known.items() if name in names})


def set_told_by(actor: Actor, chosen: ToldBy) -> ToldBy:
    """Keep what an agent has chosen, and return it; the built-in admin has nowhere to keep it."""
    if actor.agent_id is not None:
        with transaction():
            before = agents.by_id(actor.agent_id).preferences
            agents.set_preferences(actor.agent_id, {**before, _KEY: asdict(chosen)})
    return chosen
