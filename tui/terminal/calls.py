"""How the app calls somebody who looks elsewhere: the terminal's title, its bell, a notice of the desktop.

What is written holds no text that could end the sequence or begin another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.text.safe import line

if TYPE_CHECKING:
    from desk.staff.preferences import ToldBy

UNTITLED = frozenset({"linux", "vt100", "vt102", "vt220", "vt320", "ansi", "cons25", "dumb"})
"""Terminals without a title, which would show the sequence or swallow what follows."""
KEEP_TITLE = "\x1b[22;2t"
GIVE_TITLE_BACK = "\x1b]2;\x07\x1b[23;2t"
"""Empty for terminals that keep no titles; the others have the one from before again."""
BELL = "\x07"
LONGEST = 200


def has_title(environ: Mapping[str, str]) -> bool:
    """Whether this terminal is known to have a title that can be set."""
    return environ.get("TERM", "") not in UNTITLED


def title(text: str) -> str:
    """Return the sequence that makes `text` the terminal's title."""
    return f"\x1b]2;{line(text)[:LONGEST]}\x07"


def calls(chosen: ToldBy, text: str, environ: Mapping[str, str]) -> str:
    """Return the sequences that call a person to the screen in the ways they chose; empty for none."""
    said = line(text)[:LONGEST]
    notices = [
        # A number in front would be another command of that sequence to some terminals.
        f"\x1b]9;Nightdesk: {said}\x07" if chosen.osc9 else "",
        f"\x1b]777;notify;Nightdesk;{said.replace(';', ',')}\x07" if chosen.osc777 else "",
    ]
    return (BELL if chosen.bell else "") + "".join(_through(each, environ) for each in notices if each)


def _through(sequence: str, environ: Mapping[str, str]) -> str:
    """Return a sequence so that a multiplexer hands it on to the terminal around it."""
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    if environ.get("STY") or term.startswith("screen"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence
