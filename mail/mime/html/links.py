"""Where the links of an HTML mail lead, numbered in the order in which they are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from config.expressions import expression
from mail.inert import one_line

MAX_LINKS: Final = 2000


@dataclass(frozen=True, slots=True)
class Link:
    """`target` is where it leads, inert; `tracked`: it says who clicked, and not where it leads."""

    number: int
    target: str
    tracked: bool

    def line(self) -> str:
        """Return ``[3] https://...``.

        Of a tracked link only the host, its long code tells a reader nothing.
        """
        if not self.tracked:
            return f"[{self.number}] {self.target}"
        return f"[{self.number}] {urlsplit(self.target).hostname} (a tracking link)"


# Servers that check or count a click and name in a parameter where it leads.
_WRAPPERS: Final = (
    (expression(r"[a-z0-9.-]{0,60}safelinks\.protection\.(?:outlook\.com|office365\.us)"), "url"),
    (expression(r"urldefense(?:\.proofpoint)?\.com"), "u"),
    (expression(r"(?:www\.)?google\.[a-z.]{2,6}"), "q"),
    (expression(r"(?:www\.)?google\.[a-z.]{2,6}"), "url"),
    (expression(r"l\.facebook\.com|lm\.facebook\.com|slack-redir\.net|exit\.sc"), "u"),
    (expression(r"slack-redir\.net|steamcommunity\.com|linkprotect\.cudasvc\.com"), "url"),
    (expression(r"linkprotect\.cudasvc\.com"), "a"),
)
_NAMED_IN_WRAPPERS: Final = (
    *("safelinks.", "urldefense", "google.", "facebook.", "slack-redir", "exit.sc", "steamcommunity"),
    "cudasvc",
)
"""What the servers of these are called: taking apart links to others takes ten times as long."""
_URL: Final = expression(r"https?://[^\s<>\"]{3,}", re.IGNORECASE)
_V3: Final = expression(r"https?://urldefense\.com/v3/__(https?:/.*?)__;", re.IGNORECASE)
_CODE: Final = expression(r"[A-Za-z0-9_=%+/-]{40,}")
_TRACKING_HOST: Final = expression(
    r"(?:^|\.)(?:click|clicks|links?|track|tracking|trk|email|e|t|r|go|redirect|news|newsletter|lnk|ct|url\d{2,6})\."
    r"|list-manage\d?\.com$|sendgrid\.net$|mandrillapp\.com$|mailgun\.|hubspotlinks|awstrack\.me$|rs6\.net$"
    r"|exacttarget|exct\.net$|mailchi\.mp$|sparkpost|customeriomail|klclick|cmail\d{1,3}\.com$|createsend"
)
_SCHEMES: Final = (
    "http://",
    "https://",
    "mailto:",
    "ftp://",
    "ftps://",
    "tel:",
    "sftp://",
    "ssh://",
    "file:",
    "sip:",
    "sms:",
    "xmpp:",
)
_NOT_READ: Final = ("mailto:", "https://", "http://", "tel:", "www.")


class Links:
    """The targets met so far. The same target has the same number."""

    def __init__(self, first: int = 1) -> None:
        self._first = first
        self._numbers: dict[str, int] = {}
        self.found: list[Link] = []

    def number(self, href: str, label: str) -> int | None:
        """Return the number for a link; None if its words say where it leads, or it leads nowhere."""
        target = _target(href)
        if not target or _same(target, label):
            return None
        known = self._numbers.get(target)
        if known is not None:
            return known
        if len(self.found) >= MAX_LINKS:
            return None
        number = self._first + len(self.found)
        self._numbers[target] = number
        self.found.append(Link(number, target, _is_tracked(target)))
        return number


def _target(href: str) -> str:
    target = one_line(href, 8000).replace(" ", "")
    lower = target[:10].lower()
    if lower.startswith("//"):
        target = f"https:{target}"
    elif not lower.startswith(_SCHEMES):
        # Relative ones lead nowhere from a mail; javascript:, data: and cid: are no places.
        return target if lower.startswith("www.") else ""
    return _unwrapped(target)


def _unwrapped(target: str) -> str:
    """Return where a link leads that a gateway wrapped to check it."""
    for _ in range(3):
        inner = _inner(target)
        if inner is None:
            return target
        target = inner
    return target


def _inner(target: str) -> str | None:
    server = target.partition("//")[2].partition("/")[0].lower()
    if not any(map(server.__contains__, _NAMED_IN_WRAPPERS)):
        return None
    defended = _V3.match(target)
    if defended is not None:
        return (
            "".join(re.sub(r"^(https?:/)(?!/)", r"\1/", defended[1]).split())
            if "*" not in defended[1]
            else None
        )
    try:
        parts = urlsplit(target)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    wanted = [name for pattern, name in _WRAPPERS if pattern.fullmatch(host)]
    if not wanted:
        return None
    try:
        given = parse_qsl(parts.query, max_num_fields=100)
    except ValueError:
        return None
    for name, value in given:
        if name in wanted:
            if "urldefense" in host:
                value = unquote(value.replace("-", "%").replace("_", "/"))
            value = one_line(value, 8000)
            if _URL.fullmatch(value):
                return value
    return None


def _is_tracked(target: str) -> bool:
    if len(target) < 60 or not target.lower().startswith("http") or not _CODE.search(target):
        return False
    try:
        parts = urlsplit(target)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    where = f"{parts.path}?{parts.query}"
    code = _CODE.search(where)
    return code is not None and (len(code[0]) >= 100 or _TRACKING_HOST.search(host) is not None)


def _same(target: str, label: str) -> bool:
    """Return whether the words of a link are its target, give or take what nobody reads."""
    if "." not in label and "." in target and "www." not in target.lower():
        return False  # as of most links: dots of a target that are not read are those behind "www"
    return _bare(target) == _bare(label)


def _bare(text: str) -> str:
    text = "".join(text.split()).lower()
    if text[:1] in "<[(" and text[-1:] in ">])":
        text = text[1:-1]
    for start in _NOT_READ if text.startswith(_NOT_READ) else ():
        if text.startswith(start):
            text = text[len(start) :]
            if start == "tel:":
                break
    if not text[:1].isalpha() and text.replace("+", "").replace("-", "").isdigit():
        text = text.replace("-", "")
    return text.rstrip("/")
