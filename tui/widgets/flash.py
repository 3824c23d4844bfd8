"""One line that says what just happened, over the status line, until it is old."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from config.records import Record
from tui.key_names import USUAL, Keys
from tui.text.ways import in_the_app

Level = Literal["info", "warning", "error"]

SECONDS: dict[Level, float] = {"info": 4.0, "warning": 8.0, "error": 12.0}


class Flash(Record):
    """What is flashed, and for how long."""

    text: str
    level: Level = "info"

    @property
    def spoken(self) -> str:
        """The words for its level, where no colour shows how serious it is."""
        return {"info": "", "warning": "Warning: ", "error": "Error: "}[self.level] + self.text

    @property
    def seconds(self) -> float:
        """How long it is shown: errors stay longer."""
        return SECONDS[self.level]


@runtime_checkable
class Hinted(Protocol):
    """An error that says what to do about it."""

    hint: str


def words_for(error: BaseException, key: Keys = USUAL) -> str:
    """Return an error as one sentence, with what to do about it where it says so."""
    text = str(error) or type(error).__name__
    hint = in_the_app(error.hint, key) if isinstance(error, Hinted) else ""
    return f"{text} - {hint}" if hint else text
