"""What a file of rules would do with stored mail is what it does with the same mail once it is taken in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from config.clock import now
from desk import customizing, settings
from desk.alerts import recipients
from desk.alerts.notifications import notify
from desk.alerts.recipients import Part as MailsOf
from desk.errors import DeskError, NotAllowed
from desk.filters import filters
from desk.home import Desk
from desk.intake import shared_trial
from desk.operations import rule_file
from desk.operations.rule_trial import Difference, RuleTrial, trial_of_file
from desk.staff import topics
from mail.mime.message import parse
from models import blobs
from models.fields import utc_time
from tests.support.mails import BOB, EVE, SALES, SUPPORT, Door, mail, rows, value, write
from tests.support.workbench import ADMIN, make_agent

FILE = """
[[sla]]
name = "Fast"
hours = 1

[[sla]]
name = "Standard"
hours = 12

[[department]]
name = "Network"
sla = "Fast"

[[department]]
name = "Sales"
sla = "Fast"

[[topic]]
name = "VPN"
department = "Network"
priority = "high"

[[topic]]
name = "Invoices"
sla = "Fast"

[[status]]
name = "On hold"
state = "waiting"

[[filter]]
name = "VPN"
if = "subject:vpn"
then = ["topic:VPN", "tag:vpn", "status:On hold"]

[[filter]]
name = "Offers"
if = "from:eve@elsewhere.test subject:offer"
then = ["reject"]

[[filter]]
name = "Money"
if = "subject:invoice"
then = ["topic:Invoices", "priority:low", "department:Sales"]

[[filter]]
name = "Old"
if = "subject:printer"
then = ["tag:printer"]
active = false

[[ban]]
pattern = "bob@corp.test"

[[template]]
name = "acknowledgement de department Network"
body = "Das Netz antwortet auf {{ ticket.number }}."
"""
MAILS = {
    "plain": {"subject": "Printer"},
    "topic": {"subject": "vpn is slow"},
    "both": {"subject": "vpn and invoice", "to": SALES},
    "rejected": {"subject": "offer of the day", "sender": EVE},
    "banned": {"subject": "hello", "sender": BOB},
    "money": {"subject": "Invoice 7", "to": "Sales <SALES@example.test>"},
    "tagged": {"subject": "hello", "to": "support+vpn@example.test"},
    "nobody": {"subject": "hello", "to": "unknown@elsewhere.test"},
    "copied": {"subject": "hello", "cc": SALES},
}


@pytest.fixture
def door(desk: Desk) -> Door:
    door = Door(desk)
    door.mailbox(SUPPORT)
    door.mailbox(SALES, department="Sales")
    filters.add(ADMIN, "Old", on="new", condition="subject:printer", then=["tag:printer", "priority:urgent"])
    return door


def trial(desk: Desk, text: str) -> tuple[RuleTrial, list[Difference]]:
    tried = trial_of_file(desk, ADMIN, rule_file.read(text))
    return tried, list(tried.differences(now() - timedelta(days=1)))


def tickets() -> dict[str, tuple[object, ...]]:
    """What became of each mail's ticket, by its number."""
    found = rows(
        "SELECT t.number, d.name, o.name, s.name, t.priority FROM ticket t"
        " JOIN department d ON d.id = t.department_id LEFT JOIN topic o ON o.id = t.topic_id"
        " LEFT JOIN sla s ON s.id = t.sla_id"
    )
    return {number: tuple(rest) for number, *rest in found}


def everything() -> list[object]:
    tables = (
        "ticket",
        "filter",
        "department",
        "sla",
        "topic",
        "ban",
        "template",
        "event",
        "notice",
        "delivery",
    )
    return [rows(f"SELECT * FROM {table}") for table in (*tables, "named_status", "setting", "log_entry")]


def test_what_would_be_is_what_then_is(desk: Desk, door: Door) -> None:
    numbers = {name: door.take(mail(**given)).ticket_number for name, given in MAILS.items()}  # type: ignore[arg-type]
    before = everything()
    tried, found = trial(desk, FILE)
    assert everything() == before
    assert tried.asked == len(MAILS)
    by_number = {each.ticket: each for each in found}
    was = tickets()
    rule_file.take_in(desk, ADMIN, rule_file.read(FILE))
    priorities = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
    for name, given in MAILS.items():
        outcome = door.take(mail(**given))  # type: ignore[arg-type]
        number, difference = numbers[name], by_number.get(numbers[name])
        assert number is not None
        if name in ("rejected", "banned"):
            assert outcome.verdict == "rejected"
            assert difference is not None
            assert difference.after.banned == ("bob@corp.test" if name == "banned" else "")
            assert difference.after.decision.rejected_by == ("" if name == "banned" else "Offers")
            continue
        now_is = tickets()[str(outcome.ticket_number)]
        if difference is None:
            assert now_is == was[number], name
            continue
        said = [
            (each.department, each.topic, each.sla, priorities[each.priority or ""])
            for each in (difference.before, difference.after)
        ]
        assert said == [was[number], now_is], name


def test_processes_find_what_one_finds(desk: Desk, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a tried file that has all that another process has to be told."""
    for given in MAILS.values():
        door.take(mail(**given))  # type: ignore[arg-type]
    alone, found_alone = trial(desk, FILE)
    assert len(found_alone) > 5
    monkeypatch.setattr(shared_trial, "MUCH", 0)
    look = RuleTrial.look
    monkeypatch.setattr(RuleTrial, "look", None)  # where it is not looked here
    together, found = trial(desk, FILE)
    monkeypatch.setattr(RuleTrial, "look", look)
    one, two = (
        [(each.receipt_id, each.before.outcome, each.after.outcome) for each in some]
        for some in (found_alone, found)
    )
    assert one == two
    assert alone.asked == together.asked == len(MAILS)


def test_a_changed_promise_is_told_by_when_it_ends(desk: Desk, door: Door) -> None:
    door.take(mail())
    [difference] = trial(desk, '[[sla]]\nname = "Standard"\nhours = 1\n')[1]
    before, after = difference.before.first_answer_due, difference.after.first_answer_due
    assert before is not None
    assert after is not None
    assert before - after > timedelta(hours=1)


PROMISES = """
[[sla]]
name = "Standard"
hours = 10
resolve = 40
priorities = ["urgent first=1h next=2h resolve=4h", "low first=30h"]

[[filter]]
name = "Down"
if = "subject:down"
then = ["priority:urgent"]

[[filter]]
name = "Again"
on = "reply"
if = "subject:worse"
then = ["priority:low"]
"""


def test_promises_by_priority_are_told_as_they_then_are(desk: Desk, door: Door) -> None:
    filters.edit(ADMIN, "Old", active=False)
    subjects = ("down again", "hello")
    numbers = [door.take(mail(subject=each, message_id=f"<{each[:4]}@x>")).ticket_number for each in subjects]
    sent = door.sent(1, "ana@corp.test")
    write("UPDATE ticket SET last_answer = created, response_from = NULL WHERE id = 1")
    door.take(mail(subject="worse", answers=sent))
    found = {each.receipt_id: each for each in trial(desk, PROMISES)[1]}
    assert [each.ticket for each in found.values()] == [numbers[0], numbers[1], numbers[0]]
    rule_file.take_in(desk, ADMIN, rule_file.read(PROMISES))
    first, plain, later = found.values()
    for told, subject in ((first, "down again"), (plain, "hello")):
        number = door.take(mail(subject=subject)).ticket_number
        (made,) = rows("SELECT created, response_due, resolve_due FROM ticket WHERE number = ?", str(number))
        (came,) = rows("SELECT created FROM ticket WHERE number = ?", str(told.ticket))[0]
        for due, was in ((told.after.first_answer_due, made[1]), (told.after.resolve_due, made[2])):
            assert due is not None
            assert abs((due - utc_time(came)) - (utc_time(was) - utc_time(made[0]))) < timedelta(seconds=5)
    assert later.after.priority is None
    assert later.after.next_answer_due is not None
    assert later.before.next_answer_due is not None
    assert later.after.next_answer_due - later.before.next_answer_due > timedelta(hours=10)


def test_another_text_is_told_as_its_reader_would_get_it(desk: Desk, door: Door) -> None:
    """Of a text that is changed in one language those see nothing who are written to in another."""
    door.take(mail())
    door.take(mail(to=SALES), mailbox=SALES)
    german = "Guten Tag, ich habe die Rechnung und sie ist nicht für mich, bitte sehen Sie das an."
    door.take(mail(german, to=SALES), mailbox=SALES)
    door.take(mail(to=SALES, headers={"Auto-Submitted": "auto-generated"}), mailbox=SALES)
    mute = "mute@example.test"
    door.mailbox(mute, department="Sales", outgoing_enabled=False)
    door.take(mail(to=mute), mailbox=mute)
    text = '[[template]]\nname = "acknowledgement %s department Sales"\nbody = "{{ requester.name }}: %s"\n'
    told = {
        language: {
            each.ticket: each.after.automatic_answer for each in trial(desk, text % (language, "Aha."))[1]
        }
        for language in ("de", "fr", "en")
    }
    assert told == {"de": {"3": "Ana: Aha.\n"}, "fr": {}, "en": dict.fromkeys("23", "Ana: Aha.\n")}
    tried, untold = trial(desk, '[[template]]\nname = "overdue en"\nbody = "{{ ticket.number }} is late."\n')
    assert (untold, tried.not_compared, tried.not_told) == ([], ["overdue"], [])
    noted = '[[notification]]\nname = "noted"\nwhom = "department"\n'
    late = '[[notification]]\nname = "new_ticket queue Unanswered"\nwhom = "admins"\n'
    tried, untold = trial(desk, noted + late)
    assert (untold, tried.not_told) == ([], ["new_ticket queue Unanswered", "noted"])


def text_of(name: str, body: str) -> Callable[[], object]:
    return lambda: customizing.set_text(ADMIN, name, f"{body}\n", "en")


def test_what_agents_would_read_is_what_they_read_then(desk: Desk, door: Door) -> None:
    """Each mail is tried, then the change holds before its notice is told: to whom, and in which words."""
    make_agent("kim")
    make_agent("eve")
    make_agent("max", ["ticket.read"])
    settings.set(ADMIN, "notify.new_ticket", "agent:kim")
    settings.set(ADMIN, "notify.customer_wrote", "agent:kim")
    settings.set(ADMIN, "notify.limit_hour", "1000")
    topics.add_topic(ADMIN, "Calls")
    settings.set(ADMIN, "tickets.default_topic", "Calls")
    steps: list[tuple[str, Callable[[], object], str]] = [
        ("new_ticket: agent:kim", text_of("new_ticket", "{{ requester.name }} is new."), SUPPORT),
        ("new_ticket: agent:kim", text_of("about_ticket", "{{ ticket.department }}!"), SALES),
        (
            "new_ticket: agent:kim, agent:max",
            lambda: recipients.add_recipients(ADMIN, "new_ticket", "agent:max", MailsOf(department="Sales")),
            SALES,
        ),
        ("new_ticket: agent:kim", lambda: settings.set(ADMIN, "mail.signed_addresses", "on"), SUPPORT),
        (
            "new_ticket: agent:kim; assigned: assignee",
            lambda: topics.edit_topic(ADMIN, "Calls", assigned_to="eve"),
            SUPPORT,
        ),
        ("new_ticket: agent:kim", lambda: topics.edit_topic(ADMIN, "Calls", assigned_to="kim"), SUPPORT),
        ("customer_wrote: agent:kim", text_of("customer_wrote", "{{ ticket.subject }}, again."), SUPPORT),
    ]
    for place, (told, change, to) in enumerate(steps):
        answers = None if "wrote" not in told else "<mail0@corp.test>"
        raw = mail(f"It is down, {place}.", message_id=f"<mail{place}@corp.test>", to=to, answers=answers)
        receipt_id = door.take(raw, mailbox=to).receipt_id
        tried = {each.receipt_id: each for each in changed(desk, change)}
        found = tried[receipt_id]
        assert found.after.told == told
        assert found.before.read_by_agents
        given = found.before.assigned_to != found.after.assigned_to
        assert given or found.before.outcome[:-2] == found.after.outcome[:-2]
        known = value("SELECT max(id) FROM delivery")
        change()
        if given:
            door.take(raw.replace(b"<mail", b"<again"), mailbox=to)
            write("UPDATE notice SET told = at WHERE ticket_id < (SELECT max(ticket_id) FROM notice)")
        notify(desk, now())
        letters = rows("SELECT blob_id FROM delivery WHERE kind = 'alert' AND id > ? ORDER BY id", known)
        read = {" ".join(words_of(parse(blobs.read(blob)).text)) for (blob,) in letters}
        assert {each for each in read if each not in " ".join(words_of(found.after.read_by_agents))} == set()
        assert len(read) == len(told.split(";"))


def test_another_look_of_numbers_is_told_of_the_mail_that_would_have_them(desk: Desk, door: Door) -> None:
    topics.add_topic(ADMIN, "VPN")
    filters.add(ADMIN, "VPN", on="new", condition="subject:vpn", then=["topic:VPN"])
    door.take(mail(subject="vpn"))
    door.take(mail(subject="Other"))
    found = changed(desk, lambda: topics.edit_topic(ADMIN, "VPN", number_format="VPN-#"))
    assert [(each.ticket, each.before.number_format, each.after.number_format) for each in found] == [
        ("1", "#", "VPN-#")
    ]


def words_of(text: str) -> list[str]:
    return ["N" if word.isdecimal() else word for each in text.split() if (word := each.strip("`*#"))]


def changed(desk: Desk, change: Callable[[], object]) -> list[Difference]:
    return list(RuleTrial(desk, ADMIN, change).differences(now() - timedelta(days=1)))


@pytest.mark.parametrize(
    "broken",
    [
        '[[filter]]\nname = "X"\nif = "subject:~(["\nthen = ["close"]\n',
        '[[template]]\nname = "acknowledgement en"\nbody = "{{ nothing.there }}"\n',
        '[[template]]\nname = "acknowledgement en planet Mars"\nbody = "x"\n',
        '[[template]]\nname = "acknowledgement"\nbody = "x"\n',
        '[[filter]]\nname = "X"\nif = "subject:x"\nthen = ["status:Nowhere"]\n',
    ],
)
def test_a_file_that_cannot_be_taken_in_is_not_tried(desk: Desk, door: Door, broken: str) -> None:
    before = everything()
    with pytest.raises(DeskError):
        trial(desk, broken)
    assert everything() == before


def test_only_who_may_change_rules_tries_them(desk: Desk, door: Door) -> None:
    with pytest.raises(NotAllowed):
        trial_of_file(desk, make_agent("kim", ["ticket.reply"]), {})


def test_a_desk_written_and_read_again_is_the_same(desk: Desk, door: Door) -> None:
    rule_file.take_in(desk, ADMIN, rule_file.read(FILE))
    text = rule_file.written(ADMIN)
    assert "acknowledgement de department Network" in text
    again = rule_file.take_in(desk, ADMIN, rule_file.read(text))
    assert {step.outcome for step in again} == {"unchanged"}
    assert not trial(desk, text)[1]
