"""`nightdesk mailbox test|folders`: what a mailbox's servers say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from nightdesk import output
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import Failed
from nightdesk.exit import Exit

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.outbox.probe_mail import ProbeMail
    from mail.probe import Step


@click.command()
@click.argument("address")
@click.option("--incoming", is_flag=True, help="Only fetching.")
@click.option("--outgoing", is_flag=True, help="Only sending.")
@click.option("--send-to", metavar="TO", help="Send a test mail there, and show what was said.")
@desk_verb
def test(context: VerbContext, address: str, incoming: bool, outgoing: bool, send_to: str | None) -> Result:
    """Try the accounts of a mailbox: resolve, connect, TLS, login, folder, SMTP.

    Nothing is fetched, and nothing is sent without --send-to.
    """
    from desk.documents import mailboxes as documents
    from desk.outbox import probe_mail
    from desk.permissions import require

    desk = context.desk
    show: Callable[[str, str, Step], None] = _silent if context.as_json else _print
    sides = [side for side, asked in (("incoming", incoming), ("outgoing", outgoing)) if asked]
    found: dict[str, list[dict[str, Any]]] = {"incoming": [], "outgoing": []}
    passed = True
    require(context.actor, "mailbox.edit")
    for side, step in _steps(desk, address, sides or ["incoming", "outgoing"]):
        show(address, side, step)
        found[side].append(documents.step(step))
        passed = passed and step.ok is not False
    document: dict[str, Any] = {"address": address, **found}
    if send_to is not None:
        mail = probe_mail.send_test(desk, context.actor, address, send_to)
        document["mail"] = documents.test_mail(mail)
        passed = passed and mail.sent
        if not context.as_json:
            _print_mail(mail)
    document["ok"] = passed
    if passed:
        return told(document, f"{address} works")
    cure = f"see the step that failed, or nightdesk mailbox edit {address}"
    return Result(lambda: document, lambda: None, [f"{address} does not work: {cure}"], Exit.FAILED)


def _steps(desk: Desk, address: str, sides: list[str]) -> Iterator[tuple[str, Step]]:
    """Yield the steps of each side; raises Failed when there is none to try."""
    from desk.mailboxes import registry
    from desk.mailboxes.connection import try_form
    from desk.mailboxes.form import merged
    from desk.mailboxes.secrets import MailboxSecrets

    mailbox = registry.get(address)
    form = merged(mailbox, {})
    only = {
        "incoming": replace(form, outgoing=replace(form.outgoing, host="")),
        "outgoing": replace(form, incoming=replace(form.incoming, protocol="none")),
    }
    there = {"incoming": form.incoming.fetches, "outgoing": form.outgoing.sends}
    if not any(there[side] for side in sides):
        account = sides[0] if len(sides) == 1 else "incoming and no outgoing"
        raise Failed(f"{mailbox.address} has no {account} account", f"nightdesk mailbox edit {address} ...")
    for side in sides:
        if there[side]:
            for step in try_form(desk, only[side], MailboxSecrets(), mailbox):
                yield side, step


def _silent(_address: str, _side: str, _step: Step) -> None:
    return


def _print(address: str, side: str, step: Step) -> None:
    mark = {True: "ok", False: "FAILED", None: "-"}[step.ok]
    spent = f" ({step.seconds:.2f} s)" if step.ok is not None else ""
    output.line(f"{side} {step.name}: {mark}{f', {step.detail}' if step.detail else ''}{spent}")
    if step.words:
        output.line(f"the server says: {step.words}", indent=4)
    if step.ok is False and step.cure:
        output.line(step.cure, indent=4)
    if step.pin:
        flag = "--smtp-fingerprint" if side == "outgoing" else "--fingerprint"
        output.line(f"the server shows: {step.certificate}", indent=4)
        output.line("if that is your server, pin it:", indent=4)
        again = _password_again(address, side)
        output.line(f"nightdesk mailbox edit {address} {flag} {step.pin}{again}", indent=4)
    sys.stdout.flush()


def _password_again(address: str, side: str) -> str:
    """Return the flag that gives a stored password again: it was not given for a server with this pin."""
    from desk.mailboxes import registry

    mailbox = registry.get(address)
    if side == "outgoing" and mailbox.smtp_auth != "same":
        source, flag = mailbox.smtp_secret_source, " --smtp-password-stdin"
    else:
        source, flag = mailbox.secret_source, " --password-stdin"
    return flag if source == "sealed" else ""


def _print_mail(mail: ProbeMail) -> None:
    output.line(f"test mail to {mail.to} through {mail.through}: {mail.state}, {mail.words}")
    for said in mail.dialogue:
        output.line(said, indent=4)
    if mail.cure:
        output.line(mail.cure, indent=4)


@click.command()
@click.argument("address")
@desk_verb
def folders(context: VerbContext, address: str) -> Result:
    """List the folders that a mailbox has at its server."""
    from desk.mailboxes import connection, registry
    from desk.mailboxes.form import merged
    from desk.mailboxes.secrets import MailboxSecrets
    from desk.permissions import require

    require(context.actor, "mailbox.edit")
    mailbox = registry.get(address)
    form = merged(mailbox, {})
    found = connection.list_folders(context.desk, form, MailboxSecrets(), mailbox)
    return told(
        [{"name": each.name, "use": each.use or None} for each in found],
        *(f"{each.name} ({each.use})" if each.use else each.name for each in found),
    )


VERBS: tuple[click.Command, ...] = (test, folders)
