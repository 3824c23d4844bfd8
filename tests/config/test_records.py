"""A record is a named tuple."""

from __future__ import annotations

import pickle
from typing import NamedTuple

import pytest

from config.records import Record


class Known(NamedTuple):
    """As the library makes it."""

    name: str
    size: int = 7
    tags: tuple[str, ...] = ()


class Kept(Record):
    """As we make it."""

    name: str
    """What it is called."""
    size: int = 7
    tags: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name and the size."""
        return f"{self.name} {self.size}"

    def __str__(self) -> str:
        return f"{super().__repr__()}!"


def test_a_record_is_made_compared_and_changed_as_a_named_tuple_is() -> None:
    kept, known = Kept("a", tags=("x",)), Known("a", tags=("x",))
    assert tuple(kept) == tuple(known)
    assert (Kept._fields, Kept._field_defaults) == (Known._fields, Known._field_defaults)
    assert kept._replace(size=8) == Kept("a", 8, ("x",))
    assert kept._asdict() == known._asdict()
    name, *rest = kept
    assert (name, rest) == ("a", [7, ("x",)])
    assert hash(kept) == hash(known)
    assert repr(kept) == repr(known).replace("Known", "Kept")


def test_a_record_has_its_own_properties_methods_and_words() -> None:
    assert Kept("a").shown == "a 7"
    assert str(Kept("a")) == "Kept(name='a', size=7, tags=())!"
    assert Kept.__doc__ == "As we make it."
    assert (Kept.__module__, Kept.__qualname__) == (__name__, "Kept")
    assert list(Kept.__annotations__) == ["name", "size", "tags"]


def test_a_record_travels_between_processes() -> None:
    again = pickle.loads(pickle.dumps(Kept("a", 1), pickle.HIGHEST_PROTOCOL))
    assert again == Kept("a", 1)
    assert type(again) is Kept


def test_a_record_has_its_fields_and_no_others() -> None:
    with pytest.raises(AttributeError):
        Kept("a").size = 8  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Kept("a").other = 8  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Kept()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Kept("a", 1, (), 2)  # type: ignore[call-arg]
