"""What a query or a filter asks of a field: ``serial``, ``serial=AB*``, ``cost>100``, ``until<30d``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from config.clock import now
from config.expressions import expression
from desk.custom_fields import values
from desk.custom_fields.definitions import FieldLine, named
from desk.errors import WrongUse
from desk.queries import times
from desk.queries.errors import BadValue, QueryError, UnknownName
from desk.queries.fields import Field
from mail.inert import one_line
from models.custom_fields import FieldValue
from models.queries.tree import Bound, FieldTest, Moment, day_of

_ASKED: Final = expression(r"(?P<name>[^=<>]+?)\s*(?:(?P<sign><=|>=|<|>|=)\s*(?P<value>.*))?")
_LAST: Final = "\U0010ffff"
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "has": operator.contains,
}


def asked(text: str, zone: tzinfo = UTC, position: int = 0) -> FieldTest:
    """Read what is asked of a field. Raises QueryError with what was meant.

    Text is compared whole and whatever its case; ``AB*`` begins so, ``*AB*`` has it somewhere.
    """
    found = _ASKED.fullmatch(text.strip())
    if found is None:
        raise BadValue(
            f"field: cannot read '{one_line(text, 40)}'",
            "write field:NAME, field:NAME=TEXT or field:NAME>5",
            position,
        )
    try:
        field = named(found["name"])
        sign, value = found["sign"], (found["value"] or "").strip()
        if not sign or value == "*":
            return FieldTest(field.id, field.of, field.kind == "number", ())
        return FieldTest(field.id, field.of, field.kind == "number", _bounds(field, sign, value, zone))
    except QueryError:
        raise
    except WrongUse as error:
        raise UnknownName(str(error), error.hint, position) from None


def all_asked(texts: Iterable[str], zone: tzinfo = UTC, position: int = 0) -> list[FieldTest]:
    """Read what stood with commas: ``device=Laptop,Printer`` asks twice of one field. Raises as `asked`."""
    found: list[FieldTest] = []
    last = ""
    for text in texts:
        told = _ASKED.fullmatch(text.strip())
        if told is not None and told["sign"]:
            last = f"{told['name']}{told['sign']}"
        found.append(asked(text if told is None or told["sign"] else f"{last}{text}", zone, position))
    return found


def holds(test: FieldTest, value: FieldValue | None) -> bool:
    """Whether a stored value is what is asked for."""
    if value is None:
        return False
    there: Any = value.number if test.numeric else value.text.lower()
    for sign, bound in test.bounds:
        wanted: Any = bound
        if not isinstance(bound, float):
            wanted = (bound if isinstance(bound, str) else day_of(bound, now())).lower()
        if there is None or not _COMPARED[sign](there, wanted):
            return False
    return True


def _bounds(field: FieldLine, sign: str, value: str, zone: tzinfo) -> tuple[Bound, ...]:
    if field.kind == "number":
        low, dots, high = value.partition("..") if sign == "=" else (value, "", "")
        if dots:
            ends = ((">=", low), ("<=", high))
            return tuple((each, _number(field, end)) for each, end in ends if end)
        return ((sign, _number(field, value)),)
    if field.kind == "date":
        return _days(field, sign, value, zone)
    if field.kind in ("yesno", "agent", "contact", "choice"):
        if sign != "=":
            raise WrongUse(f"{field.label} is not more or less", f"write field:{field.name}=...")
        known = values.read(field, value)
        return (("=", "" if known is None else known.text),)
    if sign != "=":
        return ((sign, value),)
    if value.startswith("*"):
        return (("has", value.strip("*")),)
    if value.endswith("*"):
        return ((">=", value.rstrip("*")), ("<", value.rstrip("*") + _LAST))
    return (("=", value),)


def _number(field: FieldLine, text: str) -> float:
    found = values.number(field.label, text).number
    assert found is not None
    return found


def _days(field: FieldLine, sign: str, value: str, zone: tzinfo) -> tuple[Bound, ...]:
    """Return the days that a date, a period or an age from now on says; below 30d is in the next 30 days."""
    told = Field(field.name, "time", "", "", f"field:{field.name}<30d")
    written = times.written(told, value if sign == "=" else f"{sign}{value}", 0)
    begin, end = times.resolved(written, zone, ahead=True).values
    ends = ((">=", begin), ("<", end))
    return tuple((each, _day(moment, zone)) for each, moment in ends if moment is not None)


def _day(moment: Any, zone: tzinfo) -> str | Moment:
    return moment.astimezone(zone).date().isoformat() if isinstance(moment, datetime) else moment
