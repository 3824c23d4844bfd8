"""What stands around somebody's words without being theirs: signatures, disclaimers, banners, footers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from config.expressions import expression
from mail.mime.quotes.announcements import MAX_LINE
from mail.mime.quotes.words import (
    CARE,
    COMPANY,
    LIST_FOOTER,
    OUTSIDE,
    SECRECY,
    THE_MAIL,
    WARNING,
    asks_not_to_print,
    count,
    has,
    tells_of_scanner,
)
from mail.mime.quotes.words import is_device_line as is_praise

MAX_SIGNATURE: Final = 40
_MAX_LOOSE_SIGNATURE: Final = 12
_MAX_FOOTER: Final = 60
_MAX_BANNER: Final = 8
_SIGNATURE: Final = expression(r"--[ \xa0][ \t\xa0]?")
_LOOSE_SIGNATURE: Final = expression(r"(?:--|—|–|__)[ \t\xa0]?|-{3}|_{3,6}")
_RULE: Final = "-_=*~#+─—–."
_SHORTEST_RULE: Final = 5
_CONTACT: Final = expression(
    r"(?i)@|https?://|www\.|\+?\(?\d{2,5}\)?[\s./-]?\d{2,}[\s./-]?\d{2,}|\b(?:gmbh|ag|ltd|inc|llc|s\.?r\.?l|s\.?a\.?s?|"
    r"b\.?v|a/s|oy|ab|kft|sp\. z o|ооо|plc|corp|tel|phone|mobil|fax)\b\.?"
)
_FIRST_IDEOGRAPH: Final = "\u2e80"
_TAG: Final = expression(r"[\s*_]*[\[(【<*]{1,3}[^\[\]]{3,60}[\])】>*]{1,3}[\s*_]*")
_PERSONAL: Final = expression(
    r"[?？](?:\s|$)|^(?:i|ich|je|j['’]ai|yo|io|ik|jag|jeg|my|mein|meine|mon|ma|mi|mio|mia|minha|meu|min|"
    r"я|мой|моя|мы|we) "
)
"""Who asks, or begins with themselves, is no lawyer."""
_SENTENCE: Final = expression(r"[.?!。？！]\s*$")

Footer = Literal["signature", "footer"]


def footers(lines: Sequence[str], first: int, after: int, *, below: bool) -> list[tuple[int, int, Footer]]:
    """Return the footers at the end of the own lines `first` up to `after`, as (first, after, kind).

    `below`: a quote stands above these lines and an answer above that.
    """
    found: list[tuple[int, int, Footer]] = []
    end = _trimmed(lines, first, after)
    legal = _legal_from(lines, first, end, below)
    if legal is not None:
        found.append((legal, end, "footer"))
        end = _trimmed(lines, first, legal)
    listed = _list_from(lines, first, end)
    if listed is not None:
        found.append((listed, end, "footer"))
        end = _trimmed(lines, first, listed)
    signed = _signature_from(lines, first, end)
    if signed is not None:
        found.append((signed, end, "signature"))
        end = _trimmed(lines, first, signed)
    device = _device_from(lines, first, end)
    if device is not None:
        found.append((device, end, "signature"))
        end = _trimmed(lines, first, device)
    if below and end > first and _is_card(lines, first, end):
        found.append((first, end, "signature"))
    return found


def is_device_line(line: str) -> bool:
    """Return whether this is the line by which a program praises itself: ``Sent from my iPhone``."""
    bare = line.strip(" \t\xa0*_-<>[]")
    if not 0 < len(bare) < 300:
        return False
    linked = "//" in bare or "www." in bare or "[" in bare
    words = (_LINK.sub("", bare) if linked else bare).strip().casefold()
    return is_praise(words) or (linked and len(words) < 60 and _STORE.search(bare) is not None)


_STORE: Final = expression(r"(?i)//(?:aka\.ms/(?:o0ukef|aab9ysg|qtex0l|ghei36|blhgte|getoutlook)|sprh\.mn/)")
"""Where mail programs send those whom they praise themselves to, in whatever language."""
_LINK: Final = expression(r"\s*[<(\[]?(?:https?://|www\.)[^\s<>]{1,150}[>)\]]?|\s*\[\d{1,3}\]")


def banner_end(lines: Sequence[str], first: int, after: int) -> int:
    """Return the line behind a gateway's banner ("this mail comes from outside") at `first`, or `first`."""
    begin = first
    while begin < after and not lines[begin].strip():
        begin += 1
    end = begin
    while end < after and end - begin < _MAX_BANNER and lines[end].strip():
        end += 1
    if begin < after and _is_rule(lines[begin]):
        return _ruled_banner_end(lines, first, begin, after)
    if end == begin:
        return first
    if has(lines[begin].casefold(), OUTSIDE) and _TAG.fullmatch(lines[begin][:MAX_LINE]):
        return begin + 1
    paragraph = " ".join(line[:MAX_LINE] for line in lines[begin:end])
    plain = paragraph.casefold()
    tagged = paragraph.lstrip("*_ <").startswith(
        ("[", "【", "CAUTION", "WARNING", "EXTERNAL", "ACHTUNG", "ATTENTION")
    )
    if "learnaboutsenderidentification" in plain:
        return end
    if len(paragraph) < 1200 and has(plain, OUTSIDE) and count(plain, CARE) >= (1 if tagged else 3):
        return end
    return first


def _ruled_banner_end(lines: Sequence[str], first: int, begin: int, after: int) -> int:
    for number in range(begin + 1, min(begin + _MAX_BANNER + 4, after)):
        if _is_rule(lines[number]):
            said = " ".join(line[:MAX_LINE] for line in lines[begin:number]).casefold()
            return number + 1 if has(said, OUTSIDE) and has(said, CARE) else first
    return first


def _is_rule(line: str) -> bool:
    """Return whether a line is drawn across the text."""
    bare = line.strip() if len(line) <= MAX_LINE else ""
    return len(bare) >= _SHORTEST_RULE and not bare.strip(_RULE)


def _trimmed(lines: Sequence[str], first: int, after: int) -> int:
    while after > first and not lines[after - 1].strip():
        after -= 1
    return after


def _signature_from(lines: Sequence[str], first: int, after: int) -> int | None:
    loose: int | None = None
    for number in range(after - 1, max(after - 1 - MAX_SIGNATURE, first - 1), -1):
        line = lines[number]
        if len(line) > 6:
            continue
        if _SIGNATURE.fullmatch(line) and number < after - 1:
            return number
        close = after - number <= _MAX_LOOSE_SIGNATURE and loose is None
        apart = line.rstrip() == "--" or number == first or not lines[number - 1].strip()
        if not (close and apart and _LOOSE_SIGNATURE.fullmatch(line.strip())):
            continue
        if _announces(lines, first, number) or not _short(lines, number + 1, after):
            continue
        if line.rstrip() == "--" or _CONTACT.search("\n".join(lines[number + 1 : after])):
            loose = number
    return loose


def _announces(lines: Sequence[str], first: int, number: int) -> bool:
    """Return whether the text above this line says that something follows."""
    above = _trimmed(lines, first, number)
    return above > first and lines[above - 1].rstrip().endswith((":", "："))


def _short(lines: Sequence[str], first: int, after: int) -> bool:
    """Return whether these lines are one card rather than paragraphs."""
    blanks = sum(1 for line in lines[first:after] if not line.strip())
    return after > first and blanks <= 2 and all(len(line) <= 100 for line in lines[first:after])


def _device_from(lines: Sequence[str], first: int, after: int) -> int | None:
    begin = after
    for number in range(after - 1, max(after - 4, first - 1), -1):
        line = lines[number]
        if not line.strip():
            continue
        if len(line) <= MAX_LINE and is_device_line(line):
            begin = number
        else:
            break
    return begin if begin < after else None


def _list_from(lines: Sequence[str], first: int, after: int) -> int | None:
    """Find a rule and below it how one leaves the list."""
    for number in range(after - 1, max(after - 16, first - 1), -1):
        line = lines[number]
        if number < after - 1 and _is_rule(line):
            said = "\n".join(each[:MAX_LINE] for each in lines[number + 1 : after]).casefold()
            if has(said, LIST_FOOTER) and _CONTACT.search(said):
                return number
            if tells_of_scanner(said) or has(said, SECRECY):
                return number
    return None


def _legal_from(lines: Sequence[str], first: int, after: int, below: bool) -> int | None:
    """Return where what gateways and lawyers add begins, with the rule above; None without it."""
    begin: int | None = None
    end = after
    for _ in range(5):
        start = end
        while start > first and after - start < _MAX_FOOTER and lines[start - 1].strip():
            start -= 1
        if start == end or not _is_legal(lines, start, end, below):
            break
        begin = start
        end = _trimmed(lines, first, start)
    if begin is None:
        return None
    above = _trimmed(lines, first, begin)
    if above > first and _is_rule(lines[above - 1]):
        begin = above - 1
    return begin


def _is_legal(lines: Sequence[str], first: int, after: int, below: bool) -> bool:
    said = " ".join(line[:2000] for line in lines[first:after])[:6000].casefold()
    if len(said) < 12:
        return _is_rule(said)
    size = len(said) + 2 * sum(1 for char in said[:400] if char > _FIRST_IDEOGRAPH)  # they say more
    secret = count(said, SECRECY)
    if secret and _PERSONAL.search(said):
        secret = 0
    enough = 1 if below and size >= 80 else 2
    if size >= 40 and secret and secret + count(said, WARNING) >= enough and has(said, THE_MAIL):
        return True
    if size >= 40 and count(said, COMPANY) >= 2:
        return True
    if size < 400 and tells_of_scanner(said):
        return True
    return size < 300 and asks_not_to_print(said)


def _is_card(lines: Sequence[str], first: int, after: int) -> bool:
    """Return whether these few lines are name, firm and telephone rather than an answer."""
    filled = [line.strip() for line in lines[first:after] if line.strip()]
    if not filled or len(filled) > 10 or any(len(line) > 90 for line in filled):
        return False
    if any(_SENTENCE.search(line) and len(line.split()) > 3 for line in filled):
        return False
    if _CONTACT.search(filled[0]) or any(line.endswith((":", "：", "?", "？")) for line in filled):
        return False
    said = "\n".join(filled)
    contacts = len(_CONTACT.findall(said))
    return contacts >= 2 and len(filled) >= 2 and not _has_sentence(filled)


def _has_sentence(lines: Sequence[str]) -> bool:
    return any(len(line.split()) > 9 for line in lines)
