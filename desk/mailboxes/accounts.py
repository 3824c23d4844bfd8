"""The accounts behind mailboxes: what the wire needs to fetch and to send, with the passwords."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from config.secrets import Secret, SecretSource, resolve
from desk.errors import Refused
from mail.account import IncomingAccount, OutgoingAccount
from models import mailboxes

if TYPE_CHECKING:
    from config.secrets import SecretKind
    from desk.home import Desk
    from mail.account import Security, TokenSupplier
    from models.mailboxes import Mailbox


def incoming_account(desk: Desk, mailbox: Mailbox) -> IncomingAccount:
    """Return the account that mail is fetched from; runs the password command, if it has one (up to 30 s).

    Raises SecretUnavailable, SealBroken, or Refused for a mailbox that fetches nothing.
    """
    if mailbox.protocol == "none":
        raise Refused(
            f"{mailbox.address} fetches no mail", f"nightdesk mailbox edit {mailbox.address} --protocol imap"
        )
    oauth2 = mailbox.auth == "oauth2"
    return IncomingAccount(
        host=mailbox.host,
        port=mailbox.port,
        security=cast("Security", mailbox.security),
        user=mailbox.username,
        password=Secret("") if oauth2 else resolve(incoming_source(mailbox), desk.sealer),
        folder=mailbox.folder,
        ca_file=Path(mailbox.ca_file) if mailbox.ca_file else None,
        fingerprint=mailbox.fingerprint or None,
        protocol="pop3" if mailbox.protocol == "pop3" else "imap",
        auth="oauth2" if oauth2 else "basic",
        token=_token_supplier(desk, mailbox) if oauth2 else None,
    )


def outgoing_account(desk: Desk, mailbox: Mailbox) -> OutgoingAccount:
    """Return the account that mail leaves through; raises as `incoming_account` does."""
    if not mailbox.smtp_host:
        raise Refused(
            f"{mailbox.address} has no outgoing account",
            f"nightdesk mailbox edit {mailbox.address} --smtp-host HOST",
        )
    auth = outgoing_auth(mailbox.smtp_auth, mailbox.auth)
    same = mailbox.smtp_auth == "same"
    source = incoming_source(mailbox) if same else outgoing_source(mailbox)
    return OutgoingAccount(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=cast("Security", mailbox.smtp_security),
        auth=auth,
        user=mailbox.username if same else mailbox.smtp_username,
        password=resolve(source, desk.sealer) if auth == "basic" else Secret(""),
        ca_file=Path(mailbox.smtp_ca_file) if mailbox.smtp_ca_file else None,
        fingerprint=mailbox.smtp_fingerprint or None,
        helo=mailbox.smtp_helo or None,
        token=_token_supplier(desk, mailbox) if auth == "oauth2" else None,
    )


def outgoing_auth(smtp_auth: str, auth: str) -> Literal["basic", "none", "oauth2"]:
    """How the outgoing account logs in, from what the mailbox says and how its incoming account does."""
    if smtp_auth == "none":
        return "none"
    return "oauth2" if smtp_auth == "oauth2" or (smtp_auth == "same" and auth == "oauth2") else "basic"


def incoming_source(mailbox: Mailbox) -> SecretSource:
    """Return where the password of the incoming account comes from."""
    return SecretSource(
        cast("SecretKind", mailbox.secret_source),
        mailbox.secret_ref,
        bytes(mailbox.secret_sealed or b""),
        incoming_context(mailbox.id),
    )


def outgoing_source(mailbox: Mailbox) -> SecretSource:
    """Return where the own password of the outgoing account comes from."""
    return SecretSource(
        cast("SecretKind", mailbox.smtp_secret_source),
        mailbox.smtp_secret_ref,
        bytes(mailbox.smtp_secret_sealed or b""),
        outgoing_context(mailbox.id),
    )


def incoming_context(mailbox_id: int) -> str:
    """Return what a sealed incoming password is bound to."""
    return f"mailbox {mailbox_id} incoming"


def outgoing_context(mailbox_id: int) -> str:
    """Return what a sealed outgoing password is bound to."""
    return f"mailbox {mailbox_id} outgoing"


def outgoing_for(desk: Desk, mailbox_id: int | None) -> Mailbox | None:
    """Return the mailbox whose account sends for this one: itself, else the default one; None: none does."""
    own = None if mailbox_id is None else mailboxes.sender(mailbox_id)
    return own or default_outgoing(desk)


def default_outgoing(desk: Desk) -> Mailbox | None:
    """Return the mailbox that sends for those without an outgoing account, or None."""
    from desk import settings

    named = str(settings.get("mail.default_outgoing"))
    return mailboxes.sender_with_address(named) if named else None


def _token_supplier(desk: Desk, mailbox: Mailbox) -> TokenSupplier:
    from desk.mailboxes.tokens import token_supplier

    return token_supplier(desk, mailbox)
