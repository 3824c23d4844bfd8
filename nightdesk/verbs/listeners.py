"""`nightdesk webhook` and `nightdesk push`: who outside the desk hears of what happens."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nightdesk import output
from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    limit_option,
    need_a_change,
    noun,
    owners_option,
    read_early,
    read_text,
)
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.exit import Exit
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

if TYPE_CHECKING:
    from desk.listeners.listeners import Addressed

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _what_it_hears(verb: _Command) -> _Command:
    for option in (
        click.option("--if", "condition", metavar="QUERY", help="Only of tickets that the query finds."),
        click.option(
            "--event", "events", multiple=True, metavar="E", help="Only of these, several times; all: of all."
        ),
    ):
        verb = option(verb)
    return verb


def _line_of_input(asked: bool) -> str | None:
    return sys.stdin.readline().strip() if asked else None


def _group(kind: Addressed, about: str) -> click.Group:
    """Return the verbs that webhooks and push addresses have both."""
    group = noun(kind, about)

    @group.command("list", help="List them; of an address is shown what may be.")
    @desk_verb
    def list_(context: VerbContext) -> Result:
        from desk.documents import listeners as documents
        from desk.listeners import listeners

        return listed([documents.listener(each) for each in listeners.listed(kind)], context.zone)

    @group.command(help="Show one; of its address is shown what may be.")
    @click.argument("name")
    @desk_verb
    def show(context: VerbContext, name: str) -> Result:
        from desk.documents import listeners as documents
        from desk.listeners import listeners

        return shown(documents.listener(listeners.show(kind, name)), context.zone)

    @group.command(help="Remove it, with the calls that wait for it.")
    @click.argument("name")
    @desk_verb
    def remove(context: VerbContext, name: str) -> Result:
        from desk.listeners import listeners

        listeners.remove(context.actor, kind, name)
        return told({"name": name}, f"{name} is told nothing any more")

    @group.command(help="Call it now with a test, and tell what it answered.")
    @click.argument("name")
    @desk_verb
    def test(context: VerbContext, name: str) -> Result:
        from config.clock import now
        from desk.documents import listeners as documents
        from desk.listeners import listeners
        from desk.permissions import require
        from worker.call import calls

        require(context.actor, "settings.edit")
        call_id = calls.make_test(context.desk, listeners.stored(kind, name), now())
        [line] = [each for each in listeners.calls(context.actor, kind, name, 10) if each.id == call_id]
        said = f"{line.status or ''} {line.words}".strip()
        words = f"{name} took it" if line.state == "made" else f"{name} did not take it"
        result = told(documents.call(line), f"{words}{f': {said}' if said else ''}")
        return result if line.state == "made" else Result(result.document, result.words, status=Exit.FAILED)

    @group.command(help="List what it was told lately, and what it answered.")
    @click.argument("name")
    @limit_option
    @desk_verb
    def log(context: VerbContext, name: str, limit: int) -> Result:
        from desk.documents import listeners as documents
        from desk.listeners import listeners

        lines = listeners.calls(context.actor, kind, name, limit or -1)
        heads: list[Column | str] = [
            *("at", "event", Column("ticket", "right"), "state", Column("tries", "right")),
            *("status", Column("answered", flexible=True)),
        ]
        rows = [
            (each.created, each.event, each.ticket or "", each.state, each.attempts, each.status, each.words)
            for each in lines
        ]
        return Result(
            lambda: [documents.call(each) for each in lines],
            lambda: (
                output.table(heads, rows, context.zone) if rows else output.say("it was told nothing yet")
            ),
        )

    group.add_command(rules.exporter(kind))
    group.add_command(rules.importer(kind))
    return group


webhook = _group("webhook", "Webhooks: signed JSON to a URL when something happens.")
push = _group("push", "Push addresses: chat and telephones, by apprise.")


@webhook.command("add")
@click.argument("name")
@click.argument("url")
@_what_it_hears
@click.option("--secret-stdin", is_flag=True, help="Take the signing secret from standard input.")
@read_early("secret_stdin", _line_of_input)
@desk_verb
def add_webhook(
    context: VerbContext,
    name: str,
    url: str,
    events: tuple[str, ...],
    condition: str | None,
    secret_stdin: str | None,
) -> Result:
    """Add a webhook. The secret that signs its calls is printed now, and never again."""
    from desk.documents import listeners as documents
    from desk.listeners import listeners

    line, secret = listeners.add(
        context.desk,
        context.actor,
        "webhook",
        name,
        url,
        events=events,
        condition=condition or "",
        secret=secret_stdin,
    )
    document = documents.listener(line) | ({} if secret_stdin else {"secret": secret})
    words = [] if secret_stdin else [f"Its secret, shown this once: {secret}"]
    return told(document, f"Added the webhook {line.name} to {line.place}", *words)


@webhook.command("edit")
@click.argument("name")
@click.option("--url", metavar="URL", help="Another address.")
@_what_it_hears
@click.option("--secret-stdin", is_flag=True, default=None, help="Another secret, from standard input.")
@click.option("--active/--inactive", default=None, help="Whether it is called at all.")
@read_early("secret_stdin", lambda asked: _line_of_input(bool(asked)))
@need_a_change("name")
@desk_verb
def edit_webhook(
    context: VerbContext,
    name: str,
    url: str | None,
    events: tuple[str, ...],
    condition: str | None,
    secret_stdin: str | None,
    active: bool | None,
) -> Result:
    """Change a webhook; what is not given stays."""
    from desk.documents import listeners as documents
    from desk.listeners import listeners

    line = listeners.edit(
        context.desk,
        context.actor,
        "webhook",
        name,
        address=url,
        events=events or None,
        condition=condition,
        secret=secret_stdin,
        active=active,
    )
    return told(documents.listener(line), f"Changed the webhook {line.name}")


def _url_file(verb: _Command, *, required: bool) -> _Command:
    option = owners_option(
        "--url-file",
        "url",
        required=required,
        type=OWNERS_ONLY_OR_STANDARD,
        metavar="FILE|-",
        help="The file with its address; - is standard input. It is sealed, and never shown.",
    )
    read = read_early("url", lambda file: None if file is None else read_text(file, "the address").strip())
    return option(read(verb))


_agent = click.option(
    "--agent", metavar="LOGIN", help="This agent's own: told what that agent is mailed of; '': the desk's."
)


@push.command("add")
@click.argument("name")
@functools.partial(_url_file, required=True)
@_what_it_hears
@_agent
@desk_verb
def add_push(
    context: VerbContext,
    name: str,
    url: str,
    events: tuple[str, ...],
    condition: str | None,
    agent: str | None,
) -> Result:
    """Add a push address, such as ntfys://ntfy.example.org/topic: whatever apprise knows."""
    from desk.documents import listeners as documents
    from desk.listeners import listeners

    line, _ = listeners.add(
        context.desk,
        context.actor,
        "push",
        name,
        url,
        events=events,
        condition=condition or "",
        agent=agent,
    )
    return told(documents.listener(line), f"Added the push address {line.name}")


@push.command("edit")
@click.argument("name")
@functools.partial(_url_file, required=False)
@_what_it_hears
@_agent
@click.option("--active/--inactive", default=None, help="Whether it is called at all.")
@need_a_change("name")
@desk_verb
def edit_push(
    context: VerbContext,
    name: str,
    url: str | None,
    events: tuple[str, ...],
    condition: str | None,
    agent: str | None,
    active: bool | None,
) -> Result:
    """Change a push address; what is not given stays."""
    from desk.documents import listeners as documents
    from desk.listeners import listeners

    line = listeners.edit(
        context.desk,
        context.actor,
        "push",
        name,
        address=url,
        events=events or None,
        condition=condition,
        agent=agent,
        active=active,
    )
    return told(documents.listener(line), f"Changed the push address {line.name}")
