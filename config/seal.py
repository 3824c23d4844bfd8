"""Sealing: secrets at rest, encrypted with the desk's key file.

The key file (data/desk.key, 0600, made by `init`) holds a line `desk <base64>` with the secret that signs
Message-IDs, which never changes, and lines `key <base64>`; the first of those seals, all of them unseal. A
sealed secret is AES-256-GCM over UTF-8, bound to a context: moved to another row, it does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path

from config.errors import ConfigError, SealBroken
from config.files import atomic_write, check_private, owner_hint, write_once
from config.secret import Secret

_VERSION = b"\x01"
_ID = 4
_NONCE = 12
_KEY_BYTES = 32
_HEAD = len(_VERSION) + _ID + _NONCE
_PREFACE = """\
# The key of this desk. Without it stored passwords cannot be read. Keep a copy apart from the database.
"""


class _Keys:
    __slots__ = ("desk", "keys")

    def __init__(self, desk: bytes, keys: tuple[bytes, ...]) -> None:
        self.desk = desk
        self.keys = keys

    def __repr__(self) -> str:
        return "_Keys()"

    def text(self) -> bytes:
        lines = [f"desk {base64.b64encode(self.desk).decode()}"]
        lines += [f"key {base64.b64encode(key).decode()}" for key in self.keys]
        return (_PREFACE + "\n".join(lines) + "\n").encode()


def create_key_file(path: Path) -> bool:
    """Make a new key file unless there is one; False if there was. Safe when two run at once."""
    if path.exists():
        return False
    return write_once(path, _Keys(os.urandom(_KEY_BYTES), (os.urandom(_KEY_BYTES),)).text())


class Sealer:
    """Seals and unseals with the keys of one key file, read when first needed and when it changed."""

    __slots__ = ("_keys", "_path", "_seen")

    def __init__(self, key_file: Path) -> None:
        self._path = key_file
        self._keys: _Keys | None = None
        self._seen: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"Sealer({str(self._path)!r})"

    def seal(self, plain: str, context: str) -> bytes:
        """Encrypt `plain` for `context` (which row it belongs to) with the current key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 8 ms

        key = self._read().keys[0]
        nonce = os.urandom(_NONCE)
        box = AESGCM(key).encrypt(nonce, plain.encode("utf-8", "surrogatepass"), context.encode())
        return _VERSION + _key_id(key) + nonce + box

    def unseal(self, sealed: bytes, context: str) -> Secret:
        """Return what `seal` hid; raises SealBroken if no key fits, bytes changed, or the context differs."""
        from cryptography.exceptions import InvalidTag  # 6 ms
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 8 ms

        sealed = bytes(sealed)
        if len(sealed) < _HEAD + 16 or not sealed.startswith(_VERSION):
            raise SealBroken(f"the stored secret of {context} is damaged", "enter the password again")
        wanted, nonce = sealed[1 : 1 + _ID], sealed[1 + _ID : _HEAD]
        for key in self._read().keys:
            if _key_id(key) != wanted:
                continue
            try:
                plain = AESGCM(key).decrypt(nonce, sealed[_HEAD:], context.encode())
            except InvalidTag:
                raise SealBroken(
                    f"the stored secret of {context} is damaged or belongs elsewhere",
                    "enter the password again",
                ) from None
            return Secret(plain.decode("utf-8", "surrogatepass"))
        raise SealBroken(
            f"the stored secret of {context} was sealed with another key than {self._path.name} holds",
            f"put the right {self._path} back (it is not in the database), or enter the password again",
        )

    def is_current(self, sealed: bytes) -> bool:
        """Return whether `sealed` was made with the first key, so that older keys may go."""
        return bytes(sealed)[1 : 1 + _ID] == _key_id(self._read().keys[0])

    def rotate(self) -> None:
        """Add a new current key; older ones still unseal. Then store every secret `resealed`."""
        keys = self._read()
        self._write(_Keys(keys.desk, (os.urandom(_KEY_BYTES), *keys.keys)))

    def resealed(self, sealed: bytes, context: str) -> bytes:
        """Return the same secret under the current key."""
        return (
            sealed if self.is_current(sealed) else self.seal(self.unseal(sealed, context).reveal(), context)
        )

    def drop_old_keys(self) -> None:
        """Forget all keys but the current one: only after every stored secret was sealed again."""
        keys = self._read()
        self._write(_Keys(keys.desk, keys.keys[:1]))

    def desk_secret(self) -> bytes:
        """Return the 32 bytes that sign this desk's Message-IDs and tokens; never rotated."""
        return self._read().desk

    def _write(self, keys: _Keys) -> None:
        atomic_write(self._path, keys.text())
        self._keys, self._seen = keys, self._signature()

    def _read(self) -> _Keys:
        # Another process may have rotated the keys: what is sealed with a dropped one is lost.
        signature = self._signature()
        if self._keys is None or (signature is not None and signature != self._seen):
            self._keys, self._seen = _read_keys(self._path), signature
        return self._keys

    def _signature(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"nightdesk key id" + key).digest()[:_ID]


def _read_keys(path: Path) -> _Keys:
    damaged = ConfigError(f"the key file {path} is damaged", "put back the copy kept apart from the database")
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise ConfigError(
            f"the key file {path} is missing",
            "put it back from the copy, or run nightdesk init for a new one",
        ) from None
    except PermissionError:
        raise ConfigError(f"the key file {path} cannot be read", owner_hint(path)) from None
    except UnicodeDecodeError:
        raise damaged from None
    if problems := check_private(path):
        raise ConfigError(f"the key file {problems[0]}", problems[0].hint)
    found: dict[str, list[bytes]] = {"desk": [], "key": []}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, value = line.partition(" ")
        try:
            key = base64.b64decode(value, validate=True)
        except binascii.Error:
            raise damaged from None
        if name not in found or len(key) != _KEY_BYTES:
            raise damaged
        found[name].append(key)
    if len(found["desk"]) != 1 or not found["key"]:
        raise damaged
    return _Keys(found["desk"][0], tuple(found["key"]))
