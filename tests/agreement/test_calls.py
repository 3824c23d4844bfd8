"""What a caller of the API does to a ticket leaves the same rows as the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from api.v1 import calls
from api.v1 import documents as doc
from api.v1.calls import Call
from config.settings import Settings
from desk.home import open_desk
from desk.staff import departments, slas, topics
from desk.tickets import detail
from tests.agreement.scene import CAME, SUBJECT, MakeScene, Scene
from tests.support.mails import mail, rows
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN


class Both(NamedTuple):
    """A call with its body, and the verb that does the same; ``first``: verbs that come before either."""

    call: Callable[[Call], Any]
    body: BaseModel | None
    verb: tuple[str, ...]
    first: tuple[tuple[str, ...], ...] = ()


ACTS: dict[str, Both] = {
    "priority": Both(calls.set_priority, doc.PriorityBody(priority="urgent"), ("priority", "1", "urgent")),
    "tag": Both(calls.set_tags, doc.TagsBody(add=["vpn"]), ("tag", "1", "vpn")),
    "untag": Both(
        calls.set_tags, doc.TagsBody(remove=["vpn"]), ("tag", "1", "--remove", "vpn"), (("tag", "1", "vpn"),)
    ),
    "transfer": Both(calls.transfer, doc.NameBody(name="IT"), ("transfer", "1", "IT")),
    "topic": Both(calls.set_topic, doc.NameBody(name="VPN"), ("set", "1", "--topic", "VPN")),
    "sla": Both(calls.set_sla, doc.NameBody(name="Gold"), ("set", "1", "--sla", "Gold")),
    "merge": Both(calls.merge, doc.IntoBody(into="2"), ("merge", "1", "2")),
    "unmerge": Both(calls.unmerge, None, ("unmerge", "1"), (("merge", "1", "2"),)),
    "split": Both(calls.split, doc.SplitBody(messages=[3]), ("split", "1", "--messages", "3")),
    "link": Both(calls.link, doc.LinkBody(kind="blocks", other="2"), ("link", "1", "blocks", "2")),
    "unlink": Both(
        calls.unlink, doc.UnlinkBody(other="2"), ("unlink", "1", "2"), (("link", "1", "blocks", "2"),)
    ),
    "snooze": Both(calls.snooze, doc.UntilBody(until="2031-05-06"), ("snooze", "1", "2031-05-06")),
    "wake": Both(calls.wake, None, ("wake", "1"), (("snooze", "1", "2031-05-06"),)),
    "watch": Both(calls.watch, None, ("watch", "1")),
    "unwatch": Both(calls.unwatch, None, ("watch", "1", "--not"), (("watch", "1"),)),
    "spam": Both(calls.set_spam, doc.SpamBody(), ("spam", "1")),
    "no spam": Both(calls.set_spam, doc.SpamBody(spam=False), ("spam", "1", "--not"), (("spam", "1"),)),
    "forward": Both(
        calls.forward, doc.ForwardBody(to=["vera@vendor.test"]), ("forward", "1", "--to", "vera@vendor.test")
    ),
    "forward a mail whole": Both(
        calls.forward,
        doc.ForwardBody(to=["vera@vendor.test"], message=3, as_attachment=True),
        ("forward", "1", "--to", "vera@vendor.test", "--message", "3", "--as-attachment"),
    ),
    "cc": Both(
        calls.set_cc,
        doc.CcBody(add=["Tom <tom@corp.test>"], remove=["bob@corp.test"]),
        ("cc", "1", "--add", "Tom <tom@corp.test>", "--remove", "bob@corp.test"),
    ),
    "requester": Both(
        calls.set_requester,
        doc.PersonBody(person="Tom <tom@corp.test>"),
        ("requester", "1", "Tom <tom@corp.test>"),
    ),
    "edit a task": Both(
        calls.edit_task,
        doc.TaskEditBody(place=1, text="Order toner"),
        ("task", "1", "edit", "1", "Order toner"),
        (("task", "1", "add", "Toner"),),
    ),
    "move a task": Both(
        calls.edit_task,
        doc.TaskEditBody(place=1, to=2),
        ("task", "1", "move", "1", "2"),
        (("task", "1", "add", "Toner"), ("task", "1", "add", "Paper")),
    ),
}
_COLUMNS = (
    "number, subject, status, priority, department_id, sla_id, topic_id, contact_id, assignee_id,"
    " merged_into_id, message_count, snoozed_until, snooze_ends, spam IS NULL, closed IS NULL,"
    " due_by_hand, pinned IS NULL"
)


def _verb(scene: Scene, words: tuple[str, ...]) -> None:
    done = SameProcess(scene.desk.paths.home)("ticket", *words, NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err
    open_desk(scene.desk.paths, Settings(timezone="UTC"))


def _all_rows() -> dict[str, Any]:
    return {
        "tickets": rows(f"SELECT {_COLUMNS} FROM ticket ORDER BY id"),
        "messages": rows("SELECT ticket_id, kind, text FROM message ORDER BY id"),
        "files": rows("SELECT message_id, name, type, size FROM attachment ORDER BY id"),
        "tags": rows("SELECT ticket_id, name FROM ticket_tag ORDER BY 1, 2"),
        "people": rows("SELECT ticket_id, contact_id FROM collaborator ORDER BY 1, 2"),
        "tasks": rows("SELECT ticket_id, place, text FROM task ORDER BY 1, 2"),
        "links": rows("SELECT * FROM ticket_link ORDER BY 1, 2"),
        "watches": rows("SELECT ticket_id, agent_id FROM watch ORDER BY 1, 2"),
        "seen": rows("SELECT ticket_id, agent_id FROM seen ORDER BY 1, 2"),
        "events": [
            (number, event.agent, event.kind, event.text)
            for (number,) in rows("SELECT number FROM ticket ORDER BY id")
            for event in detail.show(number).events
        ],
    }


@pytest.mark.parametrize("what", ACTS)
def test_a_call_and_a_verb_leave_the_same_rows(scene: MakeScene, what: str) -> None:
    both, found = ACTS[what], []
    for way in ("call", "verb"):
        made = scene(way)
        made.door.take(mail("Toner?", subject="Toner", message_id="<2@corp.test>"), quiet=True)
        made.door.take(
            mail("And toner.", subject=SUBJECT, answers=made.sent_id), quiet=True, internaldate=CAME
        )
        departments.add_department(ADMIN, "IT")
        slas.add_sla(ADMIN, "Gold", 2)
        topics.add_topic(ADMIN, "VPN", priority="high")
        for words in both.first:
            _verb(made, words)
        before = _all_rows()
        if way == "call":
            both.call(Call(made.desk, made.kim, "1", None, both.body))
        else:
            _verb(made, both.verb)
        assert _all_rows() != before
        found.append(_all_rows())
    assert found[0] == found[1]
