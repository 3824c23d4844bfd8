"""Parts that are wrappers of their own: winmail.dat, opaque S/MIME, files written into a text.

What cannot be opened stays what it is: an attachment, or text.
"""

from __future__ import annotations

import re
from typing import Final

from config.expressions import expression
from config.records import Record
from mail.mime.headers import Headers

MAX_WRAPPED_BYTES: Final = 50 * 1024 * 1024
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_TNEF_MAGIC: Final = b"\x78\x9f\x3e\x22"  # as in mail.mime.tnef, which is loaded only where it is needed
_PKCS7: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_HAS_TYPE: Final = expression(rb"^content-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_BLANKS: Final = expression(r"\s+")


class Inner(Record):
    """A part found within another. Without `headers`, `data` is a MIME entity with headers of its own."""

    data: bytes
    headers: Headers | None = None


def wraps(kind: str, name: str) -> bool:
    """Return whether a part of this type and name may be a wrapper that `opened` knows."""
    low = name.lower()
    return (
        kind in _TNEF
        or kind in _PKCS7
        or (kind == "application/octet-stream" and (low == "winmail.dat" or low.endswith((".p7m", ".p7z"))))
    )


def opened(kind: str, data: bytes, name: str = "") -> list[Inner]:
    """Return what is in a wrapper; empty if it cannot be opened. Never raises.

    Signed data is a mail's part, or a file of its own, as ``contract.pdf.p7m`` has one.
    """
    if len(data) > MAX_WRAPPED_BYTES:
        return []
    if kind in _TNEF or data.startswith(_TNEF_MAGIC):
        from mail.mime.tnef import read_tnef  # 1.3 ms, for wrapped mail

        return [
            Inner(
                found.data,
                described(found.type, found.name, found.type.startswith("text/") and not found.name),
            )
            for found in read_tnef(data)
        ]
    from mail.mime.smime import open_content  # 0.2 ms, for wrapped mail

    content = open_content(data)
    if not content:
        return []
    stem = name[:-4] if name.lower().endswith((".p7m", ".p7z")) else ""
    if "." in stem and not _HAS_TYPE.search(content, 0, 4096):
        return [Inner(content, described("application/octet-stream", stem, False))]
    return [Inner(content)]


def holds_files(data: bytes) -> bool:
    """Return whether it is worth looking: costs next to nothing for texts without such files."""
    return b"begin " in data or b"begin-base64 " in data


def files_out_of(data: bytes, kind: str, charset: str | None) -> list[Inner]:
    """Return a text and the files that were uuencoded or yEncoded into it; empty if there are none."""
    if not holds_files(data):
        return []
    from mail.mime.inline_files import files_in, plain_lines  # 0.6 ms, for texts with files in their lines

    text, files = files_in(plain_lines(data) if kind == "text/html" else data)
    if not files:
        return []
    described_text = f"{kind}; charset={charset}" if charset else kind
    inner = [Inner(text, Headers([("content-type", described_text.encode("ascii", "replace"))]))]
    return [
        *inner,
        *(Inner(one.data, described("application/octet-stream", one.name, False)) for one in files),
    ]


def described(kind: str, name: str, inline: bool) -> Headers:
    """Return headers for a part that came without any."""
    fields = [("content-type", kind.encode("ascii", "replace"))]
    disposition = "inline" if inline else "attachment"
    if name:
        from urllib.parse import quote  # 1.4 ms, for files in wrappers

        disposition += f"; filename*=utf-8''{quote(_BLANKS.sub(' ', name)[:255])}"
    return Headers([*fields, ("content-disposition", disposition.encode("ascii"))])
