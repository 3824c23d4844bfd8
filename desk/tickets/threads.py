"""Threads: mail that answers a ticket's mail and was kept apart joins the ticket once its author takes part.

Who takes part is told by the mails alone: the author of the first one, those it was addressed to, and whom
people who take part address in turn. So the same mails make the same tickets, in whatever order they come,
and nobody gets in by an answer that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from desk.tickets import lifecycle
from desk.tickets.participants import takes_part
from models import contacts, messages, tickets
from models.messages import WrittenMail, addressed_by
from models.tickets import TicketState


class Gathered:
    """What joined a ticket: the new ticket of each message, and a line for each ticket that was looked at."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.lines: list[str] = []


def gather(ticket_id: int, moment: datetime) -> Gathered:
    """Bring into a ticket what answers its mails elsewhere, as far as its authors take part in it by now.

    In the caller's transaction. What stays apart is linked.
    """
    gathered = Gathered()
    apart = _held_apart(ticket_id)
    while any(_join(source, ticket_id, invited, moment, gathered) for source, invited in apart):
        apart = _held_apart(ticket_id)
    for source, _ in apart:
        lifecycle.refers_to(source, ticket_id)
        number = _state(source).number
        gathered.lines.append(
            f"ticket {number} answers mail of this one, but its author takes no part: kept apart"
        )
    return gathered


def may_be_headed(ticket_id: int, invited: Collection[str]) -> bool:
    """Whether a mail that lets these addresses in, in lower case, may be put at the head of a ticket.

    So it is if it lets in whoever wrote there, or those let each other in. The others wait for it no more.
    """
    mails = _undoubted(ticket_id)
    if not mails or len(_of_participants(mails, invited.__contains__, ticket_id)) < len(mails):
        return False
    messages.arrived(mail.id for mail in mails)
    return True


def _join(source: int, target: int, invited: Collection[str], moment: datetime, gathered: Gathered) -> bool:
    """Whether something of a ticket joined another one: all of it, or the mails of those who take part."""
    state, mails = _state(target), _undoubted(source)
    if not mails:
        return False
    joining = _of_participants(
        mails, lambda address: address in invited or takes_part(state, address), source
    )
    if not joining:
        return False
    number = _state(source).number
    messages.arrived(mail.id for mail in joining)
    if len(joining) == len(mails):
        gathered.places |= {mail.id: target for mail in messages.mails(source)}
        lifecycle.merged(source, target, moment)
        gathered.lines.append(f"ticket {number} answers mail of this one: joined")
    else:
        gathered.places |= {mail.id: target for mail in joining}
        people = _people(source)
        brought = _brought(joining) & people.keys()
        staying = _brought(mail for mail in mails if mail not in joining)
        lifecycle.mail_moved(source, target, joining, moment)
        lifecycle.joined_by(target, [people[address] for address in sorted(brought)])
        lifecycle.left_by(source, [people[address] for address in sorted(brought - staying)])
        gathered.lines.append(
            f"mail of those who take part was in ticket {number}: joined, the rest kept apart"
        )
    return True


def _of_participants(
    mails: Sequence[WrittenMail], takes_part_by_now: Callable[[str], bool], ticket_id: int
) -> list[WrittenMail]:
    """Those of a ticket's mails whose authors take part, and whom these let in, and so on."""
    people = _people(ticket_id).keys()
    brought: set[str] = set()
    left = list(mails)
    found: list[WrittenMail] = []
    while True:
        more = [mail for mail in left if mail.sender in brought or takes_part_by_now(mail.sender)]
        if not more:
            return sorted(found, key=lambda mail: (mail.created, mail.id))
        found += more
        left = [mail for mail in left if mail not in more]
        brought |= _brought(more) & people


def _brought(mails: Iterable[WrittenMail]) -> set[str]:
    """Return the addresses that people's mails bring into a conversation, their authors' among them."""
    return {
        each for mail in mails if not mail.machine for each in (mail.sender, *addressed_by(mail.recipients))
    }


def _people(ticket_id: int) -> dict[str, int]:
    """Return requester and collaborators of a ticket: contact by address."""
    ids = {_state(ticket_id).contact_id, *tickets.collaborators(ticket_id)}
    return {contact.email.lower(): contact.id for contact in contacts.by_id(ids) if contact.email}


def _undoubted(ticket_id: int) -> list[WrittenMail]:
    return [mail for mail in messages.mails(ticket_id) if not mail.unverified]


def _held_apart(ticket_id: int) -> list[tuple[int, set[str]]]:
    """Return the tickets that answer this one's mails, with the authors whom what they answer addressed.

    Not those whose mails this one itself answers: who takes part there stays there.
    """
    found: dict[int, set[str]] = {}
    for each in messages.held_apart(ticket_id):
        invited = found.setdefault(each.ticket_id, set())
        sender = each.sender.lower()
        if sender in addressed_by(each.recipients):
            invited.add(sender)
    above = _above(ticket_id) if found else set()
    return [(source, invited) for source, invited in found.items() if source not in above]


def _above(ticket_id: int) -> set[int]:
    """Return the tickets whose mails this one answers, those that they answer, and so on."""
    found: set[int] = set()
    left = [ticket_id]
    while left:
        more = [each for each in messages.answered_by(left.pop()) if each not in found]
        found.update(more)
        left += more
    return found - {ticket_id}


def _state(ticket_id: int) -> TicketState:
    found = tickets.read(ticket_id)
    assert found is not None
    return found
