"""`nightdesk mailbox add|edit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nightdesk.arguments import json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs.mailbox_flags import mailbox_flags

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.mailboxes.form import MailboxForm
    from desk.mailboxes.presets import Preset
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
@click.pass_obj
def add(options: Options, /, address: str, as_json: bool, **flags: Any) -> Exit:
    """Add a mailbox; a removed one comes back with what is known of its mail.

    Without --host, its provider's servers are filled in by the address, or by --provider.
    """
    from desk.mailboxes.form import check
    from desk.mailboxes.presets import filled
    from nightdesk.context import desk_open
    from nightdesk.verbs.mailbox_flags import form_values, given_secrets
    from nightdesk.verbs.mailbox_login_flags import changed_aliases

    given = {**form_values(flags), **changed_aliases("", flags), "address": address}
    values, known = filled(given, flags["provider"] or "")
    if known is not None:
        _advise(known)
    form = check(values)
    secrets = given_secrets(flags)
    _need_passwords(form, incoming=secrets.incoming is not None, outgoing=secrets.outgoing is not None)
    with desk_open(options) as desk:
        from desk.mailboxes import registry
        from desk.permissions import current_actor

        mailbox = registry.add(desk, current_actor(desk), form, secrets)
        _wait_for_its_first_second(mailbox)
        _tell(desk, mailbox, form, as_json, f"Added {mailbox.address}")
    return Exit.DONE


def _advise(known: Preset) -> None:
    from nightdesk import output

    output.say(f"{known.name}:")
    for paragraph in known.advice.split("\n\n"):
        output.say(paragraph)


def _wait_for_its_first_second(mailbox: Mailbox) -> None:
    """Servers date mail to the second: what comes after this command returned shall count as new."""
    import time

    from config.clock import now

    time.sleep(min(max((mailbox.created - now()).total_seconds(), 0.0), 1.0))


@click.command()
@click.argument("address")
@click.option("--address", "new_address", metavar="ADDRESS", help="The address from now on.")
@mailbox_flags
@json_flag
@click.pass_obj
def edit(options: Options, /, address: str, new_address: str | None, as_json: bool, **flags: Any) -> Exit:
    """Change a mailbox; what is not given stays. An empty value takes a thing away."""
    from nightdesk.context import desk_open
    from nightdesk.errors import UsageError
    from nightdesk.verbs.mailbox_flags import form_values, given_secrets
    from nightdesk.verbs.mailbox_login_flags import changed_aliases

    changes = form_values(flags)
    if new_address is not None:
        changes["address"] = new_address
    secrets = given_secrets(flags)
    said = (secrets.incoming, secrets.outgoing, secrets.client, *flags["alias"], *flags["no_alias"])
    if not changes and all(each is None for each in said):
        raise UsageError("nothing to change was given", f"see nightdesk mailbox show {address}")
    with desk_open(options) as desk:
        from desk.mailboxes import registry
        from desk.mailboxes.defaults import aliases_of
        from desk.mailboxes.form import merged
        from desk.permissions import current_actor

        before = registry.get(address)
        aliases = changed_aliases(", ".join(aliases_of(before.id)), flags)
        form = merged(before, changes | aliases)
        _need_passwords(
            form,
            incoming=secrets.incoming is not None or before.secret_source in _SOURCES,
            outgoing=secrets.outgoing is not None or before.smtp_secret_source in _SOURCES,
        )
        mailbox = registry.edit(desk, current_actor(desk), address, form, secrets)
        _tell(desk, mailbox, form, as_json, f"Changed {mailbox.address}")
    return Exit.DONE


def _need_passwords(form: MailboxForm, *, incoming: bool, outgoing: bool) -> None:
    from nightdesk.errors import UsageError

    ways = "--{0}password-stdin, --{0}pass-cmd, --{0}password-env or --{0}password-credential"
    if form.protocol != "none" and form.auth == "basic" and not incoming:
        raise UsageError("the incoming account needs a password", f"give {ways.format('')}")
    if form.sends and form.smtp_auth == "basic" and not outgoing:
        raise UsageError("the outgoing account needs a password", f"give {ways.format('smtp-')}")


def _tell(desk: Desk, mailbox: Mailbox, form: MailboxForm, as_json: bool, done: str) -> None:
    from desk.mailboxes import lists
    from nightdesk import output

    for warning in form.warnings:
        output.say(warning)
    if as_json:
        output.emit_json(lists.line(mailbox, desk).to_json())
    else:
        output.line(done)
        output.line(f"Next: nightdesk mailbox {_next(mailbox)} {mailbox.address}")


def _next(mailbox: Mailbox) -> str:
    from desk.mailboxes.token_health import token_line

    token = token_line(mailbox)
    return "login" if token is not None and token.state in ("none", "refused") else "test"


VERBS: tuple[click.Command, ...] = (add, edit)
