"""OAuth2 logins of mailboxes: the application, the kept token, and its renewal by whoever needs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from config.clock import now
from config.errors import SealBroken, SecretUnavailable
from config.secrets import Secret, resolve
from desk import logs
from desk.errors import NotFound, Refused
from desk.mailboxes import token_health
from desk.mailboxes.fields import SECRET, write_row
from desk.mailboxes.health import clear_health
from desk.mailboxes.secrets import source_in
from desk.mailboxes.wording import NOBODY
from desk.permissions import Actor, require
from mail.errors import TokenRefused, TokenUnavailable
from mail.inert import one_line
from models import leases, mailboxes
from models.mailboxes import MailboxOAuth2
from models.opening import visiting
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.fields import MailboxForm
    from mail.account import TokenSupplier
    from mail.oauth2 import OAuth2App, Token
    from models.mailboxes import Mailbox

LEASE_SECONDS: Final = 180.0
"""Longer than any request to a provider takes."""
WAIT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1


def keep_app(mailbox: Mailbox, form: MailboxForm) -> MailboxOAuth2 | None:
    """Write what the form says about OAuth2, in the caller's transaction; None when it says nothing.

    A login stays, unless it was given to another application or provider.
    """
    known = mailboxes.oauth2_of(mailbox.id)
    if not form.oauth2.provider:
        mailboxes.remove_oauth2(mailbox.id)
        return None
    row = known or MailboxOAuth2(mailbox=mailbox, provider=form.oauth2.provider)
    before = _application(row)
    write_row(row, form, "oauth2")
    if before != _application(row):
        forget_token(row)
    if known is None:
        mailboxes.add_oauth2(row)
    else:
        mailboxes.keep_oauth2(row)
    return row


def _application(row: MailboxOAuth2) -> tuple[str, ...]:
    """Return what a login was given to, and where its token is sent."""
    return (row.provider, row.client_id, row.tenant, row.token_url, row.revoke_url, row.scopes)


def forget_token(row: MailboxOAuth2) -> None:
    """Empty the login; the caller saves the row."""
    row.token_sealed = None
    row.owner = row.error = row.error_hint = ""
    row.logged_in = row.renewed = row.expires = row.refresh_expires = None
    row.refused = row.failing_since = row.alerted = None
    row.alerted_for = ""


def app_of(
    desk: Desk, mailbox: Mailbox, row: MailboxOAuth2 | None = None, *, as_itself: bool | None = None
) -> OAuth2App:
    """Return the desk as it is registered with the mailbox's provider.

    `as_itself` (default: as the login is): for client credentials, which have scopes of their own. Raises
    Refused for a mailbox without OAuth2, SecretUnavailable or SealBroken for its client secret.
    """

    from config.providers import oauth2_provider  # 6 ms, for OAuth2
    from mail.oauth2 import app_for  # 2 ms, for OAuth2

    row = row or mailboxes.oauth2_of(mailbox.id)
    if row is None:
        raise Refused(
            f"{mailbox.address} has no OAuth2 application",
            f"nightdesk mailbox edit {mailbox.address} --oauth2 google|microsoft|other --client-id ID",
        )
    secret = resolve(source_in(SECRET["client_secret"], row), desk.sealer)
    protocols: list[Literal["imap", "pop3", "smtp"]] = []
    if mailbox.protocol != "none" and mailbox.auth == "oauth2":
        protocols.append(cast("Literal['imap', 'pop3']", mailbox.protocol))
    if mailbox.smtp_host and mailbox.smtp_auth in ("same", "oauth2"):
        protocols.append("smtp")
    known = app_for(
        oauth2_provider(row.provider),
        row.client_id,
        secret if secret else None,
        protocols=protocols or ("imap", "smtp"),
        tenant=row.tenant,
        as_itself=bool(row.as_itself) if as_itself is None else as_itself,
    )
    return replace(
        known,
        authorize_url=row.authorize_url or known.authorize_url,
        token_url=row.token_url or known.token_url,
        device_url=row.device_url or known.device_url,
        revoke_url=row.revoke_url or known.revoke_url,
        scopes=tuple(row.scopes.split()) or known.scopes,
        client_auth=cast("Literal['post', 'basic']", row.client_auth),
        ca_file=Path(row.ca_file) if row.ca_file else None,
    )


def token_context(mailbox_id: int) -> str:
    """Return what a sealed token is bound to."""
    return f"mailbox {mailbox_id} oauth2 token"


def load_token(desk: Desk, row: MailboxOAuth2) -> Token:
    """Return the kept token. Raises TokenRefused when nobody has logged in, SealBroken."""
    from mail.oauth2 import Token  # 2 ms, for OAuth2

    if not row.token_sealed:
        raise TokenRefused(NOBODY, error="not_logged_in")
    return Token.load(desk.sealer.unseal(bytes(row.token_sealed), token_context(row.mailbox_id)))


def keep_login(
    desk: Desk,
    actor: Actor,
    mailbox: Mailbox,
    token: Token,
    *,
    as_itself: bool = False,
    given_to: OAuth2App | None = None,
) -> None:
    """Keep the token of a login that has just happened; what was wrong before is forgotten.

    `given_to`: the application as it was when the login began. Raises Refused when it is another one by now,
    or somebody else logged in than the mailbox wants (see `MailboxOAuth2.strict`), and
    NotFound when the mailbox was removed while they did: nothing secret is kept of one that is gone.
    """

    require(actor, "mailbox.edit")
    with alone(mailbox.id), transaction():
        mailbox = mailboxes.by_id(mailbox.id)
        if mailbox.removed is not None:
            raise NotFound(
                f"the mailbox {mailbox.address} was removed meanwhile: its login is not kept",
                "add it again, then log it in",
            )
        row = mailboxes.oauth2_of(mailbox.id)
        if row is None:
            raise Refused(f"{mailbox.address} has no OAuth2 application any more")
        if given_to is not None:
            by_now = app_of(desk, mailbox, row, as_itself=as_itself)
            if (by_now.client_id, by_now.token_url) != (given_to.client_id, given_to.token_url):
                raise Refused(
                    f"the application of {mailbox.address} was changed meanwhile: this login is not kept",
                    "close this, then log it in again",
                )
        _refuse_stranger(mailbox, row, token.owner)
        told = row.alerted, row.alerted_for
        forget_token(row)
        row.alerted, row.alerted_for = told
        row.as_itself = as_itself
        row.logged_in = now()
        _write_token(desk, row, token)
        clear_health(mailbox)
        mailboxes.keep(mailbox)
        who = "the application itself" if as_itself else token.owner or "somebody the provider does not name"
        text = f"{mailbox.address}: {who} logged in with OAuth2, by {actor.login}"
        logs.write("info", "oauth2", text, mailbox_id=mailbox.id)


def forget_login(desk: Desk, actor: Actor, mailbox: Mailbox) -> tuple[OAuth2App, Token] | str:
    """Forget the login of a mailbox; return what its provider needs to revoke it, or why that is not known.

    Whoever is renewing the token ends that first, so that the token returned is the last one.
    """
    require(actor, "mailbox.edit")
    with alone(mailbox.id), transaction():
        row = mailboxes.oauth2_of(mailbox.id)
        if row is None or not row.token_sealed:
            return "nobody is logged in any more"
        found: tuple[OAuth2App, Token] | str
        try:
            found = app_of(desk, mailbox, row), load_token(desk, row)
        except (SealBroken, SecretUnavailable) as error:
            found = one_line(str(error))
        forget_token(row)
        mailboxes.keep_oauth2(row)
        text = f"{mailbox.address}: the OAuth2 login is forgotten, by {actor.login}"
        logs.write("info", "oauth2", text, mailbox_id=mailbox.id)
    return found


def _refuse_stranger(mailbox: Mailbox, row: MailboxOAuth2, owner: str | None) -> None:
    wanted = {mailbox.address.lower(), mailbox.username.lower(), mailbox.smtp_username.lower()}
    if row.strict and owner and owner.lower() not in wanted:
        raise Refused(
            f"{owner} logged in, not {mailbox.username or mailbox.address}: nothing was kept",
            f"log in as the mailbox, or, for a shared mailbox: nightdesk mailbox edit {mailbox.address} "
            "--no-strict-login",
        )


def _write_token(desk: Desk, row: MailboxOAuth2, token: Token) -> None:
    row.token_sealed = desk.sealer.seal(token.dump().reveal(), token_context(row.mailbox_id))
    row.owner = token.owner or ""
    row.renewed, row.expires, row.refresh_expires = now(), token.expires, token.refresh_expires
    mailboxes.keep_oauth2(row)


@contextmanager
def alone(mailbox_id: int) -> Iterator[None]:
    """Let one process and thread at a time renew a mailbox's token.

    Providers that rotate refresh tokens withdraw the login when an old one is used twice. Raises
    TokenUnavailable after a minute of waiting.
    """
    end = time.monotonic() + WAIT_SECONDS
    name = f"oauth2:{mailbox_id}"
    while (lease := leases.acquire(name, leases.owner_id(), LEASE_SECONDS)) is None:
        if time.monotonic() > end:
            raise TokenUnavailable("another process is still renewing the token")
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        lease.release()


class MailboxTokens:
    """The token supplier of a mailbox (see `mail.account.TokenSupplier`): any process, any thread.

    What the provider says about the token is written to the mailbox; `desk.alerts.logins` tells of it.
    """

    def __init__(self, desk: Desk, mailbox: Mailbox) -> None:
        self._desk = desk
        self._mailbox_id = mailbox.id
        self._address = str(mailbox.address)
        self._loaded = b""
        self._supply: Callable[..., Secret] | None = None
        self._made_for: tuple[object, ...] = ()

    def __call__(self, *, renew: bool = False) -> Secret:
        """Return the access token, renewed when it is due. Errors: `TokenRefused`, `TokenUnavailable`."""
        with visiting():
            try:
                return self._supplier()(renew=renew)
            except (TokenRefused, TokenUnavailable) as error:
                # A login that this mailbox never had is no login that ended.
                error.hint = error.hint.replace("ADDRESS", self._address)
                if error.error != "not_logged_in":
                    token_health.note_trouble(self._mailbox_id, error, now())
                raise

    def _supplier(self) -> Callable[..., Secret]:
        mailbox = mailboxes.by_id(self._mailbox_id)
        row = mailboxes.oauth2_of(mailbox.id)
        # An account lives as long as its connection: a login made meanwhile belongs to the provider of now.
        made_for = (
            ()
            if row is None
            else (*_application(row), row.device_url, row.as_itself, row.secret_sealed, row.logged_in)
        )
        if self._supply is None or made_for != self._made_for:
            from mail.oauth2 import Supplier, client_credentials, refresh  # 6 ms, for OAuth2

            self._made_for = made_for
            app = app_of(self._desk, mailbox, row)
            itself = row is not None and row.as_itself
            self._supply = Supplier(
                app,
                self._load,
                self._store,
                lambda: alone(self._mailbox_id),
                (lambda app, _: client_credentials(app)) if itself else refresh,
            )
        return self._supply

    def _load(self) -> Token:
        row = mailboxes.oauth2_of(self._mailbox_id)
        if row is None:
            raise TokenRefused(NOBODY, error="not_logged_in")
        token = load_token(self._desk, row)
        self._loaded = bytes(row.token_sealed or b"")
        return token

    def _store(self, token: Token) -> None:
        with transaction():
            row = mailboxes.oauth2_of(self._mailbox_id)
            # Somebody logged in anew, or changed the application, while the provider was asked.
            if row is None or bytes(row.token_sealed or b"") != self._loaded:
                return
            _write_token(self._desk, row, token)
            self._loaded = bytes(row.token_sealed or b"")
            token_health.note_success(row)


def token_supplier(desk: Desk, mailbox: Mailbox) -> TokenSupplier:
    """Return what gives this mailbox's accounts their access token."""
    return MailboxTokens(desk, mailbox)


def expires_soon(row: MailboxOAuth2, moment: datetime) -> bool:
    """Whether the access token ends within 15 minutes, or three quarters of its life if that is shorter."""

    if row.expires is None:
        return False
    life = row.expires - row.renewed if row.renewed is not None else timedelta(hours=1)
    return bool(row.expires - moment <= min(timedelta(minutes=15), life * 0.75))
