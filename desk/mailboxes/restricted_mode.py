"""Restricted mode: an agent behind a forced command reaches the desk, and no file or command of its owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from desk.errors import NotAllowed
from models import mailboxes

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.registry import MailboxSecrets, SecretInput
    from models.mailboxes import Mailbox

CA_FILES = ("ca_file", "smtp_ca_file", "oauth2_ca_file")
HINT = "the desk's owner does that, without NIGHTDESK_RESTRICTED"


def refuse_files(desk: Desk, values: Mapping[str, Any], stored: Mailbox | None) -> None:
    """Raise NotAllowed in restricted mode for a CA file that the mailbox does not have already."""
    if not desk.settings.restricted:
        return
    for name in CA_FILES:
        given = values.get(name)
        if given and given != _kept_file(stored, name):
            raise NotAllowed("in restricted mode no CA file is named", HINT)


def permitted(
    desk: Desk, values: Mapping[str, Any], secrets: MailboxSecrets, stored: Mailbox | None
) -> MailboxSecrets:
    """Return the secrets that may be kept or tried with these values of a mailbox form.

    Outside of restricted mode those are all. In it, what the mailbox has already counts as not given. Raises
    NotAllowed for a CA file, a command, a variable or a credential that it has not.
    """
    if not desk.settings.restricted:
        return secrets
    refuse_files(desk, values, stored)
    given = _without_kept(secrets, stored)
    for each in (given.incoming, given.outgoing, given.client):
        if each is not None and each.source not in ("sealed", "none"):
            raise NotAllowed(
                "in restricted mode a password is typed, it comes from no command, variable or credential",
                HINT,
            )
    return given


def _without_kept(secrets: MailboxSecrets, stored: Mailbox | None) -> MailboxSecrets:
    if stored is None:
        return secrets
    app = mailboxes.oauth2_of(stored.id)
    kept = {
        "incoming": (stored.secret_source, stored.secret_ref),
        "outgoing": (stored.smtp_secret_source, stored.smtp_secret_ref),
        "client": (app.secret_source, app.secret_ref) if app else ("none", ""),
    }
    changes = {name: None for name, pair in kept.items() if _same(getattr(secrets, name), pair)}
    return replace(secrets, **changes) if changes else secrets


def _same(given: SecretInput | None, kept: tuple[str, str]) -> bool:
    return (
        given is not None
        and given.source not in ("sealed", "none")
        and (given.source, given.value.strip()) == kept
    )


def _kept_file(stored: Mailbox | None, name: str) -> str:
    if stored is None:
        return ""
    if name != "oauth2_ca_file":
        return str(getattr(stored, name))
    app = mailboxes.oauth2_of(stored.id)
    return str(app.ca_file) if app else ""
