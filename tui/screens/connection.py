"""Test connection of a mailbox as it is stored: a window that shows each step as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from desk.mailboxes import connection
from tui.desk_calls import DeskCalls, desk_app
from tui.text.safe import safe
from tui.widgets.step_list import StepList, step_name

if TYPE_CHECKING:
    from desk.mailboxes.connection import Side
    from mail.probe import Step


class ConnectionScreen(DeskCalls, ModalScreen[None]):
    """The steps to one mailbox's servers; t or F5 tries again."""

    CSS_PATH = "connection.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "Close", show=False),
        Binding("t,f5", "test", "Test again", show=False),
    ]

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._failed = 0
        self._may_pin = False

    def compose(self) -> ComposeResult:
        """Yield the steps and the keys of the window."""
        with Vertical(id="connection-box") as box:
            yield StepList()
            yield Static(safe("t test again   Esc close", "dim"), id="connection-hints")
        box.border_title = safe(f"Test connection: {self._address}")

    def on_mount(self) -> None:
        """Begin the test."""
        self.action_test()

    def action_test(self) -> None:
        """Try every step, from the first on."""
        desk = desk_app(self).desk
        self._failed, self._may_pin = 0, False
        self.query_one(StepList).begin("testing...")
        self.stream(
            lambda: connection.try_mailbox(desk, self._address),
            each=self._stepped,
            then=self._ended,
            failed=self._broke,
            group="test",
        )

    def _stepped(self, found: tuple[Side, Step]) -> None:
        side, step = found
        self._failed += step.ok is False
        self._may_pin = self._may_pin or bool(step.pin)
        self.query_one(StepList).add(step_name(side, step), step)

    def _ended(self) -> None:
        words = "Everything works." if not self._failed else f"{self._failed} failed."
        note = f"{words} Nothing was sent and no message was changed by this test."
        if self._may_pin:
            key = desk_app(self).key
            edit, test, pin = key("mailbox.edit", "e"), key("form.test", "F5"), key("form.pin", "F8")
            ways = f"{edit} edits, then {test} and {pin} there"
            note = f"{words} To look at the certificate and trust it alone: {ways}."
        self.query_one(StepList).finish(note)

    def _broke(self, error: Exception) -> None:
        self.query_one(StepList).finish(str(error))

    def action_leave(self) -> None:
        """Close, and forget what the test may still bring."""
        self.forget("test")
        self.dismiss(None)
