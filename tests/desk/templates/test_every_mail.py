"""Every mail that the desk itself writes is made of templates: none has a word that the program holds.

The shipped texts are put into letters that no English word has; what is left of those in a mail was written
by the program. A place that makes mail and stands not in the table fails the test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from config.clock import now
from desk import settings
from desk.alerts import alarms, logins, notifications, outgoing
from desk.home import Desk
from desk.mailboxes import health
from desk.outbox import probe_mail
from desk.recurring import definitions, sweep
from desk.replies.forward import forward_form
from desk.replies.reply import reply_form
from desk.reports import by_mail
from desk.staff.agents import edit_agent, set_own_vacation
from desk.templates import texts
from desk.tickets import changes, closing
from mail.compose.signed_tag import SignedTag, tagged
from mail.errors import ConnectFailed
from mail.mime import automated
from mail.mime.message import parse
from models import blobs, mailboxes
from models.fields import utc_text
from models.notices import KINDS
from models.settings import store
from models.transactions import transaction
from tests.support.mails import SUPPORT, Door, mail, rows, write
from tests.support.servers.faults import FaultySmtp
from tests.support.workbench import ADMIN, make_agent

ROOT: Final = Path(__file__).parents[3]
FLOORS: Final = ("nightdesk", "api", "tui", "worker", "desk")

BY_PEOPLE: Final = {
    "desk/replies/reply.py send_reply": "the agent's words, above what the text 'quoting' begins",
    "desk/replies/forward.py forward": "the agent's words, above what the text 'forwarding' begins",
    "desk/replies/new_ticket.py new_ticket": "the agent's words",
    "desk/intake/acknowledgements.py pass_on": "the agent's mail",
    "desk/alerts/notifications.py _mail_canned": "a canned answer, which the desk wrote",
}
"""Places that send what people wrote, and what that is."""


def _old(door: Door, what: str = "failing_since") -> int:
    """Let the desk's mailbox be in trouble since two days."""
    box = door.mailbox(SUPPORT)
    write(f"UPDATE mailbox SET {what} = ?", utc_text(now() - timedelta(days=2)))
    return box


def acknowledgement(door: Door) -> None:
    door.take(mail(subject="77"))


def notice(door: Door) -> None:
    make_agent("kim", department="Support")
    make_agent("lee")
    set_own_vacation(make_agent("max", department="Support"), door.desk.zone, away=True, stand_in="lee")
    door.take(mail(subject="77", text="123"), quiet=True)
    changes.assign(ADMIN, ["1"], "max")
    notifications.notify(door.desk, now())


def digest(door: Door) -> None:
    make_agent("kim", department="Support")
    edit_agent(ADMIN, "kim", digest="hourly")
    for subject in ("77", "78"):
        door.take(mail(subject=subject, text="123"))
    notifications.notify(door.desk, now())
    notifications.notify_held(door.desk, now() + timedelta(hours=2))


def silent_customer(door: Door) -> None:
    door.take(mail(subject="77"), quiet=True)
    changes.set_status(ADMIN, ["1"], "waiting")
    closing.announce("1", timedelta(days=3), now(), door.desk.zone, "silent")
    notifications.notify(door.desk, now())


def refused_command(door: Door) -> None:
    kim = door.agent()
    door.take(mail(subject="77"), quiet=True)
    address = tagged(SUPPORT, SignedTag("reply", 1, kim), door.desk.message_secret)
    door.take(mail("#assign 1234\n", sender="Kim <kim@example.test>", to=address, subject="77"))


def dead_mailbox(door: Door) -> None:
    make_agent("boss")
    health.record_failure(door.mailbox(SUPPORT), ConnectFailed("0"), now() - timedelta(days=2))
    write("UPDATE mailbox SET last_error = '0', last_error_hint = '0'")
    assert alarms.alert_silent_mailboxes(door.desk, now())
    health.record_success(door.mailbox(SUPPORT), 0, now())
    alarms.alert_silent_mailboxes(door.desk, now())


def stuck_mailbox(door: Door) -> None:
    make_agent("boss")
    _old(door, "send_failing_since")
    write("UPDATE mailbox SET send_error = '0', send_error_count = 9")
    assert outgoing.alert_stuck_mailboxes(door.desk, now(), 24, 0)
    write("UPDATE mailbox SET send_error = '', send_failing_since = NULL, last_sent = ?", utc_text(now()))
    outgoing.alert_stuck_mailboxes(door.desk, now(), 24, 0)


def dying_login(door: Door) -> None:
    make_agent("boss")
    box = mailboxes.by_id(door.mailbox(SUPPORT))
    row = mailboxes.MailboxOAuth2(mailbox_id=box.id, provider="google", client_id="0", token_sealed=b"0")
    row.save(force_insert=True)
    for state in ("refused", "failing", "ending"):
        with transaction():
            row.failing_since = row.refresh_expires = now() - timedelta(days=2)
            logins._alert_if_due(door.desk, box, row, state, now())
    with transaction():
        logins._notify_of_recovery(door.desk, box, row)


def what_is_no_mailbox(door: Door) -> None:
    from desk.alerts.health_mail import send_to_admins

    make_agent("boss")
    door.mailbox(SUPPORT)
    known = {"kind": "0", "name": "0", "place": "0", "since": "0", "days": 5, "error": "0"}
    kept = {"store": "0", "since": "0", "newest": "0", "tries": 5, "next": "0", "error": "0", "advice": "0"}
    with transaction():
        send_to_admins(door.desk, "listener_off", {"listener": known})
        send_to_admins(door.desk, "replica_failing", {"replica": kept})
        send_to_admins(door.desk, "replica_works", {"replica": kept})


def test_mail(door: Door) -> None:
    door.mailbox(SUPPORT)
    with FaultySmtp() as server:
        write(
            "UPDATE mailbox SET smtp_host = '127.0.0.1', smtp_port = ?, smtp_auth = 'none',"
            " smtp_security = 'none'",
            server.port,
        )
        assert probe_mail.send_test(door.desk, ADMIN, SUPPORT, "me@corp.test").sent


test_mail.__test__ = False  # type: ignore[attr-defined]


def reports(door: Door) -> None:
    make_agent("boss")
    door.take(mail(subject="77"), quiet=True)
    settings.set(ADMIN, "reports.schedule", "0 8 * * mon")
    settings.set(ADMIN, "reports.names", "departments, topics, agents, teams, tags, mailboxes, days")
    by_mail.send_due(door.desk, now())
    assert by_mail.send_due(door.desk, now() + timedelta(days=8))


def recurring_ticket(door: Door) -> None:
    door.mailbox(SUPPORT)
    given = {"schedule": "every 1 days", "subject": "77", "requester": "Ana <ana@corp.test>"}
    definitions.add(door.desk, ADMIN, "77", acknowledge=True, **given)
    assert sweep.sweep(door.desk, now() + timedelta(days=2))


BY_THE_DESK: Final[dict[str, tuple[Callable[[Door], None], ...]]] = {
    "desk/intake/acknowledgements.py queue": (acknowledgement,),
    "desk/intake/command_replies.py tell_refused": (refused_command,),
    "desk/alerts/notifications.py mail": (notice,),
    "desk/alerts/notifications.py _digest": (digest,),
    "desk/alerts/notifications.py _mail_closing": (silent_customer,),
    "desk/alerts/health_mail.py send_alert": (dead_mailbox, stuck_mailbox, dying_login, what_is_no_mailbox),
    "desk/outbox/probe_mail.py send_test": (test_mail,),
    "desk/reports/by_mail.py _written": (reports,),
    "desk/recurring/sweep.py _acknowledge": (recurring_ticket,),
}
"""Places that send what the desk wrote, and what makes them do it."""
SCENES: Final = [each for scenes in BY_THE_DESK.values() for each in scenes]

FACTS: Final = (
    *("Ana", "Kim", "Max", "Lee", "Support", "new", "open", "waiting", "normal", "UTC", "admin", "Admin"),
    *("google", "refused", "there is no agent", "assign", "Re", "port", "team or"),
)
"""What a mail says besides texts: names, the desk's words for states, what a command was refused for."""


def _sources() -> Iterator[Path]:
    for floor in FLOORS:
        yield from (ROOT / floor).rglob("*.py")


def places_that_make_mail() -> set[str]:
    found = set()
    for path in _sources():
        text = path.read_text("utf-8")
        if "MailToSend(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
            if any(isinstance(each.func, ast.Name) and each.func.id == "MailToSend" for each in calls):
                found.add(f"{path.relative_to(ROOT)} {node.name}")
    return found


def test_each_place_that_makes_mail_is_in_the_table() -> None:
    assert places_that_make_mail() == {*BY_PEOPLE, *BY_THE_DESK}


def test_mail_reaches_the_outbox_by_no_other_way() -> None:
    ways = {"NewDelivery(": {"desk/outbox/render.py"}, "OutgoingMail(": {"desk/outbox/render.py"}}
    for call, known in ways.items():
        found = {
            str(path.relative_to(ROOT))
            for path in _sources()
            if re.search(rf"(?<!class ){re.escape(call)}", path.read_text("utf-8"))
        }
        assert found == known, call


def test_every_kind_of_notice_has_a_text() -> None:
    alarms_of_mailboxes = {"mailbox_failing", "mailbox_works"}
    assert set(KINDS) | alarms_of_mailboxes | {"asked"} <= set(texts.TEXTS)


def strange(source: str) -> str:
    """Return a text whose own words are in other letters; facts, commands and code stay."""
    kept = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|`[^`]*`|^Subject:)", re.DOTALL)
    return "".join(
        part if kept.fullmatch(part) else re.sub(r"[A-Za-z]", "ж", part) for part in kept.split(source)
    )


@pytest.fixture
def strangely(monkeypatch: pytest.MonkeyPatch) -> None:
    original = texts.shipped
    monkeypatch.setattr(texts, "shipped", lambda name, _language: strange(original(name, "en")))


def left_of(text: str) -> list[str]:
    """Return the words of a mail that no template and no fact has put there."""
    rest = re.sub(r"`[^`]*`|<code>.*?</code>|[\w.+-]+@[\w.-]+", " ", text)
    rest = re.sub(rf"\b(?:{'|'.join(FACTS)})\b", " ", rest)
    return re.findall(r"[A-Za-z]{2,}", rest)


@pytest.mark.usefixtures("strangely")
@pytest.mark.parametrize("sends", SCENES, ids=lambda sends: sends.__name__)
def test_its_words_are_in_templates(desk: Desk, sends: Callable[[Door], None]) -> None:
    store("mail.signed_addresses", value=True)
    sends(Door(desk))
    sent = [parse(blobs.read(blob)) for (blob,) in rows("SELECT blob_id FROM delivery")]
    assert sent
    for each in sent:
        assert "ж" in each.text, "it is made of templates"
        assert left_of(each.text) == []
        assert left_of(each.subject) == []
        # Another desk that gets it, or this one in a circle, says nothing to it: so two desks go quiet.
        assert not automated.classify(each).acknowledge
        assert each.header("Auto-Submitted")


@pytest.mark.parametrize("sends", SCENES, ids=lambda sends: sends.__name__)
def test_a_desk_that_answers_it_all_the_same_is_soon_answered_by_nothing(
    desk: Desk, sends: Callable[[Door], None]
) -> None:
    """Given another desk that acknowledges every mail: it gets what was told anyway, and then no more."""
    store("mail.signed_addresses", value=True)
    door = Door(desk)
    sends(door)
    answered: set[int] = set()
    rounds: list[int] = []
    for at in range(6):
        mails = rows("SELECT id, blob_id FROM delivery")
        new = [(each, parse(blobs.read(blob))) for each, blob in mails if each not in answered]
        rounds.append(len(new))
        for each, told in new:
            answered.add(each)
            [back] = told.to
            answer = mail(
                "We have your mail, it is ticket 77.",
                sender=f"Other Desk <{back.email}>",
                to=(told.header("Reply-To") or told.header("From")),
                subject=f"Re: {told.subject}",
                answers=told.message_id,
                headers={"Auto-Submitted": "auto-replied"},
            )
            door.take(answer)
        notifications.notify(desk, now() + timedelta(minutes=at))
        notifications.notify_held(desk, now() + timedelta(hours=2))
    assert rounds[0]
    assert rounds[3:] == [0, 0, 0], rounds


@pytest.mark.usefixtures("strangely")
def test_what_stands_above_quotations_is_a_template(desk: Desk) -> None:
    door = Door(desk)
    door.take(mail("123", subject="77"), quiet=True)
    for form in (reply_form(ADMIN, "1", to_all=False), forward_form(ADMIN, "1")):
        assert "ж" in form.quoted
        assert left_of(form.quoted) == []


def test_an_agent_is_told_what_was_not_done_and_a_machine_is_not(desk: Desk) -> None:
    door = Door(desk)
    refused_command(door)
    (raw,) = [blobs.read(blob) for (blob,) in rows("SELECT blob_id FROM delivery WHERE kind = 'alert'")]
    told = parse(raw)
    assert "#assign 1234: refused, there is no agent" in told.text
    assert told.header("Auto-Submitted") == "auto-replied"
    address = tagged(SUPPORT, SignedTag("reply", 1, 1), desk.message_secret)
    absent = {"Auto-Submitted": "auto-replied"}
    door.take(mail("#assign 1234\n", sender="Kim <kim@example.test>", to=address, headers=absent))
    assert rows("SELECT count(*) FROM delivery WHERE kind = 'alert'") == [(1,)]
