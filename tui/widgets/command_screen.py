"""What every screen of the app is built on: keys from a table, footer from the same table."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.screen import ModalScreen, Screen, ScreenResultType

from tui.commands import GLOBAL, Command
from tui.widgets.flash import Flash, Level
from tui.widgets.hints import Hints
from tui.widgets.rule import TitledRule
from tui.widgets.status_line import StatusLine
from tui.widgets.top_bar import TopBar
from tui.work import Works, desk_app


class CommandNode(Works):
    """Runs the commands of `KEYS`; the bindings are made from them."""

    KEYS: ClassVar[tuple[Command, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        table = cls.__dict__.get("KEYS")
        if table is not None:
            own = list(cls.__dict__.get("BINDINGS", ()))
            cls.BINDINGS = [
                *own,
                *(binding for command in table for binding in command.bindings()),
            ]
        super().__init_subclass__(**options)

    def commands(self) -> tuple[Command, ...]:
        """The commands of this screen, for help and palette."""
        return self.KEYS

    def command(self, command_id: str) -> Command | None:
        return next((item for item in self.commands() if item.id == command_id), None)

    async def run_command(self, command_id: str) -> bool:
        """Run one command by its id; a disabled one flashes why and runs nothing."""
        command = self.command(command_id)
        if command is None:
            return False
        reason = command.enabled(self)
        if reason:
            desk_app(self).flash(f"{command.title}: {reason}", "warning")
            return False
        await self.app.run_action(command.action, self)
        return True

    async def action_run_command(self, command_id: str) -> None:
        await self.run_command(command_id)


class CommandScreen(CommandNode, Screen[ScreenResultType]):
    """A full screen: top bar, its own body, a line, status line and hints.

    A subclass names its `PLACE` (which digit is lit), its `KEYS`, and yields its body in
    `compose_body`. `desk_changed` is called when something in the database changed.
    """

    PLACE: ClassVar[str] = ""
    TOP_BAR: ClassVar[bool] = True
    AUTO_FOCUS: ClassVar[str | None] = "*"

    def compose(self) -> ComposeResult:
        if self.TOP_BAR:
            app = desk_app(self)
            yield TopBar(self.PLACE, app.actor.login, app.host)
        yield from self.compose_body()
        yield TitledRule(id="foot-rule")
        yield StatusLine()
        yield Hints(self.hinted())

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    def hinted(self) -> tuple[Command, ...]:
        """The commands that the footer may hint at, in order."""
        return (*self.commands(), *GLOBAL)

    def refresh_hints(self) -> None:
        """Paint the hints again after the commands changed with the focus."""
        try:
            self.query_one(Hints).set_commands(self.hinted())
        except NoMatches:
            return

    def status(self, left: str | None = None, right: str | None = None) -> None:
        """Set the status line."""
        try:
            self.query_one(StatusLine).set_text(left, right)
        except NoMatches:
            return

    def notice(self, text: str) -> None:
        """Show a countdown in place of the status line's left side; empty ends it."""
        try:
            self.query_one(StatusLine).notice(text)
        except NoMatches:
            return

    def flash(self, text: str, level: Level = "info") -> None:
        """Say one line over the status line."""
        desk_app(self).flash(text, level)

    def show_flash(self, flash: Flash) -> bool:
        """Show it here if there is a status line; called by the app."""
        try:
            self.query_one(StatusLine).flash(flash)
        except NoMatches:
            return False
        return True

    def desk_changed(self) -> None:
        """Something in the desk changed; load again what is shown."""

    def health_changed(self) -> None:
        """Mail health, outbox or the minute changed; the app's values are current."""
        app = desk_app(self)
        try:
            bar = self.query_one(TopBar)
        except NoMatches:
            pass
        else:
            bar.moment = app.local_minute
            bar.health = app.health.words
            bar.alarm = app.health.alarm
        self.status(right=app.health.right)

    def on_mount(self) -> None:
        self.health_changed()

    def on_screen_resume(self) -> None:
        self.health_changed()


class CommandModal(CommandNode, ModalScreen[ScreenResultType]):
    """A window over a screen, with keys from a table."""
