"""A desk with tickets in it, and an app on it whose clock stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.pilot import Pilot

from config.settings import Settings
from desk.home import Desk, open_desk
from desk.permissions import Actor
from models.agents import Agent
from models.mailboxes import Mailbox
from models.opening import close_database
from models.transactions import transaction
from tests.support.blank_desk import blank_home, copied
from tests.support.frames import LINES, NOW, add_thread, add_ticket
from tui.app import NightdeskApp

__all__ = ["blank_home"]


@pytest.fixture(autouse=True)
def painted_when_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render a screen that no terminal shows when a test reads it; at each change is a third of the time."""

    def nothing(compositor: Compositor, *_: Any, **__: Any) -> None:
        compositor._dirty_regions.clear()

    monkeypatch.setattr(Compositor, "render_update", nothing)


@pytest.fixture(autouse=True)
def keys_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on behind a pressed key when it is done: those behind one that opens something wait for that."""
    press = Pilot.press

    async def pressed(pilot: Pilot[Any], *keys: str) -> None:
        await press(pilot, *keys)
        for _ in range(250):
            if not isinstance(pilot.app, NightdeskApp) or not pilot.app.keys_waiting:
                return
            await pilot.pause(0.02)

    monkeypatch.setattr(Pilot, "press", pressed)


@pytest.fixture
def empty_desk(engine: str, blank_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk that was just created, in UTC."""
    yield open_desk(copied(engine, blank_home, tmp_path / "desk"), Settings())
    close_database()


@pytest.fixture
def actor(empty_desk: Desk) -> Actor:
    """Ana, who may do everything."""
    agent = Agent.create(
        login="ana", name="Ana Admin", email="ana@desk.example", role=1, department=1, created=NOW
    )
    return Actor(agent.id, "ana", "Ana Admin", "ana@desk.example", None, frozenset("*"))


@pytest.fixture
def desk(empty_desk: Desk, actor: Actor) -> Desk:
    """The desk of the frames: thirteen tickets, one of them with a thread."""
    with transaction():
        jo = Agent.create(login="jo", name="Jo Helper", email="jo@desk.example", role=1, created=NOW)
        box = Mailbox.create(
            address="support@corp.example",
            name="it-support",
            department=1,
            host="mail.corp.example",
            created=NOW,
            last_success=NOW - timedelta(minutes=2),
            last_fetched=3,
            smtp_host="mail.corp.example",
            outgoing_enabled=True,
        )
        owners = {"ana": actor.agent_id, "jo": jo.id, "": None}
        for line in LINES:
            add_ticket(line, box, owners[line.owner], actor)
        add_thread(box, actor, jo)
    return empty_desk


@pytest.fixture
def app(desk: Desk, actor: Actor) -> NightdeskApp:
    """The app on the desk of the frames, at 10:42."""
    made = NightdeskApp(desk, actor, now=lambda: NOW)
    made.host = "bastion1"
    return made


@pytest.fixture
def empty_app(empty_desk: Desk, actor: Actor) -> NightdeskApp:
    """The app on its first start."""
    made = NightdeskApp(empty_desk, actor, now=lambda: NOW)
    made.host = "bastion1"
    return made
