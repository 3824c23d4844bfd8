from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrets import Secret
from nightdesk import output
from nightdesk.columns import Column
from nightdesk.errors import UsageError
from nightdesk.exit import Exit

HOSTILE = "a\x1b]52;c;eA==\x07b\x9b31mc\u202ed\r\ne\u200bf\x00"
MOMENT = datetime(2026, 11, 20, 9, 30, 5, 999999, tzinfo=UTC)


def is_inert(text: str) -> bool:
    return all(letter in "\n\t" or letter.isprintable() or letter == " " for letter in text)


def test_a_table_is_aligned_and_has_a_head(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[list[object]] = [["7", "Hello", None], ["1042", "日本", True]]
    output.table([Column("number", "right"), "subject", "overdue"], rows)
    assert capsys.readouterr().out.splitlines() == [
        "NUMBER  SUBJECT  OVERDUE",
        "     7  Hello    -",
        "  1042  日本     yes",
    ]


def test_times_in_a_table_are_in_the_desks_zone(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["created"], [[MOMENT]], ZoneInfo("Europe/Berlin"))
    assert "2026-11-20 10:30" in capsys.readouterr().out


def test_strangers_text_is_inert_in_every_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["subject", "tags"], [[HOSTILE, [HOSTILE]]])
    output.line(HOSTILE)
    output.text(HOSTILE)
    output.say(HOSTILE)
    output.emit_json({"subject": HOSTILE})
    written = capsys.readouterr()
    assert is_inert(written.out)
    assert is_inert(written.err)
    assert len(written.err.splitlines()) == 1


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_is_inert_valid_and_loses_nothing(document: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        buffer = io.BytesIO()
        patch.setattr("sys.stdout", io.TextIOWrapper(buffer, encoding="ascii"))
        output.emit_json(document)
        written = buffer.getvalue().decode()
    assert json.loads(written) == document
    assert not output._UNSAFE_IN_JSON.search(written.rstrip("\n"))


def test_json_has_rfc_3339_times_and_plain_values(capsys: pytest.CaptureFixture[str]) -> None:
    @dataclass(frozen=True, slots=True)
    class Row:
        when: datetime
        path: Path
        status: Exit

    output.emit_json([Row(MOMENT.astimezone(ZoneInfo("Asia/Tokyo")), Path("/x"), Exit.CONFIG)])
    assert json.loads(capsys.readouterr().out) == [
        {"when": "2026-11-20T09:30:05Z", "path": "/x", "status": 78},
    ]


def test_a_secret_and_a_time_without_zone_never_become_json() -> None:
    with pytest.raises(TypeError):
        output.emit_json({"password": Secret("x")})
    with pytest.raises(ValueError, match="zone"):
        output.emit_json({"when": datetime(2026, 1, 1)})


@pytest.mark.parametrize(
    ("given_ids", "stdin", "expected"),
    [
        (["1", "2", "1"], "", ["1", "2"]),
        (["-"], "3 4\n5\n", ["3", "4", "5"]),
        (["9", "-"], "3", ["9", "3"]),
        (["-"], '[{"number": "7", "id": 1}, 9]', ["7", "9"]),
        (["-"], '{"number": "7", "messages": [{"id": 1}]}', ["7"]),
        (["-"], '[{"id": 3, "ticket": "12"}, {"id": 4, "ticket": null}]', ["12"]),
    ],
)
def test_ids_come_from_arguments_and_from_standard_input(
    given_ids: list[str], stdin: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    assert output.ids_from_stdin(given_ids) == expected


def test_a_receipt_gives_its_id_to_receipt_verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('[{"id": 3, "ticket": "12"}]'))
    assert output.ids_from_stdin(["-"], output.IDS) == ["3"]


@pytest.mark.parametrize("stdin", ["", "  \n", "[]", "[{}]", "[1", '[{"id": 8}]', '[{"ticket": null}]'])
def test_no_id_on_standard_input_is_wrong_usage(stdin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    with pytest.raises(UsageError):
        output.ids_from_stdin(["-"])


def test_text_that_the_terminal_cannot_encode_is_still_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    output.line("Grüße")
    stream.flush()
    assert buffer.getvalue() == b"Gr\\xfc\\xdfe\n"


def test_on_a_narrow_terminal_a_flexible_column_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", "40")
    output.table(["number", Column("subject", flexible=True)], [["1042", "x" * 200]])
    lines = screen.getvalue().splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert lines[1].endswith("…")
