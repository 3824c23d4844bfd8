"""Search: all tickets, closed and merged ones too, found as one types; newest message first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from desk.queries.fields import TICKET_FIELDS, Field
from desk.queries.snippets import MARK_BEGIN, MARK_END
from desk.tickets.search import Answer, SearchHit, answer, completions
from tui.commands import command
from tui.desk_calls import DeskCall, Place, desk_app
from tui.list_screen import ListScreen
from tui.text.safe import cell, fitted, line, parts, safe, shortened, width_of, wrapped
from tui.text.times import age, clock_today
from tui.widgets.rule import TitledRule
from tui.widgets.steady_input import SteadyInput
from tui.widgets.ticket_list import STATUS_WORDS
from tui.widgets.virtual_list import FixedRows, Look, VirtualList

if TYPE_CHECKING:
    from datetime import datetime

TYPING_SECONDS = 0.05
"""A search begins when no key came for so long."""
MOST = 100
"""Messages that are looked for at once."""
WIDE = 100
NUMBER, STATE, AGE, FROM = 7, 5, 4, 14
HELP_HEAD = 'words begin so  "stand together"  -not there  a OR b  ( )  #440 number:440'
EXAMPLE = 28


class HitList(VirtualList[SearchHit]):
    """One ticket a line: its number, state and age, who wrote, and the words around what was found."""

    def row_key(self, row: SearchHit) -> Hashable:
        """Return the number of the ticket that was found."""
        return row.number

    def row_line(self, row: SearchHit, width: int, look: Look) -> list[tuple[str, str]]:
        """Return the ticket that was found, as a line of the list."""
        now: datetime = desk_app(self).now()
        state = STATUS_WORDS[row.status]
        sender = FROM + 6 if width >= WIDE else FROM
        head = f"{'>' if look.here else ' '} {cell('#' + row.number, NUMBER)} {cell(state, STATE)} "
        head += f"{cell(age(row.created, now), AGE, right=True)} {fitted(row.sender, sender)} "
        room = width - width_of(head)
        subject = marked_pieces(row.marked_subject or "(no subject)", "")
        return [(head, "dim" if row.status == "closed" else ""), *_fitted(subject, row.marked, room)]


def marked_pieces(text: str, style: str) -> list[tuple[str, str]]:
    """Return text as pieces, with what is between marks in the style of a match."""
    pieces: list[tuple[str, str]] = []
    for number, part in enumerate(text.split(MARK_BEGIN)):
        inside, _, behind = part.partition(MARK_END) if number else ("", "", part)
        pieces += [(line(inside), "match")] * bool(inside) + [(line(behind), style)] * bool(behind)
    return pieces


def _fitted(subject: list[tuple[str, str]], snippet: str, room: int) -> list[tuple[str, str]]:
    """Return the subject and, where there is room, what was found in the text; in exactly `room` cells."""
    found = MARK_BEGIN in snippet
    most = room if not found else max(room // 2, room - 60)
    pieces = _cut(subject, most)
    left = room - sum(width_of(text) for text, _ in pieces)
    if found and left > 8:
        # However little room there is, what was found is in it.
        before = snippet.index(MARK_BEGIN)
        snippet = snippet if before <= left // 3 else "…" + snippet[before - left // 3 :]
        pieces += [("  ", ""), *_cut(marked_pieces(snippet, "dim"), left - 2)]
    left = room - sum(width_of(text) for text, _ in pieces)
    return [*pieces, (" " * max(0, left), "")]


def _cut(pieces: Sequence[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    for text, style in pieces:
        fits = text if width_of(text) <= room else shortened(text, room)
        kept.append((fits, style))
        room -= width_of(fits)
        if room <= 0 or fits != text:
            break
    return kept


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    answer: Answer


class SearchScreen(ListScreen[None]):
    """A line to type in, what it finds, and more of the message under the cursor."""

    DEFAULT_CSS = """
    SearchScreen #search-line { height: 1; }
    SearchScreen #search-line Static { width: auto; padding: 0 1; }
    SearchScreen #search-line Input { width: 1fr; }
    SearchScreen HitList { display: none; }
    SearchScreen #search-help { height: 1fr; padding: 0 1; }
    SearchScreen #search-help Static { text-wrap: nowrap; text-overflow: ellipsis; }
    SearchScreen #search-rule, SearchScreen #search-detail { display: none; }
    SearchScreen #search-detail { height: 5; padding: 0 1; }
    SearchScreen.-tall #search-detail { height: 10; }
    SearchScreen.-asked {
        HitList, #search-rule, #search-detail { display: block; }
        #search-help { display: none; }
    }
    SearchScreen.-asked.-tiny { #search-rule, #search-detail { display: none; } }
    """
    PLACE = "tickets"
    HELP_TITLE = "search"
    TYPES = True
    ID_PREFIX = "search"
    GROUP = "Search"
    AUTO_FOCUS = "SearchScreen SteadyInput"
    HELP_NOTES: ClassVar[str] = "\n".join(f"{field.name}: {field.takes}" for field in TICKET_FIELDS)

    def __init__(self) -> None:
        super().__init__()
        self._typing: Timer | None = None
        self._asked: str | None = None
        self._shown: str | None = None

    def compose_body(self) -> ComposeResult:
        """Yield the line to type in, what was found, and where it stands."""
        self.hits = HitList(empty="Nothing found.")
        yield TitledRule("Search all tickets", id="search-title")
        with Horizontal(id="search-line"):
            yield Static(Content("g"))
            yield SteadyInput(placeholder="words, state:closed, from:@corp.ex ...")
        yield self.hits
        with VerticalScroll(id="search-help", can_focus=False):
            yield Static(id="search-language")
        yield TitledRule(id="search-rule")
        with VerticalScroll(id="search-detail", can_focus=False):
            yield Static(id="search-words")

    def on_resize(self, event: events.Resize) -> None:
        """Show of the language as much as there is room for: beside it are six lines."""
        self.query_one("#search-language", Static).update(_help(event.size.height - 6, event.size.width - 2))

    @property
    def field(self) -> SteadyInput:
        """The line to type in."""
        return self.query_one(SteadyInput)

    # -- asking

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(TYPING_SECONDS, self._search)

    def desk_changed(self) -> None:
        """Search again: there may be more to find."""
        self._shown = None
        self._search()

    def _search(self) -> None:
        """Ask for what stands in the line, one question at a time: none waits behind an outdated one."""
        text = self.field.value.strip()
        if self._asked is not None or text == self._shown:
            return
        if not text:
            self._shown = ""
            self.remove_class("-asked")
            self._say("", "")
            return
        self._find(text).then(self._take, failed=self._failed, group="hits")

    def _find(self, text: str) -> DeskCall[_Found]:
        app = desk_app(self)
        self._asked = text

        def find() -> _Found:
            return _Found(text, answer(text, app.actor, app.desk.zone, MOST))

        return self.in_thread(find)

    def _failed(self, error: Exception) -> None:
        self._asked, self._shown = None, self.field.value.strip()
        desk_app(self).flash_error(error)

    def _take(self, found: _Found) -> None:
        self._asked, again = None, self._shown is None or found.text == self._shown
        self._shown = found.text
        hits = found.answer.hits
        self.add_class("-asked")
        (self.hits.show_again if again else self.hits.show)(FixedRows(hits))
        problem = found.answer.problem
        count = f"{len(hits)} ticket{'s' * (len(hits) != 1)}"
        self._say(
            f"the newest {len(hits)} tickets" if found.answer.more else count,
            "" if problem is None else f"{problem}: {problem.hint}",
        )
        self._search()

    def _say(self, count: str, problem: str) -> None:
        self.query_one("#search-title", TitledRule).set_text(right=count)
        self.status(left=line(problem))

    # -- the message under the cursor

    def describe(self, row: object) -> None:
        """Describe the message under the cursor."""
        hit = self.hits.row
        rule, words = self.query_one("#search-rule", TitledRule), self.query_one("#search-words", Static)
        if hit is None:
            rule.set_text("", "")
            words.update(safe(""))
            return
        app = desk_app(self)
        when = clock_today(hit.created, app.now(), app.desk.zone)
        rule.set_text(f"#{hit.number} {hit.subject or '(no subject)'}", STATUS_WORDS[hit.status])
        found = [(text, "bold underline" if style else "") for text, style in marked_pieces(hit.longer, "")]
        words.update(parts((f"{hit.kind} by {hit.sender} <{hit.sender_email}>  {when}\n", "dim"), *found))

    # -- commands

    @command("open", "enter", "Open", footer="open")
    def action_open(self) -> None:
        """Read the ticket under the cursor; a number that was typed leads to its ticket."""
        text = self.field.value.strip()
        if text == self._shown:
            self._read(self.hits.row)
        elif text:
            self._find(text).before_next_key(self._take_and_read, failed=self._failed, group="hits")

    def _take_and_read(self, found: _Found) -> None:
        self._take(found)
        self._read(next(iter(found.answer.hits), None))

    def _read(self, hit: SearchHit | None) -> None:
        if hit is not None:
            _, _, words = hit.longer.partition(MARK_BEGIN)
            place = Place(hit.message_id, words.partition(MARK_END)[0])
            desk_app(self).navigation.open_thread(hit.number, place=place)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_open()

    @on(VirtualList.Opened)
    def _clicked(self, event: VirtualList.Opened) -> None:
        event.stop()
        self.action_open()

    @command("complete", "tab", "Complete", footer="complete")
    def action_complete(self) -> None:
        """Complete the word, field, login, tag, department or address that is being typed."""
        typed = self.field.value
        self.in_thread(completions, typed, desk_app(self).actor).before_next_key(
            lambda found: self._completed(typed, found), group="complete"
        )

    def _completed(self, typed: str, found: Sequence[str]) -> None:
        if self.field.value != typed:
            return
        start = found[0] if found else ""
        while start and not all(one.startswith(start) for one in found):
            start = start[:-1]
        if len(start) > len(typed) or (len(found) == 1 and start != typed):
            self.field.value = start
            self.field.cursor_position = len(start)
        elif len(found) > 1:
            begin = start.rfind(" ") + 1
            self.flash("  ".join(line(one[begin:]) for one in found[:40]))
        else:
            self.app.bell()

    @command("down", "down,ctrl+n", "Down")
    def action_down(self) -> None:
        """Go to the next ticket."""
        self.hits.action_move(1)

    @command("up", "up", "Up")
    def action_up(self) -> None:
        """Go to the ticket before."""
        self.hits.action_move(-1)

    @command("page_down", "pagedown", "Page down")
    def action_page_down(self) -> None:
        """Go down by a page."""
        self.hits.action_page(1)

    @command("page_up", "pageup", "Page up")
    def action_page_up(self) -> None:
        """Go up by a page."""
        self.hits.action_page(-1)

    @command("back", "escape", "Back", footer="back")
    def action_back(self) -> None:
        """Back to where the search was begun."""
        self.dismiss(None)

    def on_mount(self) -> None:
        """Take the focus."""
        super().on_mount()
        self.field.focus()

    @on(VirtualList.Highlighted)
    def _keep_typing(self) -> None:
        if not self.field.has_focus:
            self.field.focus()


def _help(rows: int, width: int) -> Content:
    """Return what can be typed, from the table of the fields, in so many lines; those of one kind in one."""
    # The number stands in the head.
    told = [field for field in TICKET_FIELDS if field.name != "number"]
    alike = [[field for field in told if field.takes == takes] for takes in _kinds(told)]
    for count in range(len(alike), -1, -1):
        # What there is no line for is shown by its example.
        rest = "  ".join(field.example for kind in alike[count:] for field in kind)
        below = wrapped(f"also  {rest}", width) if rest else []
        if 1 + count + len(below) <= rows:
            break
    pieces: list[str | tuple[str, str]] = [(HELP_HEAD, "dim")]
    for first, *others in alike[:count]:
        also = f"; also {' '.join(f'{field.name}:' for field in others)}" if others else ""
        pieces += [("\n" + cell(first.example, EXAMPLE), "bold"), f" {first.matches}{also}"]
    return parts(*pieces, *((f"\n{row}", "bold") for row in below))


def _kinds(fields: Sequence[Field]) -> list[str]:
    return list(dict.fromkeys(field.takes for field in fields))
