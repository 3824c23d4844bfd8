"""Dovecot's local delivery agent with a Sieve script that pipes, as an MTA calls it for each mail."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

PROGRAMS = ("dovecot", "sievec")
_AGENT = "/usr/lib/dovecot/dovecot-lda"


class SieveDelivery:
    """``command`` is what the script pipes to; ``inbox()`` is what it kept."""

    def __init__(self, home: Path, command: Path, user: str = "mail") -> None:
        self.home = home
        self._account = pwd.getpwnam(user)
        for name in ("bin", "mail"):
            (home / name).mkdir(parents=True)
        home.chmod(0o755)
        os.chown(home / "mail", self._account.pw_uid, self._account.pw_gid)
        (home / "bin" / "nightdesk-pipe").symlink_to(command)
        (home / "desk.sieve").write_text(_SCRIPT)
        (home / "dovecot.conf").write_text(_CONFIGURATION.format(home=home))

    def deliver(self, raw: bytes, recipient: str = "support@example.test") -> int:
        """Hand one mail over; the agent's exit status."""
        done = subprocess.run(
            [_AGENT, "-c", self.home / "dovecot.conf", "-f", "ann@client.test", "-a", recipient],
            input=raw,
            env={"HOME": str(self.home / "mail"), "USER": self._account.pw_name, "PATH": "/usr/bin:/bin"},
            user=self._account.pw_uid,
            group=self._account.pw_gid,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
        return done.returncode

    def inbox(self) -> list[bytes]:
        """The mails that were kept."""
        return [path.read_bytes() for path in (self.home / "mail" / "Maildir").glob("new/*")]


_SCRIPT = """\
require ["vnd.dovecot.pipe"];
pipe "nightdesk-pipe" ["--to", "support@example.test"];
"""

_CONFIGURATION = """\
base_dir = {home}/run
log_path = {home}/mail/log
mail_location = maildir:{home}/mail/Maildir
ssl = no
postmaster_address = postmaster@example.test
hostname = mail.example.test
protocols =
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{home}/desk.sieve
  sieve_plugins = sieve_extprograms
  sieve_extensions = +vnd.dovecot.pipe
  sieve_pipe_bin_dir = {home}/bin
}}
"""
