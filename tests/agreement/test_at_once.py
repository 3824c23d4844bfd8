"""What is said at once is done, or refused, at once by every way, and one undo takes all of it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from api.v1 import calls
from api.v1.calls import Call
from api.v1.documents import TagsBody
from config.settings import Settings
from desk.admin import custom_fields as forms
from desk.admin import table
from desk.custom_fields import definitions
from desk.home import open_desk
from desk.staff import departments, topics
from desk.tickets import changes, detail, links, merging, undo
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import mail
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN

Way = Callable[[Scene], object]


class AtOnce(NamedTuple):
    """By a key, verb and call; what cannot be done begins with what can."""

    key: Way
    verb: Sequence[str]
    refused: Sequence[str]
    call: Way | None = None
    before: Way = lambda scene: None


def _by_form(scene: Scene) -> None:
    noun, record = forms.ticket_form("1", scene.kim)
    given = {"own-1": "AB-1", "topic": "VPN", "priority": "high", "status": "waiting", "department": "IT"}
    table.edit(noun, scene.desk, scene.kim, record, {**record.values, **given})


WORDS = ("--field", "serial=AB-1", "--topic", "VPN", "--priority", "high", "--status", "waiting")
ACTS = {
    "tags": AtOnce(
        lambda s: changes.set_tags(s.kim, ["1"], ["red"], ["vpn"]),
        ("tag", "1", "red", "--remove", "vpn"),
        ("tag", "1", "red", "--remove", ""),
        lambda s: calls.set_tags(Call(s.desk, s.kim, "1", None, TagsBody(add=["red"], remove=["vpn"]))),
        lambda s: changes.add_tags(s.kim, ["1"], ["vpn"]),
    ),
    "fields": AtOnce(
        _by_form,
        ("set", "1", *WORDS, "--department", "IT"),
        ("set", "1", *WORDS, "--department", "Nowhere"),
    ),
    "unmerge": AtOnce(
        lambda s: merging.unmerge_all(s.kim, ["2", "3"]),
        ("unmerge", "2", "3"),
        ("unmerge", "2", "1"),
        before=lambda s: merging.merge(s.kim, ["2", "3"], "1"),
    ),
}


def _made(make: MakeScene, name: str, act: AtOnce) -> Scene:
    made = make(name)
    for number in (2, 3):
        made.door.take(mail(subject=f"{number}", message_id=f"<first-{number}@corp.test>"), quiet=True)
    departments.add_department(ADMIN, "IT")
    topics.add_topic(ADMIN, "VPN")
    definitions.add_field(ADMIN, "serial")
    act.before(made)
    return made


def _verb(scene: Scene, words: Sequence[str]) -> int:
    done = SameProcess(scene.desk.paths.home)("ticket", *words, NIGHTDESK_AGENT="kim")
    open_desk(scene.desk.paths, Settings(timezone="UTC"))
    return done.status


def _told() -> dict[str, Any]:
    """What the three tickets are, but for their history and when it was."""
    found = {}
    for number in "123":
        shown = detail.show(number)
        found[number] = (
            *(shown.status, shown.priority, shown.department, shown.topic, shown.tags, shown.merged_into),
            [(field.name, text) for field, text in shown.fields],
            [each.id for each in shown.messages],
            [(each.how, each.number) for each in shown.links],
        )
    return found


@pytest.mark.parametrize("what", ACTS)
def test_it_is_the_same_by_every_way_and_undone_at_once(scene: MakeScene, what: str) -> None:
    act, found = ACTS[what], []
    ways: list[Way | None] = [act.key, lambda s: _verb(s, act.verb), act.call]
    for number, way in enumerate(ways):
        if way is None:
            continue
        made = _made(scene, f"{number}", act)
        before = _told()
        way(made)
        found.append(_told())
        assert found[-1] != before
        undo.undo_last(made.kim)
        assert _told() == before
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("what", ACTS)
def test_a_part_that_is_refused_lets_nothing_of_it_be_done(scene: MakeScene, what: str) -> None:
    made = _made(scene, "refused", ACTS[what])
    before = _told()
    assert _verb(made, ACTS[what].refused) != 0
    assert _told() == before


def test_links_of_several_tickets_are_made_and_undone_at_once(scene: MakeScene) -> None:
    made = _made(scene, "links", ACTS["unmerge"]._replace(before=lambda _: None))
    before = _told()
    with pytest.raises(Exception, match="cannot be linked to itself"):
        links.link_all(made.kim, ["1", "3"], "relates", "3")
    assert _told() == before
    links.link_all(made.kim, ["1", "2"], "relates", "3")
    assert [len(detail.show("3").links), len(detail.show("1").links)] == [2, 1]
    undo.undo_last(made.kim)
    assert _told() == before
