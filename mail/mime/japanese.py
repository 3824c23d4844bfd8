"""ISO-2022-JP and EUC-JP as they are sent: with the vendors' rows that Python's codecs refuse.

Microsoft's ISO-2022-JP (CP50220 to CP50222) and EUC-JP (CP51932) hold the NEC and IBM characters of CP932:
circled digits, units, company signs. RFC 1468, 1554, 2237.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from itertools import product
from typing import Final

from config.expressions import expression

_SWITCH: Final = expression(rb"\x1b(?:\$\([A-Z@]|\$[@A-Z]|\([A-Z]|&@\x1b\$B|\.[AF])|[\x0e\x0f]")
_TWO_BYTES: Final = {
    b"\x1b$@": "jis",
    b"\x1b$B": "jis",
    b"\x1b$(B": "jis",
    b"\x1b$(@": "jis",
    b"\x1b&@\x1b$B": "jis",
    b"\x1b$(D": "supplement",
    b"\x1b$A": "chinese",
    b"\x1b$(C": "korean",
    b"\x1b$(O": "plane 1",
    b"\x1b$(Q": "plane 1",
    b"\x1b$(P": "plane 2",
}
_EUC: Final = {
    "chinese": "gb2312",
    "korean": "euc_kr",
    "plane 1": "euc_jis_2004",
    "plane 2": "euc_jis_2004",
    "supplement": "euc_jp",
}


_HIGH: Final = bytes(byte | 0x80 if 0x21 <= byte <= 0x7E else byte for byte in range(256))
_KANA: Final = bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in range(256))
_SHORT: Final = 8
"""Bytes of what is looked up when it comes again: a mail may switch at every letter."""


class _Read(dict[bytes, str]):
    """Texts of short sequences, each decoded when it comes first."""

    def __init__(self, decode: Callable[[bytes], str]) -> None:
        super().__init__()
        self._decode = decode

    def __missing__(self, data: bytes) -> str:
        text = self._decode(data)
        if len(data) <= _SHORT:
            self[data] = text
        return text


def decode_iso2022_jp(data: bytes) -> str:
    """Return the text of ISO-2022-JP; what no table knows becomes U+FFFD. Total and linear."""
    done: list[str] = []
    mode, kana = "", False
    position = 0
    known: dict[tuple[str, bool], _Read] = {}
    read = known[mode, kana] = _Read(partial(_segment, mode=mode, kana=kana))
    for switch in _SWITCH.finditer(data):
        if switch.start() > position:
            done.append(read[data[position : switch.start()]])
        position = switch.end()
        sign = switch[0]
        if sign in (b"\x0e", b"\x0f"):
            kana = sign == b"\x0e"
        elif sign.startswith(b"\x1b("):
            mode = "kana" if sign == b"\x1b(I" else ""
        elif not sign.startswith(b"\x1b."):
            mode = _TWO_BYTES.get(sign, "jis")
        found = known.get((mode, kana))
        if found is None:
            found = known[mode, kana] = _Read(partial(_segment, mode=mode, kana=kana))
        read = found
    done.append(read[data[position:]])
    return "".join(done)


def _segment(data: bytes, mode: str, kana: bool) -> str:
    """Return what stands between two switches. A line end returns to ASCII (RFC 1468)."""
    if not data:
        return ""
    if kana or mode == "kana":
        return data.translate(_KANA).decode("cp932", "replace")
    if not mode:
        # Half-width katakana are also sent as single 8-bit characters.
        return data.decode("cp932", "replace")
    data, line_end, rest = data.partition(b"\n")
    return _pairs(data, mode) + (line_end + rest).decode("cp932", "replace")


def _pairs(data: bytes, mode: str) -> str:
    if mode == "jis":
        return _from_jis(data)
    high = data.translate(_HIGH)
    if mode in ("plane 2", "supplement"):
        high = b"".join(b"\x8f" + high[n : n + 2] for n in range(0, len(high), 2))
    return high.decode(_EUC[mode], "replace")


_JIS_UNIT: Final = expression(rb"[\x21-\x7e]{2}|[^\x21-\x7e]+|.", re.DOTALL)


def _from_jis(data: bytes) -> str:
    """Decode pairs of JIS X 0208 bytes; those of the vendors' rows by way of Shift_JIS, which has them."""
    if len(data) > _SHORT:
        with suppress(UnicodeDecodeError):
            return data.translate(_HIGH).decode("euc_jp")
    pairs = _jis_pairs()
    return "".join([pairs.get(unit) or unit.decode("cp932", "replace") for unit in _JIS_UNIT.findall(data)])


@cache
def _jis_pairs() -> dict[bytes, str]:
    """Return what each pair of JIS X 0208 bytes stands for."""
    found: dict[bytes, str] = {}
    for row, cell in product(range(0x21, 0x7F), repeat=2):
        try:
            text = bytes((row | 0x80, cell | 0x80)).decode("euc_jp")
        except UnicodeDecodeError:
            text = _shift(row, cell).decode("cp932", "replace")
        found[bytes((row, cell))] = text
    return found


def _shift(row: int, cell: int) -> bytes:
    lead = ((row - 0x21) >> 1) + 0x81
    if lead > 0x9F:
        lead += 0x40
    if row & 1:
        trail = cell + (0x1F if cell < 0x60 else 0x20)
    else:
        trail = cell + 0x7E
    return bytes((lead, trail))


_EUC_UNIT: Final = expression(rb"[\x00-\x7f]+|\x8f[\xa1-\xfe]{2}|\x8e[\xa1-\xdf]|[\xa1-\xfe]{2}|.", re.DOTALL)


def decode_euc_jp(data: bytes) -> str:
    """Return the text of EUC-JP with the vendors' rows; what no table knows becomes U+FFFD."""
    return "".join(map(_Read(_euc_unit).__getitem__, _EUC_UNIT.findall(data)))


def _euc_unit(unit: bytes) -> str:
    if len(unit) == 2 and unit[0] >= 0xA1:
        return _shift(unit[0] - 0x80, unit[1] - 0x80).decode("cp932", "replace")
    return unit.decode("euc_jp", "replace")
