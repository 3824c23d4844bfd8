"""RTF as plain text: what Outlook puts into winmail.dat, and text/rtf. One pass, bounded, never raises."""

from __future__ import annotations

from html import escape
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
# Of fonts, what their charset means (RTF 1.9.1); others write in the document's.
_FONT_CHARSETS: Final = {
    77: "mac-roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "big5hkscs",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
_MAX_FONTS: Final = 2000
_LOOK: Final = 4096
_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 500


def rtf_to_text(data: bytes) -> str:
    """Return the words of an RTF document; what is no RTF gives nothing."""
    if data.lstrip()[:5] != b"{\\rtf":
        return ""
    text = _Words(data[:_MAX_BYTES]).read()
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").strip()


def html_in_rtf(data: bytes) -> str:
    """Return the HTML that Outlook keeps within RTF (MS-OXRTFEX); empty for RTF without."""
    if data.lstrip()[:5] != b"{\\rtf" or b"\\fromhtml1" not in data[:_LOOK]:
        return ""
    return _Words(data[:_MAX_BYTES], as_html=True).read()


class _Words:
    """One reading of a document, from its first to its last token."""

    def __init__(self, data: bytes, as_html: bool = False) -> None:
        self._data = data
        self._as_html = as_html
        self._tag = 0  # the depth at which a tag of the HTML began
        self._muted = False
        self._done: list[str] = []
        self._raw: list[bytes] = []
        self._page = self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = self._default_font = -1  # that the font table speaks of; that of plain text
        self._outer: list[str] = []  # the charsets in the groups around
        self._hidden = 0  # the depth at which something that is no text began
        self._ignorable = False
        self._skip, self._unicode_skip = 0, 1

    def read(self) -> str:
        """Return the words."""
        position = 0
        while (token := _TOKEN.match(self._data, position)) is not None:
            position = token.end()
            word, number, code, symbol, brace, text = token.groups()
            if brace is not None:
                self._grouped(brace)
            elif word == b"bin":
                position += max(int(number or 0), 0)
            elif word is not None:
                self._controlled(word, int(number) if number else None)
            elif symbol == b"*":
                self._ignorable = True
            elif not self._hidden and not self._muted:
                self._written(code, symbol, text)
        self._flush()
        return "".join(self._done)

    def _grouped(self, brace: bytes) -> None:
        if brace == b"{":
            self._ignorable = False
            if len(self._outer) < _MAX_DEPTH:
                self._outer.append(self._codec)
            return
        if self._hidden and len(self._outer) <= self._hidden:
            self._hidden = 0
        if self._tag and len(self._outer) <= self._tag:
            self._flush()
            self._tag = 0
        if self._outer:
            self._write_in(self._outer.pop())

    def _controlled(self, word: bytes, number: int | None) -> None:
        if self._as_html and word in (b"htmltag", b"htmlrtf"):
            self._flush()
            self._ignorable = False
            self._muted = word == b"htmlrtf" and number != 0
            self._tag = len(self._outer) if word == b"htmltag" else self._tag
            return
        if (self._ignorable or word in _NOT_TEXT) and not self._hidden:
            self._hidden = len(self._outer) or 1
        self._ignorable = False
        if word == b"ansicpg" and number is not None:
            self._page = codec_for(f"cp{number}") or self._page
            self._write_in(self._page)
        elif word == b"uc" and number is not None:
            self._unicode_skip = min(abs(number), 10)
        elif word == b"deff" and number is not None:
            self._default_font = number
        elif word == b"f" and number is not None and not self._hidden:
            self._write_in(self._fonts.get(number, self._page))
        elif word == b"f" and number is not None:
            self._font = number
        elif word == b"fcharset" and number in _FONT_CHARSETS and len(self._fonts) < _MAX_FONTS:
            self._fonts[self._font] = _FONT_CHARSETS[number]
        elif self._hidden or self._muted:
            return
        elif word == b"plain":
            self._write_in(self._fonts.get(self._default_font, self._page))
        elif word == b"u" and number is not None:
            self._flush()
            self._done.append(chr(number % 0x10000))
            self._skip = self._unicode_skip
        elif word in _BREAKS or word in _SIGNS:
            self._flush()
            self._done.append(_BREAKS.get(word) or _SIGNS[word])

    def _written(self, code: bytes | None, symbol: bytes | None, text: bytes | None) -> None:
        if code is not None:
            if self._skip:
                self._skip -= 1
            else:
                self._raw.append(bytes([int(code, 16)]))
        elif symbol is not None:
            self._raw.append(
                {b"~": b" ", b"_": b"-", b"-": b"", b"\n": b"\n", b"\r": b"\n"}.get(symbol, symbol)
            )
        elif text is not None:
            self._raw.append(text[self._skip :] if self._skip else text)
            self._skip = 0

    def _write_in(self, codec: str) -> None:
        if codec != self._codec:
            self._flush()
            self._codec = codec

    def _flush(self) -> None:
        if self._raw:
            text = b"".join(self._raw).decode(self._codec, "replace")
            self._done.append(escape(text, quote=False) if self._as_html and not self._tag else text)
            self._raw.clear()
