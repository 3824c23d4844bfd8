"""What is deleted is out of the way, comes back by a key or its customer, and goes for good by itself."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from config.clock import now
from desk import logs, settings
from desk.errors import NotAllowed, Refused, WrongUse
from desk.filters import filters
from desk.home import Desk
from desk.intake import receipts as ledger
from desk.intake.trial import Trial
from desk.operations import rule_file
from desk.operations.rule_trial import trial_of_file
from desk.permissions import Actor
from desk.replies.reply import add_note, edit_note, send_reply
from desk.tickets import changes, detail, lifecycle, lists, merging, purging, search, spam, trash, undo
from desk.tickets.history import tickets_of
from desk.tickets.lists import ListQuery
from desk.tickets.query import parse
from mail.erasing import NOBODY
from models import backup, blobs
from models import settings as setting_rows
from models.transactions import transaction
from tests.support.mails import BOB, Door, mail, rows, value, without_parents, write
from tests.support.workbench import ADMIN, make_agent

FIRST = mail("The kestrel burns.", message_id="<a@corp.test>")


@pytest.fixture
def door(desk: Desk) -> Door:
    found = Door(desk)
    found.take(FIRST)
    found.take(mail("Another thing.", subject="Second"))
    found.take(mail("Bob's.", sender=BOB, subject="Third"))
    return found


@pytest.fixture
def kim(door: Door) -> Actor:
    del door
    return make_agent("kim", ["ticket.delete", "ticket.close", "ticket.edit"])


def listed(actor: Actor, view: str, query: str = "") -> list[str]:
    wanted = ListQuery(view, parse(query, actor, UTC) if query else None, "updated", actor)
    found = sorted(line.number for line in lists.page(wanted))
    assert lists.count(wanted) == len(found)
    return found


def later(days: float) -> None:
    purging.sweep(now() + timedelta(days=days))


VIEWS = ("inbox", "mine", "waiting", "overdue", "open", "snoozed", "closed", "spam", "all")


def test_it_is_in_no_list_but_the_trash(kim: Actor) -> None:
    spam.mark(kim, ["2"])
    changes.close(kim, ["3"])
    assert trash.delete(kim, ["1", "2", "3"]) == ["1", "2", "3"]
    assert {view: listed(kim, view) for view in VIEWS} == {view: [] for view in VIEWS}
    for query in ("state:any", "state:closed", "is:spam", "from:ana@corp.test state:any", "kestrel"):
        assert listed(kim, "open", query) == [], query
    assert listed(kim, "trash") == ["1", "2", "3"]
    assert listed(kim, "trash", "state:closed") == ["1", "2", "3"]
    assert listed(kim, "open", "is:deleted") == ["1", "2", "3"]
    assert listed(kim, "open", "-is:deleted state:any") == []
    counts = lists.counts(kim)
    assert {view: count for view, count in counts.items() if count} == {"trash": 3}


def test_nor_does_search_find_it_or_its_customer_show_it(kim: Actor) -> None:
    assert [hit.number for hit in search.search("kestrel", actor=kim)] == ["1"]
    trash.delete(kim, ["1"])
    assert search.search("kestrel", actor=kim) == []
    assert [hit.number for hit in search.search("kestrel is:deleted", actor=kim)] == ["1"]
    contact = value("SELECT contact_id FROM ticket WHERE number = '1'")
    assert [other.number for other in tickets_of(contact, 9)] == ["2"]


@pytest.mark.parametrize("before", ["new", "closed", "snoozed", "overdue"])
def test_undo_and_restore_bring_it_back_as_it_was(kim: Actor, before: str) -> None:
    with transaction():
        match before:
            case "closed":
                changes.close(kim, ["1"])
            case "snoozed":
                from desk.tickets import snoozing

                snoozing.snooze(kim, ["1"], "2d", UTC)
            case "overdue":
                write("UPDATE ticket SET overdue = 1 WHERE number = '1'")
    columns = "SELECT status, closed, due, overdue, response_from, pauses, deleted FROM ticket WHERE id = 1"
    was = rows(columns)
    trash.delete(kim, ["1"])
    assert rows(columns) != was
    undo.undo_last(kim)
    assert rows(columns) == was
    trash.delete(kim, ["1"])
    assert trash.restore(kim, ["1", "2"]) == ["1"]
    assert rows(columns) == was
    told = [event.text for event in detail.show("1").events]
    assert told[-1] == "taken out of the trash"
    assert "put into the trash" in told


def test_of_several_one_that_is_there_keeps_no_other_out(kim: Actor) -> None:
    trash.delete(kim, ["1"])
    assert trash.delete(kim, ["1", "2", "1"]) == ["2"]
    assert trash.delete(kim, ["1", "2"]) == []
    assert detail.show("2").deleted is not None


def test_nothing_is_done_to_it_meanwhile(kim: Actor, desk: Desk) -> None:
    trash.delete(kim, ["1"])
    for refused in (
        lambda: changes.set_priority(ADMIN, ["1"], "high"),
        lambda: merging.merge(ADMIN, ["2"], "1"),
        lambda: send_reply(desk, ADMIN, "1", "Yes."),
        lambda: trash.delete(ADMIN, ["1"]),
    ):
        with pytest.raises(Refused, match="in the trash"):
            refused()
    assert detail.show("1").deleted is not None


def test_who_may_not_delete_does_not(door: Door) -> None:
    del door
    jo = make_agent("jo", ["ticket.close", "ticket.edit"])
    with pytest.raises(NotAllowed):
        trash.delete(jo, ["1"])


def test_its_customer_brings_it_back_and_a_machine_does_not(door: Door) -> None:
    trash.delete(ADMIN, ["1"])
    away = mail("Away.", answers="<a@corp.test>", headers={"Auto-Submitted": "auto-replied"})
    receipt = door.receipt(away)
    assert receipt.verdict == "reply", receipt.trace
    assert detail.show("1").deleted is not None
    outcome = door.take(mail("Still burning.", answers="<a@corp.test>"))
    assert (outcome.verdict, outcome.ticket_number) == ("reply", "1")
    found = detail.show("1")
    assert (found.deleted, found.status) == (None, "open")
    assert "restored" in [event.kind for event in found.events]
    assert listed(ADMIN, "open") == ["1", "2", "3"]


def test_it_comes_back_also_where_closed_tickets_stay_closed(door: Door) -> None:
    write("UPDATE department SET reopen_days = 0")
    trash.delete(ADMIN, ["1"])
    assert door.take(mail("Still.", answers="<a@corp.test>")).ticket_number == "1"


def test_it_goes_for_good_with_its_words_and_bytes_but_is_never_taken_again(door: Door, kim: Actor) -> None:
    door.take(mail("More of it.", answers="<a@corp.test>"))
    merging.merge(ADMIN, ["2"], "1")
    receipts = value("SELECT count(*) FROM receipt")
    trash.delete(kim, ["1"])
    later(29)
    assert value("SELECT count(*) FROM ticket") == 3
    later(31)
    assert rows("SELECT number FROM ticket") == [("3",)]
    assert value("SELECT count(*) FROM message") == 1
    assert search.search("kestrel is:deleted") == []
    assert without_parents() == []
    assert value("SELECT count(*) FROM receipt") == receipts
    assert not any(b"kestrel" in blobs.read(blob_id) for (blob_id,) in _whole_blobs())
    with pytest.raises(blobs.BlobPurged):
        ledger.raw(1)
    assert door.take(FIRST, uid=1).new is False
    assert value("SELECT count(*) FROM ticket") == 1
    assert dict(blobs.examine()) == {}


def _whole_blobs() -> list[tuple[int]]:
    return rows("SELECT id FROM blob WHERE size = 0 OR length(data) > 0 OR path IS NOT NULL")


def test_no_later_ticket_gets_the_id_that_stands_in_signed_message_ids(door: Door) -> None:
    trash.delete(ADMIN, ["3"])
    later(31)
    door.take(mail("A new matter.", subject="Fourth"))
    assert rows("SELECT id FROM ticket ORDER BY id") == [(1,), (2,), (4,)]


@pytest.mark.sqlite  # no server keeps files beside it
def test_large_files_go_too_and_come_again_whole(desk: Desk) -> None:
    door = Door(desk)
    large = mail("".join(f"{number * 7919 % 1000003:x}" for number in range(60_000)), subject="Large")
    door.take(large)
    (path,) = (path for (path,) in rows("SELECT path FROM blob WHERE path IS NOT NULL"))
    file = blobs.directory() / path
    assert file.exists()
    trash.delete(ADMIN, ["1"])
    later(31)
    assert not file.exists()
    assert purging.purge(ADMIN, now()).blobs == 0
    assert blobs.read(blobs.put(large)) == large


@pytest.mark.parametrize("verdict", ["rejected", "quarantined", "duplicate"])
def test_bytes_that_something_else_names_stay(door: Door, verdict: str) -> None:
    assert door.take(FIRST).verdict == "duplicate"
    write("UPDATE receipt SET verdict = ?, ticket_id = NULL WHERE id = 4", verdict)
    trash.delete(ADMIN, ["1"])
    later(31)
    if verdict == "duplicate":
        with pytest.raises(blobs.BlobPurged):
            ledger.raw(4)
    else:
        assert ledger.raw(4) == FIRST


@pytest.mark.sqlite  # no server keeps files beside it
def test_what_nobody_names_goes_with_the_purge_by_hand(door: Door) -> None:
    del door
    blob_id = blobs.put(b"left by nobody")
    stray = blobs.directory() / "2020/01/01" / f"{'0' * 64}.zst"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"of a crash")
    assert purging.rehearsed(ADMIN, now()).blobs == 1
    purging.purge(ADMIN, now() + timedelta(days=2))
    assert not stray.exists()
    with pytest.raises(blobs.BlobPurged):
        blobs.read(blob_id)
    assert purging.purge(ADMIN, now()).blobs == 0


def test_mail_that_is_still_to_leave_keeps_its_bytes(door: Door, desk: Desk) -> None:
    del door
    send_reply(desk, ADMIN, "1", "We look at it.")
    trash.delete(ADMIN, ["1"])
    later(31)
    (blob_id,) = rows("SELECT blob_id FROM delivery WHERE kind = 'reply'")[0]
    assert b"We look at it." in blobs.read(blob_id)


def test_a_dry_run_tells_what_would_go(door: Door) -> None:
    del door
    trash.delete(ADMIN, ["1"])
    spam.mark(ADMIN, ["2"])
    assert purging.rehearsed(ADMIN, now()) == purging.Purged((), (), 0, 0)
    would = purging.rehearsed(ADMIN, now(), whole_trash=True)
    assert (would.deleted, would.spam) == (("1",), ())
    soon = purging.rehearsed(ADMIN, now() + timedelta(days=31))
    assert (soon.deleted, soon.spam) == (("1",), ("2",))
    assert soon.size > would.size > len(FIRST) - 1
    assert value("SELECT count(*) FROM ticket") == 3
    assert purging.purge(ADMIN, now(), whole_trash=True) == would
    assert rows("SELECT number FROM ticket ORDER BY id") == [("2",), ("3",)]


def test_a_desk_may_keep_its_trash(door: Door) -> None:
    del door
    trash.delete(ADMIN, ["1"])
    with transaction():
        setting_rows.store("tickets.trash_days", 0)
    later(9999)
    assert value("SELECT count(*) FROM ticket") == 3


def test_spam_that_was_answered_and_is_open_is_not_purged(door: Door) -> None:
    spam.mark(ADMIN, ["1"])
    door.take(mail("It is no spam!", answers="<a@corp.test>"))
    later(31)
    assert value("SELECT count(*) FROM ticket WHERE number = '1'") == 1


@pytest.mark.sqlite  # of a file
def test_a_backup_of_a_purged_desk_is_whole(door: Door, desk: Desk, tmp_path: Path) -> None:
    del door
    trash.delete(ADMIN, ["1"])
    later(31)
    made = backup.backup(
        backup.Files(desk.paths.database, desk.paths.key, desk.paths.blobs), tmp_path / "kept.tar"
    )
    del made
    assert (tmp_path / "kept.tar").exists()


def test_nobody_is_answered_for_it(door: Door) -> None:
    trash.delete(ADMIN, ["1"])
    sent = value("SELECT count(*) FROM delivery")
    door.take(mail("Still.", answers="<a@corp.test>"))
    assert value("SELECT count(*) FROM delivery") == sent


def test_what_comes_after_a_purge_has_ids_that_nothing_had(door: Door, kim: Actor) -> None:
    trash.delete(kim, ["1", "2", "3"])
    had = [value(f"SELECT max(id) FROM {table}") for table in ("ticket", "event", "message", "notice")]
    purging.purge_trash(now(), whole=True)
    door.take(mail("A new one.", subject="Fourth"))
    for table, newest in zip(("ticket", "event", "message", "notice"), had, strict=True):
        assert value(f"SELECT min(id) FROM {table}") > newest, table


def test_texts_of_closed_tickets_go_when_their_department_says_so(door: Door, kim: Actor) -> None:
    sales = door.department("Sales")
    write("UPDATE ticket SET department_id = ? WHERE number = '2'", sales)
    changes.close(kim, ["1", "2"])
    with transaction():
        setting_rows.store("tickets.keep_days", 0)
    assert purging.erase_texts(now() + timedelta(days=9000)) == 0
    settings.set(ADMIN, "tickets.keep_days_in", "sales=10")
    before = rows("SELECT id, ticket_id, at, kind FROM event ORDER BY id")
    soon = purging.rehearsed(ADMIN, now() + timedelta(days=11))
    assert soon.texts == ("2",)
    assert soon.blobs == 1
    later(9)
    assert detail.show("2").subject == "Second"
    later(11)
    shown = detail.show("2")
    assert (shown.subject, shown.messages[0].text) == ("[erased]", "[erased]") == (NOBODY, lifecycle.ERASED)
    assert shown.requester_email == "ana@corp.test"
    assert rows("SELECT id, ticket_id, at, kind FROM event WHERE kind <> 'erased' ORDER BY id") == before
    assert shown.events[-1].text == "erased: every text, kept long enough"
    assert [hit.number for hit in search.search("kestrel state:any", actor=kim)] == ["1"]
    assert purging.rehearsed(ADMIN, now() + timedelta(days=11)).texts == ()
    with pytest.raises(WrongUse, match="Nowhere=10") as refused:
        settings.set(ADMIN, "tickets.keep_days_in", "Nowhere=10")
    assert "Support" in refused.value.hint, "the departments that there are"
    with pytest.raises(WrongUse, match="Support'") as refused:
        settings.set(ADMIN, "tickets.keep_days_in", "Support")
    assert "department=days" in refused.value.hint


def test_texts_that_come_to_an_erased_ticket_go_too(door: Door, kim: Actor) -> None:
    settings.set(ADMIN, "tickets.keep_days", "10")
    changes.close(kim, ["1", "2", "3"])
    later(11)
    assert door.take(mail("A parrot.", answers="<a@corp.test>", subject="Re: Parrot")).ticket_number == "1"
    assert detail.show("1").subject == "Re: Parrot"
    add_note(ADMIN, "2", "A finch.")
    changes.add_tags(kim, ["3"], ["wren"])
    later(9)
    assert [each.text for each in detail.show("1").messages] == ["[erased]", "A parrot."]
    changes.close(kim, ["1"])
    later(11)
    assert {each.text for number in "123" for each in detail.show(number).messages} == {"[erased]"}
    assert [(detail.show(number).subject, *detail.show(number).tags) for number in "123"] == [
        ("[erased]",)
    ] * 3


def test_what_a_sender_calls_erased_is_not(door: Door, kim: Actor) -> None:
    settings.set(ADMIN, "tickets.keep_days", "10")
    number = door.take(mail("A heron.", subject="[erased]", message_id="<h@corp.test>")).ticket_number or ""
    door.take(mail("Two herons.", subject="Re: Herons", answers="<h@corp.test>"))
    changes.add_tags(kim, [number], ["wren"])
    assert detail.show(number).subject == "[erased]"
    changes.close(kim, [number])
    later(11)
    assert {each.text for each in detail.show(number).messages} == {"[erased]"}
    # What comes to it by that name is a text again, and goes with the others in time.
    door.take(mail("Three herons.", subject="[erased]", answers="<h@corp.test>"))
    changes.close(kim, [number])
    later(11)
    assert {each.text for each in detail.show(number).messages} == {"[erased]"}


def test_what_a_note_said_before_goes_too_and_rules_are_tried_on_what_is_left(door: Door, desk: Desk) -> None:
    note = add_note(ADMIN, "1", "Her kestrel is ill.")
    edit_note(ADMIN, "1", note, "Something else.")
    changes.close(ADMIN, ["1"])
    settings.set(ADMIN, "tickets.keep_days", "10")
    later(11)
    assert [each.before for each in detail.show("1").messages[-1].edits] == ["[erased]"]
    trial = Trial(desk, ADMIN, filters.on_trial("Birds", "from:corp.test", ["tag:bird"]))
    assert [each.ticket for each in trial.differences(now() - timedelta(days=9))] == ["2", "3"]
    tables = rule_file.read('[[filter]]\nname = "Birds"\nif = "from:corp.test"\nthen = ["tag:bird"]\n')
    tried = trial_of_file(desk, ADMIN, tables)
    assert [each.ticket for each in tried.differences(now() - timedelta(days=9))] == ["2", "3"]


@pytest.mark.sqlite
def test_the_worker_leaves_files_without_a_row(door: Door, desk: Desk) -> None:
    """They may be of the database that a restore kept beside this one."""
    del door
    stray = desk.paths.blobs / "2026" / "01" / "01" / f"{'a' * 64}.eml"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"Of another time.")
    later(3)
    assert stray.exists()
    purging.purge(ADMIN, now() + timedelta(days=3))
    assert not stray.exists()


def test_old_rows_go_and_are_counted_before(door: Door, desk: Desk) -> None:
    send_reply(desk, ADMIN, "1", "We look at it.")
    write("UPDATE delivery SET done = 1 WHERE kind = 'reply'")
    logs.write("info", "test", "old")
    door.take(mail("Who knows what.", answers="<never@came.test>", subject="Fourth"))
    changes.close(ADMIN, ["4"])
    trash.delete(ADMIN, ["1"])
    later(31)
    assert rows("SELECT subject FROM delivery WHERE kind = 'reply'") == [("",)]
    of_answer = (
        "SELECT address FROM recipient JOIN delivery ON delivery.id = delivery_id WHERE kind = 'reply'"
    )
    assert value(of_answer).endswith("@purged.invalid")
    year = now() + timedelta(days=400)
    would = purging.rehearsed(ADMIN, year)
    assert would.awaited >= 1
    assert would.log_lines >= 1
    assert purging.purge(ADMIN, year) == would
    after = purging.rehearsed(ADMIN, year)
    assert (after.awaited, after.log_lines, after.notices, after.calls, after.addresses) == (0, 0, 0, 0, 0)
    assert value("SELECT COUNT(*) FROM awaited WHERE reference LIKE '%never%'") == 0
