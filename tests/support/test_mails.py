"""Mails of the tests differ by what a test says of them, not by how many were made before."""

from __future__ import annotations

import itertools

import pytest

from tests.support import mails


def test_mails_that_say_the_same_are_equally_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for made_before in (1, 9, 99, 999, 99_999):
        monkeypatch.setattr(mails, "_ids", itertools.count(made_before))
        first, second = mails.mail("Toner?"), mails.mail("Toner?")
        assert first != second
        assert len(first) == len(second)
