"""The screens, each imported when it is first shown: all at once would cost 100 ms before the first paint."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.screens.admin.screen import AdminScreen as AdminScreen
    from tui.screens.compose import compositions as compositions
    from tui.screens.compose.screen import ComposeScreen as ComposeScreen
    from tui.screens.contact import ContactScreen as ContactScreen
    from tui.screens.dashboard.screen import DashboardScreen as DashboardScreen
    from tui.screens.filters.screen import FiltersScreen as FiltersScreen
    from tui.screens.finder.help import HelpScreen as HelpScreen
    from tui.screens.finder.palette import PaletteScreen as PaletteScreen
    from tui.screens.logs import LogsScreen as LogsScreen
    from tui.screens.mailboxes.form import MailboxFormScreen as MailboxFormScreen
    from tui.screens.mailboxes.screen import MailboxesScreen as MailboxesScreen
    from tui.screens.outbox import OutboxScreen as OutboxScreen
    from tui.screens.quarantine import QuarantineScreen as QuarantineScreen
    from tui.screens.said import SaidScreen as SaidScreen
    from tui.screens.search import SearchScreen as SearchScreen
    from tui.screens.settings import SettingsScreen as SettingsScreen
    from tui.screens.tasks import TasksScreen as TasksScreen
    from tui.screens.thread.screen import ThreadScreen as ThreadScreen
    from tui.screens.tickets.screen import TicketsScreen as TicketsScreen
    from tui.screens.why import WhyScreen as WhyScreen

_MODULES = {
    "AdminScreen": "tui.screens.admin.screen",
    "ComposeScreen": "tui.screens.compose.screen",
    "ContactScreen": "tui.screens.contact",
    "DashboardScreen": "tui.screens.dashboard.screen",
    "FiltersScreen": "tui.screens.filters.screen",
    "HelpScreen": "tui.screens.finder.help",
    "LogsScreen": "tui.screens.logs",
    "MailboxFormScreen": "tui.screens.mailboxes.form",
    "MailboxesScreen": "tui.screens.mailboxes.screen",
    "OutboxScreen": "tui.screens.outbox",
    "PaletteScreen": "tui.screens.finder.palette",
    "QuarantineScreen": "tui.screens.quarantine",
    "SaidScreen": "tui.screens.said",
    "SearchScreen": "tui.screens.search",
    "SettingsScreen": "tui.screens.settings",
    "TasksScreen": "tui.screens.tasks",
    "ThreadScreen": "tui.screens.thread.screen",
    "TicketsScreen": "tui.screens.tickets.screen",
    "WhyScreen": "tui.screens.why",
}


_WINDOWS = {
    "AdminFormScreen": "tui.screens.admin.form",
    "AttachmentsScreen": "tui.screens.thread.attachments",
    "ColumnsScreen": "tui.screens.tickets.columns",
    "CommandOutputScreen": "tui.screens.command_output",
    "FileScreen": "tui.screens.thread.file",
    "LinksScreen": "tui.screens.thread.links",
    "RawMailScreen": "tui.screens.raw_mail",
    "ReviewScreen": "tui.screens.compose.review",
    "WhatIfScreen": "tui.screens.what_if.screen",
}
"""Those that one screen alone opens."""


def every() -> list[Any]:
    """Return all screens that have commands; imports them."""
    return [
        getattr(importlib.import_module(module), name) for name, module in {**_MODULES, **_WINDOWS}.items()
    ]


def __getattr__(name: str) -> object:
    if name == "compositions":
        return importlib.import_module("tui.screens.compose.compositions")
    if name not in _MODULES:
        raise AttributeError(f"there is no screen {name}")
    return getattr(importlib.import_module(_MODULES[name]), name)
