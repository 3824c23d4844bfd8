"""Mailboxes: add, change, switch on and off, remove."""

from __future__ import annotations

import difflib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from config.clock import now
from desk import logs
from desk.errors import NotFound, Refused, WrongUse
from desk.mailboxes import named_servers, restricted_mode, secrets, tokens
from desk.mailboxes.checks import alias_list
from desk.mailboxes.defaults import keep_aliases, keep_defaults
from desk.mailboxes.fields import write_row
from desk.mailboxes.health import clear_health
from desk.mailboxes.lists import MailboxLine, lines
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import Actor, require
from mail.inert import one_line
from mail.mime.address import as_compared, one_address
from models import departments, mailboxes
from models.mailboxes import Mailbox
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.fields import MailboxForm


_NOTHING: Final = MailboxSecrets(SecretInput("none"), SecretInput("none"))


def add(desk: Desk, actor: Actor, form: MailboxForm, given: MailboxSecrets | None = None) -> Mailbox:
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
        given = restricted_mode.permitted(desk, form, given or _NOTHING, None)
        mailbox = known or Mailbox(address=form.address)
        mailbox.created = _next_second()
        mailbox.removed = None
        clear_health(mailbox)
        _write(desk, mailbox, form, given)
        logs.write("info", "mailbox", f"{mailbox.address} added by {actor.login}", mailbox_id=mailbox.id)
    return mailbox


def edit(
    desk: Desk, actor: Actor, address: str, form: MailboxForm, given: MailboxSecrets | None = None
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
        given = restricted_mode.permitted(desk, form, given or MailboxSecrets(), mailbox)
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
        secrets.clear(mailbox)
        mailboxes.keep(mailbox)
        if (app := mailboxes.oauth2_of(mailbox.id)) is not None:
            secrets.clear(app)
            tokens.forget_token(app)
            mailboxes.keep_oauth2(app)
        logs.write("info", "mailbox", f"{mailbox.address} removed by {actor.login}", mailbox_id=mailbox.id)
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

    known = [row.address for row in mailboxes.in_use()]
    close = difflib.get_close_matches(address, known, 2, 0.6)
    hint = f"did you mean {' or '.join(close)}?" if close else "nightdesk mailbox list"
    raise NotFound(f"there is no mailbox {one_line(address, 80)}", hint)


def entries(desk: Desk | None = None) -> list[MailboxLine]:
    """Return every mailbox with its health, by address. Without `desk` cron lines are read in UTC."""
    return lines(mailboxes.in_use(), desk)


def _hold_back(mailbox: Mailbox, form: MailboxForm, given: MailboxSecrets) -> None:
    """Let no kept secret go to a server that was not named when it was given; a login ends there."""
    secrets.hold_back(form, mailbox, given)
    app = mailboxes.oauth2_of(mailbox.id)
    if app is not None and app.token_sealed and named_servers.new_servers("token", form, mailbox):
        tokens.forget_token(app)
        mailboxes.keep_oauth2(app)


def _next_second() -> datetime:
    """When a mailbox begins: servers date mail to the second, so that mail of this second counts as older."""
    return now().replace(microsecond=0) + timedelta(seconds=1)


def _write(desk: Desk, mailbox: Mailbox, form: MailboxForm, given: MailboxSecrets) -> None:
    write_row(mailbox, form, "address")
    write_row(mailbox, form, "incoming")
    write_row(mailbox, form, "outgoing")
    mailbox.department_id = _department_id(form.department)
    mailbox.incoming_enabled = form.incoming.enabled and form.incoming.fetches
    mailbox.send_error, mailbox.send_error_count, mailbox.send_failing_since = "", 0, None
    keep_defaults(mailbox, form.topic, form.priority)
    mailboxes.keep(mailbox)
    keep_aliases(mailbox, alias_list(form.aliases))
    # A password is sealed for the row it belongs to, so the row has to exist.
    by_token = form.incoming.auth == "oauth2"
    secrets.keep(desk, mailbox, "password", SecretInput("none") if by_token else given.incoming)
    secrets.keep(desk, mailbox, "smtp_password", given.outgoing)
    mailboxes.keep(mailbox)
    app = tokens.keep_app(mailbox, form)
    if app is not None:
        secrets.keep(desk, app, "client_secret", given.client)
        mailboxes.keep_oauth2(app)


def _department_id(name: str) -> int | None:
    if not name:
        return None
    found = departments.named(name)
    if found is None or not found.active:
        names = ", ".join(each.name for each in departments.in_use())
        raise WrongUse(f"there is no department '{one_line(name, 60)}'", f"use {names}")
    return found.id
