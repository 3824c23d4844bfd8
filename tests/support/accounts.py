"""Accounts of the test servers, as the tests of this folder use them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from config.secrets import Secret
from mail.account import IncomingAccount, OutgoingAccount


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


def mail(number: int, body: str = "Hello\r\n", **headers: str) -> bytes:
    """A small mail that can be told from others."""
    fields = {"From": f"ann{number}@client.test", "Subject": f"Mail {number}", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return (head + "\r\n" + body).encode()


CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
