"""Test connection: every step to a mailbox's servers, each as it happens, before anything is saved."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from config.errors import SealBroken, SecretUnavailable
from config.secrets import Secret, SecretSource, resolve
from desk.mailboxes import named_servers, restricted_mode
from desk.mailboxes.accounts import fetching_by, outgoing_auth, sending_by
from desk.mailboxes.named_servers import SecretNotForThere
from desk.mailboxes.secrets import MailboxSecrets, SecretInput, source_of
from desk.mailboxes.tokens import token_supplier
from desk.mailboxes.wording import NOBODY
from mail.errors import TimedOut, TokenRefused
from mail.inert import one_line
from mail.transport.blocking import within
from models.opening import close_database

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.fields import MailboxForm, SecretName
    from mail.account import IncomingAccount, TokenSupplier
    from mail.imap.wire import Folder
    from mail.probe import Step
    from models.mailboxes import Mailbox

Side = Literal["incoming", "outgoing"]
Given = SecretSource | Secret

LISTING_SECONDS = 60.0
"""So long a server may take to list its folders, however much it says meanwhile."""


def try_form(
    desk: Desk, form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None = None
) -> Iterator[Step]:
    """Yield the steps of `try_sides`, without their sides."""
    for _, step in try_sides(desk, form, secrets, stored):
        yield step


def try_sides(
    desk: Desk, form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None = None
) -> Iterator[tuple[Side, Step]]:
    """Try what a checked form says; a password that is not given is the one of the `stored` mailbox.

    It goes to no server that was not named when it was given. Nothing is sent, no mail is changed, nothing is
    kept. Blocks at each step; never raises for trouble with servers or passwords: that is a failed step.
    Raises NotAllowed (see `restricted_mode`).
    """
    secrets = restricted_mode.permitted(desk, form, secrets, stored)
    if form.incoming.fetches:
        for step in _incoming(desk, form, secrets, stored):
            yield "incoming", step
    if form.outgoing.sends:
        for step in _outgoing(desk, form, secrets, stored):
            yield "outgoing", step


def try_mailbox(desk: Desk, address: str) -> Iterator[tuple[Side, Step]]:
    """Try a mailbox as it is stored. Raises WrongUse for an address that is no mailbox."""
    from desk.mailboxes.form import merged  # 70 ms, for mailboxes
    from desk.mailboxes.registry import get  # 7 ms, for a stored mailbox

    mailbox = get(address)
    yield from try_sides(desk, merged(mailbox, {}), MailboxSecrets(), mailbox)


def _incoming_source(form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None) -> Given:
    """Return the incoming password; raises SecretNotForThere."""
    return _held_back("password", form, named_servers.incoming_server(form), secrets, stored)


def _outgoing_source(form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None) -> Given:
    """Return the outgoing password, which may be the incoming one; raises SecretNotForThere."""
    name: SecretName = "password" if form.outgoing.auth == "same" else "smtp_password"
    return _held_back(name, form, named_servers.outgoing_server(form), secrets, stored)


def _held_back(
    name: SecretName,
    form: MailboxForm,
    server: named_servers.Server,
    secrets: MailboxSecrets,
    stored: Mailbox | None,
) -> Given:
    """Return a password, as far as it may go to the server."""
    given = secrets.of(name)
    kept = source_of(name, stored) if stored is not None else None
    if (
        given is None
        and stored is not None
        and kept is not None
        and kept.kind != "none"
        and server in named_servers.new_servers(name, form, stored)
    ):
        raise SecretNotForThere(name, form, server)
    return _source(given, kept)


def _source(given: SecretInput | None, kept: SecretSource | None) -> Given:
    if given is None:
        return kept or SecretSource()
    if given.source == "sealed":
        return Secret(given.value)
    return SecretSource(given.source, given.value)


def _incoming(
    desk: Desk, form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None
) -> Iterator[Step]:
    from mail.probe import check_incoming  # 13 ms, for a test of the accounts

    password: Secret | None = Secret("")
    if form.incoming.auth != "oauth2":
        password = yield from _password(desk, lambda: _incoming_source(form, secrets, stored))
    if password is None:
        return
    yield from check_incoming(_incoming_account(desk, form, password, stored))


def _incoming_account(
    desk: Desk, form: MailboxForm, password: Secret, stored: Mailbox | None
) -> IncomingAccount:
    oauth2 = form.incoming.auth == "oauth2"
    server = named_servers.incoming_server(form)
    return fetching_by(form.incoming, password, _tokens(desk, form, stored, server) if oauth2 else None)


def _outgoing(
    desk: Desk, form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None
) -> Iterator[Step]:
    from mail.probe import check_outgoing  # 15 ms, for a test of the accounts

    auth = outgoing_auth(form.outgoing.auth, form.incoming.auth)
    password: Secret | None = Secret("")
    if auth == "basic":
        password = yield from _password(desk, lambda: _outgoing_source(form, secrets, stored))
    if password is None:
        return
    server = named_servers.outgoing_server(form)
    token = _tokens(desk, form, stored, server) if auth == "oauth2" else None
    yield from check_outgoing(sending_by(form.outgoing, form.incoming, password, token))


def _tokens(
    desk: Desk, form: MailboxForm, stored: Mailbox | None, server: named_servers.Server
) -> TokenSupplier:
    """Return the token of the stored mailbox; a mailbox or server that is yet to be saved has none."""
    if stored is not None and server not in named_servers.new_servers("token", form, stored):
        return token_supplier(desk, stored)

    def none_yet(*, renew: bool = False) -> Secret:
        raise TokenRefused(
            NOBODY,
            error="not_logged_in",
            hint=f"Save the mailbox, then: nightdesk mailbox login {form.address}.",
        )

    return none_yet


def _password(desk: Desk, found: Callable[[], Given]) -> Generator[Step, None, Secret | None]:
    """Yield the password, or a failed step and None. A password that is simply known is no step."""

    from mail.probe import Step  # 15 ms, for a test of the accounts

    start = perf_counter()
    try:
        source = found()
        if isinstance(source, Secret):
            return source
        password = resolve(source, desk.sealer)
    except (SecretUnavailable, SealBroken, SecretNotForThere) as error:
        yield Step("password", False, one_line(str(error)), "", one_line(error.hint), perf_counter() - start)
        return None
    if source.kind not in ("none", "sealed"):
        yield Step("password", True, f"from {_SOURCES[source.kind]}", "", "", perf_counter() - start)
    return password


_SOURCES = {
    "pass_cmd": "the command",
    "env": "the environment variable",
    "credential": "the systemd credential",
}


@dataclass(frozen=True, slots=True)
class FolderChoice:
    """A folder at the server. `use`: archive, sent, trash, junk, drafts, all, or empty."""

    name: str
    use: str


_USES = ("archive", "sent", "trash", "junk", "drafts", "all")


def list_folders(
    desk: Desk, form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None = None
) -> list[FolderChoice]:
    """Return the folders that the incoming account has, INBOX first; POP3 has that one alone. Blocks.

    Raises MailError, SecretUnavailable, SealBroken, SecretNotForThere and NotAllowed.
    """
    secrets = restricted_mode.permitted(desk, form, secrets, stored)
    if form.incoming.protocol != "imap":
        return [FolderChoice("INBOX", "")]
    password = Secret("")
    if form.incoming.auth != "oauth2":
        source = _incoming_source(form, secrets, stored)
        password = source if isinstance(source, Secret) else resolve(source, desk.sealer)
    return [
        FolderChoice(one.name, next((use for use in _USES if f"\\{use}" in one.flags), ""))
        for one in _folders_at(_incoming_account(desk, form, password, stored))
    ]


def _folders_at(account: IncomingAccount) -> list[Folder]:
    from mail.imap.session import ImapSession  # 16 ms, for IMAP

    session = ImapSession(account)

    def look() -> list[Folder]:
        try:
            session.open()
            return session.folder_list()
        finally:
            close_database()  # the login may have renewed a token

    try:
        return within(LISTING_SECONDS, look)
    except TimeoutError:
        raise TimedOut(f"{account.host} answers bit by bit, and does not come to an end") from None
    finally:
        session.cut()
