"""What a person reads of an attached file without a program for it: text, mails, calendars, lists."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from datetime import tzinfo
from typing import Final

from mail.inert import clean, one_line, without_direction_marks
from mail.mime.calendar import card
from mail.mime.charset import decode

MOST: Final = 2_000_000
"""Bytes of a file that are read."""
MEMBERS: Final = 1000
"""Members of an archive that are listed."""
_TAR_MAGIC: Final = slice(257, 262)
_MANY: Final = 50_000
_MEMORY: Final = 1 << 26
"""Bytes that a compressed file may have its reader keep."""


def readable(data: bytes, name: str, kind: str, zone: tzinfo) -> str | None:
    """Return the inert text of a file, or None where it has none to read; times in `zone`.

    ``kind`` is its content type, which may lie: what the bytes say wins. At most `MOST` bytes are read.
    """
    low = name.lower()
    for magic, (suffix, unpack) in _COMPRESSED.items():
        if data.startswith(magic) and not data[:64].isascii():  # a text may begin with "BZh"
            inner = unpack(data)
            again = not inner or inner.startswith(tuple(_COMPRESSED))
            return None if again else readable(inner, low.removesuffix(suffix), "", zone)
    if data.startswith(b"PK\x03\x04"):
        return _zip_listing(data)
    if data[_TAR_MAGIC] == b"ustar":
        return _tar_listing(data)
    picture = _picture(data)
    if picture:
        return picture
    data = data[:MOST]
    if not _is_text(data):
        return None
    if kind == "message/rfc822" or low.endswith(".eml"):
        return _mail(data)
    text = clean(without_direction_marks(decode(data)))
    if kind == "text/calendar" or low.endswith(".ics"):
        return card(text, zone) or text
    if kind in ("text/csv", "text/tab-separated-values") or low.endswith((".csv", ".tsv")):
        from mail.mime.separated import table  # 4 ms, for files of values

        return table(text) or text
    if kind == "text/html" or low.endswith((".html", ".htm")):
        from mail.mime.html.document import html_to_text  # 9 ms, for HTML files

        return html_to_text(decode(data))
    return text


def _is_text(data: bytes) -> bool:
    head = data[:8192]
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    controls = sum(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head)
    return b"\x00" not in head and controls * 20 <= len(head) + 40


def _mail(data: bytes) -> str:
    from mail.mime.message import parse  # 9 ms, for mail that is a file

    mail = parse(data)
    lines = [f"{name}: {mail.header(name) or ''}" for name in ("From", "To", "Cc", "Date", "Subject")]
    files = [f"[file] {part.name}" for part in mail.attachments]
    return "\n".join([*(line for line in lines if not line.endswith(": ")), "", mail.text, "", *files]).strip(
        "\n"
    )


def _of_gzip(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(data, MOST)
    except zlib.error:
        return b""


def _of_xz(data: bytes) -> bytes:
    import lzma  # 2 ms, for such files

    try:
        return lzma.LZMADecompressor(memlimit=_MEMORY).decompress(data, MOST)
    except (lzma.LZMAError, EOFError):
        return b""


def _of_bzip2(data: bytes) -> bytes:
    import bz2  # 1 ms, for such files

    try:
        return bz2.BZ2Decompressor().decompress(data, MOST)
    except (OSError, EOFError):
        return b""


def _of_zstd(data: bytes) -> bytes:
    import zstandard  # 3 ms, for such files

    try:
        return zstandard.ZstdDecompressor(max_window_size=_MEMORY).stream_reader(data).read(MOST)
    except zstandard.ZstdError:
        return b""


_COMPRESSED: Final = {
    b"\x1f\x8b": (".gz", _of_gzip),
    b"\xfd7zXZ\x00": (".xz", _of_xz),
    b"BZh": (".bz2", _of_bzip2),
    b"\x28\xb5\x2f\xfd": (".zst", _of_zstd),
}
"""How compressed files begin, and what unpacks their first `MOST` bytes; nothing where they are damaged."""


def _zip_listing(data: bytes) -> str | None:
    end = data.rfind(b"PK\x05\x06")
    if end < 0 or len(data) < end + 12:
        return None
    (count,) = struct.unpack("<H", data[end + 10 : end + 12])
    if count >= _MANY:
        return f"An archive of {count} files."
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [(item.filename, item.file_size) for item in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    return _listing(found)


def _tar_listing(data: bytes) -> str | None:
    found: list[tuple[str, int]] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for item in archive:
                found.append((item.name, item.size))
                if len(found) > MEMBERS:
                    break
    except (tarfile.TarError, OSError, ValueError):
        if not found:
            return None
    return _listing(found)


def _listing(found: list[tuple[str, int]]) -> str:
    lines = [f"{size:>12}  {one_line(name, 300)}" for name, size in found[:MEMBERS]]
    more = [f"and {len(found) - MEMBERS} more"] if len(found) > MEMBERS else []
    return "\n".join([f"An archive of {len(found)} file{'s' * (len(found) != 1)}:", "", *lines, *more])


def _picture(data: bytes) -> str:
    """Return kind and size of a picture; empty for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return "A PNG picture, {} x {} pixels.".format(*struct.unpack(">II", data[16:24]))
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return "A GIF picture, {} x {} pixels.".format(*struct.unpack("<HH", data[6:10]))
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    return ""


def _jpeg(data: bytes) -> str:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return f"A JPEG picture, {width} x {height} pixels."
        at += 2 + max(2, length)
    return "A JPEG picture."
