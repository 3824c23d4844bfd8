"""`nightdesk mailbox list|show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import Chosen, addresses_argument
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, one_by_one

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from desk.mailboxes.lists import MailboxLine


@click.command("list")
@desk_verb
def list_mailboxes(context: VerbContext) -> Result:
    """List mailboxes with their health."""
    from desk.documents import mailboxes as documents
    from desk.mailboxes import registry

    lines = registry.entries(context.desk)
    return Result(
        lambda: [documents.mailbox(line) for line in lines], lambda: _print_list(lines, context.zone)
    )


@click.command("show")
@addresses_argument
@desk_verb
def show_mailboxes(context: VerbContext, addresses: Chosen[str]) -> Result:
    """Show mailboxes with their accounts and health; never a password.

    With --json one ADDRESS gives an object; several, or -, an array.
    """
    from desk.documents import mailboxes as documents
    from desk.mailboxes import lists, registry

    lines = [lists.line(registry.get(address), context.desk) for address in addresses]
    shown = [documents.mailbox(line) for line in lines]
    return Result(
        lambda: shown[0] if addresses.alone else shown,
        lambda: one_by_one(lines, lambda line: _print_one(line, context.zone)),
    )


def _print_list(lines: list[MailboxLine], zone: ZoneInfo) -> None:
    if not lines:
        output.say("no mailboxes: nightdesk mailbox add ADDRESS --host HOST --user USER --password-stdin")
        return
    heads: list[Column | str] = [
        Column("address", flexible=True),
        "state",
        Column("incoming", flexible=True, spare=2),
        Column("schedule", flexible=True, spare=3),
        Column("next run", spare=1),
        "last success",
        Column("outgoing", flexible=True, spare=4),
        Column("error", flexible=True),
    ]
    rows = [
        (
            line.address,
            line.state,
            _account(line.host, line.port, line.security) if line.protocol != "none" else None,
            line.schedule if line.protocol != "none" else None,
            line.next_run,
            line.last_success,
            _outgoing_words(line),
            line.last_error or line.outgoing.last_error,
        )
        for line in lines
    ]
    output.table(heads, rows, zone)


def _account(host: str, port: int, security: str) -> str:
    return f"{host}:{port} {security if security != 'none' else 'clear text'}"


def _outgoing_words(line: MailboxLine) -> str | None:
    way = line.outgoing
    if not way.host:
        return None
    words = _account(way.host, way.port, way.security)
    return words if way.enabled else f"{words} (off)"


def _password_words(line: MailboxLine) -> str:
    if line.auth == "oauth2":
        return "none: OAuth2"
    return {"sealed": "the desk"}.get(line.secret_source, line.secret_source)


def _token_words(line: MailboxLine, zone: ZoneInfo) -> str | None:
    token = line.token
    if token is None:
        return None
    again = f"nightdesk mailbox login {line.address}"
    words = {
        "none": f"nobody logged in yet: {again}",
        "ok": f"logged in, renewed {output.cell(token.renewed, zone)}",
        "ending": f"the login ends {output.cell(token.refresh_expires, zone)}: {again}",
        "failing": f"cannot be renewed since {output.cell(token.failing_since, zone)}",
        "refused": f"refused since {output.cell(token.refused, zone)}: {again}",
    }[token.state]
    return f"{token.provider}{f' as {token.owner}' if token.owner else ''}: {words}"


def _schedule_words(line: MailboxLine) -> str:
    from desk.schedules import parse

    words = parse(line.schedule).words()
    return line.schedule if words == line.schedule else f"{line.schedule}: {words}"


def _print_one(line: MailboxLine, zone: ZoneInfo) -> None:
    from config.clock import now
    from desk.fetching import withheld
    from desk.mailboxes.lists import coming_runs

    way = line.outgoing
    incoming = line.protocol != "none"
    output.line(f"{line.name} <{line.address}>" if line.name else line.address)
    output.fields(
        [
            (
                "State",
                line.state + (f" ({counted(line.error_count, 'failure')})" if line.error_count else ""),
            ),
            ("Department", line.department),
            ("Topic", line.topic),
            ("Priority", line.priority),
            ("Acknowledges", line.autoresponse),
            ("Aliases", line.aliases or None),
            ("Incoming", _account(line.host, line.port, line.security) if incoming else "none"),
            ("Login", line.user),
            ("Password from", _password_words(line)),
            ("OAuth2", _token_words(line, zone)),
            ("OAuth2 says", line.token.error if line.token else None),
            ("Folder", line.folder),
            ("Schedule", _schedule_words(line)),
            ("Batch", line.batch),
            ("Most per fetch", line.max_per_fetch),
            ("After fetch", line.after_fetch),
            ("Backlog", line.backlog),
            ("Next runs", coming_runs(line, zone, now())),
            ("Last attempt", line.last_attempt),
            ("Last success", line.last_success),
            ("Left at the server", line.waiting or None),
            *(("Withheld", withheld.words(each)) for each in line.withheld),
            ("Told of new mail since", line.idle_since),
            ("Not told of new mail", line.idle_error),
            ("Failing since", line.failing_since),
            ("Next try not before", line.not_before),
            ("Alerted", line.alerted),
            ("Last error", line.last_error),
            ("Cure", line.last_error_hint),
            ("Outgoing", _outgoing_words(line)),
            ("Outgoing login", f"{way.auth} {way.user}" if way.host else None),
            ("Greets as", line.helo),
            ("May send as others", line.spoof if way.host else None),
            ("Copies sent mail to", line.sent_folder),
            ("Sends for others", way.default),
            ("Last sent", way.last_sent),
            ("Sending error", way.last_error),
        ],
        zone,
    )


VERBS: tuple[click.Command, ...] = (list_mailboxes, show_mailboxes)
