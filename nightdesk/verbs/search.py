"""`nightdesk search`: full-text search over all messages."""

from __future__ import annotations

import click

from nightdesk import output
from nightdesk.arguments import limit_option
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@limit_option
@desk_verb
def search(context: VerbContext, query: tuple[str, ...], limit: int) -> Result:
    """Find messages in all tickets, closed ones too, newest first.

    QUERY is made of beginnings of words, "phrases" in quotes, and conditions on their tickets
    (state:closed from:@corp.example created:>2026-11-01 ...); - in front negates, OR and ( ) choose. What is
    no query is looked for word by word.
    """
    from desk.documents import tickets as documents
    from desk.tickets.query import parse_or_words
    from desk.tickets.search import hits as find

    actor = context.actor
    wanted, problem = parse_or_words(" ".join(query), actor, context.zone)
    if problem is not None:
        output.say(f"looked for word by word, because {problem}: {problem.hint}")
    hits = find(wanted, limit, actor=actor)

    def words() -> None:
        if not hits:
            output.say("nothing found")
            return
        heads = [
            Column("ticket", "right"),
            Column("created"),
            Column("from", flexible=True),
            Column("subject", flexible=True),
            Column("text", flexible=True),
        ]
        rows = [(hit.number, hit.created, hit.sender, hit.subject, hit.snippet) for hit in hits]
        output.table(heads, rows, context.zone)

    return Result(lambda: map(documents.hit, hits), words)
