"""Full-text search over all messages, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.fields import utc_time
from models.search import MARK_BEGIN, MARK_END, find, match_expression


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that matches. `snippet` is the text around, `marked` the same with the words marked."""

    number: str
    subject: str
    kind: str
    snippet: str
    marked: str
    message_id: int
    created: datetime
    sender: str
    sender_email: str

    def to_json(self) -> dict[str, Any]:
        """Return the hit as ``search --json`` prints it."""
        return {
            "ticket": self.number,
            "subject": self.subject,
            "kind": self.kind,
            "snippet": self.snippet,
            "message": self.message_id,
            "created": self.created,
            "from": {"name": self.sender, "email": self.sender_email},
        }


def search(text: str, limit: int = 50, before: int | None = None) -> list[SearchHit]:
    """Return the newest messages with all the words of `text`; nothing to look for gives nothing.

    `before`: only messages older than that hit's `message_id` (the next page). ``"a phrase"``, ``serv*``
    and ``-word`` mean what one expects; nothing else has a meaning, so any text is a valid question.
    """
    expression = match_expression(text)
    if not expression:
        return []
    return [
        SearchHit(
            number=hit.ticket,
            subject=hit.subject,
            kind=hit.kind,
            snippet=_one_line(hit.snippet.replace(MARK_BEGIN, "").replace(MARK_END, "")),
            marked=_one_line(hit.snippet),
            message_id=hit.message_id,
            created=utc_time(hit.created),
            sender=hit.sender_name or hit.sender_email,
            sender_email=hit.sender_email,
        )
        for hit in find(expression, limit or -1, before)
    ]


def _one_line(snippet: str) -> str:
    return " ".join(snippet.split())
