"""Files are read by a process of its own: what is hostile breaks that one, and says so."""

from __future__ import annotations

import gzip
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mail.mime import helper_process
from mail.mime.readable import readable
from mail.mime.readable_apart import TOO_MUCH, readable_apart

BERLIN = ZoneInfo("Europe/Berlin")
EVENT = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Move\r\n"
    b"DTSTART:20260318T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
FILES = {
    "a.txt": ("text/plain", "Grüße\n\x1b[2Jx".encode()),
    "a.csv": ("text/csv", b"name,age\nana,3\n"),
    "a.ics": ("text/calendar", EVENT),
    "a.eml": ("message/rfc822", b"From: a@b.example\r\nSubject: Hi\r\n\r\nHello\r\n"),
    "a.log.gz": ("application/gzip", gzip.compress(b"peer gone\n")),
    "a.html": ("text/html", b"<p>Hello <b>you</b></p>"),
    "a.bin": ("application/octet-stream", b"\x7fELF\0\0\0"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_reads_what_is_read_here(name: str) -> None:
    kind, data = FILES[name]
    assert readable_apart(data, name, kind, BERLIN) == readable(data, name, kind, BERLIN)


@pytest.mark.parametrize("name", ["-c import os", "x" * 9000, "a\0b.txt", "\udcff.txt", "--help"])
def test_no_name_of_a_file_is_more_than_a_name(name: str) -> None:
    assert readable_apart(b"hello\n", name, "text/plain", BERLIN) == "hello\n"


def test_what_eats_memory_is_told(tmp_path: Path) -> None:
    assert readable_apart(b"hello\n", "a.txt", "text/plain", BERLIN, megabytes=1) == TOO_MUCH


@pytest.mark.parametrize(
    "code",
    ["while True: pass", "raise SystemExit(3)", "import os; os.abort()", "import time; time.sleep(60)"],
)
def test_what_hangs_or_breaks_is_ended(tmp_path: Path, code: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(code)
    assert helper_process.output_of(program, [], b"", 0.5) is None
