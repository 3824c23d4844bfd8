"""The flags of `nightdesk mailbox add|edit` for OAuth2, for new tickets and for aliases."""

from __future__ import annotations

from typing import Any

import click

from nightdesk.arguments import OWNERS_ONLY, owners_option

OPTIONS = (
    click.option("--topic", metavar="T", help="The help topic of its new tickets; '' for none."),
    click.option(
        "--priority",
        type=click.Choice(("", "low", "normal", "high", "urgent")),
        help="Of its new tickets; '': what the topic says, else normal.",
    ),
    click.option(
        "--alias", metavar="ADDR", multiple=True, help="Another address that belongs to it; may be repeated."
    ),
    click.option("--no-alias", metavar="ADDR", multiple=True, help="One that does not any more."),
    click.option(
        "--oauth2",
        type=click.Choice(("google", "microsoft", "other")),
        help="Log in with OAuth2: then nightdesk mailbox login ADDRESS.",
    ),
    click.option(
        "--auth",
        type=click.Choice(("basic", "oauth2")),
        help="How fetching logs in: by a password, or OAuth2; as the flags given say.",
    ),
    click.option("--client-id", metavar="ID", help="The application as registered with the provider."),
    click.option("--client-secret-stdin", is_flag=True, help="Its secret is the last line on stdin."),
    click.option(
        "--client-secret-cmd",
        type=OWNERS_ONLY,
        metavar="CMD",
        help="A command that prints the client secret.",
    ),
    owners_option("--client-secret-env", metavar="VAR", help="The variable that has it."),
    click.option(
        "--client-secret-credential",
        type=OWNERS_ONLY,
        metavar="NAME",
        help="The systemd credential that has it.",
    ),
    click.option("--no-client-secret", is_flag=True, help="It has none: a public client."),
    click.option("--tenant", metavar="T", help="Microsoft: the tenant's id or domain; common if not given."),
    click.option("--authorize-url", metavar="URL", help="Where a person logs in; the provider's own."),
    click.option("--token-url", metavar="URL", help="Where tokens are given; the provider's own."),
    click.option("--device-url", metavar="URL", help="Where device codes are given; the provider's own."),
    click.option("--revoke-url", metavar="URL", help="Where tokens are taken back; the provider's own."),
    click.option("--scopes", metavar="'S ...'", help="What is asked for; the provider's own."),
    click.option(
        "--client-auth", type=click.Choice(("post", "basic")), help="How the client secret is sent; post."
    ),
    owners_option("--oauth2-ca-file", metavar="F", help="Trust this authority for the OAuth2 server."),
    click.option(
        "--strict-login/--no-strict-login",
        default=None,
        help="Who logs in must be the mailbox; off for shared mailboxes.",
    ),
)


def choose_login(values: dict[str, Any], flags: dict[str, Any]) -> None:
    """Let the way of logging in follow from what was given, where no flag says it."""
    password = flags["password_stdin"] or any(
        flags[name] is not None for name in ("pass_cmd", "password_env", "password_credential")
    )
    if password:
        values.setdefault("auth", "basic")
    elif "oauth2" in values:
        values.setdefault("auth", "oauth2")


def changed_aliases(before: str, flags: dict[str, Any]) -> dict[str, str]:
    """Return the `aliases` of the form with some added and taken away; nothing when none was named."""
    from desk.mailboxes.defaults import alias_list

    if not flags["alias"] and not flags["no_alias"]:
        return {}
    gone = {address.lower() for address in flags["no_alias"]}
    known = [address for address in alias_list(before) if address not in gone]
    return {"aliases": ", ".join([*known, *flags["alias"]])}
