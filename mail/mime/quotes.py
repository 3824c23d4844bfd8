"""What in a reply is new, and where the quoted mail and the signature begin.

Nothing is deleted: the result are offsets into the text. When in doubt all of it is new: folding away what
somebody wrote is worse than showing a quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DEFAULT_MARKER: Final = "reply above this line"

_MAX_LINES: Final = 2000
_MAX_LINE: Final = 1000
_QUOTED: Final = re.compile(r"[ \t]{0,3}>")
_ATTRIBUTION_LINES: Final = 3
_DIGIT: Final = re.compile(r"\d")
_FORWARD: Final = re.compile(
    r"(?i)forwarded|weitergeleitet|transféré|réexpédié|reenviado|doorgestuurd|vidarebefordrat|пересылаемое|"
    r"inoltrato|encaminhada"
)
# Who wrote, in the languages in which mail programs say it; needed only where no ">" marks the quote.
_WROTE: Final = re.compile(
    r"(?i)(?:wrote|writes|schrieb|écrit|écrivait|escribió|escrito|escreveu|scritto|skrev|skrifaði|napisał|napisała|"
    r"написал|написала|пишет|schreef|geschreven|kirjoitti|írta|yazdı|scris|napsal|napsala|napísal|έγραψε|viết|"
    r"写道|寫道)(?:\(a\))?[ \xa0]?[:：]$"
)
_TIME: Final = re.compile(r"\d{1,2}[:.h]\d{2}")
_FROM_LABEL: Final = re.compile(
    r"(?i)[ \t>]{0,8}\*{0,2}(?:from|von|de|da|van|fra|från|frå|od|от|від|mittente|remitente|expéditeur|"
    r"lähettäjä|feladó|kimden|από|từ|发件人|寄件者|差出人|보낸 사람)\*{0,2}[ \xa0]?[:：]\*{0,2}[ \xa0\t]*\S"
)
_LABEL: Final = re.compile(
    r"[ \t>]{0,8}\*{0,2}[^\s:*：][^:*：\n]{0,24}\*{0,2}[ \xa0]?[:：]\*{0,2}(?:[ \xa0\t]|$)"
)
_ORIGINAL: Final = re.compile(
    r"(?i)-{2,}[ ]?(?:original|reply|antwort|oprindelig|opprinnelig|ursprüngliche|oorspronkelijk|исходное|"
    r".{1,60} (?:wrote|schrieb))[ ]?"
    r"(?:message|nachricht|meddelelse|melding|e-mail|bericht|сообщение)?[ ]?-{2,}"
)
# Without one of these quotequail finds nothing, and finding nothing takes it longer than all else takes.
_LIBRARY_HINT: Final = re.compile(
    r"(?im)^[ \t]*>|[:：]\s*$|^[>*\s]*(?:---|_{32})|\d{4}/\d{1,2}/\d{1,2} .*@.*>\s*$|"
    r"^\*?[ ]*(?:from|von|de|от кого|från|van|to|an|para|à|pour|кому|till|aan|cc|kopi[ea]|bcc|cco|"
    r"blindkopie|reply-to|antwort an|répondre à|responder a|antwoord aan|date|sent|received|datum|"
    r"gesendet|enviado el|enviados|fecha|дата|verzonden|subject|betreff|asunto|objet|sujet|тема|ämne|"
    r"onderwerp)[ ]*:"
)
_SIGNATURE: Final = re.compile(r"--[ \t\xa0]?$")
_DEVICE: Final = re.compile(
    r"(?i)(?:sent (?:from|via|with) (?:my |mail for |yahoo|outlook|proton|gmail|samsung)|get outlook for |"
    r"von meinem .{1,40} gesendet|gesendet (?:von|mit|über) |envoyé (?:de|depuis) |enviado (?:desde|do) |"
    r"inviato da|verzonden (?:vanaf|met) |отправлено (?:с|из) ).{0,80}$"
)
_MAX_SIGNATURE_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A text in three slices, in this order: what is new, the signature, the quoted mail.

    `visible_end` and `quote_at` are the offsets; without quote or signature they are the text's length.
    """

    text: str
    visible_end: int
    quote_at: int

    @property
    def visible(self) -> str:
        """What is new; the beginning of the text."""
        return self.text[: self.visible_end]

    @property
    def signature(self) -> str:
        return self.text[self.visible_end : self.quote_at].strip("\n")

    @property
    def quoted(self) -> str:
        return self.text[self.quote_at :].strip("\n")


def split_reply(text: str, marker: str = DEFAULT_MARKER, quote_at: int | None = None) -> ReplyText:
    """Find quote and signature. `marker`: our own line in the mails we send, empty for none.

    `quote_at`: where the sender's HTML says that the quote begins (`ParsedMail.quote_at`).
    """
    lines = text.split("\n")
    offsets = _offsets(lines)
    rules = (_by_marker(lines, marker), _by_prefix(lines), _by_words(lines))
    cuts = [found for found in rules if found is not None]
    if quote_at is not None and 0 < quote_at < len(text):
        cuts.append(sum(1 for offset in offsets if offset < quote_at))
    if not cuts:
        found = _by_library(lines)
        if found is not None:
            cuts.append(found)
    cut = min(cuts, default=len(lines))
    if cut < len(lines):
        cut = _with_attribution(lines, cut)
    if not any(line.strip() for line in lines[:cut]):
        cut = len(lines)  # nothing above the quote: the answer is below or between
    end = _signature_line(lines[:cut])
    visible_end = _end_of(lines, offsets, end)
    return ReplyText(text, visible_end, offsets[cut] if cut < len(lines) else len(text))


def _offsets(lines: list[str]) -> list[int]:
    offsets, position = [], 0
    for line in lines:
        offsets.append(position)
        position += len(line) + 1
    return offsets


def _end_of(lines: list[str], offsets: list[int], count: int) -> int:
    """The offset behind the last of the first `count` lines that holds something."""
    while count and not lines[count - 1].strip():
        count -= 1
    return offsets[count - 1] + len(lines[count - 1].rstrip()) if count else 0


def _by_marker(lines: list[str], marker: str) -> int | None:
    wanted = marker.strip().casefold()
    if not wanted:
        return None
    for number, line in enumerate(lines):
        if len(line) < _MAX_LINE and line.strip(" \t>-#=*_").casefold() == wanted:
            return number
    return None


def _by_prefix(lines: list[str]) -> int | None:
    """Where lines with ``>`` begin, if nothing but such lines follows."""
    first = None
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if _QUOTED.match(line):
            first = number
        elif line.strip() and not (first is None and _DEVICE.fullmatch(line.strip())):
            break
    return first


def _with_attribution(lines: list[str], cut: int) -> int:
    """Take in the one to three lines above that say who wrote the quoted mail and when, in any language."""
    last = cut - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    if last < 0 or cut - last > 4 or not lines[last].rstrip().endswith((":", "：")):
        return cut
    for first in range(last, max(last - _ATTRIBUTION_LINES, -1), -1):
        joined = " ".join(lines[first : last + 1])
        if not lines[first].strip() or len(joined) > _MAX_LINE:
            break
        if "@" in joined and _DIGIT.search(joined):
            if first and last - first < 1 and _starts_inside(lines, first):
                first -= 1
            return first
    joined = lines[last]
    return last if _DIGIT.search(joined) and len(joined) < 200 else cut


def _starts_inside(lines: list[str], first: int) -> bool:
    """Whether a wrapped attribution began on the line above (that has the date, this one the address)."""
    above = lines[first - 1]
    return (
        bool(above.strip()) and bool(re.search(r"\d{1,2}[:h.]\d{2}|\b20\d\d\b", above)) and len(above) < 120
    )


def _by_words(lines: list[str]) -> int | None:
    """Where an unmarked quote is announced: who wrote when, a header block, "Original Message"."""
    for number, line in enumerate(lines[:_MAX_LINES]):
        if len(line) > _MAX_LINE:
            continue
        bare = line.strip()
        if _ORIGINAL.fullmatch(bare):
            return number
        if bare.endswith((":", "：")) and _WROTE.search(bare):
            for first in range(number, max(number - _ATTRIBUTION_LINES, -1), -1):
                joined = " ".join(lines[first : number + 1])
                if not lines[first].strip() or len(joined) > _MAX_LINE:
                    break
                if "@" in joined and _TIME.search(joined):
                    if not _marked_below(lines, number):
                        return first
                    break
        if _FROM_LABEL.match(line) and _is_header_block(lines, number):
            return _above_rule(lines, number)
    return None


def _marked_below(lines: list[str], number: int) -> bool:
    """Whether ``>`` marks what follows; then only a text without new lines below it is a quote."""
    following = next((line for line in lines[number + 1 : number + 4] if line.strip()), "")
    return bool(_QUOTED.match(following))


def _is_header_block(lines: list[str], first: int) -> bool:
    block = [line for line in lines[first : first + 12] if line.strip()][:8]
    labels = 0
    for line, after in zip(block, [*block[1:], ""], strict=True):
        if _LABEL.match(line[:200]):
            labels += 1
        elif not _LABEL.match(after[:200]):  # neither a label nor the wrapped value of one
            break
    joined = "\n".join(block[: labels + 2])
    above = next((line for line in reversed(lines[max(first - 3, 0) : first]) if line.strip()), "")
    return labels >= 3 and "@" in joined and bool(_DIGIT.search(joined)) and not _FORWARD.search(above)


def _above_rule(lines: list[str], number: int) -> int:
    """The line that mail programs draw above a header block belongs to the quote."""
    above = number - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and re.fullmatch(r"[-_*]{3,}", lines[above].strip()) else number


def _by_library(lines: list[str]) -> int | None:
    """quotequail's knowledge of "Original Message" and header blocks; forwards stay visible."""
    kept: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(lines[: _MAX_LINES * 2]):
        # Runs of blank lines cost its patterns quadratic time, and so do endless lines.
        if not line.strip() and (not kept or not kept[-1]):
            continue
        kept.append(line[:_MAX_LINE].rstrip() if line.strip() else "")
        numbers.append(number)
        if len(kept) >= _MAX_LINES:
            break
    text = "\n".join(kept)
    if not _LIBRARY_HINT.search(text):
        return None
    from quotequail import unwrap

    found = unwrap(text)
    top = found.get("text_top") if found else None
    if not found or not top or found.get("text_bottom"):
        return None
    count = len(top.split("\n"))
    if "\n".join(kept[:count]).strip() != top:
        return None
    while count < len(kept) and not kept[count]:
        count += 1
    if count >= len(kept):
        return None
    if found.get("type") == "forward" and _FORWARD.search(kept[count]):
        return None
    return numbers[count]


def _signature_line(lines: list[str]) -> int:
    """How many of `lines` stand above the signature; all of them if there is none."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    for number in range(end - 1, max(end - 1 - _MAX_SIGNATURE_LINES, 0), -1):
        if _SIGNATURE.fullmatch(lines[number]):
            return number if any(line.strip() for line in lines[:number]) else len(lines)
    if end > 1 and len(lines[end - 1]) < 200 and _DEVICE.fullmatch(lines[end - 1].strip()):
        return end - 1
    return len(lines)
