"""Authentication-Results (RFC 8601): what a server that is trusted says of who sent a mail."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, cast

from config.expressions import expression
from config.records import Record

_SIGNED: Final = frozenset({"from", "to", "cc", "subject", "message-id", "in-reply-to", "references"})
"""What has to be signed of a mail that is believed by its signature: whoever got it could send it again with
another field of these, as the answer to something else."""
_ALWAYS_SIGNED: Final = frozenset({"from", "message-id"})
_MAX_LENGTH = 8_192
_TAG: Final = expression(r"\s*([a-z]+)\s*=\s*([^;]*?)\s*(?:;|\Z)")
_RESULT = expression(r"(dkim|spf|dmarc)\s*=\s*pass\b", re.IGNORECASE)
_DOMAIN = {
    "dkim": expression(r"header\.(?:d|i)\s*=\s*\S*?([^\s@;]+)(?=[\s;]|$)", re.IGNORECASE),
    "spf": expression(r"smtp\.mailfrom\s*=\s*\S*?([^\s@;]+)(?=[\s;]|$)", re.IGNORECASE),
    "dmarc": expression(r"header\.from\s*=\s*\S*?([^\s@;]+)(?=[\s;]|$)", re.IGNORECASE),
}


class Pass(Record):
    """A check that a server says was passed for the author's domain."""

    method: Literal["dkim", "spf", "dmarc"]
    domain: str
    server: str

    def __str__(self) -> str:
        return f"{self.method}=pass for {self.domain}, says {self.server}"


def passes(fields: Sequence[str], trusted: Collection[str], author: str) -> list[Pass]:
    """Return what proves that the author's domain sent the mail; empty without proof.

    ``fields``: the values of Authentication-Results, topmost first; ``trusted``: the authserv-ids that count,
    in lower case. Only the topmost field of a trusted server is read, because one that stands lower may have
    come with the mail. A pass counts for the author's own domain and for a domain above it (DMARC's relaxed
    alignment without its other half: a signature of ``evil.host.example`` says nothing about
    ``host.example``).
    """
    domain = _domain_of(author)
    found: list[Pass] = []
    for field in fields if domain else ():
        server, _, results = _plain(field[:_MAX_LENGTH]).partition(";")
        name = (server.split() or [""])[0].lower()
        if name not in trusted:
            continue
        for result in results.split(";"):
            passed = _RESULT.match(result.strip())
            if passed is None:
                continue
            method = cast('Literal["dkim", "spf", "dmarc"]', passed[1].lower())
            said = _DOMAIN[method].search(result)
            if said is not None and _aligned(said[1].lower().rstrip("."), domain):
                found.append(Pass(method, said[1], name))
        break
    return found


def tags_of(signature: str) -> dict[str, str]:
    """Return the tags of a DKIM-Signature (RFC 6376 3.2)."""
    return dict(_TAG.findall("".join(signature.split("\n"))))


def signed_fields(tags: Mapping[str, str]) -> set[str]:
    """Return the names, in lower case, of the header fields that a signature covers."""
    return {name.strip().lower() for name in tags.get("h", "").split(":")}


def is_covered(signatures: Sequence[str], names: Sequence[str], author: str) -> bool:
    """Whether every signature that may be of the author's domain covers what the mail says, and all its text.

    ``signatures``: the values of DKIM-Signature; ``names``: the mail's header fields in lower case, with
    repetitions: of two of a name a signature covers the lower one, and another one may be read. Of signatures
    that were not read nobody knows; where none is of the domain, any may be that of its organization (RFC
    7489 3.1.1). A mail without signatures may have lost them behind the server that checked them.
    """
    if names.count("dkim-signature") > len(signatures):
        return False
    domain = _domain_of(author)
    every = [tags_of(each) for each in signatures]
    own = [
        tags
        for tags in every
        if (signer := tags.get("d", "").lower().rstrip("."))
        and (_aligned(signer, domain) or _aligned(domain, signer))
    ]
    if not every:
        return True
    named = [name for name in names if name in _SIGNED]
    if len(set(named)) != len(named):
        return False
    return all({*named, *_ALWAYS_SIGNED} <= signed_fields(tags) and "l" not in tags for tags in own or every)


def _domain_of(author: str) -> str:
    return author.rpartition("@")[2].lower().rstrip(".")


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
