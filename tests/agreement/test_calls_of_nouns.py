"""Calls about queues, contacts, organizations and reports say and do what the command line says and does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from api.v1 import calls, people, queues, reports
from api.v1 import documents as doc
from api.v1.calls import Call
from config.clock import now
from config.settings import Settings
from desk import canned_answers
from desk.errors import NotAllowed, NotFound
from desk.home import open_desk
from desk.permissions import Actor
from desk.staff import departments
from desk.tickets import changes
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import mail, rows
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN, make_agent

WEEK = tuple(f"{now() + timedelta(days=away):%Y-%m-%d}" for away in (-6, 1))
SINCE = {"since": "2020-01-01", "until": "2090-01-01"}


class Asked(NamedTuple):
    """A call, what it is given, and the verb that does the same, which says a ``part`` of its answer."""

    call: Callable[[Call], Any]
    name: str
    given: BaseModel | None
    verb: tuple[str, ...]
    part: str = ""


LOOKS = (
    Asked(calls.similar, "2", None, ("ticket", "similar", "2")),
    Asked(
        calls.list_tickets,
        "",
        doc.ListQuery(queue="unanswered"),
        ("ticket", "list", "--queue", "Unanswered"),
        "tickets",
    ),
    Asked(queues.list_queues, "", None, ("queue", "list"), "queues"),
    Asked(queues.show_queue, "overdue tickets", None, ("queue", "show", "Overdue tickets")),
    Asked(people.list_contacts, "", doc.ContactQuery(text="corp"), ("contact", "list", "corp"), "contacts"),
    Asked(people.show_contact, "ana@corp.test", None, ("contact", "show", "ana@corp.test")),
    Asked(people.list_organizations, "", None, ("organization", "list"), "organizations"),
    Asked(people.show_organization, "corp", None, ("organization", "show", "Corp")),
    *(
        Asked(
            reports.report,
            name,
            doc.ReportQuery(**SINCE),
            ("report", name, "--since", "2020-01-01", "--until", "2090-01-01"),
        )
        for name in ("departments", "agents", "tags")
    ),
    Asked(
        reports.report,
        "days",
        doc.ReportQuery(since=WEEK[0], until=WEEK[1]),
        ("report", "days", "--since", WEEK[0], "--until", WEEK[1]),
    ),
    Asked(
        reports.spent,
        "",
        doc.TimeQuery(by="ticket", since="2020-01-01", until="2090-01-01"),
        ("report", "time", "--by", "ticket", "--since", "2020-01-01", "--until", "2090-01-01"),
    ),
)
ACTS = (
    Asked(
        queues.add_queue,
        "",
        doc.QueueBody(name="VPN", query="tag:vpn", sort="due", columns=["number", "due"]),
        ("queue", "add", "VPN", "tag:vpn", "--sort", "due", "--columns", "number,due"),
    ),
    Asked(
        queues.add_queue,
        "",
        doc.QueueBody(name="Ours", query="owner:me", shared=True, tab=False),
        ("queue", "add", "Ours", "owner:me", "--shared", "--no-tab"),
    ),
    Asked(
        queues.edit_queue,
        "vpn",
        doc.QueueEdit(name="A/B", query="tag:a"),
        ("queue", "edit", "VPN", "--name", "A/B", "--query", "tag:a"),
    ),
    Asked(queues.remove_queue, "ours", None, ("queue", "remove", "Ours")),
    Asked(
        people.add_organization,
        "",
        doc.OrganizationBody(name="Globex", domains=["globex.test"], shares=False, note="Pays.", owner="jo"),
        (
            "organization",
            "add",
            "Globex",
            "--domain",
            "globex.test",
            "--no-shares",
            "--note",
            "Pays.",
            "--owner",
            "jo",
        ),
    ),
    Asked(
        people.edit_organization,
        "corp",
        doc.OrganizationEdit(name="Corp Ltd", add=["corp2.test"], owner=""),
        ("organization", "edit", "Corp", "--name", "Corp Ltd", "--domain", "corp2.test", "--owner", ""),
    ),
    Asked(people.remove_organization, "Globex", None, ("organization", "remove", "Globex")),
    Asked(
        people.edit_contact,
        "ana@corp.test",
        doc.ContactBody(phone="+1 2", vip=True, add=["ana@home.test"], fields={"Floor": 4}),
        (
            "contact",
            "edit",
            "ana@corp.test",
            "--phone",
            "+1 2",
            "--vip",
            "--add-address",
            "ana@home.test",
            "--field",
            "Floor=4",
        ),
    ),
    Asked(
        people.merge_contacts,
        "bob@corp.test",
        doc.ContactIntoBody(into="ana@home.test"),
        ("contact", "merge", "bob@corp.test", "ana@home.test"),
    ),
)
TABLES = ("queue", "organization", "organization_domain", "contact_address", "contact_field", "collaborator")


def _scene(made: Scene) -> Scene:
    made.door.take(
        mail("The printer burns, toner everywhere.", subject="Printer toner", message_id="<2@corp.test>"),
        quiet=True,
    )
    canned_answers.add(ADMIN, "Toner", "Change the toner of the printer.")
    for words in (
        ("organization", "add", "Corp", "--domain", "corp.test"),
        ("field", "add", "Floor", "--kind", "number", "--of", "contact"),
        ("ticket", "time", "1", "45m"),
        ("ticket", "close", "1"),
    ):
        _verb(made, words)
    return made


def _verb(scene: Scene, words: tuple[str, ...]) -> Any:
    done = SameProcess(scene.desk.paths.home)(*words, "--json", NIGHTDESK_AGENT="kim")
    assert done.status == 0, (words, done.err)
    open_desk(scene.desk.paths, Settings(timezone="UTC"))
    return done.document


def _called(scene: Scene, asked: Asked, actor: Actor) -> Any:
    is_body = isinstance(
        asked.given,
        (
            doc.QueueBody,
            doc.QueueEdit,
            doc.OrganizationBody,
            doc.OrganizationEdit,
            doc.ContactBody,
            doc.ContactIntoBody,
        ),
    )
    query, body = (None, asked.given) if is_body else (asked.given, None)
    answer = json.loads(doc.dump(asked.call(Call(scene.desk, actor, asked.name, query, body, asked.name))))
    return answer[asked.part] if asked.part else answer


def test_a_call_says_what_the_verb_prints(scene: MakeScene) -> None:
    made = _scene(scene("looks"))
    for asked in LOOKS:
        assert _called(made, asked, made.kim) == _verb(made, asked.verb), asked.verb


def test_a_call_does_what_the_verb_does(scene: MakeScene) -> None:
    found = []
    for way in ("call", "verb"):
        made, states = _scene(scene(way)), []
        for asked in ACTS:
            said = _called(made, asked, made.kim) if way == "call" else _verb(made, asked.verb)
            said.pop("created", None)
            states.append((said, {name: rows(f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES}))
        found.append(states)
    for asked, one, other in zip(ACTS, *found, strict=True):
        assert one == other, asked.verb


def test_who_reads_one_department_is_told_of_that_alone(scene: MakeScene) -> None:
    made = _scene(scene("reach"))
    departments.add_department(ADMIN, "IT")
    changes.transfer(ADMIN, ["1"], "IT")
    made.door.take(mail(sender="Eve <eve@else.test>", message_id="<3@else.test>"), quiet=True)
    tom = make_agent("tom", ["ticket.reply"], "IT")
    report = _called(made, Asked(reports.report, "departments", doc.ReportQuery(), ()), tom)
    assert [(line["name"], line["opened"]) for line in report["lines"]] == [("IT", 1)]
    listed = _called(made, Asked(people.list_contacts, "", doc.ContactQuery(), (), "contacts"), tom)
    assert [each["email"] for each in listed] == ["ana@corp.test"]
    shown = _called(made, Asked(people.show_contact, "ana@corp.test", None, (), "tickets"), tom)
    assert [each["number"] for each in shown] == ["1"]
    with pytest.raises(NotFound):
        _called(made, Asked(people.show_contact, "eve@else.test", None, ()), tom)
    with pytest.raises(NotFound):
        _called(made, Asked(calls.similar, "2", None, ()), tom)
    own = doc.QueueBody(name="Mine", query="owner:me")
    assert not _called(made, Asked(queues.add_queue, "", own, ()), tom)["shared"]
    with pytest.raises(NotFound):
        _called(made, Asked(queues.show_queue, "Mine", None, ()), made.jo)
    for refused in (
        Asked(queues.add_queue, "", doc.QueueBody(name="All", query="owner:me", shared=True), ()),
        Asked(queues.remove_queue, "Unanswered", None, ()),
        Asked(people.add_organization, "", doc.OrganizationBody(name="X"), ()),
        Asked(people.merge_contacts, "ana@corp.test", doc.ContactIntoBody(into="bob@corp.test"), ()),
    ):
        with pytest.raises(NotAllowed):
            _called(made, refused, tom)


def test_contacts_are_read_page_by_page(scene: MakeScene) -> None:
    made = _scene(scene("pages"))
    found: list[str] = []
    after = ""
    while after is not None and len(found) < 9:
        asked = doc.ContactQuery(limit=1, after=after)
        page = _called(made, Asked(people.list_contacts, "", asked, ()), made.kim)
        found += [each["email"] for each in page["contacts"]]
        after = page["next"]
    assert found == ["ana@corp.test", "bob@corp.test"]
