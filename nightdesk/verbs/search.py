"""`nightdesk search`: full-text search over all messages."""

from __future__ import annotations

import click

from nightdesk.arguments import json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    metavar="N",
    help="At most so many; 0 = all.",
)
@json_flag
@click.pass_obj
def search(options: Options, query: tuple[str, ...], limit: int, as_json: bool) -> Exit:
    """Find messages in all tickets, closed ones too, newest first.

    QUERY is made of beginnings of words, "phrases" in quotes, and conditions on their tickets
    (state:closed from:@corp.example created:>2026-11-01 ...); - in front negates, OR and ( ) choose. What is
    no query is looked for word by word.
    """
    from desk.permissions import current_actor
    from desk.tickets.query import parse_or_words
    from desk.tickets.search import hits as find
    from nightdesk import output
    from nightdesk.columns import Column
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        actor = current_actor(desk)
        wanted, problem = parse_or_words(" ".join(query), actor, desk.zone)
        if problem is not None:
            output.say(f"looked for word by word, because {problem}: {problem.hint}")
        hits = find(wanted, limit, actor=actor)
        if as_json:
            output.emit_json_array(hit.to_json() for hit in hits)
        elif not hits:
            output.say("nothing found")
        else:
            heads = [
                Column("ticket", "right"),
                Column("created"),
                Column("from", flexible=True),
                Column("subject", flexible=True),
                Column("text", flexible=True),
            ]
            rows = [(hit.number, hit.created, hit.sender, hit.subject, hit.snippet) for hit in hits]
            output.table(heads, rows, desk.zone)
    return Exit.DONE
