"""The keys of Tickets: one table for bindings, hints, help and palette."""

from __future__ import annotations

from typing import Any

from tui.commands import Command
from tui.ticket_actions import TICKET_COMMANDS

LIST = "This list"


def _here(command: str, key: str, title: str, text: str, action: str, **more: Any) -> Command:
    return Command(f"tickets.{command}", key, title, text, LIST, action, **more)


KEYS: tuple[Command, ...] = (
    _here("open", "", "Open", "Read the whole thread.", "open", footer="open", label="ret"),
    *TICKET_COMMANDS,
    _here("mark", "space", "Mark", "Mark the ticket and move down.", "mark", footer="mark"),
    _here("range", "v", "Range", "Mark every ticket the cursor passes.", "range", footer="range", wide=True),
    _here("all", "asterisk", "Mark all", "Mark all tickets of this list.", "mark_all"),
    _here(
        "filter",
        "slash",
        "Filter",
        "Show only what fits: state:open owner:me p:high tag:vpn"
        " from:@corp.ex age:>2d has:attachment is:unread, or words of the mails; ! negates.",
        "filter",
        footer="find",
    ),
    _here("view_before", "left_square_bracket", "Previous view", "Show the view to the left.", "view(-1)"),
    _here(
        "view_after",
        "right_square_bracket",
        "Next view",
        "Show the view to the right.",
        "view(1)",
        footer="view",
        wide=True,
        label="[ ]",
    ),
    _here("sort", "O", "Sort", "Choose the order of the list.", "sort"),
    _here("new", "n", "New ticket", "Write to somebody first.", "new_ticket"),
    _here("drafts", "D", "Drafts", "Go on with something you began to write.", "drafts"),
    _here(
        "why",
        "W",
        "Why",
        "What became of the ticket's newest mail, and why: the trace of its receipt.",
        "why",
    ),
    _here("fetch", "ctrl+r", "Fetch now", "Fetch every mailbox now.", "fetch", footer="fetch", wide=True),
    _here(
        "zoom",
        "z",
        "Zoom",
        "Give the pane with the focus all the room, and back.",
        "zoom",
        footer="zoom",
        wide=True,
    ),
    _here("preview_down", "J", "Preview down", "Scroll the preview.", "preview_scroll(1)"),
    _here("preview_up", "K", "Preview up", "Scroll the preview back.", "preview_scroll(-1)"),
    _here("pane", "tab,h,l", "Next pane", "Move between list and preview.", "pane", footer="pane", wide=True),
    _here("back", "escape", "Back", "Clear the marks, then the filter.", "back"),
    _here(
        "quit",
        "q",
        "Quit",
        "Clear marks and filter; when there are none, leave Nightdesk.",
        "quit_or_back",
        footer="quit",
        wide=True,
    ),
)
