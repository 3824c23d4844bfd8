"""Generated mails written to disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from tests.generator.manifest import GeneratedMail

Format = Literal["eml", "maildir", "mbox"]


def write(mails: Iterable[GeneratedMail], out: Path, form: Format) -> Iterator[tuple[str, GeneratedMail]]:
    """Write each mail and give it back with its file's name.

    eml: CRLF, one file a mail. maildir: LF, in ``new/``, with the mail's time. mbox: LF, mboxrd.
    """
    if form == "mbox":
        yield from _mbox(mails, out)
        return
    where = out / "new" if form == "maildir" else out
    for folder in ("cur", "new", "tmp") if form == "maildir" else (".",):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for number, mail in enumerate(mails):
        stamp = int(mail.received.timestamp())
        name = f"{stamp}.M{number:06d}P1.gen" if form == "maildir" else f"{number:06d}.eml"
        (where / name).write_bytes(_unix(mail.raw) if form == "maildir" else mail.raw)
        os.utime(where / name, (stamp, stamp))
        yield name, mail


def _mbox(mails: Iterable[GeneratedMail], out: Path) -> Iterator[tuple[str, GeneratedMail]]:
    with out.open("wb") as file:
        for mail in mails:
            file.write(f"From gen@localhost {mail.received:%a %b %d %H:%M:%S %Y}\n".encode())
            file.write(re.sub(rb"(?m)^(>*From )", rb">\1", _unix(mail.raw)) + b"\n")
            yield out.name, mail


def _unix(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n")
