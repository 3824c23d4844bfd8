"""The flags of `nightdesk mailbox add|edit`, and what they say as values of a mailbox form."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nightdesk.arguments import OWNERS_ONLY, owners_option
from nightdesk.verbs import mailbox_login_flags

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
)


def mailbox_flags(command: _Command) -> _Command:
    """Give a verb all flags that describe a mailbox."""
    for option in reversed((*_OPTIONS, *mailbox_login_flags.OPTIONS)):
        command = option(command)
    return command


def form_values(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a mailbox form that were given. Raises UsageError for two schedules."""
    from desk.mailboxes.fields import given_by
    from nightdesk.errors import UsageError

    values = given_by(flags)
    mailbox_login_flags.choose_login(values, flags)
    if values.get("max_per_fetch") == 0:
        values["max_per_fetch"] = None
    if flags["every"] is not None:
        if "schedule" in values:
            raise UsageError("--schedule and --every say two things", "give one of them")
        minutes = flags["every"]
        values["schedule"] = f"every {minutes} minute{'s' if minutes > 1 else ''}"
    return values


def given_secrets(flags: dict[str, Any]) -> MailboxSecrets:
    """Return the passwords that were given, read from standard input where the flags say so.

    The lines there are the incoming account's, the outgoing one's and the client secret, as far as given.
    Raises UsageError for two sources of one password, or a line that is missing.
    """
    from desk.mailboxes.registry import MailboxSecrets

    incoming, outgoing = _secret(flags, ""), _secret(flags, "smtp_")
    return MailboxSecrets(incoming, outgoing, _client_secret(flags))


def _client_secret(flags: dict[str, Any]) -> SecretInput | None:
    from desk.mailboxes.registry import SecretInput
    from nightdesk.errors import UsageError

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
    from nightdesk.errors import UsageError

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
    from nightdesk.errors import UsageError

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
