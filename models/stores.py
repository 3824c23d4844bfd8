"""Object stores: bytes by name in S3 and compatible stores, in Google's or Azure's, or in a directory.

A store is named by a URL, ``s3://bucket/prefix``. What the store's library asks for besides may stand behind
it: ``?endpoint=http://127.0.0.1:9000&region=eu-central-1``; logins come from the host's environment or role
(``AWS_ACCESS_KEY_ID``, ...).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from config.errors import ConfigError
from config.paths import masked_url
from models.errors import StoreAway, StoreOfAnother

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "gs", "az", "file")
MARK = "nightdesk-desk"
"""The object that says whose a store is."""
_TRIED = "nightdesk-tried"
_OWN = (MARK, _TRIED)
"""Objects that are nobody's mail."""
TIMEOUT_SECONDS = 15
"""How long one request may take."""
RETRIES, RETRY_SECONDS = 3, 10
"""How often, and how long, a request that failed is asked again; then the store is away."""
TURN_SECONDS = 1.0
"""How long a reader waits for its turn, where few may read at once."""
HURRY_SECONDS = 3
"""How long one may take for which others wait, who want to write."""
LEFT_ALONE_SECONDS = 30.0
"""A store that did not answer in that time is taken to be away for so long, by those who are in a hurry."""

_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")


def is_url(text: str) -> bool:
    """Whether a text names an object store."""
    return text.partition("://")[0] in SCHEMES and "://" in text


class Store:
    """One store. The first request connects to it; all threads may use it.

    ``purpose`` is what people call it when it is away. With an ``owner``, the id of a desk, it has the mark
    of the first that wrote into it, and no other one writes or removes anything there.
    """

    def __init__(self, url: str, purpose: str = "the store of attachments", owner: str = "") -> None:
        self._url = url
        self._owner = owner
        self._is_ours = not owner
        self._purpose = purpose
        self._slow_until = float("-inf")
        self._patience: float | None = None
        self._turns: threading.BoundedSemaphore | None = None
        self._split = urlsplit(url)
        server, path = self._split.netloc, self._split.path
        named = path and not server if self._split.scheme == "file" else server
        if self._split.scheme not in SCHEMES or not named:
            raise ConfigError(
                f"{masked_url(url)} is no object store",
                "give s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///directory",
            )

    @property
    def shown(self) -> str:
        """The store's name as people see it: without secrets and without options."""
        return masked_url(self._split._replace(query="").geturl())

    def wait_at_most(self, seconds: float) -> None:
        """Give each request so many seconds, and make none twice: somebody waits for this program to end."""
        self._patience = seconds

    def let_read_at_once(self, most: int) -> None:
        """Let so many threads read at once: a store that hangs must not hold all that a program has."""
        self._turns = threading.BoundedSemaphore(most)

    def create(self, name: str, data: bytes) -> bool:
        """Store bytes under a new name; False if the name is taken, whose bytes stay as they are.

        Durable when it returns. Raises StoreAway, StoreOfAnother among them.
        """
        import obstore  # 8 ms, for a desk with a store

        with self._trouble():
            self._make()
            self._claim()
            try:
                obstore.put(self._opened, name, data, mode="create", use_multipart=False)
            except obstore.exceptions.AlreadyExistsError:
                return False
        return True

    def replace(self, name: str, data: bytes) -> None:
        """Store bytes under a name, in place of what it had. Raises as `create`."""
        import obstore  # 8 ms, for a desk with a store

        with self._trouble():
            self._make()
            self._claim()
            obstore.put(self._opened, name, data, use_multipart=False)

    def read(self, name: str, *, hurried: bool = False) -> bytes:
        """Return the bytes under a name. Raises FileNotFoundError, StoreAway.

        ``hurried``: others wait meanwhile, so a store that takes long is away.
        """
        import obstore  # 8 ms, for a desk with a store

        self._need(name)
        with self._turn(), self._asked(hurried) as opened:
            return bytes(obstore.get(opened, name).bytes())

    def stored_at(self, name: str, *, hurried: bool = False) -> datetime | None:
        """Return when the bytes under a name were stored, aware; None if there are none. As `read`."""
        import obstore  # 8 ms, for a desk with a store

        if not self._is_there():
            return None
        with self._asked(hurried) as opened:
            try:
                return obstore.head(opened, name)["last_modified"]
            except FileNotFoundError:
                return None

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Yield every name and when its bytes were stored, in no order. Raises StoreAway."""
        import obstore  # 8 ms, for a desk with a store

        if not self._is_there():
            return
        with self._trouble():
            for some in obstore.list(self._opened):
                yield from (
                    (each["path"], each["last_modified"]) for each in some if each["path"] not in _OWN
                )

    def remove(self, names: Sequence[str]) -> None:
        """Remove names; those that are gone already are no error. Raises as `create`."""
        import obstore  # 8 ms, for a desk with a store

        if not names or not self._is_there():
            return
        with self._trouble():
            self._claim()
            for name in names:
                try:
                    obstore.delete(self._opened, name)
                except FileNotFoundError:
                    continue

    def marked_by(self) -> str | None:
        """Return the id of the desk whose mark it has; None without one. Raises StoreAway."""
        try:
            return self.read(MARK).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None

    def try_writing(self) -> None:
        """Store and remove a small object: one that is full, or only read, answers well. Raises StoreAway."""
        import obstore  # 8 ms, for a desk with a store

        if not self._is_there():
            return
        with self._trouble():
            obstore.put(self._opened, _TRIED, b"?", use_multipart=False)
            obstore.delete(self._opened, _TRIED)

    def _claim(self) -> None:
        """Mark a store that nobody has as its owner's. Raises StoreOfAnother."""
        if self._is_ours:
            return
        import obstore  # 8 ms, for a desk with a store

        found = self.marked_by()
        if found is None:
            try:
                obstore.put(self._opened, MARK, self._owner.encode(), mode="create", use_multipart=False)
                found = self._owner
            except obstore.exceptions.AlreadyExistsError:
                found = self.marked_by()
        if found != self._owner:
            raise StoreOfAnother(f"{self.shown} keeps another desk's mail")
        self._is_ours = True

    @property
    def _directory(self) -> Path | None:
        return Path(unquote(self._split.path)) if self._split.scheme == "file" else None

    def _is_there(self) -> bool:
        """Whether there may be something in it: what is only read is not made."""
        return self._directory is None or self._directory.is_dir()

    def _need(self, name: str) -> None:
        if not self._is_there():
            raise FileNotFoundError(f"{name}: there is no directory {self._directory}")

    def _make(self) -> None:
        if self._directory is not None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @cached_property
    def _opened(self) -> ObjectStore:
        if self._patience is not None:
            return self._open(self._patience, 0)
        return self._open(TIMEOUT_SECONDS, RETRIES)

    @cached_property
    def _opened_in_a_hurry(self) -> ObjectStore:
        return self._open(HURRY_SECONDS, 0)

    def _open(self, timeout: float, retries: int) -> ObjectStore:
        try:
            from obstore.store import from_url  # 8 ms, for a desk with a store
        except ImportError as error:
            raise ConfigError(
                f"{self.shown} is an object store, and obstore is not installed",
                "install it: pip install '.[s3]' in the clone",
            ) from error
        split = self._split
        options: dict[str, Any] = dict(parse_qsl(split.query))
        if split.scheme == "file":
            return from_url(split._replace(query="").geturl())
        insecure = options.get("endpoint", "").startswith("http://")
        try:
            return from_url(
                split._replace(query="").geturl(),
                client_options={"timeout": f"{timeout}s", "allow_http": insecure},
                retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
                **options,
            )
        except Exception as error:
            raise ConfigError(
                f"the store {self.shown} cannot be used: {_reason(error)}",
                "correct its URL, or the login in the environment",
            ) from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold one of the places of those who read. Raises StoreAway while none is free."""
        turns = self._turns
        if turns is None:
            yield
            return
        if not turns.acquire(timeout=TURN_SECONDS):
            raise self._away(TimeoutError("others wait for it already"))
        try:
            yield
        finally:
            turns.release()

    @contextmanager
    def _asked(self, hurried: bool) -> Iterator[ObjectStore]:
        """Give the store to who asks it something; to who is in a hurry not while it is slow."""
        if not hurried:
            with self._trouble():
                yield self._opened
            return
        if time.monotonic() < self._slow_until:
            raise self._away(TimeoutError("it did not answer in time a moment ago"))
        try:
            with self._trouble():
                yield self._opened_in_a_hurry
        except StoreAway:
            self._slow_until = time.monotonic() + LEFT_ALONE_SECONDS
            raise

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Tell a name that nothing has from a store that is away."""
        try:
            yield
        except (ConfigError, StoreAway):
            raise
        except FileNotFoundError as error:
            if any(words in str(error) for words in _NO_BUCKET):
                raise StoreAway(f"{self._purpose} is away: {self.shown}: there is no such bucket") from error
            raise
        except Exception as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> StoreAway:
        return StoreAway(f"{self._purpose} is away: {self.shown}: {_reason(error)}")


def _reason(error: Exception) -> str:
    """Return the first line of what the library says, without the server's answer in XML."""
    text = str(error).partition("\n")[0].partition("<?xml")[0].strip().rstrip(":")
    return masked_url(text)[:300] or type(error).__name__
