"""What can be said of the screen: its place, what has the focus, and its lines without any drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from desk.tickets.lists import TicketLine
from tui.desk_calls import desk_app
from tui.desk_screen import DeskNode
from tui.screens.finder.command_list import CommandList
from tui.text.safe import line
from tui.text.times import age
from tui.ticket_actions import PRIORITY_NAMES
from tui.widgets.menu import MenuItem, MenuLines
from tui.widgets.row_source import Look
from tui.widgets.ticket_list import waited
from tui.widgets.virtual_list import VirtualList

DRAWN = str.maketrans(dict.fromkeys("│┃┌┐└┘├┤┬┴┼╭╮╰╯─━═║╔╗╚╝▀▄█▌▐░▒▓▋▁▂▃▅▆▇", " "))
"""Lines and blocks, which say nothing."""
FOOT = "TopBar, StatusLine, Hints, #body-rule, #admin-form-help"
"""What every screen has, the place of the cursor in a text, and what is told as the help of a field."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The screen at one moment. `here` is what the cursor of `focus` is on, in words."""

    screen: int
    title: str
    focus: int
    here: str
    typed: str | None
    """What stands in the line that is typed into; None: nothing is typed."""
    choices: tuple[str, ...]
    """What a menu offers."""
    listed: bool
    """Whether `here` is a row of a list, which is walked and not read from the top."""
    lined: bool
    """Whether a text of several lines is typed, and `here` names the one with the cursor."""
    lines: tuple[str, ...]
    """The body's lines: not the places, the status, the keys, and what is typed into."""
    field: tuple[str, ...] = ()
    """The lines that are typed into."""
    place: str = ""
    """Which of its lists a screen shows."""
    help: str = ""
    """What the field with the keys means."""


def look(app: App[Any]) -> Scene:
    """Read the screen on top."""
    screen = app.screen
    focused = screen.focused
    lines, field = _told(screen, focused)
    return Scene(
        screen=id(screen),
        title=_title(screen),
        focus=id(focused),
        here=_here(screen, focused),
        typed=_typed(focused),
        choices=tuple(_choice(item) for menu in screen.query(MenuLines) for item in menu.items),
        listed=isinstance(focused, VirtualList) or bool(screen.query(CommandList) or _own_row(screen)),
        lined=isinstance(focused, TextArea),
        lines=lines,
        field=field,
        place=line(screen.spoken_place()) if isinstance(screen, DeskNode) else "",
        help=line(screen.spoken_help()) if isinstance(screen, DeskNode) else "",
    )


def whole(app: App[Any]) -> list[str]:
    """Return all lines of the screen, the first line and the keys at the foot too."""
    return _words(_rows(app.screen))


def _told(screen: Screen[Any], focused: Widget | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the body's lines, and those that are typed into."""
    foot = {y for widget in screen.query(FOOT) if widget.display for y in _lines_of(widget)}
    field = {*_lines_of(focused)} if focused is not None and _typed(focused) is not None else set()
    rows = _rows(screen)
    body = _words([row for y, row in enumerate(rows) if y not in foot | field])
    return tuple(body), tuple(_words([row for y, row in enumerate(rows) if y in field]))


def _lines_of(widget: Widget) -> range:
    return range(widget.region.y, widget.region.bottom)


def _rows(screen: Screen[Any]) -> list[str]:
    """Return the lines of a screen; of a window only what stands in it."""
    strips = screen._compositor.render_strips()
    if screen.is_modal:
        boxes = [child.region for child in screen.children if child.display and child.region]
        left = min((box.x for box in boxes), default=0)
        right = max((box.right for box in boxes), default=0)
        inside = {y for box in boxes for y in range(box.y, box.bottom)}
        strips = [
            strip.crop(left, right) if y in inside else strip.crop(0, 0) for y, strip in enumerate(strips)
        ]
    return ["".join(segment.text for segment in strip) for strip in strips]


def _words(rows: Sequence[str]) -> list[str]:
    said = [" ".join(row.translate(DRAWN).split()) for row in rows]
    return [row for row in said if row]


def _title(screen: Screen[Any]) -> str:
    if isinstance(screen, DeskNode) and not screen.is_modal:
        first = screen is screen.app.screen_stack[0]
        return screen.HELP_TITLE or (screen.PLACE.capitalize() if first else screen.GROUP)
    return next((str(each.border_title) for each in screen.query("*") if each.border_title), "")


def _typed(focused: Widget | None) -> str | None:
    if isinstance(focused, Input):
        return "*" * len(focused.value) if focused.password else focused.value
    if isinstance(focused, TextArea):
        return focused.document.get_line(focused.cursor_location[0])
    return None


def _here(screen: Screen[Any], focused: Widget | None) -> str:
    """Return what the cursor is on, in words."""
    for menu in screen.query(MenuLines):
        item = menu.items[menu.cursor] if menu.items else None
        return "" if item is None else _choice(item)
    for commands in screen.query(CommandList):
        offer = commands.current
        if offer is not None:
            why = f" Not now: {offer.disabled}." if offer.disabled else ""
            return f"{offer.keys}  {offer.command.title}: {offer.command.help}{why}"
        return "nothing is called that"
    if row := _own_row(screen):
        return row
    if isinstance(focused, VirtualList):
        return _row_words(screen, focused)
    if isinstance(focused, TextArea):
        return f"line {focused.cursor_location[0] + 1}"
    if focused is None or focused.size.height != 1:
        return ""
    return _field_words(screen, focused)


def _own_row(screen: Screen[Any]) -> str:
    return line(screen.spoken_row()) if isinstance(screen, DeskNode) else ""


def _choice(item: MenuItem) -> str:
    return f"{item.key}  {item.text}{f' ({item.disabled})' if item.disabled else ''}".strip()


def _field_words(screen: Screen[Any], field: Widget) -> str:
    """Return a field of one line with the label before it, which begins where the field before it ends."""
    rows, area = _rows(screen), field.region
    if not 0 <= area.y < len(rows):
        return ""
    before = [
        widget.region.right
        for widget in screen.focus_chain
        if widget.region.y == area.y and widget.region.right <= area.x
    ]
    # Cells, not characters: what stands before a field has no wide signs.
    return " ".join(rows[area.y][max(before, default=0) : area.right].translate(DRAWN).split()).lstrip("] ")


def _row_words(screen: Screen[Any], table: VirtualList[Any]) -> str:
    row = table.row
    if row is None:
        return table.empty_text if table.loaded else ""
    marked = "marked, " if row in table.chosen() and table.marks else ""
    if isinstance(row, TicketLine):
        return marked + ticket_words(row, screen)
    if words := table.row_words(row):
        return marked + line(words)
    look = Look(here=False, marked=False, focused=False)
    text = "".join(text for text, _ in table.row_line(row, 160, look))
    return marked + " ".join(text.translate(DRAWN).split())


def ticket_words(row: TicketLine, screen: Screen[Any]) -> str:
    """Return a ticket as it is spoken: number and subject first, then what matters, in words and no signs."""
    now = desk_app(screen).now()
    wait = waited(row, now)
    said = [
        f"#{row.number}",
        row.subject or "no subject",
        f"from {'important ' if row.vip else ''}{row.requester or row.requester_email}",
        row.named_status or row.status,
        "overdue" if row.overdue else "",
        "unread" if row.unread else "",
        "" if row.priority == 2 else PRIORITY_NAMES[row.priority],
        f"waits {wait}" if row.status != "closed" and wait != "-" else "",
        f"of {row.assignee}" if row.assignee else "",
        f"tags {' '.join(row.tags)}" if row.tags else "",
        f"touched {age(row.updated, now)} ago",
    ]
    return ", ".join(part for part in said if part)
