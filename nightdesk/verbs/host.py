"""`nightdesk host`: the machines that work for the desk."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from nightdesk.arguments import noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.exit import Exit
from nightdesk.verbs.named_things import listed

if TYPE_CHECKING:
    from desk.operations.hosts import HostLine

host = noun("host", "The machines that work for the desk: list them, let one rest.")

_LOOK_SECONDS = 0.5


@host.command("list")
@desk_verb
def list_hosts(context: VerbContext) -> Result:
    """List hosts with their versions, clocks, spools and leases, as each last reported.

    A host on which no worker runs is listed once an app, nightdesk serve or a pipe worked there. SKEW is by
    how many seconds a host's clock is ahead of the database's.
    """
    from desk.operations import hosts

    return listed([_document(each) for each in hosts.lines()], context.zone)


@host.command()
@click.argument("name", required=False)
@click.option("--off", is_flag=True, help="Let it work again.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="So long until it has nothing in hand any more.",
)
@desk_verb
def drain(context: VerbContext, name: str | None, off: bool, wait: float) -> Result:
    """Let a host (usual: this one) give back its leases, and fetch and send nothing, until --off.

    Its worker goes on taking in what is piped there. It says when nothing is left, which is when it may be
    upgraded or switched off; status 75 when something still is after --wait.
    """
    from desk.operations import hosts

    desk = context.desk
    name = name or desk.host
    if off:
        hosts.undrain(context.actor, name)
        return told(_document(hosts.line(desk, name)), f"{name} works again")
    hosts.drain(desk, context.actor, name)
    deadline = time.monotonic() + wait
    while not (line := hosts.line(desk, name)).is_empty and time.monotonic() < deadline:
        time.sleep(min(_LOOK_SECONDS, wait))
    if line.is_empty:
        words = f"{name} is empty: it holds no lease, and nothing is in its spool"
    else:
        words = f"{name} is not empty yet: {line.at_work} at work, {line.spooled} in its spool"
    return replace(told(_document(line), words), status=Exit.DONE if line.is_empty else Exit.TRY_AGAIN)


def _document(line: HostLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "version": line.version,
        "seen": line.seen,
        "skew": line.skew,
        "worker": line.worker,
        "leads": line.leads,
        "leases": list(line.leases),
        "at_work": line.at_work,
        "spooled": line.spooled,
        "drained": line.drained,
        "empty": line.is_empty,
    }
