"""The mails that cost the most: time and memory of parsing the worst ten."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Result, below
from mail.mime.headers import TooComplex
from mail.mime.message import parse
from tests.generator import mutated

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "mime-stalwart"


_ANNOUNCED = {
    "lines of 900 that end in a colon": b"x" * 899 + b":\n",
    "attributions": b"On 20.11.2026 09:12, A B <a@b.test> said so:\n",
    "header lines": b"to: x\n",
    "separators": b"----- a -----\n",
    "answers between quotes": b"> a\nb\n",
    "colons": b"1:\n",
}

_FLOWED = {
    "soft lines": b"some words that flow on and on to the end of the line \r\n",
    "one paragraph": b"a \r\n",
    "short lines": b"x\r\n",
    "quotes": b">> a \r\n",
}


def _nested(depth: int) -> bytes:
    head = b"From: a@b.test\r\nSubject: nested\r\nMIME-Version: 1.0\r\n"
    body = b"Content-Type: text/plain\r\n\r\ndeep\r\n"
    for level in range(depth):
        mark = b"b%d" % level
        body = (
            b"Content-Type: multipart/mixed; boundary=" + mark + b"\r\n\r\n--" + mark + b"\r\n"
            + body + b"--" + mark + b"--\r\n"
        )  # fmt: skip
    return head + body


def _handmade() -> Iterator[tuple[str, bytes]]:
    plain = b"From: a@b.test\r\nSubject: x\r\n\r\n"
    yield "300 multiparts deep", _nested(300)
    yield "40 multiparts deep", _nested(40)
    yield "10,000 parts", (
        b"From: a@b.test\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        + b"--x\r\n\r\npart\r\n" * 10_000 + b"--x--\r\n"
    )  # fmt: skip
    yield "one line of 5 MB", plain + b"a" * 5_000_000
    yield (
        "100,000 nested divs",
        (b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"x"),
    )
    yield "200,000 quote marks", plain + b"> " * 200_000
    for name, line in _ANNOUNCED.items():
        yield f"1 MB of {name}", plain + line * (1_000_000 // len(line))
    for name, mark in (
        ("Gmail quotes", b'<div class="gmail_quote">'),
        ("borders", b'<div style="border-top:1pt">'),
    ):
        yield (
            f"20,000 {name}",
            (
                b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n"
                + (mark + b"a: b: <blockquote type=cite>1</blockquote></div>") * 20_000
            ),
        )
    flowed = plain.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; format=flowed\r\n\r\n")
    for name, line in _FLOWED.items():
        yield f"flowed, 39 MB of {name}", flowed + line * (39_000_000 // len(line))
    yield "20,000 blank lines", plain + b"text" + b"\n" * 20_000 + b"text"
    yield "80,000 dashes", plain + b"-" * 80_000
    yield "1 MB of combining marks", plain + "e\u0301".encode() * 300_000
    yield "10,000 header lines", b"X-Fill: y\r\n" * 10_000 + b"\r\nbody"
    yield "a header of 1 MB", b"Subject: " + b"s" * 1_000_000 + b"\r\n\r\nbody"
    yield (
        "30,000 References",
        (b"From: a@b.test\r\nReferences: " + b"<a@b.test>\r\n " * 15_000 + b"\r\n\r\nx"),
    )
    yield (
        "base64 of 20 MB",
        (
            b"From: a@b.test\r\nContent-Transfer-Encoding: base64\r\n"
            b"Content-Type: application/octet-stream; name=big\r\n\r\n" + b"QUJD" * 5_000_000
        ),
    )


def _mails(mutants: int) -> Iterator[tuple[str, bytes]]:
    yield from _handmade()
    for number, raw in enumerate(mutated(mutants, seed=1)):
        yield f"mutant {number}", raw
    if CORPUS.is_dir():
        for path in sorted(CORPUS.rglob("*.eml")):
            yield path.name, path.read_bytes()


BOUND_MS = 500.0
"""Of processor time, for any of the mutants; what is made by hand to be slow may take `BOUND_MADE_MS`."""
BOUND_MADE_MS = 4000.0


def results(mutants: int = 2000) -> Iterator[Result]:
    """Print the ten mails that took longest to read whole; return the worst of each kind and its bound."""
    costs = worst_ten(mutants)
    worst = max((seconds for seconds, name in costs if name.startswith("mutant")), default=0.0)
    made = max((seconds for seconds, name in costs if not name.startswith("mutant")), default=0.0)
    yield below(f"the worst of {mutants} mutants, read whole", worst * 1000, BOUND_MS, "ms")
    yield below("the worst of those made by hand, up to 39 MB", made * 1000, BOUND_MADE_MS, "ms")


def worst_ten(mutants: int = 2000) -> list[tuple[float, str]]:
    """Print the ten mails that took longest to read whole, with their peak memory; returns what each took."""
    costs = sorted(((_seconds(raw), name, raw) for name, raw in _mails(mutants)), reverse=True)
    sys.stdout.write("\nThe ten mails that cost the most to read whole:\n")
    for seconds, name, raw in costs[:10]:
        sys.stdout.write(
            f"  {name:<28} {len(raw) / 1e6:8.2f} MB {seconds * 1000:9.1f} ms"
            f" {_peak(raw) / 1e6:9.1f} MB peak\n"
        )
    return [(seconds, name) for seconds, name, _ in costs]


def _read_whole(raw: bytes) -> None:
    try:
        mail = parse(raw)
        _ = mail.text
        _ = mail.pieces
        _ = [part.sha256 for part in mail.attachments]
    except TooComplex:
        pass


def _seconds(raw: bytes) -> float:
    began = time.process_time()
    _read_whole(raw)
    return time.process_time() - began


def _peak(raw: bytes) -> int:
    tracemalloc.start()
    try:
        _read_whole(raw)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
