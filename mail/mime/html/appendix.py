"""What this program says below the text of an HTML mail: where its links lead, and how much was hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from config.expressions import expression

if TYPE_CHECKING:
    from mail.mime.html.links import Link


def appendix(links: Sequence[Link], hidden_words: int) -> str:
    """Return what is said below the text: targets by number, and how much was hidden; empty if nothing."""
    lines = [link.line() for link in links]
    if hidden_words:
        lines.append(f"[{hidden_words} word{'s' * (hidden_words > 1)} hidden by the HTML left out]")
    return "\n".join(lines)


_APPENDIX: Final = expression(
    r"\[[1-9]\d{0,3}\] \S+(?: \(a tracking link\))?(?:\n\[\d{1,4}\] \S+(?: \(a tracking link\))?)*"
    r"(?:\n\[\d+ words? hidden by the HTML left out\])?|\[\d+ words? hidden by the HTML left out\]"
)


def without_appendix(text: str) -> tuple[str, str]:
    """Return the words of an HTML mail's text and the `appendix` below them, if there is one."""
    words, _, last = text.rpartition("\n\n")
    return (words, last) if words and _APPENDIX.fullmatch(last) else (text, "")
