"""The flags of `nightdesk mailbox add|edit`, made from the table of fields, and what they say of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from desk.mailboxes.fields import FIELDS, SECRETS, Field, SecretField, given_by
from nightdesk.arguments import owners_option
from nightdesk.errors import UsageError

if TYPE_CHECKING:
    from config.secrets import SecretKind
    from desk.mailboxes.secrets import MailboxSecrets, SecretInput

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Option = Callable[[_Command], _Command]

_METAVARS = {"pass_cmd": "CMD", "env": "VAR", "credential": "NAME"}


def mailbox_flags(command: _Command) -> _Command:
    """Give a verb all flags that describe a mailbox."""
    for option in reversed([*options()]):
        command = option(command)
    return command


def options() -> Iterator[_Option[Any]]:
    """Yield the flags in the table's order, each password after the account that it is for."""
    for position, field in enumerate(FIELDS):
        if field.option:
            yield from _options(field)
        if position + 1 == len(FIELDS) or FIELDS[position + 1].part != field.part:
            for secret in SECRETS:
                if secret.part == field.part:
                    yield from _secret_options(secret)


def _options(field: Field) -> Iterator[_Option[Any]]:
    flag, about = f"--{field.option.replace('_', '-')}", field.about
    if field.name == "aliases":
        yield click.option(flag, metavar=about.metavar, multiple=True, help=about.flag)
        yield click.option(
            "--no-alias", metavar=about.metavar, multiple=True, help="One that does not any more."
        )
    elif field.kind == "yes":
        yield click.option(f"{flag}/--no-{flag.removeprefix('--')}", default=None, help=about.flag)
    elif field.kind == "choice":
        choices = [each for each in field.choices if each or field.name != "oauth2"]
        yield click.option(flag, type=click.Choice(choices), help=about.flag)
    elif field.kind == "number":
        yield click.option(flag, type=int, metavar=about.metavar, help=about.flag)
    elif about.owners:
        yield owners_option(flag, metavar=about.metavar, help=about.flag)
    else:
        yield click.option(flag, metavar=about.metavar, help=about.flag)
    if field.name == "schedule":
        minutes = click.IntRange(min=1)
        yield click.option("--every", type=minutes, metavar="MINUTES", help="5 if not given.")


def _secret_options(secret: SecretField) -> Iterator[_Option[Any]]:
    for source, (name, words) in secret.flags.items():
        flag = f"--{name.replace('_', '-')}"
        if source in _METAVARS:
            yield owners_option(flag, metavar=_METAVARS[source], help=words)
        else:
            yield click.option(flag, is_flag=True, help=words)


def form_values(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a mailbox form that were given. Raises UsageError for two schedules."""
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
    from desk.mailboxes.checks import alias_list

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
    from desk.mailboxes.secrets import MailboxSecrets

    return MailboxSecrets(**{secret.given: _secret(secret, flags) for secret in SECRETS})


def _choose_login(values: dict[str, Any], flags: dict[str, Any]) -> None:
    """Let the way of logging in follow from what was given, where no flag says it."""
    if any(given for given in _sources(SECRETS[0], flags)):
        values.setdefault("auth", "basic")
    elif "oauth2" in values:
        values.setdefault("auth", "oauth2")


def _sources(secret: SecretField, flags: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the places that a password was said to come from, with what was said of them."""
    told = [(source, flags[name]) for source, (name, _) in secret.flags.items()]
    return [(source, value) for source, value in told if value not in (None, False)]


def _secret(secret: SecretField, flags: dict[str, Any]) -> SecretInput | None:
    from desk.mailboxes.secrets import SecretInput

    given = _sources(secret, flags)
    if not given:
        return None
    if len(given) > 1:
        what = "client secret" if secret.part == "oauth2" else "password"
        which = "its flags" if secret.part == "oauth2" else "the password flags"
        raise UsageError(f"a {what} comes from one place", f"give one of {which}")
    ((source, value),) = given
    if source == "sealed":
        value = _password(secret.label)
    return SecretInput(cast("SecretKind", source), "" if source == "none" else value)


def _password(prompt: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass  # 0.6 ms, on a terminal

        password = getpass(f"{prompt}: ")
    else:
        try:
            password = sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise UsageError("the password on standard input is not UTF-8", "convert it") from None
    if not password:
        raise UsageError(f"there is no {prompt.lower()} on standard input", "write it there as one line")
    return password
