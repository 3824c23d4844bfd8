"""text/enriched and text/richtext (RFC 1896, RFC 1341): their marks taken out, their line rules kept."""

from __future__ import annotations

import re
from typing import Final

from config.expressions import expression

_PARAM: Final = expression(r"(?is)<param>[^<]{0,2000}</param>")
_MARK: Final = expression(r"<(/?)([a-zA-Z0-9-]{1,60})>")
_LINE_ENDS: Final = expression(r"\n+")


def enriched_to_text(text: str) -> str:
    """Read text/enriched: a single line end is a blank, n of them are n - 1; ``<<`` is a ``<``."""
    pieces: list[str] = []
    position = 0
    lower = text.lower() if len(text.lower()) == len(text) else text
    while (begin := lower.find("<nofill>", position)) >= 0:
        end = lower.find("</nofill>", begin)
        if end < 0:
            break
        pieces += [_filled(text[position:begin]), _unmarked(text[begin + 8 : end])]
        position = end + 9
    return "".join([*pieces, _filled(text[position:])]).strip("\n")


def richtext_to_text(text: str) -> str:
    """Read the older form: line ends mean nothing, ``<nl>`` ends a line, ``<lt>`` is a ``<``."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"(?i) ?</?(?:nl|paragraph)> ?", "\n", text)
    return re.sub(
        r"(?i)<lt>", "<", _MARK.sub(lambda hit: hit[0] if hit[2].lower() == "lt" else "", text)
    ).strip()


def _filled(text: str) -> str:
    return _unmarked(_LINE_ENDS.sub(lambda ends: "\n" * (len(ends[0]) - 1) or " ", text))


def _unmarked(text: str) -> str:
    return "<".join(_MARK.sub("", _PARAM.sub("", piece)) for piece in text.split("<<"))
