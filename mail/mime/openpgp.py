"""OpenPGP by GnuPG: signatures checked, and mail opened that was encrypted to the desk (RFC 3156, RFC 9580).

Needs the extra `pgp` (python-gnupg) and the program gpg. Whoever's key is in the key ring is known: the
desk's owner put it there. No key server is asked, and each call is bounded in time and in what it returns.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, Final, Literal

from config.expressions import expression
from mail.inert import one_line
from mail.mime.address import parse_addresses

if TYPE_CHECKING:
    import gnupg

SECONDS: Final = 10
MAX_OPENED: Final = 20 * 1024 * 1024
MAX_GIVEN: Final = 50 * 1024 * 1024
_MAX_UIDS: Final = 20
_OFFLINE: Final = (
    *("--batch", "--no-tty", "--pinentry-mode", "loopback", "--no-auto-key-retrieve"),
    *("--no-auto-key-locate", "--disable-dirmngr", "--no-auto-check-trustdb", "--trust-model", "always"),
)
BLOCK: Final = expression(
    r"^-----BEGIN PGP (?:SIGNED )?MESSAGE-----\r?$.*?^-----END PGP (?:SIGNATURE|MESSAGE)-----\r?$",
    re.DOTALL | re.MULTILINE,
)

SignedState = Literal["good", "unknown key", "broken", "none"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a signature is worth: whose key made it (name and addresses), or why it does not hold."""

    state: SignedState
    name: str = ""
    addresses: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was encrypted, and the signature inside; `data` is None, and `why` says it, if it stays closed."""

    data: bytes | None
    checked: Checked = Checked("none")
    why: str = ""


class KeyRing:
    """GnuPG's home directory of the desk. Never raises for what a mail holds."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def missing(self) -> str:
        """What stands in the way of using it; empty when nothing does."""
        if not self._home.is_dir():
            return "this desk has no OpenPGP keys"
        try:
            import gnupg  # noqa: F401 - 8 ms, and an extra that may not be installed
        except ImportError:
            return "pip install '.[pgp]' in the clone"
        return "" if shutil.which("gpg") else "the program gpg is not installed"

    def check(self, contents: Sequence[bytes], signature: bytes | None = None) -> Checked:
        """Check a detached signature of the first of the contents that it fits, or one around a text."""
        checked = Checked("broken", why="it cannot be read")
        for content in contents:
            if len(content) > MAX_GIVEN:
                return Checked("broken", why="the mail is too large to be checked")
            try:
                checked = self._check(content, signature)
            except (OSError, ValueError):
                return Checked("broken", why="gpg did not check it")
            if checked.state != "broken":
                break
        return checked

    def open(self, data: bytes) -> Opened:
        """Decrypt with the desk's own keys."""
        if len(data) > MAX_GIVEN:
            return Opened(None, why="it is too large to be opened")
        try:
            found = self._gpg.decrypt(data, always_trust=True, extra_args=["--max-output", str(MAX_OPENED)])
            if not found.ok or "--max-output" in (found.stderr or ""):
                return Opened(None, why=_why_closed(found))
            signed = found.signature_id or found.valid or "SIG" in (found.stderr or "")
            return Opened(bytes(found.data), self._checked(found) if signed else Checked("none"))
        except (OSError, ValueError):
            return Opened(None, why="gpg did not open it")

    def _check(self, content: bytes, signature: bytes | None) -> Checked:
        if signature is None:
            return self._checked(self._gpg.verify(content))
        with tempfile.NamedTemporaryFile(prefix="nightdesk-", suffix=".asc") as file:
            file.write(signature)
            file.flush()
            return self._checked(self._gpg.verify_data(file.name, content))

    def _checked(self, found: Any) -> Checked:
        if found.valid:
            name, addresses = self._holder(found.fingerprint, found.username or "")
            return Checked("good", name, addresses)
        if found.status == "no public key":
            return Checked("unknown key", why=one_line(found.key_id or "", 40))
        return Checked("broken", why=_WHY.get(found.status or "", "it cannot be read"))

    def _holder(self, fingerprint: str, username: str) -> tuple[str, tuple[str, ...]]:
        """Return the name of a key's holder, and all addresses that the key names."""
        uids = [username]
        for key in self._gpg.list_keys(keys=[fingerprint])[:1]:
            uids += key["uids"][:_MAX_UIDS]
        people = [person for uid in uids for person in parse_addresses([uid])[:1]]
        name = next((person.name for person in people if person.name), "")
        emails = tuple(dict.fromkeys(person.email.lower() for person in people if person.email))
        return one_line(name or next(iter(emails), "") or fingerprint, 120), emails

    @cached_property
    def _gpg(self) -> gnupg.GPG:
        return _bounded()(gnupghome=str(self._home), options=list(_OFFLINE))


def _bounded() -> type[gnupg.GPG]:
    import gnupg  # 8 ms, and an extra that may not be installed

    class Bounded(gnupg.GPG):  # type: ignore[misc]
        """GPG, each call of which is ended when it takes too long."""

        def _open_subprocess(self, *args: Any, **named: Any) -> subprocess.Popen[bytes]:
            process: subprocess.Popen[bytes] = super()._open_subprocess(*args, **named)
            timer = Timer(SECONDS, process.kill)
            timer.daemon = True
            timer.start()
            return process

    return Bounded


def _why_closed(found: Any) -> str:
    if found.status == "no secret key" or "no secret key" in (found.stderr or "").lower():
        return "it was encrypted to other keys than this desk has"
    if "--max-output" in (found.stderr or ""):
        return f"it is larger than {MAX_OPENED >> 20} MB"
    return "it cannot be read"


_WHY: Final = {
    "signature bad": "the text was changed after it was signed",
    "signature expired": "it has expired",
    "signing key has expired": "the key has expired",
    "key expired": "the key has expired",
    "signing key was revoked": "the key was revoked",
    "key revoked": "the key was revoked",
    "signature error": "it cannot be checked",
}
