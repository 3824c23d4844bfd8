"""Files of data that a program sent instead of a text: JSON, XML, YAML, RTF, values, logs."""

from __future__ import annotations

import codecs
from typing import Final

from config.expressions import expression
from mail.mime.charset import codec_for, decode

MOST: Final = 1_000_000
"""Bytes of such a file that are read."""
CUT_NOTICE: Final = "[The rest is left out: it is over 1 MB. The file has it all.]"
_TYPES: Final = expression(
    r"application/(?:(?:x-)?(?:json|ndjson|jsonlines|json-seq|xml|yaml|toml|rtf|csv|log|sql|sh|shellscript|javascript|"
    r"perl|php|python|ini|conf|patch|diff|config|httpd-php|powershell|ecmascript|text|troff|tex|latex)"
    r"|xhtml|xml-(?:dtd|external-parsed-entity)|[a-z0-9!#$&^_.-]{1,80}\+(?:json|xml|yaml|json-seq))"
)
_NAMES: Final = expression(
    r"(?i).*\.(?:txt|log|json|jsonl|ndjson|xml|ya?ml|toml|rtf|csv|tsv|ini|conf|cfg|md|sql|sh|ps1|py|pl|patch|diff|"
    r"out|err|properties|rst|asc|lst|dat)"
)
_OLD_LOGS: Final = expression(r"(?i)[^./]{1,80}|.*\.(?:txt|log|out|err)[.-]\d{1,8}")
_NAMELESS: Final = expression(
    r"application/(?:(?:x-)?(?:octet-?stream|binary|download|force-?download|unknown)|x-unknown-content-type)"
)
_SEALED: Final = expression(
    r"application/(?:pdf|postscript|(?:x-)?pkcs7.*|pgp-(?:signature|encrypted)|applefile|mac-binhex40|zip|gzip)"
)
_CONTROLS: Final = expression(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LOOK: Final = 8192
_XML_CHARSET: Final = expression(rb"\s*<\?xml[^<>?]{1,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})[\"']")
_TOKENS: Final = expression(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+')
_BETWEEN_TAGS: Final = expression(r">\s*<")
_LONG_LINE: Final = 100
_MAX_DEPTH: Final = 60


def is_data(kind: str, name: str, head: bytes) -> bool:
    """Return whether a part of a type that is no text holds text; `head` is how its content begins."""
    if _TYPES.fullmatch(kind):
        return True
    if head.startswith(b"{\\rtf"):
        return kind.startswith("application/")
    if _NAMELESS.fullmatch(kind):
        return b"\0" not in head[:_LOOK] and (
            _NAMES.fullmatch(name) is not None or (_OLD_LOGS.fullmatch(name) is not None and _is_words(head))
        )
    return kind.startswith("application/") and _SEALED.fullmatch(kind) is None and _is_words(head)


def _is_words(head: bytes) -> bool:
    """Return whether it begins as a text does: letters, line ends, no controls."""
    head = head[:_LOOK]
    return bool(head.strip()) and not _CONTROLS.search(head) and _is_utf_8(head)


def _is_utf_8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def is_rtf(kind: str, data: bytes) -> bool:
    """Return whether it is RTF, whatever its type says."""
    return kind in ("text/rtf", "application/rtf", "application/x-rtf") or data.startswith(b"{\\rtf")


def data_to_text(kind: str, data: bytes, charset: str | None) -> str:
    """Return such a file as it is read; what is one long line of JSON or XML stands on several."""
    cut = len(data) > MOST
    data = data[:MOST]
    is_xml = kind.endswith(("/xml", "/x-xml", "+xml"))
    if is_xml and charset is None and (declared := _XML_CHARSET.match(data)) is not None:
        charset = declared[1].decode("ascii")
        if (codec_for(charset) or "").startswith("utf-16"):
            charset = None  # it was read as ASCII, so it cannot be true
    text = decode(data, charset).strip("\r\n")
    if len(text) > _LONG_LINE and "\n" not in text:
        if is_xml:
            text = _BETWEEN_TAGS.sub(">\n<", text)
        elif text.lstrip()[:1] in ("{", "["):
            text = _indented(text)
    return f"{text}\n\n{CUT_NOTICE}" if cut else text


def _indented(text: str) -> str:
    """Return JSON with a line for each value; nothing of it but the blanks between its signs is changed."""
    done: list[str] = []
    line, depth = "", 0
    empty = False
    for sign in _TOKENS.findall(text):
        if sign in ("}", "]"):
            depth -= 1
            if depth < 0:
                return text
            if not empty:
                done.append(line)
                line = "  " * depth
            line += sign
        else:
            if empty:
                done.append(line)
                line = "  " * depth
            line += ": " if sign == ":" else sign
            if sign == ",":
                done.append(line)
                line = "  " * depth
        empty = sign in ("{", "[")
        if empty:
            depth += 1
            if depth > _MAX_DEPTH:
                return text
    return "\n".join([*done, line])
