"""yEnc within the lines of a mail: the file as it was, whatever its frame says and servers did to it."""

from __future__ import annotations

import binascii
import zlib
from html import escape
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.inline_files import files_in
from mail.mime.message import ParsedMail, parse
from tests.support.rows import every_row

HEAD = b"From: Ann <ann@kunde.example>\nTo: support@desk.example\nSubject: x\nMIME-Version: 1.0\n"
DATA = bytes(range(256)) * 3 + b"=&<>\x00\n"


def encoded(data: bytes, width: int = 128) -> bytes:
    """The lines of code: critical bytes escaped, blanks at the ends of lines too."""
    lines: list[bytes] = []
    for start in range(0, len(data), width):
        line = b""
        for byte in data[start : start + width]:
            code = (byte + 42) % 256
            line += bytes([61, (code + 64) % 256]) if code in (0, 9, 10, 13, 32, 61) else bytes([code])
        lines.append(line)
    return b"\n".join(lines)


def yenc(name: str, data: bytes = DATA, crc: int | None = None, size: int | None = None) -> bytes:
    """A file in one piece."""
    length = len(data) if size is None else size
    check = zlib.crc32(data) if crc is None else crc
    head = f"=ybegin line=128 size={length} name={name}\n".encode()
    return head + encoded(data) + f"\n=yend size={length} crc32={check:08X}\n".encode()


def part(number: int, begin: int, end: int, total: int | None = 3, name: str = "dump 1.bin") -> bytes:
    """A part of a file, its bytes from `begin` to `end`."""
    data = DATA[begin:end]
    of = f" total={total}" if total else ""
    last = f" crc32={zlib.crc32(DATA):08x}" if number == total else ""
    return (
        f"=ybegin part={number}{of} line=128 size={len(DATA)} name={name}\n"
        f"=ypart begin={begin + 1} end={end}\n"
    ).encode() + (
        encoded(data)
        + f"\n=yend size={len(data)} part={number} pcrc32={zlib.crc32(data):08x}{last}\n".encode()
    )


def mail(body: bytes, fields: str = "Content-Transfer-Encoding: 8bit") -> ParsedMail:
    return parse(HEAD + f"{fields}\n\n".encode() + body)


def files(read: ParsedMail) -> list[tuple[str, bytes]]:
    return [(each.name, read.part_bytes(each.part)) for each in read.attachments]


PARTS = [part(1, 0, 300), part(2, 300, 600), part(3, 600, len(DATA))]
PAGE = escape(yenc("a.bin").decode("latin-1"), quote=False).encode("latin-1")
QUOTED = binascii.b2a_qp(b"See.\n" + yenc("a.bin"))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (yenc("year end.pdf"), [("year end.pdf", DATA)]),
        (yenc('"quoted.bin"'), [("quoted.bin", DATA)]),
        (yenc('the "best" one.bin'), [('the "best" one.bin', DATA)]),
        (yenc("Größe – Übersicht.xlsx"), [("Größe – Übersicht.xlsx", DATA)]),
        (yenc("Größe.xlsx").replace("Größe".encode(), "Größe".encode("latin-1")), [("Größe.xlsx", DATA)]),
        (yenc("C:\\temp\\a.bin"), [("a.bin", DATA)]),
        (yenc("a.bin") + b"and\n" + yenc("b.bin", b"second"), [("a.bin", DATA), ("b.bin", b"second")]),
        (yenc("empty.bin", b""), [("empty.bin", b"")]),
        (yenc("a.bin").replace(b"\n", b"\r\n"), [("a.bin", DATA)]),
        (b"".join(PARTS), [("dump 1.bin", DATA)]),
        (PARTS[2] + b"text\n" + PARTS[0] + PARTS[1], [("dump 1.bin", DATA)]),
        (PARTS[1], [("dump 1.bin (part 2 of 3)", DATA[300:600])]),
        (PARTS[0] + PARTS[2], [("dump 1.bin (part 1 of 3)", DATA[:300]),
                               ("dump 1.bin (part 3 of 3)", DATA[600:])]),
        (part(2, 0, 300, total=None), [("dump 1.bin (part 2)", DATA[:300])]),
        (PARTS[0] + part(2, 300, 600).replace(b"\n=yend", b"x\n=yend") + PARTS[2],
         [("dump 1.bin (damaged)", DATA[:600] + b"N" + DATA[600:])]),
        (yenc("a.bin", crc=1), [("a.bin (damaged)", DATA)]),
        (yenc("a.bin", size=7), [("a.bin (damaged)", DATA)]),
        (yenc("a.bin").decode("latin-1").encode(), [("a.bin", DATA)]),
    ],
    ids=["blanks", "quotes", "quotes within", "umlauts", "Latin-1", "path", "two", "empty", "CRLF",
         "all parts", "parts out of order", "one part", "a part is missing", "total not told",
         "a damaged part", "wrong crc", "wrong size", "made UTF-8 by a server"],
)  # fmt: skip
def test_a_file_in_yenc_is_an_attachment(body: bytes, found: list[tuple[str, bytes]]) -> None:
    read = mail(b"See the file.\n" + body + b"Bye\n")
    assert files(read) == found
    assert [word for word in read.text.split() if word not in ("and", "text")] == [
        "See",
        "the",
        "file.",
        "Bye",
    ]


@pytest.mark.parametrize(
    "page",
    [
        b"<p>See.</p><pre>" + PAGE + b"</pre><p>Bye</p>",
        b"<p>See.</p><pre>\n" + PAGE.strip() + b"</pre><p>Bye</p>",
        b"<p>See.</p><div>" + PAGE.replace(b"\n", b"<br>\n") + b"</div><p>Bye</p>",
    ],
    ids=["in pre", "end before pre ends", "lines with br"],
)
def test_a_file_in_yenc_in_an_html_mail_is_an_attachment(page: bytes) -> None:
    read = mail(page, "Content-Type: text/html\nContent-Transfer-Encoding: 8bit")
    assert files(read) == [("a.bin", DATA)]
    assert read.text.split() == ["See.", "Bye"]


def test_yenc_that_was_quoted_printable_or_calls_itself_an_encoding() -> None:
    assert files(mail(QUOTED, "Content-Transfer-Encoding: quoted-printable")) == [("a.bin", DATA)]
    fields = "Content-Type: application/octet-stream; name=b.bin\nContent-Transfer-Encoding: x-yenc"
    assert files(mail(yenc("a.bin"), fields)) == [("b.bin", DATA)]
    assert files(mail(encoded(DATA), fields)) == [("b.bin", DATA)]


@every_row(
    "text",
    ["=ybegin is how it begins", "=ybegin line=128 size=3 name=a.bin\nKLM", "we wrote =ybegin line=1 name=x",
     "=yend size=3", "=ybegin line=128 size=3\nKLM\n=yend size=3"],
)  # fmt: skip
def test_words_about_yenc_stay_words(text: str) -> None:
    read = mail(text.encode())
    assert (read.text, read.attachments) == (text, [])


@given(st.binary(max_size=700), st.integers(1, 4))
def test_any_file_comes_as_it_was_in_any_number_of_parts(data: bytes, count: int) -> None:
    cuts = [len(data) * place // count for place in range(count + 1)]
    body = b""
    for number, (begin, end) in enumerate(pairwise(cuts), 1):
        piece = data[begin:end]
        head = f"=ybegin part={number} total={count} line=128 size={len(data)} name=x\n"
        head += f"=ypart begin={begin + 1} end={end}\n"
        tail = f"\n=yend size={end - begin} part={number} pcrc32={zlib.crc32(piece):x}\n"
        body += head.encode() + encoded(piece) + tail.encode()
    text, [found] = files_in(b"a\n" + body + b"b\n")
    assert (text, found.name, found.data) == (b"a\nb\n", "x", data)


@given(st.binary(max_size=300))
def test_no_frame_is_too_odd(data: bytes) -> None:
    files_in(b"=ybegin part=1 total=99999999999999999999 size=zz name=x\n" + data + b"\n=yend pcrc32=g\n")
    files_in(
        b"=ybegin line=128 name=x\n" + data + b"\n=yend size=1 crc32=" + data[:9].hex().encode() + b"0\n"
    )
