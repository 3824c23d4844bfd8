"""Tickets: the list with its views and filter, and a preview of the ticket under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.timer import Timer

from config.records import Record
from desk.errors import NotFound, WrongUse
from desk.staff import preferences
from desk.tickets import lists
from desk.tickets.lists import OWN_FIELD, VIEWS, ListQuery, TicketLine
from tui.commands import command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.draft_menu import offer_drafts
from tui.paced import Paced
from tui.screens.tickets.preview import Preview
from tui.screens.tickets.views_bar import SHOWN, VIEW_TABS, TabPicked, Tabs, ViewsBar, ViewsPane
from tui.text.safe import line
from tui.text.tickets import Reader
from tui.text.times import clock_today
from tui.ticket_actions import PRIORITY_NAMES, TicketActions
from tui.widgets.draft_tabs import DraftTabs
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu, MenuItem, lettered
from tui.widgets.rule import TitledRule
from tui.widgets.status_line import StatusLine
from tui.widgets.ticket_list import TicketHead, TicketList, TicketPages
from tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from desk.permissions import Actor
    from desk.queues import OpenQueue, QueueLine
    from desk.staff.preferences import ListColumn
    from desk.tickets.detail import TicketDetail
    from desk.tickets.query import TicketQuery
    from desk.tickets.since import SeenUpTo

VIEW, SORT = "open", "updated"
"""What is shown first."""
PREVIEW_DELAY = 0.12
"""Seconds the cursor rests before its ticket is read: a preview costs more bytes than the move."""
PAINT_SECONDS = 0.1
"""After the first rows came: so long the list has to be painted before anything else is begun."""
WITH_VIEWS = 120
"""From this width on the views stand in a pane of their own: below it the list needs the room."""
MARK_LIMIT = 10_000
"""Tickets that "mark all" marks at most."""
SORT_ITEMS = (
    MenuItem("u", "last activity", "updated"),
    MenuItem("c", "newest first", "created"),
    MenuItem("p", "priority", "priority"),
    MenuItem("d", "due first", "due"),
)
SORT_WORDS = {item.value: item.text for item in SORT_ITEMS}


def _sort_words(sort: str) -> str:
    """Return how an order is called, also one by a field of the desk's own."""
    own = line(sort.removeprefix("-").removeprefix(OWN_FIELD))
    return SORT_WORDS.get(sort, f"{own}, backwards" if sort.startswith("-") else own)


MOST_QUEUES = 30
"""Queues that the menu offers: one letter or digit picks each."""


_VIEWS = {view.key: view.title for view in VIEWS}


def _key(queue: OpenQueue) -> str:
    return f"queue {queue.line.id}"


def _needs_filter(screen: TicketsScreen) -> str | None:
    if screen.filtered:
        return None
    return f"set a filter with {desk_app(screen).key('tickets.filter', '/')} first"


def first_pages(actor: Actor) -> TicketPages:
    """Read what the screen shows first, before there is an event loop that must not wait for the disk."""
    return TicketPages(ListQuery(VIEW, None, SORT, actor)).ahead()


class TicketsScreen(TicketActions, DeskScreen[None]):
    """The first screen: the list of tickets to work on."""

    CSS_PATH = "screen.tcss"
    PLACE = "tickets"
    AUTO_FOCUS = "TicketList"
    HELP_NOTES = (
        "Before the number: N unread  * marked  @ yours  w a colleague writes  o has it open\n^42: pinned"
    )
    ID_PREFIX = "tickets"
    GROUP = "This list"

    class _Counted(Record):
        counts: dict[str, int]
        queues: tuple[OpenQueue, ...]
        query: ListQuery
        filtered: int | None
        shown: OpenQueue | None
        """The queue that is shown, as it is by now."""
        gone: NotFound | None

    def __init__(self) -> None:
        super().__init__()
        self._view = VIEW
        self._sort = SORT
        self._filter: TicketQuery | None = None
        self._counts: dict[str, int] = {}
        self._tabs: tuple[OpenQueue, ...] = ()
        self._queue: OpenQueue | None = None
        self._preview_timer: Timer | None = None
        self._offered = False
        self._painted = False
        self._counting = Paced(self, self._count)
        self._asked_for: Actor | None = None
        self._may_be_old = False
        self._asked_at: SeenUpTo | None = None
        self._shown_at: SeenUpTo | None = None
        self._looked: dict[str, SeenUpTo] = {}

    def compose_body(self) -> ComposeResult:
        """Yield the views, the list, and the preview below or beside it."""
        app = desk_app(self)
        # Known before its first styles are: a class that changes later has all of them worked out twice.
        self.set_class(self.app.size.width >= WITH_VIEWS, "-broad")
        self.tickets = TicketList(app.me, app.now, id="ticket-list")
        self.tickets.own = app.columns
        yield ViewsBar()
        yield LineInput()
        with Horizontal(id="panes"):
            yield ViewsPane()
            with Vertical(id="main"):
                with Vertical(id="list-pane"):
                    yield TicketHead(self.tickets)
                    yield self.tickets
                yield TitledRule(id="preview-rule")
                yield Preview(id="preview")
        yield DraftTabs()

    def on_mount(self) -> None:
        """Begin with the list: everything else waits until it is shown."""
        super().on_mount()
        self.query_one(Preview).border_title = Content("preview")
        self._show_query()

    # -- the list

    def query_now(self) -> ListQuery:
        """Return the query that the list shows."""
        try:
            return self._query_by(self._sort)
        except WrongUse as error:
            # The field that it is sorted by was removed.
            self._sort = SORT
            desk_app(self).flash(f"{error}: sorted by {_sort_words(SORT)}", "warning")
            return self._query_by(SORT)

    def _query_by(self, sort: str) -> ListQuery:
        if self._queue is not None:
            return self._queue.tickets(self._filter, sort)
        return ListQuery(self._view, self._filter, sort, desk_app(self).actor)

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return bool(self._filter)

    @property
    def _place(self) -> str:
        """The key of the view or queue that is shown."""
        return self._view if self._queue is None else _key(self._queue)

    @property
    def _place_title(self) -> str:
        if self._queue is not None:
            return line(self._queue.line.name)
        return _VIEWS[self._view]

    def spoken_place(self) -> str:
        """Return the view or queue, and its filter."""
        return f"{self._place_title}{f', / {self._filter.text}' if self._filter else ''}"

    def _show_query(self) -> None:
        self._say_empty()
        self._asked_at = desk_app(self).seen_up_to
        app = desk_app(self)
        pages, app.opening = app.opening or TicketPages(self.query_now()), None
        self.tickets.show(pages)
        self._count_filtered()
        if self._painted and self._place not in self._counts:
            self._counting.ask()
        bar, pane = self.query_one(ViewsBar), self.query_one(ViewsPane)
        self.tickets.columns = frozenset(self._queue.line.columns) if self._queue else frozenset()
        self.query_one(TicketHead).refresh()
        bar.tabs = pane.tabs = self._all_tabs()
        bar.view, bar.filter_text = self._place, self._filter.text if self._filter else ""
        bar.filter_count = None
        pane.view = self._place
        self._title()

    def _all_tabs(self) -> Tabs:
        """Return the views, the queues that are tabs, and the one that is shown."""
        queues = [*self._tabs]
        if self._queue is not None and _key(self._queue) not in map(_key, queues):
            queues.append(self._queue)
        other = () if self._queue is not None or self._view in SHOWN else ((self._view, self._place_title),)
        return (*VIEW_TABS, *((_key(queue), queue.line.name) for queue in queues), *other)

    def _count(self) -> None:
        actor, query, zone = desk_app(self).actor, self.query_now(), desk_app(self).desk.zone
        filtered, shown, views = bool(self._filter), self._queue, self._views_counted()

        def count() -> TicketsScreen._Counted:
            from desk import queues  # 5 ms, once the first tickets are painted

            counts = lists.counts(actor, views)
            tabs = queues.tabs(actor, zone)
            there, gone = shown, None
            try:
                there = None if shown is None else queues.as_it_is(shown.line, actor, zone)
            except NotFound as error:
                there, gone = None, error
            except WrongUse:
                pass  # Its query names what is gone: it is shown as it was read.
            for queue in {_key(each): each for each in (*tabs, *([there] if there else []))}.values():
                counts[_key(queue)] = lists.count(queue.tickets())
            found = lists.count(query) if filtered else None
            return self._Counted(counts, tabs, query, found, there, gone)

        self.in_thread(count).then(self._show_counts, failed=self._not_counted)

    def _views_counted(self) -> frozenset[str]:
        """Return the views of which a number stands anywhere."""
        shown = SHOWN if self.has_class("-broad") else [view for view in SHOWN if view != "closed"]
        return frozenset((*shown, self._view))

    def _show_counts(self, counted: _Counted) -> None:
        self._counting.ended()
        self._counts, self._tabs = counted.counts, counted.queues
        for pane in (self.query_one(ViewsBar), self.query_one(ViewsPane)):
            pane.tabs = self._all_tabs()
            pane.counts = counted.counts
        if counted.query == self.query_now():
            self._show_filtered(counted.filtered)
            self._follow_queue(counted)
        self._status()

    def _follow_queue(self, counted: _Counted) -> None:
        """Show the queue as it is, or, where a colleague removed it, what is open."""
        if counted.gone is not None:
            self._view, self._queue, self._sort = VIEW, None, SORT
            self._show_query()
            desk_app(self).flash(f"{counted.gone}: this is {self._place_title}", "warning")
        elif counted.shown is not None and self._queue is not None and counted.shown.line != self._queue.line:
            self._show_queue(counted.shown)

    def _not_counted(self, error: Exception) -> None:
        self._counting.ended()
        desk_app(self).flash_error(error)

    def _count_filtered(self) -> None:
        if self._filter:
            self.in_thread(lists.count, self.query_now()).then(self._show_filtered, group="filtered")
        else:
            self.forget("filtered")

    def _show_filtered(self, found: int | None) -> None:
        self.query_one(ViewsBar).filter_count = found
        self._title(found)

    def _title(self, filtered: int | None = None) -> None:
        title = self._place_title
        count = self._counts.get(self._place)
        words = f"{title}{'' if count is None else f' {count}'}"
        if self._filter:
            found = "" if filtered is None else f" - {filtered} found"
            words = f"{title}  / {line(self._filter.text)}{found}"
        pane = self.query_one("#list-pane")
        pane.border_title = Content(words)
        pane.border_subtitle = Content(
            f"sort: {_sort_words(self._sort)} ({desk_app(self).key('tickets.sort', 'O')})"
        )

    def _say_empty(self) -> None:
        title, key = self._place_title, desk_app(self).key
        clear, change = key("tickets.back", "Esc"), key("tickets.filter", "/")
        if self._filter:
            everywhere = key("app.search", "g")
            more = f"{change} changes it, {everywhere} looks in all tickets"
            text = f"No ticket fits. {clear} clears the filter, {more}"
        elif desk_app(self).health.mailboxes == 0:
            text = f"No mailbox yet: no mail can come. {key('tickets.open', 'Enter')} sets up the first one"
        else:
            views = f"{key('tickets.view_before', '[')} {key('tickets.view_after', ']')}"
            fetch = key("tickets.fetch", "^R")
            text = f"No tickets in {title}. {views} other views, {change} filter, {fetch} fetch"
        if text != self.tickets.empty_text:
            self.tickets.empty_text = text
            self.tickets.refresh()

    def _status(self) -> None:
        marked = len(self.tickets.marks)
        health = desk_app(self).health
        counts = self._counts
        parts = [f"{marked} marked"] if marked else []
        if counts:
            parts.append(f"{counts.get('open', 0)} open, {counts.get('overdue', 0)} overdue")
        if health.fetching:
            parts.append(health.fetching)
        elif health.fetched_at is not None:
            moment = health.fetched_at.astimezone(desk_app(self).desk.zone)
            parts.append(f"fetched {moment:%H:%M}" + (f" (+{health.fetched})" if health.fetched else ""))
        self.status(left=" | ".join(parts))
        self.refresh_hints()

    def health_changed(self) -> None:
        """Show the mail's health also where the views and an empty list tell of it."""
        super().health_changed()
        self.query_one(ViewsPane).mailboxes = desk_app(self).health.lines
        self.query_one(DraftTabs).show(desk_app(self).drafts)
        self._say_empty()
        self._status()

    def on_screen_resume(self) -> None:
        """Load what changed while another screen was shown."""
        super().on_screen_resume()
        if self._painted:
            self._load_again()

    def desk_changed(self) -> None:
        """Load the list and its counts again if something came to a ticket; what else there is can wait."""
        app = desk_app(self)
        if (app.seen_up_to, app.actor) == (self._asked_at, self._asked_for):
            self._may_be_old = True
        else:
            self._load_again()

    def seen_changed(self) -> None:
        """Load the list again, without the mark of what was just read."""
        self._load_again()

    def _load_again(self) -> None:
        self._asked_at, self._asked_for = desk_app(self).seen_up_to, desk_app(self).actor
        self._may_be_old = False
        sort = self._sort
        self.query_now()
        if self._sort == sort:
            self.tickets.reload()
        else:
            self._show_query()
        self._counting.ask()

    def company_changed(self) -> None:
        """Show who else is at which ticket."""
        self.tickets.company = desk_app(self).company
        self.tickets.refresh()
        self._title_preview()

    def minute_passed(self) -> None:
        """Load what changed beside tickets; paint the ages of the list again, and the preview's time left."""
        if self._may_be_old:
            self._load_again()
        self.tickets.refresh()
        self._show_preview(self.query_one(Preview).detail)

    @on(VirtualList.Loaded, "#ticket-list")
    def _list_loaded(self) -> None:
        self._shown_at = self._asked_at
        if self.tickets.fit_numbers():
            self.tickets.refresh()
            self.query_one(TicketHead).refresh()
        if not self._painted:
            self._painted = True
            self.set_timer(PAINT_SECONDS, self._first_painted)

    def _first_painted(self) -> None:
        """Begin what can wait until the list stands."""
        desk_app(self).first_painted()
        self._counting.ask()
        self._look_for_drafts()

    @on(VirtualList.Highlighted, "#ticket-list")
    def _list_moved(self) -> None:
        self._note_looked()
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.set_timer(PREVIEW_DELAY, self._load_preview)

    @on(VirtualList.Opened, "#ticket-list")
    def _list_opened(self) -> None:
        self.action_open()

    # -- what has the focus

    def mode_hints(self) -> tuple[tuple[str, str], ...] | None:
        """Return the keys of marks and of the preview while it has the focus."""
        key = desk_app(self).key
        if self._preview_focused:
            return (
                ("j/k", "scroll"),
                (key("tickets.pane", "Tab"), "list"),
                (key("ticket.reply", "r"), "reply"),
                (key("tickets.zoom", "z"), "zoom"),
                (key("app.help", "?"), "help"),
            )
        if self.tickets.marks:
            count = len(self.tickets.marks)
            return (
                (key("ticket.close", "x"), f"close {count}"),
                (key("ticket.assign", "a"), "assign"),
                (key("ticket.state", "s"), "state"),
                (key("tickets.back", "Esc"), "unmark"),
                (key("ticket.priority", "p"), "prio"),
                (key("ticket.tags", "t"), "tags"),
                (key("tickets.mark", "spc"), "mark"),
                (key("tickets.range", "v"), "range"),
                (key("app.help", "?"), "help"),
            )
        return None

    @property
    def _preview_focused(self) -> bool:
        return self.focused is self.query_one(Preview).body

    def on_descendant_focus(self) -> None:
        """Highlight the focused pane, and show its keys."""
        self.query_one("#preview-rule", TitledRule).light(
            self._preview_focused, f"{desk_app(self).key('tickets.pane', 'Tab')}: list"
        )
        self.refresh_hints()

    # -- the preview

    def _load_preview(self) -> None:
        row = self.tickets.row
        if row is None:
            self.forget("preview")
            self._show_preview(None)
            return
        if not self.query_one(Preview).display:
            return
        from desk.tickets import detail  # 18 ms

        self.in_thread(detail.show, row.number, desk_app(self).actor).then(
            self._show_preview, group="preview"
        )

    def _show_preview(self, detail: TicketDetail | None) -> None:
        app = desk_app(self)
        reader = Reader(app.me, app.now(), app.desk.zone, app.key)
        self.query_one(Preview).show(detail, reader)
        self._title_preview()

    def _title_preview(self) -> None:
        detail = self.query_one(Preview).detail
        title = f"#{detail.number} {line(detail.subject) or '(no subject)'}" if detail else ""
        tags = ", ".join(line(tag) for tag in detail.tags) if detail else ""
        company = desk_app(self).company.words(detail.number) if detail else ""
        right = "  ".join(filter(None, (company, tags)))
        self.query_one("#preview-rule", TitledRule).set_text(title, right)
        self.query_one(Preview).border_title = Content(title)
        self.query_one(Preview).border_subtitle = Content(company)

    # -- whose turn it is

    def chosen_numbers(self) -> list[str]:
        """Return the marked tickets, or the one under the cursor."""
        return [row.number for row in self.tickets.chosen()]

    def chosen_states(self) -> set[str]:
        """Return the states of the chosen tickets."""
        return {row.status for row in self.tickets.chosen()}

    def current_state(self) -> str | None:
        """Return the state that all chosen tickets have."""
        states = {row.named_status or row.status for row in self.tickets.chosen()}
        return next(iter(states)) if len(states) == 1 else None

    def current_priority(self) -> str | None:
        """Return the priority of the one ticket that is chosen."""
        chosen = self.tickets.chosen()
        return PRIORITY_NAMES[chosen[0].priority] if len(chosen) == 1 else None

    def chosen_pinned(self) -> bool:
        """Whether all chosen tickets are pinned."""
        return all(row.pinned for row in self.tickets.chosen())

    def known(self) -> dict[str, SeenUpTo]:
        """Return what the agent has seen: what came since the cursor, or a mark, came to a ticket is news."""
        numbers = self.chosen_numbers()
        shown = self._shown_at
        return {} if shown is None else {number: self._looked.get(number, shown) for number in numbers}

    def was_told(self, seen_up_to: SeenUpTo, numbers: Sequence[str]) -> None:
        """Mark as seen what the person was just shown of these tickets."""
        self._looked |= dict.fromkeys(numbers, seen_up_to)

    def _note_looked(self) -> None:
        shown = self._shown_at
        numbers = {*self.chosen_numbers(), self.current_number()}
        self._looked = {number: at for number, at in self._looked.items() if number in numbers}
        if shown is not None:
            for number in filter(None, numbers):
                self._looked.setdefault(number, shown)

    def will_change(self) -> None:
        """Keep the cursor's place in the list."""
        self.tickets.stay()

    def unmark(self, number: str) -> None:
        """Take the mark off a ticket, which may not be in the list any more."""
        self.tickets.marks.pop(number, None)
        self.tickets.refresh()
        self._status()

    def go_to_ticket(self, number: str) -> None:
        """Put the cursor on a ticket of the list."""
        self.tickets.go_to(number)

    def current_number(self) -> str | None:
        """Return the ticket under the cursor."""
        return self.tickets.row.number if self.tickets.row else None

    def current_tags(self) -> Sequence[str]:
        """Return the tags of the one ticket that is chosen."""
        row = self.tickets.row
        return row.tags if row and len(self.tickets.chosen()) == 1 else ()

    def ticket_changed(self) -> None:
        """Forget the marks and load the list again."""
        self.tickets.clear_marks()
        self._load_again()
        self._counting.ask_in_haste()

    def copy_choices(self) -> list[tuple[str, str, str]]:
        """Return what can be copied of the ticket under the cursor."""
        row = self.tickets.row
        if row is None:
            return []
        return [
            ("n", "number", f"#{row.number}"),
            ("a", "address", row.requester_email),
            ("s", "subject", row.subject),
        ]

    @command("open", "", "Open", first=True, footer="open", label="ret")
    def action_open(self) -> None:
        """Read the whole thread."""
        if self.tickets.row is None:
            if desk_app(self).health.mailboxes == 0 and not self._filter:
                desk_app(self).navigation.open_mailbox_form()
            return
        desk_app(self).navigation.open_thread(self.tickets.row.number, self.tickets)

    @command("mark", "space", "Mark", footer="mark")
    def action_mark(self) -> None:
        """Mark the ticket and move down."""
        self.tickets.toggle_mark()
        self._note_looked()
        self._status()

    @command("range", "v", "Range", footer="range", wide=True)
    def action_range(self) -> None:
        """Mark every ticket the cursor passes."""
        marking = self.tickets.toggle_range()
        if marking:
            self.flash(f"Marking: move the cursor, {desk_app(self).key('tickets.range', 'v')} ends")
        self._status()

    @command("all", "asterisk", "Mark all")
    def action_mark_all(self) -> None:
        """Mark all tickets of this list."""
        pages = TicketPages(self.query_now())
        self.in_thread(pages.all, MARK_LIMIT).before_next_key(self._mark_these, group="marks")

    def _mark_these(self, rows: list[TicketLine]) -> None:
        self.tickets.set_marks(rows)
        cut = " (no more at once)" if len(rows) == MARK_LIMIT else ""
        if cut:
            self.flash(f"{len(rows)} marked{cut}")
        self._status()

    @command("filter", "slash", "Filter", footer="find")
    def action_filter(self) -> None:
        """Filter the list.

        state:open owner:me p:high tag:vpn from:@corp.ex age:>2d has:attachment is:unread,
        or words of the mails; ! negates.
        """
        text = self._filter.text if self._filter else ""
        self.add_class("-asking")
        self.query_one(LineInput).ask(
            "/",
            text,
            purpose="filter",
            placeholder="state:open owner:me tag:vpn from:@corp.ex printer",
            complete=self._completions,
        )

    def _completions(self, typed: str) -> Sequence[str]:
        from desk.tickets.query import completions  # 4 ms, where something is typed

        return completions(typed, desk_app(self).actor)

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Filter, change tags, or go to a ticket, as was asked."""
        self._end_prompt()
        if event.purpose == "queue":
            self._save_queue(event)
            return
        if self.answer(event):
            return

        actor, zone = desk_app(self).actor, desk_app(self).desk.zone
        asked = event.text.strip()
        if asked.startswith("#") and asked[1:].isalnum():
            desk_app(self).navigation.go_to_ticket(asked[1:])
        elif not asked:
            self._set_filter(None)
        else:

            def read() -> TicketQuery | str:
                from desk.tickets.query import parse  # 4 ms, where something is asked

                known = asked.isascii() and asked.isdigit() and lists.exists(asked, actor)
                return asked if known else parse(asked, actor, zone)

            self.in_thread(read).before_next_key(self._filter_or_go, group="filter")

    def show_tickets_of(self, text: str) -> None:
        """Show the tickets of a query, whatever was shown before; Esc shows all open ones."""
        from desk.tickets.query import parse  # 4 ms, where something is asked

        self._view, self._queue = "open", None
        actor, zone = desk_app(self).actor, desk_app(self).desk.zone
        self.in_thread(parse, text, actor, zone).before_next_key(self._set_filter, group="filter")

    def _filter_or_go(self, wanted: TicketQuery | str) -> None:
        if isinstance(wanted, str):
            desk_app(self).navigation.go_to_ticket(wanted)
        else:
            self._set_filter(wanted)

    def on_line_input_cancelled(self) -> None:
        """Go back to the list."""
        self._end_prompt()

    def _end_prompt(self) -> None:
        self.remove_class("-asking")
        self.tickets.focus()

    def _set_filter(self, wanted: TicketQuery | None) -> None:
        self.query_one(StatusLine).end_flash()
        self._filter = wanted or None
        self._show_query()

    @command("view_before", "left_square_bracket", "Previous view")
    def action_view_before(self) -> None:
        """Show the view to the left."""
        self._show_neighbour(-1)

    @command("view_after", "right_square_bracket", "Next view", footer="view", wide=True, label="[ ]")
    def action_view_after(self) -> None:
        """Show the view to the right."""
        self._show_neighbour(1)

    def _show_neighbour(self, step: int) -> None:
        keys = [key for key, _ in self._all_tabs()]
        self._show_tab(keys[(keys.index(self._place) + step) % len(keys)])

    def on_tab_picked(self, event: TabPicked) -> None:
        """Show the list that was clicked."""
        self._show_tab(event.key)

    def _show_tab(self, wanted: str) -> None:
        if wanted in _VIEWS:
            self._view, left, self._queue = wanted, self._queue, None
            # The order of a queue is its own.
            self._sort = "updated" if left is not None else self._sort
            self._show_query()
        else:
            self._show_queue(next(each for each in self._tabs if _key(each) == wanted))

    def _show_queue(self, queue: OpenQueue) -> None:
        self._queue, self._sort = queue, queue.line.sort
        self._show_query()

    @command("queues", "Q", "Queues")
    def action_queues(self) -> None:
        """Show a queue, your own or everybody's, or a view without a tab."""
        from desk import queues  # 5 ms, where queues are asked for

        self.in_thread(queues.queues, desk_app(self).actor).before_next_key(
            self._offer_queues, group="queues"
        )

    def _offer_queues(self, known: Sequence[QueueLine]) -> None:
        others = [(key, title) for key, title in _VIEWS.items() if key not in SHOWN]
        saved = [(str(each.id), line(each.name)) for each in known[: MOST_QUEUES - len(others)]]
        items = lettered([*saved, *others])
        by_id = {str(each.id): each for each in known}
        actor, zone = desk_app(self).actor, desk_app(self).desk.zone

        def picked(value: str | None) -> None:
            from desk import queues  # 5 ms, where queues are asked for

            if value in _VIEWS:
                self._show_tab(value)
            elif value is not None:
                self.in_thread(queues.as_it_is, by_id[value], actor, zone).before_next_key(
                    self._show_queue, group="queues"
                )

        here = self._view if self._queue is None else str(self._queue.line.id)
        self.app.push_screen(Menu("Queues", items, here), picked)

    @command("save_queue", "S", "Save as queue", enabled=_needs_filter)
    def action_save_queue(self) -> None:
        """Save the current filter as a queue of your own, behind the views."""
        self.add_class("-asking")
        self.query_one(LineInput).ask("Name of the queue:", purpose="queue")

    def _save_queue(self, event: LineInput.Answered) -> None:
        wanted, actor, zone = self._filter, desk_app(self).actor, desk_app(self).desk.zone
        name = event.text
        if not name.strip() or wanted is None:
            return
        # OR is weaker than what stands side by side.
        both = [self._queue.line.query if self._queue else "", wanted.text]
        text = " ".join(f"({each})" if "OR" in each.split() and all(both) else each for each in both).strip()
        sort = self._sort

        def save() -> OpenQueue:
            from desk import queues  # 5 ms, where queues are asked for

            return queues.opened(queues.add_queue(actor, zone, name, text, sort=sort), actor, zone)

        self.in_thread(save).before_next_key(self._saved_queue, failed=event.again, group="queues")

    def _saved_queue(self, queue: OpenQueue) -> None:
        self._tabs = (*self._tabs, queue)
        self._filter = None
        self._show_queue(queue)
        key = desk_app(self).key
        ways = f"{key('tickets.view_before', '[')} and {key('tickets.view_after', ']')}"
        self.flash(f"Saved as the queue {line(queue.line.name)}: {ways} lead to it")

    @command("sort", "O", "Sort")
    def action_sort(self) -> None:
        """Choose the order of the list."""

        self.in_thread(lists.sorts).before_next_key(self._offer_sorts, group="sorts")

    def _offer_sorts(self, known: Sequence[str]) -> None:
        own = lettered(
            [(each, _sort_words(each)) for each in known if each not in SORT_WORDS],
            "".join(item.key for item in SORT_ITEMS),
        )

        def picked(sort: str | None) -> None:
            if sort is not None:
                self._sort = sort
                self._show_query()

        self.app.push_screen(Menu("Sort by", (*SORT_ITEMS, *own), self._sort), picked)

    @command("columns", "C", "Columns")
    def action_columns(self) -> None:
        """Choose the columns of the list, their order and widths. Kept for you."""
        from tui.screens.tickets.columns import ColumnsScreen  # 3 ms

        before = self.tickets.own

        def closed(wanted: tuple[ListColumn, ...] | None) -> None:
            self._show_columns(before if wanted is None else wanted)
            if wanted is not None:
                desk_app(self).columns = wanted
                self.in_thread(preferences.set_columns, desk_app(self).actor, wanted)

        self.app.push_screen(ColumnsScreen(before, self._show_columns, self._fitting), closed)

    def _show_columns(self, wanted: tuple[ListColumn, ...]) -> None:
        self.tickets.own = wanted
        self.tickets.refresh()
        self.query_one(TicketHead).refresh()

    def _fitting(self) -> frozenset[str]:
        """Return the columns that the list has room for now."""
        return frozenset(each.name for each in self.tickets.laid_out(self.tickets.size.width))

    @command("new", "n", "New ticket")
    def action_new_ticket(self) -> None:
        """Write to somebody: a new ticket."""
        desk_app(self).navigation.compose_new()

    @command("drafts", "D", "Drafts")
    def action_drafts(self) -> None:
        """Go on with something you began to write."""
        offer_drafts(self)

    def on_resize(self, event: events.Resize) -> None:
        """Give the views a pane of their own where there is room."""
        self.set_class(event.size.width >= WITH_VIEWS, "-broad")
        if self._counts and not self._views_counted() <= self._counts.keys():
            self._counting.ask()
        try:
            self.call_after_refresh(self._load_preview)
        except NoMatches:
            return

    def _look_for_drafts(self) -> None:
        from desk.replies import drafts  # 14 ms

        self.in_thread(drafts.drafts, desk_app(self).actor).then(self._tell_drafts, group="drafts")

    def _tell_drafts(self, kept: Sequence[Any]) -> None:
        if kept and not self._offered:
            self._offered = True
            app = desk_app(self)
            newest = kept[0]
            when = clock_today(newest.updated, app.now(), app.desk.zone)
            what = f"to #{newest.number}" if newest.number else "of a new ticket"
            more = f" and {len(kept) - 1} more" if len(kept) > 1 else ""
            key = app.key("tickets.drafts", "D")
            self.flash(
                f"A {newest.kind} {what} was not finished ({when}){more}: {key} goes on with it", "warning"
            )

    @command("why", "W", "Why")
    def action_why(self) -> None:
        """Show what became of the ticket's newest mail and who was notified, and why."""
        detail = self.query_one(Preview).detail
        mails = [message for message in detail.messages if message.kind == "customer"] if detail else []
        if detail is None or not mails:
            self.flash("There is no mail to ask about")
            return
        desk_app(self).navigation.open_why(mails[-1].id, detail.number)

    @command("fetch", "ctrl+r", "Fetch now", footer="fetch", wide=True)
    def action_fetch(self) -> None:
        """Fetch every mailbox now."""
        desk_app(self).navigation.fetch_all()

    @command("zoom", "z", "Zoom", footer="zoom", wide=True)
    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or back."""
        main = self.query_one("#main")
        if main.has_class("-zoom-list") or main.has_class("-zoom-preview"):
            main.remove_class("-zoom-list", "-zoom-preview")
        elif self.query_one(Preview).body.has_focus:
            main.add_class("-zoom-preview")
        else:
            main.add_class("-zoom-list")

    @command("preview_down", "J", "Preview down")
    def action_preview_down(self) -> None:
        """Scroll the preview."""
        self.query_one(Preview).body.action_scroll_half(1)

    @command("preview_up", "K", "Preview up")
    def action_preview_up(self) -> None:
        """Scroll the preview back."""
        self.query_one(Preview).body.action_scroll_half(-1)

    @command("pane", "tab,h,l", "Next pane", footer="pane", wide=True)
    def action_pane(self) -> None:
        """Move between list and preview."""
        body = self.query_one(Preview).body
        if self.tickets.has_focus and self.query_one(Preview).display:
            body.focus()
        else:
            self.tickets.focus()

    @command("back", "escape", "Back")
    def action_back(self) -> None:
        """Clear the marks, then the filter."""
        main = self.query_one("#main")
        if main.has_class("-zoom-list") or main.has_class("-zoom-preview"):
            main.remove_class("-zoom-list", "-zoom-preview")
            self.tickets.focus()
        elif not self.tickets.has_focus:
            self.tickets.focus()
        elif self.tickets.clear_marks():
            self._status()
        elif self._filter:
            self._set_filter(None)
        else:
            key = desk_app(self).key
            self.flash(f"{key('tickets.quit', 'q')} or {key('app.quit', '^Q')} leaves Nightdesk")

    @command("quit", "q", "Quit", footer="quit", wide=True)
    def action_quit_or_back(self) -> None:
        """Clear marks and filter; when there are none, leave Nightdesk."""
        if self.tickets.has_focus and not self.tickets.marks and not self._filter:
            desk_app(self).action_leave()
        else:
            self.action_back()
