"""The checklist of a ticket: from its topic, changed by agents, undone, and asked about when it is closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import pytest

from desk.errors import DeskError, NotAllowed, WrongUse
from desk.home import Desk
from desk.permissions import FILTER, Actor
from desk.staff import topics
from desk.tickets import changes, detail, tasks, undo
from desk.tickets.changes import OpenTasks
from models import settings as setting_rows
from models.transactions import transaction
from tests.support.mails import Door, mail
from tests.support.workbench import ADMIN, make_agent


@pytest.fixture
def kim(desk: Desk) -> Actor:
    Door(desk).take(mail())
    return make_agent("kim", ["ticket.edit", "ticket.close"])


def listed() -> list[tuple[str, bool]]:
    return [(task.text, task.done is not None) for task in detail.show("1").tasks]


def fill(kim: Actor, *texts: str) -> None:
    for text in texts:
        tasks.add(kim, "1", text, UTC)


def test_tasks_are_added_done_moved_and_removed(kim: Actor) -> None:
    fill(kim, "order", "unpack", "install")
    tasks.tick(kim, "1", 2)
    tasks.move(kim, "1", 3, 1)
    assert listed() == [("install", False), ("order", False), ("unpack", True)]
    tasks.untick(kim, "1", 3)
    tasks.remove(kim, "1", 2)
    assert listed() == [("install", False), ("unpack", False)]


def test_each_change_is_undone(kim: Actor) -> None:
    fill(kim, "order", "unpack")
    before = detail.show("1").tasks
    changes_made: tuple[Callable[[], list[str]], ...] = (
        lambda: tasks.add(kim, "1", "more", UTC, assignee="me", due="2d"),
        lambda: tasks.tick(kim, "1", 1),
        lambda: tasks.move(kim, "1", 1, 2),
        lambda: tasks.remove(kim, "1", 1),
        lambda: tasks.edit(kim, "1", 1, UTC, text="other", assignee="kim", due="monday"),
    )
    for change in changes_made:
        assert change() == ["1"]
        assert detail.show("1").tasks != before
        assert undo.undo_last(kim)
        assert detail.show("1").tasks == before


def test_what_somebody_changed_since_is_not_undone(kim: Actor) -> None:
    fill(kim, "order")
    tasks.add(ADMIN, "1", "unpack", UTC)
    with pytest.raises(DeskError, match="was changed since"):
        undo.undo_last(kim)
    assert listed() == [("order", False), ("unpack", False)]


def test_whose_it_is_and_until_when(kim: Actor) -> None:
    tasks.add(kim, "1", "order", UTC, assignee="me", due="2099-12-24")
    task = detail.show("1").tasks[0]
    assert (task.assignee, f"{task.due:%Y-%m-%d}") == ("kim", "2099-12-24")
    tasks.edit(kim, "1", 1, UTC, assignee="", due="")
    task = detail.show("1").tasks[0]
    assert (task.assignee, task.due) == (None, None)


@pytest.mark.parametrize(
    ("place", "text", "login"), [(2, "x", None), (0, "x", None), (1, "x" * 301, None), (1, "x", "nobody")]
)
def test_what_cannot_be_is_said(kim: Actor, place: int, text: str, login: str | None) -> None:
    fill(kim, "order")
    with pytest.raises(WrongUse):
        tasks.edit(kim, "1", place, UTC, text=text, assignee=login)
    assert listed() == [("order", False)]


def test_who_may_not_edit_does_not(kim: Actor) -> None:
    del kim
    with pytest.raises(NotAllowed):
        tasks.add(make_agent("jo", ["ticket.note"]), "1", "x", UTC)


@pytest.mark.parametrize("way", ["close", "state"])
def test_closing_asks_about_tasks_that_are_left(kim: Actor, way: str) -> None:
    fill(kim, "order", "unpack")
    tasks.tick(kim, "1", 1)

    def close(leave_tasks: bool) -> list[str]:
        if way == "close":
            return changes.close(kim, ["1"], leave_tasks=leave_tasks)
        return changes.set_status(kim, ["1"], "closed", leave_tasks=leave_tasks)

    with pytest.raises(OpenTasks, match="1 task is not done in #1"):
        close(False)
    assert detail.show("1").status == "new"
    assert close(True) == ["1"]


def test_a_filter_is_not_asked_and_done_tasks_ask_nothing(kim: Actor) -> None:
    fill(kim, "order")
    assert changes.set_status(FILTER, ["1"], "closed") == ["1"]
    changes.reopen(kim, ["1"])
    tasks.tick(kim, "1", 1)
    assert changes.close(kim, ["1"]) == ["1"]


def test_a_topic_begins_the_checklist(desk: Desk) -> None:
    topics.add_topic(ADMIN, "New hire", checklist=["laptop", "account"])
    topics.edit_topic(ADMIN, "New hire", checklist=["laptop", "account", "badge"])
    door = Door(desk)
    with transaction():
        setting_rows.store("tickets.default_topic", "New hire")
    door.take(mail())
    assert listed() == [("laptop", False), ("account", False), ("badge", False)]
    topics.edit_topic(ADMIN, "New hire", checklist=[])
    assert len(listed()) == 3
    door.take(mail("Another.", subject="Second"))
    assert detail.show("2").tasks == ()
