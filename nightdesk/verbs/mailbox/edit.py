"""`nightdesk mailbox add|edit`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from nightdesk import output
from nightdesk.arguments import json_flag
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.exit import Exit
from nightdesk.verbs.mailbox.flags import changed_aliases, form_values, given_secrets, mailbox_flags

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.fields import MailboxForm
    from desk.mailboxes.presets import Preset
    from desk.mailboxes.secrets import MailboxSecrets
    from models.mailboxes import Mailbox

PROVIDERS = (
    "gmail", "microsoft365", "outlook", "yahoo", "aol", "icloud", "fastmail", "zoho", "zoho-eu", "zoho-in",
    "gmx", "gmx-com", "proton", "own",
)  # fmt: skip
"""The ids in config/providers.toml, which is not read for a --help."""


@click.command()
@click.argument("address")
@click.option("--provider", type=click.Choice(PROVIDERS), help="Fill in this provider's servers.")
@mailbox_flags
@json_flag
def add(address: str, as_json: bool, **flags: Any) -> Exit:
    """Add a mailbox; a removed one comes back with what is known of its mail.

    Without --host, its provider's servers are filled in by the address, or by --provider.
    """
    from desk.mailboxes.form import check
    from desk.mailboxes.presets import filled

    given = {**form_values(flags), **changed_aliases("", flags), "address": address}
    values, known = filled(given, flags["provider"] or "")
    if known is not None:
        _advise(known)
    form = check(values)
    secrets = given_secrets(flags)
    _need_passwords(form, secrets)
    return _add(as_json, form, secrets)


@desk_verb
def _add(context: VerbContext, form: MailboxForm, secrets: MailboxSecrets) -> Result:
    from desk.mailboxes import registry

    mailbox = registry.add(context.desk, context.actor, form, secrets)
    _wait_for_its_first_second(mailbox)
    return _done(context.desk, mailbox, form, f"Added {mailbox.address}")


def _advise(known: Preset) -> None:
    output.say(f"{known.name}:")
    for paragraph in known.advice.split("\n\n"):
        output.say(paragraph)


def _wait_for_its_first_second(mailbox: Mailbox) -> None:
    """Wait, as servers date mail to the second: what comes after this command returned counts as new."""

    from config.clock import now

    time.sleep(min(max((mailbox.created - now()).total_seconds(), 0.0), 1.0))


@click.command()
@click.argument("address")
@click.option("--address", "new_address", metavar="ADDRESS", help="The address from now on.")
@mailbox_flags
@json_flag
def edit(address: str, new_address: str | None, as_json: bool, **flags: Any) -> Exit:
    """Change a mailbox; what is not given stays. An empty value takes a thing away."""
    changes = form_values(flags)
    if new_address is not None:
        changes["address"] = new_address
    secrets = given_secrets(flags)
    said = (secrets.incoming, secrets.outgoing, secrets.client, *flags["alias"], *flags["no_alias"])
    if not changes and all(each is None for each in said):
        raise UsageError("nothing to change was given", f"see nightdesk mailbox show {address}")
    return _edit(as_json, address, changes, flags, secrets)


@desk_verb
def _edit(
    context: VerbContext,
    address: str,
    changes: dict[str, Any],
    flags: dict[str, Any],
    secrets: MailboxSecrets,
) -> Result:
    from desk.mailboxes import registry
    from desk.mailboxes.form import merged, values_of

    before = registry.get(address)
    aliases = changed_aliases(values_of(before)["aliases"], flags)
    form = merged(before, changes | aliases)
    _need_passwords(form, secrets, before)
    mailbox = registry.edit(context.desk, context.actor, address, form, secrets)
    return _done(context.desk, mailbox, form, f"Changed {mailbox.address}")


def _need_passwords(form: MailboxForm, given: MailboxSecrets, stored: Mailbox | None = None) -> None:
    from desk.mailboxes.fields import SECRETS
    from desk.mailboxes.secrets import source_of, wanted

    for secret in SECRETS:
        kept = stored is not None and source_of(secret.name, stored).kind != "none"
        if wanted(secret.name, form) and given.of(secret.name) is None and not kept:
            *some, last = [f"--{flag.replace('_', '-')}" for flag, _ in secret.flags.values()]
            account = f"the {secret.part} account needs a password"
            raise UsageError(account, f"give {', '.join(some)} or {last}")


def _done(desk: Desk, mailbox: Mailbox, form: MailboxForm, done: str) -> Result:
    from desk.documents import mailboxes as documents
    from desk.mailboxes import lists
    from desk.mailboxes.form import warnings

    for warning in warnings(form):
        output.say(warning)
    return told(
        documents.mailbox(lists.line(mailbox, desk)),
        done,
        f"Next: nightdesk mailbox {_next(mailbox)}",
    )


def _next(mailbox: Mailbox) -> str:
    from desk.mailboxes.token_health import token_line

    if mailbox.protocol == "none" and not mailbox.smtp_host:
        return f"edit {mailbox.address} --smtp-host HOST lets it answer; mail comes by nightdesk pipe"
    token = token_line(mailbox)
    verb = "login" if token is not None and token.state in ("none", "refused") else "test"
    return f"{verb} {mailbox.address}"


VERBS: tuple[click.Command, ...] = (add, edit)
