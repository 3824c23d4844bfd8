"""Login with an OAuth2 token: XOAUTH2 (Google's and Microsoft's) and OAUTHBEARER (RFC 7628).

The messages of both mechanisms, and the login of an imaplib or aiosmtplib client with them. POP3 uses the
messages itself. A token that the mail server refuses is renewed and tried once more.
"""

from __future__ import annotations

import base64
import binascii
import imaplib
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal

from mail.errors import LoginRefused, LoginUnavailable, SecretUnavailable
from mail.inert import one_line
from mail.transport.blocking import in_own_thread
from mail.transport.login_refusal import refusal

if TYPE_CHECKING:
    import aiosmtplib

    from config.secret import Secret
    from mail.account import Account, IncomingAccount, OutgoingAccount, TokenSupplier

Mechanism = Literal["XOAUTH2", "OAUTHBEARER"]

# XOAUTH2 first: every provider documents it, some announce OAUTHBEARER and understand it badly.
_PREFERRED: Final[tuple[Mechanism, ...]] = ("XOAUTH2", "OAUTHBEARER")
# RFC 5321 4.5.3.1.4; with a longer line the token follows in a line of its own, whose limit is higher.
_COMMAND_LINE: Final = 512


class BearerExchange:
    """One run of a mechanism. `error` holds the server's reason once it gave one, in words."""

    def __init__(self, mechanism: Mechanism, user: str, token: str, host: str, port: int) -> None:
        if any(ord(char) < 32 or ord(char) == 127 for char in user + token):
            raise LoginRefused(
                "user name or token holds a control character",
                hint="Set the login user again, without line ends.",
            )
        self.mechanism = mechanism
        self.user = user
        self.token = token
        self.initial = _initial(mechanism, user, token, host, port)
        self.error = ""
        self._said = False

    def answer(self, challenge: bytes) -> bytes:
        """Return what answers a challenge: the initial response, then the dummy that lets the server fail."""
        if not self._said and not challenge:
            self._said = True
            return self.initial
        self._said = True
        self.error = reason_in(challenge)
        return b"\x01" if self.mechanism == "OAUTHBEARER" else b""

    def initial_said(self) -> None:
        """Note that the initial response went out with the command."""
        self._said = True

    def refused(self, host: str, words: str, later: bool | None = None) -> LoginRefused | LoginUnavailable:
        """Return the server's final no as an error."""
        whole = f"{words} ({self.error})" if self.error else words
        encoded = base64.b64encode(self.initial).decode("ascii")
        return refusal(host, self.user, whole, later=later, token=True, secrets=[self.token, encoded])


def _initial(mechanism: Mechanism, user: str, token: str, host: str, port: int) -> bytes:
    if mechanism == "XOAUTH2":
        return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()
    name = user.replace("=", "=3D").replace(",", "=2C")  # saslname, RFC 5801 4
    return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01".encode()


def reason_in(challenge: bytes) -> str:
    """Return the reason that a server gives in its error challenge (JSON, RFC 7628 3.2.2), as one line."""
    try:
        told = json.loads(challenge)
    except ValueError:
        return one_line(challenge.decode("utf-8", "replace"), 200)
    if not isinstance(told, dict):
        return one_line(str(told), 200)
    parts = [f"{key} {told[key]}" for key in ("status", "error_description", "scope") if told.get(key)]
    return one_line(", ".join(parts), 300)


def chosen(offered: Iterable[str], host: str) -> Mechanism:
    """Return the mechanism to use of those a server offers. Errors: `LoginRefused`."""
    names = {name.upper() for name in offered}
    for mechanism in _PREFERRED:
        if mechanism in names:
            return mechanism
    raise LoginRefused(
        f"{host} offers no login with an OAuth2 token here",
        hint="It may offer it only over TLS, or not at all: check security, or use a password.",
        server_words=f"offered: {' '.join(sorted(names)) or 'nothing'}",
    )


def token_of(account: Account) -> TokenSupplier:
    """Return the account's token supplier. Errors: `SecretUnavailable`."""
    if account.token is None:
        raise SecretUnavailable(
            f"there is no token for {account.user}",
            hint="Log this mailbox in: nightdesk mailbox login ADDRESS.",
        )
    return account.token


def with_token(supplier: TokenSupplier, attempt: Callable[[str], None]) -> None:
    """Log in with the token; if it is refused, once more with a renewed one, unless that is the same."""
    first = supplier()
    try:
        attempt(first.reveal())
    except LoginRefused:
        second = supplier(renew=True)
        if second == first:
            raise
        attempt(second.reveal())


def imap_login(client: imaplib.IMAP4, account: IncomingAccount) -> None:
    """AUTHENTICATE with the account's token. Errors: `LoginRefused`, `LoginUnavailable`, imaplib's abort."""
    offered = [word.removeprefix("AUTH=") for word in client.capabilities if word.startswith("AUTH=")]
    used = chosen(offered, account.host)

    def attempt(token: str) -> None:
        exchange = BearerExchange(used, account.user, token, account.host, account.port)
        try:
            client.authenticate(used, exchange.answer)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise exchange.refused(account.host, str(error)) from None

    with_token(token_of(account), attempt)


async def smtp_login(client: aiosmtplib.SMTP, account: OutgoingAccount) -> None:
    """Say AUTH with the account's token on a client that has said EHLO.

    Errors: `LoginRefused`, `LoginUnavailable`; aiosmtplib's when the connection breaks.
    """
    used = chosen(client.server_auth_methods, account.host)
    supplier = token_of(account)
    first: Secret = await in_own_thread(supplier)
    try:
        await _smtp_attempt(client, account, used, first.reveal())
    except LoginRefused:
        second: Secret = await in_own_thread(lambda: supplier(renew=True))
        if second == first:
            raise
        await _smtp_attempt(client, account, used, second.reveal())


async def _smtp_attempt(
    client: aiosmtplib.SMTP, account: OutgoingAccount, mechanism: Mechanism, token: str
) -> None:
    exchange = BearerExchange(mechanism, account.user, token, account.host, account.port)
    encoded = base64.b64encode(exchange.initial)
    command = (b"AUTH", mechanism.encode("ascii"))
    if len(b" ".join((*command, encoded))) + 2 <= _COMMAND_LINE:
        exchange.initial_said()
        response = await client.execute_command(*command, encoded)
    else:
        response = await client.execute_command(*command)
    for _ in range(2):  # the call for the initial response, the error challenge
        if response.code != 334:
            break
        answer = exchange.answer(_decoded(response.message))
        response = await client.execute_command(base64.b64encode(answer))
    if response.code != 235:
        words = f"{response.code} {response.message}"
        raise exchange.refused(account.host, words, later=400 <= response.code < 500)


def _decoded(challenge: str) -> bytes:
    try:
        return base64.b64decode(challenge.strip(), validate=True)
    except (binascii.Error, ValueError):
        # Not base64, but not empty either: a reason in plain words.
        return challenge.encode("utf-8", "replace")
