"""A private Postfix on loopback as a child process, beside a running ``Dovecot`` (needs root).

It takes mail for the accounts of the Dovecot, with any ``+extension``, and hands it over by LMTP; other
recipients at example.test are refused with 550. Logins are the Dovecot's. Three addresses are always refused:
``refused@`` with 550, ``greylisted@`` with 451, ``full@`` with 452; ``refuse()`` adds any other for a while.
``gone@`` is accepted, then Dovecot knows no such account and Postfix bounces to the envelope sender.
Mail for desk.test and foreign.test, whoever it names there, is handed over by LMTP at ``lmtp_door``, a Unix
socket that a test may listen at; it waits in the queue meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import smtplib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.child import Child, Restartable, ServerTrouble, free_ports, listening, wait_until
from tests.support.servers.dovecot import DOMAIN, Dovecot
from tests.support.servers.pki import EXPIRED, GOOD, NO_TLS, UNKNOWN_CA, WRONG_NAME, Pki
from tests.support.servers.policy import RecipientPolicy


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """One mail in the queue: its recipients and why each still waits ("" if it was not tried yet)."""

    queue_id: str
    queue: str
    sender: str
    recipients: dict[str, str]


class Postfix(Restartable):
    """Made, started and stopped by the fixture; its ports are served at ``host`` and more addresses."""

    host = GOOD

    def __init__(self, home: Path, pki: Pki, dovecot: Dovecot) -> None:
        self.home = home
        self.pki = pki
        self.dovecot = dovecot
        self.lmtp_door = home / "door" / "lmtp"
        self._policy: RecipientPolicy | None = None

    def start(self) -> Postfix:
        """Start on free ports; returns when every port answers."""
        for name in ("etc", "spool", "data", "log", "door"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        os.chown(self.home / "data", pwd.getpwnam("postfix").pw_uid, -1)
        self._policy = RecipientPolicy()
        self.smtp_port, self.submission_port, self.smtps_port = free_ports(3)
        self._write("main.cf", self._main())
        self._write("master.cf", self._master())
        self._write("recipients", _RECIPIENTS)
        self._write("accounts", _ACCOUNTS)
        self._write("transports", _TRANSPORTS.format(door=self.lmtp_door))
        self._launch()
        return self

    def stop(self) -> None:
        """Stop it and throw its queue away."""
        if self._child:
            self._child.stop()
        if self._policy:
            self._policy.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    @contextlib.contextmanager
    def refuse(self, recipient: str, reply: str = "451 4.7.1 Come back later") -> Iterator[None]:
        """Inside the block RCPT TO this address is answered with this reply; others are not touched."""
        assert self._policy
        self._policy.answers[recipient.lower()] = reply
        try:
            yield
        finally:
            del self._policy.answers[recipient.lower()]

    def send(self, sender: str, recipients: list[str], raw: bytes) -> dict[str, tuple[int, bytes]]:
        """Hand in a mail as the outside world does (no login, no TLS); the recipients that were refused."""
        with smtplib.SMTP(self.host, self.smtp_port) as smtp:
            return smtp.sendmail(sender, recipients, raw)

    def queue(self) -> list[QueuedMail]:
        """What is in the queue now."""
        mails = [json.loads(line) for line in self._run("postqueue", "-j").splitlines()]
        return [
            QueuedMail(
                mail["queue_id"],
                mail["queue_name"],
                mail["sender"],
                {each["address"]: each.get("delay_reason", "") for each in mail["recipients"]},
            )
            for mail in mails
        ]

    def flush(self) -> None:
        """Try everything in the queue now."""
        self._run("postqueue", "-f")

    def wait_until_delivered(self, patience: float = 90.0) -> None:
        """Return when the queue is empty; ServerTrouble when patience (seconds) ends."""
        wait_until(lambda: not self.queue(), "Postfix's queue does not become empty", patience)

    def log_text(self) -> str:
        """Everything logged so far."""
        log = self.home / "log" / "postfix.log"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def _launch(self) -> None:
        config = self.home / "etc"
        daemons = self._run("postconf", "-h", "daemon_directory").strip()
        self._run("postfix", "check")
        out = self.home / "log" / "start.log"
        self._child = child = Child(
            [f"{daemons}/master", "-c", config, "-s"], out, {"MAIL_CONFIG": str(config)}
        )
        ports = (self.smtp_port, self.submission_port, self.smtps_port)
        try:
            wait_until(lambda: not child.running or all(map(listening, ports)), "Postfix does not answer")
            if not child.running:
                raise ServerTrouble("Postfix did not start")
        except ServerTrouble as trouble:
            child.stop()
            raise ServerTrouble(f"{trouble}\n{out.read_text()}\n{self.log_text()}") from None

    def reload(self) -> None:
        """Make it read its configuration again."""
        assert self._child
        self._child.signal_first(signal.SIGHUP)

    def _run(self, program: str, *arguments: str) -> str:
        command = [program, "-c", str(self.home / "etc"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerTrouble(f"{' '.join(command)}: {done.stderr.strip()}\n{self.log_text()}")
        return done.stdout

    def _write(self, name: str, content: str) -> None:
        (self.home / "etc" / name).write_text(content)

    def _main(self) -> str:
        assert self._policy
        return _MAIN.format(
            home=self.home,
            cert=self.pki.server.cert,
            key=self.pki.server.key,
            domain=DOMAIN,
            lmtp=self.dovecot.lmtp_port,
            sasl=self.dovecot.sasl_port,
            policy=self._policy.port,
        )

    def _master(self) -> str:
        services = [f"127.0.0.1:{self.smtp_port} inet n - n - - smtpd\n"]
        for address in ("127.0.0.1", EXPIRED, WRONG_NAME, UNKNOWN_CA):
            shown = self.pki.shown_at(address)
            for port, tls in (
                (self.submission_port, "smtpd_tls_security_level=encrypt"),
                (self.smtps_port, "smtpd_tls_wrappermode=yes"),
            ):
                services.append(
                    f"{address}:{port} inet n - n - - smtpd\n  -o {tls}\n"
                    f"  -o smtpd_tls_chain_files={shown.key},{shown.cert}\n{_WITH_LOGIN}"
                )
        services.append(
            f"{NO_TLS}:{self.submission_port} inet n - n - - smtpd\n"
            f"  -o smtpd_tls_security_level=none\n{_WITH_LOGIN}"
        )
        return "".join(services) + _INSIDE


_ACCOUNTS = """\
/^(user[0-9]+|support|prefixed[0-9]|gone)(\\+.*)?@example\\.test$/ ok
"""

_RECIPIENTS = """\
/^refused(\\+.*)?@/ 550 5.1.1 No such person here
/^greylisted(\\+.*)?@/ 451 4.7.1 Greylisted, come back later
/^full(\\+.*)?@/ 452 4.2.2 Mailbox full
"""

_TRANSPORTS = """\
/@(desk|foreign)\\.test$/ lmtp:unix:{door}
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
myhostname = mail.{domain}
myorigin = {domain}
mydestination =
mynetworks = 127.0.0.1/32
relayhost =
default_transport = error:5.1.2 There is no outside world
disable_dns_lookups = yes
smtpd_peername_lookup = no
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = regexp:{home}/etc/accounts
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
relay_domains = desk.test, foreign.test
transport_maps = regexp:{home}/etc/transports
local_recipient_maps =
alias_maps =
recipient_delimiter = +
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions =
  check_recipient_access regexp:{home}/etc/recipients,
  check_policy_service inet:127.0.0.1:{policy}
smtpd_tls_chain_files = {key}, {cert}
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_sasl_security_options = noanonymous
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtp_tls_security_level = none
message_size_limit = 52428800
mailbox_size_limit = 0
virtual_mailbox_limit = 0
minimal_backoff_time = 2s
maximal_backoff_time = 10s
queue_run_delay = 2s
maximal_queue_lifetime = 1h
bounce_queue_lifetime = 1h
in_flow_delay = 0
notify_classes =
biff = no
"""

# A process that waits for its next client does not notice that Dovecot was restarted.
_WITH_LOGIN = """\
  -o max_use=1
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""

_INSIDE = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
