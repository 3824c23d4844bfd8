"""Network namespaces with a link to this machine's own that can be cut, as a cable is pulled out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import count

from tests.support.servers.cable import Cable, serve_forever
from tests.support.servers.child import wait_until
from tests.support.servers.packages import NoServers

_numbers = count(1)


class Network:
    """One namespace, and the servers of this machine's loopback that are reached over its link.

    They are at ``gateway`` with the same ports, and at those of the namespace's own loopback, for who looks
    at the name in a certificate. Raises NoServers where the system lets nobody make one.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise NoServers("network namespaces need root and iproute2")
        number = next(_numbers)
        self.name = f"nd-{os.getpid()}-{number}"
        self._link = f"nd{os.getpid() % 100000}v{number}"
        part = f"10.{77 + os.getpid() % 100}.{number}"
        self.gateway, own = f"{part}.1", f"{part}.2"
        self._run("ip", "netns", "add", self.name)
        self._run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        self._run("ip", "addr", "add", f"{self.gateway}/30", "dev", self._link)
        self._run("ip", "link", "set", self._link, "up")
        for words in ("addr add " + own + "/30 dev eth0", "link set eth0 up", "link set lo up"):
            self._run("ip", "-n", self.name, *words.split())
        self._cables = [Cable(port, self.gateway, port) for port in ports]
        self._inside = subprocess.Popen(
            [*self.entered, sys.executable, "-m", __name__, self.gateway, *map(str, ports)],
            stdin=subprocess.DEVNULL,
        )
        wait_until(lambda: all(self._is_open(port) for port in ports), "the namespace's relays do not begin")

    @property
    def entered(self) -> list[str]:
        """What stands before a command that is to run in it."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def cut(self) -> None:
        """Let no packet through from now on; nobody is told."""
        self._run("ip", "link", "set", self._link, "down")

    def mend(self) -> None:
        """Let packets through again."""
        self._run("ip", "link", "set", self._link, "up")

    def end(self) -> None:
        """Remove it. What runs in it has to have ended."""
        self._inside.kill()
        self._inside.wait()
        self._run("ip", "link", "delete", self._link)
        self._run("ip", "netns", "delete", self.name)

    def _is_open(self, port: int) -> bool:
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5).close()"
        tried = subprocess.run([*self.entered, sys.executable, "-c", code], capture_output=True, check=False)
        return tried.returncode == 0

    @staticmethod
    def _run(*command: str) -> None:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        if done.returncode:
            raise NoServers(f"{' '.join(command)}: {done.stderr.strip()}")


if __name__ == "__main__":
    serve_forever(sys.argv[1], [int(each) for each in sys.argv[2:]])
