"""What the verbs of agents, departments, SLAs, roles, topics and keys share: each prints its JSON keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, Protocol

from nightdesk import output
from nightdesk.columns import Column
from nightdesk.desk_verb import Result


class Line(Protocol):
    """A row that knows its JSON form."""

    def to_json(self) -> dict[str, Any]: ...


def listed(lines: Iterable[Line], zone: tzinfo) -> Result:
    """Return a list of them: one column for each key."""
    documents = [line.to_json() for line in lines]

    def words() -> None:
        if not documents:
            output.say("none yet")
            return
        heads = [Column(key.replace("_", " "), flexible=True) for key in documents[0]]
        output.table(heads, [list(document.values()) for document in documents], zone)

    return Result(lambda: documents, words)
