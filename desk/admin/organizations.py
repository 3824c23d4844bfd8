"""Organizations, as a table of fields."""

from __future__ import annotations

from collections.abc import Sequence

from desk import organizations
from desk.admin.table import Acts, Field, Noun, Record, Values, words_of
from desk.home import Desk
from desk.permissions import Actor
from desk.staff import agents


def _read(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "domains": ", ".join(line.domains),
                "shares": line.shares,
                "owner": line.owner or "",
                "note": line.note,
            },
        )
        for line in organizations.organizations()
    ]


def _add(_desk: Desk, actor: Actor, values: Values) -> str:
    organizations.add_organization(
        actor,
        str(values["name"]),
        words_of(values["domains"]),
        shares=bool(values["shares"]),
        note=str(values["note"]),
        owner=str(values["owner"]),
    )
    return ""


def _edit(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    told = {name: str(values[name]) for name in ("note", "owner") if name in values}
    wanted = words_of(values["domains"]) if "domains" in values else None
    organizations.edit_organization(
        actor,
        key,
        new_name=str(values["name"]) if "name" in values else None,
        add=wanted or (),
        remove=() if wanted is None else organizations.named(key).domains,
        shares=bool(values["shares"]) if "shares" in values else None,
        **told,
    )


def _remove(_desk: Desk, actor: Actor, key: str) -> None:
    organizations.remove_organization(actor, key)


def _domains(text: str) -> None:
    for word in words_of(text):
        organizations.domain_name(word)


def _logins() -> Sequence[str]:
    return [each.login for each in agents.agents() if each.active]


ORGANIZATIONS = Noun(
    "organization",
    "Organizations",
    "settings.edit",
    "Whose people write to the desk, by the domains of their addresses.",
    (
        Field("name", "Name", "As agents, lists and filters call it.", width=24, needed="give a name"),
        Field(
            *("domains", "Domains", "With commas: who writes from one of these is of it.", "list", 26),
            check=_domains,
        ),
        Field(
            *("shares", "Shares", "Whether its people may answer in one another's tickets.", "switch", 6),
            start=True,
        ),
        Field(
            *("owner", "Owner", "The agent who looks after it and is told of its new tickets.", "choice", 14),
            choices=_logins,
            none="nobody",
        ),
        Field("note", "Note", "What agents should know.", "lines"),
    ),
    Acts(_read, _add, _edit, _remove),
    removal="Its people and their tickets stay.",
)
