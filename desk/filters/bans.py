"""Bans: senders whose mail is rejected, new mail and answers alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from config.clock import now
from config.expressions import expression
from config.records import Record
from desk.errors import NotFound, Refused, WrongUse
from desk.given import LONGEST_LINE, given_line
from desk.own_addresses import read_own_addresses
from desk.permissions import Actor, require
from mail.inert import one_line
from mail.mime.address import as_compared
from models import agents, filters
from models.fields import utc_text, utc_time
from models.filters import StoredBan
from models.transactions import transaction

_PATTERN = expression(r"[^\s@]*@[^\s@.][^\s@]*")
_WILD = expression(r"\[([*?])\]|[*?]")
"""A star is whatever there is, a question mark one character, in brackets they are themselves."""

_MEANT = {"*": ".*?", "?": "."}


class BanLine(Record):
    """A ban as lists show it."""

    pattern: str
    note: str
    created: datetime


def bans() -> list[BanLine]:
    """Return all bans, by pattern."""
    return [_line(each) for each in filters.bans()]


def ban(actor: Actor, pattern: str, note: str = "") -> BanLine:
    """Ban an address (with plus-tags too), ``@domain`` (what is below it too) or a pattern with ``*``.

    Raises WrongUse for what is none of these, Refused for one that is banned already or that would shut out
    the desk or its agents.
    """
    _require_ban(actor)
    wanted = _compared(pattern)
    if not _PATTERN.fullmatch(wanted) or not wanted.strip("*?@."):
        raise WrongUse(
            f"'{one_line(pattern, 60)}' cannot be banned",
            "write name@example.org, @example.org or *@*.example",
        )
    matches = matcher([wanted])
    own = [address for address in read_own_addresses().mailboxes if matches(address)]
    if own:
        raise Refused(f"that would ban {own[0]}, an address of this desk", "write a narrower pattern")
    staff = [each for each in agents.every() if each.email and matches(each.email)]
    if staff:
        raise Refused(f"that would ban the agent {staff[0].login}", "write a narrower pattern")
    with transaction():
        if filters.ban_of(wanted) is not None:
            raise Refused(f"{wanted} is banned already", "nightdesk ban list")
        filters.write_ban(wanted, given_line("the note", note, LONGEST_LINE), utc_text(now()))
    return show(wanted)


def meaning(address: str) -> str:
    """Return the pattern that bans this address alone: stars may stand in one, and mean themselves."""
    return as_compared(address).replace("*", "[*]").replace("?", "[?]")


def show(pattern: str) -> BanLine:
    """Return the ban of that pattern; raises NotFound."""
    found = filters.ban_of(_compared(pattern))
    if found is None:
        raise _no_ban(pattern)
    return _line(found)


def is_banned(pattern: str) -> bool:
    """Return whether there is a ban of that very pattern."""
    return filters.ban_of(_compared(pattern)) is not None


def edit(actor: Actor, pattern: str, note: str) -> BanLine:
    """Say otherwise why something is banned; raises NotFound when it is not."""
    _require_ban(actor)
    with transaction():
        if not filters.change_ban(_compared(pattern), given_line("the note", note, LONGEST_LINE)):
            raise _no_ban(pattern)
    return show(pattern)


def _require_ban(actor: Actor) -> None:
    if not actor.may("settings.edit"):
        require(actor, "ban.edit")


def lift(actor: Actor, pattern: str) -> None:
    """Take a ban away; raises NotFound when there is none."""
    _require_ban(actor)
    with transaction():
        if not filters.delete_ban(_compared(pattern)):
            raise _no_ban(pattern)


def _compared(pattern: str) -> str:
    return as_compared(pattern.strip())


def _no_ban(pattern: str) -> NotFound:
    return NotFound(f"{one_line(pattern, 60)} is not banned", "nightdesk ban list")


def matcher(patterns: Iterable[str]) -> Callable[[str], str]:
    """Return what tells by which of the patterns an address is banned; '' when by none."""
    exact: set[str] = set()
    domains: set[str] = set()
    wild: list[str] = []
    for pattern in patterns:
        if _WILD.search(pattern):
            wild.append(pattern)
        elif pattern.startswith("@"):
            domains.add(pattern[1:])
        else:
            exact.add(pattern)
    expressions = [(pattern, _expression(pattern)) for pattern in wild]

    def banned(address: str) -> str:
        compared = as_compared(address)
        if compared in exact:
            return compared
        local, _, domain = compared.rpartition("@")
        # Whoever has an address has it with every plus-tag; of one with a tag nobody else is meant.
        bare = f"{local.partition('+')[0]}@{domain}"
        if bare in exact:
            return bare
        while domain:
            if domain in domains:
                return f"@{domain}"
            domain = domain.partition(".")[2]
        return next((pattern for pattern, expression in expressions if expression.match(compared)), "")

    return banned


def _expression(pattern: str) -> re.Pattern[str]:
    """Return a pattern with wild characters as an expression for whole addresses."""
    written, last = [], 0
    for found in _WILD.finditer(pattern):
        written += [re.escape(pattern[last : found.start()]), re.escape(found[1] or "") or _MEANT[found[0]]]
        last = found.end()
    everybody = ".*" if pattern.startswith("@") else ""
    return re.compile(f"(?s:{everybody}{''.join(written)}{re.escape(pattern[last:])})\\Z")


def _line(stored: StoredBan) -> BanLine:
    return BanLine(stored.pattern, stored.note, utc_time(stored.created))
