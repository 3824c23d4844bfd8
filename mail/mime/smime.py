"""What is inside of signed or compressed S/MIME (RFC 8551, RFC 5652, RFC 3274): only to be unwrapped."""

from __future__ import annotations

import zlib
from typing import Final

from mail.mime.headers import decode_base64

_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_DATA: Final = bytes.fromhex("2a864886f70d010701")
_DIGESTED_DATA: Final = bytes.fromhex("2a864886f70d010705")
_COMPRESSED_DATA: Final = bytes.fromhex("2a864886f70d0109100109")
_ENCRYPTED: Final = frozenset(
    bytes.fromhex(kind)
    for kind in (
        "2a864886f70d010703",  # enveloped data
        "2a864886f70d010704",  # signed and enveloped data (PKCS #7 alone)
        "2a864886f70d010706",  # encrypted data
        "2a864886f70d0109100117",  # authenticated and enveloped data (RFC 5083)
    )
)
_ARMOR: Final = (b"-----BEGIN PKCS7", b"-----BEGIN CMS", b"-----BEGIN SIGNED", b"MI")
MAX_UNPACKED: Final = 50 * 1024 * 1024
_MAX_DEPTH: Final = 12
_OCTETS: Final = 0x04


class _Broken(ValueError):
    pass


def der_of(data: bytes) -> bytes:
    """Return CMS in its bytes, also where it came as base64 that no header tells of, or as PEM (RFC 7468)."""
    if not data[:64].lstrip().startswith(_ARMOR):
        return data
    return decode_base64(b"".join(line for line in data.splitlines() if not line.startswith(b"-----")))


def signed_content(data: bytes) -> bytes | None:
    """Return the MIME entity that was signed, or None: encrypted, broken, or a signature alone."""
    return _content(data, _SIGNED_DATA)


def open_content(data: bytes) -> bytes | None:
    """Return the MIME entity in signed, digested, compressed or plain data, or None."""
    data = der_of(data)
    for kind in (_SIGNED_DATA, _DIGESTED_DATA, _DATA):
        found = _content(data, kind)
        if found is not None:
            return found
    packed = _content(data, _COMPRESSED_DATA)
    if packed is None:
        return None
    try:
        return zlib.decompressobj().decompress(packed, MAX_UNPACKED) or None
    except zlib.error:
        return None


def _content(data: bytes, wanted: bytes) -> bytes | None:
    try:
        kind, body = _wrapped(data)
        if kind != wanted:
            return None
        if kind == _DATA:
            return b"".join(_octets(data, body, 0)) or None
        # version and algorithms, then what they were used on
        content = _children(data, *_children(data, *body[1:])[2][1:])
        if len(content) < 2:
            return None
        inner = _children(data, *content[1][1:])
        return b"".join(_octets(data, inner[0], 0)) or None
    except (_Broken, IndexError):
        return None


def is_encrypted(data: bytes) -> bool:
    """Return whether it is CMS that only the holder of a key can read."""
    try:
        return _wrapped(data)[0] in _ENCRYPTED
    except (_Broken, IndexError):
        return False


def has_certificates_alone(data: bytes) -> bool:
    """Return whether it is signed data that signs nothing, as certificates are sent (RFC 8551 3.9)."""
    try:
        kind, body = _wrapped(data)
        return kind == _SIGNED_DATA and len(_children(data, *_children(data, *body[1:])[2][1:])) < 2
    except (_Broken, IndexError):
        return False


def _wrapped(data: bytes) -> tuple[bytes, tuple[int, int, int]]:
    """Return the type of a ContentInfo, and the element that is in it."""
    outer = _children(data, *_read(data, 0, len(data))[1:])
    kind = data[outer[0][1] : outer[0][2]]
    inner = _children(data, *outer[1][1:])
    return kind, inner[0]


def _octets(data: bytes, element: tuple[int, int, int], depth: int) -> list[bytes]:
    """Return the bytes of an OCTET STRING, which may be cut into pieces (BER)."""
    tag, begin, end = element
    if tag == _OCTETS:
        return [data[begin:end]]
    if depth > _MAX_DEPTH:
        raise _Broken
    return [piece for child in _children(data, begin, end) for piece in _octets(data, child, depth + 1)]


def _children(data: bytes, begin: int, end: int) -> list[tuple[int, int, int]]:
    """Return tag, begin and end of the elements in a constructed one."""
    found = []
    while begin < end:
        if data[begin : begin + 2] == b"\x00\x00":
            break
        tag, start, stop = _read(data, begin, end)
        found.append((tag, start, stop))
        begin = stop + (2 if data[begin + 1] == 0x80 else 0)
        if len(found) > 100_000:
            raise _Broken
    return found


def _read(data: bytes, at: int, end: int, depth: int = 0) -> tuple[int, int, int]:
    """Return tag, begin and end of the content at `at`; indefinite lengths are looked for (BER)."""
    if at + 2 > end or depth > _MAX_DEPTH:
        raise _Broken
    tag, size = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise _Broken
    begin = at + 2
    if size == 0x80:
        position = begin
        while data[position : position + 2] != b"\x00\x00":
            _, _, stop = _read(data, position, end, depth + 1)
            position = stop + (2 if data[position + 1] == 0x80 else 0)
        return tag, begin, position
    if size & 0x80:
        count = size & 0x7F
        size = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + size > end:
        raise _Broken
    return tag, begin, begin + size
