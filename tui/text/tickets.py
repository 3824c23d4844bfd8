"""Tickets and messages as lines of a `TextPane`. Everything here is inert: it passes `tui.text.safe`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from config.records import Record
from mail.inert import clean
from tui.key_names import USUAL, Keys
from tui.text.safe import fitted, line, shortened, size_text, width_of, wrapped
from tui.text.times import clock_day
from tui.widgets.text_pane import Line

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView

LONGEST = 3000
"""Lines of one message that are shown; the whole of it can be saved."""

DELIVERY_WORDS = {
    "queued": ("queued", "warning"),
    "sending": ("sending", "warning"),
    "sent": ("sent", "good"),
    "deferred": ("deferred", "warning"),
    "failed": ("FAILED", "error"),
    "uncertain": ("UNCERTAIN", "error"),
    "cancelled": ("not sent", "dim"),
}
WORST = ("failed", "uncertain", "deferred", "sending", "queued", "cancelled", "sent")


class Reader(Record):
    """For whom and when the lines are made."""

    me: frozenset[str]
    now: datetime
    zone: ZoneInfo
    key: Keys = USUAL


def who(message: MessageView, reader: Reader) -> str:
    """Return who wrote it, as a thread says: ``you -> Ana Prado``, ``note by jo``, ``note by jo -> Bo``."""
    name = line(message.sender_name) or line(message.sender_email) or "unknown"
    note = "note by " if message.kind == "note" else ""
    if note and not message.deliveries:
        return f"{note}{'you' if is_mine(message, reader) else name}"
    if note or message.kind == "reply":
        to = people(message.to[:2]) + (", ..." if len(message.to) > 2 else "")
        unseen = f", bcc {people(message.bcc[:2])}" if message.bcc else ""
        return f"{note}{'you' if is_mine(message, reader) else name} -> {to or 'nobody'}{unseen}"
    if message.reply_to:
        return f"{name}, answers to {', '.join(line(email) for _, email in message.reply_to)}"
    return name


def people(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names, or addresses of those who gave none."""
    return ", ".join(line(name) or line(email) for name, email in pairs)


def is_mine(message: MessageView, reader: Reader) -> bool:
    """Return whether the reader wrote it."""
    return message.kind != "customer" and bool({message.sender_name, message.sender_email} & reader.me)


def state_of(message: MessageView, *, first: bool) -> tuple[str, str]:
    """Return what is shown at the right of a message's head: (words, style)."""
    if message.unverified:
        return ("denied sender", "dim") if message.denied else ("UNVERIFIED sender", "error")
    if message.kind == "note" and not message.deliveries:
        return ("internal, edited" if message.edits else "internal"), "dim"
    if message.deliveries:
        states = {delivery.state for delivery in message.deliveries}
        worst = next((state for state in WORST if state in states), "sent")
        return DELIVERY_WORDS[worst]
    if message.machine:
        return f"machine: {line(message.machine)}", "dim"
    count = len(message.attachments)
    if count:
        return f"{count} attachment{'s' if count > 1 else ''}", ""
    return ("first message", "dim") if first else ("", "")


def head_line(message: MessageView, reader: Reader, width: int, *, current: bool, first: bool) -> Line:
    """Return one line: when, who, what became of it."""
    words, style = state_of(message, first=first)
    when = clock_day(message.created, reader.now, reader.zone)
    left = f"{'v' if current else ' '}{when}  {who(message, reader)}"
    room = width - width_of(words) - 1
    left = left if width_of(left) < room else fitted(left, room - 1)
    fill = room - width_of(left)
    return [(left, "bold" if current else ""), (" " * max(1, fill), ""), (words, style), (" ", "")]


def folded(message: MessageView, width: int) -> Line:
    """Return the first line of a message that is not opened, and how many there are."""
    text = (message.reply_text or message.text).strip()
    lines = [part for part in text.split("\n") if part.strip()]
    bar = "| " if message.kind == "note" else ""
    first = line(lines[0]) if lines else "(no text)"
    count = f" [{len(lines)} lines]" if len(lines) > 1 else ""
    room = width - 4 - len(bar) - len(count)
    return [
        (f"   {bar}", "dim"),
        (shortened(first, room), ""),
        (count, "dim"),
    ]


def folded_words(part: str) -> str:
    """Say what a folded part of a message is: ``quoted text``, ``signature``, or both."""
    rows = [row.strip() for row in part.split("\n") if row.strip()]
    signed = next((at for at, row in enumerate(rows) if row == "--"), None)
    if signed is None and len(rows) == 1 and not rows[0].startswith(">"):
        from mail.mime.quotes.footers import is_device_line  # 2 ms, for a single folded line

        signed = 0 if is_device_line(rows[0]) else None
    if signed is None:
        return "quoted text"
    if signed:
        return "quoted text and signature"
    # A quote below a signature is announced or marked.
    below = any(row.startswith(">") or row.endswith(":") for row in rows[1:])
    return "signature and quoted text" if below else "signature"


def body_lines(
    message: MessageView,
    width: int,
    key: Keys | None = None,
    *,
    indent: int = 3,
    quoted: bool = False,
    limit: int = LONGEST,
) -> list[Line]:
    """Return the message's own words, its quoted text if wanted, its files.

    `key`: of the thread, where quoted text is shown and a mail is saved by one; None elsewhere.
    """
    show = f", {key('thread.quoted', 'Q')} to show" if key else ""
    save = f": {key('thread.attachments', 'o')} saves the mail as a file" if key else ""
    margin = " " * indent
    inner = max(10, width - indent - 1)
    bar = "| " if message.kind == "note" else ""
    lines: list[Line] = []
    shown: list[str] = []
    for part, folded in message.parts or [(message.text, False)]:
        if folded and not quoted:
            count = part.count("\n") + 1
            what = folded_words(part)
            lines.append([(margin, ""), (f"[{what}: {count} line{'s' * (count > 1)}{show}]", "dim")])
            continue
        if quoted and shown:
            lines.append([])
        shown.append(part)
        lines += [
            [(margin + bar, "dim"), (row, "dim" if folded or row.startswith(">") else "")]
            for row in wrapped(part, inner - len(bar))
        ]
    if len(lines) > limit:
        rest = len(lines) - limit
        lines = [
            *lines[:limit],
            [(margin, ""), (f"[{rest} more lines{save}]", "warning")],
        ]
    below = message.said_below("\n".join(shown))
    lines += [[(margin, ""), (row, "dim")] for row in wrapped(below, inner) if row]
    if message.signature:
        style = (
            "good"
            if message.signature.startswith(("S/MIME signature is valid, by", "PGP signature is valid, by"))
            else "warning"
        )
        lines += [[(margin, ""), (row, style)] for row in wrapped(f"[{message.signature}]", inner)]
    if message.attachments:
        lines.append([])
        for item in message.attachments:
            files = f"[file] {line(item.name)}  {size_text(item.size)}  {line(item.type)}"
            lines.append(
                [(margin, ""), (files if width_of(files) <= inner else fitted(files, inner), "accent")]
            )
    lines += delivery_lines(message, inner, margin)
    return lines


def delivery_lines(message: MessageView, width: int, margin: str) -> list[Line]:
    """Return recipients whose mail was not simply sent, with the server's words."""
    lines: list[Line] = []
    for delivery in message.deliveries:
        if delivery.state in ("sent", "queued", "cancelled", "sending") and not delivery.detail:
            continue
        if delivery.state == "sent":
            continue
        words, style = DELIVERY_WORDS[delivery.state]
        detail = f": {line(delivery.detail)}" if delivery.detail else ""
        for row in wrapped(f"[{words}] {line(delivery.to)}{detail}", width):
            lines.append([(margin, ""), (row, style)])
    return lines


def header_lines(raw: bytes, width: int) -> list[Line]:
    """Return the header of a raw mail, as received."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0][:64_000]
    return [[("   ", ""), (row, "dim")] for row in wrapped(_decoded(head), width - 4)]


def raw_lines(raw: bytes, width: int, save: str) -> list[Line]:
    """Return a raw mail as received, as far as it can be shown; `save` is the key that saves it."""
    text = _decoded(raw.replace(b"\r\n", b"\n")[:400_000])
    lines: list[Line] = [[("   ", ""), (row, "")] for row in wrapped(text, width - 4)[:LONGEST]]
    if len(raw) > 400_000 or len(lines) == LONGEST:
        lines.append(
            [("   ", ""), (f"[cut; the mail has {size_text(len(raw))}: {save} saves it]", "warning")]
        )
    return lines


def _decoded(data: bytes) -> str:
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        return clean(data.decode("latin-1"))


def attachments_words(names: Sequence[tuple[str, int]]) -> str:
    """``[1 attachment: charon.log 18 kB]``."""
    if not names:
        return ""
    first = f"{line(names[0][0])} {size_text(names[0][1])}"
    if len(names) == 1:
        return f"[1 attachment: {first}]"
    return f"[{len(names)} attachments: {first}, ...]"
