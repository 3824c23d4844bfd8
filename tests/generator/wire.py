"""MIME written by hand, so that every encoding stays as chosen (the standard library would normalise)."""

from __future__ import annotations

import base64
import hashlib
import quopri
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.header import Header
from random import Random

from tests.generator.manifest import Attachment
from tests.generator.words import ATTACHED

LONGEST_LINE = 990


@dataclass(frozen=True, slots=True)
class Part:
    """A body part: its header lines and its body, CRLF throughout."""

    head: bytes
    body: bytes


@dataclass(slots=True)
class Writer:
    """Writes the parts of one mail, and remembers what it wrote."""

    random: Random
    encodings: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)

    def text(self, content_type: str, text: str, charset: str, extra: str = "") -> Part:
        """A text part in a transfer encoding that fits, its charset spelled in one of the usual ways."""
        encoding, body = self._encoded(text, charset)
        self.encodings.append(encoding)
        spelled = self.random.choice([charset, f'"{charset}"', charset.upper()])
        head = f"Content-Type: {content_type}; charset={spelled}{extra}\r\n"
        return Part(f"{head}Content-Transfer-Encoding: {encoding}\r\n".encode(), body)

    def multipart(self, subtype: str, parts: Sequence[Part], extra: str = "") -> Part:
        """A multipart with a boundary of its own."""
        boundary = f"=_{self.random.getrandbits(128):032x}"
        line = f"--{boundary}".encode()
        head = f'Content-Type: multipart/{subtype};{extra} boundary="{boundary}"\r\n'.encode()
        pieces = [b"This is a multi-part message in MIME format.\r\n"]
        pieces += [line + b"\r\n" + part.head + b"\r\n" + part.body + b"\r\n" for part in parts]
        return Part(head, b"".join(pieces) + line + b"--\r\n")

    def attachment(self, size: int) -> Part:
        """A file of ``size`` random bytes whose name is plain, RFC 2047 or RFC 2231."""
        stem, suffix, content_type, magic = self.random.choice(ATTACHED)
        content = magic + self.random.randbytes(size - len(magic))
        name = f"{stem} {self.random.randint(1, 99)}.{suffix}"
        word = name if name.isascii() else Header(name, "utf-8").encode(maxlinelen=None)
        filename = f'filename="{word}"'
        if not name.isascii() and self.random.random() < 0.5:
            filename = f"filename*=utf-8''{percent_encoded(name)}"
        digest = hashlib.sha256(content).hexdigest()
        self.attachments.append(Attachment(name, content_type, len(content), digest))
        head = (
            f'Content-Type: {content_type};\r\n name="{word}"\r\n'
            f"Content-Disposition: attachment;\r\n {filename}\r\nContent-Transfer-Encoding: base64\r\n"
        )
        return Part(head.encode(), base64_lines(content))

    def _encoded(self, text: str, charset: str) -> tuple[str, bytes]:
        body = text.encode(charset, "replace").replace(b"\n", b"\r\n")
        if body.isascii() and self.random.random() < 0.9:
            encoding = "7bit"
        else:
            encoding = self.random.choice(["quoted-printable", "quoted-printable", "base64", "8bit"])
        if encoding in ("7bit", "8bit") and max(map(len, body.split(b"\r\n"))) > LONGEST_LINE:
            encoding = "quoted-printable"
        if encoding == "quoted-printable":
            body = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        elif encoding == "base64":
            body = base64_lines(body)
        return encoding, body


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters."""
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def percent_encoded(name: str) -> str:
    """The value of an RFC 2231 parameter, without charset and language."""
    return "".join(
        chr(byte) if byte < 128 and (chr(byte).isalnum() or byte in b"._-") else f"%{byte:02X}"
        for byte in name.encode()
    )


def header_value(text: str, charset: str) -> str:
    """The text itself if it is ASCII, else RFC 2047 words in ``charset``, or UTF-8 if that lacks a letter."""
    if text.isascii():
        return text
    fits = text.encode(charset, "replace").decode(charset) == text
    return Header(text, charset if fits else "utf-8").encode(linesep="\r\n")
