"""Tickets handed in as fields: made into a mail, and taken in like any other."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING

from config.clock import now
from desk.custom_fields import definitions, values
from desk.errors import WrongUse
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.mailboxes.routes import default_outgoing
from mail.inert import clean, one_line
from mail.mime.address import Address, one_address
from models import mailboxes, topics

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake.incoming import Outcome
    from models.custom_fields import FieldValue
    from models.mailboxes import Mailbox

DOOR = "http"


@dataclass(frozen=True, slots=True)
class Submission:
    """The fields of a ticket. `text` is HTML if `html`; `priority` 1 to 4 or None; `topic_id` a help topic.

    `autorespond` False: the sender gets no acknowledgement. `extras`: whatever else was said, by its name;
    it stands below the text. Attachments are (name, type, bytes).
    """

    name: str
    email: str
    subject: str
    text: str
    html: bool = False
    attachments: Sequence[tuple[str, str, bytes]] = ()
    autorespond: bool = True
    priority: int | None = None
    topic_id: int | None = None
    source: str = ""
    ip: str = ""
    extras: Mapping[str, str] = field(default_factory=dict)


def is_address(text: str) -> bool:
    """Whether a ticket's requester can have this address."""
    return one_address(text) != ""


def as_mail(desk: Desk, submission: Submission) -> bytes:
    """Return the mail that says the same."""
    from mail.compose.submitted import SubmittedMail, render  # 11 ms, for mail that leaves

    headers = {}
    if submission.ip:
        headers["X-Originating-IP"] = submission.ip
    if submission.source:
        headers["X-Nightdesk-Source"] = submission.source
    if not submission.autorespond:
        headers["X-Auto-Response-Suppress"] = "All"
    mailbox = _mailbox(desk)
    return render(
        SubmittedMail(
            message_id=f"<{secrets.token_hex(16)}@submitted.invalid>",
            sender=Address(submission.name, submission.email),
            to=None if mailbox is None else Address(mailbox.name, mailbox.address),
            subject=submission.subject,
            text=_with_extras(submission),
            html=submission.html,
            date=now(),
            attachments=submission.attachments,
            headers=headers,
        )
    )


def submit(desk: Desk, submission: Submission) -> Outcome:
    """Take a submission in. Raises as `pipeline.take`."""
    topic_id = submission.topic_id
    if topic_id is not None and topic_id not in {topic.id for topic in topics.rules()}:
        extras = {**submission.extras, "topicId": str(topic_id)}
        submission, topic_id = replace(submission, extras=extras), None
    said, extras = _own_fields(submission.extras)
    mail = as_mail(desk, replace(submission, extras=extras))
    arrival = Arrival(mail, DOOR, topic_id=topic_id, priority=submission.priority, fields=tuple(said.items()))
    return pipeline.take(desk, [arrival])[0]


def _own_fields(extras: Mapping[str, str]) -> tuple[dict[int, FieldValue], dict[str, str]]:
    """Return what was said for fields of the desk's own, and all else, and what cannot stand in its field."""
    known = {each.name: each for each in definitions.fields("ticket") if each.active}
    said: dict[int, FieldValue] = {}
    left: dict[str, str] = {}
    for name, text in extras.items():
        field = known.get(definitions.name_of(name))
        try:
            value = None if field is None else values.read(field, text)
        except WrongUse:
            value = None
        if field is None or value is None:
            left[name] = text
        else:
            said[field.id] = value
    return said, left


def _mailbox(desk: Desk) -> Mailbox | None:
    """Return the address that answers: the default outgoing mailbox, else the oldest one."""
    return default_outgoing() or mailboxes.first()


def _with_extras(submission: Submission) -> str:
    if not submission.extras:
        return submission.text
    lines = [f"{one_line(name, 100)}: {clean(value).strip()}" for name, value in submission.extras.items()]
    if not submission.html:
        return submission.text.rstrip("\n") + "\n\n" + "\n".join(lines)

    return submission.text + "".join(f"<p>{escape(line)}</p>" for line in lines)
