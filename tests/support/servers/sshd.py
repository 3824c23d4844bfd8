"""A real sshd on a loopback port that lets agents of a desk in by the configuration that is shipped."""

from __future__ import annotations

import getpass
import shlex
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nightdesk
from tests.support.program import REPOSITORY
from tests.support.servers.child import Child, ServerTrouble, free_ports
from tests.support.servers.packages import ensure_installed

SHIPPED = Path(nightdesk.__file__).parent / "ssh" / "nightdesk.conf"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call over SSH brought."""

    status: int
    out: bytes
    err: str


class Sshd:
    """The door of one desk: everybody logs in as whoever runs the tests, with an agent's key."""

    def __init__(self, home: Path, folder: Path) -> None:
        ensure_installed(("sshd",))
        self._folder = folder
        folder.mkdir()
        folder.chmod(0o755)
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._new_key("host")
        self._authorized = folder / "authorized_keys"
        self._authorized.write_text("")
        program = folder / "nightdesk"
        variables = f"NIGHTDESK_HOME={shlex.quote(str(home))} PYTHONPATH={shlex.quote(str(REPOSITORY))}"
        program.write_text(f'#!/bin/sh\n{variables} exec {sys.executable} -m nightdesk "$@"\n')
        program.chmod(0o755)
        self._user = getpass.getuser()
        shipped = SHIPPED.read_text(encoding="utf-8")
        ours = shipped.replace("Match User nightdesk", f"Match User {self._user}")
        ours = ours.replace("/usr/local/bin/nightdesk", str(program))
        assert ours.count(str(program)) == 1
        (self.port,) = free_ports(1)
        config = folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
            f"StrictModes no\nPermitRootLogin yes\nAuthorizedKeysFile {self._authorized}\n"
            "Subsystem sftp internal-sftp\n" + ours
        )
        self._child = Child(["/usr/sbin/sshd", "-D", "-e", "-f", config], folder / "log")
        self._wait()

    def admit(self, agent: str) -> None:
        """Give an agent a key, with the line of authorized_keys that the shipped file tells."""
        public = self._new_key(agent)
        with self._authorized.open("a") as file:
            file.write(f'restrict,pty,environment="NIGHTDESK_AGENT={agent}" {public}')

    def arguments(self, agent: str, *options: str) -> list[str]:
        """Return what ``ssh`` is called with, the remote command left out."""
        known = (
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "BatchMode=yes",
        )
        settings = [part for setting in known for part in ("-o", setting)]
        key = str(self._folder / agent)
        return [
            "-F",
            "none",
            "-i",
            key,
            "-p",
            str(self.port),
            *settings,
            *options,
            "--",
            f"{self._user}@127.0.0.1",
        ]

    def call(self, agent: str, command: str, stdin: bytes = b"") -> Answer:
        """Run one command as an agent, without a terminal."""
        done = subprocess.run(
            ["ssh", *self.arguments(agent), command],
            input=stdin,
            capture_output=True,
            timeout=180,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr.decode())

    def stop(self) -> None:
        """Close the door, and every session behind it."""
        self._child.stop()

    def _new_key(self, name: str) -> str:
        place = self._folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place], check=True)
        return place.with_suffix(".pub").read_text()

    def _wait(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and self._child.running:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise ServerTrouble((self._folder / "log").read_text())
