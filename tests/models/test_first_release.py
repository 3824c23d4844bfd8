"""A desk of the first release is opened, backed up, restored and migrated.

``tests/data/first_release.tar.zst`` is a backup that the first release made: two mailboxes, four tickets,
acknowledgements and a reply in the outbox, a note, a closed and a tagged ticket, a large mail, a duplicate,
a quarantined mail, a draft, an API key.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

import models.database
import models.migrate
import models.opening
import models.transactions
from config.paths import DeskPaths
from config.settings import Settings
from desk.documents import tickets as documents
from desk.home import Desk, open_desk
from desk.intake import receipts
from desk.mailboxes import accounts, registry
from desk.tickets import detail
from models import blobs, messages, schema
from models.backup import Files, backup, restore
from models.database import DeskDatabase, db
from models.drafts import Draft
from models.errors import DatabaseTooNew
from models.opening import close_database
from tests.support.program import Program
from tests.support.schemas import described

pytestmark = pytest.mark.sqlite

FIRST_RELEASE = Path(__file__).parents[1] / "data" / "first_release.tar.zst"


@pytest.fixture
def first_home(blank_home: Path, tmp_path: Path) -> Path:
    """The home of a desk of the first release."""
    home = tmp_path / "first"
    shutil.copytree(blank_home, home)
    shutil.rmtree(home / "data")
    (home / "data").mkdir(mode=0o700)
    raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(FIRST_RELEASE.read_bytes())).read()
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            place = home / "data" / member.name
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(content.read())
            place.chmod(0o600)
    return home


@pytest.fixture
def first(first_home: Path) -> Iterator[Desk]:
    """That desk, open."""
    yield open_desk(DeskPaths(first_home), Settings())
    close_database()


def files_of(desk: Desk) -> Files:
    return Files(desk.paths.database, desk.paths.key, desk.paths.blobs)


def test_what_the_first_release_promised_is_due_as_it_was(first: Desk) -> None:
    del first
    found = db.execute_sql(
        "SELECT t.due, t.response_due, (julianday(t.due) - julianday(t.response_from)) * 24, s.hours"
        " FROM ticket t JOIN sla s ON s.id = t.sla_id WHERE t.status != 'closed' AND t.due IS NOT NULL"
    ).fetchall()
    assert found
    for due, response_due, promised, hours in found:
        assert due == response_due
        assert promised == pytest.approx(hours, abs=1e-3)
    plan = db.execute_sql("SELECT business_hours, pause, reminders, next_hours, resolve_hours FROM sla")
    assert plan.fetchall() == [("", "", "100", None, None)]


def test_a_desk_of_the_first_release_opens_with_all_that_is_in_it(first: Desk) -> None:
    shown = documents.shown(detail.show("1"))
    assert [message["kind"] for message in shown["messages"]] == ["customer", "reply"]
    assert shown["messages"][1]["deliveries"]
    account = accounts.incoming_account(first, registry.get("support@desk.example"))
    assert account.password.reveal() == "s3cret-word"
    assert Draft.get().body == "Half a sent"
    assert list(blobs.examine()) == []
    verdicts = {each.verdict for each in receipts.entries()}
    assert verdicts == {"ticket", "duplicate", "quarantined"}


def test_its_verbs_work(first_home: Path) -> None:
    desk = Program(first_home)
    assert {each["number"] for each in desk("ticket", "list", "--json").document} == {"1", "2", "4"}
    (odd,) = desk("receipt", "list", "--verdict", "quarantined", "--json").document
    assert desk("receipt", "retry", str(odd["id"])).status == 0
    assert "5" in {each["number"] for each in desk("ticket", "list", "--json").document}
    assert "VPN does not start" in desk("search", "VPN").out


def test_it_is_backed_up_and_restored(first: Desk, tmp_path: Path) -> None:
    before = described_file(first.paths.database)
    made = backup(files_of(first), tmp_path / "desk.tar")
    assert (made.tickets, made.blobs) == (4, 1)
    close_database()
    assert restore(files_of(first), tmp_path / "desk.tar").held == 4
    open_desk(first.paths, first.settings)
    assert detail.show("3").status == "closed"
    assert described_file(first.paths.database) == before


def test_a_backup_of_the_first_release_is_restored(tmp_path: Path) -> None:
    desk = Program(tmp_path / "new")
    assert desk("init").status == 0
    back = desk("restore", str(FIRST_RELEASE), "--json")
    assert (back.status, back.document["tickets"], back.document["held"]) == (0, 4, 4)
    assert desk("ticket", "show", "2", "--json").document["assignee"] == "Ana Prado"


def described_file(path: Path) -> object:
    with closing(sqlite3.connect(path)) as opened:
        return described(opened)


def test_a_fresh_desk_and_a_migrated_one_have_the_same_schema(first: Desk, blank_home: Path) -> None:
    assert described_file(first.paths.database) == described_file(blank_home / "data" / "desk.sqlite3")


def test_all_migrations_on_nothing_make_what_the_tables_declare(tmp_path: Path) -> None:
    made = {}
    for name in ("migrated", "declared"):
        database = tmp_path / name
        with closing(sqlite3.connect(database)) as opened:
            opened.execute("PRAGMA journal_mode = wal")
        handle = DeskDatabase(database)
        if name == "migrated":
            models.migrate.migrate(handle, database, models.database.SCHEMA_VERSION)
        else:
            schema.create_tables(handle)
            models.migrate.note_as_done(handle, models.database.SCHEMA_VERSION)
        rows = {
            table: handle.execute_sql(f"SELECT * FROM {table}").fetchall()
            for table in ("sla", "department", "role", "sequence")
        }
        handle.close()
        made[name] = (described_file(database), rows)
    assert made["migrated"] == made["declared"]


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX extra ON ticket (subject)",
        "DROP INDEX ticket_open",
        "ALTER TABLE ticket ADD COLUMN colour TEXT",
        "DROP TRIGGER message_search_delete",
        "ALTER TABLE mailbox DROP COLUMN idle_error",
        "DROP TABLE seen",
        "DROP INDEX ticket_due",
    ],
)
def test_the_comparison_sees_a_difference(first: Desk, change: str) -> None:
    before = described_file(first.paths.database)
    db.execute_sql(change)
    assert described_file(first.paths.database) != before


@pytest.fixture
def upgraded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The program has a second migration."""
    folder = tmp_path / "migrations"
    shutil.copytree(models.migrate.MIGRATIONS, folder)
    (folder / "0002_colour.py").write_text(
        'def up(migrator, db):\n    db.execute_sql("ALTER TABLE ticket ADD COLUMN colour TEXT")\n'
    )
    monkeypatch.setattr(models.migrate, "MIGRATIONS", str(folder))
    newer = models.database.SCHEMA_VERSION + 1
    for module in (models.database, models.opening):
        monkeypatch.setattr(module, "SCHEMA_VERSION", newer)


@pytest.mark.usefixtures("upgraded")
def test_it_is_migrated_after_a_copy_was_kept(first_home: Path) -> None:
    version = models.database.SCHEMA_VERSION
    desk = open_desk(DeskPaths(first_home), Settings())
    assert db.execute_sql("SELECT count(*) FROM ticket WHERE colour IS NULL").fetchone()[0] == 4
    assert models.database.schema_version() == version
    close_database()
    kept = desk.paths.database.with_name(f"desk.sqlite3.before-{version}")
    assert kept.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(kept)) as opened:
        assert opened.execute("PRAGMA user_version").fetchone()[0] < version
        assert opened.execute("SELECT count(*) FROM ticket").fetchone()[0] == 4


@pytest.mark.usefixtures("upgraded")
def test_the_program_of_before_refuses_it_then(first_home: Path) -> None:
    open_desk(DeskPaths(first_home), Settings())
    close_database()
    ran = Program(first_home)("ticket", "list")
    assert (ran.status, ran.out) == (78, "")
    assert "install the newer Nightdesk" in ran.err


def test_a_process_that_outlives_an_upgrade_leaves_with_a_sentence(first: Desk) -> None:
    with closing(sqlite3.connect(first.paths.database)) as another:
        another.execute(f"PRAGMA user_version = {models.database.SCHEMA_VERSION + 1}")
    with (
        pytest.raises(DatabaseTooNew, match="upgraded while this program ran"),
        models.transactions.transaction(),
    ):
        pass


@pytest.mark.parametrize("newest", [1_000_000, 2**32])
def test_an_upgrade_keeps_two_copies_and_what_a_restore_kept(first_home: Path, newest: int) -> None:
    """Its own among them, though the clock was ahead when the others were made."""
    data = first_home / "data"
    others = [data / f"desk.sqlite3.before-{name}" for name in ("1", "0", "restore")]
    for age, file in enumerate(others):
        file.write_bytes(b"kept")
        os.utime(file, (newest - age, newest - age))
    open_desk(DeskPaths(first_home), Settings())
    close_database()
    kept = {each.name.removeprefix("desk.sqlite3.before-") for each in data.glob("desk.sqlite3.before-*")}
    assert kept == {"restore", "1", str(models.database.SCHEMA_VERSION)}


_KILLED = """
import os, signal, sys
left = int(sys.argv.pop(1))
import peewee, playhouse.migrations
execute = peewee.Database.execute_sql
def counted(self, sql, params=None):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(self, sql, params)
peewee.Database.execute_sql = counted
from nightdesk.entry import main
main()
"""
"""The command line, killed at its n-th statement."""


def test_an_upgrade_killed_anywhere_is_ended_by_the_next_call(first_home: Path, tmp_path: Path) -> None:
    desk = Program(tmp_path / "home")
    fresh = Program(tmp_path / "fresh")
    assert fresh("init").status == 0
    wanted = described_file(fresh.home / "data" / "desk.sqlite3")
    kept = desk.home / "data" / f"desk.sqlite3.before-{models.database.SCHEMA_VERSION}"
    point, killed = 0, True
    while killed:
        point += 43  # every statement would take minutes
        shutil.rmtree(desk.home, ignore_errors=True)
        shutil.copytree(first_home, desk.home)
        killed = desk.python("-c", _KILLED, str(point), "ticket", "list").status == -signal.SIGKILL
        assert len(desk("ticket", "list", "--json").document) == 3
        assert described_file(desk.home / "data" / "desk.sqlite3") == wanted
        with closing(sqlite3.connect(kept)) as opened:
            assert opened.execute("PRAGMA user_version").fetchone()[0] == 1
            assert "withheld_mail" not in str(described(opened))
            assert opened.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert point > 30


def test_what_was_new_in_a_message_leaves_a_fold_of_the_rest(first_home: Path) -> None:
    with closing(sqlite3.connect(first_home / "data" / "desk.sqlite3")) as opened, opened:
        for text, length in (("new\nold", 3), ("all new", -1), ("ganz neu ☃", 10), ("☃\n> alt", 1)):
            opened.execute(
                "INSERT INTO message (ticket_id, kind, text, reply_length, created)"
                " VALUES (3, 'note', ?, ?, '2030-01-01T00:00:00.000000Z')",
                (text, length),
            )
    open_desk(DeskPaths(first_home), Settings())
    rows = db.execute_sql("SELECT folds FROM message WHERE ticket_id = 3 ORDER BY id DESC LIMIT 4").fetchall()
    assert [row[0] for row in rows] == ["[[1,7]]", "[]", "[]", "[[3,7]]"]
    assert [message.reply_text for message in detail.show("3").messages[-4:]] == [
        "new",
        "all new",
        "ganz neu ☃",
        "☃",
    ]
    close_database()


def test_contacts_that_are_one_person_become_one(first_home: Path) -> None:
    with closing(sqlite3.connect(first_home / "data" / "desk.sqlite3")) as opened, opened:
        when = "2026-01-01T00:00:00.000000Z"
        contacts = [
            (101, "zoë@xn--bcher-kva.test", "Zoë"),
            (102, "zoë@bücher.test", ""),
            (103, "ZOË@BÜCHER.test", "Zoe of Bücher"),
            (104, "max@xn--mnchen-3ya.test", "Max"),
            (105, "old@xn--.test", "Old"),
            (106, "jo\u0308rg@ko\u0308ln.test", "Jörg"),
        ]
        opened.executemany(
            f"INSERT INTO contact (id, email, name, created) VALUES (?, ?, ?, '{when}')", contacts
        )
        opened.execute("UPDATE ticket SET contact_id = 101 WHERE number = '1'")
        opened.execute("UPDATE ticket SET contact_id = 103 WHERE number = '2'")
        opened.execute("UPDATE ticket SET contact_id = 102 WHERE number = '3'")
        opened.executemany(
            "INSERT OR IGNORE INTO collaborator (ticket_id, contact_id) VALUES (?, ?)",
            [(1, 102), (1, 104), (4, 101), (4, 103)],
        )
        opened.execute(
            "UPDATE message SET sender_email = 'zoë@xn--bcher-kva.test',"
            " message_id = '<First.Mail@Old.Test>', recipients = ? WHERE id = 1",
            ('{"to":[["Max","max@xn--mnchen-3ya.test"]]}',),
        )
        opened.execute("INSERT INTO awaited (reference, message_id) VALUES ('<Never.Came@Old.Test>', 1)")
    open_desk(DeskPaths(first_home), Settings())
    found = dict(db.execute_sql("SELECT email, name FROM contact WHERE id > 100").fetchall())
    assert found == {
        "zoë@bücher.test": "Zoë",
        "max@münchen.test": "Max",
        "old@xn--.test": "Old",
        "jo\u0308rg@köln.test": "Jörg",
    }
    zoe, max_ = (
        db.execute_sql("SELECT id FROM contact WHERE email = ?", (email,)).fetchone()[0]
        for email in ("zoë@bücher.test", "max@münchen.test")
    )
    requesters = db.execute_sql("SELECT contact_id FROM ticket WHERE number < '4'").fetchall()
    assert {row[0] for row in requesters} == {zoe}
    assert set(db.execute_sql("SELECT ticket_id, contact_id FROM collaborator").fetchall()) >= {
        (1, max_),
        (4, zoe),
    }
    assert not db.execute_sql(
        "SELECT 1 FROM collaborator WHERE contact_id = ? AND ticket_id < 4", (zoe,)
    ).fetchall()
    assert messages.by_message_id(["<first.mail@old.test>"])[0].sender == "zoë@bücher.test"
    assert messages.by_message_id(["<first.mail@old.test>"])[0].addressed == {"max@münchen.test"}
    assert messages.awaited(["<never.came@OLD.test>"])
    assert not db.execute_sql("PRAGMA foreign_key_check").fetchall()
    close_database()
