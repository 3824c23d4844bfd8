"""Byte strings that may or may not be mails: mutations of good ones, monsters, and noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from tests.generator.hostile import hostile_mails
from tests.generator.mails import generate

_TOKENS = (
    b"\r\n\r\n",
    b"\n\n",
    b"\r",
    b"\n",
    b"\0",
    b"\x1b[2J",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"=?utf-8?B?",
    b"=?utf-8?Q?=?=",
    b"?=",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Content-Type: multipart/mixed\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: text/html; charset=utf-7\r\n",
    b"Content-Type: text/plain; charset=\x80\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''%; filename*1=%zz\r\n",
    b"--x\r\n",
    b"--x--\r\n",
    b"--",
    b"begin 644 a\r\n",
    b'From: <<>>, "\\" <@,;:\r\n',
    b"From: a@b, c@d (((((\r\n",
    b"Date: Mon, 99 Feb 99999 99:99:99 +9999\r\n",
    b"Date: Thu, 1 Jan 1970 00:00:00 -0000 (\xe2\x80\xae)\r\n",
    b"Message-ID: <>\r\n",
    b"References: " + b"<a@b> " * 50 + b"\r\n",
    b"Received: ;\r\n",
    b"From ",
    b">From ",
    b":",
    b" ",
    b"\t",
    b";" * 40,
    b"(" * 40,
    b'"',
)


def mutated(n: int, seed: int = 1) -> Iterator[bytes]:
    """``n`` byte strings of at most some 300 kB: mails gone wrong, and one in ten noise or a monster."""
    random = Random(seed)
    good = [mail.raw for mail in generate(120, seed) if len(mail.raw) < 60_000]
    good += [mail.raw for mail in hostile_mails(seed) if len(mail.raw) < 30_000]
    for number in range(n):
        if number % 20 == 0:
            yield random.choice(_MONSTERS)(random)
        elif number % 20 == 10:
            yield random.randbytes(random.randint(0, 4_000))
        else:
            yield _mutant(random, good)


def _mutant(random: Random, good: list[bytes]) -> bytes:
    raw = bytearray(random.choice(good))
    for _ in range(random.choice((1, 1, 2, 3, 5, 10, 30))):
        random.choice(_MUTATIONS)(random, raw, good)
    return bytes(raw)


def _flip(random: Random, raw: bytearray, good: list[bytes]) -> None:
    if raw:
        raw[_early(random, raw)] = random.randrange(256)


def _insert(random: Random, raw: bytearray, good: list[bytes]) -> None:
    where = _early(random, raw)
    raw[where:where] = random.choice(_TOKENS)


def _delete(random: Random, raw: bytearray, good: list[bytes]) -> None:
    where = _early(random, raw)
    del raw[where : where + random.choice((1, 2, 10, 100, 1000))]


def _repeat(random: Random, raw: bytearray, good: list[bytes]) -> None:
    where = _early(random, raw)
    piece = raw[where : where + random.choice((1, 10, 80, 500))]
    if len(raw) < 100_000:
        raw[where:where] = piece * random.choice((1, 2, 20, 100))


def _truncate(random: Random, raw: bytearray, good: list[bytes]) -> None:
    del raw[_early(random, raw) :]


def _splice(random: Random, raw: bytearray, good: list[bytes]) -> None:
    other = random.choice(good)
    if len(raw) < 100_000:
        raw[_early(random, raw) :] = other[random.randrange(len(other)) :]


def _line_ends(random: Random, raw: bytearray, good: list[bytes]) -> None:
    raw[:] = raw.replace(b"\r\n", random.choice((b"\n", b"\r", b"\n\r", b"\r\r\n")))


def _case(random: Random, raw: bytearray, good: list[bytes]) -> None:
    raw[:] = random.choice((raw.upper(), raw.lower(), raw.swapcase()))


_Mutation = Callable[[Random, bytearray, list[bytes]], None]
_MUTATIONS: tuple[_Mutation, ...] = (
    _flip,
    _flip,
    _insert,
    _insert,
    _insert,
    _delete,
    _delete,
    _repeat,
    _truncate,
    _splice,
    _line_ends,
    _case,
)


def _early(random: Random, raw: bytearray) -> int:
    """A position, more often in the headers than behind them."""
    return min(int(len(raw) * random.random() ** 2.5), len(raw) - 1) if raw else 0


def _empty(random: Random) -> bytes:
    return random.choice((b"", b"\r\n", b"\n", b"\0", b":", b"\r\n\r\n", b"Subject", b" x", b"From: "))


def _nested(random: Random) -> bytes:
    """Multiparts in multiparts, or mails in mails, deeper than anybody should follow."""
    depth = random.choice((10, 60, 300, 2_000))
    if random.random() < 0.5:
        return b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: deep\r\n\r\nx"
    heads = (
        f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n" for level in range(depth)
    )
    return "".join(heads).encode() + b"\r\ndeep"


def _many_parts(random: Random) -> bytes:
    part = b"--x\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    return b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part * random.choice((100, 499, 501, 6_000))


def _many_headers(random: Random) -> bytes:
    return b"X-Header: value\r\n" * random.choice((1_000, 15_000)) + b"Subject: late\r\n\r\nbody"


def _one_long_line(random: Random) -> bytes:
    start = random.choice(
        (b"Subject: ", b"To: ", b"References: ", b"Content-Type: text/plain; ", b"", b"From: ")
    )
    filler = random.choice(
        (b"a", b"<a@b> ", b"a@b,", b"(", b'"', b"=?utf-8?Q?a?= ", b"x=y;", b"\\", b";", b" ")
    )
    return start + filler * (random.choice((1_000, 30_000, 200_000)) // len(filler)) + b"\r\n\r\nx"


def _deep_html(random: Random) -> bytes:
    tag = random.choice((b"div", b"table><tr><td", b"blockquote", b"b", b"ul><li"))
    return (
        b"Content-Type: text/html\r\n\r\n" + (b"<" + tag + b">") * random.choice((100, 5_000, 20_000)) + b"x"
    )


def _quotes(random: Random) -> bytes:
    """Text that makes naive patterns for quoted replies backtrack."""
    line = random.choice(
        (b"> " * 200 + b"x\r\n", b"On \r\n", b"\r\n", b"On a, b wrote ", b" ", b"_" * 80 + b"\r\n")
    )
    return b"Subject: quotes\r\n\r\n" + line * random.choice((100, 1_000)) + b"wrote:\r\n"


_MONSTERS: tuple[Callable[[Random], bytes], ...] = (
    _empty,
    _nested,
    _many_parts,
    _many_headers,
    _one_long_line,
    _deep_html,
    _quotes,
)
