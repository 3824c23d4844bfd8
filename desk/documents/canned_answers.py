"""Canned answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.canned_answers import CannedAnswerLine
    from desk.templates.rendering import Rendered


def canned_answer(line: CannedAnswerLine) -> dict[str, Any]:
    """Return a canned answer; ``department`` null: for all."""
    return {"name": line.name, "folder": line.folder, "department": line.department, "body": line.body}


def filled(line: str, rendered: Rendered) -> dict[str, Any]:
    """Return a canned answer with a ticket's facts; ``places`` are left to the writer, as ``[[label]]``."""
    return {"name": line, "text": rendered.text, "places": list(rendered.places)}
