"""A mail as it was received, to be read before anybody understands it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from tui.commands import Command
from tui.desk_screen import DeskScreen
from tui.text.tickets import raw_lines
from tui.widgets.rule import TitledRule
from tui.widgets.text_pane import TextPane


class RawMailScreen(DeskScreen[None]):
    """The raw lines of one mail. Esc goes back."""

    PLACE = "quarantine"
    AUTO_FOCUS = "TextPane"
    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("raw.back", "escape,q,V", "Back", "Back to the list.", "Raw mail", "back", "back"),
    )

    def __init__(self, title: str, raw: bytes) -> None:
        super().__init__()
        self._title = title
        self._raw = raw

    def compose_body(self) -> ComposeResult:
        yield TitledRule(self._title, f"{len(self._raw)} bytes")
        yield TextPane()

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(TextPane).show(lambda width: raw_lines(self._raw, width))

    def action_back(self) -> None:
        self.dismiss(None)
