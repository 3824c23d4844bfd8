"""RTF as plain text: what Outlook puts into winmail.dat, and text/rtf. One pass, bounded, never raises."""

from __future__ import annotations

from typing import Final

from config.expressions import expression
from mail.mime.charset import codec_for

_TOKEN: Final = expression(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\"
)
_BREAKS: Final = {
    b"par": "\n",
    b"line": "\n",
    b"sect": "\n\n",
    b"page": "\n\n",
    b"row": "\n",
    b"tab": "\t",
    b"cell": "\t",
}
_SIGNS: Final = {
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"bullet": "\u2022",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
}
_NOT_TEXT: Final = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer generator listtable listoverridetable "
    b"themedata datastore xmlnstbl rsidtbl latentstyles fldinst".split()
)
_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 500


def rtf_to_text(data: bytes) -> str:
    """Return the words of an RTF document; what is no RTF gives nothing."""
    if data.lstrip()[:5] != b"{\\rtf":
        return ""
    done: list[str] = []
    raw: list[bytes] = []
    codec = "cp1252"
    hidden = 0  # the depth at which something that is no text began
    depth = skip = 0
    unicode_skip = 1

    def flush() -> None:
        if raw:
            done.append(b"".join(raw).decode(codec, "replace"))
            raw.clear()

    ignorable = False
    for token in _TOKEN.finditer(data[:_MAX_BYTES]):
        word, number, code, symbol, brace, text = token.groups()
        if brace == b"{":
            depth = min(depth + 1, _MAX_DEPTH)
            ignorable = False
        elif brace == b"}":
            if hidden and depth <= hidden:
                hidden = 0
            depth = max(depth - 1, 0)
        elif word is not None:
            if (ignorable or word in _NOT_TEXT) and not hidden:
                hidden = depth or 1
            ignorable = False
            if word == b"ansicpg" and number:
                codec = codec_for(f"cp{int(number)}") or codec
            elif word == b"uc" and number:
                unicode_skip = min(abs(int(number)), 10)
            elif hidden:
                continue
            elif word == b"u" and number:
                flush()
                done.append(chr(int(number) % 0x10000))
                skip = unicode_skip
            elif word in _BREAKS or word in _SIGNS:
                flush()
                done.append(_BREAKS.get(word) or _SIGNS[word])
        elif symbol == b"*":
            ignorable = True
        elif hidden:
            continue
        elif code is not None:
            if skip:
                skip -= 1
            else:
                raw.append(bytes([int(code, 16)]))
        elif symbol is not None:
            raw.append({b"~": b" ", b"_": b"-", b"-": b"", b"\n": b"\n", b"\r": b"\n"}.get(symbol, symbol))
        elif text is not None:
            raw.append(text[skip:] if skip else text)
            skip = 0
    flush()
    return "".join(done).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").strip()
