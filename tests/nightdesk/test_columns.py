"""Tables that fit: on a terminal every row is one line of it, in a pipe every value is whole."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightdesk import output
from nightdesk.columns import Column, cut, fitted, lay_out, width_of

LONG = "Der Drucker im dritten Stock brennt, und zwar seit heute Morgen um halb neun, lichterloh"
MOMENT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TICKETS: list[Column | str] = [
    Column("number", "right"),
    "state",
    Column("priority", spare=2),
    Column("requester", flexible=True),
    Column("assignee", flexible=True, spare=1),
    "updated",
    Column("due", spare=3),
    Column("tags", flexible=True, spare=4),
    Column("subject", flexible=True, least=24),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(width: int, heads: list[Column | str], rows: list[list[object]]) -> list[str]:
    screen = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", screen)
        patch.setenv("COLUMNS", str(width))
        output.table(heads, rows)
    return screen.getvalue().splitlines()


def ticket(subject: str, requester: str = "Ana Prado") -> list[object]:
    tags = ["printer", "floor 3"]
    return ["1042", "open overdue", "normal", requester, "Jo", MOMENT, MOMENT, tags, subject]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_a_list_of_tickets_keeps_each_row_on_one_line(width: int) -> None:
    subjects = [LONG, "日本語の件名" * 20, "🖨️👩‍💻" * 30, "Grüße " * 30, "x" * 400]
    lines = on_terminal(width, TICKETS, [ticket(subject, requester=subject) for subject in subjects])
    assert len(lines) == 6
    assert all(width_of(line) <= width for line in lines)


def test_the_subject_takes_what_is_left() -> None:
    at_80, at_120, at_160 = (on_terminal(width, TICKETS, [ticket(LONG)])[1] for width in (80, 120, 160))
    assert [len(line) for line in (at_80, at_120, at_160)] == [80, 120, 160]
    assert LONG[:23] in at_80
    assert at_80.endswith("…")
    assert LONG[:50] in at_160
    assert "printer" not in at_80
    assert "printer" in at_160


def test_in_a_pipe_each_row_is_one_whole_line_and_none_is_padded_to_the_longest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.table(TICKETS, [ticket(LONG * 5, "R" * 90), ticket("VPN"), ticket("日本" * 40)])
    _, first, second, third = capsys.readouterr().out.splitlines()
    assert first.endswith(LONG * 5)
    assert "R" * 90 in first
    assert second.endswith("  VPN")
    assert len(second) < 150
    assert third.endswith("日本" * 40)


texts = st.text(max_size=60) | st.sampled_from([LONG, "日本語" * 9, "👩‍💻" * 9, "e\u0301" * 30, "-"])


@given(st.integers(12, 200), st.lists(st.lists(texts, min_size=5, max_size=5), max_size=5), st.data())
def test_no_table_is_wider_than_its_terminal(
    width: int, rows: list[list[object]], data: st.DataObject
) -> None:
    heads: list[Column | str] = [
        Column(name, flexible=data.draw(st.booleans()), spare=data.draw(st.integers(0, 2)))
        for name in ("number", "state", "from", "text", "subject")
    ]
    lines = on_terminal(width, heads, rows)
    assert len(lines) == len(rows) + 1
    assert all(width_of(line) <= width for line in lines)


@given(texts, st.integers(0, 40))
def test_a_cut_text_fits_and_is_the_beginning(text: str, width: int) -> None:
    assert text.startswith(cut(text, width))
    assert width_of(cut(text, width)) <= width
    assert width_of(fitted(text, width + 1)) == width + 1


CELLS = {"abc": 3, "日本": 4, "e\u0301": 1, "👩\u200d": 2, "\u1112\u1161\u11ab": 2, "ﾊﾟ": 2, "☎\ufe0f": 2}


@pytest.mark.parametrize(("text", "cells"), CELLS.items())
def test_width_is_counted_in_cells(text: str, cells: int) -> None:
    assert width_of(text) == cells


def test_the_column_that_is_spared_most_easily_goes_first() -> None:
    columns = [Column("a"), Column("b", spare=1), Column("c", spare=2)]
    rows = [["x" * 10] * 3]
    assert [place.column for place in lay_out(columns, rows, 34)] == [0, 1, 2]
    assert [place.column for place in lay_out(columns, rows, 33)] == [0, 1]
    assert [place.column for place in lay_out(columns, rows, 21)] == [0]
