"""Parts of a form: a one-line input, the row of labels and fields it stands in, the note below the row."""

from __future__ import annotations

from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.text.safe import safe
from tui.widgets.steady_input import SteadyInput


class Entry(SteadyInput):
    """One line of text, `width` cells wide, or `share` parts of what its row has left."""

    DEFAULT_CSS = """
    Entry { min-width: 3; }
    Entry:focus { text-style: underline; }
    """

    def __init__(
        self,
        value: str = "",
        *,
        id: str | None = None,
        share: float = 1,
        width: int | None = None,
        placeholder: str = "",
        password: bool = False,
    ) -> None:
        super().__init__(value, placeholder=placeholder, password=password, id=id)
        # What stands in a field that is only passed by must not be lost to the next letter.
        self.select_on_focus = False
        self.styles.width = width if width is not None else f"{share}fr"


class FormRow(Horizontal):
    """Labels (our own words, never a stranger's) and fields side by side on one line."""

    DEFAULT_CSS = """
    FormRow { height: 1; width: 1fr; }
    FormRow > Static { width: auto; }
    """

    def __init__(self, *parts: str | Widget, id: str | None = None) -> None:
        super().__init__(*(Static(Content(part)) if isinstance(part, str) else part for part in parts), id=id)


class FieldNote(Static):
    """What is wrong with the row above, or what it means; gone when there is nothing to say."""

    DEFAULT_CSS = """
    FieldNote { height: auto; display: none; padding: 0 0 0 12; }
    FieldNote.-said { display: block; }
    FieldNote.-wrong { text-style: bold; color: $error; }
    """

    _said = ("", False)

    def say(self, text: str, *, wrong: bool) -> None:
        """Show this note, or nothing."""
        # With every letter that is typed every note is said anew; to say one lays the whole form out anew.
        if (text, wrong) == self._said:
            return
        self._said = (text, wrong)
        self.set_class(bool(text), "-said")
        self.set_class(wrong, "-wrong")
        self.update(safe(("! " if wrong else "") + text if text else ""))
