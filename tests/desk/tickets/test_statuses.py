"""Statuses of the desk's own: given by every door, asked of, and gone when the state changes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.v1 import calls
from api.v1.calls import Call
from api.v1.documents import StatusBody
from desk import statuses
from desk.documents import tickets as documents
from desk.errors import DeskError, WrongUse
from desk.filters import filters
from desk.queries.errors import QueryError
from desk.tickets import changes, detail, lists, query, undo
from models.opening import close_database
from tests.agreement.scene import Scene
from tests.support.mails import mail, rows
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The scene of the agreement tests, with four statuses."""
    made = Scene(tmp_path)
    for name, state in (("On hold", "waiting"), ("In progress", "open"), ("Resolved", "closed")):
        statuses.add_status(ADMIN, name, state=state)
    statuses.add_status(ADMIN, "Won't fix", state="closed")
    yield made
    close_database()


def stands() -> tuple[str, str | None]:
    """The state of the ticket, and its status."""
    shown = detail.show("1")
    return shown.status, shown.named_status


def found(text: str) -> set[str]:
    """The numbers of the tickets that a query finds."""
    wanted = lists.ListQuery("open", query.parse(text, ADMIN), "updated", ADMIN)
    page = {line.number for line in lists.page(wanted)}
    assert lists.count(wanted) == len(page)
    return page


def _verb(scene: Scene) -> None:
    done = SameProcess(scene.desk.paths.home)("ticket", "status", "1", "on hold", NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err


def _call(scene: Scene) -> None:
    calls.set_status(Call(scene.desk, scene.kim, "1", None, StatusBody(status="On hold")))


DOORS: dict[str, Callable[[Scene], object]] = {
    "function": lambda scene: changes.set_status(scene.kim, ["1"], "On hold"),
    "verb": _verb,
    "call": _call,
    "mail": lambda scene: scene.door.take(scene.from_agent("#status On hold\n#note\nLater.")),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_ticket_is_put_into_a_status(scene: Scene, door: str) -> None:
    before = stands()
    DOORS[door](scene)
    assert stands() == ("waiting", "On hold")
    assert any("-> On hold" in event.text for event in detail.show("1").events)
    assert undo.undo_last(scene.kim) is not None
    assert stands() == before


def test_a_filter_puts_mail_into_a_status(scene: Scene) -> None:
    filters.add(ADMIN, "Later", on="new", condition="someday", then=["status:on hold"])
    outcome = scene.door.take(mail("Do it someday.", message_id="<n@corp.test>", subject="Idea"))
    shown = detail.show(str(outcome.ticket_number))
    assert (shown.status, shown.named_status) == ("waiting", "On hold")


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("On hold", "customer", ("open", None)),
        ("Resolved", "customer", ("open", None)),
        ("In progress", "customer", ("open", "In progress")),
        ("In progress", "waiting", ("waiting", None)),
        ("In progress", "open", ("open", None)),
        ("Resolved", "Won't fix", ("closed", "Won't fix")),
        ("Resolved", "close", ("closed", "Resolved")),
        ("Resolved", "reopen", ("open", None)),
        ("On hold", "In progress", ("open", "In progress")),
    ],
)
def test_a_name_lasts_as_long_as_the_state(
    scene: Scene, first: str, then: str, expected: tuple[str, str | None]
) -> None:
    changes.set_status(scene.kim, ["1"], first)
    before = stands()
    if then == "customer":
        scene.door.take(mail("And?", answers=scene.sent_id, subject="Re: Printer"))
    elif then == "close":
        changes.close(scene.kim, ["1"])
    elif then == "reopen":
        changes.reopen(scene.kim, ["1"])
    else:
        changes.set_status(scene.kim, ["1"], then)
    assert stands() == expected
    if then not in ("customer", "close"):
        undo.undo_last(scene.kim)
        assert stands() == before


def test_a_closed_ticket_that_is_renamed_stays_closed_when_it_was(scene: Scene) -> None:
    changes.set_status(scene.kim, ["1"], "Resolved")
    closed = rows("SELECT closed FROM ticket WHERE id = 1")
    changes.set_status(scene.kim, ["1"], "Won't fix")
    assert rows("SELECT closed FROM ticket WHERE id = 1") == closed
    assert [event.kind for event in detail.show("1").events][-2:] == ["closed", "status"]


@pytest.mark.parametrize(
    ("status", "asked", "is_found"),
    [
        ("On hold", 'status:"On hold"', True),
        ("On hold", "status:on", True),
        ("On hold", "status:waiting", True),
        ("On hold", "state:waiting", True),
        ("On hold", 'status:open,"On hold"', True),
        ("On hold", "status:resolved", False),
        ("Resolved", "status:resolved", True),
        ("Resolved", "-status:resolved", False),
        ("Resolved", "status:closed", True),
        ("waiting", 'status:"On hold"', False),
        ("closed", "status:any", True),
    ],
)
def test_a_query_asks_for_a_status_or_its_state(
    scene: Scene, status: str, asked: str, is_found: bool
) -> None:
    changes.set_status(scene.kim, ["1"], status)
    assert (found(asked) == {"1"}) == is_found


def test_json_has_the_state_beside_a_status_of_the_desks_own(scene: Scene) -> None:
    wanted = lists.ListQuery("open", None, "updated", ADMIN)
    assert "state" not in documents.listed(lists.page(wanted))[0]
    changes.set_status(scene.kim, ["1"], "On hold")
    shown, listed = documents.shown(detail.show("1")), documents.listed(lists.page(wanted))[0]
    assert (shown["status"], shown["state"]) == ("On hold", "waiting")
    assert (listed["status"], listed["state"]) == ("On hold", "waiting")


def test_a_status_is_renamed_ordered_switched_off_and_removed(scene: Scene) -> None:
    statuses.edit_status(ADMIN, "Won't fix", order=1)
    closed = [each.name for each in statuses.statuses() if each.state == "closed"]
    assert closed == ["Won't fix", "Resolved"]
    changes.set_status(scene.kim, ["1"], "On hold")
    statuses.edit_status(ADMIN, "on hold", new_name="Parked", active=False)
    assert stands() == ("waiting", "Parked")
    with pytest.raises(WrongUse, match="there is no status 'Parked'"):
        changes.set_status(scene.kim, ["1"], "Parked")
    statuses.remove_status(ADMIN, "Parked")
    assert stands() == ("waiting", None)


@pytest.mark.parametrize("name", ["", "open", "Closed", "any", "resolved", "a,b", 'say "x"', "(x)"])
def test_what_cannot_be_a_status_is_refused(scene: Scene, name: str) -> None:
    with pytest.raises(DeskError):
        statuses.add_status(ADMIN, name)
    with pytest.raises(DeskError):
        statuses.edit_status(ADMIN, "On hold", new_name=name)


def test_an_unknown_status_is_refused_everywhere(scene: Scene) -> None:
    with pytest.raises(WrongUse, match="there is no status 'Lost'"):
        changes.set_status(scene.kim, ["1"], "Lost")
    with pytest.raises(QueryError):
        found("status:lost")
    with pytest.raises(WrongUse, match="there is no status 'lost'"):
        filters.add(ADMIN, "F", on="new", condition="x", then=["status:lost"])
