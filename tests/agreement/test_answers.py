"""An answer leaves the same rows, be it written in the app, on the command line, by a call or by mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.v1.calls import Call, reply
from api.v1.documents import ReplyBody
from desk.replies import reply as desk_reply
from mail.mime.message import parse
from models import blobs
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import rows, write

TEXT = "It is repaired."


def in_the_app(scene: Scene) -> None:
    form = desk_reply.reply_form(scene.kim, "1", to_all=True)
    desk_reply.send_reply(scene.desk, scene.kim, "1", TEXT, to=form.to, cc=form.cc, subject=form.subject)


def on_the_command_line(scene: Scene) -> None:
    done = scene.program("ticket", "reply", "1", "--body-file", "-", stdin=TEXT, NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err


def by_a_call(scene: Scene) -> None:
    reply(Call(scene.desk, scene.kim, "1", None, ReplyBody(body=TEXT)))


def by_mail(scene: Scene) -> None:
    taken = scene.door.take(scene.from_agent(TEXT))
    assert (taken.verdict, taken.ticket_number) == ("reply", "1")


DOORS: dict[str, Callable[[Scene], None]] = {
    "command line": on_the_command_line,
    "call": by_a_call,
    "mail": by_mail,
}
STATES: dict[str, dict[str, Any]] = {
    "new": {},
    "open and overdue": {"status": "open", "overdue": 1, "due": "2026-01-01T00:00:00.000000Z"},
    "waiting": {"status": "waiting", "due": None},
    "closed": {"status": "closed", "due": None, "closed": "2026-01-01T00:00:00.000000Z"},
    "owned by another": {"status": "open", "assignee_id": 2},
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("state", STATES)
def test_an_answer_is_the_same_through_every_door(scene: MakeScene, door: str, state: str) -> None:
    app = scene("app").state(**STATES[state])
    in_the_app(app)
    expected = app.rows()
    other = scene("other").state(**STATES[state])
    DOORS[door](other)
    assert other.rows() == expected


def test_an_answer_stops_the_clock_and_takes_the_ticket(scene: MakeScene) -> None:
    answered = scene("mail")
    by_mail(answered)
    rows = answered.rows()
    assert (rows["ticket"]["status"], rows["ticket"]["due IS NULL"]) == ("waiting", 1)
    assert rows["ticket"]["assignee_id"] == answered.kim.agent_id
    assert rows["seen"] == [("kim",)], "Jo has not read the answer"
    assert [row[3] for row in rows["deliveries"]] == ["ana@corp.test", "bob@corp.test"]
    assert rows["events"][-1][:2] == ("Kim", "replied")


@pytest.mark.parametrize("state", STATES)
def test_a_note_is_the_same_by_key_and_by_mail(scene: MakeScene, state: str) -> None:
    written = scene("app").state(**STATES[state])
    desk_reply.add_note(written.kim, "1", TEXT)
    expected = written.rows()
    mailed = scene("mail").state(**STATES[state])
    mailed.sent_id = mailed.door.sent(1, "kim@staff.example", kind="alert")
    taken = mailed.door.take(mailed.from_agent(TEXT))
    assert taken.verdict == "note"
    assert mailed.rows() == expected


def test_the_customer_gets_the_same_text_with_the_same_signature(scene: MakeScene) -> None:
    def sent(at: Scene) -> str:
        raw = blobs.read(rows("SELECT blob_id FROM delivery WHERE message_ref_id IS NOT NULL")[0][0])
        return parse(raw).text

    for act in (in_the_app, by_mail):
        at = scene(act.__name__)
        write("UPDATE department SET signature = 'Your support'")
        act(at)
        assert sent(at).strip() == f"{TEXT}\n\n-- \nYour support"
