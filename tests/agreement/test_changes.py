"""What is done to a ticket leaves the same rows by key, verb, call, mail and filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from api.v1 import calls
from api.v1.calls import Call
from api.v1.documents import AssignBody, NoteBody, StatusBody
from config.clock import now
from config.settings import Settings
from desk import statuses
from desk.filters.acting import carry_out
from desk.filters.actions import Action
from desk.filters.decision import Decision
from desk.home import open_desk
from desk.replies import forward, reply
from desk.staff import departments
from desk.tickets import changes, links, merging, snoozing, watching
from desk.tickets.changes import find
from models.transactions import transaction
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import mail, rows
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN

Way = Callable[[Scene], object]


class Act(NamedTuple):
    """By a key, which is the desk's function, and in other words; ``state``: the ticket's before it."""

    key: Way
    verb: Sequence[str]
    call: Callable[[Call], object] | None = None
    body: Any = None
    mail: str = ""
    filter: tuple[str, str] | None = None
    state: dict[str, Any] = {}
    before: Way = lambda scene: None
    stdin: str = ""


CLOSED = {"status": "closed", "due": None, "closed": "2026-01-01T00:00:00.000000Z"}
WORDS = "It leaks."


def _merged(scene: Scene) -> None:
    merging.merge(scene.kim, ["1"], "2")


def _forward(scene: Scene, form: forward.ForwardForm) -> None:
    text = f"Please look.\n\n{form.quoted}"
    forward.forward(scene.desk, scene.kim, "1", text, to=["vera@vendor.test"], subject=form.subject)


ACTS: dict[str, Act] = {
    "close": Act(
        lambda s: changes.close(s.kim, ["1"]),
        ("close", "1"),
        calls.close,
        None,
        "#close",
        ("close", ""),
    ),
    "reopen": Act(
        lambda s: changes.reopen(s.kim, ["1"]), ("reopen", "1"), calls.reopen, None, "#reopen", state=CLOSED
    ),
    "wait": Act(
        lambda s: changes.set_status(s.kim, ["1"], "waiting"),
        ("status", "1", "waiting"),
        calls.set_status,
        StatusBody(status="waiting"),
        "#status waiting",
        ("status", "waiting"),
    ),
    "a status of the desk's own": Act(
        lambda s: changes.set_status(s.kim, ["1"], "Ordered"),
        ("status", "1", "ordered"),
        calls.set_status,
        StatusBody(status="Ordered"),
        "#status ordered",
        ("status", "Ordered"),
    ),
    "open what is closed by its state": Act(
        lambda s: changes.set_status(s.kim, ["1"], "open"),
        ("status", "1", "open"),
        calls.set_status,
        StatusBody(status="open"),
        "#status open",
        ("status", "open"),
        state=CLOSED,
    ),
    "assign": Act(
        lambda s: changes.assign(s.kim, ["1"], "jo"),
        ("assign", "1", "jo"),
        calls.assign,
        AssignBody(login="jo"),
        "#assign jo",
        ("agent", "jo"),
    ),
    "take": Act(
        lambda s: changes.assign(s.kim, ["1"], "kim"),
        ("assign", "1", "me"),
        calls.assign,
        AssignBody(login="me"),
        "#take",
        state={"status": "open", "assignee_id": 2},
    ),
    "unassign": Act(
        lambda s: changes.assign(s.kim, ["1"], None),
        ("assign", "1", "none"),
        calls.assign,
        AssignBody(login=None),
        "#unassign",
        state={"status": "open", "assignee_id": 2},
    ),
    "priority": Act(
        lambda s: changes.set_priority(s.kim, ["1"], "urgent"),
        ("priority", "1", "urgent"),
        None,
        None,
        "#priority urgent",
        ("priority", "urgent"),
    ),
    "tag": Act(
        lambda s: changes.add_tags(s.kim, ["1"], ["vpn"]),
        ("tag", "1", "vpn"),
        None,
        None,
        "#tag vpn",
        ("tag", "vpn"),
    ),
    "untag": Act(
        lambda s: changes.remove_tags(s.kim, ["1"], ["vpn"]),
        ("tag", "1", "--remove", "vpn"),
        None,
        None,
        "#untag vpn",
        before=lambda s: changes.add_tags(s.kim, ["1"], ["vpn"]),
    ),
    "transfer": Act(
        lambda s: changes.transfer(s.kim, ["1"], "IT"),
        ("transfer", "1", "IT"),
        None,
        None,
        "#transfer IT",
        ("department", "IT"),
    ),
    "wake": Act(
        lambda s: snoozing.wake(s.kim, ["1"]),
        ("wake", "1"),
        None,
        None,
        "#wake",
        before=lambda s: snoozing.snooze(s.kim, ["1"], "2031-05-06", s.desk.zone),
    ),
    "watch": Act(lambda s: watching.watch(s.kim, ["1"]), ("watch", "1"), None, None, "#watch"),
    "note": Act(
        lambda s: reply.add_note(s.kim, "1", WORDS),
        ("note", "1", "--body-file", "-"),
        calls.note,
        NoteBody(body=WORDS),
        stdin=WORDS,
    ),
    "link": Act(lambda s: links.link(s.kim, "1", "blocks", "2"), ("link", "1", "blocks", "2")),
    "unmerge": Act(lambda s: merging.unmerge(s.kim, "1"), ("unmerge", "1"), before=_merged),
    "forward": Act(
        lambda s: _forward(s, forward.forward_form(s.kim, "1", zone=s.desk.zone)),
        ("forward", "1", "--to", "vera@vendor.test", "--body-file", "-"),
        stdin="Please look.",
    ),
}


def _by_verb(scene: Scene, act: Act) -> None:
    done = SameProcess(scene.desk.paths.home)("ticket", *act.verb, stdin=act.stdin, NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err
    open_desk(scene.desk.paths, Settings(timezone="UTC"))


def _by_call(scene: Scene, act: Act) -> None:
    assert act.call is not None
    act.call(Call(scene.desk, scene.kim, "1", None, act.body))


def _by_mail(scene: Scene, act: Act) -> None:
    scene.door.take(scene.from_agent(act.mail))


def _by_filter(scene: Scene, act: Act) -> None:
    assert act.filter is not None
    decision = Decision()
    decision.take(Action(*act.filter))
    with transaction():
        assert carry_out(decision, find("1"), now(), scene.desk.zone) == []


WAYS: dict[str, tuple[Callable[[Act], object], Callable[[Scene, Act], None]]] = {
    "verb": (lambda act: act.verb, _by_verb),
    "call": (lambda act: act.call, _by_call),
    "mail": (lambda act: act.mail, _by_mail),
    "filter": (lambda act: act.filter, _by_filter),
}


def _scene(make: MakeScene, name: str, act: Act) -> Scene:
    made = make(name)
    made.door.take(mail("Second", subject="Second"), quiet=True)
    departments.add_department(ADMIN, "IT")
    statuses.add_status(ADMIN, "Ordered", state="waiting")
    made.state(**act.state)
    act.before(made)
    return made


def _all(scene: Scene) -> dict[str, Any]:
    others = "snoozed_until IS NULL, snooze_ends, named_status_id, merged_into_id, team_id"
    return {
        **scene.rows(),
        "more": rows(f"SELECT {others} FROM ticket ORDER BY id"),
        "of which": rows("SELECT ticket_id, kind FROM message ORDER BY id"),
        "tags": rows("SELECT ticket_id, name FROM ticket_tag"),
        "watches": rows("SELECT ticket_id, agent_id FROM watch"),
        "links": rows("SELECT ticket_id, other_id, kind FROM ticket_link"),
    }


def _apart_from_who(found: dict[str, Any]) -> dict[str, Any]:
    """The same without what tells a mail or a filter from an agent's hand: who did it and has read it."""
    return {**found, "events": [event[1:] for event in found["events"]], "seen": None}


CASES = [(what, way) for what, act in ACTS.items() for way, (has, _) in WAYS.items() if has(act)]


@pytest.mark.parametrize(("what", "way"), CASES)
def test_it_leaves_the_same_rows(scene: MakeScene, what: str, way: str) -> None:
    act = ACTS[what]
    by_key = _scene(scene, "key", act)
    before = _all(by_key)
    if way == "mail":
        reply.add_note(by_key.kim, "1", act.mail)  # the mail is kept
    act.key(by_key)
    expected = _all(by_key)
    assert expected != before
    other = _scene(scene, way, act)
    WAYS[way][1](other, act)
    found = _all(other)
    if way == "filter":
        assert _apart_from_who(found) == _apart_from_who(expected)
    else:
        assert found == expected
