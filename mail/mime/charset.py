"""Bytes of a stranger as text, whatever the declared charset is worth. Never raises."""

from __future__ import annotations

import codecs
import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from config.expressions import expression

# What senders write, and the superset that decodes what they then really send: the labels of the WHATWG's
# Encoding Standard and those that mail programs invented. Families that differ in a number follow below.
_REALLY_LISTS: Final = {
    "utf-8": "utf-8 us-ascii ascii ansi-x3.4-1968 ansi-x3.4-1986 iso646-us iso-646.irv:1991 iso-ir-6 us "
    "csascii utf8mb4 utf-8mb4 utf-8-mac unicode-1-1-utf-8 unicode11utf8 unicode20utf8 "
    "x-unicode20utf8 x-utf-8 utf utf8 utf-8-bom csutf8 cesu-8 csunicode11utf8",
    "utf-7": "unicode-1-1-utf-7 unicode-2-0-utf-7 x-utf-7 csutf7 utf7 x-unicode-2-0-utf-7",
    "utf-16": "unicode csunicode iso-10646-ucs-2 ucs-2 ucs2 utf16 csutf16 x-utf-16 iso-10646",
    "utf-16-le": "utf16le utf-16le unicodefeff x-utf-16le ucs-2le csutf16le",
    "utf-16-be": "utf16be utf-16be unicodefffe x-utf-16be ucs-2be csutf16be",
    "utf-32": "ucs-4 ucs4 utf32 iso-10646-ucs-4 csucs4 csutf32",
    "cp1252": "l1 csisolatin1 iso-ir-100 cp819 ibm819 ansi x-ansi western iso-latin-1 "
    "iso-8859-1-windows-3.0-latin-1",
    "iso8859-2": "l2 csisolatin2 iso-ir-101 iso-latin-2",
    "iso8859-3": "l3 csisolatin3 iso-ir-109",
    "iso8859-4": "l4 csisolatin4 iso-ir-110 baltic",
    "iso8859-5": "csisolatincyrillic cyrillic iso-ir-144",
    "iso8859-6": "arabic asmo-708 ecma-114 csisolatinarabic csiso88596e csiso88596i iso-ir-127 "
    "iso-8859-6-e iso-8859-6-i",
    "iso8859-7": "greek greek8 ecma-118 elot-928 sun-eu-greek csisolatingreek iso-ir-126",
    "iso8859-8": "hebrew visual logical csisolatinhebrew csiso88598e csiso88598i iso-ir-138 iso-8859-8-i "
    "iso-8859-8-e",
    "cp1254": "l5 csisolatin5 iso-ir-148 turkish",
    "iso8859-10": "l6 csisolatin6 iso-ir-157",
    "iso8859-13": "l7 iso-ir-179",
    "iso8859-14": "l8 iso-ir-199 iso-celtic",
    "iso8859-15": "l9 csisolatin9 iso-ir-203",
    "iso8859-16": "l10 iso-ir-226",
    "koi8-r": "koi koi8 cskoi8r koi8r koi-8 koi8-rus",
    "koi8-u": "koi8-ru koi8u cskoi8u",
    "cp874": "tis-620 tis620 tis-620-0 iso-ir-166 thai dos-874 x-windows-874",
    "gb18030": "gb2312 gb-2312 gb-2312-80 gb2312-80 gb2312.1980-0 gbk gb x-gbk chinese csgb2312 csgbk "
    "csiso58gb231280 iso-ir-58 euc-cn euccn x-euc-cn cn-gb cn-gb-isoir165 cn cngb "
    "gb18030-2000 gb18030-2005 gb18030-2022 csgb18030 x-mac-chinesesimp zh-cn",
    "hz": "hz-gb-2312 hz-gb hzgb2312 hz-gb2312",
    "big5hkscs": "big5 big-5 big5-hkscs cn-big5 csbig5 x-x-big5 big5-eten big5-etenext big5eten big5-tw "
    "big5-plus x-mac-chinesetrad zh-tw",
    "cp932": "shift-jis shiftjis sjis csshiftjis ms-kanji x-ms-kanji x-shift-jis cswindows31j "
    "windows-31j x-mac-japanese sjis-win shift-jis-win",
    "euc_jp": "euc-jp eucjp cseucpkdfmtjapanese eucjp-ms eucjp-win eucjpms x-eucjp ujis extended-unix- "
    "code-packed-format-for-japanese",
    "iso2022_jp": "iso-2022-jp csiso2022jp iso2022-jp iso2022jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 "
    "iso-2022-jp-ext iso-2022-jp-ms jis csiso2022jp2 jis7 jis-encoding csjisencoding "
    "iso-2022-jp-2004",
    "iso2022_kr": "iso-2022-kr csiso2022kr iso2022kr",
    "cp949": "euc-kr euckr cseuckr korean ks-c-5601 ks-c-5601-1987 ks-c-5601-1989 ksc5601 ksc-5601 "
    "ksc-5601-1987 csksc56011987 iso-ir-149 uhc ks-x-1001 x-mac-korean",
    "mac-roman": "mac macintosh csmacintosh apple-roman macroman",
    "mac-cyrillic": "mac-ukrainian maccyrillic",
    "mac-latin2": "mac-ce mac-centraleurope mac-centralroman macce",
    "mac-iceland": "mac-icelandic",
    "viscii": "viscii1.1-1 csviscii",
    "ptcp154": "cp154 csptcp154 cyrillic-asian pt154",
    "hp-roman8": "hp-roman-8 roman8 r8 cshproman8",
}
_REALLY: Final = {label: codec for codec, labels in _REALLY_LISTS.items() for label in labels.split()}
_LATIN_NUMBERS: Final = {5: 9, 6: 10, 7: 13, 8: 14, 9: 15, 10: 16}
_CODE_PAGES: Final = {
    "874": "cp874",
    "932": "cp932",
    "943": "cp932",
    "31": "cp932",
    "936": "gb18030",
    "949": "cp949",
    "950": "big5hkscs",
    "951": "big5hkscs",
    "1200": "utf-16-le",
    "1201": "utf-16-be",
    "1361": "johab",
    "10000": "mac-roman",
    "10001": "cp932",
    "10006": "mac-greek",
    "10007": "mac-cyrillic",
    "10029": "mac-latin2",
    "10081": "mac-turkish",
    "12000": "utf-32-le",
    "12001": "utf-32-be",
    "20127": "utf-8",
    "20866": "koi8-r",
    "20932": "euc_jp",
    "20936": "gb18030",
    "21866": "koi8-u",
    "38598": "iso8859-8",
    "50220": "iso2022_jp",
    "50221": "iso2022_jp",
    "50222": "iso2022_jp",
    "50225": "iso2022_kr",
    "51932": "euc_jp",
    "51936": "gb18030",
    "51949": "cp949",
    "52936": "hz",
    "54936": "gb18030",
    "65000": "utf-7",
    "65001": "utf-8",
}
_CODE_PAGE: Final = expression(
    r"(?:x-)?(?:windows|win|cp|ms|mswin|ansi|ibm|dos|oem|cswindows|csibm|cspc|microsoft-cp|codepage|msdos)"
    r"-?0?(\d{2,5})"
)
_ISO_8859: Final = expression(r"(?:x-)?(?:iso-?)?(?:ir-?)?8859-?(\d{1,2})(?::\d{4}|-windows.*)?")
_LATIN_N: Final = expression(r"(?:x-)?(?:iso-?)?latin-?(\d{1,2})")
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
_UNMEANT: Final = frozenset({"cp1252", "iso8859-15", "iso8859-1"})
_SHIFTS: Final = expression(rb"[\x0e\x1b]")
_ASCII: Final = bytes(range(128))
_SEQUENCES: Final = expression(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ISO_2022_ESCAPE: Final = expression(rb"\x1b(?:\$[@B]|\$\([BDOPQ]|\([IJ])")


@functools.lru_cache(maxsize=256)
def codec_for(label: str) -> str | None:
    """Return Python's codec for a charset label of a mail, or None if it is unknown or no text codec."""
    name = label.strip("\"' \t\r\n").lower().partition(";")[0].partition(",")[0].strip("\"' \t_")
    name = name.replace(" ", "-").replace("_", "-").removeprefix("charset=")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.:+()-]{0,60}", name):
        return None
    found = _REALLY.get(name) or _REALLY.get(name.removeprefix("x-")) or _numbered(name)
    if found is not None:
        return found
    for candidate in (name, name.removeprefix("x-"), name.removeprefix("cs")):
        try:
            found = codecs.lookup(candidate).name
        except (LookupError, ValueError, UnicodeError):
            continue
        if found in _ALLOWED:
            return _REALLY.get(found.replace("_", "-"), found)
    return None


def _numbered(name: str) -> str | None:
    """Return the codec of a label that its number tells: code pages, ISO 8859, Latin-n."""
    page = _CODE_PAGE.fullmatch(name)
    if page is not None:
        number = page[1]
        if number.startswith("28") and int(number) in _ISO_PAGES:
            return _iso_8859(int(number) - _ISO_PAGES.start + 1)
        codec = _CODE_PAGES.get(number, f"cp{number}" if len(number) > 2 else f"cp0{number}")
        return codec if codec in _ALLOWED else None
    part = _ISO_8859.fullmatch(name)
    latin = _LATIN_N.fullmatch(name)
    if part is None and latin is None:
        return None
    if part is not None:
        n = int(part[1])
    else:
        assert latin is not None
        n = _LATIN_NUMBERS.get(int(latin[1]), int(latin[1]))
    return _iso_8859(n)


_ISO_PAGES: Final = range(28591, 28607)
"""What Windows calls the parts of ISO 8859."""


def _iso_8859(part: int) -> str | None:
    codec = {1: "cp1252", 9: "cp1254", 11: "cp874"}.get(part, f"iso8859-{part}")
    return codec if codec in _ALLOWED else None


_NOT_ASCII_CODECS: Final = (
    "utf-7 hz utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be iso2022_kr cp037 cp424 cp500 cp875 "
    "cp1026 cp1140"
)
_NOT_ASCII: Final = frozenset(_NOT_ASCII_CODECS.split())


_WIDE: Final = frozenset(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes, label: str | None = None, others: Iterable[str] = ()) -> str:
    """Return `data` as text: in the declared charset if it fits, else UTF-8, one of `others`, or a guess.

    `others` are labels that the same mail uses elsewhere: better witnesses than a few bytes are.
    """
    codec = codec_for(label) if label else None
    if data.isascii() and codec not in _NOT_ASCII and b"\x1b" not in data and b"\x00" not in data:
        return data.decode("ascii")
    marked = _by_mark(data)
    if marked is not None:
        return marked
    if codec in _WIDE or (codec not in _NOT_ASCII and _looks_wide(data)):
        return _wide(data, codec)
    if codec == "iso2022_jp" and not _SHIFTS.search(data):
        codec = "cp932"
    if codec == "iso2022_jp" or (
        (codec in (None, "utf-8") or (codec not in _NOT_ASCII and data.isascii()))
        and _ISO_2022_ESCAPE.search(data)
    ):
        from mail.mime.japanese import decode_iso2022_jp  # 0.3 ms, for Japanese mail

        return decode_iso2022_jp(data)
    if codec is None or codec in _LATIN:
        text = _strict(data, "utf-8") or _shortened(data, "utf-8", 2)
        if text is not None:
            return text
    if codec not in (None, "utf-8", "cp874", *_LATIN) and codec not in _NOT_ASCII:
        text = _strict(data, "utf-8")
        if text is not None and len(data) - len(text) >= _SURELY_UTF_8:
            return text
    if codec is not None:
        text = _by_codec(data, codec if codec == "utf-8" else _really_in(data, codec) or codec)
        # A few damaged bytes do not make the whole declaration a lie.
        damaged = text.count("\ufffd")
        if not damaged or (damaged * 25 <= len(text) and (codec != "utf-8" or _has_utf_8(data))):
            return text.removeprefix("\ufeff")
        if _shortened(data, codec, 1 if codec == "utf-8" else 3) is not None:
            return text.removeprefix("\ufeff")
    return _by_witnesses(data, codec, others) or _by_codec(data, _really_in(data, None) or "cp1252")


def _really_in(data: bytes, codec: str | None) -> str | None:
    """Return the charset that a text is in; the declared one where another is not much likelier."""
    if codec in _NOT_ASCII:
        return codec
    from mail.mime import detection  # 2 ms, for mail that is no UTF-8

    if codec in (None, *_LATIN) and not detection.is_told_apart(data):
        return codec
    return detection.really_in(data, codec, is_default=codec in _UNMEANT)


def _has_utf_8(data: bytes) -> bool:
    """Return whether a damaged text is UTF-8: most of what is no ASCII there is."""
    whole = sum(len(found) for found in _SEQUENCES.findall(data))
    return whole * 2 >= len(data.translate(None, _ASCII))


def _shortened(data: bytes, codec: str, least: int) -> str | None:
    """Return a text in which one letter of several bytes is not whole, and so many others are; else None.

    Who shortens a subject, or a log, counts bytes.
    """
    text = data.decode(codec, "replace")
    if text.count("\ufffd") != 1:
        return None
    whole = len(_SEQUENCES.findall(data)) if codec == "utf-8" else len(data) - len(text)
    return text if whole >= least and (codec != "utf-8" or _has_utf_8(data)) else None


# So many trailing bytes are hardly ever right by chance in another charset (Thai apart), and senders lie.
_SURELY_UTF_8: Final = 4


def decode_field(data: bytes, others: Iterable[str] = ()) -> str:
    """Return a header field as text: what is ASCII is ASCII, whatever the charset of the mail's text is."""
    if data.isascii() and not (b"\x1b" in data or b"\x0e" in data or b"~{" in data):
        return data.decode("ascii")
    for label in others:
        codec = codec_for(label)
        if codec is None or codec in _WIDE or (codec in _NOT_ASCII and codec not in ("hz", "iso2022_kr")):
            continue
        return decode(data, label, others)
    return decode(data)


def _by_mark(data: bytes) -> str | None:
    """Decode what begins with a byte order mark as that says, whatever was declared."""
    for mark, codec in _BOMS:
        if data.startswith(mark):
            text = _strict(data, codec)
            return text.removeprefix("\ufeff") if text is not None else None
    return None


def _looks_wide(data: bytes) -> bool:
    """Return whether every other byte of the beginning is nil, as in UTF-16 of Latin letters."""
    start = data[:400]
    if b"\x00" not in start:
        return False
    return len(start) > 3 and max(start[::2].count(0), start[1::2].count(0)) * 2 > len(start) * 0.7


def _wide(data: bytes, codec: str | None) -> str:
    """Decode UTF-16 or UTF-32 without a mark: in the byte order that gives text, else in the declared one."""
    if codec in ("utf-32", "utf-32-le", "utf-32-be"):
        orders = ("utf-32-be", "utf-32-le") if codec == "utf-32-be" else ("utf-32-le", "utf-32-be")
        text = next((found for order in orders if (found := _strict(data, order)) is not None), None)
        return (text if text is not None else data.decode(orders[0], "replace")).removeprefix("\ufeff")
    if len(data) < 2 or (data.isascii() and b"\x00" not in data and _words_like(data)):
        return data.decode("utf-8", "replace")
    big, little = (data.decode(order, "replace") for order in ("utf-16-be", "utf-16-le"))
    declared_little = codec != "utf-16-be"
    difference = _plausibility(little) - _plausibility(big)
    return (little if difference > 0 or (difference == 0 and declared_little) else big).removeprefix("\ufeff")


def _words_like(data: bytes) -> bool:
    """Return whether ASCII bytes that are said to be UTF-16 are words in ASCII.

    They hold blanks or line ends.
    """
    return len(data) % 2 == 1 or b" " in data or b"\n" in data


def _plausibility(text: str) -> float:
    """Return how much it looks like text.

    Blanks, line ends and punctuation are at known places in every script.
    """
    sample = text[:2000]
    common = sum(char in " \n\r\t.,-:;!?'\"()/0123456789\u3000\u3001\u3002\uff0c\uff1a" for char in sample)
    common += sum("a" <= char <= "z" or "A" <= char <= "Z" for char in sample)
    strange = sum(
        "\ue000" <= char <= "\uf8ff" or char == "\ufffd" or unicodedata.category(char) in ("Cn", "Cc", "Cs")
        for char in sample
        if char not in "\n\r\t"
    )
    return (common - 2 * strange) / (len(sample) or 1)


def _by_codec(data: bytes, codec: str) -> str:
    text = _cp1252(data) if codec == "cp1252" else _strict(data, codec)
    if text is None and codec == "euc_jp":
        from mail.mime.japanese import decode_euc_jp  # 0.3 ms, for Japanese mail

        return decode_euc_jp(data)
    if text is None and codec == "big5hkscs":
        text = _strict(data, "cp950")
    return data.decode(codec, "replace") if text is None else text


def _by_witnesses(data: bytes, codec: str | None, others: Iterable[str]) -> str | None:
    text = _strict(data, "utf-8")
    if text is not None:
        return text
    for label in others:
        other = codec_for(label)
        if other is None or other == codec or other in _NOT_ASCII or other in ("utf-8", "iso2022_jp"):
            continue
        if other == "cp1252" or _strict(data, other) is not None:
            return _by_codec(data, _really_in(data, other) or other)
    return None


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _cp1252(data: bytes) -> str:
    text = _strict(data, "cp1252")
    return text if text is not None else data.decode("latin-1")
