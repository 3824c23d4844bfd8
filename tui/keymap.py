"""A person's own keys: ``keys.toml`` beside config.toml gives commands other keys, by the commands' ids.

``python -m tui.keymap`` prints every id with its keys.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from config import toml_file
from config.errors import ConfigError
from config.records import Record
from mail.inert import one_line
from tui import screens
from tui.commands import Command

NAME = "keys.toml"
_ALTERNATIVES = 8
"""More keys than any command has."""


class Keymap(Record):
    """The keys that commands have instead of their own, by id; several with commas."""

    keys: Mapping[str, str] = MappingProxyType({})
    troubles: tuple[str, ...] = ()
    """What could not be read."""

    @property
    def bindings(self) -> dict[str, str]:
        """The keys by the ids of bindings: a command has one for each of its first keys."""
        return {
            binding: keys
            for name, keys in self.keys.items()
            for binding in (name, *(f"{name}.{number}" for number in range(1, _ALTERNATIVES)))
        }


def read(directory: Path) -> Keymap:
    """Read the file in this directory; without one every command keeps its own keys. Blocks."""
    try:
        found = toml_file.read(directory / NAME)
    except ConfigError as error:
        return Keymap(troubles=(one_line(str(error)),))
    keys, troubles = {}, []
    table = found.values.get("keys", {})
    for name in found.values:
        if name != "keys":
            troubles.append(f"{found.where(name)}: there is only [keys]")
    for name, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, str) and value.strip():
            keys[str(name)] = ",".join(part.strip() for part in value.split(",") if part.strip())
        else:
            troubles.append(f'{NAME}: {one_line(str(name), 60)} takes a key in quotes: "ctrl+t"')
    return Keymap(keys, tuple(troubles))


def conflicts(keymap: Keymap, everywhere: Sequence[Command]) -> list[str]:
    """Say what is wrong with the keys: no such command, no such key, a key of two commands of one screen.

    Imports every screen. ``everywhere``: the commands of the app.
    """
    of_screens: list[Sequence[Command]] = [getattr(screen, "KEYS", ()) for screen in screens.every()]
    known = {command.id for commands in (everywhere, *of_screens) for command in commands}
    said = list(keymap.troubles)
    for name, keys in keymap.keys.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 2, 0.6)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            said.append(f"there is no command '{one_line(name, 60)}'{hint}")
        said += [
            f"{name}: there is no key '{one_line(key, 40)}'" for key in keys.split(",") if not is_key(key)
        ]
    for commands in of_screens:
        taken: dict[str, str] = {}
        for command in (*commands, *everywhere):
            for key in (keymap.keys.get(command.id) or command.key).split(","):
                other = taken.setdefault(key, command.id)
                if key and other != command.id and {other, command.id} & keymap.keys.keys():
                    said.append(f"{key} is the key of {other} and of {command.id}")
    return list(dict.fromkeys(said))


def is_key(key: str) -> bool:
    """Return whether Textual knows a key of this name."""
    *modifiers, last = key.split("+")
    known = last in set(Keys) or last in KEY_NAME_REPLACEMENTS.values() or len(last) == 1
    named = last.replace("_", "").isalpha() and last == last.lower() and len(last) > 2
    return (known or named) and all(each in ("ctrl", "shift", "alt", "super") for each in modifiers)


if __name__ == "__main__":
    import sys

    listed = {each.id: each for screen in screens.every() for each in getattr(screen, "KEYS", ())}
    for each in listed.values():
        sys.stdout.write(f'"{each.id}" = "{each.key}"  # {each.title}\n')
