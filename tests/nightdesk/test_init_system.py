"""`init --system`, as root, on a machine of its own: then its real cron and its real sshd serve the desk."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from nightdesk.service_user import SHIPPED_SSH, SHIPPED_UNITS
from tests.support.other_users import NOBODY, needs_root
from tests.support.program import REPOSITORY, Program
from tests.support.scripted import mail
from tests.support.servers.child import free_ports, wait_until
from tests.support.servers.faulty_imap import FaultyImap
from tests.support.servers.packages import NoServers, ensure_installed
from tests.support.servers.private_machine import INSTALLED, PrivateMachine

PROGRAM = "/usr/local/bin/nightdesk"
UNITS = {each.name: each.read_text() for each in SHIPPED_UNITS.iterdir()}
MAILBOX = ("mailbox", "add", "it@desk.example", "--security", "none", "--user", "it", "--password-stdin")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[PrivateMachine]:
    """A machine with the program and no desk, where systemd is installed."""
    try:
        made = PrivateMachine(tmp_path / "machine")
    except NoServers as reason:
        pytest.skip(str(reason))
    made.path("/etc/systemd/system").mkdir(parents=True, exist_ok=True)
    yield made
    made.stop()


@pytest.fixture
def installed(machine: PrivateMachine) -> PrivateMachine:
    """The same after the one command."""
    done = machine.run(f"{INSTALLED}/bin/nightdesk", "init", "--system")
    assert (done.status, done.err) == (0, "")
    return machine


def owner_and_mode(machine: PrivateMachine, name: str) -> tuple[str, str]:
    status = machine.path(name).stat()
    login = machine.run("id", "-nu", str(status.st_uid)).out.strip()
    return login, f"{stat.S_IMODE(status.st_mode):04o}"


def test_one_command_makes_user_desk_link_and_units(machine: PrivateMachine) -> None:
    done = machine.run(f"{INSTALLED}/bin/nightdesk", "init", "--system", "--json")
    assert (done.status, done.err) == (0, "")
    assert done.document["home"] == "/var/lib/nightdesk"
    made = {PROGRAM, "/etc/nightdesk", "/etc/nightdesk/config.toml", "/var/lib/nightdesk/data/desk.sqlite3"}
    assert {*made, *(f"/etc/systemd/system/{name}" for name in UNITS)} <= set(done.document["created"])
    for name, text in UNITS.items():
        assert machine.path(f"/etc/systemd/system/{name}").read_text() == text
        assert owner_and_mode(machine, f"/etc/systemd/system/{name}") == ("root", "0644")
    assert owner_and_mode(machine, "/etc/nightdesk/config.toml") == ("root", "0644")
    modes = {"": "0711", "data": "0700", "spool": "1733", "bin": "0755"}
    for name, mode in modes.items():
        assert owner_and_mode(machine, f"/var/lib/nightdesk/{name}") == ("nightdesk", mode)
    assert machine.run("getent", "passwd", "nightdesk").out.split(":")[5:] == [
        "/var/lib/nightdesk",
        "/bin/sh\n",
    ]
    assert machine.run(PROGRAM, "doctor", "--offline").status == 0


def test_it_may_be_run_again_and_leaves_what_was_changed(installed: PrivateMachine) -> None:
    unit = installed.path("/etc/systemd/system/nightdesk-worker.service")
    unit.write_text(unit.read_text().replace("TimeoutStopSec=90", "TimeoutStopSec=30"))
    timer = installed.path("/etc/systemd/system/nightdesk-fetch.timer")
    timer.unlink()
    again = installed.run(PROGRAM, "init", "--system", "--json")
    assert again.status == 0
    assert again.document["created"] == ["/etc/systemd/system/nightdesk-fetch.timer"]
    assert "nightdesk-worker.service is not the unit of this version and stays" in again.err
    assert "TimeoutStopSec=30" in unit.read_text()


def test_systemd_takes_the_installed_units_as_they_are(installed: PrivateMachine) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    paths = [f"/etc/systemd/system/{name}" for name in UNITS]
    done = installed.run("systemd-analyze", "verify", "--man=no", *paths)
    assert (done.status, done.out + done.err) == (0, "")


def test_the_line_that_it_prints_fetches_under_the_real_cron(installed: PrivateMachine) -> None:
    """In root's crontab and in the service user's own, with the little that cron gives as environment."""
    needs(installed, "cron")
    printed = installed.run(PROGRAM, "init", "--system").out
    [line] = [each.rpartition("crontab: ")[2] for each in printed.splitlines() if "crontab" in each]
    *schedule, command = line.split(maxsplit=5)
    assert schedule == ["*/5", "*", "*", "*", "*"]
    at_start = f"@reboot {command}\n"  # cron would wait for the next minute
    with FaultyImap([]) as server:
        where = ("--host", "127.0.0.1", "--port", str(server.port))
        assert installed.run(PROGRAM, *MAILBOX, *where, stdin="secret\n").status == 0
        for number, user in enumerate(("root", "nightdesk"), 1):
            loaded = installed.run("crontab", "-u", user, "-", stdin=at_start)
            assert (loaded.status, loaded.err) == (0, "")
            server.folders["INBOX"].add(mail(number))
            installed.path("/run/crond.reboot").unlink(missing_ok=True)
            cron = installed.start("cron", "-f")
            wait_until(partial(has_tickets, installed, number), f"{user}'s cron fetches nothing", 150)
            cron.stop()
            assert installed.run("crontab", "-u", user, "-r").status == 0
    trigger = [each for each in findings(installed) if each["text"].startswith("cron")]
    assert "last ran" in trigger[0]["text"]
    assert owner_and_mode(installed, "/var/lib/nightdesk/data/desk.sqlite3") == ("nightdesk", "0600")


def test_the_shipped_file_for_sshd_lets_an_agent_in_and_no_further(installed: PrivateMachine) -> None:
    """With the machine's own configuration of sshd, as Debian ships it, and the commands of the docs."""
    needs(installed, "sshd")
    [port] = free_ports(1)
    assert installed.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key").status == 0
    public = installed.path("/root/key.pub").read_text()
    told = installed.run(PROGRAM, "init", "--system").out.splitlines()
    [printed] = [each.rpartition(": ")[2] for each in told if each.startswith("Configuration for sshd: ")]
    for command in ssh_commands():
        real = command.replace("ssh-ed25519 AAAA... ana", public.strip())
        done = installed.run("sh", "-euc", real.replace("SSH/", f"{printed}/"))
        assert (done.status, done.err) == (0, ""), command
    installed.path("/run/sshd").mkdir()
    assert installed.run("ssh-keygen", "-A").status == 0
    installed.start("/usr/sbin/sshd", "-D", "-e", "-p", str(port), "-o", "ListenAddress=127.0.0.1")

    def call(*words: str) -> tuple[int, str]:
        options = ("-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes")
        done = installed.run(
            "ssh", "-i", "/root/key", "-p", str(port), *options, "--", "nightdesk@127.0.0.1", *words
        )
        return done.status, done.out

    wait_until(lambda: call("--version")[0] == 0, "sshd lets nobody in", 150)
    assert call("ticket", "list", "--json") == (0, "[]\n")
    assert call("nightdesk", "--fetch-once")[0] == 0
    assert call("backup", "/tmp/x")[0] == 2
    assert call("sh", "-c", "id")[0] == 2


def test_who_is_not_root_is_told_and_nothing_is_made(machine: PrivateMachine) -> None:
    nobody = ("setpriv", "--reuid", str(NOBODY.pw_uid), "--clear-groups", f"{INSTALLED}/bin/nightdesk")
    done = machine.run(*nobody, "init", "--system")
    assert (done.status, "run it as root" in done.err) == (2, True)
    assert not machine.path("/etc/nightdesk").exists()


@needs_root
@pytest.mark.parametrize(
    ("flags", "environ"),
    [
        (("--config", "/tmp/x.toml"), {}),
        (("--database", "/tmp/x/desk.sqlite3"), {}),
        ((), {"NIGHTDESK_HOME": "/tmp/x"}),
        ((), {"NIGHTDESK_HOME": "", "NIGHTDESK_DATABASE": "/tmp/x/desk.sqlite3"}),
    ],
)
def test_it_makes_the_machines_desk_and_no_other(
    program: Program, flags: tuple[str, ...], environ: dict[str, str]
) -> None:
    done = program(*flags, "init", "--system", **environ)
    assert done.status == 2
    assert not program.home.exists()


def test_a_home_that_is_somebody_elses_stays_theirs(machine: PrivateMachine) -> None:
    home = machine.path("/var/lib/nightdesk")
    home.mkdir()
    (home / "thesis.txt").write_text("mine")
    done = machine.run(f"{INSTALLED}/bin/nightdesk", "init", "--system")
    assert done.status == 78
    assert "/var/lib/nightdesk belongs to root, the units run as nightdesk" in done.err
    assert [each.name for each in home.iterdir()] == ["thesis.txt"]


def test_a_program_that_others_cannot_read_is_refused_before_anything_is_made(
    machine: PrivateMachine,
) -> None:
    machine.path(INSTALLED).parent.chmod(0o700)
    done = machine.run(f"{INSTALLED}/bin/nightdesk", "init", "--system")
    assert done.status == 78
    assert "install it for everybody" in done.err
    assert not machine.path("/etc/nightdesk").exists()
    assert machine.run("id", "nightdesk").status == 1


def needs(machine: PrivateMachine, program: str) -> None:
    """Skip where a program cannot be installed."""
    try:
        ensure_installed((program,))
    except NoServers as reason:
        pytest.skip(str(reason))


def has_tickets(machine: PrivateMachine, count: int) -> bool:
    return len(machine.run(PROGRAM, "ticket", "list", "--json").document) == count


def findings(machine: PrivateMachine) -> list[dict[str, str]]:
    found: list[dict[str, str]] = machine.run(PROGRAM, "doctor", "--offline", "--json").document["findings"]
    return found


def ssh_commands() -> list[str]:
    """The commands of the page about running a desk that open the door for agents."""
    page = (REPOSITORY / "docs" / "running.md").read_text("utf-8")
    block = page.partition("## Over SSH")[2].partition("```sh\n")[2].partition("```")[0]
    assert SHIPPED_SSH.name in block
    return [each for each in block.replace("\\\n", " ").splitlines() if not each.startswith("systemctl ")]
