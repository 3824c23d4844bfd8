"""Looks at the screen when it has come to rest, and says what is new."""

from __future__ import annotations

from typing import Any

from textual.app import App

from tui.key_names import Keys
from tui.plain.driver import PlainDriver
from tui.plain.scene import look, whole
from tui.plain.speaker import Speaker

LOOK_SECONDS = 0.1
RESTLESS = 10
"""Looks after which a screen that never rests is told all the same."""


class Speech:
    """Speaks for one app, through the driver that paints nothing."""

    def __init__(self, app: App[Any], driver: PlainDriver, key: Keys) -> None:
        self._app = app
        self._driver = driver
        reads = key("app.redraw", "^L")
        self._speaker = Speaker(driver.say, driver.echo, reads)
        self._waited = 0
        help_, leave = key("app.help", "?"), key("app.quit", "^Q")
        driver.say(f"Nightdesk in lines: {help_} lists the keys, {reads} reads the screen, {leave} leaves")

    def look(self) -> None:
        """Say what is new once nothing was painted since the last look."""
        if self._driver.painted and self._waited < RESTLESS:
            self._driver.painted = False
            self._waited += 1
        elif self._waited:
            self._waited = 0
            self._speaker.look(look(self._app))

    def say(self, text: str) -> None:
        """Say a line that is no part of the screen."""
        self._speaker.say(text)

    def read_all(self) -> None:
        """Read the screen from the first line to the last."""
        for line in whole(self._app):
            self._speaker.say(line)
