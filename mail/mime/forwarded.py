"""A mail that was forwarded within another one: who wrote it, what of, and what is said above it.

Attached (``message/rfc822``), or within the text below lines that mail programs write in many languages, as
`mail.mime.quotes` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from config.expressions import expression
from config.records import Record
from mail.inert import one_line
from mail.mime.address import Address, as_compared, parse_addresses
from mail.mime.quotes.words import FORWARDED, LABELS, Role, has, with_known_colons

if TYPE_CHECKING:
    from mail.mime.message import ParsedMail
    from mail.mime.quotes.pieces import Piece

_LINE: Final = expression(
    r"\s*\*{0,2}([^\s:：|*<>][^:：|<>\n]{0,31}?)\s*\*{0,2}\s*[:：|]\*{0,2}[ \t\xa0]*(.*)"
)
_ADDRESS: Final = expression(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,190}")
_SIGN: Final = expression(r"[<(\[\"'>)\]]|mailto:")
_QUOTED: Final = expression(r"\s{0,3}> ?")
_RULE: Final = expression(r"\s*[-_=*]{3,}.{0,200}|\s*[^\n:]{1,60}:\s*")
_MOST_LINES: Final = 40
_NEEDED: Final = 2
_LONGEST_SUBJECT: Final = 500


class ForwardedMail(Record):
    """The original, all of it inert. ``words``: what stands above it; ``message_id``: of an attached one."""

    sender: Address
    subject: str
    text: str
    words: str
    message_id: str | None = None


def attached(mail: ParsedMail) -> ForwardedMail | None:
    """Return the mail that is attached; None unless it is the only one, and says who wrote it."""
    parts = [part for part in mail.attachments if part.type == "message/rfc822"]
    if len(parts) != 1:
        return None
    from mail.mime import message  # 1 ms, for attached mails

    inner = message.parse(mail.part_bytes(parts[0].part))
    sender = Address(inner.sender.name, as_compared(inner.sender.email))
    if "@" not in sender.email or inner.sender.is_doubtful or len(inner.headers("from")) != 1:
        return None
    words = _without_signature(mail.text, mail.pieces)
    return ForwardedMail(sender, one_line(inner.subject), inner.text, words, inner.message_id)


def inline(text: str, pieces: Sequence[Piece]) -> ForwardedMail | None:
    """Return the mail that stands within the text; None where none does, or does not say who wrote it."""
    first = next((piece for piece in pieces if piece.kind in ("forward", "quote")), None)
    if first is None:
        return None
    lines = text[first.start :].split("\n")
    if sum(1 for line in lines[:_MOST_LINES] if _QUOTED.match(line)) >= _NEEDED + 1:
        lines = [_QUOTED.sub("", line, count=1) for line in lines]
    if first.kind == "quote" and not _is_forwarded(lines):
        return None
    head: dict[Role, str] = {}
    last: Role | None = None
    after = 0
    for number, line in enumerate(lines[:_MOST_LINES]):
        found = _LINE.fullmatch(with_known_colons(line))
        role = LABELS.get(" ".join(found[1].casefold().split())) if found is not None else None
        if found is not None and role is not None:
            head.setdefault(role, line[found.start(2) :].strip(" *|\t"))
            last, after = role, number + 1
        elif not line.strip():
            if "from" in head and len(head) >= _NEEDED:
                break
        elif head and last is not None and line[:1].isspace():
            head[last] = f"{head[last]} {line.strip()}"
            after = number + 1
        elif head and not (found is not None or _RULE.fullmatch(line)):
            break
    sender = _person(head.get("from", ""))
    if sender is None or len(head) < _NEEDED:
        return None
    subject = one_line(head.get("subject", ""), _LONGEST_SUBJECT)
    body = "\n".join(lines[after:]).strip("\n")
    words = _without_signature(text[: first.start], [piece for piece in pieces if piece.end <= first.start])
    return ForwardedMail(sender, subject, body + "\n", words)


def _is_forwarded(lines: Sequence[str]) -> bool:
    """Whether quoted lines begin with one that says so, as Apple's programs write it."""
    begin = next((line for line in lines if line.strip()), "")
    return begin.rstrip().endswith((":", "：")) and has(begin.casefold(), FORWARDED)


def _person(value: str) -> Address | None:
    people = parse_addresses([value])
    named = [each for each in people if "@" in each.email and not each.is_doubtful]
    if len(named) == 1 and "[" not in value:
        return Address(one_line(named[0].name, 200), as_compared(named[0].email))
    addresses = list(dict.fromkeys(each.lower() for each in _ADDRESS.findall(value)))
    if len(addresses) != 1:
        return None
    found = _ADDRESS.search(value)
    assert found is not None
    name = " ".join(_SIGN.sub(" ", value[: found.start()]).split())
    return Address(one_line(name, 200), as_compared(found[0]))


def _without_signature(text: str, pieces: Sequence[Piece]) -> str:
    kept = [text[each.start : each.end] for each in pieces if each.kind == "new" and each.end <= len(text)]
    said = "\n".join(kept) if pieces else text
    return said.strip()
