"""What became of the mails of a ticket's messages, recipient by recipient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desk.mailboxes.routes import read_routes
from models import deliveries
from models.deliveries import HELD_UNTIL, DeliveryKind, DeliveryState, RecipientLine
from models.fields import utc_time

_WAITING = ("queued", "deferred", "sending")
_STUCK = "no outgoing account: it waits for one"


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One recipient of one mail. `id` is the mail's (delivery), `detail` the server's words.

    `not_before`: no attempt earlier; None when nothing more will be tried.
    """

    id: int
    to: str
    state: DeliveryState
    detail: str
    not_before: datetime | None
    kind: DeliveryKind
    subject: str = ""
    ticket: str | None = None
    mailbox: str | None = None
    attempts: int = 0
    created: datetime | None = None
    code: int | None = None
    message_id: str = ""
    bounced: bool = False
    updated: datetime | None = None
    held: bool = False
    """It waits for a person: nothing is sent before retry."""


def of_messages(message_rows: Sequence[int]) -> dict[int, list[DeliveryView]]:
    """Return the recipients of these messages' mails."""
    found: dict[int, list[DeliveryView]] = {}
    lines = deliveries.lines_of_messages(message_rows)
    for line, view in zip(lines, views(lines), strict=True):
        if line.message_row is not None:
            found.setdefault(line.message_row, []).append(view)
    return found


def views(lines: Sequence[RecipientLine]) -> list[DeliveryView]:
    """Return recipients as they are shown: a mail that no account sends says that it waits for one."""
    waiting = {line.mailbox_id for line in lines if line.state in _WAITING and not line.detail}
    stuck = read_routes().missing(waiting) if waiting else set()
    return [_view(line, line.mailbox_id in stuck) for line in lines]


def _view(line: RecipientLine, stuck: bool) -> DeliveryView:
    waits = line.state in _WAITING
    held = waits and line.not_before == HELD_UNTIL
    return DeliveryView(
        id=line.delivery_id,
        to=line.address,
        state=line.state,
        detail=_STUCK if waits and stuck and not line.detail else line.detail,
        not_before=utc_time(line.not_before) if waits and not held else None,
        kind=line.kind,
        subject=line.subject,
        ticket=line.ticket,
        mailbox=line.mailbox,
        attempts=line.attempts,
        created=utc_time(line.created),
        code=line.code,
        message_id=line.message_id,
        bounced=bool(line.bounced),
        updated=utc_time(line.updated),
        held=held,
    )
