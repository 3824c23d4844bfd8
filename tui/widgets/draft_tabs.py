"""One line with the open drafts, shown while something else is read: ``Drafts reply #1042 note #7``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from tui.desk_calls import desk_app
from tui.text.safe import cell, line, shortened, width_of

if TYPE_CHECKING:
    from desk.replies.drafts import DraftView

SUBJECT = 12
"""Cells of a subject in its tab."""


class DraftTabs(Widget):
    """Takes no room while there are no drafts."""

    DEFAULT_CSS = "DraftTabs { height: 1; width: 1fr; text-wrap: nowrap; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._drafts: Sequence[DraftView] = ()

    def show(self, drafts: Sequence[DraftView]) -> None:
        """Show these drafts, newest first."""
        if drafts != self._drafts:
            self._drafts = drafts
            self.display = bool(drafts)
            self.refresh()

    def render(self) -> Content:
        """Return the drafts beside each other."""
        width, right = self.size.width, f"{desk_app(self).key('tickets.drafts', 'D')} goes on "
        text = " Drafts "
        for number, draft in enumerate(self._drafts):
            tab = f" [{_words(draft)}]"
            left = len(self._drafts) - number
            more = f" +{left}" if left > 1 else ""
            if width_of(text + tab + more) > width - width_of(right) - 1:
                text += f" +{left}"
                break
            text += tab
        return Content.assemble((cell(text, width - width_of(right)), "dim"), right)


def _words(draft: DraftView) -> str:
    subject = line(draft.ticket_subject if draft.number else draft.subject)
    what = f"{draft.kind} #{draft.number}" if draft.number else "new"
    return f"{what} {shortened(subject, SUBJECT)}".rstrip()
