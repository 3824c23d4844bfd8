"""Domain names: one form in which they are shown and compared, and the one that DNS knows (RFC 5891).

Nothing is mapped but case and composed letters: wide letters are no way to write ``client.example``.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Final

_MAX: Final = 253
_MAX_LABEL: Final = 63


@functools.lru_cache(maxsize=4096)
def unicode_domain(text: str) -> str:
    """Return a domain in lower case and in its own script, or '' for what is none.

    A host without dots is one. ``xn--`` labels that stand for nothing readable stay as they are.
    """
    if len(text) > _MAX:
        return ""
    name = text.lower()
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    elif "xn--" not in name:
        return name if all(map(_is_label, name.split("."))) else ""
    labels = [_unicode_label(label) for label in name.split(".")]
    name = ".".join(labels)
    return name if all(labels) and len(ascii_domain(name)) <= _MAX else ""


def ascii_domain(domain: str) -> str:
    """Return a domain in ASCII letters, or '' if there is no such form."""
    if domain.isascii():
        return domain
    labels = [label if label.isascii() else _ascii_label(label) for label in domain.split(".")]
    return ".".join(labels) if all(labels) else ""


def dns_name(text: str) -> str:
    """Return a host or domain, however it was written, as the DNS has it; '' for what is none."""
    return ascii_domain(unicode_domain(text))


def _is_label(label: str) -> bool:
    """Return whether ASCII in lower case is one: letters, digits, underscores, and hyphens within."""
    plain = label.replace("-", "0").replace("_", "0").isalnum()
    return plain and len(label) <= _MAX_LABEL and not (label.startswith("-") or label.endswith("-"))


def _unicode_label(label: str) -> str:
    if not label.isascii():
        return label if _ascii_label(label) else ""
    if not _is_label(label):
        return ""
    if not label.startswith("xn--"):
        return label
    import idna  # 3 ms, for domains in other scripts

    try:
        return idna.decode(label)
    except UnicodeError:
        return label


def _ascii_label(label: str) -> str:
    import idna  # 1.2 ms, for domains in other scripts

    try:
        return idna.alabel(label).decode("ascii")
    except UnicodeError:
        return ""
