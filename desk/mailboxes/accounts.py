"""The accounts behind mailboxes: what the wire needs to fetch and to send, with the passwords."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from config.secrets import Secret, resolve
from desk.errors import Refused
from desk.mailboxes.secrets import source_of
from desk.mailboxes.stored import incoming_of, outgoing_of
from mail.account import IncomingAccount, OutgoingAccount

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.fields import Incoming, Outgoing
    from mail.account import TokenSupplier
    from models.mailboxes import Mailbox


def incoming_account(desk: Desk, mailbox: Mailbox) -> IncomingAccount:
    """Return the account that mail is fetched from; runs the password command, if it has one (up to 30 s).

    Raises SecretUnavailable, SealBroken, or Refused for a mailbox that fetches nothing.
    """
    account = incoming_of(mailbox)
    if not account.fetches:
        raise Refused(
            f"{mailbox.address} fetches no mail", f"nightdesk mailbox edit {mailbox.address} --protocol imap"
        )
    if account.auth == "oauth2":
        return fetching_by(account, Secret(""), _token_supplier(desk, mailbox))
    return fetching_by(account, resolve(source_of("password", mailbox), desk.sealer))


def outgoing_account(desk: Desk, mailbox: Mailbox) -> OutgoingAccount:
    """Return the account that mail leaves through; raises as `incoming_account` does."""
    account, incoming = outgoing_of(mailbox), incoming_of(mailbox)
    if not account.sends:
        raise Refused(
            f"{mailbox.address} has no outgoing account",
            f"nightdesk mailbox edit {mailbox.address} --smtp-host HOST",
        )
    match outgoing_auth(account.auth, incoming.auth):
        case "oauth2":
            return sending_by(account, incoming, Secret(""), _token_supplier(desk, mailbox))
        case "none":
            return sending_by(account, incoming, Secret(""))
    source = source_of("password" if account.auth == "same" else "smtp_password", mailbox)
    return sending_by(account, incoming, resolve(source, desk.sealer))


def fetching_by(account: Incoming, password: Secret, token: TokenSupplier | None = None) -> IncomingAccount:
    """Return what the wire needs to fetch by an account, stored or yet to be."""
    return IncomingAccount(
        host=account.host,
        port=account.port or account.usual_ports[account.security],
        security=account.security,
        user=account.user,
        password=password,
        folder=account.folder,
        ca_file=Path(account.ca_file) if account.ca_file else None,
        fingerprint=account.fingerprint or None,
        protocol="pop3" if account.protocol == "pop3" else "imap",
        auth=account.auth,
        token=token,
    )


def sending_by(
    account: Outgoing, incoming: Incoming, password: Secret, token: TokenSupplier | None = None
) -> OutgoingAccount:
    """Return what the wire needs to send by an account, whose login may be the `incoming` one's."""
    return OutgoingAccount(
        host=account.host,
        port=account.port or account.usual_ports[account.security],
        security=account.security,
        auth=outgoing_auth(account.auth, incoming.auth),
        user=incoming.user if account.auth == "same" else account.user,
        password=password,
        ca_file=Path(account.ca_file) if account.ca_file else None,
        fingerprint=account.fingerprint or None,
        helo=account.helo or None,
        token=token,
    )


def outgoing_auth(outgoing: str, incoming: str) -> Literal["basic", "none", "oauth2"]:
    """Return how the outgoing account logs in, from what the mailbox says of it and of the incoming one."""
    if outgoing == "none":
        return "none"
    return "oauth2" if outgoing == "oauth2" or (outgoing == "same" and incoming == "oauth2") else "basic"


def _token_supplier(desk: Desk, mailbox: Mailbox) -> TokenSupplier:
    from desk.mailboxes.tokens import token_supplier  # 8 ms, for OAuth2

    return token_supplier(desk, mailbox)
