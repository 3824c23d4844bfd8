"""Who wrote a mail, and where answers to it go (RFC 5322 3.6.2, RFC 7960).

From says it. A list or group that rewrites From, so that the mail passes DMARC, says it elsewhere: the author
is X-Original-From then, else Reply-To. Otherwise a Reply-To that differs is where answers go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING, Final

from config.expressions import expression
from config.records import Record
from mail.mime.address import Address, as_compared, one_address

if TYPE_CHECKING:
    from mail.mime.message import ParsedMail

MAX_ANSWERED: Final = 5
"""Of the addresses in one Reply-To; more than that is a circular."""

_MOST_COPIES: Final = 20
_LIST_FIELDS: Final = (
    "list-id",
    "list-post",
    "x-beenthere",
    "x-mailing-list",
    "mailing-list",
    "x-google-group-id",
)
_LIST_ID: Final = expression(r"<([^<>.@\s]+)\.([^<>@\s]+)>\s*\Z")
_POSTED_TO: Final = expression(
    r"mailto:([^>?,\s]+)|^\s*list\s+([^;\s]+)|^\s*<?(?!mailto:)([^<>;,\s]+@[^<>;,\s]+)", re.IGNORECASE
)
_VIA: Final = expression(r"\s+\(?via\s+\S.*\Z", re.IGNORECASE | re.DOTALL)


class NamedPeople(Record):
    """Whom the headers of a mail name as its author; addresses as `mail.mime.address.as_compared` has them.

    `lists`: the addresses to which it was posted, if it came by a list.
    """

    sender: Address
    reply_to: tuple[Address, ...] = ()
    original_from: tuple[Address, ...] = ()
    original_sender: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    by_list: bool = False
    lists: frozenset[str] = frozenset()


class Author(Record):
    """Who wrote a mail; `answers_to` where answers go if not to that address.

    `evidence` is a line for the trace, empty where From says it plainly. `on_hearsay`: who says who it was is
    not the desk's own list, and anybody's mail can say as much.
    """

    address: Address
    answers_to: tuple[Address, ...] = ()
    evidence: str = ""
    on_hearsay: bool = False

    @property
    def answered_at(self) -> tuple[Address, ...]:
        """Return everybody to whom an answer goes; nobody where no address is surely known."""
        return self.answers_to or ((self.address,) if "@" in self.address.email else ())


def named_people(mail: ParsedMail) -> NamedPeople:
    """Read what the headers say."""
    by_list = bool(mail.root.headers.those_of(_LIST_FIELDS)) or any(
        value.split(";")[0].strip().lower() == "list" for value in mail.headers("precedence")
    )
    return NamedPeople(
        sender=_compared(mail.sender),
        reply_to=tuple(map(_compared, mail.reply_to)),
        original_from=tuple(map(_compared, mail.addresses("x-original-from"))),
        original_sender=tuple(map(_compared, mail.addresses("x-original-sender"))),
        cc=tuple(map(_compared, mail.cc[:_MOST_COPIES])) if by_list else (),
        by_list=by_list,
        lists=frozenset(_posting_addresses(mail)) if by_list else frozenset(),
    )


def _compared(person: Address) -> Address:
    return Address(person.name, as_compared(person.email))


def author_of(
    named: NamedPeople, is_own: Callable[[str], bool], forms: Container[str] = frozenset()
) -> Author:
    """Decide who wrote it; `is_own` tells the desk's own addresses, with their plus-addresses.

    `forms` are the addresses of web forms and shops, which write for whomever their Reply-To names.
    """
    sender = named.sender
    if sender.is_doubtful:
        return Author(sender, (), "From names nobody for sure: no answer goes anywhere")
    own = bool(sender.email) and is_own(sender.email)
    others = [each for each in named.reply_to if not is_own(each.email) and each.email not in named.lists]
    if own:
        why = f"From is {sender.email}, an address of this desk"
    elif sender.email in forms:
        why = f"From is {sender.email}, a form or a shop (mail.form_senders)"
    elif _is_rewritten(named):
        why = f"From is {sender.email}, which a list put there"
    else:
        return _with_answers(Author(sender), others)
    hearsay = not (own and named.by_list)
    for field, people in (
        ("X-Original-From", named.original_from),
        ("Reply-To", others),
        ("X-Original-Sender", named.original_sender),
        ("Cc, under the name in From", _namesakes(named)),
        ("the letters of that address", _within(sender)),
    ):
        for person in people:
            if "@" in person.email and not is_own(person.email) and person.email not in named.lists:
                found = Address(person.name or _without_via(sender.name), person.email)
                author = Author(found, (), f"{why}: {person.email} wrote it, by {field}", hearsay)
                return _with_answers(author, others if field != "Reply-To" else [])
    return Author(sender, (), f"{why}, and nothing says who wrote it")


def _is_rewritten(named: NamedPeople) -> bool:
    via = "via" in named.sender.name.lower() and bool(_VIA.search(named.sender.name))
    at_list = named.sender.email in named.lists
    says_so = {each.email for each in (*named.reply_to, *named.original_from, *named.original_sender)}
    written = "dmarc" in named.sender.email or any(each.email in says_so for each in _within(named.sender))
    return (named.by_list and (at_list or via or written)) or (
        bool(named.original_from) and (named.by_list or via)
    )


def _namesakes(named: NamedPeople) -> list[Address]:
    """Return who is called as From is: a list with answers to itself puts the author there (Mailman)."""
    name = _without_via(named.sender.name).casefold()
    return [each for each in named.cc if name and each.name.strip("'\" ").casefold() == name]


def _within(sender: Address) -> list[Address]:
    """Return the address that a list wrote into its own: ``ann=40client.example@dmarc.list.example``.

    Or made one of that nobody has: ``ann@client.example.invalid``.
    """
    if sender.email.endswith(".invalid"):
        return [Address("", sender.email.removesuffix(".invalid"))]
    local = sender.email.rpartition("@")[0]
    found = local.replace("=40", "@", 1) if "=40" in local else local.replace("=", "@", 1)
    return [Address("", as_compared(found))] if "." in found.rpartition("@")[2] and one_address(found) else []


def _with_answers(author: Author, people: list[Address]) -> Author:
    answered = tuple({each.email: each for each in people}.values())[:MAX_ANSWERED]
    if all(each.email == author.address.email for each in answered):
        return author
    line = f"answers go to {', '.join(each.email for each in answered)}, by Reply-To"
    evidence = f"{author.evidence}; {line}" if author.evidence else line
    return Author(author.address, answered, evidence, author.on_hearsay)


def _without_via(name: str) -> str:
    return (_VIA.sub("", name) if "via" in name.lower() else name).strip("'\" ")


def _posting_addresses(mail: ParsedMail) -> Iterator[str]:
    for value in mail.headers("list-id"):
        found = _LIST_ID.search(value[-400:])
        if found:
            yield as_compared(f"{found[1]}@{found[2]}")
    for name in ("list-post", "x-beenthere", "x-mailing-list", "mailing-list"):
        for value in mail.headers(name):
            found = _POSTED_TO.search(value[:1000])
            if found:
                yield as_compared(found[found.lastindex or 0])
