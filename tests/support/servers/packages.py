"""Debian's mail servers, installed where the test run may do that."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

PACKAGES = {
    "dovecot": ("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd"),
    "postfix": ("postfix",),
    "postgres": ("postgresql",),
    "pgbouncer": ("pgbouncer",),
    "glewlwyd": ("glewlwyd",),
    "procmail": ("procmail",),
    "maildrop": ("maildrop",),
    "sievec": ("dovecot-sieve",),
    "mariadbd": ("mariadb-server",),
    "nginx": ("nginx-light",),
    "mount": ("mount",),
    "gpg": ("gnupg",),
    "cron": ("cron",),
    "chromium": ("chromium",),
    "chromedriver": ("chromium-driver",),
    "sshd": ("openssh-server", "openssh-client"),
}
MAIL_SERVERS = ("dovecot", "postfix")
_POLICY = Path("/usr/sbin/policy-rc.d")


class NoServers(Exception):
    """There are no real mail servers here; the message says why and what to do."""


def ensure_installed(programs: Collection[str] = MAIL_SERVERS) -> None:
    """Install what is missing with apt-get if we are root on Debian; else NoServers.

    System services are kept from starting, and nothing on the machine is removed for it.
    """
    wanted = list(_missing(programs))
    if os.geteuid() != 0:
        also = f" (and apt-get install {' '.join(wanted)})" if wanted else ""
        raise NoServers(f"{' and '.join(programs)} must start as root: run the tests as root{also}")
    if not wanted:
        return
    if not shutil.which("apt-get"):
        raise NoServers(f"no apt-get here; install {' '.join(wanted)} by hand")
    with _only_one_of_us():
        if list(_missing(programs)):
            _install(wanted)


def install(packages: Collection[str]) -> None:
    """Install Debian packages, one test process at a time; NoServers where that fails."""
    with _only_one_of_us():
        _install(list(packages))


def _missing(programs: Collection[str]) -> Iterator[str]:
    for program in programs:
        beside = ":".join(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
        if not shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:{beside}"):
            yield from PACKAGES[program]


def _install(packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        for command in (
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", "--no-remove", *packages],
        ):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
                raise NoServers(f"{' '.join(command)} failed: {' '.join(words)}")


@contextlib.contextmanager
def _only_one_of_us() -> Iterator[None]:
    with Path(tempfile.gettempdir(), "nightdesk-test-apt.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
