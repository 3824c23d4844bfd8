"""Which fields a desk has of its own: made, changed and removed by admins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_LINE, LONGEST_NAME, given_line
from desk.named_by import refuse_if_named
from desk.permissions import Actor, require
from desk.staff.names import given_name
from desk.staff.topics import topic_id_of
from mail.inert import one_line
from models import custom_fields as rows
from models import topics as topic_rows
from models.custom_fields import FIELD_KINDS, FIELD_OWNERS, FieldKind, FieldOwner, StoredField
from models.fields import as_json
from models.topics import StoredTopic
from models.transactions import transaction

KINDS: Final[Mapping[FieldKind, str]] = {
    "text": "a line of text",
    "number": "a number",
    "date": "a day",
    "choice": "one of a few words",
    "yesno": "yes or no",
    "agent": "one of the agents",
    "contact": "somebody with an address",
}
"""What may stand in a field, in words."""

MOST: Final = 200
_LONGEST_NAME: Final = 40
_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as lists show it. `of`: whether tickets or contacts have it; `topics`: () is for all tickets.

    `name` is what queries, filters, texts and JSON call it; `label` what people read.
    """

    id: int
    name: str
    label: str
    kind: FieldKind
    of: FieldOwner
    choices: tuple[str, ...]
    topics: tuple[str, ...]
    hint: str
    order: int
    active: bool
    parts: tuple[str, ...] = ()
    """The help topics that are parts of those: it is offered for them too."""
    required: bool = False
    """Whether agents close a ticket for which it is offered only once something stands in it."""

    def is_for(self, topic: str | None) -> bool:
        """Whether it is offered for a ticket of that help topic."""
        return not self.topics or topic in self.topics or topic in self.parts


def fields(of: FieldOwner | None = None) -> list[FieldLine]:
    """Return the fields in their order, in use or not: all, or those of tickets or of contacts."""
    offered = rows.topics()
    known = topic_rows.every() if offered else []
    return [
        _line(row, offered.get(row.id, ()), known) for row in rows.every() if of in (None, row.belongs_to)
    ]


def named(name: str, of: FieldOwner | None = None) -> FieldLine:
    """Return the field of a name or label, in use or not; raises WrongUse with those that there are."""
    known = fields(of)
    wanted, label = name_of(name), one_line(name, 100).casefold()
    for each in known:
        if each.name == wanted or each.label.casefold() == label:
            return each
    names = ", ".join(each.name for each in known if each.active)
    raise WrongUse(
        f"there is no field '{one_line(name, 40)}'", f"use {names}" if names else "nightdesk field add NAME"
    )


def facts() -> dict[str, str]:
    """Return what texts may name behind ``fields.``: the fields in use, and what each is called."""
    return {each.name: each.label for each in fields() if each.active}


def add_field(
    actor: Actor,
    name: str,
    *,
    kind: str = "text",
    of: str = "ticket",
    label: str = "",
    choices: Collection[str] = (),
    topics: Collection[str] = (),
    hint: str = "",
    order: int = 100,
    active: bool = True,
    required: bool = False,
) -> FieldLine:
    """Add a field. ``Serial number`` is named serial_number and labelled as it is written.

    Raises NotAllowed, WrongUse, and Refused for a name that is taken.
    """
    require(actor, "settings.edit")
    with transaction():
        kept = _free_name(name, None)
        if len(rows.every()) >= MOST:
            raise Refused(f"there are {MOST} fields already", "remove some: nightdesk field list")
        new = StoredField(
            0,
            kept,
            given_name(label or name),
            _one_of("kind of field", kind, FIELD_KINDS),
            _one_of("owner of fields", of, FIELD_OWNERS),
            [],
            given_line("the hint", hint, LONGEST_LINE),
            order,
            active,
            _required(_one_of("owner of fields", of, FIELD_OWNERS), required),
        )
        listed = _choices(new.kind, choices)
        field_id = rows.write(new._replace(choices=listed))
        rows.set_topics(field_id, _topic_ids(new.belongs_to, topics))
        return named(kept)


def edit_field(
    actor: Actor,
    name: str,
    *,
    new_name: str | None = None,
    label: str | None = None,
    choices: Collection[str] | None = None,
    topics: Collection[str] | None = None,
    hint: str | None = None,
    order: int | None = None,
    active: bool | None = None,
    required: bool | None = None,
) -> FieldLine:
    """Change a field; None leaves a value. What stands in it stays, also a choice that is offered no more.

    Its kind and whose it is are said once. Raises as `add_field` does, and NotFound.
    """
    require(actor, "settings.edit")
    with transaction():
        known = stored(name)
        values: dict[str, str | int | None] = {}
        if new_name is not None:
            values["name"] = _free_name(new_name, known.id)
            if values["name"] != known.name:
                refuse_if_named("field", known.name)
        if label is not None:
            values["label"] = given_name(label)
            if known.label.casefold() not in (str(values["label"]).casefold(), known.name):
                refuse_if_named("field", known.label)
        if choices is not None:
            values["choices"] = as_json(_choices(known.kind, choices))
        if hint is not None:
            values["hint"] = given_line("the hint", hint, LONGEST_LINE)
        if order is not None:
            values["position"] = order
        if active is not None:
            values["active"] = active
        if required is not None:
            values["required"] = _required(known.of, required)
        rows.change(known.id, values)
        if topics is not None:
            rows.set_topics(known.id, _topic_ids(known.of, topics))
        return named(str(values.get("name", known.name)))


def remove_field(actor: Actor, name: str) -> None:
    """Remove a field with all that stands in it.

    Raises NotAllowed, NotFound, and Refused while a filter, a query or a text names it.
    """
    require(actor, "settings.edit")
    with transaction():
        known = stored(name)
        refuse_if_named("field", known.name, known.label)
        rows.delete(known.id)


def stored(name: str) -> FieldLine:
    """Return the field of that name; raises NotFound."""
    try:
        return named(name)
    except WrongUse as error:
        raise NotFound(str(error), "nightdesk field list") from None


def name_of(text: str) -> str:
    """Return what a field is named whose name a person gives: ``Serial number`` is serial_number."""
    return "_".join(one_line(text, 100).lower().replace("-", " ").split())


def _free_name(text: str, own_id: int | None) -> str:
    name = name_of(text)
    if not name.isidentifier() or len(name) > _LONGEST_NAME:
        raise WrongUse(
            f"'{one_line(text, 60)}' cannot name a field",
            f"letters, digits and _, at most {_LONGEST_NAME}; --label says what people read",
        )
    if any(each.name == name and each.id != own_id for each in rows.every()):
        raise Refused(f"there is a field '{name}' already", "nightdesk field edit")
    return name


def _one_of(what: str, text: str, known: Sequence[_Word]) -> _Word:
    for each in known:
        if each == text.strip().lower():
            return each
    raise WrongUse(f"there is no {what} '{one_line(text, 40)}'", f"use {', '.join(known)}")


def _choices(kind: FieldKind, given: Collection[str]) -> list[str]:
    listed = list(
        dict.fromkeys(word for each in given if (word := given_line("a choice", each, LONGEST_NAME)))
    )
    if kind == "choice" and not listed:
        raise WrongUse("a field of kind choice has choices", "--choice Laptop --choice Printer")
    if kind != "choice" and listed:
        raise WrongUse(f"a field of kind {kind} has no choices", "use --kind choice")
    if len({each.casefold() for each in listed}) < len(listed):
        raise WrongUse("two choices differ in their case alone", "leave one out")
    return listed


def _required(of: FieldOwner, required: bool) -> bool:
    if required and of == "contact":
        raise WrongUse("a contact is not closed", "fields of tickets can be required")
    return required


def _topic_ids(of: FieldOwner, names: Collection[str]) -> list[int]:
    wanted = [name for name in names if name.strip()]
    if wanted and of == "contact":
        raise WrongUse("a contact has no help topic", "leave --topic out")
    return [found for name in wanted if (found := topic_id_of(name)) is not None]


def _line(row: StoredField, topics: Sequence[tuple[int, str]], known: Sequence[StoredTopic]) -> FieldLine:
    within = {part for topic_id, _ in topics for part in topic_rows.below(topic_id, known)}
    names = tuple(name for _, name in topics)
    return FieldLine(
        id=row.id,
        name=row.name,
        label=row.label,
        kind=row.kind,
        of=row.belongs_to,
        choices=tuple(row.choices),
        topics=names,
        parts=tuple(each.name for each in known if each.id in within and each.name not in names),
        hint=row.hint,
        order=row.position,
        active=row.active,
        required=row.required,
    )
