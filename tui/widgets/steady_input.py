"""An input whose cursor does not blink: a blinking one sends 1.9 kB/s over the link."""

from __future__ import annotations

from textual.widgets import Input


class SteadyInput(Input):
    """One line, without border."""

    def __init__(
        self, value: str = "", *, placeholder: str = "", password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(
            value, placeholder=placeholder, password=password, id=id, compact=True, select_on_focus=False
        )
        self.cursor_blink = False
