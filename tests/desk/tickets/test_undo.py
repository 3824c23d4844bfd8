"""Whatever the app undoes: after it the rows are what they were, in whatever order things were done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desk import statuses
from desk.custom_fields import definitions
from desk.errors import DeskError
from desk.filters import senders
from desk.home import Desk
from desk.permissions import Actor
from desk.replies.reply import add_note, edit_note
from desk.staff import departments, slas, teams, topics
from desk.tickets import (
    approval,
    changes,
    due_dates,
    fields,
    links,
    merging,
    people,
    pinning,
    snoozing,
    spam,
    splitting,
    tasks,
    time_spent,
    trash,
    undo,
    watching,
)
from models.schema import TABLES
from tests.support.mails import ANA, BOB, EVE, Door, mail, rows, value
from tests.support.workbench import ADMIN, make_agent

NUMBERS = ["1", "2"]


def _without_newest_time(kim: Actor) -> bool:
    time_spent.remove(kim, "1", value("SELECT coalesce(max(id), 0) FROM time_spent WHERE ticket_id = 1"))
    return True


ACTS: dict[str, tuple[str, Callable[[Actor], object]]] = {
    # what: (the kind of event that undo reads, the act)
    "assign": ("assigned", lambda kim: changes.assign(kim, NUMBERS, "lee")),
    "take": ("assigned", lambda kim: changes.assign(kim, NUMBERS, "kim")),
    "to a team": ("assigned", lambda kim: changes.assign_team(kim, NUMBERS, "Night")),
    "to nobody": ("unassigned", lambda kim: changes.assign(kim, NUMBERS, None)),
    "waiting": ("status", lambda kim: changes.set_status(kim, NUMBERS, "waiting")),
    "open": ("status", lambda kim: changes.set_status(kim, NUMBERS, "open")),
    "named status": ("status", lambda kim: changes.set_status(kim, NUMBERS, "On hold")),
    "close": ("closed", lambda kim: changes.close(kim, NUMBERS, leave_tasks=True)),
    "reopen": ("reopened", lambda kim: changes.reopen(kim, NUMBERS)),
    "priority": ("priority", lambda kim: changes.set_priority(kim, NUMBERS, 4)),
    "tag": ("tagged", lambda kim: changes.add_tags(kim, NUMBERS, ["vpn", "old"])),
    "untag": ("untagged", lambda kim: changes.remove_tags(kim, NUMBERS, ["old"])),
    "tag and untag": ("tagged", lambda kim: changes.set_tags(kim, NUMBERS, ["red"], ["old"])),
    "transfer": ("transferred", lambda kim: changes.transfer(kim, NUMBERS, "Sales")),
    "give to who reads Sales only": ("assigned", lambda kim: changes.assign(kim, NUMBERS, "sue")),
    "transfer back": ("let_go", lambda kim: changes.transfer(kim, NUMBERS, "Support")),
    "SLA": ("sla", lambda kim: changes.set_sla(kim, NUMBERS, "Gold")),
    "topic": ("topic", lambda kim: changes.set_topic(kim, NUMBERS, "VPN")),
    "requester": ("requester", lambda kim: people.set_requester(kim, NUMBERS, EVE)),
    "cc": ("collaborators", lambda kim: people.set_collaborators(kim, NUMBERS, ["eve@elsewhere.test"])),
    "requester who is new": (
        "requester",
        lambda kim: people.set_requester(kim, NUMBERS, "Zoe <zoe@new.test>"),
    ),
    "cc of who is new": (
        "collaborators",
        lambda kim: people.set_collaborators(kim, NUMBERS, ["Zoe <zoe@new.test>", "yan@new.test"]),
    ),
    "out of cc": (
        "collaborators",
        lambda kim: people.set_collaborators(kim, NUMBERS, remove=["eve@elsewhere.test"]),
    ),
    "snooze": ("snoozed", lambda kim: snoozing.snooze(kim, NUMBERS, "2031-05-06", UTC)),
    "snooze until an event": ("snoozed", lambda kim: snoozing.snooze(kim, NUMBERS, "event", UTC)),
    "wake": ("woken", lambda kim: snoozing.wake(kim, NUMBERS)),
    "spam": ("spam", lambda kim: spam.mark(kim, NUMBERS)),
    "no spam": ("not_spam", lambda kim: spam.unmark(kim, NUMBERS)),
    "delete": ("deleted", lambda kim: trash.delete(kim, NUMBERS)),
    "restore": ("restored", lambda kim: trash.restore(kim, NUMBERS)),
    "ban": ("banned", lambda kim: senders.ban_senders(kim, ["2"])),
    "task": ("tasks", lambda kim: tasks.add(kim, "1", "Order toner", UTC, assignee="lee", due="2d")),
    "tick": ("tasks", lambda kim: tasks.tick(kim, "1", 1)),
    "untick": ("tasks", lambda kim: tasks.untick(kim, "1", 1)),
    "edit a task": ("tasks", lambda kim: tasks.edit(kim, "1", 1, UTC, text="Order paper", due="3d")),
    "move a task": ("tasks", lambda kim: tasks.move(kim, "1", 2, 1)),
    "remove a task": ("tasks", lambda kim: tasks.remove(kim, "1", 1)),
    "time": ("time", lambda kim: [time_spent.add(kim, "1", "5m", "looked")]),
    "remove time": ("time_removed", _without_newest_time),
    "fields": ("fields", lambda kim: fields.set_fields(kim, NUMBERS, {"serial": "Z-1", "rooms": "7.5"})),
    "a field's person who is new": (
        "fields",
        lambda kim: fields.set_fields(kim, NUMBERS, {"site": "Zoe <zoe@new.test>"}),
    ),
    "facts": (
        "topic",
        lambda kim: fields.set_facts(
            *(kim, NUMBERS),
            fields={"serial": "Z-2"},
            topic="VPN",
            sla="Gold",
            priority="low",
            status="On hold",
            department="Sales",
        ),
    ),
    "no field": ("fields", lambda kim: fields.set_fields(kim, NUMBERS, {"serial": ""})),
    "due": ("due", lambda kim: due_dates.set_due(kim, NUMBERS, "2031-05-06", UTC)),
    "not due": ("due", lambda kim: due_dates.set_due(kim, NUMBERS, "none", UTC)),
    "pin": ("pinned", lambda kim: pinning.pin(kim, NUMBERS)),
    "unpin": ("unpinned", lambda kim: pinning.unpin(kim, NUMBERS)),
    "edit a note": (
        "note_edited",
        lambda kim: edit_note(kim, "1", _note(), f"Again: {_versions()}") or "said",
    ),
    "deny": ("denied", lambda kim: approval.deny(kim, "1")),
    "merge": ("merged", lambda kim: merging.merge(kim, ["2", "3"], "1")),
    "unmerge": ("unmerged", lambda kim: merging.unmerge(kim, "2")),
    "unmerge both": ("unmerged", lambda kim: merging.unmerge_all(kim, ["2", "3"])),
    "unmerge the other": ("unmerged", lambda kim: merging.unmerge(kim, "3")),
    "split": ("split", lambda kim: splitting.split(kim, "1", [_last_of_first()])),
    "split a mail": ("split", lambda kim: splitting.split(kim, "1", [_last_of_first("customer")])),
    "tag what is newest": ("tagged", lambda kim: changes.add_tags(kim, [_newest()], ["new"])),
    "watch": ("watched", lambda kim: watching.watch(kim, NUMBERS)),
    "watch no more": ("unwatched", lambda kim: watching.unwatch(kim, NUMBERS)),
    "link": ("linked", lambda kim: links.link(kim, "1", "blocks", "3")),
    "link both": ("linked", lambda kim: links.link_all(kim, NUMBERS, "duplicates", "3")),
    "link from there": ("linked", lambda kim: links.link(kim, "3", "relates", "1")),
    "unlink": ("unlinked", lambda kim: links.unlink(kim, "1", "3")),
}
NOT_SET_BACK = {"event", "seen", "notice", "held_notice", "sequence", "setting", "log_entry", "awaited"}
"""The history, who is told of it, ids that are given once, and that an agent put a mail where it is."""
TOLD = {name: table for table in TABLES if (name := table._meta.table_name) not in NOT_SET_BACK}


def _note() -> int:
    return int(value("SELECT id FROM message WHERE kind = 'note' ORDER BY id"))


def _last_of_first(kind: str = "note") -> int:
    found = value("SELECT max(id) FROM message WHERE kind = ? AND ticket_id = 1", kind)
    return int(found or 0)


def _newest() -> str:
    return str(value("SELECT number FROM ticket ORDER BY id DESC LIMIT 1"))


def _versions() -> int:
    return int(value("SELECT count(*) FROM note_version"))


def _all_rows() -> dict[str, list[Any]]:
    return {name: sorted(rows(f'SELECT * FROM "{name}"'), key=repr) for name in TOLD}


@pytest.fixture
def kim(desk: Desk) -> Actor:
    """On a desk with three tickets and all that an act names."""
    kim = make_agent("kim")
    make_agent("lee")
    departments.add_department(ADMIN, "Sales")
    make_agent("sue", ["ticket.read", "ticket.reply"], department="Sales")
    teams.add_team(ADMIN, "Night", members=["kim", "lee"], lead="lee")
    statuses.add_status(ADMIN, "On hold", state="waiting")
    slas.add_sla(ADMIN, "Gold", 4, next=8, resolve=72, pause="waiting,snoozed")
    topics.add_topic(ADMIN, "VPN", department="Sales", priority="high", sla="Gold")
    definitions.add_field(ADMIN, "serial")
    definitions.add_field(ADMIN, "rooms", kind="number")
    definitions.add_field(ADMIN, "site", kind="contact")
    door = Door(desk)
    for sender in (ANA, BOB, EVE):
        door.take(mail(sender, subject=sender, sender=sender))
    add_note(kim, "1", "Tina rang.")
    door.take(mail(sender=EVE, answers=door.sent(1, ANA), cc="Carl <carl@corp.test>"))
    return kim


@pytest.mark.sqlite
@example(story=["transfer", "give to who reads Sales only", "transfer back"])
@example(story=["give to who reads Sales only", "transfer", "link", "merge", "unlink"])
@example(story=["cc of who is new", "requester who is new", "requester"])
@example(story=["deny", "a field's person who is new", "merge", "deny"])
@example(story=["delete", "restore", "spam", "no spam", "time", "remove time", "edit a note", "ban"])
@example(story=["merge", "unmerge", "unmerge the other", "merge"])
@example(story=["named status", "merge", "unmerge", "unmerge the other", "merge"])
@example(story=["waiting", "merge", "unmerge", "unmerge the other", "waiting", "merge"])
@example(story=["tag", "tag and untag", "link both", "facts", "merge", "unmerge both", "facts", "merge"])
@example(story=["give to who reads Sales only", "snooze", "facts", "close", "facts"])
@example(story=["tag", "watch", "merge", "tag what is newest", "unmerge", "tag", "watch no more"])
@example(story=["split", "tag what is newest", "split a mail", "merge", "split a mail", "unmerge"])
@given(story=st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=10))
@settings(max_examples=25)
def test_what_was_done_is_undone_one_by_one(kim: Actor, story: list[str]) -> None:
    done: list[tuple[str, dict[str, list[Any]]]] = []
    for what in story:
        before = _all_rows()
        try:
            ACTS[what][1](kim)
        except DeskError:
            assert _all_rows() == before
            continue
        if _all_rows() != before:
            done.append((what, before))
    for what, before in reversed(done):
        assert (undo.undo_last(kim) or "").startswith("undone: ")
        now_there = _all_rows()
        assert [(what, name) for name in TOLD if now_there[name] != before[name]] == []


def test_every_act_that_is_undone_is_in_the_table() -> None:
    assert {kind for kind, _ in ACTS.values()} == set(undo.UNDOABLE)
