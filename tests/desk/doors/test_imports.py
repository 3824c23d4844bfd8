"""Old mail comes in once, whatever its order, and nobody is written to unless that was wanted."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from config.clock import now
from desk.doors.imports.run import Tally, run_import, survey
from desk.errors import NotAllowed, Refused, WrongUse
from desk.home import Desk
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.permissions import Actor
from models import events
from models.database import db
from models.events import BROUGHT
from models.imports import SourceKind
from tests.generator import generate
from tests.support.mails import ANA, BOB, SUPPORT, mail, new_id
from tests.support.workbench import make_agent, make_mailbox

FROM = b"From joe@x.test Fri Nov 20 09:00:01 2026\n"


def mbox(path: Path, *mails: bytes) -> Path:
    """Append mails to an mbox."""
    with path.open("ab") as file:
        for raw in mails:
            file.write(FROM + raw.replace(b"\r\n", b"\n") + b"\n")
    return path


def imported(desk: Desk, ana: Actor, kind: SourceKind, path: Path, **more: object) -> Tally:
    return run_import(desk, ana, kind, path, **{"stop": Event(), **more})  # type: ignore[arg-type]


def count(table: str) -> int:
    return int(db.execute_sql(f"SELECT count(*) FROM {table}").fetchone()[0])


def threads() -> set[frozenset[str]]:
    """The Message-IDs of every ticket."""
    found: dict[int, set[str]] = {}
    for ticket, name in db.execute_sql("SELECT ticket_id, message_id FROM message"):
        found.setdefault(ticket, set()).add(name)
    return {frozenset(names) for names in found.values()}


def test_an_mbox_is_taken_in_once_and_then_only_what_was_added(
    desk: Desk, ana: Actor, tmp_path: Path
) -> None:
    box = mbox(tmp_path / "box", *[mail() for _ in range(120)])
    first = imported(desk, ana, "mbox", box)
    assert (first.imported, first.known, first.more, first.errors) == (120, 0, False, [])
    assert imported(desk, ana, "mbox", box).imported == 0
    mbox(box, mail(), mail())
    third = imported(desk, ana, "mbox", box)
    assert (third.imported, third.known) == (2, 120)
    assert count("receipt") == count("ticket") == 122


def test_an_mbox_that_was_rewritten_is_read_again_and_what_is_known_is_a_duplicate(
    desk: Desk, ana: Actor, tmp_path: Path
) -> None:
    mails = [mail() for _ in range(3)]
    box = mbox(tmp_path / "box", *mails)
    imported(desk, ana, "mbox", box)
    box.unlink()
    mbox(box, *mails[1:], mail())
    again = imported(desk, ana, "mbox", box)
    assert (again.verdicts["duplicate"], again.verdicts["ticket"]) == (2, 1)
    assert count("ticket") == 4


def test_an_mbox_whose_last_mail_grew_is_read_again(desk: Desk, ana: Actor, tmp_path: Path) -> None:
    box = mbox(tmp_path / "box", mail(), mail())
    whole = box.read_bytes()
    box.write_bytes(whole[:-20])
    imported(desk, ana, "mbox", box)
    box.write_bytes(whole)
    again = imported(desk, ana, "mbox", box)
    assert (again.verdicts["duplicate"], again.verdicts["ticket"]) == (1, 1)


def test_the_same_mail_in_two_files_is_one_message_however_old_its_first_receipt_is(
    desk: Desk, ana: Actor, tmp_path: Path
) -> None:
    raw = mail()
    imported(desk, ana, "mbox", mbox(tmp_path / "box", raw))
    db.execute_sql("UPDATE receipt SET received = '2020-01-01T00:00:00.000000Z'")
    (tmp_path / "one.eml").write_bytes(raw)
    assert imported(desk, ana, "eml", tmp_path / "one.eml").verdicts["duplicate"] == 1
    assert count("message") == 1


def test_a_maildir_is_taken_in_once_though_its_mails_are_read_and_moved(
    desk: Desk, ana: Actor, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "cur").mkdir()
    for number in range(70):
        (tmp_path / "new" / f"17000000{number:02}.x.host").write_bytes(mail())
    assert imported(desk, ana, "maildir", tmp_path).imported == 70
    for file in (tmp_path / "new").iterdir():
        file.rename(tmp_path / "cur" / f"{file.name}:2,S")
    (tmp_path / "new" / "1600000000.early.host").write_bytes(mail())
    second = imported(desk, ana, "maildir", tmp_path)
    assert (second.imported, second.known) == (1, 70)
    assert count("receipt") == 71


def test_a_stopped_import_goes_on_where_it_stopped(desk: Desk, ana: Actor, tmp_path: Path) -> None:
    box = mbox(tmp_path / "box", *[mail() for _ in range(130)])
    stop = Event()
    first = imported(desk, ana, "mbox", box, stop=stop, watch=lambda _tally: stop.set())
    assert first.more
    assert 0 < first.imported < 130
    second = imported(desk, ana, "mbox", box)
    assert first.imported + second.imported == count("receipt") == count("ticket") == 130


def test_one_source_is_imported_by_one_process_at_a_time(desk: Desk, ana: Actor, tmp_path: Path) -> None:
    box = mbox(tmp_path / "box", mail())
    raised: list[str] = []

    def again(_tally: Tally) -> None:
        with pytest.raises(Refused, match="another process") as caught:
            imported(desk, ana, "mbox", box)
        raised.append(str(caught.value))

    imported(desk, ana, "mbox", box, watch=again)
    assert raised


def test_replies_before_their_parents_are_in_the_same_tickets(desk: Desk, ana: Actor, tmp_path: Path) -> None:
    make_mailbox(desk, SUPPORT)
    mails = [each.raw for each in generate(150, 5, to=SUPPORT)]
    imported(desk, ana, "mbox", mbox(tmp_path / "forward", *mails))
    forward = threads()
    for table in (
        "awaited",
        "attachment",
        "event",
        "message",
        "collaborator",
        "ticket_referral",
        "receipt",
        "ticket",
    ):
        db.execute_sql(f"DELETE FROM {table}")
    imported(desk, ana, "mbox", mbox(tmp_path / "backward", *reversed(mails)))
    assert threads() == forward
    assert any(len(names) > 1 for names in forward)


def test_a_quiet_import_sends_nothing_and_a_loud_one_acknowledges_what_is_new(
    desk: Desk, ana: Actor, tmp_path: Path
) -> None:
    make_mailbox(desk, SUPPORT, sends=True)
    db.execute_sql("UPDATE mailbox SET created = '2026-11-20T09:30:00.000000Z'")
    fresh = {"Date": now().strftime("%a, %d %b %Y %H:%M:%S +0000")}
    later = now().replace(year=now().year + 1).strftime("From joe@x.test %a %b %e %H:%M:%S %Y\n").encode()
    quiet, loud, old = (mail(headers=fresh) for _ in range(3))
    (tmp_path / "quiet").write_bytes(later + quiet + b"\n")
    (tmp_path / "loud").write_bytes(later + loud + b"\n")
    imported(desk, ana, "mbox", tmp_path / "quiet", quiet=True)
    pipeline.take(desk, [Arrival(mail(), "imap", None, archive=True)])
    assert count("delivery") == count("notice") == 0
    assert all(BROUGHT in each.detail for each in events.later_than(0, 100)), "no webhook hears of it"
    imported(desk, ana, "mbox", mbox(tmp_path / "old", old))
    assert count("delivery") == 0, "mail from before the mailbox is not acknowledged"
    imported(desk, ana, "mbox", tmp_path / "loud")
    assert count("delivery") == 1
    assert (count("notice"), BROUGHT in events.later_than(0, 100)[-1].detail) == (2, False)
    traces = [row[0] for row in db.execute_sql("SELECT trace FROM receipt ORDER BY id")]
    assert "no acknowledgement: imported quietly" in traces[0]


def test_an_agents_old_answer_is_not_sent_to_the_customer_again(
    desk: Desk, ana: Actor, tmp_path: Path
) -> None:
    make_mailbox(desk, SUPPORT, sends=True)
    agent = make_agent("kim")
    first = new_id()
    asked = mail(message_id=first)
    answered = mail(
        "Done.", sender=agent.email, to=SUPPORT, answers=first,
        headers={"Authentication-Results": "mx; dmarc=pass"},
    )  # fmt: skip
    imported(desk, ana, "mbox", mbox(tmp_path / "box", asked, answered), quiet=True)
    assert count("delivery") == 0


def test_a_mail_without_received_has_the_time_of_the_store_or_of_its_date(
    desk: Desk, ana: Actor, tmp_path: Path
) -> None:
    dated = mail(headers={"Date": "Mon, 02 Nov 2020 08:00:00 +0100"})
    stamped = mail(received="from a by b; Tue, 03 Nov 2020 08:00:00 +0000")
    imported(desk, ana, "mbox", mbox(tmp_path / "box", stamped))
    (tmp_path / "one.eml").write_bytes(dated)
    imported(desk, ana, "eml", tmp_path / "one.eml")
    created = [row[0][:16] for row in db.execute_sql("SELECT created FROM message ORDER BY id")]
    assert created == ["2020-11-03T08:00", "2020-11-02T07:00"]


def test_it_is_taken_in_for_the_mailbox_that_was_named(desk: Desk, ana: Actor, tmp_path: Path) -> None:
    mailbox = make_mailbox(desk, "it@desk.example")
    imported(desk, ana, "mbox", mbox(tmp_path / "box", mail(sender=BOB)), mailbox="it@desk.example")
    assert db.execute_sql("SELECT mailbox_id FROM receipt").fetchone()[0] == mailbox.id
    with pytest.raises(WrongUse, match="no mailbox"):
        imported(desk, ana, "mbox", tmp_path / "box", mailbox="none@desk.example")


def test_whoever_may_not_change_mailboxes_imports_nothing(desk: Desk, tmp_path: Path) -> None:
    weak = make_agent("lee", actions=["ticket.reply"])
    with pytest.raises(NotAllowed):
        imported(desk, weak, "mbox", mbox(tmp_path / "box", mail(sender=ANA)))


def test_an_unreadable_file_stops_only_itself(desk: Desk, ana: Actor, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail())
    (tmp_path / "b.eml").mkdir()
    (tmp_path / "c.eml").symlink_to(tmp_path / "a.eml")
    tally = imported(desk, ana, "eml", tmp_path)
    assert (tally.verdicts["ticket"], tally.verdicts["duplicate"]) == (1, 1)


@pytest.mark.parametrize("kind", ["mbox", "eml"])
def test_a_dry_run_says_how_many_would_come_and_writes_nothing(
    desk: Desk, ana: Actor, tmp_path: Path, kind: SourceKind
) -> None:
    make_mailbox(desk, SUPPORT)
    letters = [mail("One", to=SUPPORT), mail("Two", to=SUPPORT), mail("Three", to=SUPPORT)]
    place = tmp_path / "source"
    if kind == "mbox":
        mbox(place, *letters, letters[0])
    else:
        place.mkdir()
        for number, raw in enumerate((*letters, letters[0])):
            (place / f"{number}.eml").write_bytes(raw)
    imported(desk, ana, "mbox", mbox(tmp_path / "before", letters[1]))
    tables = ("receipt", "message", "import_source", "import_file", "blob", "log_entry")
    before = [count(table) for table in tables]
    would = survey(ana, kind, place, stop=Event())
    assert (would.found, would.copies, would.known, would.errors) == (4, 2, 0, [])
    assert [count(table) for table in tables] == before
    done = imported(desk, ana, kind, place)
    assert (done.imported, done.verdicts["duplicate"]) == (would.found, would.copies)
    again = survey(ana, kind, place, stop=Event())
    assert (again.found, again.known) == (0, 4)
    with pytest.raises(NotAllowed):
        survey(make_agent("bo", ["ticket.reply"]), kind, place, stop=Event())
