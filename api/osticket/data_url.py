"""RFC 2397: bytes and their type in a text."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from config.expressions import expression
from config.records import Record

_HEAD = expression(r"data:((?:[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE | re.ASCII)
_HEAD_LENGTH = 500


class DataUrl(Record):
    """`type` without parameters, in lower case; empty when the URL names none."""

    type: str
    charset: str
    data: bytes


def parse_data_url(text: str) -> DataUrl | None:
    """Return what the text holds; None when it is no data URL. Raises ValueError for base64 that is none."""
    found = _HEAD.match(text, 0, _HEAD_LENGTH)
    if found is None:
        return None
    kind, _, parameters = found[1].partition(";")
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.lower() == "charset":
            charset = value.strip("\"' ")
    body = text[found.end() :]
    data = decode_base64(body) if found[2] else unquote_to_bytes(body)
    return DataUrl(kind.lower(), charset, data)


def decode_base64(text: str) -> bytes:
    """Return bytes of base64 with blanks in it, percent-encoded or not, padded or not. Raises ValueError."""
    packed = unquote_to_bytes(text) if "%" in text else text.encode("ascii", "replace")
    packed = b"".join(packed.split()).rstrip(b"=")
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except binascii.Error:
        raise ValueError("it is no base64") from None
