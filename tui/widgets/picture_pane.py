"""A pane of text that can show a picture, two of its points in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from mail.mime.pictures import Picture

UPPER_HALF = "\u2580"


class PicturePane(TextPane):
    """Shows text until it is given a picture, and what the text said below that."""

    DEFAULT_CSS = "PicturePane { height: 1fr; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None

    def show_picture(self, picture: Picture, words: str) -> None:
        """Show a picture, its words in the line below."""
        self._picture = picture
        rows = (picture.height + 1) // 2
        self.show(lambda _width: [*([] for _ in range(rows)), [(f" {words}", "dim")]])

    def render_line(self, y: int) -> Strip:
        """Return a line of the picture, or of the text."""
        picture, row = self._picture, (self.top + y) * 2
        if picture is None or row >= picture.height:
            return super().render_line(y)
        segments = [Segment(" ", self.rich_style)]
        for column in range(picture.width):
            upper, lower = picture.colour(column, row), picture.colour(column, row + 1)
            style = Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
            segments.append(Segment(UPPER_HALF, style))
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
