"""The steps of a connection test, each as it happens: ``[ok]   2 connect   ...   41 ms``."""

from __future__ import annotations

from typing import Protocol

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.text.safe import cell, parts, width_of, wrapped

NAME_CELLS = len("smtp capabilities ")


class ShownStep(Protocol):
    """What a step has: `ok` None means that it was left out, `words` are the server's."""

    @property
    def name(self) -> str:
        """What was tried."""

    @property
    def ok(self) -> bool | None:
        """Whether it worked; None: it was left out."""

    @property
    def detail(self) -> str:
        """What was found."""

    @property
    def words(self) -> str:
        """The server's own words."""

    @property
    def cure(self) -> str:
        """What to do about it."""

    @property
    def seconds(self) -> float:
        """How long it took."""


class StepList(VerticalScroll, can_focus=False):
    """Steps one below the other; a failed one with the server's words and what to do."""

    DEFAULT_CSS = """
    StepList { height: auto; scrollbar-size-vertical: 1; }
    StepList > Static { width: 1fr; height: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._steps: list[tuple[str, ShownStep]] = []
        self._note = ""

    def compose(self) -> ComposeResult:
        """Yield the place for the steps."""
        yield Static()

    @property
    def steps(self) -> list[ShownStep]:
        """The steps so far."""
        return [step for _, step in self._steps]

    def begin(self, note: str) -> None:
        """Forget the steps of the last test."""
        self._steps = []
        self._note = note
        self._paint()

    def add(self, name: str, step: ShownStep) -> None:
        """Show one more step; `name` is what it is called here."""
        self._steps.append((name, step))
        self._paint()
        self.scroll_end(animate=False)

    def finish(self, note: str) -> None:
        """Say how it ended, below the steps."""
        self._note = note
        self._paint()
        self.scroll_end(animate=False)

    def on_resize(self) -> None:
        """Break the lines for the new width."""
        self._paint()

    def _paint(self) -> None:
        width = max(40, self.size.width)
        lines = [
            line
            for number, (name, step) in enumerate(self._steps, 1)
            for line in step_lines(name, step, number, width)
        ]
        if self._note:
            lines.append(parts(f" {self._note}"))
        self.query_one(Static).update(Content("\n").join(lines))


def step_name(side: str, step: ShownStep) -> str:
    """Return ``login``, and ``smtp login`` for the outgoing side."""
    return f"smtp {step.name}" if side == "outgoing" else step.name


def step_lines(name: str, step: ShownStep, number: int, width: int) -> list[Content]:
    """Return one step as lines of at most `width` cells."""
    mark, style = {True: ("[ok]", ""), False: ("[fail]", "bold $error"), None: ("[skip]", "dim")}[step.ok]
    took = f"{round(step.seconds * 1000)} ms " if step.ok is not None else ""
    left = f" {mark:<6} {number} {cell(name, NAME_CELLS)}"
    detail = wrapped(step.detail or ("" if step.ok else step.cure), width - width_of(left) - len(took) - 1)
    first = cell(detail[0] if detail else "", width - width_of(left) - len(took))
    lines = [parts((f"{left}{first}{took}", style))]
    indent = " " * (width_of(left) - 2)
    rest = [f"  {more}" for more in detail[1:]]
    if step.ok is False:
        rest += [f"server: {line}" for line in wrapped(step.words, width - 32) if line]
        rest += [
            f"do: {line}" if at == 0 else f"    {line}"
            for at, line in enumerate(wrapped(step.cure, width - width_of(indent) - 6))
            if line
        ]
    return [*lines, *(parts((f"{indent}{line}", style)) for line in rest)]
