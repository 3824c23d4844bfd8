"""What the mail server wrote into a mail's headers: whether it is spam, and who handed it over.

Anybody can write such headers. The topmost of each is the server's own where it removes those from outside.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from config.expressions import expression

if TYPE_CHECKING:
    from mail.mime.headers import Headers

_SAYS_YES: Final = frozenset({"yes", "true", "spam"})
_SCORE: Final = expression(r"(?:score|hits)=\s*(-?\d{1,4}(?:\.\d{1,6})?)", re.IGNORECASE)
_RSPAMD: Final = expression(r"\[\s*(-?\d{1,4}(?:\.\d{1,6})?)\s*/\s*-?\d")
_BARE: Final = expression(r"\s*(-?\d{1,4}(?:\.\d{1,6})?)(?![\d.])")
_FROM_HOST: Final = expression(r"from\s[^;]{0,400}?[\[(](?:IPv6:)?([0-9A-Fa-f:.]{3,45})[\])]", re.IGNORECASE)
_LONGEST: Final = 2000


def spam_verdict(headers: Headers) -> tuple[bool, float | None]:
    """Return whether SpamAssassin or rspamd calls it spam, and the score; None without one.

    X-Spam-Flag, X-Spam-Status, X-Spam-Score and X-Spam of either, X-Spamd-Result of rspamd.
    """
    flag = _first(headers, "x-spam-flag").split(" ")[0].lower()
    status = _first(headers, "x-spam-status")
    spam = _first(headers, "x-spam").split(" ")[0].lower()
    result = _first(headers, "x-spamd-result")
    is_spam = bool({flag, spam, status.split(",")[0].strip().lower()} & _SAYS_YES)
    is_spam = is_spam or result.lower().startswith("default: true")
    for pattern, text in ((_BARE, _first(headers, "x-spam-score")), (_SCORE, status), (_RSPAMD, result)):
        found = pattern.search(text) if pattern is not _BARE else pattern.match(text)
        if found is not None:
            return is_spam, float(found[1])
    return is_spam, None


def relay_of(headers: Headers) -> IPv4Address | IPv6Address | None:
    """Return the address of the host that handed the mail over, by the topmost Received that names one."""
    for text in headers.texts("received")[:5]:
        found = _FROM_HOST.match(text[:_LONGEST].strip())
        if found is not None:
            try:
                address = ip_address(found[1])
            except ValueError:
                continue
            if not address.is_loopback:
                return address
    return None


def _first(headers: Headers, name: str) -> str:
    return next(iter(headers.texts(name)), "")[:_LONGEST].strip()
