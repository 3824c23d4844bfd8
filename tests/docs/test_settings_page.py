"""docs/settings.md has the settings that there are, each in words."""

from __future__ import annotations

from desk.settings import SETTINGS, page_table
from tests.support.program import REPOSITORY


def test_the_table_is_the_one_the_program_makes() -> None:
    assert page_table() in (REPOSITORY / "docs" / "settings.md").read_text("utf-8")


def test_every_setting_has_words_of_its_own_that_fit_in_a_list() -> None:
    words = [each.words for each in SETTINGS]
    assert len(set(words)) == len(words)
    assert all(0 < len(each) <= 27 and "." not in each and "_" not in each for each in words)
