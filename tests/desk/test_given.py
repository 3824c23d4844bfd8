"""What a person types is kept whole, or refused with how much fits; what mail brings is cut, with a mark."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from desk import canned_answers, contacts, organizations, queues
from desk.custom_fields import definitions
from desk.custom_fields.values import LONGEST as LONGEST_VALUE
from desk.errors import WrongUse
from desk.filters import bans
from desk.given import LONGEST_LINE, LONGEST_NAME, LONGEST_NOTE, LONGEST_SUBJECT, LONGEST_TASK
from desk.home import Desk
from desk.permissions import Actor
from desk.recurring import definitions as recurring
from desk.replies.forward import forward, forward_form
from desk.replies.new_ticket import new_ticket
from desk.replies.reply import send_reply
from desk.staff import agents, api_keys, departments, teams, topics
from desk.tickets import detail, fields, splitting, time_spent
from tests.support.mails import Door, mail
from tests.support.rows import every_row
from tests.support.workbench import make_mailbox

TOM = "tom@corp.example"
_numbers = count(1)


class Scene:
    """A desk with a ticket of Tom's, and an agent."""

    def __init__(self, desk: Desk, ana: Actor) -> None:
        make_mailbox(desk, sends=True)
        definitions.add_field(ana, "room")
        self.desk, self.ana = desk, ana
        self.number = self.ticket("Printer")

    def contact(self, **values: str) -> contacts.ContactLine:
        return contacts.edit_contact(self.ana, TOM, **values)  # type: ignore[arg-type]

    def room(self, text: str) -> str | None:
        fields.set_fields(self.ana, [self.number], {"room": text})
        return detail.show(self.number).fields[0][1]

    def ticket(self, subject: str) -> str:
        opened = new_ticket(
            self.desk, self.ana, mailbox=None, requester=TOM, subject=subject, body="x", send=False
        )
        return opened.number

    def opened(self, text: str) -> str:
        return detail.show(self.ticket(text)).subject

    def split(self, text: str) -> str:
        number = self.ticket("Printer")
        send_reply(self.desk, self.ana, number, "Yes.", subject=text)
        first = detail.show(number).messages[0].id
        return detail.show(splitting.split(self.ana, number, [first], text)).subject

    def worked(self, text: str) -> str:
        time_spent.add(self.ana, self.number, "5m", text)
        return detail.show(self.number).time_spent[-1].note

    def recurring(self, subject: str = "Patch day", tasks: tuple[str, ...] = ()) -> recurring.RecurringLine:
        return recurring.add(
            self.desk,
            self.ana,
            _name(),
            schedule="0 9 * * 1",
            subject=subject,
            requester=TOM,
            checklist=tasks,
        )


def _name() -> str:
    return f"thing {next(_numbers)}"


@pytest.fixture
def scene(desk: Desk, ana: Actor) -> Scene:
    return Scene(desk, ana)


_DEEDS: list[tuple[int, Callable[[Scene, str], str | None]]] = [
    (LONGEST_NAME, lambda s, text: organizations.add_organization(s.ana, text).name),
    (LONGEST_NOTE, lambda s, text: organizations.add_organization(s.ana, _name(), note=text).note),
    (LONGEST_LINE, lambda s, text: s.contact(name=text).name),
    (LONGEST_LINE, lambda s, text: s.contact(phone=text).phone),
    (LONGEST_NOTE, lambda s, text: s.contact(note=text).note),
    (LONGEST_VALUE, lambda s, text: s.room(text)),
    (LONGEST_LINE, lambda s, text: definitions.add_field(s.ana, _name(), hint=text).hint),
    (
        LONGEST_NAME,
        lambda s, text: definitions.add_field(s.ana, _name(), kind="choice", choices=[text]).choices[0],
    ),
    (LONGEST_LINE, lambda s, text: bans.ban(s.ana, f"{next(_numbers)}@spam.example", text).note),
    (998, lambda s, text: queues.add_queue(s.ana, ZoneInfo("UTC"), _name(), text).query),
    (LONGEST_NAME, lambda s, text: canned_answers.add(s.ana, _name(), "Yes.", folder=text).folder),
    (LONGEST_SUBJECT, lambda s, text: s.opened(text)),
    (LONGEST_SUBJECT, lambda s, text: s.split(text)),
    (LONGEST_TASK, lambda s, text: s.worked(text)),
    (500, lambda s, text: s.recurring(subject=text).subject),
    (LONGEST_TASK, lambda s, text: s.recurring(tasks=(text,)).checklist[0]),
    (LONGEST_TASK, lambda s, text: topics.add_topic(s.ana, _name(), checklist=[text]).checklist[0]),
    (
        LONGEST_NAME,
        lambda s, text: api_keys.create(s.ana, addresses=["127.0.0.1"], scopes=["read"], name=text)[0].name,
    ),
    (2_000, lambda s, text: agents.set_own_signature(s.ana, text).signature),
    (LONGEST_NOTE, lambda s, text: departments.add_department(s.ana, _name(), signature=text).signature),
    (LONGEST_NOTE, lambda s, text: teams.add_team(s.ana, _name(), notes=text).notes),
]


@every_row(("longest", "deed"), _DEEDS)
def test_what_is_typed_is_kept_whole_or_refused(
    scene: Scene, longest: int, deed: Callable[[Scene, str], str | None]
) -> None:
    assert deed(scene, "x" * longest) == "x" * longest
    with pytest.raises(WrongUse, match="too long") as refused:
        deed(scene, "y" * (longest + 1))
    assert refused.value.hint == f"at most {longest}"


def test_a_mail_with_a_long_subject_is_cut_with_a_mark_and_can_be_forwarded(desk: Desk, ana: Actor) -> None:
    make_mailbox(desk, sends=True)
    number = Door(desk).take(mail("Hello", subject="x" * 5_000)).ticket_number
    assert number is not None
    assert detail.show(number).subject == "x" * (LONGEST_SUBJECT - 1) + "…"
    subject = forward_form(ana, number).subject
    assert subject.endswith("x…")
    forward(desk, ana, number, "See below.", to=[TOM], subject=subject)
