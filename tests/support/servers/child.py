"""Server processes that cannot outlive the test run, and the loopback ports they get."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.support.servers.pki import ADDRESSES

_HOME_PREFIX = "nightdesk-servers-"


class ServerTrouble(RuntimeError):
    """A test server did not do what it was asked to; the message carries its words."""


# Reads from a pipe whose other end only the test run holds: end of file means that the run is gone.
_WATCHDOG = 'read -r _; kill -TERM "$1"; sleep 1; kill -KILL -- "-$1"'


class Child:
    """A server in the foreground, in a session of its own, its output appended to ``log``.

    It ends at ``stop()``, when this process exits, and, by a watchdog, when this process is killed. (Not by
    the kernel's parent-death signal: Postfix' master changes its effective uid, which clears that.)
    """

    def __init__(self, argv: Sequence[str | Path], log: Path, env: dict[str, str] | None = None) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                list(map(str, argv)),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._ended = False
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """The server's first process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        return not self._ended and self._process.poll() is None

    def stop(self, patience: float = 1.0) -> None:
        """End the server and all it started; harmless when it is gone already."""
        if self._ended:
            return
        self._ended = True
        atexit.unregister(self.stop)
        self._watchdog.kill()
        self._watchdog.communicate()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self.signal_all(signal.SIGKILL)
        self._process.wait()

    def signal_first(self, number: signal.Signals) -> None:
        """Send a signal to the server's first process."""
        self._process.send_signal(number)

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to every process of the server."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def make_home() -> Path:
    """A directory that the servers' own users may enter; those of runs that were killed are removed."""
    parent = Path(tempfile.gettempdir())
    for old in parent.glob(f"{_HOME_PREFIX}*"):
        pid = old.name.removeprefix(_HOME_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(old, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=f"{_HOME_PREFIX}{os.getpid()}-", dir=parent))
    home.chmod(0o755)
    return home


_BELOW_THE_KERNELS = range(10_240, 32_768)
_STRETCHES = 32


def _ports_of_this_process() -> Iterator[int]:
    # A port may be asked for long before its server starts, so nobody else may come by it meanwhile: not the
    # kernel, which hands out ports above these by itself, nor another worker of this run. Another run on this
    # machine begins elsewhere in the same stretch.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _STRETCHES
    stretch = _BELOW_THE_KERNELS[worker::_STRETCHES]
    begin = os.getpid() % len(stretch)
    return itertools.cycle([*stretch[begin:], *stretch[:begin]])


_ports = _ports_of_this_process()


def free_ports(count: int) -> list[int]:
    """Ports that are free at every address of the test servers, and that nobody else of this run is given."""
    held: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            port = next(_ports)
            if all(_hold(held, address, port) for address in ADDRESSES):
                ports.append(port)
    finally:
        for each in held:
            each.close()
    return ports


def _hold(held: list[socket.socket], address: str, port: int) -> bool:
    other = socket.socket()
    held.append(other)
    try:
        other.bind((address, port))
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool], what: str, patience: float = 90.0) -> None:
    """Return once ``condition()`` holds; ServerTrouble naming ``what`` when patience (seconds) ends."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise ServerTrouble(f"waited {patience:.0f} s in vain: {what}")
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    """Whether a process runs; it may be gone at any moment, also between two looks at it."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False


def listening(port: int, address: str = ADDRESSES[0]) -> bool:
    """Whether somebody listens at this port."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0


class Restartable:
    """A server whose process can be ended and started again on the same ports."""

    _child: Child | None = None

    def _launch(self) -> None:
        raise NotImplementedError

    def restart(self) -> None:
        """Stop and start again; every open session is lost, and nothing else."""
        if self._child:
            self._child.stop()
        self._launch()

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Inside the block nobody answers at the ports (connection refused)."""
        assert self._child
        self._child.stop()
        try:
            yield
        finally:
            self._launch()
