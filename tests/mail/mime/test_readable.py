"""What a person reads of an attached file, without a program for it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from datetime import UTC

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.readable import MEMBERS, MOST, readable
from tests.support.rows import every_row

EML = (
    b"From: Ana <ana@corp.example>\r\nTo: support@corp.example\r\nSubject: printer\r\n"
    b"Content-Type: text/plain\r\n\r\nIt burns.\r\n"
)
ICS = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Maintenance\r\n"
    b"DTSTART:20260318T100000Z\r\nDTEND:20260318T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def read(data: bytes, name: str = "x", kind: str = "application/octet-stream") -> str | None:
    return readable(data, name, kind, UTC)


def zipped(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"12345")
    return buffer.getvalue()


def tarred(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 5
            archive.addfile(info, io.BytesIO(b"12345"))
    return buffer.getvalue()


@every_row(
    ("data", "name", "kind", "shown"),
    [
        (b"10:02 IKE failed\n", "charon.log", "application/octet-stream", "10:02 IKE failed"),
        ("Größe\n".encode("latin-1"), "a.csv", "text/csv", "Größe"),
        ("Größe".encode("utf-16"), "a.txt", "text/plain", "Größe"),
        (b"--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n", "fix.diff", "text/x-diff", "+y"),
        (EML, "mail.eml", "application/octet-stream", "Subject: printer\n\nIt burns."),
        (ICS, "plan.ics", "text/calendar", "Maintenance"),
        (b"<p>Hello <b>you</b><script>x</script></p>", "a.html", "text/html", "Hello"),
        (gzip.compress(b"Mar 18 oom killed\n" * 9, mtime=0), "syslog.1.gz", "application/gzip", "oom killed"),
        (lzma.compress(b"Mar 18 oom killed\n" * 9), "syslog.1.xz", "", "oom killed"),
        (bz2.compress(b"Mar 18 oom killed\n" * 9), "syslog.1.bz2", "", "oom killed"),
        (zstandard.compress(b"Mar 18 oom killed\n" * 9), "syslog.1.zst", "", "oom killed"),
        (b"BZh is what a file of bzip2 begins with", "a.txt", "text/plain", "BZh is what"),
        (lzma.compress(tarred(["etc/passwd"])), "x.tar.xz", "", "5  etc/passwd"),
        (bz2.compress(ICS), "plan.ics.bz2", "", "Maintenance"),
        (zipped(["a/b.txt", "c.log"]), "logs.zip", "application/zip", "5  a/b.txt"),
        (tarred(["etc/passwd"]), "x.tar", "application/x-tar", "5  etc/passwd"),
        (gzip.compress(tarred(["etc/passwd"]), mtime=0), "x.tar.gz", "application/gzip", "5  etc/passwd"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 800, 600), "a.png", "image/png", "800 x 600"),
        (b"GIF89a" + struct.pack("<HH", 3, 4), "a.gif", "image/gif", "3 x 4"),
        (b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x20\0\x40", "a.jpg", "image/jpeg", "64 x 32"),
    ],
)
def test_what_is_read(data: bytes, name: str, kind: str, shown: str) -> None:
    assert shown in (read(data, name, kind) or "")


NO_TEXT = (
    b"\x7fELF\x02\x01\0\0",
    b"%PDF-1.7\n\0\0\0",
    b"\0" * 9000,
    b"\x1f\x8bx",
    b"\xfd7zXZ\0x",
    b"PK\x03\x04",
)


@every_row("data", NO_TEXT)
def test_what_is_no_text_has_none(data: bytes) -> None:
    assert read(data) is None


def test_nothing_is_unpacked_or_listed_without_end() -> None:
    for compress in (gzip.compress, bz2.compress, zstandard.compress):
        assert len(read(compress(b"\n" * (MOST * 40)), "bomb.log") or "") <= MOST
    assert read(gzip.compress(gzip.compress(b"twice"))) is None
    many = read(zipped([f"file-{number}" for number in range(MEMBERS + 5)]), "many.zip") or ""
    assert many.endswith("and 5 more")
    liar = bytearray(zipped(["a"]))
    liar[-12:-10] = b"\xff\xff"
    assert read(bytes(liar), "liar.zip") == "An archive of 65535 files."


def test_names_and_words_of_strangers_are_inert() -> None:
    for data, name in (
        (zipped(["\x1b[2Jevil\u202e"]), "a.zip"),
        (tarred(["\x1b]0;x\x07"]), "a.tar"),
        (b"\x1b[2J\x1b]52;c;x\x07text", "a.log"),
        (EML.replace(b"printer", b"\x1b[2J"), "a.eml"),
    ):
        shown = read(data, name)
        assert shown is not None
        assert not set(shown) & set("\x1b\x07\x9b\u202e")


@given(st.binary(max_size=400), st.sampled_from(["a.eml", "a.ics", "a.html", "a.zip", "a.tar", "a.gz", "a"]))
def test_no_file_is_too_odd(data: bytes, name: str) -> None:
    for head in (b"", b"\x1f\x8b", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", zlib.compress(b"x")):
        shown = read(head + data, name)
        assert shown is None or "\x1b" not in shown
