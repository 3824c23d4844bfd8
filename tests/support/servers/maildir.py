"""Maildirs on disk, as Dovecot keeps them: mail put in and read back without a protocol between."""

from __future__ import annotations

import base64
import datetime as dt
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

_last_stamp = 0


def _next_stamp() -> tuple[int, int]:
    """Now as seconds and microseconds, later than every one before: Dovecot numbers new mail by it."""
    global _last_stamp
    _last_stamp = max(_last_stamp + 1, time.time_ns() // 1000)
    return divmod(_last_stamp, 1_000_000)


class Maildir:
    """The Maildir++ tree of one account; everything made here belongs to ``owner`` (uid, gid)."""

    def __init__(self, root: Path, owner: tuple[int, int]) -> None:
        self.root = root
        self._owner = owner

    def put(self, raw: bytes, folder: str = "INBOX", when: dt.datetime | None = None) -> Path:
        """Deliver these bytes as they are; ``when`` (default: now) becomes the INTERNALDATE."""
        where = self.directory(folder)
        self._make(where)
        seconds, micros = _next_stamp()
        name = f"{seconds}.M{micros:06d}P{os.getpid()}.test"
        written, final = where / "tmp" / name, where / "new" / name
        written.write_bytes(raw)
        os.chown(written, *self._owner)
        stamp = int(when.timestamp()) if when else seconds
        os.utime(written, (stamp, stamp))
        written.rename(final)
        return final

    def files(self, folder: str = "INBOX") -> list[Path]:
        """The mails of a folder in order of delivery; none if there is no such folder."""
        where = self.directory(folder)
        found = [path for sub in ("cur", "new") if (where / sub).is_dir() for path in (where / sub).iterdir()]
        return sorted(found, key=lambda path: _delivery_order(path.name))

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """The bytes of each mail of a folder in order of delivery, line ends as stored."""
        return [path.read_bytes() for path in self.files(folder)]

    def flags(self, folder: str = "INBOX") -> list[str]:
        """The Maildir flag letters (S = Seen, T = Deleted, ...) of each mail, ordered as ``messages``."""
        return [path.name.partition(":2,")[2] for path in self.files(folder)]

    def folders(self) -> list[str]:
        """Names of all folders, INBOX first, hierarchy separated by dots, decoded from modified UTF-7."""
        return list(self._folders())

    def _folders(self) -> Iterator[str]:
        if self.root.is_dir():
            yield "INBOX"
            for path in sorted(self.root.glob(".*/cur")):
                yield _from_utf7(path.parent.name[1:])

    def change_uidvalidity(self, folder: str = "INBOX") -> None:
        """Make Dovecot give the folder another UIDVALIDITY and new UIDs; no session may be open."""
        where = self.directory(folder)
        for index in where.glob("dovecot.index*"):
            index.unlink()
        uids = where / "dovecot-uidlist"
        old = re.match(r"3 V(\d+) .*?G(\w+)", uids.read_text("ascii")) if uids.exists() else None
        if old:
            uids.write_text(f"3 V{int(old[1]) + 1} N1 G{old[2]}\n", "ascii")

    def clear(self) -> None:
        """Remove the whole tree."""
        shutil.rmtree(self.root, ignore_errors=True)

    def directory(self, folder: str) -> Path:
        """Where a folder's mails are."""
        return self.root if folder.upper() == "INBOX" else self.root / f".{_to_utf7(folder)}"

    def _make(self, where: Path) -> None:
        for path in (self.root.parent, self.root, where, *(where / sub for sub in ("cur", "new", "tmp"))):
            if not path.is_dir():
                path.mkdir()
                os.chown(path, *self._owner)


def _delivery_order(name: str) -> tuple[int, int, str]:
    parts = re.match(r"(\d+)\.(?:M(\d+))?", name)
    return (int(parts[1]), int(parts[2] or 0), name) if parts else (0, 0, name)


def _to_utf7(name: str) -> str:
    """RFC 3501 section 5.1.3."""

    def encoded(run: re.Match[str]) -> str:
        letters = base64.b64encode(run[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
        return "&-" if run[0] == "&" else f"&{letters.decode()}-"

    return re.sub(r"&|[^ -~]+", encoded, name)


def _from_utf7(name: str) -> str:
    def decoded(run: re.Match[str]) -> str:
        letters = run[1].replace(",", "/")
        return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-16-be") if letters else "&"

    return re.sub(r"&([^-]*)-", decoded, name)
