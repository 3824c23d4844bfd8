"""How agents, departments, SLAs and roles are printed: one column for each of their JSON keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Protocol

from nightdesk import output
from nightdesk.columns import Column
from nightdesk.exit import Exit


class Line(Protocol):
    """A row that knows its JSON form."""

    def to_json(self) -> dict[str, Any]: ...


def print_list(lines: Sequence[Line], as_json: bool, zone: tzinfo) -> Exit:
    """Print a table for people, an array for scripts."""
    documents = [line.to_json() for line in lines]
    if as_json:
        output.emit_json(documents)
    elif not documents:
        output.say("none yet")
    else:
        heads = [Column(key.replace("_", " "), flexible=True) for key in documents[0]]
        output.table(heads, [list(document.values()) for document in documents], zone)
    return Exit.DONE


def print_changed(line: Line, as_json: bool, words: str) -> Exit:
    """Return what was done, in words or as the changed row."""
    if as_json:
        output.emit_json(line.to_json())
    else:
        output.line(words)
    return Exit.DONE
