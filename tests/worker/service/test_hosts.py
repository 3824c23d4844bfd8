"""Hosts of one desk: each has its part of the mailboxes, one leads, and one that is drained does nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from config.clock import now
from config.paths import DeskPaths
from config.settings import Settings
from desk.home import Desk, open_desk
from desk.operations import hosts as desk_hosts
from desk.operations.doctor import examine
from desk.outbox import deliveries as outbox
from desk.replies import drafts, reply
from desk.tickets.presence import Attendance
from models import deliveries, hosts, leases
from models.engine import engine
from models.fields import utc_text
from models.opening import close_database
from tests.support.engines import Databases
from tests.support.mails import value, write
from tests.support.program import Program
from tests.support.workbench import ADMIN, make_agent, make_mailbox, make_ticket
from worker.service.child import WorkerChild
from worker.service.once import run_once
from worker.service.plan import Planner

PATIENCE_SECONDS = 40


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_each_host_has_its_part_and_one_that_goes_leaves_the_others_theirs() -> None:
    names = ["desk1", "desk2", "desk3"]
    parts = {
        name: {each for each in range(300) if desk_hosts.is_share_of(name, each, names)} for name in names
    }
    assert sorted(each for part in parts.values() for each in part) == list(range(300))
    assert all(len(part) > 60 for part in parts.values())
    left = {each for each in range(300) if desk_hosts.is_share_of("desk1", each, names[:2])}
    assert left > parts["desk1"]
    assert desk_hosts.is_share_of("desk1", 7, [])


def test_a_drained_host_of_a_file_plans_nothing(desk: Desk) -> None:
    planner = Planner(desk)
    moment = now()
    assert desk_hosts.lines() == []
    desk_hosts.drain(desk, ADMIN, desk.host)
    plan = planner.look(moment, frozenset())
    assert plan is not None
    assert plan.drained
    assert [each.is_empty for each in desk_hosts.lines()] == [True]
    assert any("drained since" in each.text for each in examine(desk, live=False) if each.area == "hosts")
    assert any("is drained" in each for each in run_once(desk).notes)
    desk_hosts.undrain(ADMIN, desk.host)
    assert not any("is drained" in each for each in run_once(desk).notes)
    planner.look_again()
    plan = planner.look(moment, frozenset())
    assert plan is not None
    assert not plan.drained


def test_a_worker_alone_with_a_file_is_there_as_long_as_it_has_its_lease(desk: Desk) -> None:
    hosts.report(desk.host, "0.0.1", leases.owner_id(), 0.0, 0, 0)
    write("UPDATE host SET seen = '2026-01-01T00:00:00.000000Z'")
    lease = leases.acquire(leases.WORKER, leases.owner_id(), 60)
    assert lease is not None
    assert [(each.worker, each.leads) for each in desk_hosts.lines()] == [(True, True)]
    lease.release()
    assert [(each.worker, each.leads) for each in desk_hosts.lines()] == [(False, False)]


def test_what_the_apps_own_worker_holds_is_its_hosts_though_another_worker_stands_by_there(
    desk: Desk,
) -> None:
    """Nobody led, and a drained host was empty, while an app's worker led and fetched there."""
    hosts.report("desk1", "0.0.1", "one machine:1:1:x", 0.0, 0, 0)
    hosts.report("desk2", "0.0.1", "another machine:1:1:x", 0.0, 0, 0)
    hosts.drain("desk2")
    for name in (leases.WORKER, "mailbox:1"):
        assert leases.acquire(name, "another machine:2:2:y", 60) is not None
    assert [(each.leads, each.leases, each.is_empty) for each in desk_hosts.lines()] == [
        (False, (), False),
        (True, ("mailbox:1",), False),
    ]
    hosts.report("desk3", "0.0.1", "another machine:3:3:z", 0.0, 0, 0)
    assert not any(each.leads for each in desk_hosts.lines()), (
        "of two hosts on one machine it may be either's"
    )


def test_two_workers_on_a_host_hide_nothing_of_each_other(desk: Desk) -> None:
    """The second one's report made the host look idle, and its end made it look as if nobody worked there."""
    make_mailbox(desk)
    own = leases.owner_id()
    machine = leases.machine_of(own)
    second = f"{machine}:1:{leases._start_time(1)}:x"
    hosts.report(desk.host, "0.0.1", own, 0.0, 0, 3)
    hosts.report(desk.host, "0.0.1", second, 0.0, 0, 0)
    assert [(each.worker, each.at_work) for each in desk_hosts.lines()] == [(True, 3)]
    hosts.worker_ended(desk.host, second)
    assert [(each.worker, each.at_work) for each in desk_hosts.lines()] == [(True, 3)]
    hosts.drain(desk.host)
    hosts.worker_ended(desk.host, own)
    hosts.report(desk.host, "0.0.1", second, 0.0, 0, 0)
    assert [(each.at_work, each.is_empty) for each in desk_hosts.lines()] == [(0, True)]
    reply.send_reply(desk, make_agent("ana"), make_ticket().number, "It is the cable.")
    (entry,) = outbox.entries()
    deliveries.begin(entry.id, own, utc_text(now()))
    assert [(each.at_work, each.is_empty) for each in desk_hosts.lines()] == [(1, False)]


def test_what_is_wrong_with_a_host_is_said(databases: Databases, tmp_path: Path) -> None:
    url = databases.server.url(databases.server.new_database(databases._template))
    desk = open_desk(DeskPaths(tmp_path / "home", server_url=url), Settings(), create=True)
    hosts.report("slow", "0.0.1", "elsewhere:1:1:x", -9.5, 0, 0)
    hosts.report("old", "0.0.2", "elsewhere:2:1:x", 0.0, 0, 0)
    hosts.report("gone", "0.0.2", None, 0.0, 3, 0)
    said = {each.text.partition(":")[0]: each for each in examine(desk, live=False) if each.area == "hosts"}
    assert {name: each.level for name, each in said.items()} == dict.fromkeys(
        ["slow", "old", "gone"], "warning"
    )
    assert "clock -9.5 s" in said["slow"].text
    assert "same version" in said["old"].cure
    assert "3 piped mails wait" in said["gone"].text
    write("UPDATE host SET seen = '2026-01-01T00:00:00.000000Z' WHERE name = 'old'")
    assert hosts.with_worker() == ["slow"]
    hosts.drain("old")
    desk_hosts.forget_unseen()
    assert hosts.is_drained("old"), "it would come back to work"
    hosts.undrain("old")
    desk_hosts.forget_unseen()
    assert [each.name for each in desk_hosts.lines()] == ["gone", "slow"]
    close_database()


@pytest.mark.postgres
def test_a_host_without_a_worker_is_known_by_what_else_runs_there(desk: Desk) -> None:
    desk.settings = Settings(host_name="front")
    assert leases.acquire(leases.WORKER, "another-machine:1:1:x", 600) is not None
    assert WorkerChild(desk).tend() == "other", "its app starts none"
    [line] = desk_hosts.lines()
    assert (line.name, line.worker, line.leads, line.version) == ("front", False, False, version("nightdesk"))
    assert [each.level for each in examine(desk, live=False) if each.area == "hosts"] == ["ok"]
    seen = line.seen
    desk_hosts.note_programs(desk)
    assert desk_hosts.lines()[0].seen == seen, "once a minute will do"

    hosts.report("front", "0.0.1", leases.owner_id(), 0.0, 0, 3)
    write("UPDATE host SET seen = ?", utc_text(engine().moment() - timedelta(seconds=70)))
    desk_hosts.note_programs(desk)
    assert [(each.worker, each.version) for each in desk_hosts.lines()] == [(True, "0.0.1")], (
        "its worker's own"
    )
    write("UPDATE host SET seen = '2026-01-01T00:00:00.000000Z'")
    desk_hosts.note_programs(desk)
    assert [(each.worker, each.at_work) for each in desk_hosts.lines()] == [(False, 0)], "that one died"


_OTHER_HOST = """
import sys
from models import leases
leases._machine = lambda: "another-machine"
from nightdesk.context import desk_open
from nightdesk.options import Options
with desk_open(Options()) as desk:
    from desk.permissions import current_actor
    from desk.tickets.presence import Attendance
    from desk.replies import drafts
    kim = current_actor(desk)
    Attendance(kim).say({sys.argv[1]: True})
    drafts.save(kim, number=sys.argv[1], kind="reply", body="Begun on the other host")
    print(desk.host)
"""


def test_two_hosts_of_one_desk(databases: Databases, tmp_path: Path) -> None:
    url = databases.server.url(databases.server.new_database(databases._template))
    programs: list[Program] = []
    for name in ("desk2", "desk1"):
        paths = DeskPaths(tmp_path / name, server_url=url)
        open_desk(paths, Settings(), create=True)
        close_database()
        paths.config_file.write_text(f'database = "{url}"\nhost_name = "{name}"\ntimezone = "UTC"\n')
        if programs:
            paths.key.write_bytes((tmp_path / "desk2" / "data" / "desk.key").read_bytes())
        programs.insert(0, Program(paths.home))
    first, second = programs
    third = Program(tmp_path / "desk3")
    third.home.mkdir()
    (third.home / "config.toml").write_text(first.home.joinpath("config.toml").read_text())
    refused = third("init")
    assert refused.status == 78
    assert f"copy data/desk.key of a host that has it to {third.home}/data/desk.key" in refused.err
    assert not (third.home / "data").exists()

    open_desk(DeskPaths(tmp_path / "desk1", server_url=url), Settings(host_name="desk1"))
    make_agent("kim")
    jo = make_agent("jo")
    ticket = make_ticket()
    done = second.python("-c", _OTHER_HOST, ticket.number, NIGHTDESK_AGENT="kim")
    assert done.status == 0, done.err
    assert done.out.strip() == "desk2"
    assert [(each.login, each.writing) for each in Attendance(jo).others()] == [("kim", True)]
    assert [name for name, _ in drafts.others_writing(jo, ticket.number)] == ["Kim"]

    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "nightdesk", "worker"],
            env=program.environment(),
            cwd=program.home.parent,
            stderr=subprocess.DEVNULL,
        )
        for program in programs
    ]
    try:
        until(lambda: hosts.at_work() == ["desk1", "desk2"], "both hosts report")
        until(lambda: sum(each.leads for each in desk_hosts.lines()) == 1, "one leads")
        leader = next(each.name for each in desk_hosts.lines() if each.leads)
        other = {"desk1": "desk2", "desk2": "desk1"}[leader]
        done = first("host", "drain", leader, "--wait", str(PATIENCE_SECONDS), "--json")
        assert done.status == 0, done.err
        assert done.document["empty"]
        assert not done.document["leases"]
        until(
            lambda: [each.leads for each in desk_hosts.lines() if each.name == other] == [True], "the other"
        )
        piped = Program(tmp_path / leader)("pipe", stdin=b"From: a@b.example\nSubject: Spooled\n\nx\n")
        assert piped.status == 0
        until(lambda: value("SELECT count(*) FROM ticket WHERE subject = 'Spooled'") == 1, "its spool")
        once = Program(tmp_path / leader)("--fetch-once", "--json")
        assert once.status == 0
        assert "is drained" in once.err
        done = first("host", "drain", leader, "--off")
        assert done.out == f"{leader} works again\n"
        until(lambda: len(hosts.at_work()) == 2, "both at work again")
        listed = first("host", "list", "--json").document
        assert [each["name"] for each in listed] == ["desk1", "desk2"]
        assert abs(listed[0]["skew"]) < 5
    finally:
        for each in workers:
            each.send_signal(signal.SIGTERM)
        for each in workers:
            each.wait(PATIENCE_SECONDS)
    assert hosts.with_worker() == []
    close_database()
