"""Where the links of a message really lead, numbered, with what speaks against following one."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from config.expressions import expression
from config.records import Record
from mail.inert import one_line
from mail.mime.domain import ascii_domain, dns_name, unicode_domain

MOST: Final = 500
"""Links of a message that are listed."""
_LONGEST: Final = 2000

_URL: Final = expression(
    r"(?:https?://|mailto:|ftps?://|www\.(?=[^\s.]))[^\s<>\"\x00-\x1f\u3000-\u303f]{2,2000}", 2
)
_LISTED: Final = expression(r"\[(\d{1,4})\] (\S+)(?: \(a tracking link\))?")
_LABEL_ENDS: Final = expression(r" ?\[\d{1,4}\]")
_ADDRESS_BEFORE: Final = expression(r"(?:https?://)?((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})(?:/\S{0,200})?", 2)
_ENDS: Final = ".,;:!?'\"”’»>*_|"
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_OPENED: Final = ("http://", "https://", "mailto:")
_KEPT: Final = "!#$%&'()*+,/:;=?@[]~"

# Letters of other scripts that most typefaces draw like a Latin one.
_TWINS: Final = str.maketrans(
    "аеорсухіјѕһԁԛԝӏүґкмтвнοανρτυικεχγωօսհոցıɡɑⅼℓ",
    "aeopcyxijshdqwlyrkmtbhoavptuikexywouhngigall",
)
_ALIKE: Final = str.maketrans("01i|", "olll")


class Target(Record):
    """One link: its number, the address that would be opened, in ASCII, and the host as people read it.

    ``doubts`` are sentences that speak against it. What cannot be ``opened`` (a file, a telephone) is copied.
    """

    number: int
    url: str
    host: str
    doubts: tuple[str, ...]

    @property
    def opened(self) -> bool:
        """Whether a browser or a mail program may be given it."""
        return self.url.lower().startswith(_OPENED)


def targets(words: str, appendix: str, tracked: Mapping[int, str], known: Iterable[str] = ()) -> list[Target]:
    """Return the links of a message: those below an HTML mail by their numbers, then those in its words.

    ``appendix``: see `mail.mime.html.appendix`; ``tracked`` has by number what it does not say whole.
    ``known`` are the domains that a reader trusts and others like to look like.
    """
    trusted = frozenset(filter(None, (unicode_domain(each) for each in known)))
    found: list[Target] = []
    seen: set[str] = set()
    for number, said in _LISTED.findall(appendix)[:MOST]:
        full = tracked.get(int(number))
        url = _ascii(full or said)
        named = _named_before(words, number)
        found.append(_target(int(number), url, trusted, named, is_tracked=f"[{number}] {said} (" in appendix))
        seen.add(url)
    labels = bool(found)
    at = max((each.number for each in found), default=0)
    for match in _URL.finditer(words):
        url = _ascii(_trimmed(match[0]))
        if labels and _LABEL_ENDS.match(words, match.end()):
            continue  # these are the words of a link that has a number
        if url in seen or len(found) >= MOST or not _host(url):
            continue
        seen.add(url)
        at += 1
        found.append(_target(at, url, trusted))
    return found


def _trimmed(text: str) -> str:
    """Return an address without the point or bracket of the sentence that it ends."""
    while text:
        last = text[-1]
        opening = _PAIRS.get(last)
        if last not in _ENDS and (opening is None or text.count(opening) >= text.count(last)):
            break
        text = text[:-1]
    return f"https://{text}" if text.lower().startswith("www.") else text


def _ascii(text: str) -> str:
    """Return an address in printable ASCII: a terminal is given nothing else."""
    text = one_line(text, _LONGEST).replace("\ufffd", "").replace(" ", "")
    scheme, colon, rest = text.partition("://")
    if colon:
        end = min((rest.find(sign) for sign in "/?#" if sign in rest), default=len(rest))
        login, at, place = rest[:end].rpartition("@")
        host, point, port = place.partition(":") if not place.startswith("[") else (place, "", "")
        host = dns_name(host) or host.lower()
        text = f"{scheme.lower()}://{login}{at}{host}{point}{port}{rest[end:]}"
    return quote(text, safe=_KEPT)


def _host(url: str) -> str:
    if url.startswith("mailto:"):
        return url[7:].partition("?")[0]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _target(
    number: int, url: str, trusted: frozenset[str], named: str = "", *, is_tracked: bool = False
) -> Target:
    host = _host(url)
    domain = host.rpartition("@")[2]
    shown = unicode_domain(domain) or domain
    doubts = [*_of_the_address(url, domain), *_of_the_name(domain, shown, trusted)]
    if named and not _belongs(shown, named) and not _belongs(named, shown):
        doubts.append(f"its words say {named}, and it leads to {shown or 'nowhere'}")
    if is_tracked:
        doubts.append("its sender is told who opens it")
    return Target(number, url, host.replace(domain, shown) if domain else url, tuple(doubts))


def _named_before(words: str, number: str) -> str:
    """Return the domain that the words of a link name right before its number, or ''."""
    at = words.find(f"[{number}]")
    before = words[max(0, at - 300) : at].rstrip() if at > 0 else ""
    word = before.rpartition("\n")[2].rpartition(" ")[2].strip("()<>[]'\"")
    match = _ADDRESS_BEFORE.fullmatch(word)
    return unicode_domain(match[1]) if match else ""


def _of_the_address(url: str, domain: str) -> Iterable[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        yield "it is no whole address"
        return
    if parts.scheme not in ("http", "https", "mailto"):
        yield f"{parts.scheme}: is nothing that a browser should be given by a mail"
    elif parts.scheme != "mailto" and "@" in parts.netloc:
        said = one_line(parts.netloc.rpartition("@")[0], 60)
        yield f"'{said}' before the @ is no host: it leads to {domain}"
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        if domain and domain.replace(".", "").replace("x", "").isalnum() and domain.split(".")[-1].isdigit():
            yield "its host is a number"
        return
    yield "its host is a number, and no name"


def _of_the_name(domain: str, shown: str, trusted: frozenset[str]) -> Iterable[str]:
    """Say that a domain is written in other letters than it seems, or looks like one that is trusted."""
    if domain != shown or "xn--" in domain:
        yield f"not all of its letters are Latin ones: {ascii_domain(shown) or domain}"
        for label in shown.split("."):
            mixed = sorted({script for sign in label if (script := _script(sign))})
            if len(mixed) > 1 and not set(mixed) <= {"CJK", "HIRAGANA", "KATAKANA", "LATIN"}:
                yield f"'{label}' mixes {' and '.join(each.capitalize() for each in mixed)} letters"
        twin = shown.translate(_TWINS)
        if twin != shown and twin.isascii():
            yield f"it reads like {twin}, and is another"
    if any(_belongs(shown, each) for each in trusted):
        return
    skeleton = _skeleton(shown)
    for each in sorted(trusted):
        own = _skeleton(each)
        if skeleton == own or skeleton.endswith(f".{own}"):
            yield f"it looks like {each}, and is another"
        elif shown.startswith((f"{each}.", f"{each}-")) or f".{each}." in shown:
            yield f"it begins like {each}, and is {'.'.join(shown.split('.')[-2:])}"


def _belongs(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}") or parent == f"www.{domain}"


def _skeleton(domain: str) -> str:
    """Return what an eye takes a domain for."""
    bare = "".join(
        sign
        for sign in unicodedata.normalize("NFKD", domain.translate(_TWINS))
        if not unicodedata.combining(sign)
    )
    return bare.translate(_ALIKE).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").partition(" ")[0] if sign.isalpha() else ""
