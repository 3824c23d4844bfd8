"""`nightdesk mailbox add|edit`."""

from __future__ import annotations

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
    from desk.mailboxes.form import MailboxForm
    from desk.mailboxes.presets import Preset
    from desk.mailboxes.registry import MailboxSecrets
    from models.mailboxes import Mailbox

PROVIDERS = (
    "gmail", "microsoft365", "outlook", "yahoo", "aol", "icloud", "fastmail", "zoho", "zoho-eu", "zoho-in",
    "gmx", "gmx-com", "proton", "own",
)  # fmt: skip
"""The ids in config/providers.toml, which is not read for a --help."""
_SOURCES = ("sealed", "pass_cmd", "env", "credential")


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
    _need_passwords(form, incoming=secrets.incoming is not None, outgoing=secrets.outgoing is not None)
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
    import time

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
    from desk.mailboxes.defaults import aliases_of
    from desk.mailboxes.form import merged

    before = registry.get(address)
    aliases = changed_aliases(", ".join(aliases_of(before.id)), flags)
    form = merged(before, changes | aliases)
    _need_passwords(
        form,
        incoming=secrets.incoming is not None or before.secret_source in _SOURCES,
        outgoing=secrets.outgoing is not None or before.smtp_secret_source in _SOURCES,
    )
    mailbox = registry.edit(context.desk, context.actor, address, form, secrets)
    return _done(context.desk, mailbox, form, f"Changed {mailbox.address}")


def _need_passwords(form: MailboxForm, *, incoming: bool, outgoing: bool) -> None:
    ways = "--{0}password-stdin, --{0}pass-cmd, --{0}password-env or --{0}password-credential"
    if form.protocol != "none" and form.auth == "basic" and not incoming:
        raise UsageError("the incoming account needs a password", f"give {ways.format('')}")
    if form.sends and form.smtp_auth == "basic" and not outgoing:
        raise UsageError("the outgoing account needs a password", f"give {ways.format('smtp-')}")


def _done(desk: Desk, mailbox: Mailbox, form: MailboxForm, done: str) -> Result:
    from desk.documents import mailboxes as documents
    from desk.mailboxes import lists

    for warning in form.warnings:
        output.say(warning)
    return told(
        documents.mailbox(lists.line(mailbox, desk)),
        done,
        f"Next: nightdesk mailbox {_next(mailbox)} {mailbox.address}",
    )


def _next(mailbox: Mailbox) -> str:
    from desk.mailboxes.token_health import token_line

    token = token_line(mailbox)
    return "login" if token is not None and token.state in ("none", "refused") else "test"


VERBS: tuple[click.Command, ...] = (add, edit)
