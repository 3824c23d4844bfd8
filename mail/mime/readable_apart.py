"""What a person reads of an attached file, read by a process of its own with limits."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from mail.inert import clean
from mail.mime.helper_process import output_of

SECONDS: Final = 5
"""Of the processor; the clock may take twice as long."""
MEGABYTES: Final = 512
TOO_MUCH: Final = "[This file takes too much time or memory to be read here. Save it to look at it.]"
_PROGRAM: Final = Path(__file__).with_name("readable_process.py")


def readable_apart(
    data: bytes,
    name: str,
    kind: str,
    zone: ZoneInfo,
    *,
    seconds: int = SECONDS,
    megabytes: int = MEGABYTES,
) -> str | None:
    """Return what `mail.mime.readable` says of a file, or `TOO_MUCH`. Blocks for twice `seconds` at most."""
    arguments = [str(seconds), str(megabytes), _argument(name), _argument(kind), zone.key]
    answer = output_of(_PROGRAM, arguments, data, seconds * 2)
    if answer is None:
        return TOO_MUCH
    found, _, text = answer.partition(b"\n")
    # It is inert already, if the process was not made to say something else.
    return clean(text.decode("utf-8", "replace")) if found == b"text" else None


def _argument(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[-300:]
