"""The fields of a form, one row below the other: arrows go from field to field, PgUp and PgDn scroll."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll


class FieldPane(VerticalScroll, inherit_bindings=False):
    """Scrolls to the field with the cursor; plain scrolling by arrows would lose it from sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]
