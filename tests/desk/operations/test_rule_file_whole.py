"""Files of rules hold all that admins make: what is written is read, and what was changed is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st

from desk import canned_answers, customizing, organizations, queues, statuses
from desk import settings as desk_settings
from desk.admin.nouns import NOUNS
from desk.alerts import recipients
from desk.custom_fields import definitions
from desk.errors import DeskError, Refused
from desk.filters import bans, filters
from desk.home import Desk
from desk.intake.pipeline import rehearsal
from desk.listeners import listeners
from desk.operations import doctor, rule_file
from desk.recurring import definitions as recurring
from desk.staff import departments, groups, roles, slas, teams, topics
from mail.errors import MailError
from models import settings as setting_rows
from models.transactions import transaction
from tests.support.mails import SALES, SUPPORT, Door
from tests.support.workbench import ADMIN, make_agent, make_desk

Tables = dict[str, list[dict[str, Any]]]

KIND_OF: Mapping[str, str] = {
    **{each: each for each in ("department", "topic", "field", "status", "team", "role", "filter", "ban")},
    "recurring": "recurring",
    **{each: each for each in ("queue", "notification", "webhook")},
    "SLA": "sla",
    "group": "group",
    "canned answer": "canned",
    "text": "template",
    "push address": "push",
}
NOT_IN_FILES = {
    "agent": "people are of one desk: their login, address and vacation are no rules",
    "key": "it is shown once, and kept hashed",
}
OTHER_NAMES: Mapping[tuple[str, str], str] = {
    ("filter", "condition"): "if",
    ("group", "places"): "departments",
    **{("template", each): "name" for each in ("language", "department", "topic", "mailbox")},
}
NOT_SAID = {
    ("queue", "shared"): "a file holds those of all",
    ("field", "default"): "",
}


def test_every_noun_is_in_files_or_says_why_not() -> None:
    for noun in NOUNS:
        if noun.name in NOT_IN_FILES:
            continue
        kind = KIND_OF.get(noun.name, noun.name)
        assert kind in rule_file.KINDS, noun.name
        known = {*rule_file.words_of(kind)}
        for field in noun.fields:
            if field.made or (kind, field.name) in NOT_SAID:
                continue
            assert OTHER_NAMES.get((kind, field.name), field.name) in known, (noun.name, field.name)


NAMES = st.sampled_from(["Alpha", "Beta two", 'Größe "3"', "O'Hara \\ Co"])
TEXT = st.sampled_from(["", "A line.", 'Two\n"lines"\\n', "\ttab and ünïcode"])


def some(kind: str, *tables: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    key = "address" if kind == "mailbox" else "pattern" if kind == "ban" else "name"
    return st.lists(st.one_of(*tables), max_size=3, unique_by=lambda table: table[key].lower())


def made(
    names: st.SearchStrategy[str], key: str = "name", **fields: Any
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({key: names}, optional=fields)


@st.composite
def files(draw: st.DrawFn) -> Tables:
    """Rules whose parts name one another, in any order."""
    switch, order = st.booleans(), st.integers(0, 999)
    found: Tables = {}
    state = st.sampled_from(["open", "waiting", "closed"])
    found["status"] = draw(
        some("status", made(st.sampled_from(["On hold", "Größe"]), state=state, order=order, active=switch))
    )
    pauses = ["", "waiting", "snoozed, waiting", *(each["name"] for each in found["status"])]
    hours = st.sampled_from(["mon-fri 09:00-17:00", "sat 10:00-12:00", ""])
    found["sla"] = draw(
        some(
            "sla",
            made(
                NAMES,
                hours=st.sampled_from([1, 2.5, 48]),
                next=st.sampled_from([0, 8]),
                resolve=st.sampled_from([0, 24.5]),
                business_hours=hours,
                zone=st.sampled_from(["", "Europe/Berlin"]),
                holidays=st.sampled_from(["", "DE-BY, US"]),
                days=st.sampled_from([[], ["2026-12-24 Christmas Eve"]]),
                pause=st.sampled_from(pauses),
                reminders=st.sampled_from(["100", "50, 75, 100", ""]),
                priorities=st.sampled_from([[], ["urgent first=1h", "low next=90m resolve=40h"]]),
            ),
        )
    )
    for each in found["sla"]:
        each.setdefault("hours", 3)
    slas_ = st.sampled_from(["", "Standard", *(each["name"] for each in found["sla"])])
    found["department"] = draw(
        some(
            "department",
            made(
                NAMES,
                sla=slas_,
                signature=TEXT,
                reopen_days=st.sampled_from([-1, 0, 30]),
                assignment=st.sampled_from(["hand", "round-robin", "least-load"]),
                outgoing=st.sampled_from(["", SUPPORT]),
                autoresponse_from=st.sampled_from(["", SALES]),
                private=switch,
                assignable=st.sampled_from(["anyone", "members", "primary"]),
                claims=switch,
                keeps_owner=switch,
                autoresponse=switch,
            ),
        )
    )
    departments_ = [each["name"] for each in found["department"]]
    if len(departments_) > 1:
        found["department"][0]["parent"] = departments_[-1]
    places = st.sampled_from(["", "Support", *departments_])
    found["topic"] = draw(
        some(
            "topic",
            made(
                NAMES,
                department=places,
                sla=slas_,
                priority=st.sampled_from(["", "low", "urgent"]),
                autoresponse=switch,
                checklist=st.sampled_from([[], ["one", "two: three"]]),
                active=switch,
                number_format=st.sampled_from(["VPN-####", "A#"]),
                number_sequence=st.sampled_from(["", "random", "Net"]),
            ),
        )
    )
    for each in found["topic"]:
        each.setdefault("number_format", "#" if each.get("number_sequence") else "")
    if len(found["topic"]) > 1:
        found["topic"][0]["parent"] = found["topic"][-1]["name"]
    usable = [each["name"] for each in found["topic"] if each.get("active", True)]
    found["field"] = draw(
        some(
            "field",
            made(
                st.sampled_from(["serial", "floor"]),
                label=st.sampled_from(["", "Serial No."]),
                of=st.sampled_from(["ticket", "contact"]),
                hint=TEXT.filter(lambda text: "\n" not in text and "\t" not in text),
                order=order,
                active=switch,
            ),
        )
    )
    found["role"] = draw(
        some("role", made(NAMES, may=st.sampled_from([["ticket.reply", "ticket.note"], ["*"]])))
    )
    for each in found["role"]:
        each.setdefault("may", ["ticket.read"])
    found["team"] = draw(
        some(
            "team",
            made(
                NAMES,
                members=st.sampled_from([[], ["kim"], ["max", "kim"]]),
                lead=st.sampled_from(["", "kim"]),
                notes=st.sampled_from(["", "A line."]),
                active=switch,
            ),
        )
    )
    found["canned"] = draw(
        some("canned", made(NAMES, folder=st.sampled_from(["", "Net"]), department=places))
    )
    for each in found["canned"]:
        each["body"] = draw(st.sampled_from(["Take {{ requester.name }}.", "One.\n\nTwo.\n"]))
    found["template"] = draw(
        some(
            "template",
            made(
                st.sampled_from(
                    ["acknowledgement de", "acknowledgement en department Support", "assigned fr"]
                ),
                body=st.just("Nummer {{ ticket.number }}."),
            ),
        )
    )
    for each in found["template"]:
        each.setdefault("body", "Hello.")
    found["organization"] = draw(
        some(
            "organization",
            made(NAMES, shares=switch, note=st.sampled_from(["", "Pays."])),
        )
    )
    for place, each in enumerate(found["organization"]):
        each["domains"] = [f"B{place}.corp.example", f"a{place}.corp.example"]
    queries = ["state:open", "is:overdue tag:x", *(f'topic:"{each}"' for each in usable if '"' not in each)]
    found["queue"] = draw(some("queue", made(NAMES, tab=switch, sort=st.sampled_from(["updated", "due"]))))
    for each in found["queue"]:
        each["query"] = draw(st.sampled_from(queries))
    hears: dict[str, Any] = {
        "events": st.sampled_from([[], ["created"], ["closed", "created"]]),
        "condition": st.sampled_from(["", "p:high"]),
        "active": switch,
    }
    found["webhook"] = draw(some("webhook", made(NAMES, **hears)))
    for each in found["webhook"]:
        each["url"] = draw(
            st.sampled_from(["https://hook.example/a", "https://hook.example/a?token=t0ps3cret"])
        )
    found["filter"] = draw(
        some(
            "filter",
            made(
                NAMES,
                order=order,
                stop=switch,
                active=switch,
                on=st.sampled_from(["new", "reply"]),
            ),
        )
    )
    acts = ["tag:x", "priority:low", *(f"topic:{each}" for each in usable)]
    acts += [f"notify:webhook:{each['name']}" for each in found["webhook"]]
    for each in found["filter"]:
        each["if"] = draw(st.sampled_from(['subject:"~^(?P<x>vpn)"', "from:@corp.example -vpn"]))
        each["then"] = [draw(st.sampled_from(acts))]
    found["recurring"] = draw(
        some(
            "recurring",
            made(
                NAMES,
                zone=st.sampled_from(["", "Europe/Berlin"]),
                body=TEXT,
                department=places,
                topic=st.sampled_from(["", *usable]),
                sla=slas_,
                priority=st.sampled_from(["", "low"]),
                team=st.sampled_from(
                    ["", *(each["name"] for each in found["team"] if each.get("active", True))]
                ),
                agent=st.sampled_from(["", "kim"]),
                tags=st.sampled_from([[], ["patches", "monthly"]]),
                checklist=st.sampled_from([[], ["one", "two: three"]]),
                due_after=st.sampled_from(["", "8h"]),
                acknowledge=switch,
                active=switch,
            ),
        )
    )
    for each in found["recurring"]:
        each["schedule"] = draw(st.sampled_from(["0 9 * * mon#1", "every 2 days"]))
        each["subject"] = draw(st.sampled_from(["Patch day", "Patches of {{ date.month_name }}"]))
        each["requester"] = draw(st.sampled_from(["ana@corp.example", '"Prado, Ana" <ana@corp.example>']))
    found["ban"] = draw(
        some("ban", made(st.sampled_from(["a@spam.example", "@spam.example"]), "pattern", note=TEXT))
    )
    found["notification"] = draw(
        some(
            "notification",
            made(
                st.sampled_from(["new_ticket", "overdue"]), whom=st.sampled_from(["", "admins", "department"])
            ),
        )
    )
    found["mailbox"] = draw(
        some(
            "mailbox",
            made(
                st.sampled_from([SUPPORT, SALES]),
                "address",
                department=places,
                topic=st.sampled_from(["", *usable]),
                priority=st.sampled_from(["", "high"]),
                autoresponse=switch,
            ),
        )
    )
    found["setting"] = draw(
        some(
            "setting",
            made(st.just("tickets.spam_days"), value=st.sampled_from([0, 7, "30"])),
            made(st.just("mail.acknowledge"), value=switch),
            made(st.just("tickets.default_topic"), value=st.sampled_from(["", *usable])),
            made(st.just("mail.form_senders"), value=st.sampled_from(["", "form@shop.test"])),
        )
    )
    for each in found["setting"]:
        each.setdefault("value", desk_settings.shown(s := desk_settings.lookup(each["name"]), s.default))
    return {kind: tables for kind, tables in found.items() if tables}


@pytest.fixture
def here(desk: Desk) -> Desk:
    door = Door(desk)
    door.mailbox(SUPPORT)
    door.mailbox(SALES)
    make_agent("kim")
    make_agent("max")
    return desk


def text_of(tables: Tables) -> str:
    import tomlkit

    return tomlkit.dumps(tables)


@settings(max_examples=20, phases=[Phase.generate])
@given(tables=files())
def test_what_is_written_is_read_and_changes_nothing(here: Desk, tables: Tables) -> None:
    """Import of an export changes nothing; export of an import says what was imported."""
    with rehearsal():
        asked = rule_file.read(text_of(tables))
        try:
            steps = rule_file.take_in(here, ADMIN, asked)
        except Refused as refused:
            # Made up without regard to who may have or read what: tests of owners have that.
            if not any(why in str(refused) for why in ("own agents alone", "may not read", "may read")):
                raise
            reject()
        assert {step.outcome for step in steps} <= {"added", "changed", "unchanged", "not in the file"}
        again = rule_file.drift(here, ADMIN, asked)
        assert [step for step in again if step.outcome not in ("unchanged", "not in the file")] == []
        written = rule_file.written(ADMIN)
        assert "t0ps3cret" not in written
        whole = rule_file.take_in(here, ADMIN, rule_file.read(written))
        assert [step for step in whole if step.outcome != "unchanged"] == []
        assert rule_file.written(ADMIN) == written


WHOLE = """
[[status]]
name = "At the dealer"
state = "waiting"

[[sla]]
name = "Gold"
hours = 4
pause = "At the dealer"

[[department]]
name = "Hardware"
parent = "IT"

[[department]]
name = "IT"
sla = "Gold"

[[topic]]
name = "VPN"
department = "IT"

[[field]]
name = "serial"

[[role]]
name = "Helper"
may = ["ticket.note"]

[[team]]
name = "Network"
members = ["kim"]

[[group]]
name = "netadmin"
role = "Helper"

[[canned]]
name = "Profile"
body = "Take the profile."

[[template]]
name = "acknowledgement de"
body = "Nummer {{ ticket.number }}."

[[organization]]
name = "Corp"
domains = ["corp.example"]

[[queue]]
name = "Late"
query = "is:overdue"

[[webhook]]
name = "Board"
url = "https://board.example/x"

[[push]]
name = "Chat"
url = "ntfys://ntfy.example/desk"

[[filter]]
name = "VPN"
if = "subject:vpn"
then = ["topic:VPN"]

[[recurring]]
name = "Tapes"
schedule = "0 9 * * mon#1"
subject = "Tapes of {{ date.month_name }}"
requester = "ops@corp.example"
checklist = ["Label it"]

[[ban]]
pattern = "@spam.example"

[[notification]]
name = "new_ticket"
whom = "admins"

[[mailbox]]
address = "support@example.test"
department = "IT"

[[setting]]
name = "tickets.spam_days"
value = 7
"""
DRIFTS: Mapping[str, Callable[[Desk], object]] = {
    "status At the dealer differs in order": lambda _: statuses.edit_status(ADMIN, "At the dealer", order=5),
    "sla Gold differs in hours": lambda _: slas.edit_sla(ADMIN, "Gold", hours=5),
    "department Hardware differs in parent": lambda _: departments.edit_department(
        ADMIN, "Hardware", parent=""
    ),
    "topic VPN differs in priority": lambda _: topics.edit_topic(ADMIN, "VPN", priority="low"),
    "field serial differs in hint": lambda _: definitions.edit_field(ADMIN, "serial", hint="On its back."),
    "role Helper differs in may": lambda _: roles.edit_role(ADMIN, "Helper", may=["ticket.reply"]),
    "team Network differs in notes": lambda _: teams.edit_team(ADMIN, "Network", notes="Cables."),
    "group netadmin differs in teams": lambda _: groups.edit_group(ADMIN, "netadmin", in_teams=["Network"]),
    "canned Profile differs in body": lambda _: canned_answers.edit(ADMIN, "Profile", body="Take it."),
    "template acknowledgement de differs in body": lambda _: customizing.set_text(
        ADMIN, "acknowledgement", "Hallo.\n", "de"
    ),
    "organization Corp differs in domains": lambda _: organizations.edit_organization(
        ADMIN, "Corp", add=["b.example"]
    ),
    "queue Late differs in query": lambda desk: queues.edit_queue(ADMIN, desk.zone, "Late", query="p:high"),
    "webhook Board differs in url": lambda desk: listeners.edit(
        desk, ADMIN, "webhook", "Board", address="https://other.example/x"
    ),
    "push Chat differs in condition": lambda desk: listeners.edit(
        desk, ADMIN, "push", "Chat", condition="p:high"
    ),
    "filter VPN differs in if": lambda _: filters.edit(ADMIN, "VPN", condition="subject:vpns"),
    "recurring Tapes differs in due_after": lambda desk: recurring.edit(desk, ADMIN, "Tapes", due_after="3d"),
    "ban @spam.example is only in the file": lambda _: bans.lift(ADMIN, "@spam.example"),
    "notification new_ticket differs in whom": lambda _: recipients.set_recipients(
        ADMIN, *_first_two("new_ticket", "department")
    ),
    "mailbox support@example.test differs in department": lambda desk: rule_file.take_in(
        desk, ADMIN, rule_file.read('[[mailbox]]\naddress = "support@example.test"\n')
    ),
    "setting tickets.spam_days differs in value": lambda _: desk_settings.set(
        ADMIN, "tickets.spam_days", "8"
    ),
}


def _first_two(name: str, whom: str) -> tuple[Any, ...]:
    event, part = recipients.called(name)
    return event, whom, part


def test_every_kind_drifts_and_is_told_and_taken_back(here: Desk, tmp_path: Path) -> None:
    assert {each.split()[0] for each in DRIFTS} == set(rule_file.KINDS)
    rule_file.take_in(here, ADMIN, rule_file.read(WHOLE))
    path = tmp_path / "rules.toml"
    path.write_text(WHOLE)
    with transaction():
        setting_rows.store("rules.file", str(path))

    def told() -> list[str]:
        steps = rule_file.drift(here, ADMIN, rule_file.read(path.read_text()))
        path_named = [each.text for each in doctor.examine(here, False) if each.area == "rules"]
        assert path_named
        return [
            text for text in path_named if "not in the file" not in text and text.split()[0] != "the"
        ] and [
            f"{step.kind} {step.name} "
            + ("is only in the file" if step.outcome == "added" else f"differs in {', '.join(step.changes)}")
            for step in steps
            if step.outcome in ("added", "changed")
        ]

    before = rule_file.written(ADMIN)
    for words, change in DRIFTS.items():
        change(here)
        assert words in told(), words
        planned = rule_file.take_in(here, ADMIN, rule_file.read(WHOLE), rehearse=True)
        assert [step.outcome for step in planned if step.outcome in ("added", "changed")], words
        assert words in told(), "a plan changes nothing"
        rule_file.take_in(here, ADMIN, rule_file.read(WHOLE))
        assert words not in told(), words
        assert rule_file.written(ADMIN) == before


def test_a_desk_becomes_what_a_whole_file_says_and_a_mailbox_it_lacks_is_left_out(
    here: Desk, tmp_path: Path
) -> None:
    rule_file.take_in(here, ADMIN, rule_file.read(WHOLE))
    text = rule_file.written(ADMIN).replace('name = "Chat"', 'name = "Chat"\nurl = "ntfys://ntfy.example/d"')
    other = make_desk(tmp_path)
    make_agent("kim")
    steps = rule_file.take_in(other, ADMIN, rule_file.read(text))
    assert [step.name for step in steps if step.outcome == "left out"] == [SUPPORT]
    again = rule_file.compare(ADMIN, rule_file.read(text))
    assert {step.outcome for step in again} == {"unchanged", "left out"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[push]]\nname = "Chat"\n', "has no address"),
        ('[[webhook]]\nname = "W"\nurl = "ftp://x"\n', "address is not https"),
        ('[[webhook]]\nname = "W"\nurl = "https://h/x"\nevents = ["nothing"]\n', "no event"),
        ('[[setting]]\nname = "no.such"\nvalue = 1\n', "no.such"),
        ('[[setting]]\nname = "rules.file"\nvalue = "x"\n', "set on each desk"),
        ('[[setting]]\nname = "tickets.spam_days"\nvalue = -1\n', "cannot be"),
        ('[[organization]]\nname = "X"\ndomains = ["nothing"]\n', "no domain"),
        ('[[mailbox]]\naddress = "support@example.test"\ntopic = "Nothing"\n', "Nothing"),
        ('[[department]]\nname = "A"\nparent = "B"\n\n[[department]]\nname = "B"\nparent = "A"\n', "part of"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_in_words_and_nothing_stays(
    here: Desk, text: str, says: str
) -> None:
    before = rule_file.written(ADMIN)
    with pytest.raises((DeskError, MailError), match=says):
        rule_file.take_in(here, ADMIN, rule_file.read(text))
    assert rule_file.written(ADMIN) == before
