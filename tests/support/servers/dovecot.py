"""A private Dovecot on loopback as a child process (2.3, as Debian 12 has it; needs root).

Accounts, all with the password ``secret``: ``user0`` to ``user99`` for tests that name them, ``support``,
``prefixed0`` to ``prefixed9`` whose folders all live below ``INBOX.``, and fresh ones from ``new_user()``;
all ``@example.test``. Tokens log in too (XOAUTH2, OAUTHBEARER): those of ``tests.support.servers.jwt``, which
Dovecot checks itself, and those of the OAuth2 server at ``oauth_port``, which it asks. Mail is
kept in Maildirs, which tests fill and read on disk.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import imaplib
import os
import pwd
import re
import shutil
import signal
import smtplib
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import jwt
from tests.support.servers.child import Child, Restartable, ServerTrouble, free_ports, listening, wait_until
from tests.support.servers.maildir import Maildir
from tests.support.servers.pki import ADDRESSES, EXPIRED, GOOD, NO_TLS, UNKNOWN_CA, WRONG_NAME, Pki

DOMAIN = "example.test"
PASSWORD = "secret"
FIRST_FRESH_USER = 100
LAST_FRESH_USER = 2999
_LOG_MARKER = "logmarker"


@dataclass(frozen=True, slots=True)
class ImapSession:
    """What Dovecot's log says at the end of one IMAP session."""

    user: str
    body_count: int
    body_bytes: int
    header_count: int
    expunged: int


class Dovecot(Restartable):
    """Made, started and stopped by the fixture; its ports are served at ``host`` and more addresses."""

    host = GOOD

    def __init__(self, home: Path, pki: Pki) -> None:
        self.home = home
        self.pki = pki
        self._next_user = FIRST_FRESH_USER
        mail = pwd.getpwnam("mail")
        self._owner = (mail.pw_uid, mail.pw_gid)

    def start(self) -> Dovecot:
        """Start on free ports; returns when every port answers."""
        version = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True).stdout
        if not version.startswith("2.3."):
            raise ServerTrouble(f"the tests' configuration is for Dovecot 2.3, this is {version.strip()}")
        for name in ("run", "state", "log", "mail"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        os.chown(self.home / "mail", *self._owner)
        (
            self.imap_port,
            self.imaps_port,
            self.pop3_port,
            self.pop3s_port,
            self.lmtp_port,
            self.sasl_port,
            self.oauth_port,
        ) = free_ports(7)
        self._write_oauth2()
        (self.home / "passwd").write_text("".join(_accounts(self.home / "mail")))
        (self.home / "dovecot.conf").write_text(self._configuration())
        self._launch()
        return self

    def stop(self) -> None:
        """Stop it and remove its mail."""
        if self._child:
            self._child.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside the block connections are accepted by the kernel, and nothing is ever answered."""
        assert self._child
        self._child.signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._child.signal_all(signal.SIGCONT)

    def new_user(self) -> str:
        """The address of an account that no test has had yet, with an empty INBOX."""
        if self._next_user > LAST_FRESH_USER:
            raise ServerTrouble("all accounts are used up")
        self._next_user += 1
        return f"user{self._next_user - 1}@{DOMAIN}"

    def maildir(self, user: str) -> Maildir:
        """The account's mail on disk."""
        return Maildir(self.home / "mail" / user.partition("@")[0] / "Maildir", self._owner)

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX", when: dt.datetime | None = None) -> None:
        """Put one mail into a folder by way of the disk; ``when`` becomes its INTERNALDATE."""
        self.maildir(user).put(raw, folder, when)

    def deliver_lmtp(self, user: str, raw: bytes, sender: str = "ann@client.test") -> None:
        """Hand one mail over by LMTP, as an MTA does (adds Return-Path, Delivered-To, Received)."""
        with smtplib.LMTP(self.host, self.lmtp_port) as lmtp:
            lmtp.sendmail(sender, [user], raw)

    def load_maildir(self, user: str, mails: Iterable[bytes], folder: str = "INBOX") -> int:
        """Put many mails into a folder, in this order; returns how many."""
        maildir = self.maildir(user)
        return len([maildir.put(raw, folder) for raw in mails])

    def messages(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """The bytes of each mail of a folder, in order of delivery."""
        return self.maildir(user).messages(folder)

    def folders(self, user: str) -> list[str]:
        """Names of the account's folders, INBOX first."""
        return self.maildir(user).folders()

    def log_text(self) -> str:
        """Everything logged so far."""
        log = self.home / "log" / "dovecot.log"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def sessions(self, user: str, patience: float = 30.0) -> list[ImapSession]:
        """The account's IMAP sessions so far. ServerTrouble if one of them is not ended within patience."""
        self._let_the_log_catch_up()
        begun = re.compile(rf"imap-login: Info: Login: user=<{re.escape(user)}>")
        wait_until(
            lambda: len(begun.findall(self.log_text())) <= len(self._ended(user)),
            f"{user} still has an IMAP session open",
            patience,
        )
        return self._ended(user)

    def bodies_sent(self, user: str) -> int:
        """How many mail bodies Dovecot has ever sent to this account's clients, by its own log."""
        return sum(session.body_count for session in self.sessions(user))

    def doveadm(self, *arguments: str) -> str:
        """Run doveadm against this Dovecot and return what it prints."""
        command = ["doveadm", "-c", str(self.home / "dovecot.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerTrouble(f"doveadm {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _ended(self, user: str) -> list[ImapSession]:
        line = re.compile(
            rf"imap\({re.escape(user)}\).* expunged=(\d+) "
            r".*hdr_count=(\d+) .*body_count=(\d+) body_bytes=(\d+)"
        )
        return [
            ImapSession(user, body_count=int(b), body_bytes=int(size), header_count=int(h), expunged=int(e))
            for e, h, b, size in line.findall(self.log_text())
        ]

    def _let_the_log_catch_up(self) -> None:
        """Dovecot's log process writes a moment later: wait for the trace of a session of our own."""
        marker = f"{_LOG_MARKER}@{DOMAIN}"
        before = len(self._ended(marker))
        with imaplib.IMAP4(self.host, self.imap_port) as session:
            session.login(marker, PASSWORD)
        wait_until(lambda: len(self._ended(marker)) > before, "Dovecot's log does not move")

    def _launch(self) -> None:
        out = self.home / "log" / "start.log"
        self._child = child = Child(["dovecot", "-F", "-c", self.home / "dovecot.conf"], out)
        ports = (self.imap_port, self.imaps_port, self.lmtp_port, self.sasl_port)
        try:
            wait_until(lambda: not child.running or all(map(listening, ports)), "Dovecot does not answer")
            if not child.running:
                raise ServerTrouble("Dovecot did not start")
        except ServerTrouble as trouble:
            child.stop()
            raise ServerTrouble(f"{trouble}\n{out.read_text()}\n{self.log_text()}") from None

    def _write_oauth2(self) -> None:
        keys = self.home / "keys" / "default" / "HS256"
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "default").write_bytes(base64.b64encode(jwt.SECRET))
        (self.home / "oauth2-jwt.conf").write_text(_OAUTH2_JWT.format(home=self.home, issuer=jwt.ISSUER))
        (self.home / "oauth2-ask.conf").write_text(
            _OAUTH2_ASK.format(port=self.oauth_port, ca_file=self.pki.ca_file)
        )

    def _configuration(self) -> str:
        odd = "".join(
            f"local {address} {{\n  ssl_cert = <{self.pki.shown_at(address).cert}\n"
            f"  ssl_key = <{self.pki.shown_at(address).key}\n}}\n"
            for address in (EXPIRED, WRONG_NAME, UNKNOWN_CA)
        )
        odd += f"local {NO_TLS} {{\n  ssl = no\n}}\n"
        return _CONFIGURATION.format(
            home=self.home,
            listen=", ".join(ADDRESSES),
            cert=self.pki.server.cert,
            key=self.pki.server.key,
            odd=odd,
            imap=self.imap_port,
            imaps=self.imaps_port,
            pop3=self.pop3_port,
            pop3s=self.pop3s_port,
            lmtp=self.lmtp_port,
            sasl=self.sasl_port,
            domain=DOMAIN,
        )


class MailUser:
    """One account of a running Dovecot, as a test's own mailbox."""

    def __init__(self, dovecot: Dovecot, address: str) -> None:
        self.dovecot = dovecot
        self.address = address
        self.password = PASSWORD
        self.maildir = dovecot.maildir(address)

    def deliver(self, raw: bytes, folder: str = "INBOX", when: dt.datetime | None = None) -> None:
        """See ``Dovecot.deliver``."""
        self.dovecot.deliver(self.address, raw, folder, when)

    def load(self, mails: Iterable[bytes], folder: str = "INBOX") -> int:
        """See ``Dovecot.load_maildir``."""
        return self.dovecot.load_maildir(self.address, mails, folder)

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """See ``Dovecot.messages``."""
        return self.dovecot.messages(self.address, folder)

    def folders(self) -> list[str]:
        """See ``Dovecot.folders``."""
        return self.dovecot.folders(self.address)

    def bodies_sent(self) -> int:
        """See ``Dovecot.bodies_sent``."""
        return self.dovecot.bodies_sent(self.address)

    def wait_for(self, count: int, folder: str = "INBOX", patience: float = 90.0) -> list[bytes]:
        """The mails of a folder as soon as there are ``count`` of them."""
        wait_until(
            lambda: len(self.maildir.files(folder)) >= count,
            f"{self.address} has no {count} mails in {folder}",
            patience,
        )
        return self.messages(folder)


def as_served(raw: bytes) -> bytes:
    """What IMAP gives for a mail that lies on disk as ``raw``: CRLF line ends, 0x80 for each NUL."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw).replace(b"\0", b"\x80")


def _accounts(mail: Path) -> Iterator[str]:
    names = ["support", _LOG_MARKER, *(f"user{n}" for n in range(LAST_FRESH_USER + 1))]
    for name in names:
        yield f"{name}@{DOMAIN}:{{PLAIN}}{PASSWORD}\n"
    for name in (f"prefixed{n}" for n in range(10)):
        fields = (
            f"userdb_uid=mail userdb_gid=mail userdb_home={mail / name} userdb_namespace/inbox/prefix=INBOX."
        )
        yield f"{name}@{DOMAIN}:{{PLAIN}}{PASSWORD}::::::{fields}\n"


_OAUTH2_JWT = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={home}/keys/
username_attribute = email
username_format = %Lu
issuers = {issuer}
"""

_OAUTH2_ASK = """\
introspection_mode = post
introspection_url = https://helpdesk:clientsecret@127.0.0.1:{port}/api/oidc/introspect
username_attribute = username
username_format = %Ln
active_attribute = active
active_value = true
tls_ca_cert_file = {ca_file}
"""

_CONFIGURATION = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log/dovecot.log
log_timestamp = "%Y-%m-%dT%H:%M:%S "
listen = {listen}
protocols = imap pop3 lmtp
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
auth_username_format = %Lu
mail_location = maildir:{home}/mail/%n/Maildir
first_valid_uid = 1
mail_max_userip_connections = 500
default_process_limit = 500
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {home}/passwd
  mechanisms = plain login none
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2-jwt.conf
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2-ask.conf
}}
userdb {{
  driver = prefetch
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/mail/%n
}}
namespace inbox {{
  inbox = yes
  mailbox Trash {{
    special_use = \\Trash
  }}
  mailbox Archive {{
    special_use = \\Archive
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
  client_limit = 500
  service_count = 0
  process_min_avail = 1
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
  service_count = 0
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    address = 127.0.0.1
    port = {sasl}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@{domain}
}}
{odd}"""
