"""A private Exim on loopback that hands mail for ``support@example.test`` to a program (needs root).

Debian's packages of Exim and Postfix exclude each other, so Exim's are unpacked, not installed. Mail for
everybody else lands in ``bounces()``.
"""

from __future__ import annotations

import mailbox
import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from pathlib import Path

from tests.support.servers.child import Child, ServerTrouble, free_ports, listening, wait_until
from tests.support.servers.packages import NoServers, install

USER = "Debian-exim"
"""The program's uid: an Exim that is given its configuration runs everything as this user."""
_PACKAGES = ("exim4-daemon-light", "exim4-base")
_LIBRARIES = ("libdb5.3", "libgnutls-dane0", "libidn12", "libnsl2", "libpcre2-8-0")
"""What Exim is linked with. Installed as usual; Exim itself is only unpacked, it would put Postfix out."""


def unpacked() -> Path:
    """Where Exim is unpacked; fetches it once. NoServers where that cannot be."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoServers("Exim must start as root, on Debian")
    place = Path(tempfile.gettempdir()) / "nightdesk-test-exim4"
    if not (place / "done").exists():
        install(_LIBRARIES)
        place.mkdir(mode=0o755, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            _call("apt-get", "download", "-q", *_PACKAGES, cwd=work)
            for package in Path(work).glob("*.deb"):
                _call("dpkg", "-x", package, place / "root", cwd=work)
        (place / "done").touch()
    try:
        pwd.getpwnam(USER)
    except KeyError:
        _call("useradd", "--system", "--user-group", "--no-create-home", USER, cwd="/")
    return place / "root"


def _call(*command: str | Path, cwd: str) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServers(
            f"{' '.join(map(str, command))} failed: {(done.stderr or done.stdout).strip()[-300:]}"
        )


class Exim:
    """``option`` is what the pipe transport does with output: return_output, return_fail_output, or ''."""

    host = "127.0.0.1"

    def __init__(self, home: Path, command: Path, option: str) -> None:
        self.home = home
        self._command = command
        self._option = option
        self._root = unpacked()
        self._child: Child | None = None

    def start(self) -> Exim:
        """Start on a free port; returns when it answers."""
        self.home.mkdir(parents=True)
        self.home.chmod(0o755)
        user = pwd.getpwnam(USER)
        for name in ("spool", "log"):
            (self.home / name).mkdir()
            os.chown(self.home / name, user.pw_uid, user.pw_gid)
        [self.smtp_port] = free_ports(1)
        (self.home / "aliases").write_text(f"support: |{self._command}\n")
        configuration = _CONFIGURATION.format(
            home=self.home, user=USER, port=self.smtp_port, exim=self._exim, option=self._option
        )
        (self.home / "exim.conf").write_text(configuration)
        (self.home / "exim.conf").chmod(0o644)
        out = self.home / "start.log"
        self._child = child = Child([self._exim, *self._common, "-bdf", "-q1s"], out)
        try:
            wait_until(lambda: not child.running or listening(self.smtp_port), "Exim does not answer")
            if not child.running:
                raise ServerTrouble("Exim did not start")
        except ServerTrouble as trouble:
            child.stop()
            raise ServerTrouble(f"{trouble}\n{out.read_text()}\n{self.log_text()}") from None
        return self

    def stop(self) -> None:
        """Stop it and throw its queue away."""
        if self._child:
            self._child.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def send(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Hand in a mail as the outside world does."""
        with smtplib.SMTP(self.host, self.smtp_port) as smtp:
            smtp.sendmail(sender, recipients, raw)

    def queued(self) -> int:
        """How many mails wait."""
        done = subprocess.run(
            [self._exim, *self._common, "-bpc"],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    def deferred(self) -> int:
        """How often a delivery was put off."""
        return self.log_text().count(" == ")

    def bounces(self) -> list[mailbox.mboxMessage]:
        """What the customer got back."""
        path = self.home / "spool" / "bounces.mbox"
        return list(mailbox.mbox(path)) if path.exists() else []

    def log_text(self) -> str:
        """Everything logged so far."""
        log = self.home / "log" / "mainlog"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    @property
    def _exim(self) -> Path:
        return self._root / "usr" / "sbin" / "exim4"

    @property
    def _common(self) -> list[str]:
        return ["-C", str(self.home / "exim.conf")]


_CONFIGURATION = """\
primary_hostname = mail.example.test
spool_directory = {home}/spool
log_file_path = {home}/log/%slog
pid_file_path = {home}/spool/exim.pid
exim_path = {exim}
exim_user = {user}
exim_group = {user}
deliver_drop_privilege = true
domainlist local_domains = example.test
tls_advertise_hosts =
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = accept_local
message_size_limit = 100M
never_users =
keep_environment =
add_environment = PATH=/usr/bin:/bin
auto_thaw = 1s
trusted_users = root : mail

begin acl
accept_local:
  accept domains = +local_domains

begin routers
aliases:
  driver = redirect
  domains = +local_domains
  local_part_suffix = +*
  local_part_suffix_optional
  data = ${{lookup{{$local_part}}lsearch{{{home}/aliases}}}}
  user = {user}
  group = {user}
  pipe_transport = address_pipe
everybody_else:
  driver = manualroute
  transport = bounces
  route_list = *

begin transports
address_pipe:
  driver = pipe
  {option}
  freeze_signal
  return_path_add
  delivery_date_add
  envelope_to_add
bounces:
  driver = appendfile
  file = {home}/spool/bounces.mbox
  user = {user}
  group = {user}
  create_file = anywhere

begin retry
* * F,1h,1s
"""
