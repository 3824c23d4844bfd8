"""What a filter, queue, webhook, notification, setting or text names is neither removed nor renamed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import pytest

from desk import canned_answers, customizing, organizations, queues, settings, statuses
from desk.alerts import recipients
from desk.custom_fields import definitions
from desk.errors import Refused
from desk.filters import filters
from desk.home import Desk
from desk.listeners import listeners
from desk.staff import departments, slas, teams, topics
from tests.support.workbench import ADMIN, make_agent

Act = Callable[[], object]


@pytest.fixture
def full(desk: Desk) -> Desk:
    """A desk with one of everything, called X, and another one, called Free."""
    make_agent("kim", department="Support")
    for name in ("X", "Free"):
        statuses.add_status(ADMIN, name, state="waiting")
        definitions.add_field(ADMIN, name, label=f"The {name}")
        teams.add_team(ADMIN, name, members=["kim"])
        departments.add_department(ADMIN, name)
        topics.add_topic(ADMIN, name)
        slas.add_sla(ADMIN, name, 8)
        canned_answers.add(ADMIN, name, "Text.")
        organizations.add_organization(ADMIN, name, [f"{name.lower()}.test"])
        listeners.add(desk, ADMIN, "webhook", name, "https://hooks.test/x")
        listeners.add(desk, ADMIN, "push", name, "ntfys://ntfy.test/x")
        queues.add_queue(ADMIN, UTC, name, "printer", shared=True)
    departments.add_department(ADMIN, "Part", parent="X")
    return desk


def rule(then: str = "tag:y", condition: str = "subject:x", on: str = "new") -> None:
    filters.add(ADMIN, "Rule", on=on, condition=condition, then=[then])


def queue(query: str, **values: object) -> None:
    queues.add_queue(ADMIN, UTC, "Work", query, shared=True, **values)  # type: ignore[arg-type]


def off(noun: str) -> Act:
    return {
        "status": lambda: statuses.edit_status(ADMIN, "x", active=False),
        "team": lambda: teams.edit_team(ADMIN, "x", active=False),
        "department": lambda: departments.edit_department(ADMIN, "x", active=False),
        "topic": lambda: topics.edit_topic(ADMIN, "x", active=False),
        "SLA": lambda: slas.remove_sla(ADMIN, "x"),
    }[noun]


def gone(noun: str, name: str) -> list[Act]:
    """The ways in which a thing of that name stops being there."""
    other = f"{name}2"
    acts: dict[str, list[Act]] = {
        "status": [
            lambda: statuses.remove_status(ADMIN, name),
            lambda: statuses.edit_status(ADMIN, name, new_name=other),
        ],
        "field": [
            lambda: definitions.remove_field(ADMIN, name),
            lambda: definitions.edit_field(ADMIN, name, new_name=other),
        ],
        "label": [lambda: definitions.edit_field(ADMIN, name, label=other)],
        "team": [
            lambda: teams.remove_team(ADMIN, name),
            lambda: teams.edit_team(ADMIN, name, new_name=other),
        ],
        "department": [lambda: departments.edit_department(ADMIN, name, new_name=other)],
        "topic": [lambda: topics.edit_topic(ADMIN, name, new_name=other)],
        "SLA": [lambda: slas.edit_sla(ADMIN, name, new_name=other)],
        "canned answer": [
            lambda: canned_answers.remove(ADMIN, name),
            lambda: canned_answers.edit(ADMIN, name, new_name=other),
        ],
        "organization": [
            lambda: organizations.remove_organization(ADMIN, name),
            lambda: organizations.edit_organization(ADMIN, name, new_name=other),
        ],
        "webhook": [lambda: listeners.remove(ADMIN, "webhook", name)],
        "push": [lambda: listeners.remove(ADMIN, "push", name)],
        "queue": [lambda: queues.remove_queue(ADMIN, name)],
    }
    return acts[noun]


@pytest.mark.parametrize(
    ("noun", "name_it", "place"),
    [
        ("status", lambda: rule("status:X"), "the filter 'Rule'"),
        ("status", lambda: rule(condition="-status:x age:>1d", on="time"), "the filter 'Rule'"),
        ("status", lambda: queue("printer OR (status:open,X)"), "the queue 'Work'"),
        ("field", lambda: rule("field:X=7"), "the filter 'Rule'"),
        ("field", lambda: rule(condition="field:x=7"), "the filter 'Rule'"),
        ("label", lambda: rule(condition='door:imap score:>2 field:"The X"'), "the filter 'Rule'"),
        ("label", lambda: queue('field:"The X"=7'), "the queue 'Work'"),
        ("field", lambda: queue("field:free=1,x=2"), "the queue 'Work'"),
        ("field", lambda: queue("printer", columns=("number", "field:x")), "the queue 'Work'"),
        ("field", lambda: canned_answers.edit(ADMIN, "Free", body="It is {{ fields.x }}."), "answer 'Free'"),
        (
            "field",
            lambda: canned_answers.edit(ADMIN, "Free", body="{% if fields.x %}A{% endif %}"),
            "answer 'Free'",
        ),
        ("field", lambda: customizing.set_text(ADMIN, "new_ticket", "{{ fields.x }}"), "'new_ticket' (en)"),
        ("team", lambda: rule("team:X"), "the filter 'Rule'"),
        ("team", lambda: rule("notify:team:X"), "the filter 'Rule'"),
        ("team", lambda: queue("team:x"), "the queue 'Work'"),
        ("team", lambda: settings.set(ADMIN, "notify.noted", "assignee, team:X"), "setting notify.noted"),
        (
            "team",
            lambda: recipients.set_recipients(ADMIN, "noted", "team:X", recipients.Part(topic="Free")),
            "notification of noted",
        ),
        ("department", lambda: rule("department:X"), "the filter 'Rule'"),
        ("department", lambda: queue("dept:x"), "the queue 'Work'"),
        ("department", lambda: queue("department:X/Part"), "the queue 'Work'"),
        ("department", lambda: queue("department:x/*"), "the queue 'Work'"),
        (
            "department",
            lambda: settings.set(ADMIN, "tickets.keep_days_in", "Free=9, X=3650"),
            "setting tickets.keep_days_in",
        ),
        ("topic", lambda: rule("topic:X"), "the filter 'Rule'"),
        ("topic", lambda: queue("-topic:x"), "the queue 'Work'"),
        ("topic", lambda: settings.set(ADMIN, "tickets.default_topic", "X"), "setting tickets.default_topic"),
        ("SLA", lambda: rule("sla:X"), "the filter 'Rule'"),
        ("SLA", lambda: topics.edit_topic(ADMIN, "Free", sla="X"), "the help topic Free"),
        ("SLA", lambda: departments.edit_department(ADMIN, "Free", sla="X"), "the department Free"),
        ("canned answer", lambda: rule("canned:X"), "the filter 'Rule'"),
        ("canned answer", lambda: rule("mail:requester=X"), "the filter 'Rule'"),
        ("organization", lambda: queue("org:X"), "the queue 'Work'"),
        ("webhook", lambda: rule("notify:webhook:X"), "the filter 'Rule'"),
        ("push", lambda: rule("notify:push:X"), "the filter 'Rule'"),
        (
            "queue",
            lambda: recipients.set_recipients(ADMIN, "noted", "everybody", recipients.Part(queue="X")),
            "told noted",
        ),
    ],
)
def test_what_is_named_stays_as_it_is_called(full: Desk, noun: str, name_it: Act, place: str) -> None:
    name_it()
    for leave in gone(noun, "x"):
        with pytest.raises(Refused) as refused:
            leave()
        assert place in str(refused.value)


def test_what_stops_clocks_is_not_removed(full: Desk) -> None:
    slas.edit_sla(ADMIN, "Free", pause="x")
    with pytest.raises(Refused, match="the clocks of Free"):
        statuses.remove_status(ADMIN, "X")


def test_the_name_of_a_webhook_is_asked_for_a_condition(full: Desk) -> None:
    listeners.edit(full, ADMIN, "webhook", "Free", condition="status:X")
    with pytest.raises(Refused, match="the webhook 'Free'"):
        statuses.remove_status(ADMIN, "X")


@pytest.mark.parametrize("noun", ["status", "team", "department", "topic", "SLA"])
def test_what_a_filter_gives_is_not_switched_off(full: Desk, noun: str) -> None:
    rule(f"{noun.lower()}:X")
    with pytest.raises(Refused, match="the filter 'Rule'"):
        off(noun)()
    filters.edit(ADMIN, "Rule", then=["tag:y"])
    queue(f"{noun.lower()}:X")
    off(noun)()


def test_what_only_looks_like_it_names_nothing(full: Desk) -> None:
    rule("note:Ask team:X, status:X, field:X=1 and department:X", condition='x subject:"status:x"')
    queue("x tag:x subject:x from:x status:free field:free=x team:free")
    canned_answers.edit(ADMIN, "Free", body="fields.x {{ fields.free }} x")
    for noun in ("status", "label", "field", "team", "department", "topic", "SLA", "organization", "webhook"):
        gone(noun, "x")[-1]()


def test_another_case_of_the_same_name_is_no_other_name(full: Desk) -> None:
    rule("status:X")
    assert statuses.edit_status(ADMIN, "X", new_name="x").name == "x"
