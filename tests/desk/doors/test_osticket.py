"""An osTicket comes along whole: its numbers, what was written with its Message-IDs, its files, each once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from threading import Event

import pytest

from config.clock import now
from config.secret import Secret
from desk import settings, statuses
from desk.calls import gathering
from desk.doors.imports.osticket.reading import number
from desk.doors.imports.osticket.run import open_tables, require_right, run_import, survey
from desk.doors.imports.osticket.tally import OldDeskTally
from desk.errors import NotAllowed, Refused
from desk.filters import filters
from desk.filters.sweep import after_changes
from desk.home import Desk
from desk.listeners import listeners
from desk.permissions import Actor
from desk.staff import agents, departments, roles, topics
from models.settings import store
from tests.support.mails import SUPPORT, Door, mail, rows, value
from tests.support.osticket_desk import OldDesk, old_desk, old_mail_id
from tests.support.program import Program
from tests.support.servers.child import wait_until
from tests.support.servers.mariadb import MariaDb
from tests.support.workbench import ADMIN, make_agent

TICKETS = 90


@dataclass(frozen=True)
class OldServer:
    """A database server with an osTicket in it."""

    server: MariaDb
    made: OldDesk
    database: str

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url(self.database)


@pytest.fixture(scope="module")
def old(mariadb: MariaDb) -> OldServer:
    """An osTicket that nobody changes."""
    made = old_desk(TICKETS)
    mariadb.run("CREATE DATABASE osticket CHARACTER SET utf8mb4")
    mariadb.run("\n".join(made.sql), "osticket")
    return OldServer(mariadb, made, "osticket")


@pytest.fixture
def own(mariadb: MariaDb) -> Iterator[OldServer]:
    """A small osTicket that a test may change."""
    made = old_desk(30)
    mariadb.run("CREATE DATABASE small CHARACTER SET utf8mb4")
    mariadb.run("\n".join(made.sql), "small")
    yield OldServer(mariadb, made, "small")
    mariadb.run("DROP DATABASE small")


def brought(desk: Desk, actor: Actor, source: str, **more: object) -> OldDeskTally:
    with open_tables(source, prefix="ost_", password=Secret(""), room=desk.paths.data) as tables:
        return run_import(desk, actor, tables, **{"zone": UTC, "stop": Event(), **more})  # type: ignore[arg-type]


def numbers() -> set[str]:
    return {row[0] for row in rows("SELECT number FROM ticket")}


def assert_whole(made: OldDesk) -> None:
    """All of an old desk is here, each once."""
    assert numbers() == made.numbers
    ids = [row[0] for row in rows("SELECT message_id FROM message WHERE message_id IS NOT NULL")]
    assert sorted(ids) == sorted(made.message_ids)
    assert sorted(row[0] for row in rows("SELECT sha256 FROM attachment")) == sorted(made.files)
    assert value("SELECT count(*) FROM message") == made.messages


@pytest.fixture(params=["server", "dump", "packed dump"])
def source(request: pytest.FixtureRequest, old: OldServer, tmp_path: Path) -> str:
    """Where the old desk is read from."""
    if request.param == "server":
        return old.url
    dump = old.server.dump(old.database, tmp_path / "dump.sql")
    if request.param == "dump":
        return str(dump)
    import gzip

    packed = tmp_path / "dump.sql.gz"
    packed.write_bytes(gzip.compress(dump.read_bytes(), 1))
    return str(packed)


def test_numbers_message_ids_and_files_come_whole_from_server_and_dump(
    desk: Desk, ana: Actor, old: OldServer, source: str
) -> None:
    tally = brought(desk, ana, source)
    assert_whole(old.made)
    assert tally.tickets == len(old.made.numbers)
    assert (tally.renumbered, tally.troubles, tally.more) == ({}, [], False)
    again = brought(desk, ana, source)
    assert (again.tickets, again.messages, again.known) == (0, 0, TICKETS)
    assert_whole(old.made)


def test_nobody_is_told_of_what_is_brought_over(desk: Desk, ana: Actor, old: OldServer) -> None:
    store("webhooks.private", value=True)
    listeners.add(desk, ADMIN, "webhook", "W", "http://127.0.0.1:9/", secret="a secret that is long enough")
    filters.add(ADMIN, "Told", on="status", condition="state:any", then=("tag:acted",))
    brought(desk, ana, old.url)
    assert value("SELECT count(*) FROM event") > 0
    gathering.gather(desk, now())
    after_changes(desk, now())
    assert value("SELECT count(*) FROM call") == 0
    assert value("SELECT count(*) FROM ticket_tag WHERE name = 'acted'") == 0
    assert value("SELECT count(*) FROM delivery") == 0
    assert value("SELECT count(*) FROM notice") == 0
    assert value("SELECT count(*) FROM receipt") == 0


def test_staff_people_and_rules_come_along(desk: Desk, ana: Actor, old: OldServer) -> None:
    tally = brought(desk, ana, old.url)
    assert rows("SELECT name FROM department ORDER BY name") == [("Support",), ("Support / Hardware",)]
    assert rows("SELECT login, active FROM agent WHERE login <> 'ana' ORDER BY login") == [
        ("bo", 1),
        ("left.long.ago", 0),
    ]
    assert rows("SELECT name FROM team") == [("Level II",)]
    assert value("SELECT count(*) FROM contact") == 40
    assert value("SELECT count(*) FROM contact_address") == 40
    assert rows("SELECT name, shares FROM organization") == [("Mill & Co", 1)]
    assert rows("SELECT pattern FROM ban") == [("spam@bad.test",)]
    assert tally.no_place == {"tasks": 1, "filters": 1}


def test_a_mailbox_comes_switched_off_and_without_password(desk: Desk, ana: Actor, old: OldServer) -> None:
    brought(desk, ana, old.url)
    columns = "address, host, port, protocol, after_fetch, incoming_enabled, outgoing_enabled, smtp_host"
    assert rows(f"SELECT {columns}, secret_source FROM mailbox") == [
        ("help@old.test", "imap.old.test", 993, "imap", "move:Done", 0, 0, "smtp.old.test", "none")
    ]


def test_states_and_clocks_are_those_of_the_old_desk(desk: Desk, ana: Actor, own: OldServer) -> None:
    own.server.run(
        "UPDATE ost_ticket SET status_id = 1, isanswered = 0, est_duedate = '2099-01-01 00:00:00'"
        " WHERE ticket_id = 1;"
        "UPDATE ost_ticket SET status_id = 6, isanswered = 1 WHERE ticket_id = 2;"
        "UPDATE ost_ticket SET status_id = 4, closed = '2024-05-01 10:00:00' WHERE ticket_id = 3;",
        own.database,
    )
    brought(desk, ana, own.url)
    found = {row[0]: row[1:] for row in rows("SELECT number, status, due, closed, overdue FROM ticket")}
    assert found["100007"] == ("open", "2099-01-01T00:00:00.000000Z", None, 0)
    assert found["100014"] == ("waiting", None, None, 0)
    assert found["100021"] == ("closed", None, "2024-05-01T10:00:00.000000Z", 0)
    tags = rows("SELECT t.number, g.name FROM ticket_tag g JOIN ticket t ON t.id = g.ticket_id")
    assert ("100014", "waiting-for-parts") in tags


def test_what_came_since_is_topped_up(desk: Desk, ana: Actor, own: OldServer) -> None:
    brought(desk, ana, own.url)
    later = old_desk(5, seed=9, first=31)
    own.server.run("\n".join(later.sql), own.database)
    own.server.run(
        "INSERT INTO ost_thread_entry (id, thread_id, staff_id, user_id, type, flags, poster, title, body,"
        " format, created) VALUES (900001, 50001, 1, 0, 'R', 0, 'Ana', '', 'It is out now.', 'text',"
        " '2024-12-01 10:00:00'); UPDATE ost_ticket SET status_id = 3, isanswered = 1 WHERE ticket_id = 1;",
        own.database,
    )
    tally = brought(desk, ana, own.url)
    assert (tally.tickets, tally.messages) == (5, later.messages + 1)
    assert numbers() == own.made.numbers | later.numbers
    assert value("SELECT status FROM ticket WHERE number = '100007'") == "closed"
    assert value("SELECT count(*) FROM message WHERE text = 'It is out now.' AND kind = 'reply'") == 1


def test_an_import_that_was_stopped_or_killed_goes_on_where_it_was(
    desk: Desk, ana: Actor, old: OldServer
) -> None:
    stop = Event()
    first = brought(desk, ana, old.url, stop=stop, watch=lambda _: stop.set())
    assert first.more
    assert 0 < first.tickets < TICKETS / 2
    environ = Program(desk.paths.home).environment(NIGHTDESK_AGENT="")
    command = [sys.executable, "-m", "nightdesk", "import", "osticket", old.url, "--zone", "UTC"]
    with subprocess.Popen(command, env=environ, cwd=desk.paths.home, stderr=subprocess.PIPE) as other:
        wait_until(lambda: len(numbers()) > first.tickets or other.poll() is not None, "it does not go on")
        other.kill()
    assert other.returncode == -signal.SIGKILL
    brought(desk, ana, old.url)
    assert_whole(old.made)


def test_a_fault_in_the_middle_of_a_batch_leaves_nothing_half_done(
    desk: Desk, ana: Actor, old: OldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desk.doors.imports.osticket.matters import Matters

    bring: Callable[..., None] = Matters.bring
    count = iter(range(1_000))

    def breaks_off(self: Matters, *given: object) -> None:
        bring(self, *given)
        if next(count) == 50:
            raise OSError("the disk is full")

    monkeypatch.setattr(Matters, "bring", breaks_off)
    with pytest.raises(OSError, match="full"):
        brought(desk, ana, old.url)
    monkeypatch.undo()
    brought(desk, ana, old.url)
    assert_whole(old.made)


def test_an_answer_to_a_mail_of_the_old_desk_lands_in_its_ticket(
    desk: Desk, ana: Actor, old: OldServer
) -> None:
    brought(desk, ana, old.url)
    number, (sent, customer) = next(iter(old.made.answered_by.items()))
    outcome = Door(desk).take(mail(sender=customer, to=SUPPORT, subject="Re: fire", answers=sent))
    assert (outcome.verdict, outcome.ticket_number) == ("reply", number)


def test_a_stranger_with_an_id_of_the_old_desk_has_no_voice(desk: Desk, ana: Actor, old: OldServer) -> None:
    brought(desk, ana, old.url)
    sent, _ = next(iter(old.made.answered_by.values()))
    Door(desk).take(mail("Let me in.", sender="eve@eve.test", subject="Re: fire", answers=sent))
    assert value("SELECT unverified FROM message WHERE text = 'Let me in.'") == 1
    people = rows("SELECT p.email FROM collaborator c JOIN contact p ON p.id = c.contact_id")
    assert ("eve@eve.test",) not in people


def test_an_id_of_another_osticket_means_nothing_here(desk: Desk, ana: Actor, old: OldServer) -> None:
    brought(desk, ana, old.url)
    number, (sent, customer) = next(iter(old.made.answered_by.items()))
    other = sent.replace(sent[2:8], "0ther=")
    outcome = Door(desk).take(mail(sender=customer, to=SUPPORT, subject="Re: fire", answers=other))
    assert outcome.ticket_number != number


def test_a_number_that_is_taken_here_gets_an_addition_that_is_told(
    desk: Desk, ana: Actor, own: OldServer
) -> None:
    own.server.run("UPDATE ost_ticket SET number = '100014' WHERE ticket_id = 1", own.database)
    tally = brought(desk, ana, own.url)
    assert tally.renumbered == {"100014": "100014-2"}
    assert {"100014", "100014-2"} <= numbers()


def test_a_dry_run_counts_and_writes_nothing(desk: Desk, ana: Actor, own: OldServer) -> None:
    with open_tables(own.url, prefix="ost_", password=Secret(""), room=desk.paths.data) as tables:
        tally = survey(tables, UTC)
    assert (tally.found["tickets"], tally.found["agents"]) == (30, 3)
    assert (numbers(), value("SELECT count(*) FROM old_desk")) == (set(), 0)


def test_what_is_no_osticket_is_refused_with_what_to_try(desk: Desk, ana: Actor, tmp_path: Path) -> None:
    dump = tmp_path / "other.sql"
    dump.write_text("CREATE TABLE `wp_posts` (\n  `id` int\n);\nINSERT INTO `wp_posts` VALUES (1);\n")
    with pytest.raises(Refused, match="no table ost_ticket"):
        brought(desk, ana, str(dump))
    with pytest.raises(Refused, match="cannot be opened"):
        brought(desk, ana, "mysql://nobody@localhost/none?socket=/nowhere")


def test_a_number_that_no_column_holds_is_none() -> None:
    given = ("7", b"7", None, "x", "9" * 30, -(2**63), float("inf"), 2**63 - 1)
    assert [number(each) for each in given] == [7, 7, 0, 0, 0, 0, 0, 2**63 - 1]


def test_only_who_may_change_the_desk_imports_one(desk: Desk, own: OldServer) -> None:
    cy = make_agent("cy", ["ticket.read"])
    with pytest.raises(NotAllowed):
        brought(desk, cy, own.url)
    with pytest.raises(NotAllowed):
        require_right(cy)


def test_the_code_of_its_mails_is_learned_or_said(desk: Desk, ana: Actor, own: OldServer) -> None:
    brought(desk, ana, own.url)
    learned = value("SELECT code FROM old_desk")
    brought(desk, ana, own.url, salt="kept-in-ost-config-php")
    assert value("SELECT code FROM old_desk") == learned == old_mail_id(1, 1)[2:8]


def test_what_is_out_of_use_there_is_so_here_and_topics_keep_whose_they_are(
    desk: Desk, ana: Actor, own: OldServer
) -> None:
    statuses.add_status(ADMIN, "Waiting for parts", state="waiting")
    own.server.run(
        "INSERT INTO ost_department SELECT 3, 0, 0, 1, 'Disabled', '', 0;"
        "INSERT INTO ost_department SELECT 4, 0, 0, 1, 'Archive', '', 8;"
        "UPDATE ost_help_topic SET staff_id = 2, status_id = 6;"
        "INSERT INTO ost_help_topic SELECT 9, 0, 0, 0, 1, 0, 0, 0, 1, 1, 'Cables', 0, '';",
        own.database,
    )
    assert brought(desk, ana, own.url).troubles == []
    known = {line.name: (line.active, line.reopen_days) for line in departments.departments()}
    assert known == {
        "Support": (True, None),
        "Support / Hardware": (True, None),
        "Disabled": (False, None),
        "Archive": (False, 0),
    }
    said = {line.name: (line.active, line.assigned_to, line.status) for line in topics.topics()}
    assert said == {
        "Printers": (True, "bo", "Waiting for parts"),
        "Cables": (False, "team:Level II", None),
    }
    departments.edit_department(ADMIN, "Disabled", active=True)
    brought(desk, ana, own.url)
    assert departments.show_department("Disabled").active, "what an admin changed here is left alone"


def test_the_desk_and_its_topics_go_on_with_their_own_numbers(desk: Desk, ana: Actor, own: OldServer) -> None:
    own.server.run(
        "INSERT INTO ost_config SELECT NULL, 'core', 'ticket_number_format', 'T-#####';"
        "INSERT INTO ost_config SELECT NULL, 'core', 'ticket_sequence_id', '4';"
        "INSERT INTO ost_sequence SELECT 4, 'General', 1, 777, 1, '0';"
        "INSERT INTO ost_sequence SELECT 2, 'Cables', 0, 38, 1, '0';"
        "INSERT INTO ost_sequence SELECT 3, 'By fives', 0, 10, 5, '0';"
        "UPDATE ost_help_topic SET flags = 2, number_format = 'P-###', sequence_id = 2;"
        "INSERT INTO ost_help_topic SELECT 9, 0, 0, 3, 1, 0, 0, 0, 0, 0, 'Cables', 2, 'C-####';"
        "INSERT INTO ost_help_topic SELECT 10, 0, 0, 3, 1, 0, 0, 0, 0, 0, 'Chance', 0, '';"
        "INSERT INTO ost_help_topic SELECT 11, 0, 0, 3, 1, 0, 0, 0, 0, 0, 'Steps', 3, 'S#';",
        own.database,
    )
    assert brought(desk, ana, own.url).troubles == ["the help topic Steps counts by 1 here, by 5 there"]
    said = {line.name: (line.number_format, line.number_sequence) for line in topics.topics()}
    assert said == {
        "Printers": (None, None),
        "Cables": ("C-####", "Cables"),
        "Chance": ("######", "random"),
        "Steps": ("S#", "By fives"),
    }
    door = Door(desk)
    door.mailbox("cables@example.test", topic_id=topics.show_topic("Cables").id)
    taken = door.take(mail(to="cables@example.test"), mailbox="cables@example.test")
    assert taken.ticket_number == "C-0038"
    assert door.take(mail()).ticket_number == "T-00777"
    settings.set(ADMIN, "tickets.number_format", "#")
    assert brought(desk, ana, own.url).troubles == []
    assert settings.get("tickets.number_format") == "#", "what an admin sets back is left alone"


def test_nobody_may_more_than_at_the_old_desk(desk: Desk, ana: Actor, own: OldServer) -> None:
    """A role that is gone or none is no Admin, nor is one that is called so."""
    own.server.run(
        "UPDATE ost_role SET name = 'Admin' WHERE id = 2;"
        "UPDATE ost_staff SET role_id = 2 WHERE username = 'bo';"
        "UPDATE ost_staff SET role_id = 99, isactive = 1 WHERE username = 'left.long.ago';"
        "UPDATE ost_staff_dept_access SET role_id = 0;",
        own.database,
    )
    brought(desk, ana, own.url)
    granted = {each.name: each.actions for each in roles.roles()}
    bo, left = agents.agent("bo"), agents.agent("left.long.ago")
    assert bo.role == "Admin of the old desk"
    assert set(granted[bo.role]) == {"ticket.read", "ticket.note"}
    assert set(granted[left.role]) == {"ticket.read"}
    assert dict(bo.departments)["Support / Hardware"] == left.role
    brought(desk, ana, own.url)
    assert {each.name for each in roles.roles()} == set(granted)
