"""A list of mails with a description of the chosen one below: what outbox and quarantine have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, Protocol, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.desk_calls import desk_app
from tui.list_screen import WordsBelow
from tui.text.safe import safe
from tui.widgets.line_input import LineInput
from tui.widgets.rule import TitledRule
from tui.widgets.virtual_list import VirtualList


class MailRow(Protocol):
    """One mail of a list; `ticket` is the number of the ticket it belongs to."""

    @property
    def ticket(self) -> str | None:
        """The number of its ticket, if it has one."""


R = TypeVar("R", bound=MailRow)


class MailListScreen(WordsBelow[None], Generic[R]):
    """A title, the list, and the words of the row under the cursor.

    A subclass makes its list, and says what stands in the rule (`title_of`) and below it (`words_of`).
    """

    DEFAULT_CSS = """
    MailListScreen #list-detail { height: 5; }
    MailListScreen.-tall #list-detail { height: 10; }
    MailListScreen #list-words { width: 1fr; height: auto; padding: 0 1; }
    """
    NO_MAIL: ClassVar[str] = ""
    """What the status line says while nothing is counted."""

    @abstractmethod
    def make_table(self) -> VirtualList[R]:
        """Return the list."""

    @abstractmethod
    def title_of(self, row: R) -> tuple[str, str]:
        """Return what stands left and right in the rule over the words."""

    @abstractmethod
    def words_of(self, row: R) -> Content:
        """Return the description of a row."""

    def compose_body(self) -> ComposeResult:
        """Yield title, prompt, list, and the place for the words."""
        self.table = self.make_table()
        yield TitledRule(id="list-title")
        yield LineInput()
        yield self.table
        yield TitledRule(id="list-rule")
        with VerticalScroll(id="list-detail", can_focus=False):
            yield Static(id="list-words")

    def on_mount(self) -> None:
        """Give the list the focus and fill it."""
        self.table.focus()
        self.desk_changed()

    def describe(self, row: object) -> None:
        """Describe the row in words."""
        # Not the row of the message: it may be one that was replaced since.
        row = self.table.row
        left, right = ("", "") if row is None else self.title_of(row)
        self.query_one("#list-rule", TitledRule).set_text(left, right)
        self.query_one("#list-words", Static).update(safe("") if row is None else self.words_of(row))

    def say_title(self, title: str, right: str) -> None:
        """Show above the list what it lists."""
        self.query_one("#list-title", TitledRule).set_text(title, right)

    def say_counts(self, counted: Mapping[str, int]) -> None:
        """Show on the status line how many there are of each kind."""
        named = [f"{count} {kind}" for kind, count in counted.items() if count]
        self.status(left=", ".join(named) or self.NO_MAIL)

    def go_to_its_ticket(self) -> None:
        """Read the ticket of the row under the cursor."""
        row = self.table.row
        if row is not None and row.ticket:
            desk_app(self).navigation.open_thread(row.ticket)

    @on(LineInput.Answered)
    @on(LineInput.Cancelled)
    def _prompt_is_gone(self) -> None:
        self.table.focus()


def chosen(screen: MailListScreen[R]) -> str | None:
    """Return why a command cannot run when no mail is under the cursor."""
    return None if screen.table.row is not None else "no mail is chosen"


def with_ticket(screen: MailListScreen[R]) -> str | None:
    """Return why a command cannot run when the mail under the cursor has no ticket."""
    row = screen.table.row
    return None if row is not None and row.ticket else "this mail belongs to no ticket"
