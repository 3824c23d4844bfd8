"""`nightdesk department`: groups of agents that tickets go to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from nightdesk.arguments import (
    OWNERS_ONLY_OR_STANDARD,
    need_a_change,
    noun,
    owners_option,
    read_early,
    read_text,
)
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.verbs import rules
from nightdesk.verbs.named_things import listed, shown

_Command = TypeVar("_Command", bound=Callable[..., Any])

department = noun("department", "Groups of agents that tickets go to.")
department.add_command(rules.exporter("department"))
department.add_command(rules.importer("department"))

_sla = click.option("--sla", metavar="NAME", help="The SLA of its tickets; '' is the desk's default.")
_signature_file = owners_option(
    "--signature-file",
    "signature",
    type=OWNERS_ONLY_OR_STANDARD,
    metavar="FILE|-",
    help="What is put below its answers.",
)
_days = click.option(
    "--reopen-days",
    type=click.IntRange(min=0),
    metavar="N",
    help="Later than that a reply to a closed ticket opens a new one.",
)


def _signature(verb: _Command) -> _Command:
    """Give a verb the text of the signature; None if it is not given."""

    def read(file: str | None) -> str | None:
        return None if file is None else read_text(file, "the signature", may_be_empty=True)

    return _signature_file(read_early("signature", read)(verb))


_assignment = click.option(
    "--assignment",
    metavar="RULE",
    help="Which of its agents gets a ticket that comes to it: hand, round-robin or least-load.",
)


_parent = click.option("--parent", metavar="D", help="The department that it is a part of; '' is none.")


_MORE: Sequence[Callable[[Any], Any]] = (
    click.option(
        "--manager", metavar="LOGIN", help="The agent who answers for it; '' is who does for its parent."
    ),
    click.option(
        "--private/--public", default=None, help="Whether customers learn neither its name nor its signature."
    ),
    click.option(
        "--assignable",
        metavar="WHO",
        help="Who may have its tickets: anyone who reads them, members, or primary: whose own one it is.",
    ),
    click.option(
        "--claims/--no-claims", default=None, help="Whether who answers a ticket that nobody has has it then."
    ),
    click.option(
        "--keeps-owner/--lets-owner-go",
        default=None,
        help="Whether a ticket that opens again stays with who had it.",
    ),
    click.option(
        "--autoresponse/--no-autoresponse", default=None, help="Whether its new tickets are acknowledged."
    ),
)


def _more(verb: _Command) -> _Command:
    """Give a verb what else a department says of its tickets."""
    for option in reversed(_MORE):
        verb = option(verb)
    return verb


@department.command("list")
@desk_verb
def list_departments(context: VerbContext) -> Result:
    """List departments."""
    from desk.documents import staff as documents
    from desk.staff import departments

    found = [documents.department(line) for line in departments.departments()]
    # A table has the same columns in every row: the path stands for name and parent.
    rows = [{**each, "name": each.get("path", each["name"])} for each in found]
    for row in rows:
        for each in ("parent", "path", "private", "assignable", "claims", "keeps_owner", "autoresponse"):
            row.pop(each, None)
    return Result(lambda: found, lambda: listed(rows, context.zone).words())


@department.command()
@click.argument("name")
@desk_verb
def show(context: VerbContext, name: str) -> Result:
    """Show one department, with what it has from those that it is a part of."""
    from desk.documents import staff as documents
    from desk.staff import departments

    document = documents.department(departments.show_department(name), departments.inherited(name))
    had = [f"{each['what']} {each['value']} (of {each['of']})" for each in document.get("inherited", [])]
    words = {**document, "inherited": "; ".join(had)} if had else document
    return Result(lambda: document, lambda: shown(words, context.zone).words())


@department.command()
@click.argument("name")
@_sla
@_signature
@_days
@_assignment
@_parent
@_more
@desk_verb
def add(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Add a department."""
    from desk.documents import staff as documents
    from desk.staff import departments

    said = {key: value for key, value in given.items() if value is not None}
    line = departments.add_department(context.actor, name, **said)
    return told(documents.department(line), f"Added the department {line.name}")


@department.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_sla
@_signature
@_days
@click.option("--always-reopen", is_flag=True, default=None, help="A reply always reopens a closed ticket.")
@click.option("--outgoing", metavar="ADDRESS", help="The mailbox its answers are from; '' is the ticket's.")
@click.option(
    "--autoresponse-from", metavar="ADDRESS", help="The mailbox its acknowledgements are from; '' as answers."
)
@_assignment
@_parent
@_more
@click.option("--active/--inactive", default=None, help="Whether tickets go there.")
@need_a_change("name")
@desk_verb
def edit(context: VerbContext, /, name: str, **given: Any) -> Result:
    """Change a department; what is not given stays."""
    from desk.documents import staff as documents
    from desk.staff import departments

    given["always_reopen"] = bool(given["always_reopen"])
    line = departments.edit_department(context.actor, name, **given)
    return told(documents.department(line), f"Changed the department {line.name}")


@department.command()
@click.argument("name")
@desk_verb
def remove(context: VerbContext, name: str) -> Result:
    """Give a department no more tickets; its own stay. `department edit --active` brings it back."""
    from desk.documents import staff as documents
    from desk.staff import departments

    line = departments.remove_department(context.actor, name)
    return told(documents.department(line), f"No more tickets go to {line.name}")
