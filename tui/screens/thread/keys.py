"""The keys of a thread: one table for bindings, hints, help and palette."""

from __future__ import annotations

from typing import Any

from tui.commands import Command
from tui.desk_calls import desk_app
from tui.ticket_actions import TICKET_COMMANDS

THREAD = "This thread"


def _here(command: str, key: str, title: str, text: str, action: str, **more: Any) -> Command:
    return Command(f"thread.{command}", key, title, text, THREAD, action, **more)


def _has_files(screen: Any) -> str | None:
    message = screen.current_message
    return None if message is not None and message.attachments else "this message has no attachments"


def _is_doubted(screen: Any) -> str | None:
    if not screen.doubted:
        return "no mail of this ticket is unverified"
    return None if desk_app(screen).actor.may("ticket.edit") else "your role does not grant it"


KEYS: tuple[Command, ...] = (
    *TICKET_COMMANDS,
    _here(
        "attachments",
        "o",
        "Attachments",
        "List the files of this message; save one or all.",
        "attachments",
        footer="open",
    ),
    _here(
        "approve",
        "Y",
        "Approve",
        "Take this unverified mail as its sender's (asks).",
        "approve",
        footer="approve",
        enabled=_is_doubted,
        wide=True,
    ),
    _here(
        "next",
        "J",
        "Next message",
        "Go to the next message.",
        "message(1)",
        footer="message",
        wide=True,
        label="J/K",
    ),
    _here("previous", "K", "Previous message", "Go to the message before.", "message(-1)"),
    _here("toggle", "enter", "Open or fold", "Open the current message, or fold it.", "fold"),
    _here("unfold", "E", "Open all", "Open every message of the thread, or fold them.", "fold_all"),
    _here(
        "ticket_before",
        "left_curly_bracket",
        "Previous ticket",
        "Go to the ticket above in the list.",
        "ticket(-1)",
    ),
    _here(
        "ticket_after",
        "right_curly_bracket",
        "Next ticket",
        "Go to the next ticket of the list.",
        "ticket(1)",
        footer="ticket",
        wide=True,
        label="{ }",
    ),
    _here(
        "headers",
        "H",
        "Headers",
        "Show the header lines of this mail as received.",
        "headers",
        footer="headers",
        wide=True,
    ),
    _here(
        "raw",
        "V",
        "As received",
        "Show this mail as it was received, byte for byte as far as it can be shown; again: as text.",
        "raw",
        footer="raw",
        wide=True,
    ),
    _here(
        "quoted",
        "Q",
        "Quoted text",
        "Show what the message quotes, or hide it.",
        "quoted",
        footer="quoted",
        wide=True,
    ),
    _here(
        "why",
        "W",
        "Why",
        "What became of this mail, and why: the trace of its receipt.",
        "why",
        footer="why",
        wide=True,
    ),
    _here("find", "slash", "Find", "Find words in this thread.", "find", footer="find"),
    _here("find_next", "n", "Next match", "Go to the next match.", "find_step(1)"),
    _here("find_before", "N", "Match before", "Go to the match before.", "find_step(-1)"),
    _here("fetch", "ctrl+r", "Fetch now", "Fetch every mailbox now.", "fetch"),
    _here("zoom", "z", "Zoom", "Hide the ticket pane, or show it.", "zoom"),
    _here("back", "q,escape", "Back", "Back to the list.", "back", footer="back"),
)
