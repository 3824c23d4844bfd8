"""What the verbs of agents, departments, SLAs, roles, topics and keys share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from nightdesk import output
from nightdesk.columns import Column
from nightdesk.desk_verb import Result


def shown(document: Mapping[str, object], zone: tzinfo) -> Result:
    """Return one of them; for people a line for each key."""

    def words() -> None:
        output.fields(
            [(key.replace("_", " ").capitalize(), _cell(value)) for key, value in document.items()], zone
        )

    return Result(lambda: document, words)


def _cell(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def listed(documents: Sequence[Mapping[str, object]], zone: tzinfo) -> Result:
    """Return a list of them; for people a table with one column for each key."""

    def words() -> None:
        if not documents:
            output.say("none yet")
            return
        # Some have keys that others do not have, such as the schedule of a filter of the clock.
        keys = list(dict.fromkeys(key for document in documents for key in document))
        heads = [Column(key.replace("_", " "), flexible=True) for key in keys]
        output.table(heads, [[document.get(key) for key in keys] for document in documents], zone)

    return Result(lambda: documents, words)
