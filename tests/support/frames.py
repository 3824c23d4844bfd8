"""The desk of the frames: the tickets that snapshots of screens show, and the moment when they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from desk.permissions import Actor
from models.agents import Agent
from models.blobs import Blob
from models.events import Event
from models.mailboxes import Mailbox
from models.messages import Attachment, Message
from models.tickets import Seen, Ticket
from tests.support.workbench import make_ticket, note_waiting

NOW = datetime(2026, 3, 18, 10, 42, tzinfo=UTC)

LONG = "VPN drops every 30 min since the 9.2 upgrade"


@dataclass(frozen=True)
class Line:
    """A ticket of the frames: minutes since its last activity, and how it stands."""

    number: int
    minutes: int
    subject: str
    name: str
    email: str
    status: str = "open"
    priority: int = 2
    owner: str = ""
    unread: bool = False
    tags: tuple[str, ...] = ()


HOUR, DAY = 60, 1440
LINES = (
    Line(1042, 12, LONG, "Ana Prado", "ana@corp.example", priority=4, unread=True, tags=("p1", "vpn")),
    Line(
        1041,
        26,
        "Printer 3F-west: paper jam, queue stuck",
        "Jo Lindqvist",
        "jo.l@corp.example",
        "new",
        3,
        unread=True,
        tags=("printer",),
    ),
    Line(1039, HOUR, "New hire starts Monday - laptop + accounts", "HR Team", "hr@corp.example", owner="ana"),
    Line(
        1038,
        2 * HOUR,
        "Cannot open shared drive /srv/finance",
        "",
        "m.okafor@corp.example",
        "waiting",
        owner="ana",
    ),
    Line(1036, 3 * HOUR, "Request: install Inkscape", "T. Nguyen", "t.nguyen@corp.example", "new", 1),
    Line(1035, 3 * HOUR + 5, "Backup job failed on db02 (exit 23)", "", "cron@db02", priority=3, owner="ana"),
    Line(1031, 5 * HOUR, "Re: Re: Out of office loop with vendor", "", "billing@vendor.example", unread=True),
    Line(
        1027, DAY, "Mailbox quota 98% - raise limit?", "Ana Prado", "ana@corp.example", "waiting", owner="jo"
    ),
    Line(
        1022,
        DAY + 90,
        'Phishing report: "Your parcel is waiting"',
        "",
        "security@corp.example",
        priority=4,
        owner="jo",
    ),
    Line(1019, 2 * DAY, "Monitor flickers after docking", "Lee Park", "lee@corp.example"),
    Line(1012, 4 * DAY, "Desk phone has no dial tone", "", "reception@corp.example", "waiting", 1, "jo"),
    Line(1009, 4 * DAY + 60, "WiFi guest voucher for auditors (3 days)", "", "reception@corp.example"),
    Line(990, 9 * DAY, "Old laptop pickup", "Facilities", "facilities@corp.example", "closed"),
)

BODY = (
    "Hi,\nsince the client upgrade on Tuesday my tunnel drops every 30 minutes. Log attached.\n"
    "Nothing changed on my side. I am in the Lisbon office (wired).\n\n"
    "> 10:02 IKE rekey failed, peer not responding\n> 10:02 deleting half open IKE_SA after timeout\n"
)
QUOTED = "\nOn Tue 09:31, ana wrote:\n> Please upgrade the client to 9.2 and tell us.\n"


def add_ticket(line: Line, box: Mailbox, owner: int | None, actor: Actor) -> None:
    """Put a ticket of the frames into the desk; 1042 has a thread of its own."""
    updated = NOW - timedelta(minutes=line.minutes)
    ticket = make_ticket(
        line.subject,
        None if line.number == 1042 else f"This is about: {line.subject}.\nPlease help.\n",
        requester=line.email,
        name=line.name,
        mailbox=box,
        moment=updated,
        tags=line.tags,
        message={
            "recipients": {"to": [["", "support@corp.example"]]},
            "message_id": f"<{line.number}@corp.example>",
        },
        number=str(line.number),
        status=line.status,
        priority=line.priority,
        assignee=owner,
        message_count=1,
        last_customer=None,
        due=NOW + timedelta(minutes=48) if line.number == 1042 else None,
        overdue=line.number in (1022, 1009),
        closed=updated if line.status == "closed" else None,
    )
    if not line.unread:
        Seen.insert(agent=actor.agent_id, ticket=ticket, at=NOW).execute()


def add_thread(box: Mailbox, actor: Actor, jo: Agent) -> None:
    ticket = Ticket.get(Ticket.number == "1042")
    tuesday = datetime(2026, 3, 17, 9, 12, tzinfo=UTC)
    desk_address = {"to": [["", "support@corp.example"]]}
    ana = {"sender_name": "Ana Prado", "sender_email": "ana@corp.example"}
    Message.create(
        ticket=ticket,
        kind="customer",
        recipients=desk_address,
        subject=LONG,
        created=tuesday,
        text="Hello, the VPN asks for my password twice.\nSince this morning.\nAna\n",
        message_id="<1@c>",
        **ana,
    )
    Message.create(
        ticket=ticket,
        kind="reply",
        agent=actor.agent_id,
        sender_name="Ana Admin",
        sender_email="support@corp.example",
        recipients={"to": [["Ana Prado", "ana@corp.example"]]},
        subject=f"Re: {LONG}",
        created=tuesday + timedelta(minutes=19),
        text="Please upgrade the client to 9.2 and tell us.\nRegards\n",
        message_id="<2@desk>",
    )
    Message.create(
        ticket=ticket,
        kind="note",
        agent=jo,
        sender_name="Jo Helper",
        sender_email="jo@desk.example",
        text="9.2 is the version that broke Porto last week. See #987.",
        created=tuesday + timedelta(minutes=28),
    )
    blob = Blob.create(sha256=sha256(b"log\n").hexdigest(), size=4, codec="raw", data=b"log\n")
    last = Message.create(
        ticket=ticket,
        kind="customer",
        recipients=desk_address,
        subject=f"Re: {LONG}",
        text=BODY + QUOTED,
        folds=[[len(BODY), len(BODY + QUOTED)]],
        created=NOW - timedelta(minutes=12),
        message_id="<3@c>",
        **ana,
    )
    Attachment.create(
        message=last, name="charon.log", type="text/plain", size=18_000, sha256="0" * 64, blob=blob, part=""
    )
    Ticket.update(message_count=4, attachment_count=1).where(Ticket.id == ticket.id).execute()
    note_waiting(ticket)
    Event.create(ticket=ticket, at=tuesday, kind="created", detail={})
    Event.create(
        ticket=ticket, at=NOW - timedelta(minutes=47), kind="status", detail={"from": "waiting", "to": "open"}
    )
