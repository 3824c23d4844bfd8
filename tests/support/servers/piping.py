"""A private Postfix that hands mail to a program: by pipe(8), by an alias, by procmail, by maildrop.

Its addresses, each for the program it was given: ``support@``, ``alias@``, ``procmail@`` and
``maildrop@example.test``, the first with any ``+extension``. Whatever bounces lands in the customer's
Maildir: everybody at ``client.test`` has that one.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from tests.support.servers.child import free_ports
from tests.support.servers.postfix import _INSIDE, Postfix


class PipingPostfix(Postfix):
    """``command`` is called as ``user`` for each mail; needs root."""

    def __init__(self, home: Path, command: Path, user: str = "nobody") -> None:
        self.home = home
        self._command = command
        self._user = user
        self._policy = None
        self._child = None

    def start(self) -> PipingPostfix:
        """Start on a free port; returns when it answers."""
        self.home.mkdir(parents=True)
        self.home.chmod(0o755)
        for name in ("etc", "spool", "data", "log", "customer"):
            (self.home / name).mkdir()
        mail, postfix = pwd.getpwnam("mail"), pwd.getpwnam("postfix")
        os.chown(self.home / "data", postfix.pw_uid, -1)
        os.chown(self.home / "customer", mail.pw_uid, mail.pw_gid)
        [self.smtp_port] = free_ports(1)
        self.submission_port = self.smtps_port = self.smtp_port
        self._write("procmailrc", procmail_recipe(self._command))
        self._write("mailfilter", maildrop_recipe(self._command))
        owner = pwd.getpwnam(self._user)
        os.chown(self.home / "etc" / "mailfilter", owner.pw_uid, owner.pw_gid)
        (self.home / "etc" / "mailfilter").chmod(0o600)
        self._write("main.cf", _MAIN.format(home=self.home, port=self.smtp_port, user=self._user))
        self._write(
            "master.cf", _MASTER.format(port=self.smtp_port, user=self._user, command=self._command) + _INSIDE
        )
        self._write("transport", "/^support(\\+.*)?@example\\.test$/ helpdesk:\n")
        self._write("aliases", self._aliases())
        self._run("postalias", f"hash:{self.home}/etc/aliases")
        self._launch()
        return self

    def _aliases(self) -> str:
        etc = self.home / "etc"
        command = shlex.quote(str(self._command))
        return (
            f'alias: "|{command}"\n'
            f'procmail: "|/usr/bin/procmail -m {etc}/procmailrc"\n'
            f'maildrop: "|/usr/bin/maildrop {etc}/mailfilter"\n'
        )

    def flush(self) -> None:
        """Try everything in the queue again, now."""
        self._run("postqueue", "-f")

    def bounces(self) -> list[Message]:
        """What the customer got back."""
        folder = self.home / "customer" / "Maildir" / "new"
        return [message_from_bytes(path.read_bytes()) for path in folder.glob("*")]


def procmail_recipe(command: Path, address: str = "procmail@example.test") -> str:
    """The recipe of docs/piping.md: it waits for the program; if that fails the MTA keeps the mail."""
    condition = f"* ^TO_{re.escape(address)}"
    return f""":0 w
{condition}
| {command} --to {address}

EXITCODE=75
:0
{condition}
/dev/null
EXITCODE=0
"""


def maildrop_recipe(command: Path, address: str = "maildrop@example.test") -> str:
    """The filter of docs/piping.md: when the program fails, however it does, the MTA keeps the mail."""
    return f"""SHELL="/bin/sh"
exception {{
    to "| {command} --to {address}"
}}
EXITCODE=75
exit
"""


_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
maillog_file = {home}/log/postfix.log
maillog_file_prefixes = {home}
multi_instance_enable = no
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mail.example.test
myorigin = example.test
mydestination = example.test
mynetworks = 127.0.0.1/32
relayhost =
default_transport = error:5.1.2 There is no outside world
transport_maps = regexp:{home}/etc/transport
disable_dns_lookups = yes
smtpd_peername_lookup = no
virtual_mailbox_domains = client.test
virtual_mailbox_base = {home}/customer
virtual_mailbox_maps = static:Maildir/
virtual_uid_maps = static:8
virtual_gid_maps = static:8
virtual_minimum_uid = 1
local_recipient_maps =
alias_maps = hash:{home}/etc/aliases
alias_database = hash:{home}/etc/aliases
default_privs = {user}
export_environment = TZ
recipient_delimiter = +
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_security_level = none
smtp_tls_security_level = none
message_size_limit = 104857600
mailbox_size_limit = 0
virtual_mailbox_limit = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
maximal_queue_lifetime = 1h
bounce_queue_lifetime = 1h
in_flow_delay = 0
notify_classes =
biff = no
helpdesk_destination_recipient_limit = 1
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
helpdesk unix - n n - - pipe
  flags=DRhu user={user} argv={command} --to ${{original_recipient}}
local unix - n n - - local
virtual unix - n n - - virtual
"""
