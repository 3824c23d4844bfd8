"""Compose: writing an answer, a note or a first mail. Nothing is sent from here, see `review`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea
from textual.widgets.text_area import Selection

from tui import files, spelling
from tui.commands import Command, command
from tui.desk_calls import desk_app
from tui.desk_screen import DeskScreen
from tui.screens.compose import compositions
from tui.screens.compose.compositions import Composition, mention_before
from tui.spelling import Spans, Speller
from tui.terminal import editor
from tui.text.safe import cell, fitted, line, safe, shortened, size_text, width_of, wrapped
from tui.text.tickets import Reader, body_lines, head_line
from tui.text.times import clock_today
from tui.widgets.came_since import CameSince, news_lines
from tui.widgets.confirm import Confirm
from tui.widgets.line_input import LineInput, common_start
from tui.widgets.menu import Menu, MenuItem, lettered
from tui.widgets.rule import TitledRule
from tui.widgets.steady_input import SteadyInput
from tui.widgets.text_pane import Line, TextPane

if TYPE_CHECKING:
    from desk.canned_answers import CannedAnswerLine
    from desk.replies.drafts import DraftView
    from desk.templates.rendering import Rendered
    from desk.tickets.detail import TicketDetail
    from desk.tickets.since import News, Overtaken

AUTOSAVE_SECONDS = 2.0
SPELLING_SECONDS = 0.7
"""So long after the last key the spelling is looked at."""

STATES_AFTER = (
    MenuItem("u", "unchanged", ""),
    MenuItem("o", "open", "open"),
    MenuItem("w", "waiting for the customer", "waiting"),
    MenuItem("c", "closed", "closed"),
)


class Body(TextArea):
    """The text; Tab leaves it, and no key in it sends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # A text area selects by these keys, which are the screen's.
        Binding("f6", "screen.run_command('compose.sender')", show=False),
        Binding("f7", "screen.run_command('compose.detach')", show=False),
    ]

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=True, tab_behavior="focus", id="body", highlight_cursor_line=False)
        self.cursor_blink = False
        self._unknown: Spans = {}

    def show_unknown(self, words: Spans) -> None:
        """Underline the words that the dictionary does not know."""
        if words != self._unknown:
            self._unknown = words
            self.notify_style_update()
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        """Return a line with its unknown words underlined."""
        text = super().get_line(line_index)
        for start, end in self._unknown.get(line_index, ()):
            text.stylize("underline", start, end)
        return text


def _mail_only(screen: ComposeScreen) -> str | None:
    return "a note is no mail" if screen.composition.kind == "note" else None


def _no_state_after(screen: ComposeScreen) -> str | None:
    if screen.composition.kind == "forward":
        return "a forwarded mail leaves the ticket as it is"
    return _mail_only(screen)


def _has_ticket(screen: ComposeScreen) -> str | None:
    return None if screen.composition.detail is not None else "it is filled with a ticket's facts"


def _several_mailboxes(screen: ComposeScreen) -> str | None:
    if screen.composition.kind == "note":
        return "a note is no mail"
    return None if len(screen.composition.mailboxes) > 1 else "there is one mailbox that sends"


def _canned_answers(ticket: TicketDetail | None) -> Sequence[CannedAnswerLine]:
    from desk.canned_answers import canned_answers  # 25 ms

    return [] if ticket is None else canned_answers(department=ticket.department)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _index(text: str, location: tuple[int, int]) -> int:
    row, column = location
    return sum(len(line) + 1 for line in text.split("\n")[:row]) + column


def _location(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n"), len(before.rpartition("\n")[2])


def _for_a_note(each: Command) -> Command:
    """Nothing is sent where a note is written, so nothing speaks of sending."""
    if each.id == "compose.next":
        return each._replace(title="Complete @login", footer="complete @login")
    if each.id == "compose.review":
        text = "Add the note to the ticket, at once; no mail goes out."
        return each._replace(title="Add note", help=text, footer="add note")
    of_mail = each.enabled in (_mail_only, _no_state_after)
    return each._replace(footer=None, wide=False) if of_mail else each


class ComposeScreen(DeskScreen[None]):
    """Keeps the draft two seconds after the last key, on Esc, and when the connection is lost."""

    CSS_PATH = "screen.tcss"
    PLACE = "tickets"
    AUTO_FOCUS = ""
    HELP_TITLE = "Editor"
    TYPES = True
    ID_PREFIX = "compose"
    GROUP = "In the editor"

    def __init__(self, composition: Composition) -> None:
        super().__init__()
        self.composition = composition
        # Files wait in a draft for what is forwarded: left as it is, nothing stays of it.
        self._dirty = bool(composition.came_with)
        self._saved_at = ""
        self._not_kept = ""
        self._timer: Timer | None = None
        self._saving = asyncio.Lock()
        self._done = False
        self._news: tuple[News, ...] = ()
        self._company = ""
        self._speller: Speller | None = None
        self._spelling_timer: Timer | None = None
        self._has_canned = False
        self._places: set[str] = set()
        self._left: Widget | None = None
        """Where the cursor was when a file was asked for."""

    def commands(self) -> tuple[Command, ...]:
        """Return the commands of an answer, or those of a note, which is not sent."""
        if self.composition.kind == "forward":
            return tuple(
                each._replace(footer=None, wide=False) if each.enabled is _no_state_after else each
                for each in self.KEYS
            )
        if self.composition.kind != "note":
            return super().commands()
        return tuple(_for_a_note(each) for each in super().commands())

    def hinted(self) -> tuple[Command, ...]:
        """Return the editor's own commands and the help: other keys would be typed as text."""
        own = (each for each in self.commands() if each.id != "compose.canned" or self._has_canned)
        return (*own, *(each for each in super().hinted() if each.id == "app.help"))

    def compose_body(self) -> ComposeResult:
        """Yield the fields, the text, and beside it what the customer wrote."""
        composition = self.composition
        yield Static(id="compose-head")
        yield TitledRule(id="head-rule")
        with Horizontal(id="compose-panes"):
            with Vertical(id="sheet"):
                if composition.kind != "note":
                    yield Static(id="from")
                    for name, text in (
                        ("To", composition.to),
                        ("Cc", composition.cc),
                        ("Bcc", composition.bcc),
                        ("Subject", composition.subject),
                    ):
                        unasked = name == "Bcc" and not text
                        with Horizontal(classes="field -unasked" if unasked else "field"):
                            yield Static(safe(f" {name:<8} "), classes="name")
                            yield SteadyInput(text, id=name.lower())
                yield TitledRule("Body" if composition.kind != "note" else "Note", id="body-rule")
                yield Body(composition.body)
            with Vertical(id="beside"):
                yield TextPane(id="theirs")
                yield TextPane(id="after-pane")
        yield LineInput()
        yield TitledRule(id="after-rule")
        yield Static(id="after")

    def on_mount(self) -> None:
        """Put the cursor where writing begins, and say what else is written on this ticket."""
        super().on_mount()
        if self.composition.resumed is not None:
            app = desk_app(self)
            when = clock_today(self.composition.resumed, app.now(), app.desk.zone)
            self._saved_at = f"draft of {when}"
            self.flash(f"This is your draft of {when}. {app.key('compose.discard', 'F8')} throws it away")
        elif self.composition.others:
            self.flash(
                compositions.others_words(self.composition.others, desk_app(self).desk.zone), "warning"
            )
        self.query_one("#theirs").border_title = Content("What was written so far")
        self.query_one("#after-pane").border_title = Content("After sending")
        self.query_one("#after-pane").can_focus = False
        self.query_one("#theirs", TextPane).show(self._their_lines)
        if self.composition.kind in ("new", "forward") and not self.composition.to:
            self.query_one("#to").focus()
        else:
            self.query_one(Body).focus()
        place = desk_app(self).cursor_places.pop(self.composition.draft_id or 0, None)
        if place is not None:
            self.query_one(Body).move_cursor(place)
        self._company = desk_app(self).company.words(self.composition.number)
        self._paint()
        self.desk_changed()
        self.in_thread(spelling.wanted, desk_app(self).actor).then(self._spell_by, group="speller")
        self.in_thread(_canned_answers, self.composition.detail).then(self._know_canned, group="canned")

    def _know_canned(self, found: Sequence[CannedAnswerLine]) -> None:
        self._has_canned = bool(found)
        if found:
            self.refresh_hints()

    # -- what others do meanwhile

    def open_ticket(self) -> tuple[str, bool] | None:
        """Return the ticket that is being written on."""
        return None if self.composition.number is None else (self.composition.number, True)

    def company_changed(self) -> None:
        """Show who else is writing on it."""
        words = desk_app(self).company.words(self.composition.number)
        if words != self._company:
            self._company = words
            self._paint()

    def desk_changed(self) -> None:
        """Check whether something came to the ticket that its author has not seen."""
        if self.composition.number is not None:
            self.in_thread(compositions.put_since, desk_app(self).actor, self.composition).then(
                self._put, group="put"
            )
            self.in_thread(compositions.came_since, desk_app(self).actor, self.composition).then(
                self._came, group="since"
            )
        self.run_worker(self._look_after_draft(), exit_on_error=False, group="own draft")
        app, asked = desk_app(self), self.composition

        def leaves(found: Composition) -> None:
            if asked.mailbox == self.composition.mailbox and not self._done:
                self._leaves_as(found)

        self.in_thread(compositions.as_it_leaves, app.desk, app.actor, asked).then(leaves, group="leaves")

    def _leaves_as(self, found: Composition) -> None:
        """Show what the mail would be sent from now, and say so where that is another than before."""
        changed = compositions.leaving_words(found, self.composition)
        if not changed and found.mailboxes == self.composition.mailboxes:
            return
        self.composition = replace(
            self._current(),
            mailbox=found.mailbox,
            sender=found.sender,
            way=found.way,
            mailboxes=found.mailboxes,
        )
        if changed:
            self.flash(_sentence(changed), "warning")
        self._paint()

    def _put(self, draft: DraftView | None) -> None:
        """Take files over that were put into the draft from elsewhere."""
        if draft is None or self._done:
            return
        before = len(self.composition.attachments)
        self.composition = compositions.with_files_of(self._current(), draft)
        names = ", ".join(item.name for item in self.composition.attachments[before:])
        if names:
            self.flash(f"Attached {names}")
        self._paint()

    def _came(self, found: tuple[tuple[News, ...], TicketDetail | None]) -> None:
        before, (self._news, detail) = self._news, found
        if self._news == before:
            return
        if detail is not None:
            self.composition = replace(self._current(), detail=detail, status=detail.status)
            self.query_one("#theirs", TextPane).show(self._their_lines, keep=True)
            newest = self._news[-1]
            said = f": {newest.excerpt}" if newest.excerpt else ""
            self.flash(f"{newest.words}{said}", "warning")
        self._paint()

    async def _look_after_draft(self) -> None:
        """Tell that the draft was sent or thrown away elsewhere; what is written stays."""
        # Not while it is being kept, which may throw it away, too.
        async with self._saving:
            if self._done or self.composition.gone or not self.is_attached:
                return
            await self._tell_gone(self.composition)

    async def _tell_gone(self, composition: Composition) -> None:
        gone = await self.call(compositions.draft_gone, desk_app(self).actor, composition)
        if gone:
            self.composition = replace(self._current(), gone=gone)
            self.flash(f"{_sentence(gone[-1].words)}; what you wrote is still here", "warning")
            self._paint()

    def _since_words(self) -> str:
        news = (*self._news, *self.composition.gone)
        if not news:
            return ""
        app, newest = desk_app(self), news[-1]
        when = clock_today(newest.at, app.now(), app.desk.zone)
        more = f" and {len(news) - 1} more" if len(news) > 1 else ""
        return f"[!] since you began: {newest.words} ({when}){more}"

    # -- painting

    def health_changed(self) -> None:
        """Keep the right side for what Esc does here."""
        super().health_changed()
        self.status(right=self._leaving)

    @property
    def _leaving(self) -> str:
        return f"{desk_app(self).key('compose.close', 'Esc')} keeps the draft"

    def _title(self) -> str:
        composition = self.composition
        what = {"reply": "Reply to", "note": "Note on", "new": "New ticket", "forward": "Forward of"}[
            composition.kind
        ]
        return what if composition.number is None else f"{what} #{composition.number}"

    def _paint(self) -> None:
        composition, width = self.composition, self.app.size.width
        right = f"{'  '.join(filter(None, (self._company, self._saved_at)))} "
        left = f" {self._title()}  {line(composition.ticket_subject)}"
        room = max(8, width - width_of(right) - 1)
        head = cell(shortened(left, room), room) + " " + right
        self.query_one("#compose-head", Static).update(safe(head))
        pane = self.query_one("#sheet")
        pane.border_title, pane.border_subtitle = Content(self._title()), Content(right.strip())
        self.query_one("#after-rule", TitledRule).set_text(self._since_words())
        if composition.kind != "note":
            sender = desk_app(self).key("compose.sender", "F6")
            more = f"  ({sender} changes)" if len(composition.mailboxes) > 1 else ""
            self.query_one("#from", Static).update(
                safe(f" From     {line(composition.sender or composition.way)}{more}")
            )
        state = composition.status_after or "unchanged"
        if composition.kind == "note":
            after = " A note is for agents only; no mail goes out. @login tells a colleague of it."
        elif composition.kind == "forward":
            after = " Kept as a note, as are answers.  attachments: "
            after += self._files(width - width_of(after) - 1)
        else:
            key = desk_app(self).key("compose.state", "F5")
            after = f" After sending: state [{state}]  {key}   attachments: "
            after += self._files(width - width_of(after) - 1)
        self.query_one("#after", Static).update(safe(fitted(after, width)))
        self.query_one("#after-pane", TextPane).show(self._after_lines)
        self._paint_mode()

    def _files(self, room: int) -> str:
        """Return what goes along, and which key drops it where that fits beside the names."""
        attachments = self.composition.attachments
        names = ", ".join(f"{item.name} {size_text(item.size)}" for item in attachments) or "none"
        drops = f"  {desk_app(self).key('compose.detach', 'F7')} drops"
        return names + drops if attachments and width_of(names + drops) <= room else shortened(names, room)

    def _paint_mode(self) -> None:
        if self.composition.kind == "note":
            mode = "Mode: note (internal)"
        else:
            to, cc = self._addresses("to"), [*self._addresses("cc"), *self._addresses("bcc")]
            count = len(to) + len(cc)
            what = {"reply": "reply", "forward": "forward"}.get(self.composition.kind, "first mail")
            mode = f"Mode: {what}"
            mode += f" (mail goes to {count} address{'es' * (count != 1)})"
        self.status(left=mode, right=self._leaving)

    def _after_lines(self, width: int) -> list[Line]:
        composition, key = self.composition, desk_app(self).key
        attach = f"{key('compose.attach', 'F2')} add"
        if composition.kind == "note":
            return [[(" Agents only; no mail goes out.", "")]]
        rows: list[Line] = [[(row, "warning")] for row in wrapped(self._since_words(), width) if row]
        if composition.kind == "forward":
            rows += [[(row, "")] for row in wrapped("Kept as a note, as is what comes back.", width)]
        else:
            state = key("compose.state", "F5")
            rows += [[(f" State     [{composition.status_after or 'unchanged'}]  {state}", "")]]
        if composition.attachments:
            for item in composition.attachments:
                size = f"  {size_text(item.size)}"
                name = shortened(item.name, max(8, width - 11 - width_of(size)))
                rows.append([(f" Attach    {name}{size}", "")])
            detach = f"{key('compose.detach', 'F7')} take away"
            rows.append([(f"           {attach}   {detach}", "dim")])
        else:
            rows.append([(f" Attach    none   {attach}", "")])
        rows.append([(fitted(f" Leaves by {composition.way}", width), "")])
        return rows

    def _their_lines(self, width: int) -> list[Line]:
        detail = self.composition.detail
        if detail is None:
            return [[(" This is the first mail of a new ticket.", "dim")]]
        app = desk_app(self)
        reader = Reader(app.me, app.now(), app.desk.zone, app.key)
        lines: list[Line] = []
        for message in list(detail.messages)[::-1][:6]:
            lines.append(head_line(message, reader, width, current=False, first=False))
            lines += body_lines(message, width, indent=1, limit=200)
            lines.append([])
        return lines

    # -- spelling

    def _spell_by(self, speller: Speller | None) -> None:
        self._speller = speller
        self._spell()

    def _spell_later(self) -> None:
        if self._speller is not None:
            if self._spelling_timer is not None:
                self._spelling_timer.stop()
            self._spelling_timer = self.set_timer(SPELLING_SECONDS, self._spell)

    def _spell(self) -> None:
        """Look at the whole text in a thread; what was typed meanwhile is looked at the next time."""
        body = self.query_one(Body)
        if self._speller is None:
            body.show_unknown({})
            return
        text = body.text
        self.in_thread(self._speller.unknown, text).then(
            lambda words: body.show_unknown(words) if body.text == text else None, group="spelling"
        )

    @command("spelling", "f9", "Spelling")
    def action_spelling(self) -> None:
        """Choose the dictionary for the spell check, or none."""
        self.in_thread(spelling.languages).before_next_key(self._offer_languages, group="languages")

    def _offer_languages(self, spellers: Sequence[Speller]) -> None:
        if not spellers:
            self.flash("There is no dictionary here: hunspell or aspell brings one")
            return

        def picked(name: str | None) -> None:
            if name is not None:
                self.in_thread(spelling.choose, desk_app(self).actor, name).then(
                    self._spell_by, group="speller"
                )

        names = [(each.language, each.language) for each in spellers]
        current = self._speller.language if self._speller else "off"
        self.app.push_screen(Menu("Spelling", lettered([("off", "off"), *names]), current), picked)

    @on(TextArea.SelectionChanged)
    def _cursor_moved(self) -> None:
        row, column = self.query_one(Body).cursor_location
        self.query_one("#body-rule", TitledRule).set_text(right=f"ln {row + 1}, col {column + 1}")

    def on_resize(self) -> None:
        """Lay the head out for the new width."""
        try:
            self._paint()
        except NoMatches:
            return

    # -- the draft

    @on(TextArea.Changed)
    @on(Input.Changed)
    def _typed(self) -> None:
        current = self._current()
        if current == self.composition:
            return
        if current.body != self.composition.body:
            self._spell_later()
        self.composition = current
        self._paint_mode()
        self._touch()

    def _touch(self) -> None:
        self._dirty = True
        if self._timer is None:
            self._timer = self.set_timer(AUTOSAVE_SECONDS, self._autosave)

    def _current(self) -> Composition:
        body = self.query_one(Body).text
        if self.composition.kind == "note":
            return replace(self.composition, body=body)
        return replace(
            self.composition,
            body=body,
            to=self.query_one("#to", Input).value,
            cc=self.query_one("#cc", Input).value,
            bcc=self.query_one("#bcc", Input).value,
            subject=self.query_one("#subject", Input).value,
        )

    def _addresses(self, field: str) -> list[str]:
        return compositions.addresses(self.query_one(f"#{field}", Input).value)

    async def _autosave(self) -> None:
        self._timer = None
        self.run_worker(self.keep_draft(), exit_on_error=False)

    async def keep_draft(self) -> None:
        """Save the draft if it has changed; also called when the connection is lost."""
        async with self._saving:
            if not self._dirty or self._done:
                return
            self._dirty = False
            self.composition = self._current()
            try:
                draft_id = await self.call(compositions.keep, desk_app(self).actor, self.composition)
            except asyncio.CancelledError:
                self._dirty = True
                raise
            except Exception as error:
                self._dirty, self._not_kept = True, str(error) or type(error).__name__
                desk_app(self).flash_error(error)
                return
            self._not_kept = ""
            if self.composition.draft_id not in (None, draft_id) and draft_id is not None:
                await self._tell_gone(self.composition)
            paths = tuple(str(item.path) for item in self.composition.attachments)
            self.composition = replace(self.composition, draft_id=draft_id, kept_files=paths)
            self._saved_at = f"draft saved {desk_app(self).now().astimezone(desk_app(self).desk.zone):%H:%M}"
            if self.is_attached:
                self._paint()

    def unsaved(self) -> str:
        """Return subject, recipients and text where the draft is kept nowhere."""
        if not self._dirty or self._done:
            return ""
        now = self._current()
        return f"Subject: {now.subject}\nTo: {now.to}\nCc: {now.cc}\nBcc: {now.bcc}\n\n{now.body}\n"

    @command("review", "ctrl+s", "Review and send", footer="review & send")
    def action_review(self) -> None:
        """Look at the mail before it goes."""
        self.composition = self._current()
        if self.composition.kind == "note":
            self._add_note()
            return
        problem = compositions.problem(self.composition) or self._open_place()
        if problem:
            self.flash(problem, "warning")
            if not self.composition.to.strip():
                self.query_one("#to").focus()
            return
        from tui.screens.compose.review import ReviewScreen  # 11 ms

        self.app.push_screen(ReviewScreen(self.composition), self._reviewed)

    def _reviewed(self, decision: str | None) -> None:
        if decision == "attach":
            self.action_attach()
        elif decision == "keep":
            self._dirty = True
            self._before_next_key(self.action_close())
        elif decision == "send":
            self._before_next_key(self._send())
        else:
            self.query_one(Body).focus()

    def _before_next_key(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what ends the editor: a key pressed meanwhile is for the screen below, or for what is asked."""
        hold = desk_app(self).hold_keys()

        async def do() -> None:
            try:
                await work
            finally:
                hold.opened()

        self.run_worker(do(), exit_on_error=False)

    async def _send(self) -> None:
        from desk.tickets.since import Overtaken  # 16 ms

        async with self._saving:
            if self._done:
                return
            self._done = True
            app = desk_app(self)
            try:
                sent = await self.call(compositions.send, app.desk, app.actor, self.composition)
            except Overtaken as error:
                self._done = False
                self._ask_since(error, "Send it all the same?", self._send)
                return
            except Exception as error:
                self._done = False
                app.flash_error(error)
                return
        app.navigation.mail_is_queued(
            sent.delivery_id,
            self.composition.number,
            sent.not_before,
            sent.warning,
            self.composition.kind,
            sent.event,
        )
        self._end()

    def _ask_since(
        self, overtaken: Overtaken, question: str, go_on: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Show what came before something is sent, once: whoever knows it is not asked again."""
        app = desk_app(self)

        def answered(yes: bool | None) -> None:
            def follow(composition: Composition) -> None:
                self._change(
                    number=composition.number,
                    seen=composition.seen,
                    draft_id=composition.draft_id,
                    gone=composition.gone,
                    mailbox=composition.mailbox,
                    sender=composition.sender,
                    way=composition.way,
                    mailboxes=composition.mailboxes,
                )
                self._news = ()
                self.desk_changed()
                if yes:
                    self._before_next_key(go_on())

            followed = self.in_thread(
                compositions.follow, app.desk, app.actor, self.composition, overtaken.seen_up_to
            )
            followed.before_next_key(follow)
            self.query_one(Body).focus()

        told = news_lines(overtaken.news, app.now(), app.desk.zone)
        self.app.push_screen(CameSince("Since you began", told, question), answered)

    def _add_note(self) -> None:
        if not self.composition.body.strip():
            self.flash("The note is empty", "warning")
            return
        self._before_next_key(self._note())

    async def _note(self) -> None:
        from desk.tickets.since import Overtaken  # 16 ms

        async with self._saving:
            if self._done:
                return
            self._done = True
            app = desk_app(self)
            try:
                number, unknown = await self.call(compositions.add_note, app.actor, self.composition)
            except Overtaken as error:
                self._done = False
                self._ask_since(error, "Add it all the same?", self._note)
                return
            except Exception as error:
                self._done = False
                app.flash_error(error)
                return
        joined = (
            "" if number == self.composition.number else f", into which #{self.composition.number} was merged"
        )
        added = f"Note added to #{number}{joined}"
        if unknown:
            nobody = ", ".join(f"@{login}" for login in unknown)
            app.flash_later(f"{added}, but nobody here is called {nobody}", "warning")
        else:
            app.flash_later(added)
        self._end()

    # -- canned answers

    @command("canned", "ctrl+t", "Canned answer", footer="canned", enabled=_has_ticket)
    def action_canned(self) -> None:
        """Insert a canned answer at the cursor; its first blank is then selected."""
        self.in_thread(_canned_answers, self.composition.detail).before_next_key(
            self._offer_canned, group="canned"
        )

    def _offer_canned(self, found: Sequence[CannedAnswerLine]) -> None:
        if not found or self.composition.detail is None:
            self.flash("There are no canned answers: nightdesk canned add makes one")
            return
        from tui.screens.compose.canned import CannedScreen  # 4 ms

        self.app.push_screen(CannedScreen(found, self.composition.detail), self._insert)

    def _insert(self, filled: Rendered | None) -> None:
        body = self.query_one(Body)
        body.focus()
        if filled is None:
            return
        start = _index(body.text, min(body.selection))
        body.replace(filled.text.rstrip("\n"), *body.selection)
        self._places |= set(filled.places)
        self._typed()
        if filled.places:
            self._select_place(start)

    @command("place", "ctrl+n", "Next place")
    def action_place(self) -> None:
        """Select the next blank of a canned answer."""
        body = self.query_one(Body)
        if not self._select_place(_index(body.text, max(body.selection))):
            self.flash("No place is open")

    def _select_place(self, start: int) -> bool:
        body = self.query_one(Body)
        marks = [f"[[{label}]]" for label in self._places]
        found = [
            (at, mark)
            for begin in (start, 0)
            for mark in marks
            if (at := body.text.find(mark, begin)) >= begin
        ]
        if not found:
            return False
        after = [each for each in found if each[0] >= start]
        at, mark = min(after or found)
        body.selection = Selection(_location(body.text, at), _location(body.text, at + len(mark)))
        body.scroll_cursor_visible()
        body.focus()
        return True

    def _open_place(self) -> str:
        """Say which place of a canned answer is not filled; '' when all are."""
        text, key = self.composition.body, desk_app(self).key("compose.place", "^N")
        return next(
            (
                f"[[{label}]] is not filled: {key} goes there"
                for label in sorted(self._places)
                if f"[[{label}]]" in text
            ),
            "",
        )

    @command("editor", "ctrl+g", "Editor", footer="$EDITOR", free=True)
    def action_editor(self) -> None:
        """Write in $VISUAL or $EDITOR."""
        body = self.query_one(Body)
        try:
            text = editor.edit(self.app, body.text, desk_app(self).desk.paths.drafts)
        except editor.EditorFailed as error:
            self.flash(str(error), "error")
            return
        body.load_text(text)
        self._typed()

    @command("attach", "f2", "Attach", footer="attach", enabled=_mail_only)
    def action_attach(self) -> None:
        """Attach a file."""
        app = desk_app(self)
        if not app.restricted:
            self._left = self.focused
            self.query_one(LineInput).ask(
                "Attach:", files.home_text(Path.home()), purpose="attach", complete=files.completions
            )
            return
        self.in_thread(files.listed, app.files_directory).before_next_key(self._offer_files, group="files")

    def _offer_files(self, found: list[files.LocalFile]) -> None:
        directory = desk_app(self).files_directory
        if not found:
            number = self.composition.number
            put = f"Nothing here. On your side: ssh HOST attachment put {number} --name NAME < FILE"
            self.flash(f"There are no files in {directory}" if number is None else put)
            return
        items = lettered([(item.name, f"{item.name}  {size_text(item.size)}") for item in found])

        def picked(name: str | None) -> None:
            if name is not None:
                self._attach_file(name, directory)

        self.app.push_screen(Menu("Attach", items), picked)

    def _attach_file(
        self, text: str, only_in: Path | None, failed: Callable[[Exception], object] | None = None
    ) -> None:
        self.in_thread(files.look_at, text, only_in).then(self._attached, failed=failed, group="attach")

    def _attached(self, file: files.LocalFile) -> None:
        self._change(attachments=(*self.composition.attachments, file))
        self.flash(f"Attached {file.name}, {size_text(file.size)}")

    @command("next", "tab", "Next field")
    def action_next(self) -> None:
        """Go to the next field; behind @ and the first letters of a login in a note, complete that."""
        body = self.query_one(Body)
        row, column = body.cursor_location
        begun = mention_before(body.document.get_line(row)[:column])
        if self.composition.kind != "note" or not body.has_focus or begun is None:
            self.focus_next()
            return
        self.in_thread(compositions.colleagues, begun).before_next_key(
            lambda found: self._complete_login(begun, (row, column), found), group="login"
        )

    def _complete_login(self, begun: str, place: tuple[int, int], found: Sequence[str]) -> None:
        body = self.query_one(Body)
        if body.cursor_location != place:
            return
        longest = common_start(found)
        if len(found) == 1 or len(longest) > len(begun):
            row, column = place
            body.replace(longest + " " * (len(found) == 1), (row, column - len(begun)), place)
        elif found:
            self.flash("  ".join(f"@{login}" for login in found[:40]))
        else:
            self.flash(f"Nobody here is called @{begun}", "warning")

    @command("cc", "f3", "Cc", footer="Cc", enabled=_mail_only)
    def action_cc(self) -> None:
        """Go to Cc, and from there to Bcc, which the other recipients do not see."""
        if self.query_one("#cc").has_focus:
            for line_of_bcc in self.query(".-unasked"):
                line_of_bcc.remove_class("-unasked")
            self.query_one("#bcc").focus()
        else:
            self.query_one("#cc").focus()
            if self.query(".-unasked"):
                self.flash(f"{desk_app(self).key('compose.cc', 'F3')} again: Bcc, whom the others do not see")

    @command("pane", "f4", "Other pane", footer="other pane", wide=True)
    def action_other_pane(self) -> None:
        """Move between your text and what the customer wrote."""
        theirs = self.query_one("#theirs")
        if theirs.has_focus or not self.query_one("#beside").display:
            self.query_one(Body).focus()
        else:
            theirs.focus()

    @command("state", "f5", "State after", footer="state", enabled=_no_state_after)
    def action_state_after(self) -> None:
        """Choose the ticket's state after this is sent."""

        def picked(state: str | None) -> None:
            if state is not None:
                self._change(status_after=state)

        self.app.push_screen(Menu("State after sending", STATES_AFTER, self.composition.status_after), picked)

    @command("sender", "f6", "Mailbox", enabled=_several_mailboxes)
    def action_sender(self) -> None:
        """Choose the mailbox that this mail is sent from, where several send."""

        def picked(address: str | None) -> None:
            if address is not None:
                chosen = next(item for item in self.composition.mailboxes if item.address == address)
                self._change(mailbox=chosen.address, sender=chosen.sender, way=chosen.way)

        items = lettered([(item.address, item.sender) for item in self.composition.mailboxes])
        self.app.push_screen(Menu("From", items, self.composition.mailbox), picked)

    def _change(self, **values: Any) -> None:
        self.composition = replace(self._current(), **values)
        self._paint()
        self._touch()

    @command("detach", "f7", "Detach", enabled=_mail_only)
    def action_detach(self) -> None:
        """Take an attached file away again."""
        if not self.composition.attachments:
            self.flash("Nothing is attached")
            return
        items = lettered([(str(index), item.name) for index, item in enumerate(self.composition.attachments)])

        def picked(value: str | None) -> None:
            if value is not None:
                kept = [
                    item for index, item in enumerate(self.composition.attachments) if str(index) != value
                ]
                self._change(attachments=tuple(kept))

        self.app.push_screen(Menu("Take away", items), picked)

    def on_line_input_typed(self, event: LineInput.Typed) -> None:
        """Stop the message here: no other part wants half a file name."""
        event.stop()

    def on_line_input_answered(self, event: LineInput.Answered) -> None:
        """Attach the file that was named."""
        self._go_back()
        if event.text.strip():
            self._attach_file(event.text.strip(), None, event.again)

    def on_line_input_cancelled(self) -> None:
        """Go back to where the cursor was."""
        self._go_back()

    def _go_back(self) -> None:
        (self._left or self.query_one(Body)).focus()

    @command("discard", "f8", "Throw away")
    def action_discard(self) -> None:
        """Throw the draft away (asks)."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._done = True
                self.in_thread(compositions.discard, self.composition).before_next_key(
                    lambda _: self._end(), group="draft"
                )

        self.app.push_screen(Confirm("Throw this draft away?", "What you wrote is gone then."), answered)

    @command("close", "escape", "Close", footer="close")
    async def action_close(self) -> None:
        """Back; the draft is kept."""
        prompt = self.query_one(LineInput)
        if prompt.asking:
            prompt.action_cancel()
            return
        if self.query_one("#theirs").has_focus:
            self.query_one(Body).focus()
            return
        await self.keep_draft()
        if self._dirty:
            self._ask_to_lose()
            return
        if self.composition.draft_id is not None:
            place = self.query_one(Body).cursor_location
            desk_app(self).cursor_places[self.composition.draft_id] = place
            key = desk_app(self).key("tickets.drafts", "D")
            desk_app(self).flash_later(f"The draft is kept: {key} in the list goes on with it")
        self._end()

    def _ask_to_lose(self) -> None:
        """Let a person go who wrote what cannot be kept, as on a ticket that was deleted meanwhile."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._end()

        why = f"It cannot be kept as a draft: {self._not_kept}."
        self.app.push_screen(Confirm("Leave, and lose what you wrote?", why), answered)

    def _end(self) -> None:
        self._done = True
        if self._timer is not None:
            self._timer.stop()
        self.dismiss(None)
