"""The doctor finds what is broken, names the cure, and breaks over nothing."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
import time_machine

from config import spool as spools
from config.clock import now
from desk import logs, settings
from desk.fetching import triggers
from desk.home import Desk
from desk.mailboxes import health, registry
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.operations.doctor import Finding, examine
from desk.permissions import Actor
from desk.replies import reply
from desk.staff import agents
from mail.errors import LoginRefused
from models import blobs, leases
from models.database import db
from tests.support.engines import SQLITE
from tests.support.workbench import ADMIN, make_mailbox, make_ticket


def findings(desk: Desk, area: str, *, live: bool = False) -> list[Finding]:
    return [finding for finding in examine(desk, live) if finding.area == area]


def level(desk: Desk, area: str) -> str:
    levels = {finding.level for finding in findings(desk, area)}
    return next(worst for worst in ("failure", "warning", "ok") if worst in levels)


def test_a_desk_in_good_health_has_no_failure(desk: Desk) -> None:
    mailbox = make_mailbox(desk, sends=True)
    health.record_success(mailbox.id, 1, now())
    found = list(examine(desk, live=False))
    assert [finding for finding in found if finding.level == "failure"] == []
    areas = {"configuration", "permissions", "database", "clock", "disk", "worker", "outbox", "quarantine"}
    assert areas < {finding.area for finding in found}


def test_every_complaint_names_a_cure(desk: Desk, ana: Actor) -> None:
    make_mailbox(desk)
    reply.send_reply(desk, ana, make_ticket(mailbox=make_mailbox(desk, "hr@desk.example")).number, "x")
    settings.set(ADMIN, "mail.fetching", "off")
    desk.paths.key.chmod(0o644)
    with time_machine.travel(now() + timedelta(days=4)):
        complaints = [finding for finding in examine(desk, live=False) if finding.level != "ok"]
    assert len(complaints) >= 4
    assert all(finding.cure for finding in complaints)


def test_a_desk_whose_agents_are_mailed_nothing_is_told(desk: Desk) -> None:
    assert findings(desk, "agents") == []
    for login in ("kim", "jo"):
        agents.add_agent(ADMIN, login)
    [found] = findings(desk, "agents")
    assert (found.level, found.cure) == ("warning", "nightdesk agent edit jo --email ADDRESS")
    agents.edit_agent(ADMIN, "jo", email="jo@staff.example")
    assert findings(desk, "agents") == []
    agents.remove_agent(ADMIN, "jo")
    assert len(findings(desk, "agents")) == 1


@pytest.mark.sqlite  # its file
def test_files_open_to_others_are_a_failure(desk: Desk) -> None:
    assert level(desk, "permissions") == "ok"
    desk.paths.database.chmod(0o644)
    assert level(desk, "permissions") == "failure"


def test_a_lost_key_is_a_failure(desk: Desk) -> None:
    desk.paths.key.unlink()
    assert level(desk, "configuration") == "failure"


@pytest.mark.sqlite  # no server keeps files beside it
def test_a_missing_blob_file_is_a_failure(desk: Desk) -> None:
    blob_id = blobs.put(bytes(range(256)) * 10, small=16)
    assert level(desk, "database") == "ok"
    path = db.execute_sql("SELECT path FROM blob WHERE id = ?", (blob_id,)).fetchone()[0]
    (blobs.directory() / path).unlink()
    assert level(desk, "database") == "failure"


@pytest.mark.sqlite  # a server looks after its own files
def test_a_damaged_database_is_a_finding_and_not_a_traceback(desk: Desk) -> None:
    for turn in range(300):
        make_ticket(text=f"filler {turn} " * 50)
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with desk.paths.database.open("r+b") as file:
        file.seek(30 * 4096)
        file.write(b"\xff" * 40 * 4096)
    db.close()
    assert level(desk, "database") == "failure"


def test_a_clock_that_went_back_is_a_failure(desk: Desk, ana: Actor) -> None:
    reply.add_note(ana, make_ticket().number, "now")
    assert level(desk, "clock") == "ok"
    with time_machine.travel(now() - timedelta(days=1)):
        assert level(desk, "clock") == "failure"


def test_another_hosts_clock_that_was_ahead_is_no_fault_of_this_ones(desk: Desk, engine: str) -> None:
    with time_machine.travel(now() + timedelta(hours=1)):
        logs.write("info", "worker", "began on another host")
    (said,) = findings(desk, "clock")
    if engine == SQLITE:
        assert said.level == "failure", "nobody else writes into a file"
    else:
        assert (said.level, said.cure.partition(" says")[0]) == ("warning", "nightdesk host list")


def test_three_days_without_a_fetch_are_a_failure(desk: Desk) -> None:
    mailbox = make_mailbox(desk)
    area = "mailbox support@desk.example"
    assert level(desk, area) == "warning"
    health.record_success(mailbox.id, 0, now())
    assert level(desk, area) == "ok"
    with time_machine.travel(now() + timedelta(days=3, minutes=1)):
        (finding,) = findings(desk, area)
        assert finding.level == "failure"
        assert "no successful fetch for 3 days" in finding.text


def test_a_mailbox_that_fails_since_a_while_is_a_warning_with_its_words(desk: Desk) -> None:
    mailbox = make_mailbox(desk)
    health.record_failure(mailbox.id, LoginRefused("login was refused"), now())
    (finding,) = findings(desk, "mailbox support@desk.example")
    assert finding.level == "warning"
    assert "login was refused" in finding.text


def test_nobody_fetching_is_a_warning_until_somebody_does(desk: Desk) -> None:
    mailbox = make_mailbox(desk)
    assert level(desk, "worker") == "warning"
    lease = leases.acquire("worker", leases.owner_id(), 60)
    assert lease is not None
    assert level(desk, "worker") == "ok"
    lease.release()
    health.record_success(mailbox.id, 0, now())
    assert level(desk, "worker") == "ok"


def test_it_says_what_makes_the_desk_fetch_and_when_each_last_did(desk: Desk) -> None:
    (nothing,) = findings(desk, "trigger")
    assert all(words in nothing.text for words in ("cron", "systemd timer", "HTTP", "open app"))
    triggers.note(desk, "worker")
    triggers.note(desk, "cron")
    lease = leases.acquire("worker", leases.owner_id(), 60)
    assert lease is not None
    worker, cron, never = (finding.text for finding in findings(desk, "trigger"))
    assert worker.startswith("nightdesk worker: at work, last ran 20")
    assert cron.startswith("cron, or another program without a terminal: at work, last ran 20")
    assert "cron" not in never
    lease.release()
    assert level(desk, "worker") == "ok"
    with time_machine.travel(now() + timedelta(hours=2)):
        assert level(desk, "worker") == "warning"
        worker, cron, _ = (finding.text for finding in findings(desk, "trigger"))
    assert "not at work" in worker
    assert "not at work" in cron


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, "cron"),
        ({"INVOCATION_ID": "0f"}, "timer"),
        ({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "ssh"),
        ({"NIGHTDESK_TRIGGER": "http", "INVOCATION_ID": "0f"}, "http"),
        ({"NIGHTDESK_TRIGGER": "../x"}, "cron"),
    ],
)
def test_who_calls_is_told_by_the_environment(
    environ: dict[str, str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.fetching.triggers._has_terminal", lambda: False)
    assert triggers.kind_of_caller(environ) == kind


def test_who_calls_from_a_terminal_is_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.fetching.triggers._has_terminal", lambda: True)
    assert triggers.kind_of_caller({"SSH_CONNECTION": "x"}) == "hand"


def test_mail_that_cannot_leave_is_a_failure(desk: Desk, ana: Actor) -> None:
    ticket = make_ticket(mailbox=make_mailbox(desk))
    reply.send_reply(desk, ana, ticket.number, "x")
    assert level(desk, "outbox") == "ok"
    with time_machine.travel(now() + timedelta(hours=5)):
        (finding,) = findings(desk, "outbox")
    assert finding.level == "failure"
    assert "no way out" in finding.text


def test_a_default_outgoing_mailbox_that_cannot_send_any_more_is_a_failure(desk: Desk) -> None:
    make_mailbox(desk, sends=True)
    settings.set(ADMIN, "mail.default_outgoing", "support@desk.example")
    registry.switch(ADMIN, "support@desk.example", outgoing=False)
    assert level(desk, "configuration") == "failure"


def test_a_server_that_cannot_be_reached_is_a_failure_of_its_mailbox_only(desk: Desk) -> None:
    from desk.mailboxes.form import check

    form = check({"address": "a@desk.example", "host": "127.0.0.1", "port": 1, "security": "none"})
    registry.add(desk, ADMIN, form, MailboxSecrets(SecretInput("env", "NO_SUCH_WORD")))
    failures = [finding for finding in examine(desk, live=True) if finding.level == "failure"]
    assert {finding.area for finding in failures} == {"mailbox a@desk.example"}
    assert "NO_SUCH_WORD" in failures[0].text


@pytest.mark.parametrize("broken", ["disk_usage"])
def test_a_part_that_breaks_stops_only_itself(
    desk: Desk, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(f"desk.operations.doctor.shutil.{broken}", fail)
    assert level(desk, "disk") == "failure"
    assert level(desk, "outbox") == "ok"


def test_mail_that_nobody_takes_from_the_spool_and_what_is_no_mail_are_told(desk: Desk) -> None:
    assert [finding.level for finding in findings(desk, "spool")] == ["ok"]
    folder = desk.paths.spool
    name = spools.write(str(folder), {}, [b"From: a@b\n\nx"])
    assert [finding.level for finding in findings(desk, "spool")] == ["ok"]
    (folder / "strange.mail").symlink_to("/etc/passwd")
    (folder / ".half.mail").touch()
    for path in (folder / name, folder / ".half.mail"):
        os.utime(path, (1, 1))
    found = findings(desk, "spool")
    assert [finding.level for finding in found] == ["failure", "warning", "warning"]
    assert "1 piped mail waits" in found[0].text
    assert "strange.mail: it is a link" in found[1].text
    assert all(finding.cure for finding in found)
