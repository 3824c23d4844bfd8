"""docs/queries.md has the table of the fields that there are, and examples that are read."""

from __future__ import annotations

import re

import pytest

from desk.queries import fields
from desk.queries.parser import parse
from tests.support.program import REPOSITORY
from tests.support.rows import every_row

PAGE = (REPOSITORY / "docs" / "queries.md").read_text("utf-8")
BLOCK = re.search(r"(?ms)^```\n(.*?)^```$", PAGE)
EXAMPLES = [
    example
    for line in (BLOCK[1].splitlines() if BLOCK else ())
    for example in re.split(r" {3,}", re.split(r" {2,}(?=[a-z])", line)[0])
]


def test_the_table_is_the_one_the_program_prints() -> None:
    assert fields.page_table() in PAGE


@every_row("example", EXAMPLES)
def test_an_example_is_read(example: str) -> None:
    assert parse(example)


@pytest.mark.parametrize(
    "example", re.findall(r"`([a-z]+:\S+?)`", PAGE.partition("## Times")[2]), ids=lambda example: example
)
def test_a_time_is_read(example: str) -> None:
    assert parse(example)
