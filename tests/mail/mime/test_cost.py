"""A crafted mail costs what its size does: some times a plain one of that size, and not more as it grows."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from mail.mime.headers import TooComplex
from mail.mime.inline_files import files_in
from mail.mime.japanese import decode_euc_jp, decode_iso2022_jp
from mail.mime.message import parse

SIZE = 500_000
TIMES = 12
"""What a byte may cost, in bytes of plain words, whose quotes are looked for; damaged Japanese: three."""
FILES = 3
"""The same for words that look as if files were in them: they are looked through once."""


def _mail(head: bytes, body: bytes) -> bytes:
    return b"From: a@b.test\r\nMIME-Version: 1.0\r\nContent-Type: " + head + b"\r\n\r\n" + body


def _filled(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit))


def _switching(size: int) -> bytes:
    """Another pair of the vendors' rows in each of its segments, none of which comes twice."""
    rows = ((33 + n % 94, 33 + n // 94 % 94, 33 + n // 8836 % 94) for n in range(size // 12))
    return b"".join(b"\x1b$B%c%c%c!-!\x1b(B" % row for row in rows)


WORDS = b"words and words\n"
BASE64 = b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64"
MADE: dict[str, Callable[[int], bytes]] = {
    "vendors' rows": lambda n: _mail(b"text/plain; charset=iso-2022-jp", _filled(b'\x1b$B-!-"\x1b(B\r\n', n)),
    "ever other switches": lambda n: _mail(b"text/plain; charset=iso-2022-jp", _switching(n)),
    "shifts in and out": lambda n: _mail(b"text/plain; charset=iso-2022-jp", _filled(b"\x0e1\x0f1", n)),
    "half pairs of EUC": lambda n: _mail(b"text/plain; charset=euc-jp", _filled(b"\xff\xa1a", n)),
    "damaged Big5": lambda n: _mail(b"text/plain; charset=big5", _filled(b"\xa1\xff\x81", n)),
    "UTF-7": lambda n: _mail(b"text/plain; charset=utf-7", _filled(b"+AOQ-a", n)),
    "HZ": lambda n: _mail(b"text/plain; charset=hz-gb-2312", _filled(b"~{\x7f~}", n)),
    "no known charset": lambda n: _mail(b"text/plain; charset=x", _filled(b"\xe4\xf6 a\xfc", n)),
    "meta tags": lambda n: _mail(b"text/html", _filled(b"<meta ", n)),
    "entities": lambda n: _mail(b"text/html; charset=utf-8", _filled(b"&amp", n)),
    "open comments": lambda n: _mail(b"text/html; charset=utf-8", _filled(b"<!--", n)),
    "lines that end in a colon": lambda n: _mail(b"text/plain", _filled(b"x" * 899 + b":\n", n)),
    "flowed lines": lambda n: _mail(b"text/plain; format=flowed", _filled(b"a \r\n", n)),
    "flowed quotes": lambda n: _mail(b"text/plain; format=flowed", _filled(b">> a \r\n", n)),
    "enriched marks": lambda n: _mail(b"text/enriched", _filled(b"<<bold>", n)),
    "groups of RTF": lambda n: _mail(b"text/rtf", b"{\\rtf1 " + _filled(b"{\\b ", n)),
    "base64 in lines": lambda n: _mail(BASE64, base64.encodebytes(_filled(WORDS, n))),
    "base64 in one line": lambda n: _mail(BASE64, base64.b64encode(_filled(WORDS, n))),
    "base64 without its end": lambda n: _mail(BASE64, base64.b64encode(_filled(WORDS, n)).rstrip(b"=")[:-1]),
    "base64 between other signs": lambda n: _mail(BASE64, _filled(b"d29yZHMg\r\n!\x80*", n)),
    "base64 with ends within": lambda n: _mail(BASE64, _filled(b"d29yZA==\r\n", n)),
    "begin lines": lambda n: _mail(b"text/plain", _filled(b"begin 644 a\n`\nend\n", n)),
}
WITH_FILES: dict[str, Callable[[int], bytes]] = {
    "code and then words": lambda n: _mail(
        b"text/plain", b"begin 644 a\n#86)C\n" * 100 + _filled(WORDS, n) + b"end\n"
    ),
    "yEnc without an end": lambda n: _mail(
        b"text/plain", b"=ybegin line=1 size=9 name=a\n" * 100 + _filled(WORDS, n)
    ),
    "base64 of which the last letter is damaged": lambda n: _mail(
        b"text/plain",
        b"begin-base64 644 a\nYWJj\n" * 100 + _filled(b"YWJjYWJj" * 9 + b"\n", n) + b"Y\n====\n",
    ),
    "words before yEnc": lambda n: _mail(
        b"text/plain", b"begin 644 a\n\n" * 100 + _filled(WORDS, n) + b"=ybegin size=9 name=a\n"
    ),
}


@pytest.mark.parametrize("name", [*MADE, *WITH_FILES])
def test_what_is_made_to_be_slow_is_not(name: str) -> None:
    plain = _mail(b"text/plain; charset=utf-8", _filled(WORDS, SIZE))
    made, bound = (MADE[name], TIMES) if name in MADE else (WITH_FILES[name], FILES)
    assert _cost(made(SIZE)) < bound * _cost(plain)


@pytest.mark.parametrize("unit", [b'\x1b$B-!-"\x1b(B\r\n', b"\x1b$B\x1b(B", b"\x0e1\x0f1", b"\x1b$(D0!\n"])
def test_japanese_text_costs_what_its_length_does(unit: bytes) -> None:
    assert _ratio(lambda size: decode_iso2022_jp(_filled(unit, size))) < 12


@pytest.mark.parametrize("unit", [b"\xff\xa1a", b"\xad\xa1\xa4\xb3", b"\x8f\xa1"])
def test_so_does_euc(unit: bytes) -> None:
    assert _ratio(lambda size: decode_euc_jp(_filled(unit, size))) < 12


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_so_does_a_text_in_base64_and_it_costs_little_more_than_plain(end: bytes) -> None:
    text = _filled(WORDS, 8_000_000)
    coded = base64.b64encode(text)
    lines = coded if not end else end.join(coded[at : at + 76] for at in range(0, len(coded), 76))
    assert parse(_mail(BASE64, lines)).text == text.decode().strip("\n")

    def read(raw: bytes) -> None:
        assert parse(raw).text

    plain = _mail(b"text/plain; charset=utf-8", text)
    assert _seconds(lambda: read(_mail(BASE64, lines))) < 4 * _seconds(lambda: read(plain)) + 0.2


def test_so_do_files_in_a_text() -> None:
    assert _ratio(lambda size: files_in(b"begin 644 a\n#86)C\n" * 100 + _filled(WORDS, size) + b"end\n")) < 12


def _ratio(work: Callable[[int], object]) -> float:
    """What four times as much costs: 4 where cost is linear, 16 where it grows with the square."""
    return _seconds(lambda: work(800_000)) / max(_seconds(lambda: work(200_000)), 1e-6)


def _cost(raw: bytes) -> float:
    return _seconds(lambda: _read(raw))


def _read(raw: bytes) -> None:
    with suppress(TooComplex):
        mail = parse(raw)
        _ = mail.text, mail.pieces, [part.sha256 for part in mail.attachments]


def _seconds(work: Callable[[], object]) -> float:
    """Processor time, the least of three: others work on this machine too."""
    took = []
    for _ in range(3):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)
