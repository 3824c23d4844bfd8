"""One ticket in one state, and all that its rows say, apart from the door that something came through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk.home import Desk
from desk.permissions import Actor
from desk.tickets import detail
from models import settings as setting_rows
from models.transactions import transaction
from tests.support.mails import SUPPORT, Door, mail, rows, write
from tests.support.program import Program
from tests.support.workbench import make_agent, make_desk

AUTHSERV = "mx.example.test"
CUSTOMER_ID = "<question@corp.test>"
SUBJECT = "Re: [#1] Printer"
CAME = datetime.now(UTC)
"""When customers wrote, in every scene of a run: quotes say the minute, and scenes are compared."""


class Scene:
    """Ana asked with Bob in copy; Kim and Jo are agents, both have read it; the desk answered once."""

    def __init__(self, folder: Path) -> None:
        self.desk: Desk = make_desk(folder)
        self.door = Door(self.desk)
        self.kim: Actor = make_agent("kim")
        self.jo: Actor = make_agent("jo")
        self.door.take(mail(cc="Bob <bob@corp.test>", message_id=CUSTOMER_ID), quiet=True, internaldate=CAME)
        self.sent_id = self.door.sent(1, "ana@corp.test")
        for agent in (self.kim, self.jo):
            detail.mark_seen(agent, "1")
        with transaction():
            setting_rows.store("mail.authserv_ids", AUTHSERV)

    @property
    def program(self) -> Program:
        """`nightdesk` on this desk."""
        return Program(self.desk.paths.home)

    def state(self, **columns: Any) -> Scene:
        """Put the ticket into a state."""
        for name, value in columns.items():
            write(f"UPDATE ticket SET {name} = ? WHERE id = 1", value)
        return self

    def from_agent(self, text: str, **headers: str) -> bytes:
        """A mail of Kim's, which Kim's server vouches for."""
        proof = f"{AUTHSERV}; dkim=pass header.d=staff.example; spf=pass smtp.mailfrom=staff.example"
        return mail(
            text,
            sender="Kim <kim@staff.example>",
            to=SUPPORT,
            subject=SUBJECT,
            answers=self.sent_id,
            headers={"Authentication-Results": proof, **headers},
        )

    def rows(self) -> dict[str, Any]:
        """What the database says of the ticket, without ids of the door and without the clock's digits."""
        return {
            "ticket": self._ticket(),
            "messages": rows(
                "SELECT m.kind, a.login, m.sender_name, m.unverified, m.machine, m.text FROM message m"
                " LEFT JOIN agent a ON a.id = m.agent_id ORDER BY m.id"
            ),
            "events": [(event.agent, event.kind, event.text) for event in detail.show("1").events],
            "deliveries": rows(
                "SELECT d.kind, d.subject, d.message_ref_id, r.address, r.state FROM delivery d"
                " JOIN recipient r ON r.delivery_id = d.id WHERE d.message_ref_id IS NOT NULL"
                " ORDER BY d.id, r.address"
            ),
            "seen": rows("SELECT a.login FROM seen s JOIN agent a ON a.id = s.agent_id ORDER BY 1"),
            "people": rows(
                "SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id ORDER BY 1"
            ),
        }

    def _ticket(self) -> dict[str, Any]:
        names = (
            "number, subject, status, priority, department_id, sla_id, contact_id, assignee_id, mailbox_id,"
            " overdue, message_count, attachment_count, due IS NULL, closed IS NULL, last_customer IS NULL,"
            " last_answer IS NULL, response_from IS NULL, resolve_from IS NULL, response_due IS NULL,"
            " resolve_due IS NULL, pauses IS NULL, paused, reminder IS NULL"
        )
        return dict(zip(names.split(", "), rows(f"SELECT {names} FROM ticket WHERE id = 1")[0], strict=False))


MakeScene = Callable[[str], Scene]
"""Makes the scene anew, under a name."""
