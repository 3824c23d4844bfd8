"""The flags of `nightdesk mailbox add|edit`, and what they say as values of a mailbox form."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nightdesk.arguments import OWNERS_ONLY, owners_option
from nightdesk.errors import UsageError

if TYPE_CHECKING:
    from desk.mailboxes.registry import MailboxSecrets, SecretInput

_Command = TypeVar("_Command", bound=Callable[..., Any])

_SECURITY = click.Choice(("tls", "starttls", "none"))
_OPTIONS = (
    click.option("--name", metavar="N", help="The name that customers see."),
    click.option("--protocol", type=click.Choice(("imap", "pop3", "none")), help="none: nothing is fetched."),
    click.option("--host", metavar="H", help="The IMAP or POP3 server; ssl://H is TLS, tls://H is STARTTLS."),
    click.option("--port", type=int, metavar="P", help="By protocol and security: 993, 143, 995 or 110."),
    click.option("--security", type=_SECURITY, help="By the port, else tls; none is clear text."),
    click.option("--user", metavar="U", help="The login; the address if not given."),
    click.option("--password-stdin", is_flag=True, help="The password is a line on standard input."),
    click.option(
        "--pass-cmd",
        type=OWNERS_ONLY,
        metavar="CMD",
        help="A command that prints the password; no shell runs it.",
    ),
    owners_option("--password-env", metavar="VAR", help="The variable that has the password."),
    owners_option("--password-credential", metavar="NAME", help="The systemd credential that has it."),
    owners_option("--ca-file", metavar="F", help="Trust this authority instead of the system's."),
    click.option("--fingerprint", metavar="SHA256", help="Trust this one certificate."),
    click.option("--folder", metavar="F", help="INBOX if not given."),
    click.option("--schedule", metavar="CRON", help="A cron line, or 'every 45 minutes'."),
    click.option("--every", type=click.IntRange(min=1), metavar="MINUTES", help="5 if not given."),
    click.option("--batch", type=int, metavar="N", help="Mails in one round trip; 50 if not given."),
    click.option("--max-per-fetch", type=int, metavar="N", help="At most so many a run; 0: no cap."),
    click.option("--after-fetch", metavar="keep|delete|move:FOLDER", help="keep if not given."),
    click.option(
        "--backlog",
        type=click.Choice(("all", "new", "archive")),
        help="What is there already: take it, leave it, or only file it. all if not given.",
    ),
    click.option(
        "--idle/--no-idle", default=None, help="Stay connected: new mail is fetched at once (IMAP IDLE)."
    ),
    click.option("--department", metavar="D", help="Where its tickets go."),
    click.option("--autoresponse/--no-autoresponse", default=None, help="Acknowledge new tickets."),
    click.option("--smtp-host", metavar="H", help="The SMTP server; without one the default mailbox sends."),
    click.option("--smtp-port", type=int, metavar="P", help="587; with tls 465, with none 25."),
    click.option("--smtp-security", type=_SECURITY, help="starttls if not given."),
    click.option(
        "--smtp-auth",
        type=click.Choice(("same", "basic", "none", "oauth2")),
        help="same: the login of the incoming account, if not given.",
    ),
    click.option("--smtp-user", metavar="U", help="The login for --smtp-auth basic."),
    click.option("--smtp-password-stdin", is_flag=True, help="The next line on standard input."),
    owners_option("--smtp-pass-cmd", metavar="CMD", help="A command that prints the password."),
    owners_option("--smtp-password-env", metavar="VAR", help="The variable that has the password."),
    click.option(
        "--smtp-password-credential",
        type=OWNERS_ONLY,
        metavar="NAME",
        help="The systemd credential that has it.",
    ),
    owners_option("--smtp-ca-file", metavar="F", help="Trust this authority instead of the system's."),
    click.option("--smtp-fingerprint", metavar="SHA256", help="Trust this one certificate."),
    click.option("--smtp-helo", metavar="NAME", help="The name to greet the server with; this host's."),
    click.option(
        "--smtp-spoof/--no-smtp-spoof",
        default=None,
        help="The account may write other addresses of the desk as From; else they stand in Reply-To.",
    ),
    click.option("--sent-folder", metavar="F", help="Copy sent answers to this IMAP folder; '' for none."),
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


def mailbox_flags(command: _Command) -> _Command:
    """Give a verb all flags that describe a mailbox."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def form_values(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a mailbox form that were given. Raises UsageError for two schedules."""
    from desk.mailboxes.fields import given_by

    values = given_by(flags)
    _choose_login(values, flags)
    if values.get("max_per_fetch") == 0:
        values["max_per_fetch"] = None
    if flags["every"] is not None:
        if "schedule" in values:
            raise UsageError("--schedule and --every say two things", "give one of them")
        minutes = flags["every"]
        values["schedule"] = f"every {minutes} minute{'s' if minutes > 1 else ''}"
    return values


def changed_aliases(before: str, flags: dict[str, Any]) -> dict[str, str]:
    """Return the `aliases` of the form with some added and taken away; nothing when none was named."""
    from desk.mailboxes.defaults import alias_list

    if not flags["alias"] and not flags["no_alias"]:
        return {}
    gone = {address.lower() for address in flags["no_alias"]}
    known = [address for address in alias_list(before) if address not in gone]
    return {"aliases": ", ".join([*known, *flags["alias"]])}


def given_secrets(flags: dict[str, Any]) -> MailboxSecrets:
    """Return the passwords that were given, read from standard input where the flags say so.

    The lines there are the incoming account's, the outgoing one's and the client secret, as far as given.
    Raises UsageError for two sources of one password, or a line that is missing.
    """
    from desk.mailboxes.registry import MailboxSecrets

    incoming, outgoing = _secret(flags, ""), _secret(flags, "smtp_")
    return MailboxSecrets(incoming, outgoing, _client_secret(flags))


def _choose_login(values: dict[str, Any], flags: dict[str, Any]) -> None:
    """Let the way of logging in follow from what was given, where no flag says it."""
    password = flags["password_stdin"] or any(
        flags[name] is not None for name in ("pass_cmd", "password_env", "password_credential")
    )
    if password:
        values.setdefault("auth", "basic")
    elif "oauth2" in values:
        values.setdefault("auth", "oauth2")


def _client_secret(flags: dict[str, Any]) -> SecretInput | None:
    from desk.mailboxes.registry import SecretInput

    names = {"sealed": "stdin", "pass_cmd": "cmd", "env": "env", "credential": "credential"}
    named = {source: flags[f"client_secret_{name}"] for source, name in names.items()}
    given = {source: value for source, value in named.items() if value not in (None, False)}
    if len(given) + bool(flags["no_client_secret"]) > 1:
        raise UsageError("a client secret comes from one place", "give one of its flags")
    if flags["no_client_secret"]:
        return SecretInput("none")
    for source, value in given.items():
        return SecretInput(source, _password("Client secret") if source == "sealed" else value)  # type: ignore[arg-type]
    return None


def _secret(flags: dict[str, Any], prefix: str) -> SecretInput | None:
    from desk.mailboxes.registry import SecretInput

    sources = {
        "sealed": flags[f"{prefix}password_stdin"],
        "pass_cmd": flags[f"{prefix}pass_cmd"],
        "env": flags[f"{prefix}password_env"],
        "credential": flags[f"{prefix}password_credential"],
    }
    given = [source for source, value in sources.items() if value not in (None, False)]
    if not given:
        return None
    if len(given) > 1:
        raise UsageError("a password comes from one place", "give one of the password flags")
    if given[0] == "sealed":
        return SecretInput("sealed", _password("SMTP password" if prefix else "Password"))
    source = given[0]
    assert source in ("pass_cmd", "env", "credential")
    return SecretInput(source, sources[source])  # type: ignore[arg-type]


def _password(prompt: str) -> str:

    if sys.stdin.isatty():
        from getpass import getpass

        password = getpass(f"{prompt}: ")
    else:
        try:
            password = sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise UsageError("the password on standard input is not UTF-8", "convert it") from None
    if not password:
        raise UsageError(f"there is no {prompt.lower()} on standard input", "write it there as one line")
    return password
