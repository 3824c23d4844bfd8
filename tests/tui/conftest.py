"""A desk with tickets in it, and an app on it whose clock stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from config.paths import DeskPaths
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.permissions import Actor
from models.agents import Agent
from models.blobs import Blob
from models.contacts import Contact
from models.events import Event
from models.mailboxes import Mailbox
from models.messages import Attachment, Message
from models.opening import close_database
from models.tickets import Seen, Ticket, TicketTag
from models.transactions import transaction
from tui.app import NightdeskApp

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


@pytest.fixture
def empty_desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk that was just created, in UTC."""
    yield open_desk(DeskPaths(tmp_path / "desk"), Settings(), create=True)
    close_database()


@pytest.fixture
def actor(empty_desk: Desk) -> Actor:
    """Ana, who may do everything."""
    agent = Agent.create(
        login="ana", name="Ana Admin", email="ana@desk.example", role=1, department=1, created=NOW
    )
    return Actor(agent.id, "ana", "Ana Admin", "ana@desk.example", None, frozenset("*"))


@pytest.fixture
def desk(empty_desk: Desk, actor: Actor) -> Desk:
    """The desk of the frames: thirteen tickets, one of them with a thread."""
    with transaction():
        jo = Agent.create(login="jo", name="Jo Helper", email="jo@desk.example", role=1, created=NOW)
        box = Mailbox.create(
            address="support@corp.example",
            name="it-support",
            department=1,
            host="mail.corp.example",
            created=NOW,
            last_success=NOW - timedelta(minutes=2),
            last_fetched=3,
            smtp_host="mail.corp.example",
            outgoing_enabled=True,
        )
        owners = {"ana": actor.agent_id, "jo": jo.id, "": None}
        for line in LINES:
            _ticket(line, box, owners[line.owner], actor)
        _thread(box, actor, jo)
    return empty_desk


def _contact(line: Line) -> Contact:
    known = Contact.get_or_none(Contact.email == line.email)
    return known or Contact.create(email=line.email, name=line.name, created=NOW - timedelta(days=30))


def _ticket(line: Line, box: Mailbox, owner: int | None, actor: Actor) -> None:
    updated = NOW - timedelta(minutes=line.minutes)
    ticket = Ticket.create(
        number=str(line.number),
        subject=line.subject,
        status=line.status,
        priority=line.priority,
        department=1,
        sla=1,
        contact=_contact(line),
        assignee=owner,
        mailbox=box,
        created=updated,
        updated=updated,
        message_count=1,
        due=NOW + timedelta(minutes=48) if line.number == 1042 else None,
        overdue=line.number in (1022, 1009),
        closed=updated if line.status == "closed" else None,
    )
    for tag in line.tags:
        TicketTag.insert(ticket=ticket, name=tag).execute()
    if not line.unread:
        Seen.insert(agent=actor.agent_id, ticket=ticket, at=NOW).execute()
    if line.number != 1042:
        Message.create(
            ticket=ticket,
            kind="customer",
            sender_name=line.name,
            sender_email=line.email,
            recipients={"to": [["", "support@corp.example"]]},
            subject=line.subject,
            text=f"This is about: {line.subject}.\nPlease help.\n",
            created=updated,
            message_id=f"<{line.number}@corp.example>",
        )


def _thread(box: Mailbox, actor: Actor, jo: Agent) -> None:
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
    Event.create(ticket=ticket, at=tuesday, kind="created", detail={})
    Event.create(
        ticket=ticket, at=NOW - timedelta(minutes=47), kind="status", detail={"from": "waiting", "to": "open"}
    )


@pytest.fixture
def app(desk: Desk, actor: Actor) -> NightdeskApp:
    """The app on the desk of the frames, at 10:42."""
    made = NightdeskApp(desk, actor, now=lambda: NOW)
    made.host = "bastion1"
    return made


@pytest.fixture
def empty_app(empty_desk: Desk, actor: Actor) -> NightdeskApp:
    """The app on its first start."""
    made = NightdeskApp(empty_desk, actor, now=lambda: NOW)
    made.host = "bastion1"
    return made
