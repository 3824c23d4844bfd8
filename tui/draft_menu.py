"""The menu of what an agent is writing, the same from the list and from a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.desk_calls import desk_app
from tui.text.safe import line
from tui.text.times import clock_today
from tui.widgets.menu import Menu, MenuItem

if TYPE_CHECKING:
    from desk.replies.drafts import DraftView
    from tui.desk_screen import DeskNode

_LETTERS = "0123456789abcdefghil"


def offer_drafts(screen: DeskNode) -> None:
    """Let the agent choose a draft to go on with."""
    from desk.replies import drafts  # 38 ms

    screen.in_thread(drafts.drafts, desk_app(screen).actor).before_next_key(
        lambda kept: _offer(screen, kept), group="drafts"
    )


def _offer(screen: DeskNode, kept: Sequence[DraftView]) -> None:
    app = desk_app(screen)
    if not kept:
        app.flash("There are no drafts")
        return
    items = []
    for index, draft in enumerate(kept[: len(_LETTERS)]):
        when = clock_today(draft.updated, app.now(), app.desk.zone)
        what = f"{draft.kind} to #{draft.number}" if draft.number else "new ticket"
        start = line(draft.body)[:34]
        items.append(MenuItem(_LETTERS[index], f"{what}, {when}: {start}", str(index)))

    def picked(value: str | None) -> None:
        if value is not None:
            app.navigation.resume_draft(kept[int(value)])

    screen.app.push_screen(Menu("Drafts", items), picked)
