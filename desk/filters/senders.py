"""Banning who asked for a ticket, and closing all that is open of theirs."""

from __future__ import annotations

from collections.abc import Sequence

from config.clock import now
from desk.filters.bans import ban, meaning
from desk.permissions import Actor
from desk.tickets import lifecycle
from desk.tickets.changes import find_whole
from desk.tickets.lifecycle import Change
from desk.tickets.reading import may_read, require_for
from models import contacts, filters, tickets
from models.transactions import transaction


def ban_senders(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Ban who asked for these tickets, and close all that is open of theirs; one undo takes all of it back.

    Returns the addresses that were banned. Raises as `ban` does, but for who is banned already.
    """
    batch, banned = lifecycle.new_batch(), []
    with transaction():
        found = [find_whole(number, actor) for number in dict.fromkeys(numbers)]
        people = {each.id: each.email for each in contacts.by_id({ticket.contact_id for ticket in found})}
        known = {each.pattern for each in filters.bans()}
        for contact_id, email in people.items():
            pattern = meaning(email)
            if pattern not in known:
                ban(actor, pattern)
                banned.append(pattern)
                ticket = next(each for each in found if each.contact_id == contact_id)
                told = Change("banned", detail={"pattern": pattern})
                lifecycle.changed(ticket.id, told, actor, now(), batch)
        for number in tickets.open_of(people):
            ticket = find_whole(number)
            if not may_read(actor, ticket):
                continue
            require_for(actor, "ticket.close", ticket)
            lifecycle.changed(ticket.id, lifecycle.to_status(ticket, "closed", now()), actor, now(), batch)
    return banned
