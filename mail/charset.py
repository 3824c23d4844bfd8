"""Bytes of a stranger as text, whatever the declared charset is worth. Never raises."""

from __future__ import annotations

import codecs
import functools
import re
from typing import Final

# What senders write, and the superset that decodes what they then really send.
_REALLY: Final = {
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "iso646-us": "utf-8",
    "utf8mb4": "utf-8",
    "utf-8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big-5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "windows-874": "cp874",
    "koi8-ru": "koi8-u",
}
# Python's names of the codecs that turn text bytes into text. Others (idna, punycode, unicode_escape,
# zlib, ...) are quadratic, not text, or unescape what should stay escaped.
_TEXT_CODECS: Final = (
    "utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be ascii "
    "big5 big5hkscs cp950 gb2312 gbk gb18030 hz euc_jp euc_jis_2004 euc_jisx0213 shift_jis shift_jis_2004 "
    "shift_jisx0213 cp932 iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext "
    "iso2022_kr euc_kr cp949 johab koi8-r koi8-u koi8-t kz1048 ptcp154 tis-620 "
    "mac-roman mac-cyrillic mac-greek mac-iceland mac-latin2 mac-turkish hp-roman8 viscii "
    "cp037 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 "
    "cp864 cp865 cp866 cp869 cp874 cp875 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 "
    "cp1255 cp1256 cp1257 cp1258 iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 "
    "iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16"
)
_ALLOWED: Final = frozenset(_TEXT_CODECS.split())
_LATIN: Final = frozenset({"cp1252", "cp1254", "iso8859-15", "iso8859-1"})
_GUESS_BYTES: Final = 65_536
_ISO_2022_ESCAPE: Final = re.compile(rb"\x1b(\$[@B]|\$\([DOPQ]|\([IJ])")


@functools.lru_cache(maxsize=256)
def codec_for(label: str) -> str | None:
    """Python's codec for a charset label of a mail, or None if it is unknown or not a text codec."""
    name = label.strip("\"' \t;").lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.:+()-]{0,40}", name):
        return None
    name = _REALLY.get(name, name)
    for candidate in (name, name.removeprefix("x-"), re.sub(r"^cp-", "cp", name)):
        try:
            found = codecs.lookup(candidate).name
        except (LookupError, ValueError, UnicodeError):
            continue
        if found in _ALLOWED:
            return _REALLY.get(found, found)
    return None


_NOT_ASCII_CODECS: Final = (
    "utf-7 hz utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be iso2022_kr cp037 cp424 cp500 cp875 "
    "cp1026 cp1140"
)
_NOT_ASCII: Final = frozenset(_NOT_ASCII_CODECS.split())


def decode(data: bytes, label: str | None = None) -> str:
    """`data` as text: the declared charset if it fits, else UTF-8, else the best guess."""
    codec = codec_for(label) if label else None
    if data.isascii() and codec not in _NOT_ASCII and b"\x1b" not in data:
        return data.decode("ascii")
    if codec in (None, "utf-8") and _ISO_2022_ESCAPE.search(data):
        text = _strict(data, "iso2022_jp_ext")
        if text is not None:
            return text
    if codec is None or codec in _LATIN:
        text = _strict(data, "utf-8")
        if text is not None:
            return text.removeprefix("\ufeff")
    if codec == "cp1252":
        return _cp1252(data)
    if codec is not None:
        text = _strict(data, codec)
        if text is None:
            text = data.decode(codec, "replace")
            # A few damaged bytes do not make the whole declaration a lie.
            if text.count("\ufffd") * 25 > len(text):
                text = _strict(data, "utf-8")
        if text is not None:
            return text.removeprefix("\ufeff")
    return _guessed(data)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _cp1252(data: bytes) -> str:
    text = _strict(data, "cp1252")
    return text if text is not None else data.decode("latin-1")


def _guessed(data: bytes) -> str:
    import chardet

    sample = data[:_GUESS_BYTES]
    found = chardet.detect(sample)
    name, confidence = found.get("encoding"), found.get("confidence") or 0.0
    codec = codec_for(name) if name else None
    if codec is None or codec == "cp1252" or confidence < 0.2:
        return _cp1252(data)
    return data.decode(codec, "replace")
