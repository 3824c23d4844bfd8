"""DKIM signatures (RFC 6376) as proof of who sent a mail, for doors without a server that checked them.

Looked at before anything is written: the keys are asked of the name service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from mail.errors import MailError
from mail.mime.authentication import signed_fields, tags_of
from mail.mime.dates import parse_date

Resolver = Callable[[str], bytes | None]
"""Returns the TXT record of a name, None where there is none."""

MOST_SIGNATURES: Final = 3
SMALLEST_KEY: Final = 1024
"""Bits of RSA (RFC 8301 3.2)."""
FRESH: Final = timedelta(days=3)
"""A signed mail is as good in the hands of everybody who got it: an old one proves nothing."""
_MUST_BE_SIGNED: Final = frozenset({"from", "to", "date", "subject"})
_SIGNED_IF_THERE: Final = frozenset({"cc", "message-id", "in-reply-to", "references"})
"""Whoever got a signed mail could otherwise have it answer something else."""
_LOOK_SECONDS: Final = 4.0


class DkimMissing(MailError):
    """The extra that checks signatures is not installed."""

    kind = "dkim"
    temporary = False
    default_hint = "pip install '.[dkim]' in the clone"


def proof_by_dkim(
    raw: bytes, fields: Collection[str], author: str, moment: datetime, resolve: Resolver
) -> str:
    """Return what proves that the author's domain sent the mail, in words; empty without proof.

    ``fields``: the values of DKIM-Signature, topmost first. A signature counts for the author's own domain
    and for one above it, if it covers who wrote, to whom, when, what about and in answer to what, and all
    of the text, and if the mail is of the last days. Errors: `DkimMissing`.
    """
    domain = author.rpartition("@")[2].lower().rstrip(".")
    candidates = [
        (place, tags)
        for place, tags in enumerate(map(tags_of, list(fields)[:MOST_SIGNATURES]))
        if _counts(tags, domain)
    ]
    if not domain or not candidates:
        return ""
    try:
        import dkim  # 60 ms, and an extra that may not be installed
    except ImportError:
        raise DkimMissing("DKIM signatures need a part that is not installed") from None
    checked = dkim.DKIM(raw, minkey=SMALLEST_KEY, timeout=_LOOK_SECONDS)
    names = Counter(name.decode("ascii", "replace").strip().lower() for name, _ in checked.headers)
    if any(names[name] > 1 for name in _MUST_BE_SIGNED | _SIGNED_IF_THERE):
        return ""  # a signature covers the lowest one, and another one is read
    there = _SIGNED_IF_THERE & names.keys()
    date = next((value for name, value in checked.headers if name.lower() == b"date"), b"")
    sent = parse_date(date.decode("ascii", "replace").strip())
    if sent is None or not moment - FRESH <= sent.astimezone(UTC) <= moment + timedelta(days=1):
        return ""
    for place, tags in candidates:
        if not there <= signed_fields(tags):
            continue
        try:
            good = checked.verify(place, dnsfunc=lambda name, timeout=0: resolve(_name(name)))
        except Exception:  # noqa: S112  (whatever is wrong with a signature, it proves nothing)
            continue
        if good:
            return f"dkim=pass for {tags['d'].lower()}, by its own signature"
    return ""


def ask_name_service(name: str) -> bytes | None:
    """Return the TXT record of a name as the name service has it, None where there is none."""
    try:
        from dns import exception, resolver  # 40 ms, for signed mail of agents
    except ImportError:
        raise DkimMissing("DKIM signatures need a part that is not installed") from None
    try:
        answer = resolver.resolve(name, "TXT", lifetime=_LOOK_SECONDS)
    except (exception.DNSException, OSError):
        return None
    return b"".join(next(iter(answer)).strings)


def _name(name: bytes | str) -> str:
    return (name.decode("ascii", "replace") if isinstance(name, bytes) else name).rstrip(".")


def _counts(tags: dict[str, str], domain: str) -> bool:
    signer = tags.get("d", "").lower().rstrip(".")
    aligned = signer == domain or ("." in signer and domain.endswith(f".{signer}"))
    return aligned and signed_fields(tags) >= _MUST_BE_SIGNED and "l" not in tags
