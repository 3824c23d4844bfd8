"""A table in one test fails for each of its rows that does not hold, and for those alone."""

from __future__ import annotations

import pytest

from tests.support.rows import every_row


def test_rows_that_do_not_hold_are_named_and_the_others_are_not() -> None:
    tried = []

    @every_row("first", [1, 2])
    @every_row(("second", "third"), [(10, "a"), (20, "b")])
    def sums(first: int, second: int, third: str) -> None:
        tried.append((first, second, third))
        assert first + second != 12
        assert third != "b" or first / (first - 1)

    with pytest.raises(pytest.fail.Exception) as failed:
        sums()
    assert tried == [(1, 10, "a"), (1, 20, "b"), (2, 10, "a"), (2, 20, "b")]
    said = str(failed.value)
    assert "2 rows do not hold" in said
    assert "first=2, second=10, third='a'" in said
    assert "first=1, second=20, third='b'\n  ZeroDivisionError" in said


def test_a_table_without_rows_is_none() -> None:
    with pytest.raises(AssertionError, match="shows nothing"):
        every_row("first", [])
