"""Templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.customizing import TemplateLine


def template(line: TemplateLine) -> dict[str, Any]:
    """Return a text; ``own``: the desk wrote it, and it did not come with the program."""
    return {
        "name": line.name,
        "language": line.language,
        "scope": line.scope,
        "own": line.own,
        "body": line.body,
        "help": line.help,
    }
