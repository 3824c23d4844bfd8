"""What other rules would do with stored mail is what they do with the same mail that comes again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from config.clock import now
from desk import canned_answers, customizing
from desk import settings as desk_settings
from desk.errors import DeskError
from desk.filters import bans, filters
from desk.home import Desk
from desk.intake import pipeline
from desk.intake.trial import Trial, do_to_open, lasting
from desk.intake.trial import apply_to_open as apply_filter
from desk.mailboxes import registry
from desk.mailboxes.stored import form_of
from desk.operations.automatic_answers import UNKNOWN
from desk.operations.rule_trial import Difference, RuleTrial, Treatment
from desk.staff import departments, slas, topics
from desk.templates.texts import parts_of
from desk.tickets import changes, undo
from mail.mime.message import parse
from models import blobs
from models.fields import utc_time
from models.tickets import PRIORITIES
from tests.support.mails import ANA, BOB, EVE, SALES, SUPPORT, Door, mail, rows, value
from tests.support.workbench import ADMIN, make_agent

FORM = "Shop <form@shop.test>"
GERMAN = "Guten Tag, ich habe die Rechnung und sie ist nicht von mir, bitte sehen Sie nach."
QUOTING = f"""{GERMAN}

On 3 May 2026, Help <unknown@elsewhere.test> wrote:
> Hello, and thank you for your mail: the printer is with us and has the paper that it needs,
> so you can have it from us this week. Please write to us if you do not hear of it, and it is
> with you the day that you want.
"""
"""German, but for what it quotes: of an address that one of the changes makes the desk's own."""
BODIES = {"Invoice": GERMAN, "quoted": QUOTING}
UNANSWERED = ("away", "meeting")
"""Subjects of mail that the rules would acknowledge, and that says itself that it is not to be."""
ANSWERS_INVITATION = (
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nI come.\r\n--b\r\n'
    "Content-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\n--b--"
)
OWN_TEXT = "We have it, and you hear of us."
Spec = tuple[str, str, str, int | None]
"""Who wrote it, to whom, its subject, and which of the mails before it answers."""


def edit_mailbox(desk: Desk, address: str, **columns: Any) -> object:
    form = form_of(registry.get(address))
    return registry.edit(desk, ADMIN, address, replace(form, **columns))


CHANGES: Mapping[str, Callable[[Desk], object]] = {
    "the usual SLA is shorter": lambda _: slas.edit_sla(ADMIN, "Standard", hours=1, resolve=4),
    "an SLA promises each further answer": lambda _: slas.edit_sla(ADMIN, "Standard", next=2),
    "a department has an SLA": lambda _: departments.edit_department(ADMIN, "Sales", sla="Fast"),
    "a department answers from elsewhere": lambda _: departments.edit_department(
        ADMIN, "Support", outgoing=SALES, autoresponse_from=SALES
    ),
    "a department acknowledges nothing": lambda _: departments.edit_department(
        ADMIN, "Support", autoresponse=False
    ),
    "a department is private": lambda _: departments.edit_department(ADMIN, "Sales", private=True),
    "a topic goes elsewhere": lambda _: topics.edit_topic(ADMIN, "VPN", department="Sales", priority="low"),
    "a topic is not acknowledged": lambda _: topics.edit_topic(ADMIN, "VPN", autoresponse=False, sla="Fast"),
    "a topic says whose it is": lambda _: topics.edit_topic(ADMIN, "VPN", assigned_to="kai", status="open"),
    "a topic says it is theirs who may not have it": lambda _: [
        topics.edit_topic(ADMIN, "VPN", assigned_to="sue"),
        desk_settings.set(ADMIN, "tickets.default_topic", "VPN"),
    ],
    "a mailbox is of a department": lambda desk: edit_mailbox(desk, SUPPORT, department="Sales"),
    "a mailbox has a topic": lambda desk: edit_mailbox(desk, SALES, topic="VPN", priority="urgent"),
    "a mailbox has another address": lambda desk: edit_mailbox(desk, SALES, aliases="unknown@elsewhere.test"),
    "a mailbox is not acknowledged": lambda desk: edit_mailbox(desk, SALES, autoresponse=False),
    "all mail has a topic": lambda _: desk_settings.set(ADMIN, "tickets.default_topic", "VPN"),
    "another SLA is usual": lambda _: desk_settings.set(ADMIN, "tickets.default_sla", "Fast"),
    "nothing is acknowledged": lambda _: desk_settings.set(ADMIN, "mail.acknowledge", "off"),
    "a form writes for others": lambda _: desk_settings.set(ADMIN, "mail.form_senders", "form@shop.test"),
    "a text is another": lambda _: customizing.set_text(ADMIN, "acknowledgement", f"{OWN_TEXT}\n", "en"),
    "a text has another subject": lambda _: customizing.set_text(
        ADMIN, "acknowledgement", "Subject: {{ ticket.subject }}, {{ ticket.priority }}\n\nIt came.\n", "en"
    ),
    "a text of a department greets": lambda _: customizing.set_text(
        ADMIN,
        "acknowledgement",
        "{{ requester.name }}: {{ message.text }}\n"
        "{{ ticket.department }}, {{ ticket.topic|default('none', true) }}\n",
        "de",
        customizing.Where(department="Sales"),
    ),
    "all are written to in German": lambda _: desk_settings.set(ADMIN, "texts.language", "de"),
    "nobody's language is asked": lambda _: desk_settings.set(ADMIN, "texts.by_customer", "off"),
    "what a filter answers is another": lambda _: canned_answers.edit(
        ADMIN, "Hello", body="{{ requester.name }}, {{ ticket.priority }}: {{ message.text }}"
    ),
    "what a filter answers has a place": lambda _: canned_answers.edit(ADMIN, "Hello", body="{{ cursor }} x"),
    "somebody is banned": lambda _: bans.ban(ADMIN, "eve@elsewhere.test", ""),
    "offers are rejected": lambda _: filters.add(
        ADMIN, "Offers", on="new", condition="subject:offer", then=["reject"]
    ),
    "Eve is heard": lambda _: filters.edit(ADMIN, "Not Eve", active=False),
    "answers are tagged": lambda _: filters.add(
        ADMIN, "Answers", on="reply", condition="vpn", then=["tag:again", "priority:high"]
    ),
    "a filter sorts": lambda _: filters.add(
        ADMIN, "Sort", on="new", condition="subject:vpn", then=["topic:VPN", "sla:Fast", "tag:vpn"]
    ),
    "Reply-To asks": lambda _: filters.add(
        ADMIN, "Shop", on="new", condition="from:form@shop.test", then=["reply-to", "no-autoresponse"]
    ),
    "a filter asks for a topic": lambda _: filters.add(
        ADMIN,
        "Of a topic",
        on="new",
        condition="topic:VPN OR topic:none to:@elsewhere.test",
        then=["priority:low"],
    ),
    "a filter answers": lambda _: filters.add(
        ADMIN, "Hello", on="new", condition="subject:hello", then=["canned:Hello"]
    ),
}
OF_LETTERS = {
    *("a text is another", "a text has another subject", "a text of a department greets"),
    *("all are written to in German", "nobody's language is asked", "nothing is acknowledged"),
    *("what a filter answers is another", "what a filter answers has a place", "a filter answers"),
    *("a department is private", "a department acknowledges nothing", "a mailbox is not acknowledged"),
}
"""Those that change what is sent for a mail, and nothing that its ticket has."""
REFUSED_TOGETHER = (
    {"a topic goes elsewhere", "a topic says it is theirs who may not have it"},
    {"a filter answers", "what a filter answers has a place"},
)
"""Those of which one is refused after the other; no other two or three contradict each other."""
SPECS = st.lists(
    st.tuples(
        st.sampled_from([ANA, BOB, EVE, FORM]),
        st.sampled_from([SUPPORT, SALES, "support+x@example.test", "unknown@elsewhere.test"]),
        st.sampled_from(["vpn is slow", "offer", "hello", "Invoice", "quoted", "away", "meeting"]),
        st.none() | st.integers(0, 5),
    ),
    min_size=1,
    max_size=7,
)
NAMES = st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=3, unique=True).filter(
    lambda names: not any(pair <= set(names) for pair in REFUSED_TOGETHER)
)


@pytest.fixture
def door(desk: Desk) -> Door:
    door = Door(desk)
    door.mailbox(SUPPORT)
    door.mailbox(SALES, department="Sales")
    slas.add_sla(ADMIN, "Fast", 3)
    topics.add_topic(ADMIN, "VPN")
    make_agent("kai")
    make_agent("sue", ["ticket.read", "ticket.reply"], department="Support")
    filters.add(ADMIN, "Not Eve", on="new", condition="from:eve@elsewhere.test subject:vpn", then=["reject"])
    canned_answers.add(ADMIN, "Hello", "Hello from us.")
    filters.add(ADMIN, "Greet", on="new", condition="subject:Invoice", then=["canned:Hello"])
    for key in ("mail.ack_limit_hour", "mail.ack_limit_domain_hour", "mail.ack_limit_desk_hour"):
        desk_settings.set(ADMIN, key, "1000")
    return door


def come(door: Door, specs: Sequence[Spec], run: str) -> list[tuple[int, dict[str, Any]]]:
    """Let mails come, each with an id of this run; returns their receipts, and what each became at once."""
    found = []
    for place, (sender, to, subject, answers) in enumerate(specs):
        answered = None if answers is None or answers >= place else f"<{run}{answers}@corp.test>"
        headers = {"Reply-To": "dave@home.test"} if sender == FORM else {}
        if subject == "away":
            headers["Auto-Submitted"] = "auto-replied"
        raw = mail(
            BODIES.get(subject, "My vpn has trouble."),
            sender=sender,
            to=to,
            subject=subject,
            message_id=f"<{run}{place}@corp.test>",
            answers=answered,
            headers=headers,
        )
        if subject == "meeting":
            raw = raw[: raw.index(b"Content-Type")] + ANSWERS_INVITATION.encode()
        sent = value("SELECT count(*) FROM delivery")
        receipt_id = door.take(raw).receipt_id
        told = became(receipt_id)
        if told["rejected"]:
            assert value("SELECT count(*) FROM delivery") == sent, "nobody is answered who was not let in"
        found.append((receipt_id, told))
    return found


def became(receipt_id: int) -> dict[str, Any]:
    """What became of a mail, in the words of a `Treatment`."""
    verdict, ticket_id, came = rows(
        "SELECT verdict, ticket_id, received FROM receipt WHERE id = ?", receipt_id
    )[0]
    if verdict == "rejected":
        return {"rejected": True, "from": None, "text": None}
    [asked] = [who for (who,) in rows("SELECT sender_email FROM message WHERE receipt_id = ?", receipt_id)]
    told: dict[str, Any] = {"rejected": False, "requester": asked}
    if verdict != "ticket":
        return told
    [(department, topic, sla, priority, owner, status, response, resolve)] = rows(
        "SELECT d.name, o.name, s.name, t.priority, a.login, t.status, t.response_due, t.resolve_due"
        " FROM ticket t LEFT JOIN agent a ON a.id = t.assignee_id"
        " JOIN department d ON d.id = t.department_id LEFT JOIN topic o ON o.id = t.topic_id"
        " LEFT JOIN sla s ON s.id = t.sla_id WHERE t.id = ?",
        ticket_id,
    )
    mailed = rows(
        "SELECT m.address, d.blob_id, t.number FROM delivery d JOIN ticket t ON t.id = d.ticket_id"
        " JOIN mailbox m ON m.id = d.mailbox_id"
        " WHERE d.ticket_id = ? AND d.kind = 'acknowledgement'",
        ticket_id,
    )
    return told | {
        "department": department,
        "topic": topic,
        "sla": sla,
        "priority": PRIORITIES[priority],
        "owner": owner,
        "begins": None if status == "new" else status,
        "first": _after(response, came),
        "resolve": _after(resolve, came),
        "from": mailed[0][0] if mailed else None,
        "text": _letter(*mailed[0][1:]) if mailed else None,
    }


def _letter(blob_id: int, number: str) -> list[str]:
    """The words of what answered it, whichever number its ticket has."""
    return _words(parse(blobs.read(blob_id)).text, number)


def _words(text: str, number: str) -> list[str]:
    return ["N" if word.strip("#*.,[]") == number else word.strip("*") for word in text.split()]


def said(treated: Treatment, receipt_id: int, like: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as it was foretold for a mail; ``like`` has the keys that are compared."""
    came = utc_time(value("SELECT received FROM receipt WHERE id = ?", receipt_id))
    numbers = rows(
        "SELECT number FROM ticket WHERE id = (SELECT ticket_id FROM receipt WHERE id = ?)", receipt_id
    )
    number = numbers[0][0] if numbers else UNKNOWN
    rejected = bool(treated.banned or treated.decision.rejected_by)
    told = {
        "rejected": rejected,
        "requester": treated.requester,
        "department": treated.department,
        "topic": treated.topic,
        "sla": treated.sla,
        "priority": treated.priority,
        "owner": treated.assigned_to,
        "begins": treated.begins_as,
        "first": _between(treated.first_answer_due, came),
        "resolve": _between(treated.resolve_due, came),
        "from": treated.acknowledged_from,
        "text": _words(parts_of(treated.automatic_answer)[1], number) if treated.automatic_answer else None,
    }
    return {key: told[key] for key in like}


def _after(due: str | None, came: str) -> int | None:
    return None if due is None else _between(utc_time(due), utc_time(came))


def _between(due: datetime | None, came: datetime) -> int | None:
    # The clocks begin with the transaction that takes the mail.
    return None if due is None else round((due - came).total_seconds() / 60)


def _is_of_another(found: Difference) -> bool:
    """Whether a mail would be rejected, or somebody else's: answers to it may belong elsewhere then."""
    rejected = [bool(each.banned or each.decision.rejected_by) for each in (found.before, found.after)]
    return rejected[0] != rejected[1] or found.before.requester != found.after.requester


def tried(desk: Desk, change: Callable[[Desk], object]) -> dict[int, Difference]:
    trial = RuleTrial(desk, ADMIN, lambda: change(desk))
    return {each.receipt_id: each for each in trial.differences(now() - timedelta(days=1))}


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(specs=[(ANA, SUPPORT, "vpn is slow", None)], names=["a topic says it is theirs who may not have it"])
@example(specs=[(ANA, SUPPORT, "quoted", None)], names=["a mailbox has another address"])
@example(specs=[(ANA, SUPPORT, each, None) for each in UNANSWERED], names=["a text is another"])
@given(specs=SPECS, names=NAMES)
def test_what_would_be_is_what_then_is(desk: Desk, door: Door, specs: list[Spec], names: list[str]) -> None:
    """Given any mail and any change of the rules: the answer is what a real second run gives."""

    def change(desk: Desk) -> None:
        for name in names:
            CHANGES[name](desk)

    with pipeline.rehearsal():
        first = come(door, specs, f"a{next(_runs)}-")
        stored = _tickets()
        found = tried(desk, change)
        assert _tickets() == stored, "a trial writes nothing"
        change(desk)
        again = come(door, specs, f"b{next(_runs)}-")
        elsewhere: set[int] = set()
        for place, ((receipt_id, before), (_, after)) in enumerate(zip(first, again, strict=True)):
            difference = found.get(receipt_id)
            answers = specs[place][3]
            answers = None if answers is None or answers >= place else answers
            if answers in elsewhere or (difference is not None and _is_of_another(difference)):
                elsewhere.add(place)
            if answers in elsewhere:
                continue  # to which ticket a mail belongs is taken as it was
            if difference is None:
                assert after == before
                continue
            for each in (before, after):
                if specs[place][2] in UNANSWERED:
                    assert each.pop("from", None) is None
            if difference.before.automatic_answer == difference.after.automatic_answer == "":
                assert before.pop("text", None) == after.pop("text", None), "an answer is told that differs"
            assert said(difference.before, receipt_id, before) == before
            assert said(difference.after, receipt_id, after) == after


_runs = itertools.count()


@pytest.mark.parametrize("name", sorted(CHANGES.keys() - OF_LETTERS))
def test_done_to_open_tickets_it_is_as_if_the_mail_came_again_and_is_undone_at_once(
    desk: Desk, door: Door, name: str
) -> None:
    agent = make_agent("kim")
    specs: list[Spec] = [
        (ANA, SUPPORT, "vpn is slow", None),
        (BOB, SALES, "offer", None),
        (EVE, SUPPORT, "hello", None),
        (FORM, SUPPORT, "Invoice", None),
    ]
    first = come(door, specs, "a")
    changes.close(ADMIN, [str(len(specs))])
    state = _tickets()
    trial = RuleTrial(desk, agent, lambda: CHANGES[name](desk))
    found = list(trial.differences(now() - timedelta(days=1)))
    CHANGES[name](desk)
    numbers = do_to_open(desk, agent, [(each.ticket, each.to_do) for each in found if each.is_let_in])
    assert str(len(specs)) not in numbers
    again = come(door, specs, "b")
    keys = ("department", "topic", "sla", "priority", "first", "resolve")
    for (receipt_id, _), (_, after) in list(zip(first, again, strict=True))[:-1]:
        here = became(receipt_id)
        if not after["rejected"]:
            assert [here[key] for key in keys] == [after[key] for key in keys]
    assert not [each for each in _tickets()[: len(specs)] if each[-1] not in {row[-1] for row in state}], (
        "what filters do moves no ticket up"
    )
    with suppress(DeskError):
        undo.undo_last(agent)
    assert _tickets()[: len(specs)] == state


def _tickets() -> list[tuple[Any, ...]]:
    found = rows(
        "SELECT number, department_id, topic_id, sla_id, priority, status, response_due, resolve_due, updated"
        " FROM ticket ORDER BY id"
    )
    tags = dict(rows("SELECT ticket_id, COUNT(*) FROM ticket_tag GROUP BY ticket_id"))
    return [(*each[:-1], tags.get(place, 0), each[-1]) for place, each in enumerate(found, 1)]


def test_what_is_done_to_hundreds_of_tickets_is_undone_whole(desk: Desk, door: Door) -> None:
    agent = make_agent("kim")
    with pipeline.rehearsal():
        for place in range(130):
            door.take(mail(subject=f"vpn {place}"))
        filters.add(
            ADMIN,
            "VPN",
            on="new",
            condition="subject:vpn",
            then=["tag:vpn", "priority:high", "topic:VPN", "sla:Fast", "note:Seen."],
        )
        trial = Trial(desk, ADMIN, filters.on_trial("VPN", None, None), alone=True)
        found = list(trial.differences(now() - timedelta(days=1)))
        assert lasting(each.after for each in found[:2]) == "2 notes"
        assert len(apply_filter(desk, agent, found)) == 130
        assert value("SELECT COUNT(*) FROM event WHERE kind IN ('tagged', 'priority', 'topic', 'sla')") == 520
        told = undo.undo_last(agent)
        assert told is not None
        assert told.startswith("undone: #")
        assert value("SELECT COUNT(*) FROM ticket_tag") == 0
        assert value("SELECT COUNT(*) FROM ticket WHERE priority = 3") == 0
        assert value("SELECT COUNT(*) FROM message WHERE kind = 'note'") == 130


def test_what_other_filters_did_already_is_not_done_again(desk: Desk, door: Door) -> None:
    filters.add(ADMIN, "First", on="new", condition="subject:vpn", then=["note:Once.", "tag:one"])
    door.take(mail(subject="vpn"))
    filters.add(ADMIN, "Second", on="new", condition="subject:vpn", then=["note:Twice.", "tag:two"])
    trial = Trial(desk, ADMIN, filters.on_trial("Second", None, None), alone=True)
    apply_filter(desk, ADMIN, trial.differences(now() - timedelta(days=1)))
    assert [text for (text,) in rows("SELECT text FROM message WHERE kind = 'note' ORDER BY id")] == [
        "Once.",
        "Twice.",
    ]


def test_alarms_that_were_gathered_are_asked_as_the_new_mail_that_they_are(desk: Desk, door: Door) -> None:
    filters.add(ADMIN, "Disks", on="new", condition="subject:disk", then=["merge:disk"])
    for _ in range(3):
        door.take(mail(subject="disk full"))
    trial = Trial(desk, ADMIN, filters.on_trial("Disks", None, ["merge:disk", "tag:disk"]))
    assert len(list(trial.differences(now() - timedelta(days=1)))) == 3


def test_old_mail_that_was_only_filed_is_not_asked(desk: Desk, door: Door) -> None:
    pipeline.take(desk, [door.arrival(mail(subject="vpn"), archive=True)])
    found = tried(desk, CHANGES["offers are rejected"])
    found |= tried(desk, CHANGES["a filter sorts"])
    assert found == {}
