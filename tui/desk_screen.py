"""The base of every screen of the app: what the app tells it, and keys and footer made from its commands."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.screen import ModalScreen, Screen, ScreenResultType

from tui.commands import Command, CommandNode, not_typed
from tui.desk_calls import desk_app
from tui.widgets.flash import Flash, Level
from tui.widgets.hints import Hints
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.status_line import StatusLine
from tui.widgets.top_bar import TopBar


class DeskNode(CommandNode):
    """What the app may tell any screen; a screen overrides what concerns it."""

    PLACE: ClassVar[str] = ""
    """Which digit of the top bar is lit."""
    HELP_TITLE: ClassVar[str] = ""
    """The screen's name over its help, where that is not its place."""
    HELP_NOTES: ClassVar[str] = ""
    """Lines below the keys of the help: words of the filter, flags of the list."""

    # -- what the app tells

    async def keep_draft(self) -> None:
        """Save what is being written; called when the connection is lost."""

    def unsaved(self) -> str:
        """Return what is written here and kept nowhere."""
        return ""

    def open_ticket(self) -> tuple[str, bool] | None:
        """Return the ticket that is open here, and whether somebody writes on it, for others to see."""
        return None

    def company_changed(self) -> None:
        """Show again who else is at which ticket; the app's `company` is up to date."""

    def desk_changed(self) -> None:
        """Load again what is shown: something in the desk has changed."""

    def seen_changed(self) -> None:
        """Show again which tickets the agent has seen: they left one before that was noted."""

    def health_changed(self) -> None:
        """Show mail health, outbox and the time again; the app's values are up to date."""

    def minute_passed(self) -> None:
        """Paint again whatever shows ages and the time left."""

    def show_flash(self, flash: Flash) -> bool:
        """Show a flash here; False when there is no place for it."""
        return False

    def alarming(self) -> bool:
        """Return whether a warning or an error is shown here."""
        return False

    def notice(self, text: str) -> None:
        """Show a countdown; empty ends it."""

    # -- what is said to who listens

    def spoken_place(self) -> str:
        """Return which of the screen's lists is shown; spoken when it changes."""
        return ""

    def spoken_help(self) -> str:
        """Return what the focused field means; spoken when it gets the focus."""
        return ""

    def spoken_row(self) -> str:
        """Return in words what a cursor of the screen's own is on; empty while it has none that moves."""
        return ""


class DeskScreen(DeskNode, Screen[ScreenResultType]):
    """A full screen: top bar, its own body, a line, status line and hints.

    A subclass names its `PLACE`, declares its commands, and yields its body in `compose_body`.
    """

    TOP_BAR: ClassVar[bool] = True
    TYPES: ClassVar[bool] = False
    """Whether letters are text here, wherever the cursor is."""
    _resumed = False
    _minute: datetime | None = None
    _window_hints: tuple[tuple[str, str], ...] | None = None
    _prompt_hints: tuple[tuple[str, str], ...] | None = None
    AUTO_FOCUS: ClassVar[str | None] = "*"

    def compose(self) -> ComposeResult:
        """Yield the bar, the body, and the three lines at the foot."""
        self._fit_size()
        if self.TOP_BAR:
            app = desk_app(self)
            yield TopBar(self.PLACE, app.actor.login, app.host)
        yield from self.compose_body()
        yield TitledRule(id="foot-rule")
        yield StatusLine()
        yield Hints(self.hinted())

    def _fit_size(self) -> None:
        """Say how wide and high the screen is before anything on it is styled: later it is styled twice."""
        width, height = self.app.size
        across, down = self.app.HORIZONTAL_BREAKPOINTS or (), self.app.VERTICAL_BREAKPOINTS or ()
        for size, names in ((width, across), (height, down)):
            fitting = max(((least, name) for least, name in names if size >= least), default=None)
            self.update_classes({name: (least, name) == fitting for least, name in names}, update=False)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        # What is shown for the first time was styled when it was mounted, for the size that it has.
        if not self._resumed:
            event.refresh_styles = False
        self._resumed = True

    def _compositor_refresh(self) -> None:
        # Textual renders what it then does not paint while painting is held back.
        if not self.app._batch_count:
            super()._compositor_refresh()

    def compose_body(self) -> ComposeResult:
        """Yield the screen's own widgets."""
        yield from ()

    def hinted(self) -> tuple[Command, ...]:
        """Return the commands that the footer may hint at, in order."""
        found = (*self.commands(), *desk_app(self).commands())
        return tuple(filter(None, map(not_typed, found))) if self.TYPES else found

    def mode_hints(self) -> tuple[tuple[str, str], ...] | None:
        """Return the keys (key, word) of the focused part, or of marks; None: those of the commands."""
        return None

    def refresh_hints(self) -> None:
        """Paint the hints again after the commands or the focus have changed."""
        try:
            hints = self.query_one(Hints)
        except NoMatches:
            return
        hints.set_commands(self.hinted())
        hints.set_mode(self._window_hints or self._prompt_hints or self.mode_hints())

    def hint_window(self, pairs: tuple[tuple[str, str], ...] | None) -> None:
        """Show or stop showing the keys of a window over this screen."""
        self._window_hints = pairs
        self.refresh_hints()

    @on(LineInput.Asked)
    def _prompt_asked(self, event: LineInput.Asked) -> None:
        self._prompt_hints = event.hints
        self.refresh_hints()

    @on(LineInput.Closed)
    def _prompt_closed(self) -> None:
        self._prompt_hints = None
        self.refresh_hints()

    def leave_gone(self, error: Exception) -> None:
        """Say that what this screen is about is gone, and close it.

        With a window or a line open over it, it stays until that is over: what the person presses or types
        next would be keys of the screen below.
        """
        if self.is_active and not any(each.asking for each in self.query(LineInput)):
            self.dismiss(None)
            self.app.call_later(desk_app(self).flash_error, error)
        else:
            desk_app(self).flash_error(error)

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
        """Show one line over the status line."""
        desk_app(self).flash(text, level)

    def show_flash(self, flash: Flash) -> bool:
        """Show it over the status line."""
        try:
            self.query_one(StatusLine).flash(flash)
        except NoMatches:
            return False
        return True

    def alarming(self) -> bool:
        """Return whether the status line shows a warning or an error."""
        try:
            return self.query_one(StatusLine).alarming
        except NoMatches:
            return False

    def health_changed(self) -> None:
        """Show mail health, outbox and the time again."""
        app = desk_app(self)
        first = app.health.first_keys(app.key)
        try:
            bar = self.query_one(TopBar)
        except NoMatches:
            pass
        else:
            bar.moment = app.local_minute
            bar.health = app.health.words + first
            bar.alarm = app.health.alarm
            bar.waiting = app.health.waiting
        self.status(right=app.health.right + first)

    def on_mount(self) -> None:
        """Show health and time from the beginning."""
        self.health_changed()

    def on_screen_resume(self) -> None:
        """Show health, time and ages as they are now: what another place covers is told of no minute."""
        self.health_changed()
        minute, self._minute = self._minute, desk_app(self).local_minute
        if minute is not None and minute != self._minute:
            self.minute_passed()


class DeskModal(DeskNode, ModalScreen[ScreenResultType]):
    """A window over a screen; its keys are shown in that screen's footer."""

    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Keys that are no commands."""
    _below: DeskScreen[object] | None = None

    def window_hints(self) -> tuple[tuple[str, str], ...]:
        """Return the keys (key, word) of the window: of its commands, then its `HINTS`."""
        held = desk_app(self).restricted
        hinted = (each for each in self.commands() if each.footer and not (each.free and held))
        return (*((each.shown_key, each.footer or "") for each in hinted), *self.HINTS)

    def on_mount(self) -> None:
        """Show the window's keys in the footer of the screen below."""
        for screen in reversed(self.app.screen_stack):
            if isinstance(screen, DeskScreen) and screen.is_mounted:
                self._below = screen
                screen.hint_window(self.window_hints() or None)
                return

    def on_unmount(self) -> None:
        """Restore that footer, whatever is on top by now."""
        if self._below is not None and self._below.is_mounted:
            self._below.hint_window(None)
