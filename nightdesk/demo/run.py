"""A living example: a private desk, a mail server of its own, mail really fetched, answers really sent."""

from __future__ import annotations

import imaplib
import os
import selectors
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from pathlib import Path

from config.packages import with_packages
from config.paths import DeskPaths
from desk.mailboxes import registry
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import current_actor
from nightdesk.context import desk_open
from nightdesk.creation import create_desk
from nightdesk.demo.certificate import write_certificates
from nightdesk.demo.sample_mails import ADDRESS, PASSWORD, sample_mails
from nightdesk.errors import Failed
from nightdesk.options import Options
from worker.service.once import run_once

NEEDED = ("pymap", "aiosmtpd")
READY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: `mail` holds the Maildirs ``support`` and ``customers``; `options` name its desk."""

    directory: Path
    mail: Path
    options: Options
    imap_port: int
    smtp_port: int


@contextmanager
def build_demo(directory: Path) -> Iterator[Demo]:
    """Run the demo in an empty directory of the caller's; its mail is fetched when the block begins.

    Raises Failed when the extra `demo` is not installed or the mail server does not start.
    """
    _need_the_extra()

    mail = directory / "mail"
    mail.mkdir(mode=0o700)
    write_certificates(mail)
    imap_port, smtp_port = _free_ports()
    with _desk_of_its_own(), _mail_server(mail, imap_port, smtp_port):
        _append_samples(mail, imap_port)
        options = _create_desk(directory / "desk")
        demo = Demo(directory, mail, options, imap_port, smtp_port)
        _add_mailbox(demo)
        yield demo


def _need_the_extra() -> None:

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise Failed(
            f"the demo's mail server needs {' and '.join(missing)}", "pip install '.[demo]' in the clone"
        )


@contextmanager
def _desk_of_its_own() -> Iterator[None]:
    """Keep the environment from leading to another desk, or to an agent that this one does not have."""
    names = ("NIGHTDESK_HOME", "NIGHTDESK_DATABASE", "NIGHTDESK_AGENT", "NIGHTDESK_TIMEZONE")
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _append_samples(mail: Path, imap_port: int) -> None:
    """Lay the sample mails into the INBOX in the order in which they were written.

    By IMAP, because a Maildir that is filled on disk is numbered in the directory's order.
    """

    with imaplib.IMAP4("127.0.0.1", imap_port, timeout=READY_SECONDS) as server:
        server.starttls(ssl.create_default_context(cafile=str(mail / "ca.pem")))
        server.login(ADDRESS, PASSWORD)
        for raw in sample_mails(datetime.now(UTC)):
            when = parsedate_to_datetime(str(BytesHeaderParser().parsebytes(raw)["Date"]))
            server.append("INBOX", "", when, raw)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


@contextmanager
def _mail_server(mail: Path, imap_port: int, smtp_port: int) -> Iterator[None]:
    """Give the mail server, ready to be asked. It leaves when its standard input closes, however we end."""
    said = mail / "server.log"
    command = [sys.executable, "-m", "nightdesk.demo.mail_server", str(mail), str(imap_port), str(smtp_port)]
    with said.open("wb") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=with_packages(os.environ),
            cwd=mail,
            start_new_session=True,
        )
    try:
        if not _is_ready(server):
            words = said.read_text("utf-8", "replace").strip().splitlines()
            raise Failed(
                f"the demo's mail server did not start{': ' + words[-1] if words else ''}",
                "run it again; if it stays, report it",
            )
        yield
    finally:
        _end(server)


def _is_ready(server: subprocess.Popen[bytes]) -> bool:
    assert server.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(server.stdout, selectors.EVENT_READ)
        return bool(selector.select(READY_SECONDS)) and server.stdout.readline() == b"ready\n"


def _end(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.close()
    server.stdout.close()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _create_desk(home: Path) -> Options:

    paths = DeskPaths(home)
    create_desk(paths)
    return Options(config=str(paths.config_file), database=str(paths.database))


def _add_mailbox(demo: Demo) -> None:

    with desk_open(demo.options) as desk:
        authority = str(demo.mail / "ca.pem")
        form = check(
            {
                "address": ADDRESS,
                "name": "Support",
                "host": "127.0.0.1",
                "port": demo.imap_port,
                "security": "starttls",
                "ca_file": authority,
                "schedule": "every 1 minute",
                "smtp_host": "127.0.0.1",
                "smtp_port": demo.smtp_port,
                "smtp_security": "starttls",
                "smtp_ca_file": authority,
            }
        )
        secrets = MailboxSecrets(incoming=SecretInput("sealed", PASSWORD))
        registry.add(desk, current_actor(desk), form, secrets)
        summary = run_once(desk, [ADDRESS])
    if summary.failed:
        raise Failed("the demo's mail could not be fetched", "; ".join(summary.complaints()))
