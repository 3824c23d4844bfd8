"""Regular expressions that are compiled when something is first looked for.

Compiling one takes 0.03 to 0.5 ms. What starts for a single mail or a single command needs few of the
hundreds that there are.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, Generic, cast

_METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn")


class _Expression(Generic[AnyStr]):
    """Has the methods of `re.Pattern` from the first use of one of them on."""

    __slots__ = ("_flags", "_text", *_METHODS)

    def __init__(self, text: AnyStr, flags: int) -> None:
        self._text: AnyStr = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self._text, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def expression(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return the regular expression ``text``; what is wrong with it shows at its first use."""
    return cast("re.Pattern[AnyStr]", _Expression(text, flags))
