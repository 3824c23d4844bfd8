from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.engines import Databases
from tests.support.filled import add_mailbox, mail, take_in
from tests.support.program import Program


@pytest.mark.parametrize("name", ["desk.tar", "desk.tar.zst"])
def test_a_backup_brings_tickets_mail_and_key_back(
    desk: Program, program: Program, tmp_path: Path, name: str
) -> None:
    add_mailbox(desk)
    take_in(desk, [mail()])
    desk("ticket", "reply", "1", "--body-file", "-", stdin="Yes.")
    file = tmp_path / name
    done = desk("backup", str(file), "--json")
    assert done.status == 0, done.err
    assert done.document["tickets"] == 1
    assert file.stat().st_mode & 0o777 == 0o600

    other = Program(tmp_path / "other")
    assert other("init").status == 0
    back = other("restore", str(file), "--json")
    assert back.status == 0, back.err
    assert (back.document["tickets"], back.document["held"]) == (1, 1)
    assert other("ticket", "show", "1", "--json").document == desk(
        "ticket", "show", "1", "--json"
    ).document | {"messages": other("ticket", "show", "1", "--json").document["messages"]}
    (waiting,) = other("outbox", "list", "--json").document
    assert waiting["held"] is True
    assert other("receipt", "show", "1", "--eml", str(tmp_path / "one.eml")).status == 0
    assert (tmp_path / "one.eml").read_bytes() == mail()
    assert (other.home / "data" / "desk.key").read_bytes() == (desk.home / "data" / "desk.key").read_bytes()


def test_a_damaged_desk_can_be_restored(desk: Program, tmp_path: Path) -> None:
    take_in(desk, [mail()])
    assert desk("backup", str(tmp_path / "desk.tar")).status == 0
    (desk.home / "data" / "desk.sqlite3").write_bytes(b"not a database at all" * 1000)
    assert desk("ticket", "list").status == 78
    back = desk("restore", str(tmp_path / "desk.tar"))
    assert back.status == 0, back.err
    assert len(desk("ticket", "list", "--json").document) == 1


def test_backups_and_exports_go_to_a_path_that_is_no_text(desk: Program, tmp_path: Path) -> None:
    take_in(desk, [mail()])
    place = tmp_path / "la\udcfft"
    place.mkdir()
    for verb, name in (("backup", "desk.tar"), ("export", "tickets")):
        done = desk(verb, str(place / name))
        assert done.status == 0, done.err
        assert (place / name).exists()


def test_what_is_no_backup_changes_nothing(desk: Program, tmp_path: Path) -> None:
    take_in(desk, [mail()])
    (tmp_path / "junk").write_bytes(b"junk" * 1000)
    for file in ("junk", "missing"):
        done = desk("restore", str(tmp_path / file))
        assert (done.status, done.out) == (1, "")
        assert done.err.count("\n") == 1
    assert len(desk("ticket", "list", "--json").document) == 1


def test_errors_have_their_status(desk: Program, program: Program, tmp_path: Path) -> None:
    done = desk("backup", str(tmp_path / "no" / "such" / "place.tar"))
    assert (done.status, done.out) == (1, "")
    assert f"there is no directory {tmp_path}/no/such" in done.err
    nowhere = Program(tmp_path / "nowhere")
    assert nowhere("backup", str(tmp_path / "x.tar")).status == 78
    assert nowhere("restore", str(tmp_path / "x.tar")).status == 78
    assert not (tmp_path / "x.tar").exists()
    assert desk("backup").status == 2


def test_an_agent_s_role_decides_over_backup_and_restore(desk: Program, tmp_path: Path) -> None:
    file = str(tmp_path / "desk.tar")
    assert desk("backup", file).status == 0
    assert desk("agent", "add", "ivo", "--name", "Ivo", "--role", "Admin").status == 0
    assert desk("backup", file, NIGHTDESK_AGENT="ivo").status == 0, "an Admin may"
    with sqlite3.connect(desk.home / "data" / "desk.sqlite3") as database:
        database.execute('UPDATE role SET actions = \'["ticket.reply", "settings.edit"]\'')
    for verb in ("backup", "restore"):
        done = desk(verb, file, NIGHTDESK_AGENT="ivo")
        assert (done.status, "may not back up the desk" in done.err) == (1, True), done.err
    assert desk("restore", file).status == 0, "the owner may"


def test_a_desk_in_a_store_comes_back_as_it_was_at_a_moment(desk: Program, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    none = desk("restore", url, "--list", "--json")
    assert not (tmp_path / "store").exists(), "who only looks makes nothing"
    assert (none.document, "there is no moment of a desk" in none.err) == ([], True)
    assert "let nightdesk backup URL add one" in desk("restore", url).err
    kept = desk("backup", url, "--keep", "30", "--json")
    assert kept.status == 0, kept.err
    assert kept.document["objects"] > 1
    listed = desk("restore", str(tmp_path / "store"), "--list", "--json")
    assert listed.document == [{"moment": kept.document["moment"]}], "as the setting may name it"
    done = desk("restore", url, "--at", kept.document["moment"], "--json")
    assert done.status == 0, done.err
    assert done.document["tickets"] == 0
    assert desk("restore", url, "--at", "soon").status == 2
    assert desk("restore", url, "--at", "2026-01-01T10:00").status == 1
    assert desk("backup", str(tmp_path / "x.tar"), "--keep", "3").status == 2
    assert desk("backup", "ftp://elsewhere/x").status == 78


def test_a_move_into_a_directory_that_is_not_there_makes_none(desk: Program, tmp_path: Path) -> None:
    done = desk("move", str(tmp_path / "new" / "dir" / "x.db"))
    assert (done.status, done.out) == (2, "")
    assert f"there is no directory {tmp_path}/new/dir" in done.err
    assert not (tmp_path / "new").exists()
    assert desk("ticket", "list", "--json").status == 0


@pytest.mark.parametrize("word", ["postgres", "status", "foo"])
def test_a_word_that_is_no_place_moves_no_desk(desk: Program, word: str) -> None:
    done = desk("move", word)
    assert (done.status, done.out) == (2, "")
    assert f"./{word}" in done.err
    assert desk("ticket", "list", "--json").status == 0


def test_whoever_is_erased_is_still_in_the_backups_that_were_made(desk: Program, tmp_path: Path) -> None:
    take_in(desk, [mail()])
    (contact,) = desk("contact", "list", "--json").document
    url, file = f"file://{tmp_path}/store", tmp_path / "desk.tar"
    first = desk("backup", url, "--json").document
    assert desk("backup", str(file)).status == 0
    assert desk("backup", url, "--json").document["written"] < first["written"]
    would = desk("contact", "erase", contact["email"], "--dry-run", "--json")
    assert would.document["backups"] == [url, str(file)], would.err
    whole, lines, mails = tmp_path / "export", tmp_path / "one.json", tmp_path / "mails"
    assert desk("export", str(whole)).status == 0
    assert desk("ticket", "export", "1", "--output", str(lines)).status == 0
    assert desk("ticket", "export", "1", "--format", "eml", "--output", str(mails)).status == 0
    assert desk("export", str(tmp_path / "gone.mbox"), "--format", "mbox").status == 0
    (tmp_path / "gone.mbox").unlink()
    would = desk("contact", "erase", contact["email"], "--dry-run", "--json")
    assert would.document["exports"] == [str(whole), str(lines), str(mails)], would.err


def test_who_is_no_contact_is_not_asked_for_once_more(desk: Program) -> None:
    asked = desk("contact", "erase", "nobody@corp.example")
    assert (asked.status, asked.out) == (1, "")
    assert "typed once more" not in asked.err
    assert "nobody@corp.example" in asked.err


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_a_desk_on_a_server_is_left_to_its_servers_tools(
    databases: Databases, tmp_path: Path, verb: str
) -> None:
    home = tmp_path / "on-a-server"
    home.mkdir()
    (home / "config.toml").write_text(f'database = "{databases.url_of(home)}"\n', "utf-8")
    desk = Program(home)
    assert desk("init", "--new-key").status == 0
    done = desk(verb, str(tmp_path / "desk.backup"))
    assert done.status == 78
    assert "by the tools of its server" in done.err
    databases.put_back()
