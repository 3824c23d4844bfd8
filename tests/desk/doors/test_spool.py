"""What pipes left in the spool is taken exactly once, and what strangers put there is left alone."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from datetime import timedelta
from pathlib import Path
from threading import Event

import peewee
import pytest
import time_machine

from config import spool as spools
from config.clock import now
from desk.doors.spool import TAKEN, Spool
from desk.home import Desk
from desk.intake import arrivals, incoming, pipeline
from models.database import db
from tests.support.mails import value, write
from tests.support.workbench import make_mailbox


def mail(number: int, to: str = "support@desk.example") -> bytes:
    return (
        f"From: Ann <ann@corp.example>\nTo: {to}\nSubject: Mail {number}\n"
        f"Message-ID: <{number}@corp.example>\n\nText of mail {number}.\n"
    ).encode()


def leave(desk: Desk, raw: bytes, **facts: str) -> Path:
    return desk.paths.spool / spools.write(str(desk.paths.spool), facts, [raw])


def receipts() -> list[tuple[str, str]]:
    return [tuple(row) for row in db.execute_sql("SELECT verdict, subject FROM receipt ORDER BY id")]


def test_all_is_taken_in_the_order_it_came_and_the_spool_is_empty(desk: Desk) -> None:
    for number in range(120):
        leave(desk, mail(number))
    drained = Spool(desk).drain()
    assert [taken.verdict for taken in drained.taken] == ["ticket"] * 120
    assert receipts() == [("ticket", f"Mail {number}") for number in range(120)]
    assert list(desk.paths.spool.iterdir()) == []
    kept = json.loads(value("SELECT value FROM setting WHERE key LIKE ?", f"{TAKEN}%"))
    assert len(kept) <= 64 + 50


def test_the_bytes_are_kept_as_they_were_piped(desk: Desk) -> None:
    raw = b"Subject: x\r\n\r\nnightdesk-spool 1\n\0\xff\r\n"
    leave(desk, raw)
    [taken] = Spool(desk).drain().taken
    from desk.intake.receipts import raw as stored

    assert stored(taken.receipt_id) == raw


def test_the_envelope_names_mailbox_and_trace_and_routes_a_blind_copy(desk: Desk) -> None:
    box = make_mailbox(desk)
    leave(desk, mail(1, to="undisclosed-recipients:;"), recipient="Support+x@desk.example")
    Spool(desk).drain()
    row = db.execute_sql("SELECT mailbox_id, trace FROM receipt").fetchone()
    assert row[0] == box.id
    assert "came by pipe support@desk.example, for support+x@desk.example" in row[1]
    assert "routed by address: support@desk.example" in row[1]


def test_an_alias_in_the_envelope_names_its_mailbox(desk: Desk) -> None:
    box = make_mailbox(desk)
    write("INSERT INTO mailbox_alias (address, mailbox_id) VALUES ('help@desk.example', ?)", box.id)
    leave(desk, mail(1, to="undisclosed-recipients:;"), recipient="Help@desk.example")
    Spool(desk).drain()
    assert db.execute_sql("SELECT mailbox_id FROM receipt").fetchone()[0] == box.id


@pytest.mark.parametrize(("sender", "answered"), [("<>", 0), ("ann@corp.example", 1)])
def test_a_mail_whose_envelope_has_the_null_sender_gets_no_acknowledgement(
    desk: Desk, sender: str, answered: int
) -> None:
    make_mailbox(desk, sends=True)
    with time_machine.travel(now() + timedelta(minutes=1)):
        leave(desk, mail(1), sender=sender)
        Spool(desk).drain()
    assert receipts() == [("ticket", "Mail 1")]
    assert db.execute_sql("SELECT count(*) FROM delivery").fetchone()[0] == answered
    leave(desk, mail(1), sender="bob@corp.example")
    Spool(desk).drain()
    assert receipts()[1] == ("duplicate", "Mail 1")


def test_a_mail_that_no_server_stamped_dates_from_its_piping(desk: Desk) -> None:
    path = leave(desk, mail(1))
    data = path.read_bytes()
    head, _, rest = data.partition(b"received: ")
    path.write_bytes(head + b"received: 1763633764.250\n" + rest.partition(b"\n")[2])
    Spool(desk).drain()
    assert db.execute_sql("SELECT created FROM message").fetchone()[0].startswith("2025-11-20")


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_a_crash_at_any_moment_takes_no_mail_twice_and_loses_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object) -> None:
        raise Crash

    raw = mail(1).replace(b"Message-ID: <1@corp.example>\n", b"")
    path = leave(desk, raw)
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "_remember" if moment == "before the commit" else "_remove", crash)
        with pytest.raises(Crash):
            Spool(desk).drain()
    assert path.exists()
    assert len(receipts()) == (moment == "after the commit")
    Spool(desk).drain()
    assert receipts() == [("ticket", "Mail 1")]
    assert not path.exists()


def test_a_file_that_another_process_takes_is_left_to_it(desk: Desk) -> None:
    path = leave(desk, mail(1))
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert Spool(desk).drain().taken == []
        assert path.exists()
    assert len(Spool(desk).drain().taken) == 1


def test_the_database_that_fails_leaves_everything_in_the_spool(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = leave(desk, mail(1))

    def locked(*_: object, **__: object) -> None:
        raise peewee.OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "take", locked)
        with pytest.raises(peewee.OperationalError):
            Spool(desk).drain()
    assert path.exists()
    assert len(Spool(desk).drain().taken) == 1


def test_a_fault_of_ours_stops_only_its_own_mail(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        leave(desk, mail(number))
    real = pipeline.take

    def faulty(desk: Desk, arrivals: list[arrivals.Arrival], **options: object) -> list[incoming.Outcome]:
        if any(b"Mail 1" in arrival.raw for arrival in arrivals):
            raise KeyError("x")
        return real(desk, arrivals, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "take", faulty)
    box = Spool(desk)
    drained = box.drain()
    assert [len(drained.taken), len(drained.errors)] == [2, 1]
    assert len(list(desk.paths.spool.iterdir())) == 1
    assert not box.waiting()


def test_stop_ends_it_after_the_batch_in_hand(desk: Desk) -> None:
    leave(desk, mail(1))
    stop = Event()
    stop.set()
    assert Spool(desk).drain(stop).taken == []


def test_what_strangers_put_there_is_left_alone_told_once_and_hinders_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    folder = desk.paths.spool
    secret = tmp_path / "secret"
    secret.write_bytes(b"nightdesk-spool 1\nsize: 00000000000000000001\n\nx")
    (folder / "a-link.mail").symlink_to(secret)
    os.link(secret, folder / "a-second-name.mail")
    os.mkfifo(folder / "a-pipe.mail")
    (folder / "a-directory.mail").mkdir()
    (folder / "half.mail").write_bytes(b"nightdesk-spool 1\nsize: ????????????????????\n\nFrom: x")
    (folder / "short.mail").write_bytes(b"nightdesk-spool 1\nsize: 00000000000000000009\n\nx")
    (folder / "newer.mail").write_bytes(b"nightdesk-spool 2\nsize: 00000000000000000001\n\nx")
    (folder / "other.mail").write_bytes(b"\x1b]52;c;x\x07")
    (folder / "empty.mail").write_bytes(b"")
    (folder / ".being-written.mail").write_bytes(b"nightdesk-spool 1\n")
    huge = folder / "huge.mail"
    huge.touch()
    os.truncate(huge, spools.MAX_MAIL * 2)
    before = set(folder.iterdir())
    leave(desk, mail(1))
    box = Spool(desk)
    assert len(box.drain().taken) == 1
    assert not box.waiting()
    assert box.drain().taken == []
    assert set(folder.iterdir()) == before
    told = [row[0] for row in db.execute_sql("SELECT text FROM log_entry WHERE level = 'warning'")]
    assert len(told) == len(before) - 1
    for word in ("a link", "second name", "no ordinary file", "not complete", "version 1", "bytes"):
        assert any(word in line for line in told), word


def spooled(size: str, *facts: str, mail: bytes = b"x") -> bytes:
    """A spool file as a stranger may write it."""
    lines = ["nightdesk-spool 1", f"size: {size}", *facts, "", ""]
    return "\n".join(lines).encode("utf-8", "surrogateescape") + mail


STRANGE = {
    "more digits than Python reads": spooled("0" * 5000 + "1"),
    "more digits than a size has": spooled("0" * 20 + "1"),
    "digits of another script": spooled("\u0661\u0662\u0663"),
    "a size below nothing": spooled("-1"),
    "a superscript": spooled("\u00b9"),
    "no size": spooled("", mail=b""),
    "a head without an end": b"nightdesk-spool 1\n" + b"a: b\n" * 100_000,
    "zeros": b"\0" * 100_000,
}
"""Files that are no mails."""

PECULIAR = {
    "a moment that is no number": spooled("00000000000000000001", "received: nan"),
    "a moment beyond the calendar": spooled("00000000000000000001", "received: 1e300"),
    "a moment before it": spooled("00000000000000000001", "received: -1e18"),
    "a recipient of zeros": spooled("00000000000000000001", "recipient: \0\0@\0"),
    "a recipient that is no text": spooled("00000000000000000001", "recipient: \udcff\udcfe@x"),
    "a recipient of commands": spooled("00000000000000000001", "recipient: '; DROP TABLE receipt; --"),
    "ten thousand facts": spooled("00000000000000000001", *["a: b"] * 3000),
    "nothing but zeros for a mail": spooled("00000000000000000003", mail=b"\0\0\0"),
}
"""Mails with odd heads: taken, whatever the head says."""


@pytest.mark.parametrize("what", [*STRANGE, *PECULIAR])
def test_no_file_of_a_stranger_keeps_the_others_from_being_taken(desk: Desk, what: str) -> None:
    """Whatever any user of the machine leaves in the spool, all other mail is taken in."""
    from desk.operations.spool_state import look

    (desk.paths.spool / "0.mail").write_bytes({**STRANGE, **PECULIAR}[what])
    leave(desk, mail(1))
    assert look(desk.paths.spool).waiting == 1 + (what in PECULIAR)
    drained = Spool(desk).drain()
    assert drained.errors == []
    assert len(drained.taken) == 1 + (what in PECULIAR)
    assert ("ticket", "Mail 1") in receipts()
    assert (desk.paths.spool / "0.mail").exists() == (what in STRANGE)


def test_a_name_that_is_no_text_is_told_and_hinders_nothing(desk: Desk) -> None:
    name = os.fsencode(desk.paths.spool) + b"/0\xff\x1b[2J.mail"
    Path(os.fsdecode(name)).write_bytes(b"no mail")
    leave(desk, mail(1))
    assert len(Spool(desk).drain().taken) == 1
    [told] = db.execute_sql("SELECT text FROM log_entry WHERE level = 'warning'").fetchone()
    assert "left alone in the spool" in told
    assert told.isprintable()


@pytest.mark.parametrize("fault", [ValueError("odd"), RecursionError(), OSError(errno.EIO, "I/O error")])
@pytest.mark.parametrize("where", ["read_head", "_arrival"])
def test_whatever_fails_in_one_file_is_that_files_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: Exception, where: str
) -> None:
    """An exception that nobody foresaw stops the one file that brought it about."""
    from desk.doors import spool

    paths = sorted(leave(desk, mail(number)) for number in range(3))
    real = getattr(spool, where)
    begun: list[object] = []

    def faulty(*given: object) -> object:
        begun.append(given)
        if len(begun) == 1:
            raise fault
        return real(*given)

    monkeypatch.setattr(spool, where, faulty)
    assert len(Spool(desk).drain().taken) == 2
    assert [path.exists() for path in paths] == [True, False, False]


def test_a_process_without_free_handles_blames_no_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(desk, mail(1))
    box = Spool(desk)

    def full(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        with pytest.raises(OSError):
            box.drain()
    assert len(box.drain().taken) == 1


def test_a_stored_mail_whose_file_cannot_be_removed_is_neither_taken_again_nor_in_the_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = leave(desk, mail(1))
    leave(desk, mail(2))
    real = os.unlink

    def stuck(path: str) -> None:
        if path == str(first):
            raise PermissionError(errno.EPERM, "Operation not permitted")
        real(path)

    monkeypatch.setattr(os, "unlink", stuck)
    assert len(Spool(desk).drain().taken) == 2
    assert Spool(desk).drain().taken == []
    monkeypatch.undo()
    assert Spool(desk).drain().taken == []
    assert list(desk.paths.spool.iterdir()) == []


def test_a_flood_of_odd_files_is_a_bounded_number_of_lines_however_often_it_is_seen(desk: Desk) -> None:
    """Thousands of odd files do not fill the log, in one run or in many."""

    def told() -> int:
        return int(db.execute_sql("SELECT count(*) FROM log_entry WHERE level = 'warning'").fetchone()[0])

    for number in range(300):
        (desk.paths.spool / f"{number}.mail").write_bytes(b"no mail")
    for _ in range(3):
        Spool(desk).drain()
        assert told() == 101, "a hundred by name, and how many there are"
    (desk.paths.spool / "one more.mail").write_bytes(b"no mail")
    for _ in range(3):
        Spool(desk).drain()
        assert told() == 102
    for path in desk.paths.spool.iterdir():
        path.unlink()
    (desk.paths.spool / "5.mail").write_bytes(b"no mail")
    Spool(desk).drain()
    Spool(desk).drain()
    assert told() <= 103


def test_what_a_killed_pipe_left_is_removed_when_no_pipe_can_be_writing_it_any_more(desk: Desk) -> None:
    old, young = desk.paths.spool / ".old.mail", desk.paths.spool / ".young.mail"
    other = desk.paths.spool / ".directory.mail"
    for path in (old, young):
        path.write_bytes(b"nightdesk-spool 1\n")
    other.mkdir()
    for path in (old, other):
        os.utime(path, (now().timestamp() - 90_000,) * 2)
    assert Spool(desk).remove_halves() == 1
    assert {path.name for path in desk.paths.spool.iterdir()} == {".young.mail", ".directory.mail"}


def test_a_redelivery_by_the_mta_is_a_duplicate(desk: Desk) -> None:
    make_mailbox(desk)
    for _ in range(2):
        leave(desk, mail(1), recipient="support@desk.example")
    Spool(desk).drain()
    assert [verdict for verdict, _ in receipts()] == ["ticket", "duplicate"]
