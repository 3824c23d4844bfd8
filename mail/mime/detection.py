"""Which charset a text is in, where its label may be that of another.

What chardet finds, weighed against the label: a witness, and a true one nearly always, so another charset has
to be likelier by far. How far was tried on the words of programs in 40 languages (docs/internals.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from config.expressions import expression

_LOOK: Final = 4000
# What is written in mail, by chardet's names, and the superset that decodes it. Others (DOS, Macintosh) look
# alike in short texts: to ask for them too makes more mails wrong than right.
_CODECS: Final = {
    "cp1250": "cp1250",
    "iso8859-2": "iso8859-2",
    "cp1251": "cp1251",
    "iso8859-5": "iso8859-5",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "cp866": "cp866",
    "cp1252": "cp1252",
    "iso8859-1": "cp1252",
    "cp1253": "cp1253",
    "iso8859-7": "iso8859-7",
    "cp1254": "cp1254",
    "iso8859-9": "cp1254",
    "cp1255": "cp1255",
    "iso8859-8": "iso8859-8",
    "cp1256": "cp1256",
    "iso8859-6": "iso8859-6",
    "cp1257": "cp1257",
    "iso8859-13": "iso8859-13",
    "cp1258": "cp1258",
    "cp874": "cp874",
    "gb18030": "gb18030",
    "big5hkscs": "big5hkscs",
    "cp932": "cp932",
    "cp949": "cp949",
    "euc_jis_2004": "euc_jp",
}
_LATIN: Final = frozenset(
    ["cp1252", "iso8859-15", "cp1250", "iso8859-2", "cp1254", "cp1257", "iso8859-13", "cp1258", "iso8859-16"]
)
_ALL_NAMES: Final = frozenset(_CODECS)
_LATIN_NAMES: Final = frozenset(name for name, codec in _CODECS.items() if codec in _LATIN) - {
    *("iso8859-1", "iso8859-9")
}
"""Of Latin text with no three letters together no other comes out, and to ask for these costs half.

Two are left out whose supersets chardet knows by the same letters: a fifth of what it does for nothing new.
"""
# Where ISO 8859 has controls, Windows has letters and quotation marks.
_OF_WINDOWS: Final = {
    "iso8859-2": "cp1250",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-13": "cp1257",
    "iso8859-16": "cp1250",
}
_ALIKE: Final = {"iso8859-15": "cp1252", "euc_kr": "cp949"}
# How much likelier another has to be, as a factor and as a difference of chardet's confidence: where nothing
# was declared, where the label is what programs write that know no better, and where somebody meant it.
_UNTOLD: Final = (1.2, 0.01)
_DEFAULT: Final = (1.4, 0.02)
_AMONG_ENGLISH: Final = (1.4, 0.05)
"""As `_DEFAULT`, where most of a text is ASCII: who writes English declares Western, and is mostly right."""
_MEANT: Final = (1.6, 0.04)
_BOTH_EAST_ASIAN: Final = (1.6, 0.12)
_BY_ONE_LETTER: Final = (1.8, 0.05)
_SURE: Final = 0.06
"""What an alphabet has to have at least: less have signs and frames too, and single letters."""
_DAMAGED: Final = 10
_BESIDE: Final = 2
_FEW: Final = 2
_WITH_CAPITALS: Final = ("cp1251", "koi8-r", "iso8859-5", "cp866", "cp1253", "iso8859-7")
_EAST_ASIAN: Final = frozenset(["gb18030", "big5hkscs", "cp932", "cp949", "euc_jp"])
_RUN: Final = expression(rb"([A-Za-z])?([\x80-\xff]+)")
_TOGETHER: Final = expression(rb"[\x80-\xff]{3}")
_TAG: Final = expression(rb"<[^<>\x80-\xff]{0,1000}>")
_AROUND_LINE: Final = b" \t\r>"
_ASCII: Final = bytes(range(128))
_CONTROLS: Final = expression(rb"[\x80-\x84\x86-\x9f]")
_SMALL_LETTER: Final = expression(rb"[a-z]")


def _differing() -> bytes:
    """Return the bytes that are another letter in the charset of another Latin alphabet."""
    codecs = ("cp1252", "cp1250", "cp1254")
    return bytes(
        byte for byte in range(0x80, 0x100) if len({bytes([byte]).decode(c, "ignore") for c in codecs}) > 1
    )


_DIFFERING: Final = _differing()


def is_told_apart(data: bytes) -> bool:
    """Return whether it matters which charset a text is in: German, say, reads the same in several."""
    return len(data.translate(None, _DIFFERING)) < len(data) or _TOGETHER.search(data) is not None


def really_in(data: bytes, codec: str | None, *, is_default: bool = False) -> str | None:
    """Return the charset in which `data` reads as words; `codec` where that does, or none surely does.

    `is_default` says that `codec` is what programs declare that do not know.
    """
    has_controls = _CONTROLS.search(data.translate(None, _ASCII)) is not None
    if has_controls:
        codec = _OF_WINDOWS.get(codec or "", codec)
    declared = _ALIKE.get(codec or "cp1252", codec or "cp1252")
    if declared not in _CODECS.values():
        return codec
    sample = _sample(data)
    together = _TOGETHER.search(sample) is not None
    asked = _ALL_NAMES if together or declared not in _LATIN else _LATIN_NAMES
    found = _weighed_small(sample, asked)
    high = len(sample.translate(None, _ASCII))
    if codec is not None and declared not in found and declared not in _LATIN:
        # A few damaged bytes do not make the declaration a lie.
        clean = sample.decode(declared, "ignore").encode(declared, "ignore")
        if (len(sample) - len(clean)) * _DAMAGED <= high:
            found[declared] = _weighed(clean, asked).get(declared, 0.0)
    if has_controls:
        found = {other: worth for other, worth in found.items() if not other.startswith("iso8859")}
    own = found.get(declared, 0.0)
    found = {
        other: worth
        for other, worth in found.items()
        if other in _LATIN or (together and (other in _EAST_ASIAN or worth >= _SURE))
    }
    if not found:
        return codec
    best = max(found, key=found.__getitem__)
    by_default = _AMONG_ENGLISH if len(sample) * 2 < len(data) else _DEFAULT
    factor, difference = _UNTOLD if codec is None else by_default if is_default else _MEANT
    if declared in _EAST_ASIAN and best in _EAST_ASIAN:
        factor, difference = _BOTH_EAST_ASIAN
    elif declared in _EAST_ASIAN and best in _LATIN and _is_latin(sample):
        difference = 0.0
    elif (
        codec is not None and best in _LATIN and len(sample) - len(sample.translate(None, _DIFFERING)) < _FEW
    ):
        factor, difference = _BY_ONE_LETTER
    if best == declared or found[best] < factor * own or found[best] - own < difference:
        return codec
    return best


def _sample(data: bytes) -> bytes:
    """Return what tells something: the beginning of the lines that are not ASCII, without the tags of HTML.

    English around one sentence of another language, as programs write it, would outweigh that. What is
    quoted again and again tells as much once.
    """
    telling = b"\n".join(line for line in data.split(b"\n") if not line.isascii())
    telling = _TAG.sub(b" ", telling) if b"<" in telling else telling
    lines = b"\n".join(dict.fromkeys(line.strip(_AROUND_LINE) for line in telling.split(b"\n")))
    return lines if len(lines) <= _LOOK else lines[: lines.rfind(b"\n", 0, _LOOK) % _LOOK]


def _is_latin(sample: bytes) -> bool:
    """Return whether letters with accents, alone or two together, stand behind letters without."""
    runs = _RUN.findall(sample)
    sizes = [len(run) for before, run in runs if before]
    return 1 in sizes and sum(1 for size in sizes if size <= _BESIDE) * 5 >= len(runs) * 4


@lru_cache(maxsize=256)
def _weighed(sample: bytes, asked: frozenset[str]) -> Mapping[str, float]:
    """Return how likely chardet finds each charset; people and programs sign with the same lines."""
    if not sample:
        return {}  # of ASCII with controls in it: chardet warns of who asks it about nothing
    import chardet  # 25 ms, and 70 ms for what it learned, for text that is no UTF-8

    found: dict[str, float] = {}
    for one in chardet.detect_all(
        sample, ignore_threshold=True, compat_names=False, include_encodings=asked, max_bytes=_LOOK
    ):
        codec = _CODECS.get(one["encoding"] or "")
        if codec is not None:
            found.setdefault(codec, one["confidence"])
    return found


def _weighed_small(sample: bytes, asked: frozenset[str]) -> dict[str, float]:
    """Return the same, where what would be all in capitals is looked at in small letters."""
    found = dict(_weighed(sample, asked))
    if _SMALL_LETTER.search(sample):
        return found
    for codec in asked.intersection(_WITH_CAPITALS):
        text = sample.decode(codec, "replace")
        if text.isupper():
            small = text.lower().encode(codec, "ignore")
            found[codec] = max(found.get(codec, 0.0), _weighed(small, asked).get(codec, 0.0))
    return found
