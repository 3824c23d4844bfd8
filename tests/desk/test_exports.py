"""What was exported comes back as it was: into an empty desk, into one with tickets, once however often."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from config.clock import now
from config.settings import Settings
from desk import canned_answers
from desk.alerts import notifications
from desk.calls import gathering
from desk.doors.imports.exported import ExportTally, run_import
from desk.erasure import erase
from desk.errors import NotAllowed, Refused
from desk.exports import Exported, write_directory
from desk.filters import filters
from desk.filters.sweep import sweep
from desk.home import Desk, open_desk
from desk.listeners import listeners
from desk.operations import pending
from desk.permissions import Actor
from desk.replies.reply import send_reply
from desk.staff import topics
from desk.tickets import changes, detail, merging, purging, sla, trash, undo
from desk.tickets.query import parse
from models import blobs
from models.fields import as_json
from models.opening import close_database
from models.settings import store
from tests.support.blank_desk import copied
from tests.support.mails import (
    BOB,
    SUPPORT,
    Door,
    mail,
    messages_saying,
    rows,
    value,
    without_parents,
    write,
)
from tests.support.random_life import UNTRUE_FIELDS, Life
from tests.support.workbench import ADMIN, make_agent

MakeDesk = Callable[[str], Desk]
TIMES = re.compile(r'"exported":"[^"]*"|"left":-?\d+')
TELLS = tuple(
    f"SELECT * FROM {table} ORDER BY 1, 2"
    for table in (
        *("ticket", "message", "attachment", "awaited", "event", "delivery", "recipient", "receipt", "task"),
        *("ticket_tag", "ticket_field", "collaborator", "ticket_referral", "ticket_link", "note_version"),
        *("time_spent", "watch", "seen"),
    )
)


@pytest.fixture
def make(engine: str, blank_home: Path, tmp_path: Path) -> Iterator[MakeDesk]:
    """Opens a desk by its name, which is made if it is not there; the one before is closed."""
    made: dict[str, Any] = {}

    def opened(name: str) -> Desk:
        close_database()
        if name not in made:
            made[name] = copied(engine, blank_home, tmp_path / name)
            open_desk(made[name], Settings())
            write("UPDATE setting SET value = ? WHERE key = 'desk.id'", as_json(name))
            close_database()
        return open_desk(made[name], Settings(blob_threshold=2_000))

    yield opened
    close_database()


def exported(desk: Desk, target: Path, actor: Actor = ADMIN, query: str = "") -> Exported:
    wanted = parse(query, actor, desk.zone) if query else None

    def line(document: Any) -> bytes:
        return as_json(json.loads(json.dumps(document, default=str))).encode() + b"\n"

    return write_directory(desk, actor, wanted, target, line, now(), lambda _done: None)


def brought(desk: Desk, source: Path, **more: Any) -> ExportTally:
    return run_import(desk, ADMIN, source, stop=Event(), **more)


def files(folder: Path) -> dict[str, bytes]:
    """What an export has, without the times at which it was made."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name in ("tickets.jsonl", "rows.jsonl"):
        found[name] = TIMES.sub("", found[name].decode()).encode()
    head, _, rest = found["rows.jsonl"].partition(b"\n")
    found["rows.jsonl"] = rest
    assert b'"desk"' in head
    first, _, found["tickets.jsonl"] = found["tickets.jsonl"].partition(b"\n")
    assert b'"desk"' in first
    return found


def difference(one: bytes, two: bytes) -> list[str]:
    """The first differences of two files, by the values of their documents."""
    before, after = (raw.decode("utf-8", "replace").replace(",", ",\n").splitlines() for raw in (one, two))
    return list(difflib.unified_diff(before, after))[:40]


def test_a_desk_is_the_same_after_export_and_import(make: MakeDesk, tmp_path: Path, engine: str) -> None:
    count = 0

    @settings(phases=(Phase.explicit, Phase.generate), max_examples=6 if engine == "sqlite" else 2)
    @given(seed=st.integers(0, 10**6), deeds=st.lists(st.sampled_from(Life.DEEDS), min_size=20, max_size=60))
    def same(seed: int, deeds: list[str]) -> None:
        nonlocal count
        count += 1
        there = make(f"there {count}")
        life = Life(there, seed)
        life.live(["new", "new", *deeds, "send"])
        write("UPDATE delivery SET not_before = '9999-12-31T00:00:00.000000Z' WHERE done = 0")
        every = "state:any" if count % 2 else ""
        one, two = tmp_path / f"one {count}", tmp_path / f"two {count}"
        before = exported(there, one, query=every)
        # Tickets in the trash are in no export that does not ask for them; nothing else is left out.
        told = [rows(each) for each in TELLS]
        here = make(f"here {count}")
        tally = brought(here, one)
        assert (tally.troubles, tally.renumbered, tally.more) == ([], {}, False)
        assert tally.tickets == before.tickets
        assert without_parents() == rows(UNTRUE_FIELDS) == []
        assert exported(here, two, query=every) == before
        first, second = files(one), files(two)
        assert first.keys() == second.keys()
        assert [difference(first[name], second[name]) for name in first if first[name] != second[name]] == []
        again = brought(here, one)
        assert (again.tickets, again.known, sum(again.made.values())) == (0, before.tickets, 0)
        assert [len(rows(each)) for each in TELLS] == [len(each) for each in told]

    same()


def filled(desk: Desk) -> tuple[Door, Actor]:
    """Three tickets; the second one is merged into the first, which was answered."""
    door, kim = Door(desk), make_agent("kim")
    door.mailbox(SUPPORT)
    door.take(mail("The flamingo burns.", subject="One", message_id="<one@corp.test>"))
    door.take(mail("Two", sender=BOB, subject="Two", message_id="<two@corp.test>"))
    door.take(mail("Three", sender=BOB, subject="Three"))
    send_reply(desk, kim, "1", "Hello Ana.")
    merging.merge(kim, ["2"], "1")
    changes.add_tags(kim, ["3"], ["vpn"])
    return door, kim


def test_numbers_of_topics_go_on_where_they_were(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    topic = topics.add_topic(ADMIN, "VPN", number_format="VPN-###", number_sequence="Net")
    door = Door(there)
    door.mailbox(SUPPORT, topic_id=topic.id)
    for _ in range(3):
        door.take(mail())
    trash.delete(ADMIN, ["VPN-003"])
    exported(there, tmp_path / "export")
    here = make("here")
    brought(here, tmp_path / "export")
    assert topics.show_topic("VPN") == topic
    door = Door(here)
    door.mailboxes[SUPPORT], door.uidvalidity = value("SELECT id FROM mailbox"), 8
    assert door.take(mail()).ticket_number == "VPN-004"


def test_into_a_desk_with_tickets_numbers_that_are_taken_are_told(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    filled(there)
    exported(there, tmp_path / "export")
    here = make("here")
    door = Door(here)
    door.mailbox("other@example.test")
    door.take(mail("Mine", subject="Mine"), mailbox="other@example.test")
    would = brought(here, tmp_path / "export", dry_run=True)
    assert (would.tickets, value("SELECT count(*) FROM ticket"), value("SELECT count(*) FROM old_desk")) == (
        2,
        1,
        0,
    )
    tally = brought(here, tmp_path / "export")
    assert tally.renumbered == would.renumbered == {"1": "1-1"}
    assert dict(tally.made) == dict(would.made)
    assert (tally.tickets, tally.held) == (would.tickets, would.held)
    assert [row[0] for row in rows("SELECT number FROM ticket ORDER BY id")] == ["1", "1-1", "2", "3"]
    assert detail.show("1").subject == "Mine"
    assert messages_saying("flamingo") == 1
    assert rows("SELECT incoming_enabled, outgoing_enabled FROM mailbox WHERE address = ?", SUPPORT) == [
        (0, 0)
    ]
    # Ids are others here: what is undone and taken apart is what it was.
    write("UPDATE agent SET preferences = '{}'")
    kim = Actor(value("SELECT id FROM agent WHERE login = 'kim'"), "kim", "Kim", "", None, frozenset("*"))
    assert "vpn" in str(undo.undo_last(kim))
    assert detail.show("3").tags == ()
    assert merging.unmerge(ADMIN, "2") == "1-1"
    assert [each.text.strip() for each in detail.show("2").messages] == ["Two"]
    assert without_parents() == []


def test_nobody_is_told_of_what_comes_and_nothing_acts_on_it(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    filled(there)
    changes.set_status(ADMIN, ["1"], "closed")
    late = "2020-01-01T00:00:00.000000Z"
    write("UPDATE ticket SET due = ?, reminder = ?, overdue = 0 WHERE number = '3'", late, late)
    exported(there, tmp_path / "export")
    here = make("here")
    here.paths.hooks.mkdir(exist_ok=True)
    program = here.paths.hooks / "closed"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    gathering.gather(here, now())
    canned_answers.add(ADMIN, "Bye", "We are done.")
    store("webhooks.private", value=True)
    listeners.add(here, ADMIN, "webhook", "W", "http://127.0.0.1:9/", secret="a secret that is long enough")
    filters.add(
        ADMIN, "Told", on="status", condition="state:closed", then=("mail:requester=Bye", "tag:acted")
    )
    filters.add(ADMIN, "Late", on="time", condition="is:overdue", then=("mail:requester=Bye", "tag:acted"))
    door = Door(here)
    door.mailbox("other@example.test")
    # What happened here and was not heard of yet is heard of behind what came.
    door.take(mail("Mine", subject="Mine"), mailbox="other@example.test")
    changes.set_status(ADMIN, ["1"], "closed")
    brought(here, tmp_path / "export")
    told = value("SELECT count(*) FROM notice")
    mails = value("SELECT count(*) FROM delivery WHERE ticket_id > 1")
    sla.sweep(now())
    gathering.gather(here, now())
    sweep(here, now())
    notifications.notify(here, now())
    assert sorted(rows("SELECT event, ticket_id FROM call")) == [("closed", 1), ("closed", 1), ("created", 1)]
    assert rows("SELECT ticket_id FROM ticket_tag WHERE name = 'acted'") == [(1,)]
    assert value("SELECT count(*) FROM notice WHERE ticket_id > 1") == 0
    assert value("SELECT count(*) FROM delivery WHERE ticket_id > 1") == mails
    assert value("SELECT count(*) FROM notice") == told + 1
    gathering.gather(here, now())
    assert not pending.listeners_wait()
    assert not pending.states_changed()
    # From now on it is a ticket as any other one.
    changes.set_status(ADMIN, ["3"], "closed")
    gathering.gather(here, now())
    sweep(here, now())
    assert rows("SELECT event FROM call WHERE ticket_id > 1") == [("closed",), ("closed",)]
    assert value("SELECT count(*) FROM ticket_tag WHERE name = 'acted'") == 2


def test_who_refers_to_a_merged_ticket_refers_to_it_again(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    filled(there)
    write("UPDATE ticket SET refers_to_id = 2 WHERE number = '3'")
    exported(there, tmp_path / "export")
    here = make("here")
    brought(here, tmp_path / "export")
    assert rows("SELECT number, refers_to_id FROM ticket ORDER BY id") == [("1", None), ("2", None), ("3", 2)]


def test_an_answer_lands_in_the_ticket_that_came_back(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    filled(there)
    sent = value("SELECT message_id FROM delivery WHERE kind = 'reply'")
    exported(there, tmp_path / "export")
    here = make("here")
    brought(here, tmp_path / "export")
    door = Door(here)
    door.mailboxes[SUPPORT] = value("SELECT id FROM mailbox WHERE address = ?", SUPPORT)
    door.uids = iter(range(100, 200))  # type: ignore[assignment]
    assert door.take(mail("Thanks", answers=sent)).ticket_number == "1"
    assert door.take(mail("Also", sender=BOB, answers="<two@corp.test>")).ticket_number == "1"
    new = door.take(mail("New", subject="New"))
    assert new.ticket_number == "4", "numbers go on where they were"


def test_mail_that_waited_is_held_and_what_was_fetched_is_known(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    filled(there)
    exported(there, tmp_path / "export")
    here = make("here")
    tally = brought(here, tmp_path / "export")
    assert tally.held == value("SELECT count(*) FROM delivery WHERE done = 0") >= 1
    assert value("SELECT count(*) FROM delivery WHERE done = 0 AND not_before < '9999'") == 0
    assert value("SELECT count(*) FROM notice") == 0
    door = Door(here)
    door.mailboxes[SUPPORT] = value("SELECT id FROM mailbox WHERE address = ?", SUPPORT)
    assert door.take(mail("The flamingo burns.", subject="One", message_id="<one@corp.test>")).verdict in (
        "duplicate",
        "ticket",
    )
    assert value("SELECT count(*) FROM ticket WHERE subject = 'One'") == 1


def test_who_was_erased_does_not_come_back_unasked(make: MakeDesk, tmp_path: Path) -> None:
    desk = make("there")
    filled(desk)
    exported(desk, tmp_path / "old")
    erase(desk, ADMIN, "bob@corp.test")
    other = make("here")
    door = Door(other)
    door.mailbox(SUPPORT)
    door.take(mail("Mine", sender=BOB))
    erase(other, ADMIN, "bob@corp.test")
    assert "corp.test" not in str(rows("SELECT value FROM setting WHERE key = 'contacts.erased'"))
    would = brought(other, tmp_path / "old", dry_run=True)
    tally = brought(other, tmp_path / "old")
    # Bob is in Cc of the ticket that his was merged into.
    assert sorted(tally.erased) == sorted(would.erased) == ["1", "3"]
    assert (tally.tickets, value("SELECT count(*) FROM contact WHERE email = 'bob@corp.test'")) == (0, 0)
    asked = brought(other, tmp_path / "old", with_erased=True)
    assert (asked.tickets, asked.erased) == (2, [])
    assert detail.show("3").requester_email == "bob@corp.test"


@pytest.mark.parametrize(
    "said",
    [
        "<p>Ask <a href='mailto:x'>bob@corp.test</a>.</p>",
        "<p>Ask *bob&#64;corp.test*.</p>",
        "<p>Ask BOB@corp.test.</p>",
    ],
)
def test_who_was_erased_does_not_come_back_within_a_mail_that_is_encoded(
    make: MakeDesk, tmp_path: Path, said: str
) -> None:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Eve <eve@elsewhere.test>", SUPPORT, "Bob"
    made["Message-ID"] = "<eve@elsewhere.test>"
    made.set_content("Ask him.")
    made.add_alternative(said, subtype="html", cte="base64")
    there = make("there")
    door = Door(there)
    door.mailbox(SUPPORT)
    door.take(made.as_bytes())
    door.take(mail("The flamingo burns.", subject="Two"))
    exported(there, tmp_path / "old")
    here = make("here")
    door = Door(here)
    door.mailbox(SUPPORT)
    door.take(mail("Mine", sender=BOB))
    erase(here, ADMIN, "bob@corp.test")
    would = brought(here, tmp_path / "old", dry_run=True)
    tally = brought(here, tmp_path / "old")
    assert tally.erased == would.erased == ["1"]
    assert (tally.tickets, would.tickets) == (1, 1)


def test_what_was_purged_comes_back_into_its_desk_and_what_is_there_stays(
    make: MakeDesk, tmp_path: Path
) -> None:
    desk = make("there")
    filled(desk)
    exported(desk, tmp_path / "export")
    before = rows("SELECT id, number, status FROM ticket ORDER BY id")
    write("UPDATE ticket SET deleted = '2020-01-01T00:00:00.000000Z' WHERE number = '3'")
    purging.purge(ADMIN, now())
    assert value("SELECT count(*) FROM ticket") == 2
    tally = brought(desk, tmp_path / "export")
    assert (tally.tickets, tally.known, tally.renumbered) == (1, 1, {})
    assert rows("SELECT id, number, status FROM ticket ORDER BY id") == before
    raw = blobs.read(value("SELECT m.blob_id FROM message m WHERE m.ticket_id = 3"))
    assert b"Three" in raw


@pytest.mark.parametrize("harm", ["missing", "changed", "outside"])
def test_a_ticket_that_is_not_whole_is_left_out_and_told(make: MakeDesk, tmp_path: Path, harm: str) -> None:
    there = make("there")
    filled(there)
    whole = tmp_path / "export"
    exported(there, whole)
    message = value("SELECT id FROM message WHERE ticket_id = 3")
    if harm == "missing":
        (whole / f"mails/{message}.eml").unlink()
    elif harm == "changed":
        (whole / f"mails/{message}.eml").write_bytes(b"From: x@x.test\r\n\r\nother\r\n")
    else:
        text = (whole / "rows.jsonl").read_text().replace(f"mails/{message}.eml", "../../../etc/passwd")
        (whole / "rows.jsonl").write_text(text)
    here = make("here")
    tally = brought(here, whole)
    assert tally.tickets == 1
    (trouble,) = tally.troubles
    assert "ticket #3 was left out" in trouble


def test_what_is_no_whole_export_is_refused(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    filled(there)
    whole = tmp_path / "export"
    exported(there, whole)
    here = make("here")
    with pytest.raises(NotAllowed):
        run_import(here, make_agent("lee", ["ticket.reply"]), whole, stop=Event())
    with pytest.raises(FileNotFoundError):
        brought(here, tmp_path / "none")
    with pytest.raises(Refused, match="no directory"):
        brought(here, whole / "rows.jsonl")
    rows_file = whole / "rows.jsonl"
    text = rows_file.read_text()
    rows_file.write_text(text.replace('"schema":', '"schema":9'))
    with pytest.raises(Refused, match="newer Nightdesk"):
        brought(here, whole)
    for said, other in (
        ('"subject":"', '"subject":null,"x":"'),
        ('"blobs":[', '"blobs":[1,'),
        ('"rows":{', '"row":{'),
    ):
        rows_file.write_text(text.replace(said, other))
        with pytest.raises(Refused, match=r"is not as it was exported: see line [0-9]+ of rows.jsonl"):
            brought(here, whole)
    rows_file.write_text(text[: len(text) - 40])
    with pytest.raises(Refused, match="cannot be read"):
        brought(here, whole)
    rows_file.unlink()
    with pytest.raises(Refused, match="an older nightdesk export"):
        brought(here, whole)


def test_an_agent_exports_no_more_than_they_read(make: MakeDesk, tmp_path: Path) -> None:
    there = make("there")
    door, _ = filled(there)
    door.mailbox("sales@example.test", department="Sales")
    door.take(mail("Secret offer", subject="Offer"), mailbox="sales@example.test")
    write("UPDATE contact SET note = 'a secret note', phone = '+49 30 1234567'")
    seller = make_agent("sel", ["ticket.reply"], "Sales")
    assert exported(there, tmp_path / "export", seller).tickets == 1
    told = "".join(path.read_text() for path in (tmp_path / "export").glob("*.jsonl"))
    assert "Secret offer" in told
    assert "flamingo" not in told
    assert "bob@corp.test" not in told
