"""The demo's mail server: IMAP and SMTP on loopback, mail kept in Maildirs, customers who write back.

Run as ``python -m nightdesk.demo.mail_server DIRECTORY IMAP_PORT SMTP_PORT``; it says ``ready`` on
stdout when both ports answer and ends when its standard input closes, so it never outlives the demo.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from argparse import Namespace
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pymap.backend.maildir import MaildirBackend
from pymap.frozen import frozendict
from pymap.imap import IMAPService
from pymap.user import UserMetadata

from nightdesk.demo.maildir import deliver
from nightdesk.demo.sample_mails import ADDRESS, PASSWORD, answer_to

if TYPE_CHECKING:
    from pymap.interfaces.login import IdentityInterface

ANSWER_SECONDS = 8.0
"""How long a customer of the demo thinks before writing back."""


class Customers:
    """Takes what the desk sends: keeps it in ``customers`` and lets a person write back once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._answered: set[str] = set()
        self._thinking: set[asyncio.Task[None]] = set()

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail, and answer it after a while."""
        raw = envelope.original_content or b""
        await asyncio.to_thread(deliver, self._directory, "customers", raw)
        task = asyncio.create_task(self._write_back(raw))
        self._thinking.add(task)
        task.add_done_callback(self._thinking.discard)
        return "250 2.0.0 Ok: kept for the demo's customer"

    async def _write_back(self, raw: bytes) -> None:
        answer = answer_to(raw)
        if answer is None or answer.thread in self._answered:
            return
        self._answered.add(answer.thread)
        await asyncio.sleep(ANSWER_SECONDS)
        await asyncio.to_thread(deliver, self._directory, "support", answer.raw)


def _authenticator(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=right)


async def serve(directory: Path, imap_port: int, smtp_port: int) -> None:
    """Serve until standard input closes."""
    certificate, key = directory / "server.pem", directory / "server.key"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    args = Namespace(
        base_dir=str(directory),
        layout="++",
        colon=None,
        concurrency=None,
        debug=False,
        host=["127.0.0.1"],
        port=str(imap_port),
        cert=str(certificate),
        key=str(key),
        tls=True,
        inherited_sockets=None,
        proxy_protocol=None,
        passlib_cfg=None,
        skip_services=[],
    )
    backend, config = await MaildirBackend.init(args)
    config.apply_context()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        await backend.start(stack)
        for user in (ADDRESS, "customers"):
            identity = await backend.login.authorize(cast("IdentityInterface", _Admin()), user)
            secret = config.hash_context.hash(PASSWORD)
            home = user.split("@", maxsplit=1)[0]
            params = frozendict({"mailbox_path": home})
            await identity.set(UserMetadata(config, user, password=secret, params=params))
        await IMAPService(backend, config).start(stack)
        customers = Customers(directory)
        await loop.create_server(
            lambda: SMTP(
                customers,
                hostname="demo.example",
                tls_context=context,
                require_starttls=True,
                auth_required=True,
                authenticator=_authenticator,
            ),
            "127.0.0.1",
            smtp_port,
        )
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


class _Admin:
    name = "demo"
    roles = frozenset({"admin"})


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
