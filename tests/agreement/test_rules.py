"""Filters, bans and what is done by hand do the same through every door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from config.settings import Settings
from desk.filters import bans, filters, senders
from desk.home import open_desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.tickets import merging, snoozing, spam
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import mail, rows
from tests.support.same_process import SameProcess
from tests.support.workbench import ADMIN

DOORS = ("imap", "pop3", "pipe", "lmtp", "http", "import:mbox")
ALARM = "Monitor <monitor@corp.test>"


def _taken(scene: Scene, door: str, raw: bytes) -> str:
    if door in ("imap", "pop3"):
        arrival = scene.door.arrival(raw)._replace(door=door)
    else:
        arrival = Arrival(raw, door, scene.door.mailbox("support@example.test"))
    return str(pipeline.take(scene.desk, [arrival])[0].verdict)


def _rules() -> None:
    add = filters.add
    add(ADMIN, "News", on="new", condition="header:List-Unsubscribe", then=["reject"], order=1)
    add(ADMIN, "VPN", on="new", condition="vpn", then=["priority:high", "tag:vpn", "snooze:2d"])
    add(ADMIN, "Angry", on="reply", condition="lawyer", then=["priority:urgent", "tag:angry"])
    pattern = r'from:monitor@corp.test subject:"~^(?P<what>\w+) is (?:down|up)$"'
    add(ADMIN, "Alarms", on="new", condition=pattern, then=["merge:{what}", "reopen:2h", "no-autoresponse"])
    add(
        ADMIN,
        "Over",
        on="new",
        condition='from:monitor@corp.test subject:"~ is up$"',
        then=["close"],
        order=200,
    )
    bans.ban(ADMIN, "@bad.test")


MAILS: dict[str, Callable[[], list[bytes]]] = {
    "rejected": lambda: [mail(headers={"List-Unsubscribe": "<mailto:x@news.example>"})],
    "routed": lambda: [mail("My VPN drops.", subject="Help")],
    "answered": lambda: [mail("My lawyer!", answers="<first@corp.test>")],
    "banned": lambda: [mail("Buy!", sender="Eve <eve@mx.bad.test>")],
    "banned answer": lambda: [mail("Me too", sender="Eve <eve@bad.test>", answers="<first@corp.test>")],
    "gathered": lambda: [
        mail("x", sender=ALARM, subject=f"web1 is {state}") for state in ("down", "down", "up")
    ],
    "relapsed": lambda: [
        mail("x", sender=ALARM, subject=f"web1 is {state}") for state in ("down", "up", "down")
    ],
}


@pytest.mark.parametrize("what", MAILS)
def test_a_mail_is_decided_the_same_through_every_door(scene: MakeScene, what: str) -> None:
    found: dict[str, Any] = {}
    for door in DOORS:
        made = scene(door.partition(":")[0])
        _rules()
        made.door.take(mail("First", message_id="<first@corp.test>"), quiet=True)
        verdicts = [_taken(made, door, raw) for raw in MAILS[what]()]
        found[door] = (
            verdicts,
            rows(
                "SELECT status, priority, merge_key, snoozed_until IS NULL, message_count"
                " FROM ticket ORDER BY id"
            ),
            rows("SELECT ticket_id, name FROM ticket_tag ORDER BY 1, 2"),
            rows("SELECT ticket_id, kind FROM event ORDER BY id"),
        )
    assert all(each == found["imap"] for each in found.values()), found


BY_HAND: dict[str, tuple[Callable[[Scene], object], tuple[str, ...], str]] = {
    "snooze": (
        lambda s: snoozing.snooze(s.kim, ["1"], "event", s.desk.zone),
        ("snooze", "1", "event"),
        "#snooze event",
    ),
    "spam": (lambda s: spam.mark(s.kim, ["1"]), ("spam", "1"), "#spam"),
    "ban": (lambda s: senders.ban_senders(s.kim, ["1"]), ("ban", "1"), "#ban"),
    "merge": (lambda s: merging.merge(s.kim, ["1"], "2"), ("merge", "1", "2"), "#merge 2"),
}


def _what_is(scene: Scene) -> Any:
    del scene
    return (
        rows(
            "SELECT number, status, snoozed_until, snooze_ends, spam IS NULL, merged_into_id, closed IS NULL"
            " FROM ticket ORDER BY id"
        ),
        rows("SELECT pattern FROM ban"),
        rows("SELECT ticket_id, kind FROM event WHERE kind NOT IN ('noted', 'replied') ORDER BY id"),
    )


@pytest.mark.parametrize("what", BY_HAND)
def test_what_an_agent_does_is_the_same_by_key_verb_and_mail(scene: MakeScene, what: str) -> None:
    by_key, verb, by_mail = BY_HAND[what]
    found = []
    for way in ("key", "verb", "mail"):
        made = scene(way)
        made.door.take(mail("Second", subject="Second"), quiet=True)
        if way == "key":
            by_key(made)
        elif way == "verb":
            done = SameProcess(made.desk.paths.home)("ticket", *verb, NIGHTDESK_AGENT="kim")
            assert done.status == 0, done.err
            open_desk(made.desk.paths, Settings(timezone="UTC"))
        else:
            made.door.take(made.from_agent(f"#note\n{by_mail}\n\nDone."))
        found.append(_what_is(made))
    assert found[0] == found[1]
    assert found[0] == found[2]
