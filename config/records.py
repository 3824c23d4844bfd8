"""Named tuples that cost little to declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    from _collections import _tuplegetter
    from collections.abc import Mapping
    from types import MappingProxyType

    class _Tuple(tuple):
        """What all records can: the methods of a named tuple."""

        __slots__ = ()
        _fields: tuple[str, ...] = ()
        _field_defaults: Mapping[str, Any] = MappingProxyType({})

        def __new__(cls, *values: Any, **named: Any) -> Any:
            """Make a record of all its values; else write a constructor, which takes this one's place."""
            if len(values) == len(cls._fields) and not named:
                return tuple.__new__(cls, values)
            declared = next(each for each in cls.__mro__ if "_fields" in each.__dict__)
            names = ", ".join(declared._fields)
            comma = "," if names else ""
            text = f"lambda _cls, {names}: _new(_cls, ({names}{comma}))"
            new = eval(text, {"_new": tuple.__new__})  # noqa: S307  (Python took the names for annotations)
            new.__name__, new.__qualname__ = "__new__", f"{declared.__qualname__}.__new__"
            new.__defaults__ = tuple(declared._field_defaults.values())
            declared.__new__ = staticmethod(new)
            return new(cls, *values, **named)

        def __repr__(self) -> str:
            shown = (f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(shown)})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        @classmethod
        def _make(cls, values: Any) -> Any:
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changed: Any) -> Any:
            made = self._make(map(changed.pop, self._fields, self))
            if changed:
                raise ValueError(f"Got unexpected field names: {list(changed)!r}")
            return made

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

    class _Declaration(type):
        """Makes a class of a `Record` a tuple of the fields that it declares."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", {}))
            defaults = {field: body[field] for field in fields if field in body}
            places = {field: _tuplegetter(place, "") for place, field in enumerate(fields)}
            known = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            return type(name, (_Tuple,), {**body, **places, **known, "__slots__": ()})

    class Record(metaclass=_Declaration):
        """To be subclassed as `typing.NamedTuple` is, which it is to a type checker.

        That one compiles annotations and a constructor for each class, 0.1 ms, and a piped mail waits
        for more than a hundred of which it makes few.
        """


__all__ = ["Record"]
