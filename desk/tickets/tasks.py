"""The checklist of a ticket: tasks are added, done, put in order, given to agents, and taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from config.clock import now
from desk.errors import NotFound, Refused, WrongUse
from desk.permissions import Actor
from desk.tickets import changes
from desk.tickets.lifecycle import Change
from desk.tickets.snoozing import time_from
from mail.inert import one_line
from models import agents
from models import tasks as rows
from models.fields import utc_text, utc_time
from models.tasks import TaskState
from models.tickets import TicketState

MOST = 200
LONGEST = 300


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task; `place` from 1 on, `assignee` a login or None."""

    place: int
    text: str
    assignee: str | None
    due: datetime | None
    done: datetime | None


def of_ticket(ticket_id: int) -> list[TaskView]:
    """Return the checklist of a ticket, in order."""
    found = rows.of_ticket(ticket_id)
    logins = {each.id: each.login for each in agents.every()} if found else {}
    return [
        TaskView(
            place,
            each.text,
            None if each.assignee_id is None else logins.get(each.assignee_id),
            None if each.due is None else utc_time(each.due),
            None if each.done is None else utc_time(each.done),
        )
        for place, each in enumerate(found, 1)
    ]


def add(
    actor: Actor, number: str, text: str, zone: tzinfo, *, assignee: str | None = None, due: str | None = None
) -> list[str]:
    """Add a task at the end; ``due`` as in `snoozing.time_from`. Returns the ticket's number if changed."""
    kept = _text(text)
    who = _agent_id(actor, assignee)
    when = _due(due, zone)

    def edit(tasks: list[TaskState]) -> str:
        if len(tasks) >= MOST:
            raise Refused(f"there are {MOST} tasks already", "begin another ticket")
        tasks.append(TaskState(kept, who, when))
        return f"added: {kept}"

    return _change(actor, number, edit)


def edit(
    actor: Actor,
    number: str,
    seen: int,
    zone: tzinfo,
    *,
    text: str | None = None,
    assignee: str | None = None,
    due: str | None = None,
    to: int | None = None,
    was: str | None = None,
) -> list[str]:
    """Change a task; None leaves a value, ``""`` takes assignee and date away. Returns as `add` does.

    ``to``: the place in the list that it gets. ``was``: what it says, for who saw it at that place: others
    may have added and removed some before it. Raises NotFound when none says so any more.
    """

    def change(tasks: list[TaskState]) -> str:
        place = _place(tasks, seen, was)
        task = _at(tasks, place)
        if text is not None:
            task = task._replace(text=_text(text))
        if assignee is not None:
            task = task._replace(assignee_id=_agent_id(actor, assignee))
        if due is not None:
            task = task._replace(due=_due(due, zone))
        if task == tasks[place - 1]:
            return "" if to is None else _moved(tasks, place, to)
        tasks[place - 1] = task
        if to is not None:
            _moved(tasks, place, to)
        return f"changed: {task.text}"

    return _change(actor, number, change)


def tick(actor: Actor, number: str, place: int, was: str | None = None) -> list[str]:
    """Note that a task is done. ``was`` and what it returns: as of `edit`."""
    return _set_done(actor, number, place, was, utc_text(now()))


def untick(actor: Actor, number: str, place: int, was: str | None = None) -> list[str]:
    """Note that a task is not done after all. ``was`` and what it returns: as of `edit`."""
    return _set_done(actor, number, place, was, None)


def move(actor: Actor, number: str, seen: int, to: int, was: str | None = None) -> list[str]:
    """Put a task elsewhere in the list. ``was`` and what it returns: as of `edit`."""

    def change(tasks: list[TaskState]) -> str:
        place = _place(tasks, seen, was)
        return _moved(tasks, place, to + place - seen)

    return _change(actor, number, change)


def remove(actor: Actor, number: str, seen: int, was: str | None = None) -> list[str]:
    """Take a task away. ``was`` and what it returns: as of `edit`."""

    def change(tasks: list[TaskState]) -> str:
        place = _place(tasks, seen, was)
        task = _at(tasks, place)
        del tasks[place - 1]
        return f"removed: {task.text}"

    return _change(actor, number, change)


def _moved(tasks: list[TaskState], place: int, to: int) -> str:
    task = _at(tasks, place)
    _at(tasks, to)
    if place == to:
        return ""
    tasks.insert(to - 1, tasks.pop(place - 1))
    return f"moved from {place} to {to}: {task.text}"


def _set_done(actor: Actor, number: str, seen: int, was: str | None, done: str | None) -> list[str]:
    def change(tasks: list[TaskState]) -> str:
        place = _place(tasks, seen, was)
        task = _at(tasks, place)
        if (task.done is None) == (done is None):
            return ""
        tasks[place - 1] = task._replace(done=done)
        return f"{'open again' if done is None else 'done'}: {task.text}"

    return _change(actor, number, change)


def _change(actor: Actor, number: str, edit_list: Callable[[list[TaskState]], str]) -> list[str]:
    def edit(ticket: TicketState) -> Change | None:
        tasks = rows.of_ticket(ticket.id)
        said = edit_list(tasks)
        return Change("tasks", tasks=tasks, detail={"what": said}) if said else None

    return changes.change(actor, "ticket.edit", [number], edit)


def _place(tasks: Sequence[TaskState], seen: int, was: str | None) -> int:
    """Return where a task is that somebody saw at a place, saying what it `was`."""
    if was is None or (1 <= seen <= len(tasks) and tasks[seen - 1].text == was):
        return seen
    same = [place for place, each in enumerate(tasks, 1) if each.text == was]
    if len(same) != 1:
        raise NotFound(
            f"the task '{one_line(was, 40)}' is not there any more",
            "somebody changed or removed it meanwhile",
        )
    return same[0]


def _at(tasks: Sequence[TaskState], place: int) -> TaskState:
    if not 1 <= place <= len(tasks):
        known = f"there are {len(tasks)}" if tasks else "there are none"
        raise WrongUse(f"there is no task {place}", f"{known}; nightdesk ticket show NUMBER lists them")
    return tasks[place - 1]


def _text(text: str) -> str:
    kept = one_line(text, LONGEST + 1)
    if not kept or len(kept) > LONGEST:
        raise WrongUse(
            "a task says what is to be done" if not kept else "that task is too long",
            f"in at most {LONGEST} characters",
        )
    return kept


def _agent_id(actor: Actor, login: str | None) -> int | None:
    if not login:
        return None
    found = agents.with_login(actor.login if login == "me" else login)
    if found is None or not found.active:
        raise WrongUse(f"there is no agent '{one_line(login, 40)}'", "nightdesk agent list")
    return found.id


def _due(text: str | None, zone: tzinfo) -> str | None:
    return utc_text(time_from(text, now(), zone)) if text else None
