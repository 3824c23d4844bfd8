"""A desk that lives at random: mail, answers, merges, splits, people, work; for what holds always."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.message import EmailMessage

from config.clock import now
from desk import organizations, statuses
from desk.contacts import edit_contact, merge_contacts
from desk.custom_fields.definitions import add_field
from desk.errors import DeskError
from desk.home import Desk
from desk.outbox import dispatch
from desk.permissions import Actor
from desk.replies.forward import forward
from desk.replies.reply import add_note, edit_note, send_reply
from desk.staff import departments, slas, teams, topics
from desk.tickets import changes, fields, links, merging, people, snoozing, splitting, tasks, time_spent, undo
from models.deliveries import DeliveryState
from tests.support.mails import SALES, SUPPORT, Door, rows
from tests.support.workbench import make_agent

PEOPLE = (
    "Tina Zugvogel <tina.zugvogel@corp.test>",
    "Bob <bob@corp.test>",
    "Eve <eve@elsewhere.test>",
    "Noor <noor@far.test>",
)
OTHERS = PEOPLE[1:]
HERS = "quetzal"
"""A word of the first of them alone, in all that she writes."""

UNTRUE_FIELDS = (
    "SELECT f.ticket_id FROM ticket_field f JOIN ticket t ON t.id = f.ticket_id"
    " WHERE f.open <> CASE WHEN t.status = 'closed' THEN 0 ELSE 1 END"
)
"""Values that do not know whether their ticket is open: lists in their order would leave it out."""


class Life:
    """Deeds of customers and agents; each knows what there is by asking the database."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.dice = random.Random(seed)
        self.door = Door(desk)
        self._letters = 0
        self.kim, self.lee = make_agent("kim"), make_agent("lee")
        self.door.mailbox(SUPPORT)
        self.door.mailbox(SALES, department="Sales")
        departments.add_department(self.kim, "Networks", parent="Sales")
        slas.add_sla(self.kim, "Gold", 4, next=8, resolve=72)
        teams.add_team(self.kim, "Night", members=["kim", "lee"], lead="lee")
        statuses.add_status(self.kim, "On hold", state="waiting")
        topics.add_topic(self.kim, "VPN", department="Networks", checklist=["look", "mend"])
        topics.add_topic(self.kim, "Tokens", parent="VPN", assigned_to="team:Night", status="On hold")
        topics.add_topic(self.kim, "Certificates", parent="Tokens", assigned_to="lee")
        organizations.add_organization(self.kim, "Corp", ["corp.test"], note="They pay.")
        add_field(self.kim, "serial")
        add_field(self.kim, "rooms", kind="number", topics=["VPN"])
        add_field(self.kim, "engineer", kind="agent")
        add_field(self.kim, "owner", kind="contact")
        add_field(self.kim, "floor", of="contact")

    DEEDS: tuple[str, ...] = (
        *("new", "new", "answers", "answers", "reply", "reply", "note", "edit_note", "forward"),
        *("tag", "assign", "team", "status", "close", "reopen", "priority", "transfer", "sla", "topic"),
        *("fields", "collaborators", "requester", "tasks", "tick", "time", "snooze", "merge", "unmerge"),
        *("split", "link", "contact", "merge_contact", "undo", "send"),
    )

    def live(self, deeds: Sequence[str]) -> None:
        """Do one after the other; what a rule of the desk forbids does not happen."""
        for each in deeds:
            deed: Callable[[], object] = getattr(self, f"_{each}")
            try:
                deed()
            except DeskError:
                continue
        assert rows(UNTRUE_FIELDS) == []

    @property
    def actor(self) -> Actor:
        """One of the agents."""
        return self.dice.choice((self.kim, self.lee))

    def number(self) -> str:
        """A ticket that is not merged."""
        found = rows("SELECT number FROM ticket WHERE merged_into_id IS NULL ORDER BY id")
        if not found:
            self._new()
            return self.number()
        return str(self.dice.choice(found)[0])

    def letter(self, sender: str, answers: str = "", **more: str) -> bytes:
        """A mail with a file, sometimes a large one."""
        self._letters += 1
        made = EmailMessage()
        made["From"], made["To"] = sender, more.pop("to", SUPPORT)
        made["Subject"] = more.pop("subject", f"Matter {self._letters} of {sender.partition(' ')[0]}")
        made["Message-ID"] = f"<{self._letters}.{self.dice.random()}@corp.test>"
        if answers:
            made["In-Reply-To"] = answers
        for name, value in more.items():
            made[name] = value
        bird = HERS if sender == PEOPLE[0] else "flamingo"
        made.set_content(f"My {bird} {self._letters} burns.\n\n-- \n{sender}\n")
        if self.dice.random() < 0.5:
            data = self.dice.randbytes(self.dice.choice((1, 500, 90_000)))
            made.add_attachment(data, maintype="application", subtype="x-data", filename="räder.bin")
        return made.as_bytes()

    def _new(self) -> None:
        mailbox = self.dice.choice((SUPPORT, SALES))
        more = {"Cc": self.dice.choice(OTHERS)} if self.dice.random() < 0.3 else {}
        self.door.take(self.letter(self.dice.choice(PEOPLE), to=mailbox, **more), mailbox=mailbox)

    def _answers(self) -> None:
        known = rows("SELECT message_id FROM message WHERE message_id IS NOT NULL ORDER BY id")
        answers = str(self.dice.choice(known)[0]) if known else ""
        raw = self.letter(self.dice.choice(PEOPLE), answers)
        self.door.take(raw)
        if self.dice.random() < 0.2:
            self.door.take(raw, mailbox=SALES)

    def _reply(self) -> None:
        send_reply(self.desk, self.actor, self.number(), f"Hello,\n\nyour **bird** {self.dice.random()}.")

    def _note(self) -> None:
        add_note(self.actor, self.number(), f"Tina Zugvogel rang {self.dice.random()}.")

    def _edit_note(self) -> None:
        notes = rows(
            "SELECT m.id, t.number FROM message m JOIN ticket t ON t.id = m.ticket_id"
            " WHERE m.kind = 'note' AND m.blob_id IS NULL ORDER BY m.id"
        )
        if notes:
            message_id, number = self.dice.choice(notes)
            edit_note(self.kim, str(number), int(message_id), f"Tina Zugvogel wrote {self.dice.random()}.")

    def _forward(self) -> None:
        number = self.number()
        to = [("Noor", "noor@far.test")]
        forward(
            self.desk, self.actor, number, "See tina.zugvogel@corp.test below.", to=to, subject="Fwd: bird"
        )

    def _tag(self) -> None:
        changes.add_tags(self.actor, [self.number()], [self.dice.choice(("vpn", "bird", "x"))])

    def _assign(self) -> None:
        changes.assign(self.actor, [self.number()], self.dice.choice(("kim", "lee", None)))

    def _team(self) -> None:
        changes.assign_team(self.actor, [self.number()], "Night")

    def _status(self) -> None:
        changes.set_status(self.actor, [self.number()], self.dice.choice(("open", "waiting", "On hold")))

    def _close(self) -> None:
        changes.close(self.actor, [self.number()], leave_tasks=True)

    def _reopen(self) -> None:
        changes.reopen(self.actor, [self.number()])

    def _priority(self) -> None:
        changes.set_priority(self.actor, [self.number()], self.dice.randint(1, 4))

    def _transfer(self) -> None:
        changes.transfer(self.actor, [self.number()], self.dice.choice(("Support", "Sales", "Networks")))

    def _sla(self) -> None:
        changes.set_sla(self.actor, [self.number()], self.dice.choice(("Gold", "Standard")))

    def _topic(self) -> None:
        named = self.dice.choice(("VPN", "Tokens", "Certificates"))
        changes.set_topic(self.actor, [self.number()], named)

    def _fields(self) -> None:
        some = {"serial": "Z-4711", "rooms": "7.5", "engineer": "lee", "owner": "bob@corp.test"}
        name = self.dice.choice(sorted(some))
        fields.set_fields(self.actor, [self.number()], {name: some[name]})

    def _collaborators(self) -> None:
        people.set_collaborators(self.actor, [self.number()], [self.dice.choice(PEOPLE)])

    def _requester(self) -> None:
        people.set_requester(self.actor, [self.number()], self.dice.choice(PEOPLE))

    def _tasks(self) -> None:
        tasks.add(
            self.actor,
            self.number(),
            "ring tina.zugvogel@corp.test",
            UTC,
            assignee=self.dice.choice(("kim", "lee")),
        )

    def _tick(self) -> None:
        tasks.tick(self.actor, self.number(), 1)

    def _time(self) -> None:
        time_spent.add(self.actor, self.number(), "5m", "with Tina Zugvogel")

    def _snooze(self) -> None:
        snoozing.snooze(self.actor, [self.number()], "3d", UTC)

    def _merge(self) -> None:
        merging.merge(self.actor, [self.number()], self.number())

    def _unmerge(self) -> None:
        merged = rows("SELECT number FROM ticket WHERE merged_into_id IS NOT NULL ORDER BY id")
        if merged:
            merging.unmerge(self.actor, str(self.dice.choice(merged)[0]))

    def _split(self) -> None:
        number = self.number()
        ids = rows(
            "SELECT m.id FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE t.number = ? ORDER BY m.id",
            number,
        )
        if len(ids) > 1:
            splitting.split(self.actor, number, [int(self.dice.choice(ids)[0])])

    def _link(self) -> None:
        links.link(self.actor, self.number(), self.dice.choice(("blocks", "relates")), self.number())

    def _contact(self) -> None:
        address = self.dice.choice(PEOPLE).partition("<")[2].rstrip(">")
        edit_contact(self.kim, address, phone="+49 30 1234567", note="Likes birds.", fields={"floor": "3"})

    def _merge_contact(self) -> None:
        merge_contacts(self.kim, "noor@far.test", "eve@elsewhere.test")

    def _undo(self) -> None:
        undo.undo_last(self.actor)

    def _send(self) -> None:
        """Have what waits leave, well or not."""
        for mail in dispatch.claim("sender", now().replace(year=now().year + 1), 20):
            outcome = (
                _Outcome("sent", 250, "ok") if self.dice.random() < 0.7 else _Outcome("failed", 550, "no")
            )
            dispatch.record(mail.delivery_id, dict.fromkeys(mail.recipients, outcome))


@dataclass(frozen=True)
class _Outcome:
    """What a server says of a recipient."""

    state: DeliveryState
    code: int
    words: str
