"""A record is a named tuple."""

from __future__ import annotations

import copy
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


def test_a_record_may_be_matched_by_its_places_and_extended() -> None:
    class Wider(Kept):
        """One with a word more to say."""

        def widest(self) -> int:
            """Twice the size."""
            return self.size * 2

    match Wider("a", 4):
        case Wider(name, size):
            assert (name, size) == ("a", 4)
        case _:
            raise AssertionError("not matched")
    wide = Wider(size=5, name="b")._replace(name="c")
    assert (type(wide), wide, wide.widest()) == (Wider, ("c", 5, ()), 10)
    assert type(Kept("d")) is Kept
    assert copy.copy(wide) == wide


def test_a_record_refuses_what_a_named_tuple_refuses() -> None:
    class Nothing(Record):
        """It has no fields."""

    assert Nothing() == ()
    with pytest.raises(ValueError, match="unexpected field names"):
        Kept("a")._replace(colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Expected 3 arguments, got 1"):
        Kept._make(["a"])
    with pytest.raises(TypeError, match=r"Kept.__new__\(\) missing 1 required positional argument: 'name'"):
        Kept()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        Kept("a", colour="red")  # type: ignore[call-arg]
