"""kill -9 at any moment of an import: begun again it goes on, nothing is lost, nothing is doubled."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pexpect
import pytest

from tests.generator import generate
from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import start

SUPPORT = "support@example.test"
MAILS = 4_000
KILLS = 8


def write_mbox(path: Path, count: int) -> Path:
    """Small mails; every third answers the one before it."""
    with path.open("wb") as file:
        for number in range(count):
            answers = f"In-Reply-To: <{number - 1}@client.test>\n" if number % 3 == 2 else ""
            file.write(
                f"From joe@client.test Fri Nov 20 09:00:00 2026\nFrom: Ann <ann@client.test>\nTo: {SUPPORT}\n"
                f"Subject: Printer {number - number % 3}\nMessage-ID: <{number}@client.test>\n{answers}\n"
                f"It burns, {number}.\n\n".encode()
            )
    return path


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_an_import_of_thousands_of_mails_killed_again_and_again_takes_each_exactly_once(
    desk: Desk, tmp_path: Path
) -> None:
    box = write_mbox(tmp_path / "box", MAILS)
    books = Books(desk.home)
    chance = random.Random(3)
    hits = 0
    for _ in range(KILLS):
        before = books.value("SELECT count(*) FROM receipt")
        process = start(desk, "import", "mbox", str(box), "--quiet-import")
        while process.poll() is None and books.value("SELECT count(*) FROM receipt") == before:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        hits += process.returncode == -signal.SIGKILL
    taken = books.value("SELECT count(*) FROM receipt")

    tally = desk.json("import", "mbox", str(box), "--quiet-import")

    assert tally["imported"] == MAILS - taken
    assert tally["known"] == taken
    assert (tally["more"], tally["errors"]) == (False, [])
    assert books.value("SELECT count(*) FROM receipt") == MAILS
    assert books.value("SELECT count(*) FROM message") == MAILS
    assert books.value("SELECT count(DISTINCT message_id) FROM message") == MAILS
    assert books.value("SELECT count(*) FROM delivery") == 0
    assert books.verdicts()["duplicate"] == 0
    assert books.verdicts()["reply"] == MAILS // 3
    assert books.errors() == []
    assert desk.json("import", "mbox", str(box))["imported"] == 0
    assert hits >= KILLS // 2, f"{KILLS - hits} of {KILLS} kills came after the end"


@pytest.mark.timeout(300)
def test_an_import_of_an_export_killed_again_and_again_brings_each_ticket_exactly_once(
    desk: Desk, other_desk: Desk, tmp_path: Path
) -> None:
    desk.json("import", "mbox", str(write_mbox(tmp_path / "box", 450)), "--quiet-import")
    desk("export", str(tmp_path / "export"))
    books, whole = Books(other_desk.home), Books(desk.home)
    chance = random.Random(4)
    hits = 0
    for _ in range(5):
        before = books.value("SELECT count(*) FROM ticket")
        process = start(other_desk, "import", "export", str(tmp_path / "export"))
        while process.poll() is None and books.value("SELECT count(*) FROM ticket") == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        hits += process.returncode == -signal.SIGKILL
    there = books.value("SELECT count(*) FROM ticket")
    tally = other_desk.json("import", "export", str(tmp_path / "export"))
    assert (tally["known"], tally["tickets"], tally["troubles"]) == (there, 300 - there, [])
    for table, columns in (
        ("ticket", "id, number, subject, status, created, contact_id, message_count"),
        ("message", "id, ticket_id, message_id, text, created, receipt_id"),
        ("receipt", "id, ticket_id, digest, verdict, trace"),
        ("event", "id, ticket_id, at, kind, json_remove(detail, '$.brought')"),
        ("contact", "id, email, name"),
        ("awaited", "reference, message_id"),
    ):
        query = f"SELECT {columns} FROM {table} ORDER BY 1, 2"
        assert books.rows(query) == whole.rows(query), table
    assert books.errors() == []
    assert hits >= 3, f"{5 - hits} of 5 kills came after the end"
    again = other_desk.json("import", "export", str(tmp_path / "export"))
    assert (again["tickets"], again["made"]) == (0, {})


def test_an_import_that_is_told_to_stop_says_how_to_go_on(desk: Desk, tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", 5000)
    books = Books(desk.home)
    process = start(desk, "import", "mbox", str(box), "--json")
    while books.value("SELECT count(*) FROM receipt") == 0:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 1
    assert b'"more": true' in out
    assert b"begin it again" in err
    taken = books.value("SELECT count(*) FROM receipt")
    assert 0 < taken < 5000
    assert desk.json("import", "mbox", str(box))["imported"] == 5000 - taken


def test_on_a_terminal_it_shows_how_far_it_is_and_how_long_it_takes_still(desk: Desk, tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", 3000)
    environment = desk.program.environment(PYTHONUNBUFFERED="1")
    child = pexpect.spawn(
        desk.program.interpreter,
        ["-m", "nightdesk", "import", "mbox", str(box), "--quiet-import"],
        env=environment,
        cwd=str(desk.home.parent),
        encoding="utf-8",
        timeout=180,
        dimensions=(24, 100),
    )
    child.expect(r"importing: \d+ %, \d+ mails, \d+/s, \d+:\d\d left")
    child.expect("3000 imported")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 0


def test_the_same_mails_from_an_mbox_a_maildir_and_eml_files_are_the_same_tickets(
    desk: Desk, tmp_path: Path
) -> None:
    mails = [mail.raw for mail in generate(40, 9, to=SUPPORT)]
    maildir, folder, box = tmp_path / "Maildir", tmp_path / "folder", tmp_path / "box"
    (maildir / "cur").mkdir(parents=True)
    folder.mkdir()
    with box.open("wb") as file:
        for number, raw in enumerate(mails):
            (maildir / "cur" / f"{1_700_000_000 + number}.m.host:2,S").write_bytes(raw)
            (folder / f"{number:03}.eml").write_bytes(raw)
            quoted = raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
            file.write(b"From joe@x.test Fri Nov 20 09:00:00 2026\n" + quoted + b"\n")
    first = desk.json("import", "mbox", str(box), "--quiet-import")
    assert (first["imported"], first["quarantined"]) == (40, 0)
    for kind, path in (("maildir", maildir), ("eml", folder)):
        again = desk.json("import", kind, str(path), "--quiet-import")
        assert (again["imported"], again["duplicates"]) == (40, 40)


def test_a_file_that_is_not_there_is_told_in_one_line(desk: Desk, tmp_path: Path) -> None:
    ran = desk("import", "mbox", str(tmp_path / "none"))
    assert (ran.status, ran.out) == (1, "")
    assert "no such file" in ran.err
    assert ran.err.count("\n") == 1
