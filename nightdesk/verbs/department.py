"""`nightdesk department`: groups of agents that tickets go to."""

from __future__ import annotations

import click

from nightdesk.arguments import OWNERS_ONLY_OR_STANDARD, json_flag, noun, owners_option
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs.staff_output import print_changed, print_list

department = noun("department", "Groups of agents that tickets go to.")

_sla = click.option("--sla", metavar="NAME", help="The SLA of its tickets; '' is the desk's default.")
_signature = owners_option(
    "--signature-file",
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


@department.command("list")
@json_flag
@click.pass_obj
def list_departments(options: Options, as_json: bool) -> Exit:
    """List departments."""
    from desk.staff import departments
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        return print_list(departments.departments(), as_json, desk.zone)


@department.command()
@click.argument("name")
@_sla
@_signature
@_days
@json_flag
@click.pass_obj
def add(
    options: Options,
    name: str,
    sla: str | None,
    signature_file: str | None,
    reopen_days: int | None,
    as_json: bool,
) -> Exit:
    """Add a department."""
    from desk.permissions import current_actor
    from desk.staff import departments
    from nightdesk.context import desk_open

    signature = _read_signature(signature_file) or ""
    with desk_open(options) as desk:
        actor = current_actor(desk)
        line = departments.add_department(actor, name, sla=sla, signature=signature, reopen_days=reopen_days)
    return print_changed(line, as_json, f"Added the department {line.name}")


@department.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="N", help="The name from now on.")
@_sla
@_signature
@_days
@click.option("--always-reopen", is_flag=True, help="A reply always reopens a closed ticket.")
@click.option("--outgoing", metavar="ADDRESS", help="The mailbox its answers are from; '' is the ticket's.")
@click.option(
    "--autoresponse-from", metavar="ADDRESS", help="The mailbox its acknowledgements are from; '' as answers."
)
@click.option("--active/--inactive", default=None, help="Whether tickets go there.")
@json_flag
@click.pass_obj
def edit(
    options: Options,
    name: str,
    new_name: str | None,
    sla: str | None,
    signature_file: str | None,
    reopen_days: int | None,
    always_reopen: bool,
    outgoing: str | None,
    autoresponse_from: str | None,
    active: bool | None,
    as_json: bool,
) -> Exit:
    """Change a department; what is not given stays."""
    from desk.permissions import current_actor
    from desk.staff import departments
    from nightdesk.arguments import something
    from nightdesk.context import desk_open

    something(
        new_name, sla, signature_file, reopen_days, always_reopen or None, outgoing, autoresponse_from, active
    )
    signature = _read_signature(signature_file)
    with desk_open(options) as desk:
        line = departments.edit_department(
            current_actor(desk),
            name,
            new_name=new_name,
            sla=sla,
            signature=signature,
            reopen_days=reopen_days,
            always_reopen=always_reopen,
            active=active,
            outgoing=outgoing,
            autoresponse_from=autoresponse_from,
        )
    return print_changed(line, as_json, f"Changed the department {line.name}")


def _read_signature(name: str | None) -> str | None:
    if name is None:
        return None
    from nightdesk.arguments import read_text

    return read_text(name, "the signature", may_be_empty=True)
