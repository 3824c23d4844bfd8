"""Review: the only place from which mail leaves. Nothing is sent before y."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from mail.mime.address import typed
from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskModal
from tui.screens.compose import compositions
from tui.screens.compose.compositions import Composition
from tui.text.markdown import markdown_lines
from tui.text.safe import size_text, wrapped
from tui.widgets.came_since import news_lines
from tui.widgets.text_pane import Line, TextPane

if TYPE_CHECKING:
    from desk.tickets.since import News


class ReviewScreen(DeskModal[str]):
    """Returns ``send``, ``edit``, ``attach``, ``keep`` or None. Enter does nothing here."""

    DEFAULT_CSS = """
    ReviewScreen { align: center middle; background: transparent; }
    ReviewScreen > Vertical {
        width: 72; max-width: 96%; height: 18; max-height: 90%;
        border: solid $accent; background: $surface; border-subtitle-align: right;
    }
    ReviewScreen.-news > Vertical { height: 90%; }
    ReviewScreen.-reading > Vertical { width: 96%; height: 90%; }
    """
    AUTO_FOCUS = "TextPane"
    ID_PREFIX = "review"
    GROUP = "Review"

    def __init__(self, composition: Composition) -> None:
        super().__init__()
        self._composition = composition
        self._others = list(composition.others)
        self._news: tuple[News, ...] = ()
        self._seconds = 0

    def window_hints(self) -> tuple[tuple[str, str], ...]:
        """Return only the way out: the window shows its own keys, and those below do not work now."""
        return ((desk_app(self).key("review.cancel", "q"), "back"),)

    def compose(self) -> ComposeResult:
        """Yield the box with what will leave."""
        with Vertical():
            yield TextPane()

    def on_mount(self) -> None:
        """Show what will leave, and ask who else is at the ticket."""
        super().on_mount()
        box = self.query_one(Vertical)
        what = {"reply": "reply", "forward": "forwarded mail"}.get(self._composition.kind, "mail")
        box.border_title = Content(
            f"Send this {what}? - nothing is sent before {desk_app(self).key('review.send', 'y')}"
        )
        self.query_one(TextPane).show(self._facts)
        self._tell_keys()
        self.desk_changed()

    def _tell_keys(self) -> None:
        """Tell the keys in the border where the text does not, or is longer than the box."""
        pane = self.query_one(TextPane)
        hidden = self.has_class("-reading") or pane.line_count > pane.size.height
        self.query_one(Vertical).border_subtitle = Content(self._keys_in_a_line() if hidden else "")

    def _keys_in_a_line(self) -> str:
        return "  ".join(f"{each.shown_key} {each.footer}" for each in self.commands())

    def on_resize(self) -> None:
        """Show the keys where they are seen."""
        self.call_after_refresh(self._tell_keys)

    def desk_changed(self) -> None:
        """Look again for what came to the ticket meanwhile."""
        self.in_thread(self._ask).then(self._told, group="facts")

    def company_changed(self) -> None:
        """Show who else is at the ticket now."""
        self._show_facts()

    def _ask(self) -> tuple[int, list[compositions.Other], tuple[News, ...], Composition]:
        desk, actor, composition = desk_app(self).desk, desk_app(self).actor, self._composition
        others = compositions.others(actor, composition.number)
        news = (
            *compositions.came_since(actor, composition)[0],
            *compositions.draft_gone(actor, composition),
        )
        as_it_leaves = compositions.as_it_leaves(desk, actor, composition)
        return compositions.undo_seconds(), others, news, as_it_leaves

    def _told(self, facts: tuple[int, list[compositions.Other], tuple[News, ...], Composition]) -> None:
        self._seconds, self._others, self._news, self._composition = facts
        self.set_class(bool(self._news), "-news")
        self._show_facts()

    def _show_facts(self) -> None:
        if not self.has_class("-reading"):
            self.query_one(TextPane).show(self._facts, keep=True)
            self.call_after_refresh(self._tell_keys)

    def _facts(self, width: int) -> list[Line]:
        composition = self._composition
        body = composition.body.strip()
        count = body.count("\n") + 1 if body else 0
        size = size_text(len(body.encode()))
        files = ", ".join(f"{item.name} {size_text(item.size)}" for item in composition.attachments) or "none"
        then = (
            f"state {composition.status} -> {composition.status_after}"
            if composition.status_after
            else "state unchanged"
        )
        if composition.kind == "new":
            then = "a new ticket"
        elif composition.kind == "forward":
            passed_on = compositions.goes_to_requester(composition)
            then = "a note on the ticket, " + (
                "but an answer is the customer's" if passed_on else "as is what comes back"
            )
        facts = [
            ("From", composition.sender),
            ("To", typed(compositions.pairs(composition.to))),
            ("Cc", typed(compositions.pairs(composition.cc))),
            ("Bcc", typed(compositions.pairs(composition.bcc))),
            ("Subject", compositions.subject_words(composition)),
            ("Body", f"{count} line{'s' * (count != 1)}, {size}"),
            ("Files", files),
            ("Then", then),
            ("Leaves by", composition.way),
        ]
        app = desk_app(self)
        lines: list[Line] = [[]]
        if self._news:
            lines = [[("  [!] Since you began:", "warning")]]
            told = news_lines(self._news, app.now(), app.desk.zone, width - 6)
            lines += [[("      ", ""), (row, "warning")] for row in told]
            lines.append([])
        for name, value in facts:
            if name in ("Cc", "Bcc") and not value:
                continue
            rows = wrapped(value, max(10, width - 15))[:3]
            lines.append([(f"  {name:<10} ", "dim"), (rows[0], "")])
            lines += [[(" " * 13, ""), (row, "")] for row in rows[1:]]
        if self._others:
            words = compositions.others_words(self._others, app.desk.zone)
            lines += [[], *([("  ", ""), (row, "warning")] for row in wrapped(f"[!] {words}", width - 4))]
        now = f"send now ({self._seconds} s to undo)" if self._seconds else "send now"
        key = app.key
        pairs = (
            ((key("review.send", "y"), now), (key("review.edit", "e"), "edit again")),
            (
                (key("review.preview", "w"), "see it as the customer does"),
                (key("review.attach", "a"), "attach a file"),
            ),
            ((key("review.keep", "p"), "keep as draft"), (key("review.cancel", "q"), "back to the editor")),
        )
        lines.append([])
        lines += [
            [(f"     {one}", "bold"), (f"  {does:<29}", ""), (two, "bold"), (f"  {also}", "")]
            for (one, does), (two, also) in pairs
        ]
        return lines

    def _preview(self, width: int) -> list[Line]:
        composition = self._composition
        head = [
            f"From: {composition.sender}",
            f"To: {typed(compositions.pairs(composition.to))}",
            *([f"Cc: {typed(compositions.pairs(composition.cc))}"] if composition.cc.strip() else []),
            f"Subject: {compositions.subject_words(composition)}",
        ]
        lines: list[Line] = [
            [(" ", ""), (row, "bold")] for field in head for row in wrapped(field, width - 2)
        ]
        lines.append([])
        lines += [[(" ", ""), *row] for row in markdown_lines(composition.body, width - 2)]
        return lines

    @command("send", "y", "Send", footer="send")
    def action_send(self) -> None:
        """Send it; undo stops it for a few seconds."""
        self.dismiss("send")

    @command("edit", "e", "Edit", footer="edit")
    def action_edit(self) -> None:
        """Back to the editor."""
        self.dismiss("edit")

    @command("preview", "w", "Preview", footer="preview")
    def action_preview(self) -> None:
        """Show it as the customer sees it."""
        self.toggle_class("-reading")
        reading = self.has_class("-reading")
        self.query_one(TextPane).show(self._preview if reading else self._facts)
        self.call_after_refresh(self._tell_keys)

    @command("attach", "a", "Attach", footer="attach")
    def action_attach(self) -> None:
        """Attach a file."""
        self.dismiss("attach")

    @command("keep", "p", "Postpone", footer="postpone")
    def action_keep(self) -> None:
        """Keep it as a draft and leave."""
        self.dismiss("keep")

    @command("cancel", "q,escape", "Cancel", footer="cancel")
    def action_cancel(self) -> None:
        """Back to the editor."""
        if self.has_class("-reading"):
            self.action_preview()
        else:
            self.dismiss(None)
