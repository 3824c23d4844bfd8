"""Modules that are imported when something of them is first used."""

from __future__ import annotations

import importlib
import sys
from _thread import allocate_lock
from collections.abc import Callable
from types import ModuleType
from typing import Any

UNUSED_BY_PIPE = ("calendar", "fnmatch", "ipaddress", "ntpath", "platform", "socket", "traceback", "uuid")
"""What libraries import for what nobody asks them here, Peewee for kinds of columns that no table has.

With what these import in turn it is 8 ms. None of them is a package.
"""
UNUSED_BY_FETCH = (
    *("calendar", "fnmatch", "ipaddress", "ntpath", "platform", "subprocess", "traceback", "uuid"),
)
"""The same for a fetch that finds nothing new."""
UNUSED_AT_FIRST_SIGHT = (
    "asyncio.sslproto",
    "bz2",
    "calendar",
    "hashlib",
    "hmac",
    "locale",
    "lzma",
    "ssl",
    "textwrap",
)
"""What the first screen of the app does not use: OpenSSL above all, which asyncio wants for servers.

It is 15 ms, and comes as soon as the app asks for it, with the first screen drawn.
"""


_taking_its_place = allocate_lock()
"""Two threads may be the first to use it."""


class Later(ModuleType):
    """Stands for a module of the standard library until something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":
            raise AttributeError(name)  # `from uuid import UUID` asks whether it is a package
        with _taking_its_place:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def put_off(*names: str) -> None:
    """Import modules that nobody imported yet at their first use, whoever asks for them."""
    for name in names:
        sys.modules.setdefault(name, Later(name))


def import_peewee() -> None:
    """Import Peewee without modules of which it uses a thing or two for what no desk has: 8 ms.

    `inspect` brings the compiler along, `decimal` is for columns of such numbers, and nobody reads a log.
    """
    # The first of them keeps drivers out.
    _import_without(_USED_BY_PEEWEE, "models", "peewee")


def import_pathlib() -> None:
    """Import pathlib without what makes web addresses of paths: 1.4 ms."""
    _import_without(_USED_BY_PATHLIB, "pathlib")
    if isinstance(sys.modules["urllib.parse"], Later):
        del sys.modules["urllib.parse"]  # whoever imports it later has to find it in its package


def import_futures() -> None:
    """Import futures without the log to which they would write faults of whoever waits for them: 2 ms."""
    _import_without(_USED_BY_FUTURES, "concurrent.futures")


def import_textual() -> None:
    """Import Textual without its palette, which the app has not, and its place for downloads: 10 ms."""
    _import_without(_USED_BY_TEXTUAL, "textual.app")


def _import_without(used: dict[str, dict[str, Any]], *names: str) -> None:
    """Import modules that ask others, as they are imported, for these things and for nothing else."""
    there = {name: sys.modules.get(name) for name in used}
    stand_ins = {name: each if isinstance(each, Later) else Later(name) for name, each in there.items()}
    for name, stand_in in stand_ins.items():
        vars(stand_in).update(used[name])
        sys.modules.setdefault(name, stand_in)
    for name in names:
        importlib.import_module(name)
    for name, stand_in in stand_ins.items():
        for each in used[name].keys() - _TRUE:
            delattr(stand_in, each)


def put_off_openssl() -> None:
    """Have hashing done by the interpreter itself, which is six times as slow and loads no library: 2 ms."""
    if _OWN_HASHES.issubset(sys.builtin_module_names):
        sys.modules.setdefault("_hashlib", None)  # type: ignore[arg-type]


_SHA2 = {"_sha256", "_sha512"} if sys.version_info < (3, 12) else {"_sha2"}
_OWN_HASHES = {"_blake2", "_md5", "_sha1", "_sha3", *_SHA2}


def _called_later(module: str, name: str) -> Callable[..., Any]:
    return lambda *given, **named: getattr(importlib.import_module(module), name)(*given, **named)


def _isclass(thing: object) -> bool:
    return isinstance(thing, type)


class _Decimal:
    """Stands for a number that no row of ours holds."""


class _Logger:
    """Takes what Peewee says of each statement, which nobody reads; all else goes to the log itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        return getattr(importlib.import_module("logging").getLogger(self._name), method)

    def addHandler(self, _handler: object) -> None:  # noqa: N802
        pass

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802
        return False


_USED_BY_PEEWEE: dict[str, dict[str, Any]] = {
    "decimal": {"Decimal": _Decimal},
    "inspect": {"isclass": _isclass},
    "logging": {"DEBUG": 10, "NullHandler": object, "getLogger": _Logger},
}
_USED_BY_FUTURES: dict[str, dict[str, Any]] = {"logging": {"getLogger": _Logger}}
_USED_BY_PATHLIB: dict[str, dict[str, Any]] = {
    "urllib.parse": {"quote_from_bytes": _called_later("urllib.parse", "quote_from_bytes")}
}
_USED_BY_TEXTUAL: dict[str, dict[str, Any]] = {
    "platformdirs": {"user_downloads_path": _called_later("platformdirs", "user_downloads_path")},
    "textual.command": {"Provider": object}
    | {
        name: _called_later("textual.command", name)
        for name in ("CommandListItem", "CommandPalette", "DiscoveryHit", "Hit", "Hits", "SimpleProvider")
    },
}
_TRUE = {"DEBUG", "isclass"}
"""What does not differ from the module's own; nobody else may find the rest in its place."""
