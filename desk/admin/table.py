"""A noun that admins edit, as a table of fields: from it are made its list, its form and what is said of it.

A noun is a `Noun` in one module here, which hands the values on to the functions of the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from config.expressions import expression
from desk import logs
from desk.errors import DeskError, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.permissions import Actor, require
from mail.errors import MailError
from mail.inert import one_line
from models.errors import explain
from models.transactions import ValueRefused

Kind = Literal["text", "lines", "number", "switch", "choice", "list"]
"""A line of text, several lines, a number, on or off, one of a few words, words with commas."""
Value = str | bool
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a noun. `name`: the keyword of its functions, the flag and the JSON key.

    `width`: its cells in the list, 0 where the list has no room for it. `choices`: what it may be, "" for
    none of them. `check`: raises a DeskError for a text that is wrong. `fixed`: said once, when it is made;
    `made`: the desk says it, and nobody changes it.
    """

    name: str
    label: str
    help: str
    kind: Kind = "text"
    width: int = 0
    choices: Callable[[], Sequence[str]] | None = None
    none: str = "none"
    check: Callable[[str], object] | None = None
    start: Value = ""
    fixed: bool = False
    made: bool = False
    only_changed: bool = False
    """Not asked of a new one."""
    needed: str = ""
    """What to write, where there has to be something; "" where it may be empty."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of a noun: what it is called by its functions, and what each of its fields is now."""

    key: str
    values: Values


@dataclass(frozen=True, slots=True)
class Acts:
    """The functions of a noun, as the command line calls them; None where it has none such."""

    read: Callable[[Desk, Actor], Sequence[Record]]
    add: Callable[[Desk, Actor, Values], str]
    """Makes one of all values; returns what is said of it, where that is more than that it is there."""
    edit: Callable[[Desk, Actor, str, Values], object] | None = None
    """Changes one, by its key; is given what changed alone."""
    remove: Callable[[Desk, Actor, str], object] | None = None


def acts_of(
    fields: Sequence[Field],
    lines: Callable[[], Iterable[object]],
    *,
    add: Callable[..., object],
    edit: Callable[..., object] | None = None,
    remove: Callable[..., object] | None = None,
) -> Acts:
    """Return the functions of a noun whose own take the fields as keywords, and whose lines have them so.

    The first field is what a line is known by; changed, it is the keyword ``new_name``.
    """
    first, *others = fields

    def read(_desk: Desk, _actor: Actor) -> list[Record]:
        return [
            Record(
                str(getattr(line, first.name)),
                {each.name: _as_value(each, getattr(line, each.name)) for each in fields},
            )
            for line in lines()
        ]

    def make(_desk: Desk, actor: Actor, values: Values) -> str:
        given = {each.name: keyword_of(each, values[each.name]) for each in others if each.name in values}
        add(actor, str(values[first.name]), **given)
        return ""

    def change(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
        assert edit is not None
        edit(
            actor,
            key,
            **{
                "new_name" if each is first else each.name: keyword_of(each, values[each.name])
                for each in fields
                if each.name in values
            },
        )

    def take_away(_desk: Desk, actor: Actor, key: str) -> None:
        assert remove is not None
        remove(actor, key)

    return Acts(read, make, None if edit is None else change, None if remove is None else take_away)


def keyword_of(field: Field, value: Value) -> str | bool | int | float | list[str] | None:
    """Return a value of a form as the functions of desk/ take it; None is a number that is not given."""
    match field.kind:
        case "switch":
            return bool(value)
        case "number":
            number = number_of(value)
            return int(number) if number is not None and number.is_integer() else number
        case "list":
            return words_of(value)
    return str(value)


def _as_value(field: Field, kept: object) -> Value:
    if field.kind == "switch":
        return bool(kept)
    if isinstance(kept, list | tuple):
        return ", ".join(map(str, kept))
    return "" if kept is None else f"{kept:g}" if isinstance(kept, float) else str(kept)


@dataclass(frozen=True, slots=True)
class Noun:
    """Something that admins make, change and remove.

    `may`: what a role has to grant for it, "" for what is everybody's own.
    """

    name: str
    title: str
    may: str
    about: str
    fields: tuple[Field, ...]
    acts: Acts
    removal: str = ""
    """What removing one means, in a sentence."""
    logged: bool = True
    """Whether the log tells of changes; what has a history of its own is not told twice."""
    tried: bool = False
    """Whether stored mail can be asked what a change of one would have done."""
    preview: Callable[[Desk, Actor, Values], str] | None = None
    """Returns what the values would come to, for those who write texts."""
    called: str = ""
    """What people call one of it, where that is not its name."""

    @property
    def one(self) -> str:
        """What people call one of it."""
        return self.called or self.name

    def field(self, name: str) -> Field:
        """Return the field of that name."""
        return next(each for each in self.fields if each.name == name)

    def asked(self, *, new: bool) -> tuple[Field, ...]:
        """Return the fields of the form of a new one, or of one that is there."""
        if new:
            return tuple(each for each in self.fields if not each.made and not each.only_changed)
        return tuple(each for each in self.fields if not each.made)


class WrongField(WrongUse):
    """A value that cannot be: `field` is where, `words` are what is wrong."""

    def __init__(self, field: str, error: DeskError) -> None:
        super().__init__(str(error), error.hint)
        self.field = field


class ChangedMeanwhile(WrongField):
    """A field that somebody else changed since its form was opened; `is_now` is what they made of it."""

    def __init__(self, field: Field, is_now: Value) -> None:
        words = (
            {True: "on", False: "off"}.get(is_now) if isinstance(is_now, bool) else one_line(str(is_now), 60)
        )
        said = f"somebody changed this meanwhile, to: {words or 'nothing'}"
        super().__init__(field.name, Refused(said, "save again to write yours over it"))
        self.is_now = is_now


def listed(noun: Noun, desk: Desk, actor: Actor) -> Sequence[Record]:
    """Return all there are. Raises NotAllowed."""
    require(actor, noun.may)
    return noun.acts.read(desk, actor)


def choices(noun: Noun) -> dict[str, Sequence[str]]:
    """Return what each field that is picked may be."""
    return {each.name: each.choices() for each in noun.fields if each.choices is not None}


def problem(field: Field, value: Value) -> str:
    """Say what is wrong with a value, '' when nothing is."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        if field.needed and not text:
            raise WrongUse(f"{field.label} is empty", field.needed)
        if field.kind == "number" and text:
            _number(text)
        if field.check is not None and text:
            field.check(text)
    except (DeskError, MailError) as error:
        return f"{error}: {error.hint}" if error.hint else str(error)
    except ValueRefused as error:
        return ": ".join(explain(error))
    return ""


def blamed(fields: Iterable[Field], values: Values, error: Exception) -> str:
    """Return the field that an error of a noun's function is about, "" where it does not say.

    Those functions know no forms: their sentences name the value, or as many letters of it as fit.
    """
    if isinstance(error, WrongField):
        return error.field
    said = str(error)
    quoted = tuple(each.rstrip("\u2026 ") for each in expression(r"'([^']+)'").findall(said))
    typed = {
        field.name: value
        for field in fields
        if field.kind != "choice" and isinstance(value := values.get(field.name), str) and value.strip()
    }
    for name, value in typed.items():
        parts = (value, *words_of(value), *value.splitlines(), *value.split())
        if quoted and any(one_line(part).startswith(quoted) for part in parts):
            return name
    return next((name for name, value in typed.items() if f" {one_line(value)} " in f" {said} "), "")


def add(noun: Noun, desk: Desk, actor: Actor, values: Values) -> str:
    """Make one; returns what is to be said of it.

    Raises NotAllowed, WrongField, and what its function does.
    """
    require(actor, noun.may)
    _check(noun.asked(new=True), values)
    said = noun.acts.add(desk, actor, values)
    _log(actor, "added", noun, str(values[noun.fields[0].name]))
    return said


def edit(noun: Noun, desk: Desk, actor: Actor, record: Record, values: Values) -> tuple[str, ...]:
    """Change one; returns the labels of what changed. Raises as `add` does, ChangedMeanwhile and NotFound.

    `record`: what it was when the person began.
    """
    if noun.may:
        require(actor, noun.may)
    if noun.acts.edit is None:
        raise NotFound(f"a {noun.name} is not changed", "remove it and make another one")
    changed = {name: value for name, value in values.items() if value != record.values.get(name)}
    fields = [each for each in noun.asked(new=False) if each.name in changed and not each.fixed]
    _check(fields, changed)
    there = next((each for each in noun.acts.read(desk, actor) if each.key == record.key), None)
    if there is None:
        raise NotFound(
            f"the {noun.one} {one_line(record.key, 60)} is not there any more",
            "somebody removed or renamed it meanwhile",
        )
    if fields:
        _refuse_overtaken(fields, record, there, changed)
        noun.acts.edit(desk, actor, record.key, {each.name: changed[each.name] for each in fields})
        _log(actor, "changed", noun, record.key, ", ".join(each.label.lower() for each in fields))
    return tuple(each.label for each in fields)


def _refuse_overtaken(fields: Sequence[Field], before: Record, there: Record, wanted: Values) -> None:
    """Refuse to write over what the person has not seen, and into a field that is gone."""
    for field in fields:
        if field.name in before.values and field.name not in there.values:
            raise WrongField(
                field.name,
                Refused(
                    "somebody took this field away meanwhile, so nothing is kept in it",
                    "put back what stood here, and the rest is saved",
                ),
            )
        is_now = there.values.get(field.name, "")
        if is_now not in (before.values.get(field.name, ""), wanted[field.name]):
            raise ChangedMeanwhile(field, is_now)


def remove(noun: Noun, desk: Desk, actor: Actor, record: Record) -> None:
    """Remove one. Raises NotAllowed, and what its function does."""
    require(actor, noun.may)
    if noun.acts.remove is None:
        raise NotFound(f"a {noun.name} is not removed", "it can be switched off")
    noun.acts.remove(desk, actor, record.key)
    _log(actor, "removed", noun, record.key)


def words_of(text: Value) -> list[str]:
    """Return the words of a field of kind ``list``."""
    return [word for part in str(text).split(",") if (word := part.strip())]


def number_of(text: Value) -> float | None:
    """Return the number of a field, None when it is empty."""
    return _number(str(text)) if str(text).strip() else None


def _number(text: str) -> float:
    try:
        number = float(text.strip())
    except ValueError:
        raise WrongUse(f"'{one_line(text, 30)}' is no number", "write 4, or 2.5") from None
    if not -_LARGEST <= number <= _LARGEST:
        raise WrongUse(f"'{one_line(text, 30)}' is no number that fits", f"at most {_LARGEST}")
    return number


_LARGEST: Final = 1_000_000_000


def _check(fields: Sequence[Field], values: Values) -> None:
    for field in fields:
        said = problem(field, values[field.name])
        if said:
            raise WrongField(field.name, WrongUse(said))


def _log(actor: Actor, done: str, noun: Noun, key: str, detail: str = "") -> None:
    if not noun.logged:
        return
    what = f": {detail}" if detail else ""
    logs.write("info", "admin", f"{actor.login} {done} the {noun.name} {key}{what}")
