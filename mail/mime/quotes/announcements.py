"""Lines that say "from here on somebody else speaks": who wrote when, a header block, a separator.

They are known by their shape: a date, an address or a name, a colon; lines of the form ``Word: value``.
Words of known languages (`mail.mime.quotes.words`) only decide where the shape leaves doubt. Every look is
bounded: no line of more than `MAX_LINE` characters is looked at, nor more than a few lines together.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from config.expressions import expression
from config.records import Record
from mail.mime.quotes.words import (
    FORWARDED,
    LABELS,
    ORIGINAL,
    PARTICLES,
    WROTE,
    Role,
    has,
)

MAX_LINE: Final = 400
MAX_LOOKS: Final = 5000
_WRAPPED: Final = 4
_MAX_HEADERS: Final = 24
_MAX_CONTINUED: Final = 3
_NEEDED: Final = 3
_SHORTEST_SUBJECT: Final = 4
_SHORTEST_ODD: Final = 4
_FIRST_UNCASED: Final = "\u0530"  # behind Latin, Greek and Cyrillic; what small letters mean is known there

_ADDRESS: Final = expression(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,190}")
_ADDRESSED: Final = expression(
    r"[<(\[\"'«‹‪\ufffd]*(?:\s*mailto:\s*)?[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,190}[>)\]\"'»›\ufffd]*"
)
_SEVERAL: Final = expression(r"\x00(?:[\s<>\[\]()]*\x00)+")
_YEAR: Final = r"(?<![\d.])(?:19|20)\d\d(?![\d.]\d)"
_DATE: Final = expression(
    rf"{_YEAR}|\d{{1,4}}\s?[./-]\s?\d{{1,2}}\s?[./-]\s?\d{{2,4}}|\d\s?[月월]\s?\d|(?<!\d)25\d\d(?!\d)|"
    r"\d{1,2}[. ]\s?[^\W\d_]{3,12}\.?,? '?\d\d\b"
)
_TIME: Final = expression(r"(?<!\d)\d{1,2}\s?[:.h時时点點시]\s?\d\d(?!\d)")
_ZEROS: Final = "٠۰߀०০੦૦୦௦౦೦൦๐໐༠၀០᠐０"
"""Of the scripts that have digits of their own."""
_ASCII_DIGITS: Final = {ord(zero) + number: str(number) for zero in _ZEROS for number in range(10)}
_SELF: Final = frozenset(
    ["i", "we", "ich", "wir", "je", "nous", "yo", "io", "eu", "ik", "jag", "jeg", "я", "мы"]
)
_LOGGED: Final = expression(
    r"[\[(<*-]{0,2} ?(?:\d{1,4}[-/.](?:\d{1,2}|[A-Z][a-z]{2})[-/.]\d{1,4}[T ,:]{1,2})?"
    r"\d{1,2}:\d\d(:\d\d)?(?!\d)"
)
_NEAR_BY: Final = 4
_SENTENCE_WORDS: Final = """as like what that because when since wie was dass weil laut comme selon ce como lo
    según segundo come quello secondo som hvad vad jak co как что zoals wat kuten ahogy"""
_SENTENCE: Final = frozenset(_SENTENCE_WORDS.split())
"""Words with which a sentence about what somebody wrote begins, and no announcement of it."""
_PROMPT: Final = expression(r"[ \t]{0,8}(?:[\w.@:~/\[\]()-]{0,60} ?)?[$#%] \S")
_LABELLED: Final = expression(r"[^\W\d_]{1,10}: ")
_DIGIT: Final = expression(r"\d")
_LAST_DIGIT: Final = expression(r"\d(?=\D*$)")
_WORD: Final = expression(r"[^\s,;()\[\]<>\"'«»:：]+")
_COLON: Final = frozenset(":：︰")
_RULE: Final = expression(r"\s*[-_=*~─—–]{3,}\s*")
_SEPARATOR: Final = expression(
    r"\s*[>|]*\s*[-_=*~─—–]{2,40}(?: [-_=*~─—–]{1,3}){0,20}\s*([^-_=*~─—–\s].{0,200}?)\s*[-_=*~─—–]{2,80}\s*"
)
_DASHED: Final = expression(r"-{2,}[^\n]{1,300}-{2,}")
_LABEL: Final = expression(
    r"[ \t]{0,20}[>|*•·]{0,3}[ \t]{0,4}([^\s:：|*<>][^:：|<>\n]{0,31}?)[ \t\xa0]{0,20}\*{0,2}[:：|]\*{0,2}"
)
_RAW_NAMES: Final = """received message-id mime-version content-type return-path dkim-signature delivered-to
    x-mailer references in-reply-to x-spam-status authentication-results received-spf arc-seal"""
_RAW_HEADERS: Final = frozenset(_RAW_NAMES.split())
_SUBJECT_PREFIXES: Final = expression(
    r"(?:[^\s:：\[\]]{1,8}(?:\[\d+\]|\(\d+\))?\s?[:：]\s*|\[[^\[\]]{1,40}\]\s*)+"
)
_BARE_LABEL: Final = expression(r"\s*([^\s:：]{1,16})[:：]?\s*")
_LOTUS: Final = expression(
    r"[^\n]{1,100}?-{2,3}\s?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}[:.]\d\d(?:[:.]\d\d)?"
    r"(?: ?[AaPp]\.?[Mm]\.?)?\s?---?.{0,200}"
)
_LOTUS_NAME: Final = expression(r"[^\n:]{1,80}<[^<>\s]{3,100}@[^<>\s]{3,100}>\s*|\s*\S+@\S+\s*")
_BLOOMBERG: Final = expression(r"(?:from|von|de): .{1,120}@.{1,120} at: ?\d.{0,200}", re.IGNORECASE)
_GROUPWISE: Final = expression(r">>>\s?[^>].{3,200}?>>>\s*")


class Announcement(Record):
    """Lines from `first` up to, not including, `after`. `author`: see `Piece`."""

    first: int
    after: int
    author: str = ""
    forward: bool = False


class Looks:
    """How many closer looks at lines are left; a text that needs more is hostile, and its rest is new."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_LOOKS

    def take(self) -> bool:
        """Use one up; False if there is none."""
        self.left -= self.left > 0
        return self.left > 0


class _Head:
    """Header lines as they are read one by one: which roles they have, and what speaks for them."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self.roles: set[Role] = set()
        self.last: Role | None = None
        self.author = ""
        self.labels = self.continued = 0
        self._dated = self._evident = self._same_subject = False

    def take(self, name: str, value: str) -> None:
        """Take in the line ``name: value``."""
        self.labels += 1
        self.continued = 0
        self.last = LABELS.get(name)
        if self.last is not None:
            self.roles.add(self.last)
        self._same_subject |= bool(self._subject and bare_subject(value) == self._subject)
        self._dated |= self.last == "date" and _is_moment(value)
        self._see(value)

    def go_on(self, line: str) -> None:
        """Take in the wrapped rest of the line before."""
        self.continued += 1
        self._see(line)

    def _see(self, value: str) -> None:
        if self.last == "from" and "@" not in self.author and value.strip():
            self.author = _author(f"{self.author} {value}")
        self._evident |= "@" in value or bool(_DIGIT.search(value))

    @property
    def is_whole(self) -> bool:
        """Whether a line with an unknown label may well be the text below."""
        return self.labels >= _NEEDED and not self._same_subject

    def is_enough(self, needed: int) -> bool:
        """Return whether this is the head of a mail. `needed`: how many known labels that takes."""
        if not self._evident:
            return False
        if "from" in self.roles and len(self.roles) >= needed and self.roles & {"date", "subject"}:
            return needed < _NEEDED or "@" in self.author or self._dated or self._same_subject
        if self.roles == {"from", "date"} and self.author and self._dated:
            return True
        return self._same_subject and self.labels >= (_NEEDED if self.roles else _NEEDED + 1)


class Announcements:
    """Finds announcements in the lines of one text. `subject`: of the mail; header blocks repeat it."""

    def __init__(self, lines: Sequence[str], subject: str = "", looks: Looks | None = None) -> None:
        self.lines = lines
        self.looks = looks or Looks()
        self._subject = bare_subject(subject)
        self._no_block_before = 0
        self._repeated = self._lines_with_subject() if len(self._subject) >= _SHORTEST_SUBJECT else ()

    def at(self, number: int) -> Announcement | None:
        """Return the announcement that is whole at this line and needs no mark below it, or None.

        Of an attribution this is its last line, of a header block its first.
        """
        line = self.lines[number]
        if len(line) > MAX_LINE or not self.looks.left:
            return None
        bare = line.strip()
        if not bare:
            return None
        last = bare[-1]
        if last in ":：︰":
            found = self.attribution(number, sure=True)
            if found is not None:
                return found
            if (
                len(bare) < 80
                and has(bare.casefold(), FORWARDED)
                and len(bare.split()) <= 7
                and self._opens(number + 1)
            ):
                return Announcement(number, number + 1, forward=True)
        elif last in "-=_*~─—–" and len(bare) > 6:
            found = self._separator(number)
            if found is not None:
                return found
        elif line.startswith(">>>") and self.is_groupwise(number):
            return Announcement(number, number + 1, _author(bare))
        if "---" in bare and _LOTUS.fullmatch(bare):
            block = self.header_block(number + 1)
            return Announcement(number, block.after if block else number + 1, block.author if block else "")
        if "@" in bare and (_BLOOMBERG.fullmatch(bare) or self._is_lotus_head(number)):
            return Announcement(number, number + 1, _author(bare))
        return self.header_block(number)

    def is_groupwise(self, number: int) -> bool:
        """Return whether it is GroupWise's ``>>> Name 20.11.2026 09:12 >>>``, which marks only itself."""
        line = self.lines[number]
        if not line.startswith(">>>") or len(line) > MAX_LINE or not line.rstrip().endswith(">>>"):
            return False
        return bool(_GROUPWISE.fullmatch(line) and (_DATE.search(line) or "@" in line))

    # -- who wrote when

    def attribution(self, last: int, *, sure: bool) -> Announcement | None:
        """Return an attribution that ends on line `last`, over at most four lines.

        `sure`: nothing below it is marked as quoted, so that it must say by itself that it is one.
        """
        if not self.looks.take():
            return None
        best: tuple[int, int, str] | None = None
        for first in range(last, max(last - _WRAPPED, -1), -1):
            joined = self.joined(first, last)
            if not joined:
                break
            weight = _weight(joined, sure)
            if weight and (best is None or weight > best[0]):
                best = (weight, first, _author(joined))
        if best is None or (sure and self._is_logged(best[1], last)):
            return None
        return Announcement(best[1], last + 1, best[2])

    def _is_logged(self, first: int, last: int) -> bool:
        """Return whether a line of a log or chat: a moment with seconds, or as near by, leads it."""
        line = self.lines[first]
        moment = _LOGGED.match(line)
        if moment is None or "@" in " ".join(self.lines[first : last + 1]):
            return False
        if moment[1]:
            return True
        shape = _DIGIT.sub("0", moment[0])
        near_by = [*self.lines[max(first - _NEAR_BY, 0) : first], *self.lines[last + 1 : last + 1 + _NEAR_BY]]
        return any(_DIGIT.sub("0", line[: moment.end()]) == shape for line in near_by)

    def joined(self, first: int, last: int) -> str:
        """Return these lines as one; empty if they are none that an attribution could be wrapped into."""
        lines = self.lines[first : last + 1]
        if not lines[0].strip() or (first < last and lines[0].lstrip().startswith(">")):
            return ""
        if sum(len(line) for line in lines) > MAX_LINE or any(_LABELLED.match(line) for line in lines[1:]):
            return ""
        return " ".join(line.strip() for line in lines)

    # -- header blocks

    def header_block(self, first: int) -> Announcement | None:
        """Return a block of header lines that begins on line `first`, with the rule drawn above it."""
        if first < self._no_block_before or first >= len(self.lines):
            return None
        label = _label(self.lines[first][:120])
        if label is None or not (_plain(label[1]) in LABELS or self._repeats_subject(first)):
            return None
        return self._block(first, _NEEDED) if self.looks.take() else None

    def _block(self, first: int, needed: int) -> Announcement | None:
        head = _Head(self._subject)
        number = after = first
        end = min(len(self.lines), first + _MAX_HEADERS)
        while number < end:
            line = self.lines[number][:MAX_LINE]
            if not line.strip():
                if not head.roles or self._role(number + 1) is None:
                    break
                number += 1
                continue
            label = _label(line[:200])
            if label is not None and not (head.last and _is_url(line)):
                name = _plain(label[1])
                if name == "received" and _is_moment(line[label.end() :]) and " by " not in line:
                    name = "date"  # so Dynamics calls it
                if name in _RAW_HEADERS:
                    return None  # somebody shows the headers of a mail
                known = name in LABELS or number in self._repeated
                if not known and head.is_whole and not self._role_soon(number):
                    break
                head.take(name, line[label.end() :].strip(" \t*|"))
            elif not head.labels or not self._continues(number, head):
                break
            else:
                head.go_on(line)
            number += 1
            after = number
        if not head.is_enough(needed) or self._is_shown(first):
            if needed == _NEEDED:
                self._no_block_before = after  # what begins further down has even less
            return None
        return self._with_rule(Announcement(first, after, head.author))

    def _is_shown(self, first: int) -> bool:
        """Return whether the line above says that what follows is shown: "the headers are:"."""
        above = first - 1
        label = _label(self.lines[above][:120]) if above >= 0 else None
        if label is not None and _plain(label[1]) in _RAW_HEADERS:
            return True
        if above >= 0 and _PROMPT.match(self.lines[above][:MAX_LINE]):
            return True
        if above >= 0 and not self.lines[above].strip():
            above -= 1
        return above >= 0 and self.lines[above].rstrip()[-1:] in _COLON and self._role(above) is None

    def _continues(self, number: int, head: _Head) -> bool:
        """Return whether this line is the wrapped value of a header line above."""
        line = self.lines[number]
        if head.continued >= _MAX_CONTINUED or (head.last == "subject" and not self._role_soon(number)):
            return False
        if head.last in ("to", "cc", "from") and ("@" in line or ";" in line):
            return True
        return line[:1] in " \t" or self._role(number + 1) is not None

    def _role(self, number: int) -> Role | None:
        if number >= len(self.lines):
            return None
        line = self.lines[number]
        label = _label(line[:120])
        return LABELS.get(_plain(label[1])) if label is not None else None

    def _role_soon(self, number: int) -> bool:
        return any(self._role(each) is not None for each in range(number + 1, number + 3))

    def _lines_with_subject(self) -> Sequence[int]:
        """Return the lines with the mail's own subject behind a colon: header lines, in whatever language."""
        found = []
        for number, line in enumerate(self.lines):
            if (
                6 < len(line) <= MAX_LINE
                and (":" in line or "：" in line)
                and self._subject[-3:] in line.casefold()
            ):
                label = _label(line)
                if label is not None and bare_subject(line[label.end() :].strip(" \t*|")) == self._subject:
                    found.append(number)
        return found

    def _repeats_subject(self, number: int) -> bool:
        place = bisect_left(self._repeated, number)
        return place < len(self._repeated) and self._repeated[place] - number < 8

    def _with_rule(self, block: Announcement) -> Announcement:
        """Add the line that mail programs draw above a header block: it belongs to it."""
        above = block.first - 1
        while above >= 0 and block.first - above < 3 and not self.lines[above].strip():
            above -= 1
        if above < 0 or len(self.lines[above]) > MAX_LINE:
            return block
        line = self.lines[above]
        separator = _SEPARATOR.fullmatch(line)
        forward = separator is not None and has(separator[1].casefold(), FORWARDED)
        if separator or _RULE.fullmatch(line):
            return Announcement(above, block.after, block.author, forward)
        return block

    # -- separators

    def _separator(self, number: int) -> Announcement | None:
        found = _SEPARATOR.fullmatch(self.lines[number]) if self.looks.take() else None
        if found is None:
            return None
        words = found[1].strip()
        plain = words.casefold()
        if _weight(words + ":", True) and ("@" in words or has(plain, WROTE)):
            return Announcement(number, number + 1, _author(words))
        below = self._first_filled(number + 1)
        block = self._headers_below(below)
        after, author = (block.after, block.author) if block else (number + 1, "")
        if has(plain, FORWARDED):
            return Announcement(number, after, author, forward=True)
        known = len(words) < 60 and has(plain, ORIGINAL)
        if known and len(words.split()) <= 5 and words[:1].isalpha():
            return Announcement(number, after, author)
        if block is not None and len(words) < 80:
            return Announcement(number, after, author)
        return None

    def _headers_below(self, number: int) -> Announcement | None:
        """Find a header block under a separator, which may be short or lack its colons."""
        if number >= len(self.lines):
            return None
        block = self._block(number, needed=2) if self._labelled(number) else None
        if block is not None:
            return block
        after, author, roles = number, "", 0
        for each in range(number, min(number + 8, len(self.lines))):
            line = self.lines[each][:MAX_LINE].strip(" \t*|>")
            first = _plain(line.split(" ", 1)[0]) if line else ""
            if first not in LABELS:
                break
            roles += 1
            if LABELS[first] == "from":
                author = _author(line)
            after = each + 1
        return Announcement(number, after, author) if roles >= 3 else None

    def _labelled(self, number: int) -> bool:
        return _label(self.lines[number][:120]) is not None

    def _first_filled(self, number: int) -> int:
        for each in range(number, min(number + 3, len(self.lines))):
            if self.lines[each].strip():
                return each
        return number

    def _opens(self, number: int) -> bool:
        """Return whether a header block or marked lines begin here."""
        filled = self._first_filled(number)
        if filled >= len(self.lines):
            return False
        return self.lines[filled].lstrip().startswith(">") or self.header_block(filled) is not None

    def _is_lotus_head(self, number: int) -> bool:
        """Find a line with a name, one with a date, and below them the bare words of a memo's head."""
        lines = self.lines
        if number + 2 >= len(lines) or not self.looks.take() or not _LOTUS_NAME.fullmatch(lines[number]):
            return False
        second = lines[number + 1].strip()
        if len(second) > 60 or not _DATE.search(second) or not _TIME.search(second):
            return False
        words = 0
        for line in lines[number + 1 : number + 14]:
            label = _BARE_LABEL.fullmatch(line[:60]) if line.strip() else None
            last = line.split()[-1] if line.strip() and len(line) <= MAX_LINE else ""
            if (label and _plain(label[1]) in LABELS) or _plain(last) in LABELS:
                words += 1
        return words >= 2


def _label(line: str) -> re.Match[str] | None:
    """Return the label that a line begins with, and its colon."""
    return _LABEL.match(line) if ":" in line or "：" in line or "|" in line else None


def bare_subject(subject: str) -> str:
    """Return a subject without its ``Re:`` and ``[list]``, in small letters without blanks."""
    subject = subject[:MAX_LINE]
    named = ":" in subject or "：" in subject or "[" in subject
    prefix = _SUBJECT_PREFIXES.match(subject) if named else None
    return (
        "".join(subject[prefix.end() :].split()).casefold() if prefix else "".join(subject.split()).casefold()
    )


def _plain(label: str) -> str:
    return " ".join(label.strip(" \t*|>.:：\xa0").casefold().split())


def _is_moment(value: str) -> bool:
    """Return whether it is a date with a time of day."""
    value = value.translate(_ASCII_DIGITS)
    return _DATE.search(value) is not None and _TIME.search(_DATE.sub(" ", value)) is not None


def _is_url(line: str) -> bool:
    return line.lstrip(" <")[:8].lower().startswith(("http:", "https:", "mailto:"))


def _author(line: str) -> str:
    """Return the address in it, else its words; in small letters."""
    found = _ADDRESS.search(line)
    return found[0].rstrip(".").lower() if found else " ".join(line[:MAX_LINE].lower().split())


def _weight(joined: str, sure: bool) -> int:
    """Return how much of an attribution this is; 0: none.

    A date at the beginning, then a name with an address; or the name first and the date at the end. Between
    them stand names, not sentences: "mail from <a@b> was rejected with:" is none.
    """
    if not joined.isascii():
        joined = joined.translate(_ASCII_DIGITS)
    ends = joined[-1:] in ":：︰>" or _DASHED.fullmatch(joined) is not None
    said = joined.rstrip(":：︰> \t").strip(" \t-*_")
    masked = _SEVERAL.sub("\x00", _ADDRESSED.sub("\x00", said))
    addressed = "\x00" in masked
    wrote = has(f"{masked.casefold()}:", WROTE)
    if not sure:
        return _loose_weight(masked, addressed, wrote, ends)
    if not ends:
        return 0
    words = {word.casefold() for word in _WORD.findall(masked)[:1]}
    if wrote and not addressed and (words & _SENTENCE or _by_oneself(masked)):
        return 0
    before, _, after = masked.partition("\x00")
    if _DATE.search(before):
        first, last = _span(before)
        head, middle, tail = before[:first], before[last:], after.replace("\x00", " ")
        if len(_WORD.findall(head)) > 4 or len(_WORD.findall(middle)) > 9 or len(_WORD.findall(tail)) > 4:
            return 0
        if last - first > 90:
            return 0
        if addressed:
            odd = _odd(middle)
            if odd or _odd(tail) > 1:
                return 0
            return 3
        if not wrote:
            return 0
        if has(head.casefold(), WROTE):
            return 2 if len(_WORD.findall(middle)) <= 3 and not _odd(head) and not _odd(middle) else 0
        return 2 if _odd(middle) == 0 and _WORD.search(middle) else 0
    if addressed and _DATE.search(after):
        first, last = _span(after)
        middle, tail = after[:first].replace("\x00", " "), after[last:].replace("\x00", " ")
        if len(_WORD.findall(before)) > 7 or len(_WORD.findall(middle)) > 6 or len(_WORD.findall(tail)) > 5:
            return 0
        if _odd(before) or _odd(middle) > (1 if not tail.strip() else 0) or (_odd(tail) > 1 and not wrote):
            return 0
        return 3
    return 0


def _by_oneself(said: str) -> bool:
    """Return whether it says "I wrote"."""
    words = [word.casefold() for word in _WORD.findall(said)]
    pairs = [*pairwise(words), *((after, word) for word, after in pairwise(words))]
    return any(word in _SELF and has(f"{other}:", WROTE) for word, other in pairs)


def _loose_weight(masked: str, addressed: bool, wrote: bool, ends: bool) -> int:
    """Weigh lines above marked ones: less is enough there."""
    words = _WORD.findall(masked.replace("\x00", " "))
    dated = _DATE.search(masked) is not None or _TIME.search(masked) is not None
    odd = _odd(masked.replace("\x00", " "))
    digit = _DIGIT.search(masked)
    head = masked[: digit.start()] if dated and digit else ""
    if "\x00" not in head and (
        len(_WORD.findall(head)) > 5 or (_odd(head) > 1 and not has(head.casefold(), WROTE))
    ):
        return 0  # it begins in the middle of a sentence
    if not ends and not (dated and (addressed or wrote)):
        return 0
    if len(words) > 24:
        return 0
    if dated and (addressed or wrote):
        return 3 if odd <= (6 if addressed else 3) else 0
    if addressed:
        return 2 if len(words) <= 12 and odd <= 2 else 0
    if wrote:
        return 2 if len(words) <= 7 and not odd and words[0].lower() not in _SELF else 0
    return 1 if dated and odd <= 1 and len(words) <= 16 else 0


def _span(text: str) -> tuple[int, int]:
    """Return the place of the first digit and that behind the last."""
    first, last = _DIGIT.search(text), _LAST_DIGIT.search(text)
    return (first.start(), last.end()) if first and last else (0, 0)


def _odd(text: str) -> int:
    """Return how many words are neither names nor words that announcements have.

    In small letters, and unknown.
    """
    return sum(
        1
        for word in (each.strip(".'’-") for each in _WORD.findall(text))
        if len(word) >= _SHORTEST_ODD
        and word[0] < _FIRST_UNCASED
        and word.islower()
        and word not in PARTICLES
        and not has(word, WROTE)
    )
