"""The first line: the places of the app, mail health, the agent, and the time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.desk_calls import desk_app
from tui.text.safe import line

PLACES = (
    ("1", "Tickets", "tickets"),
    ("2", "Mailboxes", "mailboxes"),
    ("3", "Logs", "logs"),
    ("4", "Dashboard", "dashboard"),
    ("5", "Settings", "settings"),
    ("6", "Outbox", "outbox"),
    ("7", "Quarantine", "quarantine"),
)
READ_ONLY = "read-only"
SHORT = {"dashboard": "Dash", "outbox": "Out", "quarantine": "Quar"}
SHORTEST = {**SHORT, "mailboxes": "Mail", "settings": "Set"}


class TopBar(Widget):
    """One line; the time moves on the minute only, because every painted byte crosses an SSH link."""

    DEFAULT_CSS = "TopBar { height: 1; width: 1fr; dock: top; text-wrap: nowrap; }"

    health = reactive("")
    """The mail's health in some words; shown where there is room."""
    waiting: reactive[Mapping[str, str]] = reactive({})
    """What waits in a place, behind its title: ``3`` mails in the outbox, ``1!`` that failed."""
    alarm = reactive("")
    """What has to be read at any width, in place of who is there."""
    moment: reactive[datetime | None] = reactive(None)

    def __init__(self, place: str, agent: str, host: str) -> None:
        super().__init__()
        self._place = place
        self._agent = line(agent)
        self._host = line(host)
        self._spans: list[tuple[int, int, str]] = []

    def on_click(self, event: events.Click) -> None:
        """Go to the place that was clicked."""
        for start, end, place in self._spans:
            if start <= event.x < end:
                desk_app(self).navigation.go_to(place)

    def render(self) -> Content:
        """Lay out the places and as much of the right side as there is room for beside them."""
        width = self.size.width
        rights = self._rights(width)
        tried = [
            (self._places(titles), right) for right in rights for titles in ("whole", "short", "shortest")
        ]
        tried += [(self._places("digits"), right) for right in (*rights, "")]
        left, right = next(
            (pair for pair in tried if pair[0].cell_length + cell_len(pair[1]) < width), tried[-1]
        )
        self._spans = self._spans_of(left.plain)
        gap = width - left.cell_length - cell_len(right)
        end = " " if gap > 1 and right else ""
        style = "bold reverse" if self.alarm else ""
        return Content.assemble(left, " " * max(0, gap - len(end)), (right, style), end)

    def _rights(self, width: int) -> list[str]:
        """Return what may stand at the right, the fullest first."""
        clock = self.moment.strftime("%H:%M") if self.moment else ""
        reads = desk_app(self).desk.settings.read_only
        if width < 100:
            if self.alarm:
                return [line(self.alarm)]
            return [*((f"{READ_ONLY} {clock}", READ_ONLY) if reads else ()), f"@{self._agent} {clock}", clock]
        who = f"{self._agent}@{self._host}" if self._host else self._agent
        who += f" {READ_ONLY}" * reads
        health = line(self.health)
        choices = ([health, who, clock], [health, clock], [health], [clock])
        return ["   ".join(part for part in parts if part) for parts in choices]

    def _places(self, titles: str) -> Content:
        """Return the places with ``whole`` titles, ``short`` or ``shortest`` ones, or as bare ``digits``."""
        given = {"short": SHORT, "shortest": SHORTEST}.get(titles, {})
        pieces: list[str | tuple[str, str]] = [("NIGHTDESK", "bold"), " "]
        for usual, title, place in PLACES:
            digit = self._digit(usual, place)
            count = self.waiting.get(place, "")
            words = given.get(place, title)
            if place == self._place:
                pieces += [" ", (f"[{digit}]{words}{f' {count}' if count else ''}", "bold reverse")]
            elif titles == "digits":
                pieces.append(f"  {digit}")
            else:
                pieces.append(f"  {digit} {words}")
            if count and place != self._place:
                pieces.append((f" {count}", "bold"))
        return Content.assemble(*pieces)

    def _digit(self, usual: str, place: str) -> str:
        return desk_app(self).key(f"app.{place}", usual)

    def _spans_of(self, places: str) -> list[tuple[int, int, str]]:
        """Return from where to where the places stand that can be clicked."""
        starts = [
            (found.start(), place)
            for usual, _, place in PLACES
            if (found := re.search(rf" \[?{re.escape(self._digit(usual, place))}(?![0-9!])", places))
            is not None
        ]
        ends = [start for start, _ in starts[1:]] + [len(places)]
        return [(start, end, place) for (start, place), end in zip(starts, ends, strict=True)]
