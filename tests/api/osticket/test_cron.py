"""A fetch by HTTP that does not come to its end."""

from __future__ import annotations

import asyncio
import sys

import pytest

from api.osticket.cron import Cron
from desk.home import Desk


def test_a_run_by_http_that_neither_ends_nor_listens_is_ended_so_that_the_next_call_fetches(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    monkeypatch.setattr("api.osticket.cron.program", lambda _paths: [sys.executable, "-c", deaf])
    monkeypatch.setattr("api.osticket.cron.PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr("api.osticket.cron.ENDING_SECONDS", 0.5)
    monkeypatch.setattr("api.osticket.cron.SPARE_SECONDS", 1.0 - desk.settings.fetch_time_limit)

    async def calls() -> None:
        cron = Cron(desk)
        assert await cron.call() is None, "a caller is not kept"
        async with asyncio.timeout(30):
            while await cron.call() is None:
                pass
        monkeypatch.setattr("api.osticket.cron.program", lambda _paths: [sys.executable, "-c", "print('{}')"])
        monkeypatch.setattr("api.osticket.cron.PATIENCE_SECONDS", 20.0)
        run = await cron.call()
        assert run is not None
        assert run.began

    asyncio.run(calls())


def test_a_server_that_ends_leaves_no_deaf_run_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    monkeypatch.setattr("api.osticket.cron.program", lambda _paths: [sys.executable, "-c", deaf])
    monkeypatch.setattr("api.osticket.cron.PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr("api.osticket.cron.ENDING_SECONDS", 0.5)

    async def ended() -> int | None:
        cron = Cron(desk)
        await cron.call()
        process = cron._process
        assert process is not None
        await cron.end()
        async with asyncio.timeout(10):
            await process.wait()
        return process.returncode

    assert asyncio.run(ended()) == -9
