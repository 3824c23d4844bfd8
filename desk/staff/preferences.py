"""What an agent chooses for themselves in the app: how they are called, spelling, colours, columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.records import Record
from desk.permissions import Actor
from models import agents
from models.transactions import transaction

_TOLD_BY = "told_by"
_SPELLING = "spelling"
_THEME = "theme"
_COLUMNS = "columns"
LANGUAGE = "language"
FROM_NAME = "from_name"
FROM_NAMES = ("mailbox", "agent", "both")
NARROWEST, WIDEST = 3, 60
"""Cells of a column."""


def mail_language(preferences: Mapping[str, Any]) -> str:
    """Return the language that an agent gets mail in; '' is the desk's."""
    return str(preferences.get(LANGUAGE) or "")


class ToldBy(Record):
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
    chosen = agents.by_id(actor.agent_id).preferences.get(_TOLD_BY)
    known: dict[str, Any] = chosen if isinstance(chosen, dict) else {}
    names = set(ToldBy._fields)
    return ToldBy(**{name: bool(value) for name, value in known.items() if name in names})


def set_told_by(actor: Actor, chosen: ToldBy) -> ToldBy:
    """Keep what an agent has chosen, and return it; the built-in admin has nowhere to keep it."""
    _keep(actor, _TOLD_BY, chosen._asdict())
    return chosen


def spelling(actor: Actor) -> str:
    """Return the dictionary an agent wants: a name, ``off``, or empty for their terminal's language."""
    if actor.agent_id is None:
        return ""
    return str(agents.by_id(actor.agent_id).preferences.get(_SPELLING) or "")


def set_spelling(actor: Actor, name: str) -> None:
    """Keep the dictionary an agent wants."""
    _keep(actor, _SPELLING, name)


def theme(actor: Actor) -> str:
    """Return the theme an agent wants; empty for the desk's."""
    if actor.agent_id is None:
        return ""
    return str(agents.by_id(actor.agent_id).preferences.get(_THEME) or "")


def set_theme(actor: Actor, name: str) -> None:
    """Keep the theme an agent wants."""
    _keep(actor, _THEME, name)


def from_name(actor: Actor) -> str:
    """Return whose name an agent wants in From: ``mailbox``, ``agent`` or ``both``."""
    if actor.agent_id is None:
        return FROM_NAMES[0]
    wanted = agents.by_id(actor.agent_id).preferences.get(FROM_NAME)
    return wanted if wanted in FROM_NAMES else FROM_NAMES[0]


def set_from_name(actor: Actor, wanted: str) -> None:
    """Keep whose name an agent wants in From."""
    _keep(actor, FROM_NAME, wanted)


class ListColumn(Record):
    """A column of the ticket list: its name in the language of lists, and its cells; 0: as many as usual."""

    name: str
    cells: int = 0


def columns(actor: Actor) -> tuple[ListColumn, ...]:
    """Return the columns an agent wants in the ticket list, in their order; () for the usual ones."""
    if actor.agent_id is None:
        return ()
    kept = agents.by_id(actor.agent_id).preferences.get(_COLUMNS)
    pairs = (
        [each for each in kept if isinstance(each, list) and len(each) == 2] if isinstance(kept, list) else []
    )
    return tuple(ListColumn(str(name), _cells(cells)) for name, cells in pairs)


def set_columns(actor: Actor, wanted: Sequence[ListColumn]) -> None:
    """Keep the columns an agent wants; none: the usual ones."""
    _keep(actor, _COLUMNS, [[each.name, _cells(each.cells)] for each in wanted])


def _cells(wanted: object) -> int:
    return max(NARROWEST, min(wanted, WIDEST)) if isinstance(wanted, int) and wanted > 0 else 0


def _keep(actor: Actor, key: str, value: object) -> None:
    if actor.agent_id is not None:
        with transaction():
            before = agents.by_id(actor.agent_id).preferences
            agents.set_preferences(actor.agent_id, {**before, key: value})
