"""Mail for a test's desk, taken in as if a door had brought it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import EmailMessage

from tests.support.program import Program

_TAKE = """
import json, struct, sys
from nightdesk.context import desk_open
from nightdesk.options import Options

def broken(*_):
    raise ArithmeticError(sys.argv[1])

with desk_open(Options()) as desk:
    from desk.tickets import lifecycle
    from desk.intake.arrivals import Arrival
    from desk.intake.pipeline import take
    from models.mailboxes import Mailbox
    mailbox = Mailbox.get_or_none()
    if sys.argv[1]:
        lifecycle.opened = broken
    source = sys.stdin.buffer
    arrivals = []
    while size := source.read(4):
        raw = source.read(struct.unpack("!I", size)[0])
        arrivals.append(Arrival(raw, "import", mailbox.id if mailbox else None))
    json.dump([[t.receipt_id, t.verdict, t.ticket_number] for t in take(desk, arrivals)], sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of one mail."""

    receipt: int
    verdict: str
    ticket: str | None


def add_mailbox(desk: Program, address: str = "support@desk.example", *more: str) -> None:
    """A mailbox that is never fetched, on a desk that acknowledges nothing."""
    for arguments in (
        ["mailbox", "add", address, "--host", "imap.desk.example", "--pass-cmd", "true", *more],
        ["settings", "set", "mail.acknowledge", "off"],
    ):
        done = desk(*arguments)
        assert done.status == 0, done.err


def take_in(desk: Program, mails: Iterable[bytes], fault: str = "") -> list[Arrived]:
    """Give mails to the desk's intake, in one batch; `fault`: what our code trips over at each new ticket."""
    given = b"".join(len(raw).to_bytes(4, "big") + raw for raw in mails)
    done = desk.python("-c", _TAKE, fault, stdin=given)
    assert done.status == 0, done.err
    return [Arrived(*item) for item in json.loads(done.out)]


def mail(
    subject: str = "The printer burns",
    text: str = "Smoke everywhere.\n",
    sender: str = "Ana Prado <ana@corp.example>",
    to: str = "support@desk.example",
    attachment: tuple[str, bytes] | None = None,
    **headers: str,
) -> bytes:
    """One mail of a customer; headers' names have _ for -."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"] = "Mon, 05 Jan 2026 08:00:00 +0000"
    made["Message-ID"] = f"<{abs(hash((subject, text, sender))):x}@corp.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    if attachment:
        made.add_attachment(attachment[1], maintype="text", subtype="plain", filename=attachment[0])
        made.set_boundary("=a-boundary=")
    return made.as_bytes()
