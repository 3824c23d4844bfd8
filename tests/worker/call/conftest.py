"""A desk that tells listeners."""

from __future__ import annotations

import pytest

from desk.home import Desk
from models.settings import store
from tests.support.calling import Caller
from tests.support.mails import Door


@pytest.fixture
def caller(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Calls that may reach this machine."""
    store("webhooks.private", value=True)
    return Caller(desk, monkeypatch)


@pytest.fixture
def door(desk: Desk) -> Door:
    """The way in."""
    return Door(desk)
