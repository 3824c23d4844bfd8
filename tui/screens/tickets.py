"""Tickets: the list and the preview."""

from __future__ import annotations

from tui.widgets.command_screen import CommandScreen


class TicketsScreen(CommandScreen[None]):
    PLACE = "tickets"
