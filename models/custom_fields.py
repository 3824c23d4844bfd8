"""Custom fields: what a desk defines itself for tickets and contacts, beside the built-in columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import JsonField, as_json, one_of
from models.statements import Lookup, Statement, Update, as_read
from models.topics import Topic

FieldKind = Literal["text", "number", "date", "choice", "yesno", "agent", "contact"]
FIELD_KINDS: tuple[FieldKind, ...] = get_args(FieldKind)
FieldOwner = Literal["ticket", "contact"]
FIELD_OWNERS: tuple[FieldOwner, ...] = get_args(FieldOwner)


class CustomField(Row):
    """A field of tickets or of contacts: its name, and what values it takes."""

    name = peewee.TextField(unique=True, collation="NOCASE")
    label = peewee.TextField()
    kind = peewee.TextField(constraints=[one_of("kind", FIELD_KINDS)])
    belongs_to = peewee.TextField(constraints=[one_of("belongs_to", FIELD_OWNERS)])
    choices = JsonField(default=list)
    hint = peewee.TextField(default="")
    position = peewee.IntegerField(default=100)
    active = peewee.BooleanField(default=True)
    required = peewee.BooleanField(default=False)
    """Whether agents close a ticket for which it is offered only once something stands in it."""


class CustomFieldTopic(Row):
    """A help topic for whose tickets a field is offered; a field without one is offered for all."""

    field = peewee.ForeignKeyField(CustomField, on_delete="CASCADE")
    topic = peewee.ForeignKeyField(Topic, on_delete="CASCADE")

    if TYPE_CHECKING:
        field_id: int
        topic_id: int

    class Meta:
        primary_key = peewee.CompositeKey("field", "topic")
        without_rowid = True


class FieldValue(Record):
    """A field's value as it is stored; ``number`` is what numbers are compared by."""

    text: str
    number: float | None = None


class StoredField(Record):
    """A field as the desk defined it."""

    id: int
    name: str
    label: str
    kind: FieldKind
    belongs_to: FieldOwner
    choices: list[str]
    hint: str
    position: int
    active: bool
    required: bool = False


_READ = (
    *(CustomField.id, CustomField.name, CustomField.label, CustomField.kind, CustomField.belongs_to),
    *(CustomField.choices, CustomField.hint, CustomField.position, CustomField.active, CustomField.required),
)
_EVERY = Lookup(
    lambda p: CustomField.select(*_READ).order_by(CustomField.position, CustomField.name),
    as_read(_READ, StoredField),
)
_TOPICS = Lookup(
    lambda p: (
        CustomFieldTopic.select(CustomFieldTopic.field, CustomFieldTopic.topic, Topic.name)
        .join(Topic)
        .order_by(Topic.name)
    ),
    lambda field_id, topic_id, name: (int(field_id), int(topic_id), str(name)),
)
_WRITE = Statement(
    lambda p: CustomField.insert(
        {
            CustomField.name: p("name"),
            CustomField.label: p("label"),
            CustomField.kind: p("kind"),
            CustomField.belongs_to: p("belongs_to"),
            CustomField.choices: p("choices"),
            CustomField.hint: p("hint"),
            CustomField.position: p("position"),
            CustomField.active: p("active"),
            CustomField.required: p("required"),
        }
    ).returning(CustomField.id)
)
_CHANGE = Update(CustomField)
_DELETE = Statement(lambda p: CustomField.delete().where(CustomField.id == p("field_id")))
_NO_TOPICS = Statement(lambda p: CustomFieldTopic.delete().where(CustomFieldTopic.field == p("field_id")))
_ADD_TOPIC = Statement(
    lambda p: CustomFieldTopic.insert(
        {CustomFieldTopic.field: p("field_id"), CustomFieldTopic.topic: p("topic_id")}
    )
)


def every() -> list[StoredField]:
    """Return all fields in their order, in use or not."""
    return _EVERY.every()


def topics() -> dict[int, list[tuple[int, str]]]:
    """Return ids and names of the help topics that fields are limited to, by field."""
    found: dict[int, list[tuple[int, str]]] = {}
    for field_id, topic_id, name in _TOPICS.every():
        found.setdefault(field_id, []).append((topic_id, name))
    return found


def write(new: StoredField) -> int:
    """Write a new field, ignoring its id; returns the new id."""
    return _WRITE.new_id(**{**new._asdict(), "choices": as_json(list(new.choices))})


def change(field_id: int, values: Mapping[str, str | int | None]) -> None:
    """Give columns of a field new values, as they are stored."""
    _CHANGE.run(field_id, values)


def set_topics(field_id: int, topic_ids: Iterable[int]) -> None:
    """Offer a field for exactly these help topics."""
    _NO_TOPICS.run(field_id=field_id)
    for topic_id in dict.fromkeys(topic_ids):
        _ADD_TOPIC.run(field_id=field_id, topic_id=topic_id)


def delete(field_id: int) -> None:
    """Delete a field with all its values."""
    _DELETE.run(field_id=field_id)
