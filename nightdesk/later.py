"""Modules that are imported when something of them is first used."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

UNUSED_BY_PIPE = ("calendar", "ipaddress", "platform", "socket", "traceback", "uuid")
"""What libraries import for what nobody asks them here, Peewee for kinds of columns that no table has.

With what these import in turn it is 8 ms. None of them is a package.
"""
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


class Later(ModuleType):
    """Stands for a module of the standard library until something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":
            raise AttributeError(name)  # `from uuid import UUID` asks whether it is a package
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def put_off(*names: str) -> None:
    """Import modules that nobody imported yet at their first use, whoever asks for them."""
    for name in names:
        sys.modules.setdefault(name, Later(name))


def put_off_inspect() -> None:
    """Do the same for `inspect`, of which Peewee takes one function: with it come 3 ms of the compiler."""
    later = Later("inspect")
    later.isclass = _isclass  # type: ignore[attr-defined]
    sys.modules.setdefault("inspect", later)


def _isclass(thing: object) -> bool:
    return isinstance(thing, type)
