"""Strangers' text is inert: nothing that steers a terminal passes, whatever widget shows it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.color import Color
from textual.filter import LineFilter
from textual.widgets import Label, Static

from tests.generator.hostile import PAYLOADS
from tests.support.rows import every_row
from tests.tui.screen import screen_text
from tui.app import NightdeskApp
from tui.terminal.guard import ControlGuard
from tui.text.safe import cell, line, parts, safe, wrapped

TUI = Path(__file__).parents[2] / "tui"
STEERING = {
    *map(chr, [*range(9), *range(11, 32), *range(0x7F, 0xA0)]),
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
}


@every_row("name", PAYLOADS)
def test_no_payload_passes_plain_cell_line_or_wrapped(name: str) -> None:
    payload = PAYLOADS[name]
    for text in (safe(payload).plain, line(payload), parts(payload, (payload, "bold")).plain):
        assert not STEERING & set(text)
    assert len(wrapped(payload, 78)) < 100_000
    assert not STEERING & set("".join(wrapped(payload, 78)))
    assert not STEERING & set(cell(payload, 40))


@given(st.text(), st.integers(1, 60))
def test_a_cell_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(cell(text, width)) == width
    assert "\n" not in cell(text, width)


@given(st.text(), st.integers(2, 60))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert all(cell_len(row) <= width for row in wrapped(text, width))


async def test_the_guard_is_asked_for_every_line_and_stands_first() -> None:
    """`App.get_line_filters` is called internal by Textual: this fails when it stops being asked."""
    assert issubclass(ControlGuard, LineFilter)

    class Unsafe(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("x\x1b]0;OWNED\x07y", markup=False)
            yield Label("a\u202eb\x9b31m", markup=False)

        def get_line_filters(self) -> Sequence[LineFilter]:
            return [ControlGuard(), *super().get_line_filters()]

    app = Unsafe()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        text = screen_text(app)
        assert "x]0;OWNEDy" in text
        assert "ab31m" in text
        assert not STEERING & set(text)


async def test_the_app_has_the_guard_before_all_other_filters(app: NightdeskApp) -> None:
    assert isinstance(app.get_line_filters()[0], ControlGuard)


def test_the_guard_takes_out_what_a_careless_widget_lets_through() -> None:
    hostile = [Segment(payload) for payload in PAYLOADS.values()]
    shown = "".join(segment.text for segment in ControlGuard().apply(hostile, Color.parse("black")))
    assert not STEERING & set(shown)
    assert "\n" not in shown


def test_no_formatted_string_is_given_to_a_widget_that_reads_markup() -> None:
    """Text goes through `tui.text.safe`; an f-string in Static, Label or notify would be read as markup."""
    careless = []
    for file in sorted(TUI.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            markup_off = any(word.arg == "markup" for word in node.keywords)
            if (
                name in ("Static", "Label", "notify", "Button", "Checkbox", "Option", "Tab")
                and not markup_off
            ):
                careless += [
                    f"{file.name}:{node.lineno}"
                    for argument in node.args
                    if isinstance(argument, ast.JoinedStr | ast.BinOp)
                ]
    assert careless == []
