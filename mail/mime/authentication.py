"""Authentication-Results (RFC 8601): what a server that is trusted says of who sent a mail."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from config.expressions import expression

_MAX_LENGTH = 8_192
_RESULT = expression(r"(dkim|spf|dmarc)\s*=\s*pass\b", re.IGNORECASE)
_DOMAIN = {
    "dkim": expression(r"header\.(?:d|i)\s*=\s*\S*?([^\s@;]+)(?=[\s;]|$)", re.IGNORECASE),
    "spf": expression(r"smtp\.mailfrom\s*=\s*\S*?([^\s@;]+)(?=[\s;]|$)", re.IGNORECASE),
    "dmarc": expression(r"header\.from\s*=\s*\S*?([^\s@;]+)(?=[\s;]|$)", re.IGNORECASE),
}


def proof_of(fields: Sequence[str], trusted: Collection[str], author: str) -> str:
    """Return what proves that the author's domain sent the mail, in words; empty without proof.

    ``fields``: the values of Authentication-Results, topmost first; ``trusted``: the authserv-ids that count,
    in lower case. Only the topmost field of a trusted server is read, because one that stands lower may have
    come with the mail. A pass counts for the author's own domain and for a domain above it (DMARC's relaxed
    alignment without its other half: a signature of ``evil.host.example`` says nothing about
    ``host.example``).
    """
    domain = author.rpartition("@")[2].lower().rstrip(".")
    if not domain:
        return ""
    for field in fields:
        server, _, results = _plain(field[:_MAX_LENGTH]).partition(";")
        name = (server.split() or [""])[0].lower()
        if name not in trusted:
            continue
        for result in results.split(";"):
            found = _RESULT.match(result.strip())
            if found is None:
                continue
            method = found[1].lower()
            said = _DOMAIN[method].search(result)
            if said is not None and _aligned(said[1].lower().rstrip("."), domain):
                return f"{method}=pass for {said[1]}, says {name}"
        return ""
    return ""


def _aligned(proved: str, domain: str) -> bool:
    return proved == domain or ("." in proved and domain.endswith(f".{proved}"))


def _plain(text: str) -> str:
    """Leave out comments and the marks of quoted strings; a semicolon inside them separates nothing."""
    kept: list[str] = []
    depth, quoted, position = 0, False, 0
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            if not depth:
                kept.append("_" if quoted else letter)
            position += 2
            continue
        if letter == '"' and not depth:
            quoted = not quoted
        elif quoted:
            kept.append("_" if letter in ";= \t()" else letter)
        elif letter == "(":
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(letter)
        position += 1
    return "".join(kept)
