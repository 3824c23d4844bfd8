"""The passwords of a mailbox: how one is given, and the one place where it is set, kept or cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from config.records import Record
from config.secrets import SecretSource
from desk.errors import WrongUse
from desk.mailboxes import named_servers
from desk.mailboxes.fields import SECRET, SECRETS, SecretField, SecretName
from models import mailboxes

if TYPE_CHECKING:
    from config.secrets import SecretKind
    from desk.home import Desk
    from desk.mailboxes.fields import MailboxForm
    from models.mailboxes import Mailbox, MailboxOAuth2


class SecretInput(Record):
    """A password as it was given: itself (``sealed``), or where it comes from."""

    source: SecretKind
    value: str = ""

    def __repr__(self) -> str:
        return f"SecretInput({self.source!r}, ********)"


class MailboxSecrets(Record):
    """The passwords of a mailbox; None leaves what is stored (for a new mailbox: none)."""

    incoming: SecretInput | None = None
    outgoing: SecretInput | None = None
    client: SecretInput | None = None
    """The client secret of the OAuth2 application."""

    def of(self, name: SecretName) -> SecretInput | None:
        """Return how one of them was given."""
        given: SecretInput | None = getattr(self, SECRET[name].given)
        return given


def wanted(name: SecretName, form: MailboxForm) -> bool:
    """Whether a mailbox that is as the form says cannot work without this password."""
    if name == "password":
        return form.incoming.fetches and form.incoming.auth == "basic"
    return name == "smtp_password" and form.outgoing.sends and form.outgoing.auth == "basic"


def source_of(name: SecretName, mailbox: Mailbox) -> SecretSource:
    """Return where a password of a mailbox comes from."""
    secret = SECRET[name]
    row = mailboxes.oauth2_of(mailbox.id) if secret.part == "oauth2" else mailbox
    return SecretSource() if row is None else source_in(secret, row)


def source_in(secret: SecretField, row: Mailbox | MailboxOAuth2) -> SecretSource:
    """Return the same of the row that holds it."""
    return SecretSource(
        cast("SecretKind", getattr(row, f"{secret.row}_source")),
        getattr(row, f"{secret.row}_ref"),
        bytes(getattr(row, f"{secret.row}_sealed") or b""),
        context(secret.name, _mailbox_id(row)),
    )


def context(name: SecretName, mailbox_id: int) -> str:
    """Return what a sealed password is bound to."""
    return f"mailbox {mailbox_id} {SECRET[name].bound_to}"


def hold_back(form: MailboxForm, stored: Mailbox, given: MailboxSecrets) -> None:
    """Let no kept password go to a server that was not named when it was given; raises SecretNotForThere."""
    for secret in SECRETS:
        if given.of(secret.name) is None and source_of(secret.name, stored).kind != "none":
            others = named_servers.new_servers(secret.name, form, stored)
            if others:
                raise named_servers.SecretNotForThere(secret.name, form, others[0])


def keep(desk: Desk, row: Mailbox | MailboxOAuth2, name: SecretName, given: SecretInput | None) -> None:
    """Put a password that was given into its row, which has an id; None leaves what is there.

    The caller keeps the row. Raises WrongUse for an empty one.
    """
    if given is None:
        return
    sealed = None
    if given.source == "sealed":
        if not given.value:
            raise WrongUse("the password is empty", "give one, or choose where it comes from")
        sealed = desk.sealer.seal(given.value, context(name, _mailbox_id(row)))
    elif given.source != "none" and not given.value.strip():
        raise WrongUse(f"{given.source} needs a value", "the command, the variable or the credential's name")
    _set(row, name, given.source, sealed, "" if sealed else given.value.strip())


def clear(row: Mailbox | MailboxOAuth2) -> None:
    """Forget the passwords that a row holds; the caller keeps it."""
    for secret in SECRETS:
        if (secret.part == "oauth2") == hasattr(row, "mailbox_id"):
            _set(row, secret.name, "none", None, "")


def _set(row: Any, name: SecretName, source: SecretKind, sealed: bytes | None, reference: str) -> None:
    begin = SECRET[name].row
    setattr(row, f"{begin}_source", source)
    setattr(row, f"{begin}_sealed", sealed)
    setattr(row, f"{begin}_ref", reference if source != "none" else "")


def _mailbox_id(row: Mailbox | MailboxOAuth2) -> int:
    mailbox_id: int = getattr(row, "mailbox_id", None) or row.id
    return mailbox_id
