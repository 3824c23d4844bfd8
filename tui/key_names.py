"""The names of keys as people read them, and which key of a command a text refers to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from config.records import Record

_NAMES = {
    "enter": "ret",
    "escape": "Esc",
    "space": "spc",
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "asterisk": "*",
    "exclamation_mark": "!",
    "vertical_line": "|",
    "ampersand": "&",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "tab": "Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "home": "Home",
    "end": "End",
}
_KEYS = {name: key for key, name in _NAMES.items()}


class Keys(Record):
    """The keys that texts mention: a person's own where their file gives a command another key."""

    own: Mapping[str, str] = MappingProxyType({})
    """By the commands' ids, several with commas."""

    def __call__(self, command_id: str, usual: str) -> str:
        """Return how the key of a command is called; without one of the person's own it is `usual`."""
        keys = self.own.get(command_id)
        return key_label(keys.split(",")[0]) if keys else usual


USUAL = Keys()


def key_label(key: str) -> str:
    """Return a key as people read it: ``^R``, ``ret``, ``/``."""
    if key.startswith("ctrl+"):
        return "^" + key_label(key.removeprefix("ctrl+")).upper()
    if key.startswith("shift+"):
        return "S-" + key_label(key.removeprefix("shift+"))
    if key in _NAMES:
        return _NAMES[key]
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return key


def key_called(label: str) -> str | None:
    """Return the key with that label; None for what is not a single key: ``j/k``, ``letter``."""
    if label in _KEYS:
        return _KEYS[label]
    if len(label) > 1 and label[0] == "^":
        return f"ctrl+{label[1:].lower()}"
    if label.startswith("S-"):
        inner = key_called(label[2:])
        return inner and f"shift+{inner}"
    if len(label) > 1 and label[0] == "F" and label[1:].isdigit():
        return label.lower()
    return label if len(label) == 1 else None
