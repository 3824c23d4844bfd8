"""SSH is a door: a real sshd with the shipped configuration opens the app, or runs one verb of the agent."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.home import Desk
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import drafts
from desk.tickets import detail
from models.agents import Agent
from models.database import db
from models.messages import Attachment
from models.roles import Role
from tests.support.servers.packages import NoServers
from tests.support.servers.sshd import Sshd
from tests.tui.terminal import Terminal


@pytest.fixture
def door(desk: Desk, tmp_path: Path) -> Iterator[Sshd]:
    """The desk's door, with keys of Ana, Jo, of Rob who may only read, and of Eve who was switched off."""
    Agent.update(active=True).execute()
    reader = Role.create(name="Reader", actions=["ticket.read"])
    for login, active in (("rob", True), ("eve", False)):
        Agent.create(
            login=login, name=login.title(), role=reader, active=active, created=detail.show("1042").created
        )
    try:
        opened = Sshd(desk.paths.home, tmp_path / "door")
    except NoServers as reason:
        pytest.skip(str(reason))
    for login in ("ana", "jo", "rob", "eve", "nobody-known"):
        opened.admit(login)
    yield opened
    opened.stop()


def session(door: Sshd, agent: str, desk: Desk) -> Terminal:
    """The app in a terminal of the agent's own machine."""
    return Terminal(desk.paths.home, program=door.arguments(agent, "-tt"), executable="ssh")


def test_two_people_answer_one_ticket_and_the_second_is_told(desk: Desk, door: Sshd) -> None:
    with session(door, "ana", desk) as ana, session(door, "jo", desk) as jo:
        ana.wait("@ana")
        ana.wait("Lisbon office")
        jo.wait("@jo")
        jo.wait("Lisbon office")
        ana.press("r")
        ana.wait("mail goes to 1 address")
        ana.type("Please reboot the router.")
        jo.wait("Ana Admin writes")
        jo.press("r")
        jo.wait("mail goes to 1 address")
        ana.wait("Jo Helper writes")
        jo.type("It is the cable.")
        jo.press("ctrl+s")
        jo.wait("nothing is sent before y")
        jo.press("y")
        ana.wait("since you began: Jo Helper answered")
        ana.press("ctrl+s")
        ana.wait("Since you began:")
        ana.press("y")
        ana.wait("Send it all the same?")
        assert [entry.kind for entry in deliveries.entries()].count("reply") == 1
        ana.press("n")
        ana.wait("Please reboot the router.")
        ana.press("ctrl+q")
        ana.wait("in the outbox?")
        ana.press("y")
        assert ana.ended() == 0
    assert [entry.kind for entry in deliveries.entries()].count("reply") == 1
    ana_actor = Actor(Agent.get(Agent.login == "ana").id, "ana", "", "", None, frozenset())
    assert [draft.body[:25] for draft in drafts.drafts(ana_actor)] == ["Please reboot the router."]


@pytest.mark.parametrize("how", ["client killed", "app killed", "left"])
def test_who_is_gone_is_seen_no_more(desk: Desk, door: Sshd, how: str) -> None:
    with session(door, "ana", desk) as ana, session(door, "jo", desk) as jo:
        jo.wait("Lisbon office")
        jo.press("enter")
        ana.wait("Jo Helper reads")
        if how == "client killed":
            jo.kill(signal.SIGKILL)
        elif how == "app killed":
            (name,) = db.execute_sql("SELECT session FROM presence").fetchone()
            os.kill(int(str(name).split(":")[1]), signal.SIGKILL)
        else:
            jo.press("ctrl+q")
        ana.wait_gone("Jo Helper reads")


def test_a_verb_runs_as_the_agent_of_the_key(desk: Desk, door: Sshd) -> None:
    done = door.call("ana", "ticket list --json")
    assert (done.status, done.err) == (0, "")
    assert "1042" in {item["number"] for item in json.loads(done.out)}
    done = door.call("jo", "nightdesk ticket note 1042 --body-file - --json", b"seen by jo")
    assert done.status == 0, done.err
    assert detail.show("1042").messages[-1].sender_name == "Jo Helper"
    found = door.call("jo", "search 'Lisbon office'")
    assert b"1042" in found.out
    assert door.call("ana", "ticket show 4711").status == 1
    assert door.call("ana", "--fetch-once --json").status in (0, 1)
    assert door.call("ana", "--version").status == 0


def test_a_role_decides_what_a_verb_may(desk: Desk, door: Sshd) -> None:
    assert door.call("rob", "ticket show 1042 --json").status == 0
    for command in ("ticket close 1042", "ticket reply 1042 --body-file -", "attachment put 1042 --name x"):
        refused = door.call("rob", command, b"text")
        assert (refused.status, "may not" in refused.err) == (1, True), command
    assert "may not" in door.call("rob", "doctor --offline").err
    assert door.call("ana", "doctor --offline --json").status in (0, 1)
    for agent in ("eve", "nobody-known"):
        for command in ("ticket show 1042", "search printer", "log", "mailbox list", "--fetch-once"):
            refused = door.call(agent, command)
            assert (refused.status, refused.out) == (1, b""), command


HOSTILE = [
    "ticket list; touch {proof}",
    "ticket list && touch {proof}",
    "ticket list | tee {proof}",
    "ticket list > {proof}",
    "ticket list `touch {proof}`",
    "ticket list $(touch {proof})",
    "ticket list\ntouch {proof}",
    "ticket list & touch {proof}",
    "ticket 'list",
    "sh -c 'touch {proof}'",
    "/bin/sh",
    "NIGHTDESK_RESTRICTED=0 backup {proof}",
    "env NIGHTDESK_RESTRICTED=0 nightdesk backup {proof}",
    "nightdesk backup {proof}",
    "backup {proof}",
    "backup -",
    "restore /etc/passwd",
    "restore -",
    "init",
    "demo --keep {proof}",
    "worker",
    "serve --port 1",
    "pipe",
    "import mbox /etc/passwd",
    "import eml -",
    "completion bash",
    "--config /etc/passwd ticket list",
    "--config=/etc/passwd ticket list",
    "--database {proof} ticket list",
    "--debug ticket list",
    "--config {proof} --fetch-once",
    "--fetch-once --database {proof}",
    "--fetch-once --debug",
    "ticket list --config /etc/passwd",
    "ticket export 1042 --output {proof}",
    "ticket reply 1042 --body-file /etc/passwd",
    "ticket reply 1042 --body-file - --attach /etc/passwd",
    "ticket note 1042 --body-file /etc/passwd",
    "attachment get 1 --output {proof}",
    "attachment put 1042 --name x --file /etc/passwd",
    "receipt show 1 --eml {proof}",
    "mailbox import /etc/passwd",
    "mailbox add x@y.example --host h --pass-cmd 'touch {proof}'",
    "mailbox edit support@corp.example --ca-file /etc/passwd",
    "internal-sftp",
    "/usr/lib/openssh/sftp-server",
    "scp -t {proof}",
    "rsync --server . {proof}",
    "git-upload-pack .",
    "-oProxyCommand=touch",
    "--",
    "-",
    "''",
    "\\",
    "nightdesk nightdesk nightdesk",
    "TICKET LIST",
    "x" * 70_000,
    "ticket list \x1b]0;owned\x07",
]


@pytest.mark.slow
def test_hostile_commands_reach_nothing(desk: Desk, door: Sshd, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    before = len(detail.show("1042").messages)
    for text in HOSTILE:
        command = text.format(proof=proof)
        done = door.call("ana", command, b"")
        if not command.startswith("ticket list "):
            assert done.status != 0, command
        assert not proof.exists(), command
        assert b"root:" not in done.out, command
        assert "Traceback" not in done.err, command
        assert "\x1b" not in done.err, command
        assert done.err.count("\n") <= 1, command
    assert len(detail.show("1042").messages) == before


def test_files_come_and_go_by_standard_input_and_output(desk: Desk, door: Sshd) -> None:
    content = bytes(range(256)) * 400
    listed = json.loads(door.call("ana", "attachment list 1042 --json").out)
    assert [item["name"] for item in listed] == ["charon.log"]
    got = door.call("ana", f"attachment get {listed[0]['id']}")
    assert (got.status, got.out, got.err) == (0, b"log\n", "")
    put = door.call("ana", "attachment put 1042 --name '../../screen shot.png' --json", content)
    assert put.status == 0, put.err
    name = json.loads(put.out)["name"]
    assert "/" not in name
    with session(door, "ana", desk) as ana:
        ana.wait("Lisbon office")
        ana.press("r")
        ana.wait("screen shot.png")
        ana.type("See the picture.")
        again = door.call("ana", "attachment put 1042 --name second.txt", b"more")
        assert again.status == 0, again.err
        ana.wait("Attached second.txt")
        ana.wait("draft saved")
        ana.press("ctrl+s")
        ana.wait("nothing is sent before y")
        ana.press("y")
        ana.wait("#1041")
        sent = detail.show("1042").messages[-1]
        assert {item.name: item.size for item in sent.attachments} == {name: len(content), "second.txt": 4}
        place = next(item for item in sent.attachments if item.name == name)
        assert door.call("jo", f"attachment get {place.id}").out == content
    assert Attachment.select().count() == 3


def test_a_file_neither_comes_from_a_terminal_nor_goes_to_one(desk: Desk, door: Sshd) -> None:
    for command in ("attachment get 1", "attachment put 1042 --name x"):
        arguments = [*door.arguments("ana", "-tt"), command]
        with Terminal(desk.paths.home, program=arguments, executable="ssh") as terminal:
            terminal.wait("nightdesk: a file")
            assert terminal.ended() == 2
