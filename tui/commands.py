"""Commands: one table an action, from which bindings, footer hints, help and palette are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.binding import Binding

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
    "vertical_line": "|",
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


def _always(_context: Any) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can do on a screen.

    ``key`` is Textual's name of the key, several separated by commas; ``action`` the name of the
    screen's ``action_...`` method. ``footer`` is the word of the hints in the last line (None: not
    hinted), ``wide`` hints only where the terminal has 100 columns. ``enabled`` is given the screen
    and returns why the command cannot run now, or None.
    """

    id: str
    key: str
    title: str
    help: str
    group: str
    action: str
    footer: str | None = None
    enabled: Callable[[Any], str | None] = _always
    wide: bool = False
    label: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Textual's names of the keys."""
        return tuple(self.key.split(",")) if self.key else ()

    @property
    def shown_key(self) -> str:
        """The first key as people read it: ``^R``, ``ret``, ``/``."""
        return self.label or (key_label(self.keys[0]) if self.keys else "")

    def bindings(self) -> list[Binding]:
        """Textual's bindings of this command; the first has the command's id, for keymaps."""
        return [
            Binding(
                key,
                f"run_command('{self.id}')",
                self.title,
                show=False,
                id=self.id if number == 0 else f"{self.id}.{number}",
            )
            for number, key in enumerate(self.keys)
        ]


def key_label(key: str) -> str:
    """Return a key as people read it."""
    if key.startswith("ctrl+"):
        return "^" + key_label(key.removeprefix("ctrl+")).upper()
    if key.startswith("shift+"):
        return "S-" + key_label(key.removeprefix("shift+"))
    if key in _NAMES:
        return _NAMES[key]
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return key


EVERYWHERE = "Everywhere"

GLOBAL: tuple[Command, ...] = (
    Command("app.tickets", "1", "Tickets", "Show the tickets.", EVERYWHERE, "mode('tickets')"),
    Command(
        "app.mailboxes",
        "2",
        "Mailboxes",
        "Show the mailboxes, their health and settings.",
        EVERYWHERE,
        "mode('mailboxes')",
    ),
    Command("app.logs", "3", "Logs", "Show what the desk did.", EVERYWHERE, "mode('logs')"),
    Command("app.settings", "5", "Settings", "Show and change settings.", EVERYWHERE, "mode('settings')"),
    Command(
        "app.last", "minus", "Last screen", "Go back to the screen before this one.", EVERYWHERE, "last_mode"
    ),
    Command(
        "app.outbox", "6", "Outbox", "Mail that waits to leave, or could not.", EVERYWHERE, "mode('outbox')"
    ),
    Command(
        "app.quarantine",
        "7",
        "Quarantine",
        "Mail that could not be understood, and what became of all the other.",
        EVERYWHERE,
        "mode('quarantine')",
    ),
    Command(
        "app.palette", "colon,ctrl+p", "Commands", "Find a command by name.", EVERYWHERE, "palette", wide=True
    ),
    Command(
        "app.help",
        "question_mark,f1",
        "Help",
        "All keys that work here; type to find one.",
        EVERYWHERE,
        "help",
        "help",
    ),
    Command("app.redraw", "ctrl+l", "Redraw", "Paint the whole screen again.", EVERYWHERE, "redraw"),
    Command(
        "app.suspend",
        "ctrl+z",
        "Suspend",
        "Go to the shell; fg comes back.",
        EVERYWHERE,
        "suspend_process",
        enabled=lambda app: "off in restricted mode" if app.restricted else None,
    ),
    Command(
        "app.quit", "ctrl+q", "Quit", "Leave Nightdesk; drafts are kept.", EVERYWHERE, "leave", wide=True
    ),
)
