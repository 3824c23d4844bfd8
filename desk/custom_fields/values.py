"""What stands in a field: as it is typed, as it is stored, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from desk.custom_fields.definitions import FieldLine
from desk.errors import WrongUse
from desk.given import given_line
from mail.inert import one_line
from mail.mime.address import one_address
from models import agents, contacts
from models.custom_fields import FieldValue

LONGEST = 1000
_YES, _NO = ("yes", "y", "true", "on", "1"), ("no", "n", "false", "off", "0")

Plain = str | int | float | bool | None
"""A value in JSON: an agent is a login there, a contact an address, a day 2026-11-30."""


def read(field: FieldLine, typed: str) -> FieldValue | None:
    """Return what is stored for what somebody typed, None for nothing. Raises WrongUse with a hint."""
    text = given_line(field.label, typed, LONGEST)
    if not text:
        return None
    match field.kind:
        case "number":
            return number(field.label, text)
        case "date":
            return FieldValue(_day(field.label, text))
        case "yesno":
            lowered = text.lower()
            if lowered not in (*_YES, *_NO):
                raise WrongUse(f"{field.label} is yes or no, not '{one_line(text, 40)}'", "write yes or no")
            return FieldValue("yes" if lowered in _YES else "no")
        case "choice":
            return FieldValue(_choice(field, text))
        case "agent":
            found = agents.with_login(text)
            if found is None or not found.active:
                known = ", ".join(each.login for each in agents.every() if each.active)
                raise WrongUse(f"{field.label}: there is no agent '{one_line(text, 40)}'", f"use {known}")
            return FieldValue(str(found.id))
        case "contact":
            email = one_address(text).lower()
            person = next(iter(contacts.by_email([email])), None) if email else None
            if person is None:
                raise WrongUse(
                    f"{field.label}: nobody known has the address '{one_line(text, 80)}'",
                    "name somebody who wrote to the desk: nightdesk contact list",
                )
            return FieldValue(str(person.id))
    return FieldValue(text)


def number(label: str, text: str) -> FieldValue:
    """Return a number as it is stored: 4, 2.5, -0.75. Raises WrongUse."""
    try:
        value = Decimal(text)
        if not value.is_finite() or abs(value.adjusted()) > 30:
            raise InvalidOperation
    except InvalidOperation:
        raise WrongUse(f"{label} is a number, not '{one_line(text, 40)}'", "write 4, or 2.5") from None
    shown = format(value.normalize(), "f")
    return FieldValue("0" if shown in ("-0", "0") else shown, float(value))


def shown(field: FieldLine, stored: str) -> str:
    """Return a stored value as people read it, and may type it again."""
    if field.kind == "agent":
        return next((each.login for each in agents.every() if str(each.id) == stored), "")
    if field.kind == "contact":
        return next((each.email for each in contacts.by_id([int(stored)])), "")
    return stored


def plain(field: FieldLine, stored: str | None) -> Plain:
    """Return a stored value as JSON has it; None where nothing stands."""
    if stored is None:
        return None
    if field.kind == "number":
        value = float(stored)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if field.kind == "yesno":
        return stored == "yes"
    return shown(field, stored) or None


def by_name(pairs: Iterable[tuple[FieldLine, str | None]]) -> dict[str, Plain]:
    """Return fields with their stored text as JSON has them, by their names."""
    return {field.name: plain(field, stored) for field, stored in pairs}


def beside(
    fields: Sequence[FieldLine], stored: Mapping[int, FieldValue], topic: str | None
) -> list[tuple[FieldLine, str | None]]:
    """Return fields with their stored text: those offered with that help topic, and those with a value."""
    return [
        (each, stored[each.id].text if each.id in stored else None)
        for each in fields
        if each.id in stored or (each.active and each.is_for(topic))
    ]


def _day(label: str, text: str) -> str:
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        raise WrongUse(f"{label} is a day, not '{one_line(text, 40)}'", "write 2026-11-30") from None


def _choice(field: FieldLine, text: str) -> str:
    wanted = text.casefold()
    begun = [each for each in field.choices if each.casefold().startswith(wanted)]
    for each in field.choices:
        if each.casefold() == wanted:
            return each
    if len(begun) == 1:
        return begun[0]
    raise WrongUse(f"{field.label}: there is no '{one_line(text, 60)}'", f"use {', '.join(field.choices)}")
