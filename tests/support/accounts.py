"""Accounts of the test servers, as the tests of this folder use them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from config.secrets import Secret
from mail.account import IncomingAccount, OutgoingAccount
from tests.support.servers.dovecot import MailUser
from tests.support.servers.postfix import Postfix


def incoming(port: int, **changes: Any) -> IncomingAccount:
    """An account on loopback; plaintext unless `changes` say otherwise."""
    account = IncomingAccount(
        host="127.0.0.1",
        port=port,
        security="none",
        user="ann@example.test",
        password=Secret("secret"),
        timeout=5.0,
    )
    return replace(account, **changes)


def outgoing(port: int, **changes: Any) -> OutgoingAccount:
    """An account on loopback; plaintext and without login unless `changes` say otherwise."""
    account = OutgoingAccount(
        host="127.0.0.1",
        port=port,
        security="none",
        auth="none",
        user="",
        password=None,
        timeout=5.0,
        helo="desk.example.test",
    )
    return replace(account, **changes)


def at_dovecot(mailuser: MailUser) -> IncomingAccount:
    """The account of a user of Dovecot, over TLS."""
    dovecot = mailuser.dovecot
    return incoming(
        dovecot.imaps_port,
        security="tls",
        user=mailuser.address,
        password=Secret(mailuser.password),
        ca_file=dovecot.pki.ca_file,
        timeout=20.0,
    )


def at_postfix(postfix: Postfix, mailuser: MailUser) -> OutgoingAccount:
    """The account of the same user at Postfix' submission port."""
    return outgoing(
        postfix.submission_port,
        security="starttls",
        auth="basic",
        user=mailuser.address,
        password=Secret(mailuser.password),
        ca_file=mailuser.dovecot.pki.ca_file,
        timeout=20.0,
    )


def mail(number: int, body: str = "Hello\r\n", **headers: str) -> bytes:
    """A small mail that can be told from others."""
    fields = {"From": f"ann{number}@client.test", "Subject": f"Mail {number}", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return (head + "\r\n" + body).encode()


CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
