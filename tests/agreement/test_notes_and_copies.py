"""Notes are edited, strangers approved, tasks ticked and copies sent the same by every way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.v1 import calls
from api.v1.calls import Call
from api.v1.documents import (
    ApproveBody,
    DenyBody,
    NoteEdit,
    ReplyBody,
    StopBody,
    TaskBody,
    TaskDoneBody,
    TaskPlaceBody,
    TimeBody,
)
from config.settings import Settings
from desk.admin import notes, table
from desk.documents import tickets as documents
from desk.errors import NotAllowed, NotFound, Refused
from desk.home import open_desk
from desk.replies import forward, reply
from desk.tickets import approval, detail, search, tasks, time_spent, trash, undo
from models import blobs
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import EVE, mail, rows
from tests.support.same_process import SameProcess
from tests.support.workbench import make_agent

ZED = "zed@hidden.test"


def _by_verb(scene: Scene, *words: str, stdin: str = "") -> None:
    done = SameProcess(scene.desk.paths.home)("ticket", *words, stdin=stdin, NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err
    open_desk(scene.desk.paths, Settings(timezone="UTC"))


def _call(scene: Scene, body: Any = None) -> Call:
    return Call(scene.desk, scene.kim, "1", None, body)


def _edit_by_form(scene: Scene) -> None:
    noun, record = notes.note_form("1", _note(), "It leaks.")
    table.edit(noun, scene.desk, scene.kim, record, {"text": "It does not leak."})


def _note() -> int:
    return int(rows("SELECT id FROM message WHERE kind = 'note'")[0][0])


def _with_a_note(scene: Scene) -> None:
    reply.add_note(scene.kim, "1", "It leaks.")


def _with_a_stranger(scene: Scene) -> None:
    scene.door.take(mail("So do I.", sender=EVE, answers=scene.sent_id, cc=f"Zed <{ZED}>"))


def _with_a_task(scene: Scene) -> None:
    tasks.add(scene.kim, "1", "Order it", scene.desk.zone)


def _with_a_clock(scene: Scene) -> None:
    time_spent.start(scene.kim, "1")


def _in_the_trash(scene: Scene) -> None:
    trash.delete(scene.kim, ["1"])


def _nothing(scene: Scene) -> None:
    del scene


Way = Callable[[Scene], object]
ACTS: dict[str, tuple[Way, Way, Way, Way]] = {
    "edit a note": (
        _with_a_note,
        _edit_by_form,
        lambda s: _by_verb(
            s, "note", "1", "--edit", str(_note()), "--body-file", "-", stdin="It does not leak."
        ),
        lambda s: calls.edit_note(_call(s, NoteEdit(message=_note(), body="It does not leak."))),
    ),
    "approve": (
        _with_a_stranger,
        lambda s: approval.approve(s.desk, s.kim, "1"),
        lambda s: _by_verb(s, "approve", "1"),
        lambda s: calls.approve(_call(s, ApproveBody())),
    ),
    "deny": (
        _with_a_stranger,
        lambda s: approval.deny(s.kim, "1"),
        lambda s: _by_verb(s, "deny", "1"),
        lambda s: calls.deny(_call(s, DenyBody())),
    ),
    "add a task": (
        _nothing,
        _with_a_task,
        lambda s: _by_verb(s, "task", "1", "add", "Order it"),
        lambda s: calls.add_task(_call(s, TaskBody(text="Order it"))),
    ),
    "tick a task": (
        _with_a_task,
        lambda s: tasks.tick(s.kim, "1", 1),
        lambda s: _by_verb(s, "task", "1", "tick", "1"),
        lambda s: calls.set_task_done(_call(s, TaskDoneBody(place=1))),
    ),
    "remove a task": (
        _with_a_task,
        lambda s: tasks.remove(s.kim, "1", 1),
        lambda s: _by_verb(s, "task", "1", "remove", "1"),
        lambda s: calls.remove_task(_call(s, TaskPlaceBody(place=1))),
    ),
    "time": (
        _nothing,
        lambda s: time_spent.add(s.kim, "1", "1h30", "looked"),
        lambda s: _by_verb(s, "time", "1", "1h30", "--note", "looked"),
        lambda s: calls.add_time(_call(s, TimeBody(spent="1h30", note="looked"))),
    ),
    "start a clock": (
        _nothing,
        _with_a_clock,
        lambda s: _by_verb(s, "time", "1", "start"),
        lambda s: calls.start_time(_call(s)),
    ),
    "stop a clock": (
        _with_a_clock,
        lambda s: time_spent.stop(s.kim, "done"),
        lambda s: _by_verb(s, "time", "1", "stop", "--note", "done"),
        lambda s: calls.stop_time(_call(s, StopBody(note="done"))),
    ),
    "delete": (
        _nothing,
        _in_the_trash,
        lambda s: _by_verb(s, "delete", "1"),
        lambda s: calls.delete(_call(s)),
    ),
    "restore": (
        _in_the_trash,
        lambda s: trash.restore(s.kim, ["1"]),
        lambda s: _by_verb(s, "delete", "1", "--restore"),
        lambda s: calls.restore(_call(s)),
    ),
}


def _all(scene: Scene) -> dict[str, Any]:
    return {
        **scene.rows(),
        "versions": rows("SELECT v.text, a.login FROM note_version v JOIN agent a ON a.id = v.agent_id"),
        "tasks": rows("SELECT place, text, done IS NULL FROM task"),
        "time": rows("SELECT agent_id, note FROM time_spent"),
        "clock": rows("SELECT agent_id, ticket_id FROM timer"),
        "doubt": rows("SELECT unverified, denied IS NULL FROM message ORDER BY id"),
        "trash": rows("SELECT deleted IS NULL FROM ticket WHERE id = 1"),
    }


@pytest.mark.parametrize("what", ACTS)
def test_it_is_the_same_by_key_verb_and_call(scene: MakeScene, what: str) -> None:
    begin, *ways = ACTS[what]
    found = []
    for name, way in zip(("key", "verb", "call"), ways, strict=True):
        made = scene(name)
        begin(made)
        before = _all(made)
        way(made)
        found.append(_all(made))
        assert found[-1] != before
    assert found[0] == found[1] == found[2]


def test_what_a_note_said_is_kept_found_no_more_and_set_back_by_undo(scene: MakeScene) -> None:
    made = scene("desk")
    _with_a_note(made)
    reply.edit_note(made.kim, "1", _note(), "It does not leak.")
    reply.edit_note(made.kim, "1", _note(), "The valve is new.")
    assert not reply.edit_note(made.kim, "1", _note(), "The valve is new.")
    view = next(each for each in detail.show("1").messages if each.kind == "note")
    assert [each.before for each in view.edits] == ["It leaks.", "It does not leak."]
    assert [each["agent"] for each in documents.message(view)["edits"]] == ["Kim", "Kim"]
    assert [hit.message_id for hit in search.search("valve", 9, None, actor=made.kim, zone=made.desk.zone)]
    assert not search.search("leaks", 9, None, actor=made.kim, zone=made.desk.zone)
    assert undo.undo_last(made.kim) == "undone: #1 note edited"
    assert undo.undo_last(made.kim) == "undone: #1 note edited"
    view = next(each for each in detail.show("1").messages if each.kind == "note")
    assert (view.text, view.edits) == ("It leaks.", ())


def test_whose_note_it_is_not_and_what_is_none_is_refused(scene: MakeScene) -> None:
    made = scene("desk")
    _with_a_note(made)
    worker = make_agent("wil", ["ticket.note", "ticket.edit"])
    with pytest.raises(NotAllowed):
        reply.edit_note(worker, "1", _note(), "Mine now.")
    with pytest.raises(Refused, match="is no note"):
        reply.edit_note(made.kim, "1", detail.show("1").messages[0].id, "The customer said otherwise.")
    forward.forward(made.desk, made.kim, "1", "Look.", to=["vera@vendor.test"], subject="Fwd")
    sent = detail.show("1").messages[-1]
    with pytest.raises(Refused, match="is no note"):
        reply.edit_note(made.kim, "1", sent.id, "I never wrote that.")
    with pytest.raises(NotFound):
        reply.edit_note(made.kim, "1", 4711, "x")
    assert rows("SELECT * FROM note_version") == []
    assert reply.edit_note(made.jo, "1", _note(), "Jo may delete tickets."), "and so may edit others' notes"


SENDS: dict[str, Way] = {
    "app": lambda s: reply.send_reply(s.desk, s.kim, "1", "Done.", bcc=[ZED]),
    "verb": lambda s: _by_verb(s, "reply", "1", "--bcc", ZED, "--body-file", "-", stdin="Done."),
    "call": lambda s: calls.reply(_call(s, ReplyBody(body="Done.", bcc=[ZED]))),
}


def test_a_blind_copy_is_sent_and_stands_in_nothing_that_leaves(scene: MakeScene) -> None:
    found = []
    for name, send in SENDS.items():
        made = scene(name)
        send(made)
        found.append(made.rows())
        raw = b"".join(blobs.read(blob) for (blob,) in rows("SELECT blob_id FROM delivery"))
        assert b"hidden.test" not in raw
        assert b"\nbcc" not in raw.lower(), "no field, whatever random names have in them"
        assert ZED in [row[3] for row in found[-1]["deliveries"]]
        assert (ZED,) not in found[-1]["people"], "no collaborator"
        sent = detail.show("1").messages[-1]
        assert documents.message(sent)["bcc"] == [ZED]
        assert ZED not in [email for _, email in reply.reply_form(made.kim, "1", to_all=True).cc]
    assert found[0] == found[1] == found[2]


def test_who_got_a_blind_copy_and_answers_it_is_heard(scene: MakeScene) -> None:
    made = scene("desk")
    reply.send_reply(made.desk, made.kim, "1", "Done.", bcc=[ZED])
    sent = rows("SELECT message_id FROM message WHERE kind = 'reply' ORDER BY id DESC LIMIT 1")[0][0]
    for text in ("I saw it.", "And I think so."):
        taken = made.door.take(mail(text, sender=f"Zed <{ZED}>", answers=sent))
        assert (taken.verdict, taken.ticket_number) == ("note", "1"), "the agents read it, nobody else"
        assert not detail.show("1").messages[-1].unverified
    shown = detail.show("1")
    assert ZED not in (*shown.collaborators, *shown.pending), "the customer would read of them in Cc"
    form = reply.reply_form(made.kim, "1", to_all=True)
    assert ZED not in [email for _, email in form.cc]
    assert "Zed" not in form.quoted
    reply.send_reply(made.desk, made.kim, "1", "More.")
    raw = blobs.read(rows("SELECT blob_id FROM delivery ORDER BY id DESC LIMIT 1")[0][0])
    assert b"hidden.test" not in raw


def test_whom_a_stranger_brought_is_pending_and_gets_no_mail_until_approved(scene: MakeScene) -> None:
    made = scene("desk")
    _with_a_stranger(made)
    assert set(detail.show("1").pending) == {"eve@elsewhere.test", ZED}
    assert documents.shown(detail.show("1"))["pending"] == list(detail.show("1").pending)
    written_to = [email for _, email in reply.reply_form(made.kim, "1", to_all=True).cc]
    assert written_to == ["bob@corp.test"]
    assert approval.deny(made.kim, "1") == [doubted := detail.show("1").messages[-1].id]
    assert (approval.deny(made.kim, "1"), approval.approve(made.desk, made.kim, "1")) == ([], [])
    assert detail.show("1").pending == ()
    assert [each["denied"] for each in map(documents.message, detail.show("1").messages)][-1]
    assert undo.undo_last(made.kim) == "undone: #1 mail of eve@elsewhere.test denied"
    assert set(detail.show("1").pending) == {"eve@elsewhere.test", ZED}
    approval.deny(made.kim, "1")
    assert approval.approve(made.desk, made.kim, "1", [doubted]) == [doubted]
    assert detail.show("1").pending == ()
    with pytest.raises(Refused, match="was changed since"):
        undo.undo_last(made.kim)
    written_to = [email for _, email in reply.reply_form(made.kim, "1", to_all=True).cc]
    assert set(written_to) == {"bob@corp.test", "eve@elsewhere.test", ZED}
