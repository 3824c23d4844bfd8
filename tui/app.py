"""The Textual app: a stack of screens for each digit, the guard before the terminal, and a clean way out."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from config import clock
from config.records import Record
from config.wording import counted
from desk.errors import NotAllowed
from models.transactions import outside
from tui import screens
from tui.commands import command
from tui.desk_calls import THREADS, Navigation, in_pool
from tui.desk_screen import DeskNode, DeskScreen
from tui.health import Health, observe
from tui.key_names import Keys
from tui.keymap import Keymap, conflicts
from tui.navigation import ScreenNavigation
from tui.news import Unseen, failing_now, in_words
from tui.presence import Company
from tui.screens.too_small import HEIGHT, WIDTH, TooSmall
from tui.terminal.guard import ControlGuard
from tui.terminal.key_queue import KeyQueue
from tui.terminal.painted import forget_removed
from tui.user_commands import OwnCommands, read_commands
from tui.widgets.flash import Flash, Hinted, Level, words_for

if TYPE_CHECKING:
    from textual._path import CSSPathType

    from desk.alerts.on_screen import ScreenNotice
    from desk.home import Desk
    from desk.permissions import Actor
    from desk.replies.drafts import DraftView
    from desk.staff.preferences import ListColumn, ToldBy
    from desk.statuses import StatusLine
    from desk.tickets.presence import Attendance
    from desk.tickets.since import SeenUpTo
    from desk.user_commands.file import UserCommand
    from tui.plain.speech import Speech
    from tui.widgets.ticket_list import TicketPages
    from worker.service.child import WorkerChild

DEFAULT_THEME = "ansi-dark"
WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
"""How textual-serve names what it speaks with, in TEXTUAL_DRIVER."""
TEND_SECONDS = 5.0
"""How often it looks whether somebody works for the desk."""
SAID = 200
"""Lines that were flashed and can be read again."""
WATCH_SECONDS = 1.0
"""How often the app looks whether the desk changed and the terminal is still there."""


def _taken_keys(commands: Sequence[UserCommand], app: type[App[Any]]) -> Sequence[str]:
    """Say which keys of user commands do something else. Blocks."""
    from tui import key_conflicts  # 43 ms, for who has commands of one's own

    return key_conflicts.conflicts(commands, app)


def _first_of(what: str, troubles: Sequence[str]) -> str:
    """Tell the first trouble with a file, how many there are, and what lists them."""
    many = f", 1 of {len(troubles)}" if len(troubles) > 1 else ""
    return f"{what}{many}: {troubles[0]} (nightdesk doctor lists all)"


class Seen(Record):
    """What was found when a changed desk was read again."""

    number: int
    actor: Actor
    health: Health
    seen_up_to: SeenUpTo
    company: Company
    told_by: ToldBy
    news: Sequence[ScreenNotice]
    drafts: Sequence[DraftView]
    statuses: Sequence[StatusLine]


class NightdeskApp(ScreenNavigation, KeyQueue, inherit_bindings=False):
    """The terminal interface of one desk, for one agent.

    `renew` says what the agent may do by now; without it that stays as it is. `theme` is the agent's own,
    empty for the desk's, and so are the list's `columns`. `plain`: lines are said instead of a screen
    painted. `worker` is the child that works while nobody else does: the app sees to it that it lives, the
    caller ends it after the app.
    The exit status is in `return_code`: 0, 1 after a crash, 128 + n after signal n.
    """

    # With the first screen's: a sheet that comes later has all of them read again.
    CSS_PATH: ClassVar[CSSPathType | None] = ["app.tcss", "screens/tickets/screen.tcss"]
    TITLE = "Nightdesk"
    ENABLE_COMMAND_PALETTE = False
    # Textual types these as instance variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (20, "-short"), (30, "-tall")]  # noqa: RUF012
    DEFAULT_MODE = "tickets"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "tickets": lambda: screens.TicketsScreen(),
        "mailboxes": lambda: screens.MailboxesScreen(),
        "logs": lambda: screens.LogsScreen(),
        "dashboard": lambda: screens.DashboardScreen(),
        "outbox": lambda: screens.OutboxScreen(),
        "quarantine": lambda: screens.QuarantineScreen(),
        "settings": lambda: screens.SettingsScreen(),
        "admin": lambda: screens.AdminScreen(),
    }
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "how_to_quit", "Quit", show=False)]

    def __init__(
        self,
        desk: Desk,
        actor: Actor,
        *,
        renew: Callable[[], Actor] | None = None,
        worker: WorkerChild | None = None,
        now: Callable[[], datetime] = clock.now,
        theme: str = "",
        keymap: Keymap | None = None,
        columns: Sequence[ListColumn] = (),
        plain: bool = False,
    ) -> None:
        # Asked for while Textual makes its app.
        self.plain = plain
        super().__init__()
        # One for all lines: a painted line remembers what became of it, by the filter.
        self._guard = ControlGuard()
        self._own_theme = theme
        self._own_keymap = keymap or Keymap()
        self.columns = tuple(columns)
        self._speech: Speech | None = None
        self.key = Keys(self._own_keymap.keys)
        self.desk = desk
        self._begin_with_theme(self._wanted_theme())
        self.actor = actor
        self._renew = renew or (lambda: actor)
        self.worker = worker
        self.now = now
        self.opening: TicketPages | None = None
        self.pool: Executor = ThreadPoolExecutor(THREADS, thread_name_prefix="desk")
        self.health = Health()
        self.company = Company()
        self.seen_up_to: SeenUpTo | None = None
        self.statuses: Sequence[StatusLine] = ()
        self._attendance: Attendance | None = None
        self.drafts: Sequence[DraftView] = ()
        self.cursor_places: dict[int, tuple[int, int]] = {}
        self._told_until: int | None = None
        self._unseen = Unseen()
        self.restricted = desk.settings.restricted
        self.me = frozenset(part for part in (actor.login, actor.name, actor.email) if part)
        self.files_directory = desk.paths.data / "attachments" if self.restricted else Path.home()
        self.host = os.uname().nodename.partition(".")[0]
        self.local_minute = self._minute()
        self.animation_level = "none"
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._watching = False
        self._look_failed = ""
        self._tend_next = 0.0
        self._change = -1
        self._too_small: TooSmall | None = None
        self._leaving = False
        self.said: deque[tuple[datetime, Flash]] = deque(maxlen=SAID)
        self.user_commands = OwnCommands()

    # -- life

    def on_mount(self) -> None:
        """Begin to watch the desk, and listen for the loss of the connection."""
        # From Python 3.12 on Textual has tasks begin at once: a screen is laid out before its sheet is read.
        asyncio.get_running_loop().set_task_factory(None)
        self.set_keymap(self._own_keymap.bindings)
        self.app_resume_signal.subscribe(self, self._repaint_after_suspend)
        self.set_interval(WATCH_SECONDS, self._tick)
        if self.plain:
            self._begin_to_speak()
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._on_signal, number)

    def _begin_to_speak(self) -> None:
        """Say in lines what is seen on the screen of others."""
        from tui.plain.driver import PlainDriver  # 11 ms, for who listens
        from tui.plain.speech import LOOK_SECONDS, Speech  # 2 ms

        if isinstance(self._driver, PlainDriver):
            self._speech = Speech(self, self._driver, self.key)
            self.set_interval(LOOK_SECONDS, self._speech.look)

    def speak(self, text: str) -> None:
        """Speak a line in plain mode; otherwise do nothing."""
        if self._speech is not None:
            self._speech.say(text)

    def _wanted_theme(self) -> str:
        wanted = self._own_theme or self.desk.settings.theme
        return wanted if wanted in self.available_themes else DEFAULT_THEME

    def read_ahead(self) -> None:
        """Read the first page of tickets before `run`, when no key has to wait for it."""
        from tui.screens.tickets.screen import first_pages  # 25 ms, which its first painting needs anyway

        self.opening = first_pages(self.actor)

    def refresh_css(self, animate: bool = True) -> None:
        """Apply all styles again; before the first screen there is nothing to style."""
        if any(screen.is_mounted for screen in self._screen_stack):
            super().refresh_css(animate)

    def _tell_unknown_theme(self) -> None:
        """Say that there is no theme of the name that somebody chose."""
        wanted = self._own_theme or self.desk.settings.theme
        if wanted not in self.available_themes:
            key = self.key("app.theme", "F10")
            self.flash(f"There is no theme '{wanted}': this is {DEFAULT_THEME}. {key} offers all", "warning")

    def _begin_with_theme(self, name: str) -> None:
        """Take a theme before anything is styled: later, everything would be styled twice."""
        self.set_reactive(App.theme, name)
        theme = self.current_theme
        self.update_classes(
            {f"-theme-{name}": True, "-dark-mode": theme.dark, "-light-mode": not theme.dark}, update=False
        )
        self.stylesheet.set_variables(self.get_css_variables())

    def first_painted(self) -> None:
        """Begin what was put off until the first screen is painted."""
        gc.enable()
        self._tick()
        if self.desk.settings.read_only:
            self.flash("Read-only: this app changes nothing", "warning")
        self._tell_unknown_theme()
        if self.key.own or self._own_keymap.troubles:
            self.in_thread(conflicts, self._own_keymap, self.KEYS).then(self._tell_key_conflicts)
        self.in_thread(read_commands, self.desk).then(self._take_commands)

    def _tell_key_conflicts(self, found: Sequence[str]) -> None:
        if found:
            self.flash(_first_of("Keys", found), "warning")

    def _take_commands(self, found: OwnCommands) -> None:
        """Bind the keys of the user commands behind all others, and say what is wrong with some."""
        self.user_commands = found
        for key, command_id in found.bindings():
            self.bind(key, f"run_command('{command_id}')", show=False)
        if found.commands and not found.troubles:
            self.in_thread(_taken_keys, found.commands, type(self)).then(self._tell_commands)
        self._tell_commands(found.troubles)

    def _tell_commands(self, troubles: Sequence[str]) -> None:
        if troubles:
            self.flash(_first_of("User commands", troubles), "warning")

    def _on_signal(self, number: int) -> None:
        self.run_worker(self.leave(128 + number), exit_on_error=False)

    async def leave(self, status: int, why: str = "") -> None:
        """Keep drafts, then end with this exit status, and say why below the prompt."""
        if self._leaving:
            return
        self._leaving = True
        keepers = [
            screen.keep_draft()
            for stack in self._screen_stacks.values()
            for screen in stack
            if isinstance(screen, DeskNode)
        ]
        try:
            await asyncio.wait_for(asyncio.gather(*keepers, return_exceptions=True), 10)
        except TimeoutError:
            pass
        why = "\n".join(filter(None, (why, self._set_aside())))
        if self._attendance is not None:
            # A database that takes nothing any more does not keep anybody here.
            with contextlib.suppress(Exception):
                await asyncio.wait_for(in_pool(self._watcher, self._attendance.leave), 10)
        self.exit(return_code=status, message=why or None)

    def _set_aside(self) -> str:
        """Write what could not be kept as a draft into files; returns what to tell of it."""
        from tui.terminal.crash import set_aside  # 1 ms

        screens = (screen for stack in self._screen_stacks.values() for screen in stack)
        texts = (screen.unsaved() for screen in screens if isinstance(screen, DeskNode))
        places = [set_aside(text, self.desk.paths.log) for text in texts if text]
        return "\n".join(
            f"What you wrote could not be kept as a draft; it is in {place}" if place else "A draft is lost"
            for place in places
        )

    def on_unmount(self) -> None:
        """Let the threads go without waiting for what they still ask."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self._watcher.shutdown(wait=False, cancel_futures=True)

    def _fatal_error(self) -> None:
        """Show one line and keep a private report: Textual would print local variables."""
        from tui.terminal.crash import report  # 1 ms

        error = sys.exc_info()[1] or self._exception
        place: Path | None = None
        if error is not None:
            place = report(error, self.desk.paths.log)
        kept = f"; the report is in {place}" if place else ""
        self._exit_renderables.append(
            Text(f"nightdesk: the app ended by a fault of its own ({type(error).__name__}){kept}")
        )
        self._close_messages_no_wait()

    def _repaint_after_suspend(self, _app: App[Any]) -> None:
        self.call_later(self._repaint)

    def _repaint(self) -> None:
        self.screen.refresh(layout=True)

    @property
    def navigation(self) -> Navigation:
        """The ways between the screens."""
        return self

    # -- what leaves for the terminal

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that outlives its terminal, or Textual's own where a browser is the terminal."""
        if os.environ.get("TEXTUAL_DRIVER") == WEB_DRIVER:
            return super().get_driver_class()
        if self.plain:
            from tui.plain.driver import PlainDriver  # 11 ms, for who listens

            return PlainDriver
        from tui.terminal.driver import SteadyDriver  # 10 ms

        return SteadyDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of every painted line, the guard in front."""
        return [self._guard, *super().get_line_filters()]

    def flash(self, text: str, level: Level = "info") -> None:
        """Show one line on the status line of the topmost screen that has one."""
        flash = Flash(text, level)
        self.said.append((self.now(), flash))
        self.speak(flash.spoken)
        for screen in reversed(self.screen_stack):
            if isinstance(screen, DeskNode) and screen.show_flash(flash):
                return

    def keys_given_up(self, count: int) -> None:
        """Say that what was typed ahead went nowhere."""
        self.flash(f"The desk is slow to answer: {counted(count, 'key')} not taken, press again", "warning")

    def flash_later(self, text: str, level: Level = "info") -> None:
        """Show it when the screen on top has closed."""
        self.call_later(self.flash, text, level)

    def flash_error(self, error: BaseException) -> None:
        """Show what failed and what to do; a fault of the program also leaves a report."""
        if isinstance(error, Hinted):
            self.flash(words_for(error, self.key), "error")
            return
        if told := outside(error):
            self.flash(told, "error")
            return
        from tui.terminal.crash import report  # 1 ms

        place = report(error, self.desk.paths.log)
        kept = f"; report in {place}" if place else ""
        self.flash(f"This did not work: {type(error).__name__}: {error}{kept}", "error")

    def copy_text(self, text: str, what: str) -> None:
        """Put text on the person's clipboard in whichever way works, and say which."""
        from tui.terminal import clipboard  # 0.7 ms

        async def copy() -> None:
            if await in_pool(self.pool, clipboard.into_tmux, text):
                self.flash(f"Copied {what} to the tmux buffer")
            else:
                clipboard.into_terminal(self, text)
                self.flash(f"Sent {what} to the terminal's clipboard (OSC 52), if it takes it: {text[:60]}")

        self.run_worker(copy(), exit_on_error=False)

    # -- the world outside

    def _tick(self) -> None:
        if not self.is_headless and not self.is_web and self._terminal_is_gone():
            self.run_worker(self.leave(128 + signal.SIGHUP), exit_on_error=False)
            return
        minute = self._minute()
        if minute != self.local_minute:
            self.local_minute = minute
            self._tell_health()
            self._tell_minute()
            forget_removed(self)
        self.tell_leaving()
        self._count_unseen()
        if not self._watching and not self._leaving:
            self._watching = True
            self.run_worker(self._watch(), exit_on_error=False)

    def _count_unseen(self) -> None:
        """Take out of the title's count what was opened."""
        from tui.terminal.driver import SteadyDriver  # 10 ms

        self._unseen.look_at(self._open_tickets())
        if isinstance(self._driver, SteadyDriver) and self._driver.titled:
            self._driver.set_title(self._unseen.title)

    def _terminal_is_gone(self) -> bool:
        try:
            os.tcgetpgrp(0)
        except OSError:
            return True
        return False

    def _minute(self) -> datetime:
        return self.now().astimezone(self.desk.zone).replace(second=0, microsecond=0)

    async def _watch(self) -> None:
        try:
            seen = await in_pool(self._watcher, self._look, self._change, self._open_tickets(), self.company)
        except NotAllowed as error:
            self.run_worker(self.leave(1, words_for(error)), exit_on_error=False)
            return
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            if failure != self._look_failed:  # each second anew it would cover all else, and fill the disk
                self._look_failed = failure
                self._tell_away(away=True)
                self.flash_error(error)
            return
        finally:
            self._watching = False
        if self._look_failed:
            self._look_failed = ""
            self._tell_away(away=False)
            self.flash("The desk answers again")
        if isinstance(seen, Company):
            self._tell_company(seen)
        elif seen is not None:
            failing = failing_now(self.health, seen.health)
            self._change, self.health, self.seen_up_to = seen.number, seen.health, seen.seen_up_to
            self.actor = seen.actor
            self.drafts, self.statuses = seen.drafts, seen.statuses
            self._tell_health()
            self._tell_company(seen.company)
            if fetched := self.fetched_words(self.health):
                self.flash(fetched)
            self._tell_news(seen.news, failing, seen.told_by)
            # Also after the first look: the desk may have changed since the screen was filled.
            self._tell_change()

    def _look(self, before: int, open_tickets: dict[str, bool], company: Company) -> Seen | Company | None:
        """Return what changed: in the desk, or only who is at which ticket."""
        from desk import statuses  # 5 ms
        from desk.operations.revision import change_number  # 16 ms
        from desk.permissions import require_no_less  # loaded with who acts
        from desk.replies import drafts  # 39 ms
        from desk.staff import preferences  # 19 ms
        from desk.tickets import since  # 29 ms
        from desk.tickets.presence import Attendance  # 25 ms

        if self._attendance is None:
            self._attendance = Attendance(self.actor)
        tending = self._tend_worker()
        if not self._leaving:
            self._attendance.say(open_tickets)
        number = change_number()
        if number != before:
            actor = self._renew()
            require_no_less(actor, self.actor)
            seen_up_to = since.seen_up_to()
            company = Company(self._attendance.others())
            chosen = preferences.told_by(actor)
            writing = drafts.drafts(actor)
            health, named = observe(self.desk), statuses.statuses()
            news = self._news(actor)
            return Seen(number, actor, health, seen_up_to, company, chosen, news, writing, named)
        if tending and company.people:
            # Who was killed writes nothing.
            return Company(self._attendance.others())
        return None

    def _news(self, actor: Actor) -> list[ScreenNotice]:
        """Return of what the agent was not told yet; what was there before the app is no news."""
        from desk.alerts import on_screen  # 39 ms

        if self._told_until is None:
            self._told_until = on_screen.newest()
            return []
        news, self._told_until = on_screen.since(actor, self._told_until)
        return news

    def _tell_news(self, news: Sequence[ScreenNotice], failing: Sequence[str], chosen: ToldBy) -> None:
        """Say what came, on the status line and, as the agent chose, by title, bell and desktop."""
        from tui.terminal import calls  # 0.8 ms
        from tui.terminal.driver import SteadyDriver  # 10 ms

        here = self._open_tickets()
        elsewhere = [each for each in news if each.number not in here]
        if elsewhere:
            self._unseen.add(elsewhere)
            self._flash_news(*in_words(elsewhere))
        if failing:
            self.flash(
                f"Mail fails: {', '.join(failing)}  {self.key('app.mailboxes', '2')} shows why", "error"
            )
        driver = self._driver
        if not isinstance(driver, SteadyDriver):
            return
        driver.set_title(self._unseen.title if chosen.title and calls.has_title(os.environ) else "")
        told = [in_words(news)[0]] if news else []
        told += [f"Mail fails: {each}" for each in failing]
        for text in told:
            driver.write(calls.calls(chosen, text, os.environ))

    def _flash_news(self, text: str, level: Level) -> None:
        """Flash news, after the warning or error that stands there."""
        screen = next((each for each in reversed(self.screen_stack) if isinstance(each, DeskScreen)), None)
        if screen is not None and screen.alarming():
            self.set_timer(WATCH_SECONDS, lambda: self._flash_news(text, level))
        else:
            self.flash(text, level)

    def _open_tickets(self) -> dict[str, bool]:
        """Return the tickets that are open in all screens, each with whether it is written on."""
        found: dict[str, bool] = {}
        for stack in self._screen_stacks.values():
            for screen in stack:
                here = screen.open_ticket() if isinstance(screen, DeskNode) else None
                if here is not None:
                    found[here[0]] = here[1] or found.get(here[0], False)
        return found

    def _tell_company(self, company: Company) -> None:
        """Tell every screen who else is where, and the writer of a ticket who else writes there now."""
        before, self.company = self.company, company
        if before == company:
            return
        for screen in self.screen_stack:
            if screen.is_mounted and isinstance(screen, DeskNode):
                screen.company_changed()
        writing = [number for number, writes in self._open_tickets().items() if writes]
        for each in company.began_to_write(before, writing):
            self.flash(f"{each.words} on #{each.number} too", "warning")

    def _tend_worker(self) -> bool:
        """See to it that somebody fetches and sends; looks some times a minute only, and tells when."""
        if time.monotonic() < self._tend_next:
            return False
        self._tend_next = time.monotonic() + TEND_SECONDS
        if self.worker is not None:
            self.worker.tend()
        return True

    def _tell_away(self, *, away: bool) -> None:
        """Say on every screen, for as long as it lasts, that what is shown is not what is."""
        self.health = self.health._replace(away=away)
        self._tell_health()

    def _tell_health(self) -> None:
        for screen in self.screen_stack:
            if screen.is_mounted and isinstance(screen, DeskNode):
                screen.health_changed()

    def _tell_minute(self) -> None:
        for screen in self.screen_stack:
            if screen.is_mounted and isinstance(screen, DeskNode):
                screen.minute_passed()

    def _tell_change(self) -> None:
        """Tell the screen that is seen, also through a window over it; the others load when they are back."""
        for screen in reversed(self.screen_stack):
            if screen.is_mounted and isinstance(screen, DeskNode):
                screen.desk_changed()
            if not screen.is_modal:
                return

    def on_resize(self, event: events.Resize) -> None:
        """Cover everything while the terminal is too small, and uncover it again."""
        small = event.size.width < WIDTH or event.size.height < HEIGHT
        if small and self._too_small is None:
            self._too_small = TooSmall()
            self.push_screen(self._too_small)
        elif not small and self._too_small is not None and self.screen is self._too_small:
            self._too_small = None
            self.pop_screen()

    # -- commands that work everywhere

    async def run_command(self, command_id: str) -> bool:
        """Run a command of the screen on top, or of the app."""
        if isinstance(self.screen, DeskNode) and await self.screen.run_command(command_id):
            return True
        return await super().run_command(command_id)

    @command("palette", "colon,ctrl+p", "Commands", wide=True)
    def action_palette(self) -> None:
        """Find a command by name."""
        self.push_screen(screens.PaletteScreen(self.screen), self._run_found)

    @command("help", "question_mark,f1", "Help", footer="help")
    def action_help(self) -> None:
        """All keys that work here; type to find one."""
        self.push_screen(screens.HelpScreen(self.screen), self._run_found)

    def _run_found(self, command_id: str | None) -> None:
        if command_id and command_id.startswith("#"):
            self.go_to_ticket(command_id[1:])
        elif command_id:
            self.call_later(self.run_command, command_id)

    @command("said", "f9", "What was said")
    def action_said(self) -> None:
        """Show the recent messages of the line above the keys."""
        self.push_screen(screens.SaidScreen())

    @command("redraw", "ctrl+l", "Redraw")
    def action_redraw(self) -> None:
        """Paint the whole screen again; with --plain, read all of it."""
        if self._speech is not None:
            self._speech.read_all()
            return
        self.refresh(layout=True)
        self._repaint()

    @command("suspend", "ctrl+z", "Suspend", free=True)
    def action_suspend(self) -> None:
        """Go to the shell; fg comes back."""
        self.action_suspend_process()

    def action_how_to_quit(self) -> None:
        """Say which key quits: ^C is too easily pressed by mistake."""
        self.flash(f"{self.key('app.quit', '^Q')} leaves Nightdesk")

    @command("quit", "ctrl+q", "Quit", wide=True)
    def action_leave(self) -> None:
        """Leave Nightdesk; drafts are kept."""
        if self.worker is not None and self.health.answers:
            from tui.widgets.confirm import Confirm  # 2 ms

            question = f"Quit with {self.health.answers} mail(s) in the outbox?"
            detail = "They leave when Nightdesk or its worker runs again."
            self.push_screen(Confirm(question, detail), self._leave_if)
        else:
            self._leave_if(True)

    def _leave_if(self, yes: bool | None) -> None:
        if yes:
            self.run_worker(self.leave(0), exit_on_error=False)
