"""Templates that a desk wrote itself, in place of those that come with the program."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import peewee

from models.database import Row
from models.fields import one_of
from models.statements import Lookup, Statement, as_read

Scope = Literal["mailbox", "topic", "department", "desk"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""For what a template is, the narrowest first."""


class Template(Row):
    """A text in one language; ``scope_id`` is the mailbox, topic or department that it is for, else 0."""

    name = peewee.TextField()
    language = peewee.TextField()
    scope = peewee.TextField(constraints=[one_of("scope", SCOPES)])
    scope_id = peewee.IntegerField(default=0)
    body = peewee.TextField()


Template.add_index(
    Template.name, Template.language, Template.scope, Template.scope_id, name="template_place", unique=True
)


class StoredTemplate(NamedTuple):
    """A template as the desk wrote it."""

    name: str
    language: str
    scope: Scope
    scope_id: int
    body: str


_READ = (Template.name, Template.language, Template.scope, Template.scope_id, Template.body)
_EVERY = Lookup(
    lambda p: Template.select(*_READ).order_by(
        Template.name, Template.language, Template.scope, Template.scope_id
    ),
    as_read(_READ, StoredTemplate),
)
_NAMED = Lookup(
    lambda p: Template.select(*_READ).where(Template.name == p("name")), as_read(_READ, StoredTemplate)
)
_WRITE = Statement(
    lambda p: Template.insert(
        {
            Template.name: p("name"),
            Template.language: p("language"),
            Template.scope: p("scope"),
            Template.scope_id: p("scope_id"),
            Template.body: p("body"),
        }
    )
)
_DELETE = Statement(
    lambda p: Template.delete().where(
        (Template.name == p("name"))
        & (Template.language == p("language"))
        & (Template.scope == p("scope"))
        & (Template.scope_id == p("scope_id"))
    )
)


def every() -> list[StoredTemplate]:
    """Return all templates of the desk's own."""
    return _EVERY.every()


def named(name: str) -> list[StoredTemplate]:
    """Return all of the desk's templates for one text."""
    return _NAMED.every(name=name)


def write(template: StoredTemplate) -> None:
    """Write a template in place of the one for the same language and thing."""
    delete(template.name, template.language, template.scope, template.scope_id)
    _WRITE.run(**template._asdict())


def delete(name: str, language: str, scope: Scope, scope_id: int) -> bool:
    """Delete a template; False when there is none."""
    return _DELETE.changed(name=name, language=language, scope=scope, scope_id=scope_id) == 1
