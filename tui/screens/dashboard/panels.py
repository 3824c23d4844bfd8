"""What the dashboard shows, as panels of lines: words, and numbers that lead to what they count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.records import Record
from desk.reports.dashboard import SOON_WORDS
from desk.reports.table import length_words
from tui.text.safe import cell, fitted

if TYPE_CHECKING:
    from desk.reports.dashboard import Count, Dashboard, Day, Group
    from tui.health import Health


class Goal(Record):
    """Where a number leads: to the tickets of a query, or to a place of the app."""

    query: str = ""
    place: str = ""


class Piece(Record):
    """Inert text in a style, perhaps one that leads somewhere."""

    text: str
    style: str = ""
    goal: Goal | None = None
    words: str = ""
    """What the number counts, for who hears it alone."""


Row = Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Panel:
    """Some lines under a title, made for a width in cells."""

    title: str
    rows: Callable[[int], Sequence[Row]]


WAITING = ("under 4 h", "4 h to 1 day", "1 to 3 days", "3 to 7 days", "over 7 days")
WAITING_STYLES = ("", "", "", "warning", "error")
WEEK = 7
BLOCKS = "▁▂▃▄▅▆▇█"


def panels(board: Dashboard, health: Health, *, bars: bool = True) -> tuple[Panel, ...]:
    """Return the panels in the order in which a lead looks at them; without bars where all is read out."""
    words = dict(health.lines)
    return (
        Panel("Customers who wait", lambda width: _waiting(board, width if bars else 0)),
        Panel("Needs attention", lambda width: _attention(board, health)),
        Panel(f"Last {len(board.days)} days", lambda width: _days(board, width)),
        Panel("By agent", lambda width: _groups(board.agents, width)),
        Panel("By department", lambda width: _groups(board.departments, width)),
        Panel("By mailbox", lambda width: _mailboxes(board.mailboxes, words, width)),
    )


def _waiting(board: Dashboard, width: int) -> list[Row]:
    most = max(count.number for _, count in board.waiting)
    rows: list[Row] = []
    for words, style, (_, count) in zip(WAITING, WAITING_STYLES, board.waiting, strict=True):
        bar = _bar(count.number, most, max(4, width - 23)) if width else ""
        rows.append(
            (
                Piece(f" {cell(words, 12)} {bar} "),
                _link(count, 7, style if count.number else "dim", words),
            )
        )
    states = [
        piece
        for state, count in board.states
        for piece in (Piece(f" {state} "), _link(count, 0, "", state), Piece(" "))
    ]
    return [*rows, states]


def _attention(board: Dashboard, health: Health) -> list[Row]:
    rows: list[Row] = [
        _told(board.overdue, "overdue", "error" if board.overdue.number else ""),
        _told(board.due_soon, f"due within {SOON_WORDS[:-1]} h"),
        _told(board.urgent, "urgent"),
        _told(board.unassigned, "nobody's"),
    ]
    failing = [f"{name} {word}" for name, word in health.lines if word.endswith("!")]
    if failing:
        told = f"mailbox{'es' * (len(failing) > 1)} failing: {', '.join(failing)}"
        rows.append(_place(len(failing), told, "mailboxes", "error"))
    if health.trouble:
        rows.append(_place(health.trouble, "mail not delivered", "outbox", "error"))
    if health.quarantined:
        rows.append(_place(health.quarantined, "mail in quarantine", "quarantine", "warning"))
    return [*rows, _place(health.queued, "in the outbox", "outbox")]


def _days(board: Dashboard, width: int) -> list[Row]:
    week = board.days[-WEEK:]
    room = max(4, (width - 10) // WEEK)
    rows: list[Row] = [
        [Piece(" " * 10, "dim"), *(Piece(cell(f"{day.day:%a}"[:2], room, right=True), "dim") for day in week)]
    ]
    kinds: tuple[tuple[str, Callable[[Day], Count]], ...] = (
        ("opened", lambda day: day.opened),
        ("answered", lambda day: day.answered),
        ("closed", lambda day: day.closed),
    )
    for name, count in kinds:
        rows.append(
            [Piece(f" {name:<9}"), *(_link(count(day), room, "", f"{name} on {day.day:%A}") for day in week)]
        )
    for name, count in kinds:
        line = _sparkline([count(day).number for day in board.days])
        whole = _link(count(board.all_days), 7, "", name)
        rows.append((Piece(f" {line} ", "accent"), whole, Piece(f" {name}")))
    for words, found in (("first reply", board.first_response), ("to close", board.resolution)):
        half, most = length_words(found.median), length_words(found.p90)
        rows.append((Piece(f" {words:<11} median {half}, 9 of 10 {most}", "dim"),))
    return rows


def _groups(groups: Sequence[Group], width: int) -> list[Row]:
    room = max(8, width - 22)
    rows: list[Row] = [[Piece(f" {'':<{room}}{'open':>6} {'late':>6} {'wait':>6}", "dim")]]
    for group in groups:
        rows.append(
            (
                Piece(f" {fitted(group.name, room)}"),
                _link(group.open, 6, "", f"{group.name}, open"),
                Piece(" "),
                _link(group.overdue, 6, "error" if group.overdue.number else "dim", f"{group.name}, overdue"),
                Piece(" "),
                _link(group.waiting, 6, "", f"{group.name}, customers who wait"),
            )
        )
    return rows if groups else [[Piece(" nothing is open", "dim")]]


def _mailboxes(groups: Sequence[Group], words: Mapping[str, str], width: int) -> list[Row]:
    """Return the mailboxes with their health; those that have no open ticket too."""
    left = dict(words)
    room = max(8, width - 23)
    goal = Goal(place="mailboxes")
    rows: list[Row] = [[Piece(f" {'':<{room}}{'open':>6} {'wait':>6}  {'mail':<6}", "dim")]]
    for group in groups:
        word = left.pop(group.name, "")
        style = "error" if word.endswith("!") else ""
        rows.append(
            (
                Piece(f" {fitted(group.name, room)}"),
                _link(group.open, 6, "", f"{group.name}, open"),
                Piece(" "),
                _link(group.waiting, 6, "", f"{group.name}, customers who wait"),
                Piece("  "),
                Piece(cell(word, 6), style, goal if word else None, f"{group.name}, mail"),
            )
        )
    for name, word in left.items():
        style = "error" if word.endswith("!") else ""
        rows.append(
            (
                Piece(f" {fitted(name, room)}{'-':>6} {'-':>6}  "),
                Piece(cell(word, 6), style, goal, f"{name}, mail"),
            )
        )
    return rows if len(rows) > 1 else [[Piece(" no mailbox yet", "dim", goal)]]


def _told(count: Count, words: str, style: str = "") -> Row:
    return _link(count, 7, style, words), Piece(f" {words}")


def _place(number: int, words: str, place: str, style: str = "") -> Row:
    return Piece(cell(str(number), 7, right=True), style, Goal(place=place), words), Piece(f" {words}")


def _link(count: Count, width: int, style: str, words: str) -> Piece:
    text = cell(_short(count.number, width), width, right=True) if width else str(count.number)
    return Piece(text, style, Goal(count.query), words)


def _short(number: int, room: int) -> str:
    """Return a number in the cells there are: ``999``, ``12k`` where it has no room."""
    text = str(number)
    return text if len(text) < room else f"{number // 1000}k"


def _bar(number: int, most: int, room: int) -> str:
    filled = -(-number * room // most) if most else 0
    return "#" * filled + "." * (room - filled)


def _sparkline(numbers: Sequence[int]) -> str:
    """Return a column for each number; the lowest one is none at all."""
    most = max(numbers)
    top = len(BLOCKS) - 1
    return "".join(BLOCKS[-(-number * top // most) if most else 0] for number in numbers)
