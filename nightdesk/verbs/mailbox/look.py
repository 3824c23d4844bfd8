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

    from desk.mailboxes.fields import Account
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
            _account(line.incoming) if line.incoming.protocol != "none" else None,
            line.incoming.schedule if line.incoming.protocol != "none" else None,
            line.next_run,
            line.last_success,
            _outgoing_words(line),
            line.last_error or line.sending.last_error,
        )
        for line in lines
    ]
    output.table(heads, rows, zone)


def _account(account: Account) -> str:
    from config.wording import host_and_port

    how = account.security if account.security != "none" else "clear text"
    return f"{host_and_port(account.host, account.port)} {how}"


def _outgoing_words(line: MailboxLine) -> str | None:
    way = line.outgoing
    if not way.host:
        return None
    words = _account(way)
    return words if way.enabled else f"{words} (off)"


def _password_words(line: MailboxLine) -> str:
    if line.incoming.auth == "oauth2":
        return "none: OAuth2"
    return {"sealed": "the desk"}.get(line.secret_source, line.secret_source)


def _token_words(line: MailboxLine, zone: ZoneInfo) -> str | None:
    from desk.mailboxes.wording import state_words

    token = line.token
    if token is None:
        return None
    words = state_words(token.state, token, lambda moment: output.cell(moment, zone))
    if token.state == "ok":
        words += f", renewed {output.cell(token.renewed, zone)}"
    elif token.state != "failing":
        words += f": nightdesk mailbox login {line.address}"
    return f"{token.provider}{f' as {token.owner}' if token.owner else ''}: {words}"


def _schedule_words(line: MailboxLine) -> str:
    from desk.schedules import parse

    schedule = line.incoming.schedule
    words = parse(schedule).words()
    return schedule if words == schedule else f"{schedule}: {words}"


def _print_one(line: MailboxLine, zone: ZoneInfo) -> None:
    from config.clock import now
    from desk.fetching import withheld
    from desk.mailboxes.lists import coming_runs

    way = line.outgoing
    incoming = line.incoming.protocol != "none"
    output.line(f"{line.name} <{line.address}>" if line.name else line.address)
    output.fields(
        [
            (
                "State",
                line.state + (f" ({counted(line.error_count, 'failure')})" if line.error_count else ""),
            ),
            ("Department", line.form.department or None),
            ("Topic", line.form.topic or None),
            ("Priority", line.form.priority or None),
            ("Acknowledges", line.form.autoresponse),
            ("Aliases", line.aliases or None),
            ("Notes", line.form.notes or None),
            ("Incoming", _account(line.incoming) if incoming else "none"),
            ("Login", line.incoming.user),
            ("Password from", _password_words(line)),
            ("OAuth2", _token_words(line, zone)),
            ("OAuth2 says", line.token.error if line.token else None),
            ("Folder", line.incoming.folder),
            ("Schedule", _schedule_words(line)),
            ("Batch", line.incoming.batch),
            ("Most per fetch", line.incoming.max_per_fetch),
            ("After fetch", line.incoming.after_fetch),
            ("Backlog", line.incoming.backlog),
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
            ("Outgoing login", f"{way.auth} {line.form.sending_user}" if way.sends else None),
            ("HELO name", line.outgoing.helo),
            ("May send as others", line.outgoing.spoof if way.host else None),
            ("Copies sent mail to", line.outgoing.sent_folder),
            ("Sends for others", line.sending.default),
            ("Last sent", line.sending.last_sent),
            ("Sending error", line.sending.last_error),
        ],
        zone,
    )


VERBS: tuple[click.Command, ...] = (list_mailboxes, show_mailboxes)
