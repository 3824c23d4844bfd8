"""The views of the ticket list with their counts: a line where there is little room, else a side pane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from desk.tickets.lists import VIEWS
from tui.desk_calls import desk_app
from tui.text.safe import cell, fitted, line, width_of

SHOWN = ("inbox", "mine", "waiting", "overdue", "open", "closed")
MORE = "..."
"""Where the bar has no room for all."""

Tabs = tuple[tuple[str, str], ...]
"""Key and title of the lists beside each other: the views, then queues."""

VIEW_TABS: Tabs = tuple((view.key, view.title) for view in VIEWS if view.key in SHOWN)


@dataclass
class TabPicked(Message):
    """A view or a queue was clicked; `key` is that of its tab."""

    key: str


class ViewsBar(Widget):
    """``Inbox 12 | Mine 7 |[All open 31]| Closed``; an active filter stands there with its count."""

    DEFAULT_CSS = "ViewsBar { height: 1; width: 1fr; text-wrap: nowrap; }"

    view = reactive("open")
    tabs: reactive[Tabs] = reactive(VIEW_TABS)
    counts: reactive[Mapping[str, int]] = reactive({})
    filter_text = reactive("")
    filter_count: reactive[int | None] = reactive(None)

    def on_click(self, event: events.Click) -> None:
        """Show the list that was clicked."""
        if self.filter_text:
            return
        first, words = self._fitting()
        end = 0
        for (key, _), text in list(zip(self.tabs, words, strict=True))[first:]:
            start, end = end, end + width_of(text) + 2
            if start <= event.x < end:
                self.post_message(TabPicked(key))
            end += 1

    def render(self) -> Content:
        """Return the tabs, or the filter that is set."""
        width = self.size.width
        if self.filter_text:
            title = next(line(title) for key, title in self.tabs if key == self.view)
            found = "" if self.filter_count is None else f" {self.filter_count}"
            right = f"{desk_app(self).key('tickets.back', 'Esc')} clears "
            text = line(self.filter_text)
            room = max(4, width - len(title) - len(found) - len(right) - 8)
            shown = text if width_of(text) <= room else fitted(text, room)
            left = f" [{title}{found}]  / {shown}"
            return Content.assemble((cell(left, width - len(right)), "bold"), right)
        first, words = self._fitting()
        here = self._here
        pieces: list[tuple[str, str]] = []
        ends = list(accumulate(width_of(words[at]) + 3 for at in range(first, len(words))))
        end = len(words)
        # What has no room is left out whole, and the bar says that there is more.
        while end > here + 1 and ends[end - first - 1] - 1 + len(MORE) * (end < len(words)) > width:
            end -= 1
        for at in range(first, end):
            pieces.append(("|" if at > first else "", ""))
            pieces.append((f"[{words[at]}]", "bold") if at == here else (f" {words[at]} ", ""))
        bar = Content.assemble(*pieces, MORE if end < len(words) else "")
        key = desk_app(self).key
        right = f"{key('tickets.view_before', '[')} {key('tickets.view_after', ']')} views"
        gap = width - bar.cell_length - len(right)
        return Content.assemble(bar, " " * gap, right) if gap > 0 else bar

    @property
    def _here(self) -> int:
        return next(at for at, (key, _) in enumerate(self.tabs) if key == self.view)

    def _fitting(self) -> tuple[int, list[str]]:
        """Return the first tab that is seen, and how each is written."""
        words = [self._words(key, line(title)) for key, title in self.tabs]
        first, here, width = 0, self._here, self.size.width
        # The tab that is shown is seen: those before it give way.
        while first < here and sum(map(width_of, words[first : here + 1])) + 3 * (here + 1 - first) > width:
            first += 1
        return first, words

    def _words(self, key: str, title: str) -> str:
        counted = key != "closed" and key in self.counts
        return f"{title} {self.counts[key]}" if counted else title


class ViewsPane(Widget):
    """The same as a pane of lines, with the mailboxes and their health below."""

    DEFAULT_CSS = "ViewsPane { width: 26; height: 1fr; border: solid $primary; text-wrap: nowrap; }"

    view = reactive("open")
    tabs: reactive[Tabs] = reactive(VIEW_TABS)
    counts: reactive[Mapping[str, int]] = reactive({})
    mailboxes: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """(name, health word) of each."""

    def on_mount(self) -> None:
        """Say what the pane is."""
        self.border_title = Content("Views")

    def on_click(self, event: events.Click) -> None:
        """Show the list whose line was clicked; above the views is the border and an empty line."""
        at = event.y - 2
        if at >= len(VIEW_TABS):
            at = max(at - 2, len(VIEW_TABS)) if at >= len(VIEW_TABS) + 2 else -1
        if 0 <= at < len(self.tabs):
            self.post_message(TabPicked(self.tabs[at][0]))

    def render(self) -> Content:
        """Return views, queues and mailboxes, a line each."""
        width = self.size.width
        rows: list[tuple[str, str]] = [("", "")]
        for at, (key, title) in enumerate(self.tabs):
            if at == len(VIEW_TABS):
                rows += [("", ""), (" Queues", "dim")]
            here = key == self.view
            number = str(self.counts[key]) if key in self.counts else ""
            rows.append((f" {'>' if here else ' '} {fitted(title, 12)}{number:>6}", "bold" if here else ""))
        if self.mailboxes:
            rows += [("", ""), (" Mailboxes", "dim")]
            for name, word in self.mailboxes:
                rows.append(
                    (
                        f"   {fitted(name, 12)} {cell(word, 6)}",
                        "$error" if word.isupper() and word != "OK" else "",
                    )
                )
        return Content("\n").join([Content.styled(cell(text, width), style) for text, style in rows])
