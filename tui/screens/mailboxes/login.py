"""Logging a mailbox in with OAuth2: the address and the code in a window, to be copied over SSH."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from config.providers import PASTE_PORT
from desk.mailboxes.login import Login
from tui.desk_calls import DeskCalls, desk_app
from tui.text.safe import parts, safe, wrapped
from tui.text.ways import in_the_app
from tui.widgets.entry import Entry, FormRow
from tui.widgets.menu import Menu, MenuItem

if TYPE_CHECKING:
    from desk.mailboxes.login import LoggedIn, LoginMethod
    from mail.oauth2 import CodeGrant, DeviceGrant

    Piece = str | tuple[str, str]

WAYS: tuple[tuple[LoginMethod, str, str], ...] = (
    ("device", "d", "a code, typed into any browser"),
    ("paste", "p", "any browser, whose last address is pasted here"),
    ("loopback", "b", "a browser on this machine (or ssh -L)"),
    ("client-credentials", "a", "the application itself, nobody"),
)


class _PasteEntry(Entry):
    """Takes the pasted address; as long as it is empty, the window's own letters work."""

    def on_key(self, event: events.Key) -> None:
        screen = self.screen
        if not self.value and isinstance(screen, LoginScreen) and event.character in ("y", "w"):
            event.stop()
            event.prevent_default()
            if event.character == "y":
                screen.action_copy_url()
            else:
                screen.action_ways()


class LoginScreen(DeskCalls, ModalScreen[bool]):
    """Logs one mailbox in; returns whether that worked. Esc gives up."""

    CSS_PATH = "login.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Give up", show=False),
        Binding("enter", "go_on", "Go on", show=False),
        Binding("y,ctrl+y", "copy_url", "Copy the address", show=False),
        Binding("c", "copy_code", "Copy the code", show=False),
        Binding("r", "again", "Again", show=False),
        Binding("w,f2", "ways", "Another way", show=False),
        Binding("down", "scroll(1)", "Down", show=False),
        Binding("up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, address: str, way: LoginMethod | None = None) -> None:
        super().__init__()
        self._address = address
        self._way: LoginMethod | None = way
        self._login: Login | None = None
        self._grant: CodeGrant | None = None
        self._stop = threading.Event()
        self._url = ""
        self._code = ""
        self._done = False
        self._refused = False

    def compose(self) -> ComposeResult:
        """Yield the words, the line to paste into, and the keys of the window."""
        with Vertical(id="login-box") as box:
            with VerticalScroll(id="login-scroll", can_focus=False):
                yield Static(id="login-words")
            yield FormRow("Paste it here [", _PasteEntry(id="login-paste"), "]", id="login-row")
            yield Static(id="login-hints")
        box.border_title = safe(f"Log in {self._address}")

    def on_mount(self) -> None:
        """Read how the mailbox logs in, then begin."""
        self.query_one("#login-row").display = False
        app = desk_app(self)
        self._say("Reading how it logs in...")
        self.in_thread(Login, app.desk, app.actor, self._address).then(
            self._opened, failed=self._broke, group="login"
        )

    def on_unmount(self) -> None:
        """Stop waiting for the provider."""
        self._stop.set()

    def _opened(self, login: Login) -> None:
        self._login = login
        self._begin(self._way or login.usual_way)

    # -- the ways

    def _begin(self, way: LoginMethod) -> None:
        login = self._login
        if login is None:
            return
        self._stop.set()
        self._stop = stop = threading.Event()
        self._way, self._url, self._code, self._grant = way, "", "", None
        self._refused = False
        self.query_one("#login-row").display = False
        self.set_focus(None)
        self._say(f"Asking {login.app.provider}...")
        match way:
            case "device":
                self.in_thread(login.begin_device).then(
                    lambda grant: self._show_device(login, grant, stop), failed=self._broke, group="login"
                )
            case "paste":
                redirect = login.redirect(PASTE_PORT)
                self.in_thread(login.begin_browser, redirect).then(
                    self._show_paste, failed=self._broke, group="login"
                )
            case "loopback":
                app = self.app

                def shown(url: str, redirect: str) -> None:
                    app.call_from_thread(self._show_loopback, url, redirect)

                self.in_thread(login.by_loopback, shown, stop).then(
                    self._ended, failed=self._broke, group="login"
                )
            case _:
                self.in_thread(login.as_itself).then(self._ended, failed=self._broke, group="login")

    def _show_device(self, login: Login, grant: DeviceGrant, stop: threading.Event) -> None:
        self._url, self._code = grant.url, grant.user_code
        until = grant.expires.astimezone(desk_app(self).desk.zone)
        self._say(
            f"Open this address in a browser, on any machine, and log in as {login.user}:\n\n",
            *self._shown_url(),
            "\nType this code there:\n\n",
            (f"  {grant.user_code}\n\n", "bold"),
            f"Waiting for you to do so; the code is good until {until:%H:%M}.",
            hints="y copy the address   c copy the code   w another way   Esc give up",
        )
        self.in_thread(login.finish_device, grant, stop).then(self._ended, failed=self._broke, group="login")

    def _show_paste(self, grant: CodeGrant) -> None:
        self._grant, self._url = grant, grant.url
        who = self._login.user if self._login else self._address
        self._say(
            f"1  Open this address in a browser, on any machine, and log in as {who}:\n\n",
            *self._shown_url(),
            "\n2  The browser then goes to a page that it cannot show. Copy the whole address of that "
            "page from the address bar, and paste it below.",
            hints="y copy the address   w another way   Enter after pasting   Esc give up",
        )
        self.query_one("#login-row").display = True
        entry = self.query_one(_PasteEntry)
        entry.value = ""
        entry.focus()

    def _show_loopback(self, url: str, redirect: str) -> None:
        self._url = url
        who = self._login.user if self._login else self._address
        self._say(
            f"Open this address in a browser on this machine, and log in as {who}:\n\n",
            *self._shown_url(),
            f"\nWaiting for the browser at {redirect}",
            hints="y copy the address   w another way   Esc give up",
        )

    def _shown_url(self) -> list[Piece]:
        """Return the address, broken at the window's edge: y copies it whole."""
        width = max(20, self.query_one("#login-words").size.width or 70)
        return [(f"{line}\n", "bold") for line in wrapped(self._url, width)]

    # -- how it ends

    def _ended(self, done: LoggedIn | None) -> None:
        if done is None:
            return
        self._done = True
        self._url = self._code = ""
        until = (
            f", its token lasts until {done.expires.astimezone(desk_app(self).desk.zone):%H:%M} and is "
            "renewed by itself"
            if done.expires
            else ""
        )
        self.query_one("#login-row").display = False
        self.set_focus(None)
        self._say(
            (f"{done.address} is logged in as {done.owner or 'somebody unnamed'}", "bold"),
            f"{until}.\n",
            *(f"\nMind: {warning}." for warning in done.warnings),
            hints="Enter or Esc close",
        )

    def _broke(self, error: Exception) -> None:
        self._refused = True
        hint = in_the_app(str(getattr(error, "hint", "")), desk_app(self).key)
        pieces: list[Piece] = [("It was refused.\n\n" if self._login else "No login.\n\n", "bold")]
        pieces += [f"{error}\n"]
        pieces += [f"\nWhat to do: {hint}\n"] if hint else []
        self._say(*pieces, hints="r try again   w another way   Esc give up")

    def _say(self, *pieces: Piece, hints: str = "Esc give up") -> None:
        self.query_one("#login-words", Static).update(parts(*pieces))
        self.query_one("#login-hints", Static).update(safe(hints, "dim"))
        self.query_one("#login-scroll", VerticalScroll).scroll_home(animate=False)

    # -- keys

    @on(Input.Submitted)
    def _pasted(self, event: Input.Submitted) -> None:
        event.stop()
        login, grant, came = self._login, self._grant, event.value
        if login is None or grant is None or not came.strip():
            return
        self._say("Asking for the token...")
        self.query_one("#login-row").display = False
        self.in_thread(login.finish_browser, grant, came).then(self._ended, failed=self._broke, group="login")

    def action_go_on(self) -> None:
        """Close once the login is done."""
        if self._done:
            self.dismiss(True)

    def action_leave(self) -> None:
        """Give up, and close."""
        self._stop.set()
        self.forget("login")
        self.dismiss(self._done)

    def action_again(self) -> None:
        """Try the same way once more after a refusal."""
        if self._login is not None and self._refused:
            self._begin(self._way or self._login.usual_way)

    def action_copy_url(self) -> None:
        """Copy the address to open."""
        if self._url:
            desk_app(self).copy_text(self._url, "the address")

    def action_copy_code(self) -> None:
        """Copy the code to type there."""
        if self._code:
            desk_app(self).copy_text(self._code, "the code")

    def action_scroll(self, step: int) -> None:
        """Scroll the words."""
        self.query_one("#login-scroll", VerticalScroll).scroll_relative(y=step, animate=False)

    def action_ways(self) -> None:
        """Offer the other ways to log in, with the reason where one is closed."""
        login = self._login
        if login is None or self._done:
            return
        why = {
            "device": "" if login.app.device_url else "not offered for mail",
            "paste": "" if login.app.authorize_url else "no address for a browser",
            "loopback": "" if login.app.authorize_url else "no address for a browser",
            "client-credentials": "" if login.app.client_secret else "needs a client secret",
        }
        items = [MenuItem(key, words, way, why[way]) for way, key, words in WAYS]
        self.app.push_screen(Menu("How to log in", items, self._way), self._take_way)

    def _take_way(self, picked: str | None) -> None:
        way = next((way for way, _, _ in WAYS if way == picked), None)
        if way is not None:
            self._begin(way)
