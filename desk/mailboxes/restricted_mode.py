"""Restricted mode: an agent behind a forced command reaches the desk, and no file or command of its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from desk.errors import NotAllowed
from desk.mailboxes.fields import OWNERS_FILES, SECRETS, values
from desk.mailboxes.secrets import source_of
from desk.mailboxes.stored import form_of

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.fields import MailboxForm
    from desk.mailboxes.secrets import MailboxSecrets
    from models.mailboxes import Mailbox

HINT = "the desk's owner does that, without NIGHTDESK_RESTRICTED"


def refuse_files(desk: Desk, said: Mapping[str, Any], stored: Mailbox | None) -> None:
    """Raise NotAllowed in restricted mode for a file that the mailbox does not have already.

    `said`: the values of a mailbox form, by the fields' names.
    """
    if not desk.settings.restricted:
        return
    kept = values(form_of(stored)) if stored is not None else {}
    for name in OWNERS_FILES:
        if said.get(name) and said[name] != kept.get(name, ""):
            raise NotAllowed("in restricted mode no CA file is named", HINT)


def permitted(
    desk: Desk, form: MailboxForm, secrets: MailboxSecrets, stored: Mailbox | None
) -> MailboxSecrets:
    """Return the secrets that may be kept or tried with a mailbox form.

    Outside of restricted mode those are all. In it, what the mailbox has already counts as not given. Raises
    NotAllowed for a CA file, a command, a variable or a credential that it has not.
    """
    if not desk.settings.restricted:
        return secrets
    refuse_files(desk, values(form), stored)
    for secret in SECRETS:
        given = secrets.of(secret.name)
        if given is None or given.source in ("sealed", "none"):
            continue
        kept = source_of(secret.name, stored) if stored is not None else None
        if kept is None or (given.source, given.value.strip()) != (kept.kind, kept.ref):
            raise NotAllowed(
                "in restricted mode a password is typed, it comes from no command, variable or credential",
                HINT,
            )
        secrets = secrets._replace(**{secret.given: None})
    return secrets
