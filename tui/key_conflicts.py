"""Keys of user commands that do something else already: the app's own come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode

from tui.key_names import key_label
from tui.keymap import is_key
from tui.screens.thread.screen import ThreadScreen
from tui.screens.tickets.screen import TicketsScreen
from tui.user_commands import Place, keys_of
from tui.widgets.text_pane import TextPane
from tui.widgets.ticket_list import TicketList

if TYPE_CHECKING:
    from desk.user_commands.file import UserCommand

PLACES: dict[Place, tuple[type[DOMNode], ...]] = {
    "list": (TicketList, TicketsScreen),
    "thread": (TextPane, ThreadScreen),
}
"""What has the keys in each place before the app has them, the first one first."""


def conflicts(commands: Sequence[UserCommand], app: type[DOMNode]) -> list[str]:
    """Say of each key of a command that it does not run it: it is no key, the app's, or another command's."""
    said = [
        f"{each.name}: there is no key '{key}'"
        for each in commands
        for key in keys_of(each.key)
        if not is_key(key)
    ]
    for place, nodes in PLACES.items():
        taken: dict[str, str] = {}
        for node in (*nodes, app):
            for key, does in _keys_of_class(node):
                taken.setdefault(key, does)
        for each in commands:
            for key in keys_of(each.key) if place in each.where else ():
                if key in taken:
                    said.append(f"{each.name}: {key_label(key)} in the {place} is '{taken[key]}' already")
                else:
                    taken[key] = each.name
    return said


def _keys_of_class(node: type[Any]) -> list[tuple[str, str]]:
    merged = node._merged_bindings
    return [
        (key, binding.description or "a key of the app")
        for key, bindings in merged.key_to_bindings.items()
        for binding in bindings
    ]
