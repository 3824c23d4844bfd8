"""Mailboxes: add, change, switch on and off, remove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from config.clock import now
from desk import logs
from desk.errors import NotFound, Refused, WrongUse
from desk.mailboxes import named_servers, restricted_mode, tokens
from desk.mailboxes.accounts import (
    incoming_context,
    outgoing_context,
)
from desk.mailboxes.defaults import alias_list, keep_aliases, keep_defaults
from desk.mailboxes.fields import copy_into
from desk.mailboxes.health import clear_health
from desk.mailboxes.lists import MailboxLine, lines
from desk.permissions import Actor, require
from mail.inert import one_line
from mail.mime.address import as_compared, one_address
from models import departments, mailboxes
from models.mailboxes import Mailbox
from models.transactions import transaction

if TYPE_CHECKING:
    from config.secrets import SecretKind
    from desk.home import Desk
    from desk.mailboxes.form import MailboxForm
    from models.mailboxes import MailboxOAuth2


@dataclass(frozen=True, slots=True)
class SecretInput:
    """A password as it was given: itself (``sealed``), or where it comes from."""

    source: Literal["sealed", "pass_cmd", "env", "credential", "none"]
    value: str = ""

    def __repr__(self) -> str:
        return f"SecretInput({self.source!r}, ********)"


@dataclass(frozen=True, slots=True)
class MailboxSecrets:
    """The passwords of a mailbox; None leaves what is stored (for a new mailbox: none)."""

    incoming: SecretInput | None = None
    outgoing: SecretInput | None = None
    client: SecretInput | None = None
    """The client secret of the OAuth2 application."""


def add(desk: Desk, actor: Actor, form: MailboxForm, secrets: MailboxSecrets | None = None) -> Mailbox:
    """Add a mailbox; one that was removed before comes back with what is known of its mail.

    Raises Refused when the desk has that address already.
    """
    require(actor, "mailbox.edit")
    with transaction():
        known = mailboxes.with_address(form.address)
        if known is not None and known.removed is None:
            raise Refused(
                f"the desk has the mailbox {known.address} already",
                f"nightdesk mailbox edit {known.address} ...",
            )
        given = secrets or MailboxSecrets(SecretInput("none"), SecretInput("none"))
        given = restricted_mode.permitted(desk, form.model_dump(), given, None)
        mailbox = known or Mailbox(address=form.address)
        mailbox.created = _next_second()
        mailbox.removed = None
        clear_health(mailbox)
        _write(desk, mailbox, form, given)
        logs.write("info", "mailbox", f"{mailbox.address} added by {actor.login}", mailbox_id=mailbox.id)
    return mailbox


def edit(
    desk: Desk, actor: Actor, address: str, form: MailboxForm, secrets: MailboxSecrets | None = None
) -> Mailbox:
    """Change a mailbox to what the form says; passwords that are not given stay as they are.

    What was wrong before is forgotten, so that the next fetch comes at once. A login with OAuth2 ends when it
    would go to other servers. Raises NotFound, Refused when the new address belongs to another mailbox,
    `named_servers.SecretNotForThere` for a kept password that would go to other servers, and NotAllowed (see
    `restricted_mode`).
    """
    require(actor, "mailbox.edit")
    with transaction():
        mailbox = get(address)
        given = restricted_mode.permitted(desk, form.model_dump(), secrets or MailboxSecrets(), mailbox)
        other = mailboxes.with_address(form.address)
        if other is not None and other.id != mailbox.id:
            raise Refused(f"{form.address} is another mailbox of the desk", "give each its own address")
        _hold_back(mailbox, form, given)
        mailbox.address = form.address
        clear_health(mailbox)
        _write(desk, mailbox, form, given)
        logs.write("info", "mailbox", f"{mailbox.address} changed by {actor.login}", mailbox_id=mailbox.id)
    return mailbox


def switch(
    actor: Actor, address: str, *, incoming: bool | None = None, outgoing: bool | None = None
) -> Mailbox:
    """Switch fetching or sending on or off; None leaves it. Raises Refused for what is not set up."""
    require(actor, "mailbox.edit")
    with transaction():
        mailbox = get(address)
        if incoming is not None and mailbox.protocol == "none":
            if incoming:
                raise Refused(
                    f"{mailbox.address} has no incoming account", f"nightdesk mailbox edit {address}"
                )
            incoming = None
        if outgoing and not mailbox.smtp_host:
            raise Refused(
                f"{mailbox.address} has no outgoing account",
                f"nightdesk mailbox edit {address} --smtp-host HOST",
            )
        changed = []
        if incoming is not None and bool(mailbox.incoming_enabled) != incoming:
            mailbox.incoming_enabled = incoming
            changed.append(f"fetching {'on' if incoming else 'off'}")
            if incoming:
                clear_health(mailbox)
        if outgoing is not None and bool(mailbox.outgoing_enabled) != outgoing:
            mailbox.outgoing_enabled = outgoing
            changed.append(f"sending {'on' if outgoing else 'off'}")
        if changed:
            mailboxes.keep(mailbox)
            text = f"{mailbox.address}: {', '.join(changed)}, by {actor.login}"
            logs.write("info", "mailbox", text, mailbox_id=mailbox.id)
    return mailbox


def remove(actor: Actor, address: str) -> Mailbox:
    """Remove a mailbox. Its tickets stay, and so does what is known of its mail, for when it comes back.

    Its passwords are forgotten.
    """
    require(actor, "mailbox.edit")
    with transaction():
        mailbox = get(address)
        mailbox.removed = now()
        for name in ("secret", "smtp_secret"):
            setattr(mailbox, f"{name}_source", "none")
            setattr(mailbox, f"{name}_sealed", None)
            setattr(mailbox, f"{name}_ref", "")
        mailboxes.keep(mailbox)
        if (app := mailboxes.oauth2_of(mailbox.id)) is not None:
            app.secret_source, app.secret_sealed, app.secret_ref = "none", None, ""
            tokens.forget_token(app)
            mailboxes.keep_oauth2(app)
        logs.write("info", "mailbox", f"{mailbox.address} removed by {actor.login}", mailbox_id=mailbox.id)
    return mailbox


def revive(actor: Actor, address: str) -> Mailbox:
    """Bring a removed mailbox back as it was, without its passwords and switched off."""
    require(actor, "mailbox.edit")
    with transaction():
        mailbox = mailboxes.with_address(address)
        if mailbox is None or mailbox.removed is None:
            raise NotFound(f"there is no removed mailbox {one_line(address, 80)}", "nightdesk mailbox list")
        mailbox.removed = None
        mailbox.created = _next_second()
        mailbox.incoming_enabled = mailbox.outgoing_enabled = False
        mailboxes.keep(mailbox)
        logs.write("info", "mailbox", f"{mailbox.address} came back, by {actor.login}", mailbox_id=mailbox.id)
    return mailbox


def find(address: str) -> Mailbox | None:
    """Return the mailbox of that address, or None; removed ones are not found."""
    found = mailboxes.in_use_with_address(address.strip())
    if found is None and one_address(address):
        wanted = as_compared(address)
        found = next((row for row in mailboxes.in_use() if as_compared(row.address) == wanted), None)
    return found


def get(address: str) -> Mailbox:
    """Return the mailbox of that address; raises NotFound with the nearest ones."""
    found = find(address)
    if found is not None:
        return found
    import difflib

    known = [row.address for row in mailboxes.in_use()]
    close = difflib.get_close_matches(address, known, 2, 0.6)
    hint = f"did you mean {' or '.join(close)}?" if close else "nightdesk mailbox list"
    raise NotFound(f"there is no mailbox {one_line(address, 80)}", hint)


def entries(desk: Desk | None = None) -> list[MailboxLine]:
    """Return every mailbox with its health, by address. Without `desk` cron lines are read in UTC."""
    return lines(mailboxes.in_use(), desk)


def _hold_back(mailbox: Mailbox, form: MailboxForm, given: MailboxSecrets) -> None:
    """Let no kept secret go to a server that was not named when it was given."""
    app = mailboxes.oauth2_of(mailbox.id)
    kept: list[tuple[named_servers.SecretName, SecretInput | None, str]] = [
        ("password", given.incoming, mailbox.secret_source),
        ("smtp_password", given.outgoing, mailbox.smtp_secret_source),
        ("client_secret", given.client, app.secret_source if app else "none"),
    ]
    for name, again, source in kept:
        if again is None and source != "none" and (others := named_servers.new_servers(name, form, mailbox)):
            raise named_servers.SecretNotForThere(name, form, others[0])
    if app is not None and app.token_sealed and named_servers.new_servers("token", form, mailbox):
        tokens.forget_token(app)
        mailboxes.keep_oauth2(app)


def _next_second() -> datetime:
    """When a mailbox begins: servers date mail to the second, so that mail of this second counts as older."""
    return now().replace(microsecond=0) + timedelta(seconds=1)


def _write(desk: Desk, mailbox: Mailbox, form: MailboxForm, secrets: MailboxSecrets) -> None:
    copy_into(mailbox, form, "address")
    copy_into(mailbox, form, "incoming")
    copy_into(mailbox, form, "outgoing")
    mailbox.department_id = _department_id(form.department)
    mailbox.incoming_enabled = form.incoming_enabled and form.protocol != "none"
    mailbox.outgoing_enabled = form.outgoing_enabled
    mailbox.send_error, mailbox.send_error_count, mailbox.send_failing_since = "", 0, None
    keep_defaults(mailbox, form.topic, form.priority)
    mailboxes.keep(mailbox)
    keep_aliases(mailbox, alias_list(form.aliases))
    # A password is sealed for the row it belongs to, so the row has to exist.
    incoming = SecretInput("none") if form.auth == "oauth2" else secrets.incoming
    _keep_secret(desk, mailbox, "secret", incoming, incoming_context(mailbox.id))
    _keep_secret(desk, mailbox, "smtp_secret", secrets.outgoing, outgoing_context(mailbox.id))
    mailboxes.keep(mailbox)
    app = tokens.keep_app(mailbox, form)
    if app is not None:
        _keep_secret(desk, app, "secret", secrets.client, tokens.client_context(mailbox.id))
        mailboxes.keep_oauth2(app)


def _keep_secret(
    desk: Desk, mailbox: Mailbox | MailboxOAuth2, name: str, given: SecretInput | None, context: str
) -> None:
    if given is None:
        return
    kind: SecretKind = given.source
    sealed = None
    if kind == "sealed":
        if not given.value:
            raise WrongUse("the password is empty", "give one, or choose where it comes from")
        sealed = desk.sealer.seal(given.value, context)
    elif kind != "none" and not given.value.strip():
        raise WrongUse(f"{kind} needs a value", "the command, the variable or the credential's name")
    setattr(mailbox, f"{name}_source", kind)
    setattr(mailbox, f"{name}_sealed", sealed)
    setattr(mailbox, f"{name}_ref", given.value.strip() if kind not in ("sealed", "none") else "")


def _department_id(name: str) -> int | None:
    if not name:
        return None
    known = departments.in_use()
    found = next((each for each in known if each.name.lower() == name.lower()), None)
    if found is None:
        names = ", ".join(each.name for each in known)
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", f"use {names}")
    return found.id
