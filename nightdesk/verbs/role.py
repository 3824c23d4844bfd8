"""`nightdesk role`: what agents may do."""

from __future__ import annotations

from nightdesk.arguments import noun
from nightdesk.desk_verb import Result, VerbContext, desk_verb
from nightdesk.verbs.named_things import listed

role = noun("role", "What agents may do.")


@role.command("list")
@desk_verb
def list_roles(context: VerbContext) -> Result:
    """List roles with the actions they grant; * is all of them."""
    from desk.documents import staff as documents
    from desk.staff import roles

    return listed([documents.role(line) for line in roles.roles()], context.zone)
