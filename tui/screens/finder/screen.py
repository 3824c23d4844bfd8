"""The base of help and palette: a line to type in, and the commands that match, one under the cursor."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from tui.screens.finder.command_list import CommandList, Offer, offers_of


class FinderScreen(ModalScreen[str | None]):
    """Returns the id of the command to run on the screen it was opened over, None on Esc."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._offers = offers_of(screen)

    @property
    @abstractmethod
    def table(self) -> CommandList:
        """The widget with the offers."""

    @abstractmethod
    def matching(self, text: str) -> list[Offer]:
        """Return the offers that fit what was typed, best first."""

    def described(self) -> None:
        """Describe the offer under the cursor; called when it is another one."""

    def on_mount(self) -> None:
        """List everything before a letter is typed."""
        self.find("")

    def find(self, text: str) -> None:
        """List what matches."""
        self.table.show(self.matching(text))
        self.described()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what matches the text typed so far."""
        event.stop()
        self.find(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run what the cursor is on; a disabled command says why instead."""
        event.stop()
        offer = self.table.current
        if offer is None or offer.disabled:
            self.app.bell()
        else:
            self.dismiss(offer.command.id)

    def action_cancel(self) -> None:
        """Close without running anything."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """Move the cursor over the offers."""
        self.table.move(step)
        self.described()
