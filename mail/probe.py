"""Test connection: every step to a server, each as it happens, with what to do when it fails.

Plain generators that block at each step: run them in a thread. Network trouble is a failed step, never an
exception. Nothing is sent and no mail is changed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from config.wording import counted
from mail.account import Account, IncomingAccount, OutgoingAccount
from mail.errors import FolderMissing, MailError, TimedOut, TlsFailed
from mail.inert import one_line
from mail.transport import dialling, tls
from mail.transport.blocking import within

if TYPE_CHECKING:
    from mail.imap.session import ImapSession
    from mail.pop3.session import Pop3Session
    from mail.smtp.session import SmtpSession

__all__ = ["Step", "check_incoming", "check_outgoing"]

_SHOWN_FOLDERS: Final = 20
_GOODBYE_SECONDS: Final = 5.0
_TOLD: Final = (
    *("LOGINDISABLED", "STARTTLS", "STLS", "IDLE", "MOVE", "UIDPLUS", "SPECIAL-USE", "UIDL", "USER"),
    *("SIZE", "8BITMIME", "SMTPUTF8", "DSN"),
)
_SHOWN_CAPABILITIES: Final = ("IDLE", "MOVE", "UIDPLUS", "CONDSTORE", "QUOTA", "SPECIAL-USE")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `ok` None means that it does not apply. `words` are the server's, `cure` says what to do.

    `pin`: the SHA-256 of a certificate that is not trusted and may be pinned; `certificate` says whose it is.
    """

    name: str
    ok: bool | None
    detail: str
    words: str
    cure: str
    seconds: float
    pin: str = ""
    certificate: str = ""


class _Stopped(Exception):
    """A step failed, so that those behind it make no sense."""


def check_incoming(account: IncomingAccount) -> Iterator[Step]:
    """Try an IMAP or POP3 account: resolve, connect, tls, capabilities, token (OAuth2), login, folder."""
    session = _session(account)
    limited = partial(_limited, account)
    try:
        addresses = yield from _resolved(account)
        yield from _step("connect", limited(lambda: session.connect(addresses)), _where(account))
        if account.security == "none":
            yield _IN_CLEAR
        else:
            show = limited(partial(_shown_incoming, account, addresses))
            yield from _tls(limited(session.secure), lambda: tls.description(session.tls_link), show)
        yield from _step("capabilities", lambda: _told_by(session), _capabilities)
        yield from _token(account)
        yield from _step("login", limited(session.login), f"as {account.user}")
        yield from _step("folder", limited(lambda: _contents(session)), lambda told: told)
        with suppress(TimeoutError):
            within(_GOODBYE_SECONDS, session.leave)
    except _Stopped:
        return
    finally:
        session.cut()


def _limited(account: IncomingAccount, doing: Callable[[], T]) -> Callable[[], T]:
    """Return what does the same, but gives a server that answers bit by bit two waits at most."""

    def limited() -> T:
        try:
            return within(account.timeout * 2, doing)
        except TimeoutError:
            raise TimedOut(f"{account.host} answers bit by bit, and does not come to an end") from None

    return limited


def check_outgoing(account: OutgoingAccount) -> Iterator[Step]:
    """Try an SMTP account: resolve, connect, tls, capabilities, token (with OAuth2), login."""
    from mail.smtp.session import SmtpSession  # 15 ms, for SMTP

    session = SmtpSession(account)
    loop = asyncio.new_event_loop()

    def run(doing: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], T]:
        return lambda: loop.run_until_complete(doing())

    try:
        addresses = yield from _resolved(account)
        yield from _step("connect", run(lambda: session.connect(addresses)), _where(account))
        if account.security == "none":
            yield _IN_CLEAR
        else:
            show = partial(_shown_outgoing, account, addresses)
            yield from _tls(run(session.secure), lambda: tls.description(session.tls_object), show)
        yield from _step("capabilities", run(session.hello), _capabilities)
        yield from _token(account)
        who = "no login wanted" if account.auth == "none" else f"as {account.user}"
        yield from _step("login", run(session.login), lambda _: _with_size(session, who))
    except _Stopped:
        return
    finally:
        loop.run_until_complete(session.close())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _session(account: IncomingAccount) -> ImapSession | Pop3Session:
    if account.protocol == "pop3":
        from mail.pop3.session import Pop3Session  # 4 ms, for POP3

        return Pop3Session(account)
    from mail.imap.session import ImapSession  # 9 ms, for IMAP

    return ImapSession(account)


def _token(account: Account) -> Generator[Step, None, None]:
    if account.auth == "oauth2":
        from mail.transport import sasl  # 3 ms, for logins by token

        yield from _step("token", lambda: sasl.token_of(account)(), "the OAuth2 login is alive")


_IN_CLEAR: Final = Step("tls", None, "not used: passwords and mails go in clear text", "", "", 0.0)


def _where(account: Account) -> str:
    return f"{account.host} port {account.port}"


def _resolved(account: Account) -> Generator[Step, None, list[dialling.Address]]:
    def shown(found: list[dialling.Address]) -> str:
        return f"{account.host} is {', '.join(dict.fromkeys(str(address[0]) for _, address in found))}"

    return (yield from _step("resolve", lambda: dialling.resolve(account.host, account.port), shown))


def _step(name: str, doing: Callable[[], T], shown: str | Callable[[T], str]) -> Generator[Step, None, T]:
    """Do it, and say how it went. Raises `_Stopped` behind a failed step."""
    start = perf_counter()
    try:
        result = doing()
        detail = shown if isinstance(shown, str) else shown(result)
    except MailError as error:
        yield Step(name, False, error.message, error.server_words, error.hint, perf_counter() - start)
        raise _Stopped from None
    yield Step(name, True, one_line(detail), "", "", perf_counter() - start)
    return result


def _tls(
    secure: Callable[[], object], described: Callable[[], str], show: Callable[[], bytes]
) -> Generator[Step, None, None]:
    """Begin TLS; a certificate that is not trusted is shown, so that a person may pin it."""
    start = perf_counter()
    try:
        secure()
    except MailError as error:
        shown = b""
        if isinstance(error, TlsFailed) and error.reason in _PINNABLE:
            shown = error.certificate or show()
        pin = hashlib.sha256(shown).hexdigest() if shown else ""
        certificate = tls.certificate_words(shown) if shown else ""
        spent = perf_counter() - start
        yield Step("tls", False, error.message, error.server_words, error.hint, spent, pin, certificate)
        raise _Stopped from None
    yield Step("tls", True, one_line(described()), "", "", perf_counter() - start)


_PINNABLE: Final = ("unknown_ca", "self_signed", "expired", "not_yet_valid", "wrong_name", "pin")
_NO_PIN: Final = "0" * 64


def _shown_incoming(account: IncomingAccount, addresses: list[dialling.Address]) -> bytes:
    """Return the certificate that the server shows (DER), empty if none; nothing else is said to it."""
    session = _session(replace(account, ca_file=None, fingerprint=_NO_PIN))
    try:
        session.connect(addresses)
        session.secure()
    except MailError as error:
        return error.certificate if isinstance(error, TlsFailed) else b""
    finally:
        session.cut()
    return b""


def _shown_outgoing(account: OutgoingAccount, addresses: list[dialling.Address]) -> bytes:
    from mail.smtp.session import SmtpSession  # 16 ms, for SMTP

    async def look() -> bytes:
        session = SmtpSession(replace(account, ca_file=None, fingerprint=_NO_PIN))
        try:
            await session.connect(addresses)
            await session.secure()
        except MailError as error:
            return error.certificate if isinstance(error, TlsFailed) else b""
        finally:
            session.cut()
        return b""

    return asyncio.run(look())


def _told_by(session: ImapSession | Pop3Session) -> list[str]:
    told = session.capabilities
    return [f"{name} {' '.join(told[name])}" for name in told] if isinstance(told, dict) else list(told)


def _capabilities(found: Iterable[str]) -> str:
    """Return those that matter here, ways to log in first."""
    logins: list[str] = []
    others: list[str] = []
    for name, _, rest in (each.partition(" ") for each in sorted(found)):
        if name.startswith(("AUTH=", "SASL=")):
            logins.append(name.partition("=")[2])
        elif name in ("AUTH", "SASL"):
            logins += rest.split()
        elif name in _TOLD:
            others.append(name)
    told = [f"AUTH {' '.join(logins)}"] if logins else []
    return ", ".join([*told, *others]) or "nothing that matters here"


def _contents(session: ImapSession | Pop3Session) -> str:
    from mail.pop3.session import Pop3Session  # 4 ms, for POP3

    if isinstance(session, Pop3Session):
        sizes = session.sizes()
        return f"{counted(len(sizes), 'mail')}, {sum(sizes.values()) / 1_000_000:.1f} MB; POP3 has no folders"
    return _folder(session)


def _folder(session: ImapSession) -> str:
    try:
        state = session.select()
    except FolderMissing as error:
        names = session.folders()[:_SHOWN_FOLDERS]
        raise FolderMissing(
            error.message, server_words=error.server_words, hint=f"The server has: {', '.join(names)}"
        ) from None
    can = [name for name in _SHOWN_CAPABILITIES if name in session.capabilities]
    parts = [f"{state.name}: {counted(state.exists, 'mail')}"]
    if state.read_only:
        parts.append("read only: nothing can be moved or deleted")
    if can:
        parts.append(f"can {', '.join(can)}")
    return "; ".join(parts)


def _with_size(session: SmtpSession, who: str) -> str:
    limit = session.size_limit
    return f"{who}; mails up to {limit // 1_000_000} MB" if limit else who
