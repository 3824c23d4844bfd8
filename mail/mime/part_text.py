"""The text of one part that is text, whatever kind of text it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import Final

from config.expressions import expression
from mail.inert import clean, one_line, without_direction_marks
from mail.mime.charset import codec_for, decode
from mail.mime.flowed import unflow
from mail.mime.shown import is_calendar
from mail.mime.structure import Node

_META_CHARSET: Final = expression(rb"(?i)<meta[^<>]{0,200}?charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{1,40})")


_NOT_READ: Final = "[This could not be read as {}: it is shown as it came.]"


def text_of(node: Node, zone: Callable[[], tzinfo]) -> str:
    """Return the words of any text part but HTML, inert (RFC 2046 4.1.4: what is unknown is plain)."""
    data = node.decoded()
    try:
        return _read(node, data, zone)
    except Exception:  # whatever a stranger's part can bring about, its mail is read
        return f"{_NOT_READ.format(one_line(node.type, 100))}\n\n{_clean(decode(data))}".strip("\n")


def _read(node: Node, data: bytes, zone: Callable[[], tzinfo]) -> str:
    parameters = node.content_type[1]
    if not node.type.startswith(("text/", "multipart/")) and not is_calendar(node):
        from mail.mime.data_text import data_to_text, is_rtf  # 0.3 ms, for such parts alone

        if not is_rtf(node.type, data):
            return _clean(data_to_text(node.type, data, parameters.get("charset")))
    if data.startswith(b"{\\rtf") or node.type == "text/rtf":
        from mail.mime.rtf import rtf_to_text  # 0.3 ms, for such parts alone

        return _clean(rtf_to_text(data)) or _clean(decode(data)).strip("\n")
    text = _clean(decode(data, parameters.get("charset"), _witnesses(node)))
    if is_calendar(node):
        from mail.mime.calendar import card  # 0.4 ms, for invitations

        return card(text, zone())
    if node.type == "text/enriched":
        from mail.mime.enriched import enriched_to_text  # 0.2 ms, for such parts alone

        return enriched_to_text(text)
    if node.type == "text/richtext":
        from mail.mime.enriched import richtext_to_text  # 0.2 ms, for such parts alone

        return richtext_to_text(text)
    if parameters.get("format", "").lower() == "flowed":
        text = unflow(text, parameters.get("delsp", "").lower() == "yes")
    return text.strip("\n")


def _clean(text: str) -> str:
    return clean(without_direction_marks(text))


def html_of(node: Node) -> str:
    """Return the source of an HTML part."""
    data = node.decoded()
    label = node.content_type[1].get("charset")
    if (label is None or codec_for(label) is None) and not data.isascii():
        declared = _META_CHARSET.search(data, 0, 4096)
        label = declared[1].decode("ascii") if declared else None
        if (codec_for(label or "") or "").startswith("utf-16"):
            label = None  # it was read as ASCII, so it cannot be true
    return decode(data, label, _witnesses(node))


def _witnesses(node: Node) -> Iterable[str]:
    return node.headers.charsets or ()
