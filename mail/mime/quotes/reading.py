"""Reading a mail's text into pieces. What its writer added may stand above, below and between quotes.

Nothing is deleted: pieces are slices of the text, in its order and without gaps. When in doubt a line is new,
because folding away what somebody wrote is worse than showing a quote. The work grows with the length of
the text only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.expressions import expression
from mail.mime.quotes.announcements import MAX_LINE, Announcement, Announcements, Looks
from mail.mime.quotes.footers import MAX_SIGNATURE, banner_end, footers, is_device_line
from mail.mime.quotes.pieces import Kind, Piece, Span
from mail.mime.quotes.words import FORWARDED, FORWARDING_SUBJECT, WITHIN, has, with_known_colons

MAX_READ: Final = 2_000_000
"""Characters of a text that are looked at."""
MAX_QUOTES: Final = 1000
"""Marked quotes in one text; what stands below is new, whatever it is."""
DEFAULT_MARKER: Final = "reply above this line"

_QUOTED: Final = expression(r"[ \t]{0,3}[>＞]")
_OTHER_MARK: Final = expression(r"[ \t]{0,3}(?:[|»›:}]|[^\W\d_]{1,4}>)(?:[ \t]|$)")
_NAMED_MARK: Final = expression(r"[ \t]{0,8}(?:([^\W\d_](?:[^\W\d_]|[.'’-]){0,24})>{1,9}|([:%]))(?=[ \t]|$)")
_NAMED_THERE: Final = expression(r"[\w.]>{1,9}[ \t]")
_SIGN_THERE: Final = expression(r"\n[ \t]{0,8}[:%][ \t]")
_NAME: Final = expression(r"[^\W\d_]+")
_MAX_INITIALS: Final = 4
_ENDS_ATTRIBUTION: Final = frozenset(":：>")
_CODE_MARK: Final = expression(r"[ \t]{0,3}(?:>>> |\.\.\. |>>>$)")
_REQUEST: Final = expression(r"[ \t]{0,3}> [A-Z]{3,8} \S{1,300} HTTP/\d")
_DIFF: Final = expression(r"< .*|---|\d+(?:,\d+)?[acd]\d+(?:,\d+)?")
_PREFIX: Final = expression(r"[ \t]{0,3}(?:[>＞][ \t]{0,2}){1,30}")
_ENDS_SENTENCE: Final = (".", "?", "!", ":", ";", "。", "？", "！", "：", ">")
_WRAP_COLUMN: Final = 66
_HEAD: Final = 24
_LATE_END: Final = expression(r"\s{0,3}>[^<>]{0,40}[:：]\s*")
_FRAGMENT: Final = expression(r"\s*(?:[(<]?https?://\S{3,300}[ >)]{0,6}|(?=\S*[_=/%&])\S{8,300})\s*")
_DRAWN: Final = "-#=*_"
_MAX_POINTER: Final = 200
_MAX_SPLITS: Final = 20
_THEN_QUOTE: Final = expression(r"(.{10,300}?[:：])[ \t]+([>＞][ \t].*)$")
_SENTENCE_ENDS: Final = expression(
    r"(?<=\w{3})(?:[!?]+[ \t]+|[。！？]+[ \t]*|(?<=[a-zà-ÿ]{4})\.[ \t]+)(?=\S.{15})"
)
_DIGITS: Final = expression(r"\d")
_RULE: Final = expression(r"[ \t]*[-_=─—]{5,}[ \t]*")
_PROSE: Final = expression(r"(?:[^\W\d_]{2,}['’,.;!?-]?\s+){2,}[^\W\d_]")


class _Block:
    """Marked lines, `first` up to `after`. `sure`: something says that they are quoted."""

    __slots__ = ("after", "author", "first", "sure")

    def __init__(self, first: int, after: int, author: str, sure: bool) -> None:
        self.first = first
        self.after = after
        self.author = author
        self.sure = sure


def pieces_of(
    text: str,
    *,
    structure: Sequence[Span] | None = None,
    subject: str = "",
    marker: str = DEFAULT_MARKER,
    signatures: Sequence[Span] = (),
) -> tuple[Piece, ...]:
    """Read a text into pieces.

    `structure`: what the sender's HTML marks as quoted, None for plain text. `subject`: of the mail.
    `marker`: the desk's own line in the mails it sends, below which nothing is new; empty for none.
    `signatures`: what the sender's HTML marks as such. Behind `MAX_READ` characters all is new.
    """
    if len(text) <= MAX_READ:
        return _Reader(text, structure, subject, marker, signatures).read()
    end = text.rfind("\n", 0, MAX_READ) + 1 or MAX_READ
    read = _Reader(text[:end], structure, subject, marker, signatures).read()
    return (*read, Piece("new", end, len(text)))


class _Reader:
    def __init__(
        self,
        text: str,
        structure: Sequence[Span] | None,
        subject: str,
        marker: str,
        signatures: Sequence[Span] = (),
    ) -> None:
        self.text = text
        self.offsets, self.lines = _lines(with_known_colons(text))
        self.kinds: list[Kind] = ["new"] * len(self.lines)
        self.authors: list[str] = [""] * len(self.lines)
        self.subject = subject
        self.announcements = Announcements(self.lines, subject)
        self.is_html = structure is not None
        self.structural = self._structural(structure or ())
        self.named = self._named_marks()
        marks = ">" in text or "＞" in text
        self.marked = [
            structural or named or (marks and bool(_QUOTED.match(line)))
            for line, structural, named in zip(self.lines, self.structural, self.named, strict=True)
        ]
        prefix = FORWARDING_SUBJECT.match(subject.casefold()) if ":" in subject or "：" in subject else None
        self.forwarding = prefix is not None
        self.perhaps_finnish = prefix is not None and prefix[0].strip().startswith("vs")
        self.marker = marker.strip().casefold()
        # Few texts have such a line, and to look at each of them for it takes a twentieth of reading them.
        self.has_marker = bool(self.marker) and (self.marker in text.casefold() or "##-" in text)
        self.signed = self._structural(signatures)
        self.blocks: list[_Block] = []

    def read(self) -> tuple[Piece, ...]:
        self._find_quotes()
        self._take_in_rules()
        self._find_signatures()
        self._find_footers()
        self._show_answers_within()
        return self._pieces()

    # -- quotes

    def _find_quotes(self) -> None:
        number, count = 0, len(self.lines)
        while number < count and len(self.blocks) < MAX_QUOTES:
            line = self.lines[number]
            if not line.strip():
                number += 1
            elif self.has_marker and len(line) <= MAX_LINE and self._is_marker(line):
                self._set(number, count, "quote")
                break
            elif self.marked[number] and not self.announcements.is_groupwise(number):
                number = self._block(number)
            else:
                found = self.announcements.at(number)
                number = self._announced(found, number) if found is not None else number + 1
        self._settle_blocks()

    def _is_marker(self, line: str) -> bool:
        """Whether it is the desk's own line, or one of another desk that is drawn like it."""
        bare = line.strip(" \t>")
        words = bare.strip(_DRAWN + " \t").casefold()
        return (
            words == self.marker
            or (bare.startswith("##-") and bare.endswith("-##"))
            or (
                bare[:1] in _DRAWN and bare[-1:] in _DRAWN and words.endswith(self.marker) and len(words) < 80
            )
        )

    def _announced(self, found: Announcement, number: int) -> int:
        """Take in an announcement of an unmarked quote; of a marked one the block below it does that."""
        count = len(self.lines)
        following = self._filled(found.after)
        if found.forward or (self.forwarding and self._is_head(found) and not self._answers(found)):
            self._set(found.first, count, "forward", found.author)
            return count
        if following < count and self.marked[following]:
            return self._block(following, found)
        odd = self._other_block(following) if following < count else following
        if odd > following:
            self._set(found.first, odd, "quote", found.author)
            return odd
        self._set(found.first, count, "quote", found.author)
        return count

    def _is_head(self, found: Announcement) -> bool:
        """Return whether it is a block of header lines rather than one line of attribution."""
        return found.after - found.first >= 3

    def _answers(self, found: Announcement) -> bool:
        """Return whether ``VS:`` is Finnish "vastaus", an answer, and not Danish "videresendt", a forward."""
        return self.perhaps_finnish and any(
            "lähet" in line[:40].casefold() for line in self.lines[found.first : found.after]
        )

    def _block(self, first: int, announced: Announcement | None = None) -> int:
        """Take in the marked lines that begin at `first`; returns the line behind them."""
        after = self._block_end(first)
        if self._late_end(first):
            announced = announced or self.announcements.attribution(first, sure=False)
            if announced is not None:
                after = max(after, first + 1)
                following = self._filled(first + 1)
                if after == first + 1 and following < len(self.lines) and self.marked[following]:
                    after = self._block_end(following)
                elif after == first + 1 and self.announcements.attribution(first, sure=True):
                    after = len(self.lines)
        announced = announced or self._above(first)
        inner = None if announced else self._inside(first, after)
        if inner is not None and inner.after == after and not self.structural[first]:
            # Only the attribution is marked: what it announces is not, and nothing says where it ends.
            after = len(self.lines)
        structural = self.structural[first]
        if structural and announced is None and self._forwards(first, after, inner):
            self._set(first, after, "forward", inner.author if inner else "")
            return after
        begin = announced.first if announced is not None else first
        author = announced.author if announced else inner.author if inner else ""
        if self.forwarding and structural:
            head = self._headed(first, after)
            if head is not None and not self._answers(Announcement(first, first + head.after)):
                self._set(begin, after, "forward", author or head.author)
                return after
        sure = announced is not None or inner is not None or structural or any(self.named[first:after])
        self.blocks.append(_Block(begin, after, author, sure))
        self._set(begin, after, "quote", author)
        return after

    def _block_end(self, first: int) -> int:
        """Return the line behind the marked ones from `first`, blanks between and lost marks included."""
        number, end = first, first
        count = len(self.lines)
        structural = self.structural[first]
        while number < count:
            if self.marked[number]:
                if number > first and self._late_end(number):
                    return self._trim(first, self._attribution_start(number))
                number += 1
                end = number
            elif not self.lines[number].strip():
                number += 1
                if number - end > 3 and not structural:
                    break
            elif number == end and not structural and self._lost_mark(number):
                number += 1
                end = number
            else:
                break
        return end

    def _named_marks(self) -> list[bool]:
        """Return which lines bear the name of whom they quote: ``Anna> text``, ``AB>> text``; or ``: text``.

        So write supercite and The Bat!. A prompt looks the same (``mysql> select 1``): an attribution has to
        stand above the first of them, with that name in it or with a date.
        """
        named = ">" in self.text and _NAMED_THERE.search(self.text)
        if not named and _SIGN_THERE.search(f"\n{self.text}") is None:
            return [False] * len(self.lines)
        found = [_NAMED_MARK.match(line[:60]) for line in self.lines]
        names = [mark[1] or mark[2] if mark is not None else "" for mark in found]
        known: set[str] = set()
        looks = Looks()
        for number, name in enumerate(names):
            if name and name not in known and looks.left and self._names(number, name, looks):
                end = number
                while end < len(names) and names[end]:
                    end += 1
                known.update(names[number:end])
        return [name in known for name in names] if known else [False] * len(names)

    def _names(self, number: int, name: str, looks: Looks) -> bool:
        """Return whether an attribution right above this line speaks of who is named so."""
        last = number - 1
        while last >= 0 and number - last < 3 and not self.lines[last].strip():
            last -= 1
        if last < 0 or self.lines[last].rstrip()[-1:] not in _ENDS_ATTRIBUTION:
            return False
        above = [
            _PREFIX.sub("", line[: MAX_LINE + 40], count=1)
            for line in self.lines[max(last - 2, 0) : last + 1]
        ]
        found = Announcements(above, looks=looks).attribution(len(above) - 1, sure=False)
        if found is None:
            return False
        said = " ".join(above[found.first :])
        if not name[0].isalpha():
            return "@" in said or bool(_DIGITS.search(said))
        if name.isupper() and len(name) <= _MAX_INITIALS and _DIGITS.search(said):
            return True
        words, parts = _NAME.findall(said.casefold()), _NAME.findall(name.casefold())
        initials = "".join(word[0] for word in words)
        return all(any(word.startswith(part) for word in words) for part in parts) or (
            len(parts) == 1 and len(parts[0]) <= _MAX_INITIALS and parts[0] in initials
        )

    def _attribution_start(self, number: int) -> int:
        found = self.announcements.attribution(number, sure=False)
        return found.first if found else number

    def _trim(self, first: int, after: int) -> int:
        return max(after, first + 1)

    def _lost_mark(self, number: int) -> bool:
        """Return whether a program wrapped a quoted line and this is its rest, between marked lines."""
        lines = self.lines
        above, line = lines[number - 1], lines[number]
        if number + 1 >= len(lines) or not self.marked[number + 1]:
            return False
        if _FRAGMENT.fullmatch(line[:MAX_LINE]):
            return True
        if len(above) < _WRAP_COLUMN:
            return False
        first_word = line.split(None, 1)[0]
        if above.rstrip().endswith(_ENDS_SENTENCE) or len(above) + len(first_word) < 72:
            return False
        return len(line) < _WRAP_COLUMN and not first_word[:1].isupper()

    def _late_end(self, number: int) -> bool:
        """Return whether this line is the wrapped end of an attribution, its last ``>``, and no quote."""
        line = self.lines[number]
        if number == 0 or len(line) > 60 or not _LATE_END.fullmatch(line) or self.structural[number]:
            return False
        above = self.lines[number - 1]
        return len(above) <= MAX_LINE and above.rfind("<") > above.rfind(">") and "@" in above

    def _above(self, first: int) -> Announcement | None:
        """Return what announces the marked lines at `first`, at most two blank lines above them."""
        last = first - 1
        while last >= 0 and first - last < 4 and not self.lines[last].strip():
            last -= 1
        if last < 0 or not self.lines[last].strip() or self.kinds[last] != "new" or self.marked[last]:
            return None
        return self.announcements.attribution(last, sure=False)

    def _inside(self, first: int, after: int) -> Announcement | None:
        """Return what announces the quote within its own first lines, as some programs write it."""
        if not self.announcements.looks.left:
            return None
        plain = [
            _PREFIX.sub("", line[: MAX_LINE + 40], count=1)
            for line in self.lines[first : min(after, first + 12)]
        ]
        inner = Announcements(plain, looks=self.announcements.looks)
        for number, line in enumerate(plain[:4]):
            if not line.strip():
                continue
            found = inner.at(number)
            if found is not None and (
                found.first == 0 or not any(each.strip() for each in plain[: found.first])
            ):
                return Announcement(first, first + found.after, found.author, found.forward)
        return None

    def _forwards(self, first: int, after: int, inner: Announcement | None) -> bool:
        """Return whether the quoted lines begin with a program's line about a forwarded mail."""
        if inner is not None and inner.forward:
            return True
        for line in self.lines[first : min(after, first + 3)]:
            bare = line.strip(" \t>")
            if bare:
                return len(bare) < 100 and bare[:1] in "-_=*" and has(bare.casefold(), FORWARDED)
        return False

    def _headed(self, first: int, after: int) -> Announcement | None:
        """Return the block of header lines with which the quoted lines begin, close below their first."""
        lines = [
            _PREFIX.sub("", line[: MAX_LINE + 40], count=1)
            for line in self.lines[first : min(after, first + _HEAD)]
        ]
        filled = [number for number, line in enumerate(lines) if line.strip()]
        for number in filled[:4]:
            inner = Announcements(lines[number:], self.subject, self.announcements.looks)
            block = inner.header_block(0)
            if block is not None:
                return Announcement(number, number + block.after, block.author)
        return None

    def _other_block(self, first: int) -> int:
        """Return the line behind those marked in another way (``| text``, ``AM> text``), or `first`."""
        if not _OTHER_MARK.match(self.lines[first]):
            return first
        mark = self.lines[first].lstrip()[:1]
        number, end = first, first
        while number < len(self.lines):
            line = self.lines[number]
            if _OTHER_MARK.match(line) and (line.lstrip()[:1] == mark or ">" in line[:8]):
                end = number + 1
            elif line.strip():
                break
            number += 1
        return end

    def _settle_blocks(self) -> None:
        """Settle which marked lines that nothing announces are quoted: by their place and their looks."""
        last_sure = self._last_announced()
        first_filled = self._filled(0)
        sure_above = False
        for block in self.blocks:
            if block.sure:
                sure_above = True
                continue
            if self._is_code(block):
                quoted = False
            elif self.is_html:
                quoted = sure_above
            elif sure_above or block.first == first_filled:
                quoted = sure_above = True
            elif last_sure > block.first:
                quoted = False
            elif self._is_last(block):
                quoted = True
            else:
                quoted = self._is_prose(block)
            if not quoted:
                self._set(block.first, block.after, "new")

    def _last_announced(self) -> int:
        """Return the last line of which something says that it is quoted, -1 without one."""
        unsure = {
            number for block in self.blocks if not block.sure for number in range(block.first, block.after)
        }
        return next(
            (
                number
                for number in range(len(self.kinds) - 1, -1, -1)
                if self.kinds[number] == "quote" and number not in unsure
            ),
            -1,
        )

    def _is_code(self, block: _Block) -> bool:
        """Return whether the marks are a program's prompt or a comparison of files."""
        filled = [
            line for line in self.lines[block.first : min(block.after, block.first + 200)] if line.strip()
        ]
        prompts = sum(1 for line in filled if _CODE_MARK.match(line))
        if (prompts and prompts * 3 >= len(filled)) or (filled and _REQUEST.match(filled[0][:MAX_LINE])):
            return True
        around = [self.lines[block.first - 1] if block.first else ""]
        if block.after < len(self.lines):
            around.append(self.lines[block.after])
        return any(len(line) <= MAX_LINE and _DIFF.fullmatch(line.strip()) for line in around)

    def _is_last(self, block: _Block) -> bool:
        """Return whether nothing but a program's praise of itself follows."""
        rest = [line for line in self.lines[block.after : block.after + 40] if line.strip()]
        return all(is_device_line(line) for line in rest) and not any(
            line.strip() for line in self.lines[block.after + 40 : block.after + 41]
        )

    def _is_prose(self, block: _Block) -> bool:
        above = block.first - 1
        while above >= 0 and not self.lines[above].strip():
            above -= 1
        if above >= 0 and self.lines[above].rstrip().endswith((":", "：")):
            return False
        below = self._filled(block.after)
        goes_on = below < len(self.lines) and self.lines[below].lstrip()[:1].islower()
        if above >= 0 and goes_on and self.lines[above].rstrip()[-1:].isalnum():
            return False  # the quote is a part of a sentence
        bare = [_PREFIX.sub("", line[:200], count=1) for line in self.lines[block.first : block.first + 3]]
        return any(_PROSE.match(line) for line in bare)

    def _take_in_rules(self) -> None:
        """Add to a quote the line that a program draws above it: it belongs to the quote."""
        kinds = self.kinds
        for number in range(1, len(kinds)):
            if kinds[number] in ("new", "footer") or kinds[number - 1] != "new":
                continue
            above = number - 1
            while above > 0 and number - above < 3 and not self.lines[above].strip():
                above -= 1
            if kinds[above] == "new" and _RULE.fullmatch(self.lines[above][:MAX_LINE]):
                self._set(above, number, kinds[number], self.authors[number])

    # -- what stands around

    def _find_signatures(self) -> None:
        """Take the writer's program at its word about a signature, unless that is all that is new."""
        if sum(self.signed) > MAX_SIGNATURE:
            return
        rest = [
            number
            for number, kind in enumerate(self.kinds)
            if kind == "new" and not self.signed[number] and self.lines[number].strip()
        ]
        if rest:
            for number, signed in enumerate(self.signed):
                if signed and self.kinds[number] == "new":
                    self._set(number, number + 1, "signature")

    def _find_footers(self) -> None:
        regions = self._own_regions()
        if not regions:
            return
        first, after = regions[0]
        if first == self._filled(0) or not any(line.strip() for line in self.lines[:first]):
            begin = banner_end(self.lines, first, after)
            if begin > first:
                self._set(first, begin, "footer")
                regions[0] = (self._filled(begin), after)
        for place in sorted({0, len(regions) - 1}):
            first, after = regions[place]
            below = place > 0 and self._is_answered(regions[:place])
            for begin, end, kind in footers(self.lines, first, after, below=below):
                self._set(begin, end, kind)

    def _is_answered(self, regions: Sequence[Span]) -> bool:
        """Return whether these new lines say more than a greeting."""
        return any(
            line.strip() and not line.rstrip().endswith((",", "，"))
            for first, after in regions
            for line in self.lines[first:after]
        )

    def _own_regions(self) -> list[Span]:
        """Return runs of new lines that hold something."""
        regions: list[Span] = []
        begin: int | None = None
        for number, kind in enumerate([*self.kinds, None]):
            if kind == "new" and begin is None and self.lines[number].strip():
                begin = number
            elif kind != "new" and begin is not None:
                regions.append((begin, number))
                begin = None
        return regions

    def _show_answers_within(self) -> None:
        """Show a quote in HTML whose writer says that the answers stand in it: colours tell them apart."""
        if not self.is_html or "quote" not in self.kinds:
            return
        quote = self.kinds.index("quote")
        own = [
            number for number, kind in enumerate(self.kinds) if kind == "new" and self.lines[number].strip()
        ]
        said = " ".join(self.lines[number] for number in own)
        if not own or own[-1] > quote or len(said) > _MAX_POINTER or not has(said.casefold(), WITHIN):
            return
        for number, kind in enumerate(self.kinds):
            if kind == "quote":
                self._set(number, number + 1, "new")

    # -- the result

    def _pieces(self) -> tuple[Piece, ...]:
        pieces: list[Piece] = []
        begin = 0
        count = len(self.lines)
        for number in range(1, count + 1):
            same = number < count and (self.kinds[number], self.authors[number]) == (
                self.kinds[begin],
                self.authors[begin],
            )
            if same:
                continue
            end = self.offsets[number] if number < count else len(self.text)
            pieces.append(Piece(self.kinds[begin], self.offsets[begin], end, self.authors[begin]))
            begin = number
        return tuple(pieces)

    def _set(self, first: int, after: int, kind: Kind, author: str = "") -> None:
        self.kinds[first:after] = [kind] * (after - first)
        self.authors[first:after] = [author] * (after - first)

    def _filled(self, number: int) -> int:
        """Return the first line from `number` that holds something; the number of lines if none does."""
        while number < len(self.lines) and not self.lines[number].strip():
            number += 1
        return number

    def _structural(self, spans: Sequence[Span]) -> list[bool]:
        """Return which lines the HTML marks: those that begin within a span."""
        marked = [False] * len(self.lines)
        place = 0
        for number, (offset, line) in enumerate(zip(self.offsets, self.lines, strict=True)):
            while place < len(spans) and spans[place][1] <= offset:
                place += 1
            if place >= len(spans):
                break
            start, end = spans[place]
            filled = offset + len(line) - len(line.lstrip())
            marked[number] = bool(line.strip()) and start <= filled < end
        return marked


def _lines(text: str) -> tuple[list[int], list[str]]:
    """Return where each line begins, and the lines; one on which an attribution meets other words is two."""
    offsets: list[int] = []
    lines: list[str] = []
    position, splits = 0, 0
    for line in text.split("\n"):
        at = 0
        if splits < _MAX_SPLITS and 20 < len(line) <= MAX_LINE and (":" in line or "：" in line):
            at = _attribution_meets(line)
            splits += at > 0
        if at:
            offsets.append(position)
            lines.append(line[:at])
        offsets.append(position + at)
        lines.append(line[at:])
        position += len(line) + 1
    return offsets, lines


def _attribution_meets(line: str) -> int:
    """Return where on a line an attribution ends and a quote begins, or it begins behind an answer; or 0."""
    quote = _THEN_QUOTE.match(line) if ">" in line or "＞" in line else None
    if quote is not None and _announces(quote[1]):
        return quote.start(2)
    if line.rstrip().endswith((":", "：")):
        for end in _SENTENCE_ENDS.finditer(line):
            above = line[: end.start()]
            if not _DIGITS.search(above) and _announces(line[end.end() :]):
                return end.end()
    return 0


def _announces(words: str) -> bool:
    return bool(_DIGITS.search(words)) and Announcements([words]).attribution(0, sure=True) is not None
