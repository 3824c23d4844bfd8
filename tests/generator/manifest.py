"""What a reader of a generated mail must find in it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

Kind = Literal["new", "reply", "auto", "attach", "news", "hostile"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A decoded attachment: ``size`` and ``sha256`` (hex) are of its content."""

    name: str
    type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Decoded values. ``parent`` is the Message-ID of the mail that this one answers, whatever it says of it.

    ``subject`` and ``sender_name`` of a hostile mail are what was put in, not what a person may be shown.
    """

    kind: Kind
    message_id: str
    parent: str | None
    sender: str
    sender_name: str
    subject: str
    charset: str
    cte: tuple[str, ...]
    structure: str
    attachments: tuple[Attachment, ...]
    size: int
    sha256: str

    def as_json(self, file: str) -> dict[str, Any]:
        """The manifest's line for a mail that was written to ``file``."""
        values = asdict(self)
        return {
            "file": file,
            "kind": values["kind"],
            "message_id": values["message_id"],
            "parent": values["parent"],
            "from": values["sender"],
            "from_name": values["sender_name"],
            **{
                key: values[key]
                for key in ("subject", "charset", "cte", "structure", "attachments", "size", "sha256")
            },
        }


@dataclass(frozen=True)
class GeneratedMail:
    """``raw`` has CRLF line ends; ``received`` is aware UTC."""

    raw: bytes
    received: dt.datetime
    manifest: Manifest

    @cached_property
    def sha256(self) -> str:
        """Of ``raw``, hex."""
        return hashlib.sha256(self.raw).hexdigest()
