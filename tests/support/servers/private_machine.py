"""A machine that is only this test's: this one's files, and what is written there is gone with it.

A mount namespace with a layer over everything, so that a test may be root in earnest: make users, install
units, run the machine's own cron and sshd. Network and processes are shared with this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from tests.support.program import REPOSITORY, Ran
from tests.support.servers.child import Child
from tests.support.servers.packages import NoServers

INSTALLED = "/opt/nightdesk"
_LAYER = """\
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount --rbind /dev dev
mount -t proc proc proc
mkdir -p opt/program opt/packages
mount --bind "$2" opt/program
mount --bind "$3" opt/packages
mount -o remount,bind,ro opt/program
mount -o remount,bind,ro opt/packages
touch "$1/ready"
exec sleep infinity
"""
_PROGRAM = """\
#!{python}
from nightdesk.entry import main
main()
"""


class PrivateMachine:
    """A fresh machine with the program in `/opt/nightdesk`, as a virtual environment that all may read.

    Raises NoServers where the tests may make none.
    """

    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0:
            raise NoServers("a machine of a test's own needs root")
        self._folder = folder
        folder.mkdir()
        base = folder / "machine"
        base.mkdir()
        self._children: list[Child] = []
        self._log = folder / "log"
        packages = sysconfig.get_path("purelib")
        layer: list[str | Path] = [
            "unshare",
            "--mount",
            "sh",
            "-euc",
            _LAYER,
            "sh",
            base,
            REPOSITORY,
            packages,
        ]
        self._layer = Child(layer, self._log)
        self._root = base / "root"
        self._inside = Path("/proc", str(self._layer.pid), "root", *base.parts[1:])
        until = time.monotonic() + 20
        while not (self._inside / "ready").exists():
            if not self._layer.running or time.monotonic() > until:
                self._layer.stop()
                raise NoServers(f"no machine of a test's own here: {self._log.read_text()}")
            time.sleep(0.02)
        self._install()

    def path(self, name: str) -> Path:
        """Return where a file of the machine is seen from outside; links of it lead elsewhere."""
        return self._inside / "root" / name.lstrip("/")

    def run(self, *command: str, stdin: str = "", **environ: str) -> Ran:
        """Run a command as the machine's root, with what a login of root's has as environment."""
        done = subprocess.run(
            self._there(command, environ), input=stdin, capture_output=True, text=True, timeout=180
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *command: str) -> Child:
        """Start a server in the foreground; it ends with the machine."""
        child = Child(self._there(command, {}), self._log)
        self._children.append(child)
        return child

    @property
    def said(self) -> str:
        """What the machine's servers printed."""
        return self._log.read_text()

    def stop(self) -> None:
        """End all that runs there; its files are gone then."""
        for child in (*self._children, self._layer):
            child.stop()

    def _there(self, command: tuple[str, ...], environ: dict[str, str]) -> list[str]:
        variables = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        settings = [f"{name}={value}" for name, value in (variables | environ).items()]
        target = ["nsenter", "--target", str(self._layer.pid), "--mount"]
        return [*target, "chroot", str(self._root), "env", "-i", *settings, *command]

    def _install(self) -> None:
        system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        made = self.run(system, "-m", "venv", "--without-pip", INSTALLED)
        if made.status != 0:
            raise NoServers(f"no virtual environment for all users here: {made.err}{made.out}")
        [packages] = self.path(f"{INSTALLED}/lib").glob("python*/site-packages")
        (packages / "nightdesk.pth").write_text("/opt/program\n/opt/packages\n")
        command = self.path(f"{INSTALLED}/bin/nightdesk")
        command.write_text(_PROGRAM.format(python=f"{INSTALLED}/bin/python3"))
        command.chmod(0o755)
