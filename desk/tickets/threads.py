"""Threads: mail that answers a ticket's mail and was kept apart joins the ticket once its author takes part.

Who takes part is told by the mails alone: the author of the first one, those it was addressed to, and whom
people who take part address in turn. A mail answers what it names, what that names, and so on, however few
names it gives itself. It belongs to the topmost ticket above it that lets its author in. So the same mails
make the same tickets, in whatever order they come, and nobody gets in by an answer that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from desk.tickets import lifecycle
from desk.tickets.participants import takes_part
from models import contacts, messages, tickets
from models.messages import BY_HAND, ThreadMail, WrittenMail, addressed_by, compared_id
from models.tickets import TicketState

_MOST_MAILS = 1000
"""Mails looked at above or below one mail: a conversation; a longer one is looked through so far."""

_Rank = tuple[int, str, str]
"""How high a mail stands among those above another one; the lowest is the topmost."""


class Gathered:
    """What joined a ticket: the new ticket of each message, and a line for each ticket that was looked at."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.lines: list[str] = []


class Lineage:
    """Some mails, the stored ones that they answer, those that these answer, and so on.

    Read a ticket at a time, with whatever else is in it: a long ticket costs two statements.
    """

    def __init__(self, message_ids: Collection[int]) -> None:
        self.began_with = message_ids
        self._mails: dict[int, ThreadMail] = {}
        self._named: dict[str, list[int]] = {}
        self._answered: dict[int, list[str]] = {}
        self._heights: dict[int, int] = {}
        self._tickets: set[int] = set()
        wanted = self._add(messages.in_thread_by_id(message_ids))
        while wanted and len(self._mails) < _MOST_MAILS:
            wanted = self._add(messages.in_thread(wanted))

    def tickets(self, mails: Collection[int]) -> dict[int, _Rank]:
        """Return the tickets of these mails and of those above them, topmost first, with their ranks.

        What is above a mail that an agent put where it is counts no more.
        """
        found: dict[int, _Rank] = {}
        above = {*mails, *self.above(mails)} & self._mails.keys()
        above -= self.above(each for each in above if self.is_by_hand(each))
        if len({self._mails[each].ticket_id for each in above}) == 1:
            return {self._mails[each].ticket_id: (0, "", "") for each in above}
        for each in above:
            mail = self._mails[each]
            rank = self.rank(mail)
            found[mail.ticket_id] = min(found.get(mail.ticket_id, rank), rank)
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def is_by_hand(self, message_id: int) -> bool:
        """Whether an agent put one of these mails where it is."""
        return BY_HAND in self._answered.get(message_id, ())

    def answered_by(self, mail: ThreadMail) -> list[int]:
        """Return the mails that one of these names."""
        return [each for name in self._answered.get(mail.id, ()) for each in self._named.get(name, ())]

    def rank(self, mail: ThreadMail) -> _Rank:
        """Return how high one of these mails stands: as low as there are mails above it, then by its age."""
        if not self._heights:
            self._heights = self._measured()
        return self._heights[mail.id], mail.date, mail.message_id

    def _measured(self) -> dict[int, int]:
        """Return how many mails are above each; those that answer each other in a circle are cut open.

        Which mails are above one is a number with a bit for each of them.
        """
        bits = {each: 1 << place for place, each in enumerate(self._mails)}
        sets: dict[int, int] = {}
        begun: set[int] = set()
        for first in sorted(self._mails.values(), key=lambda mail: (mail.date, mail.message_id)):
            left = [first.id]
            while left:
                each = left[-1]
                answered = self.answered_by(self._mails[each])
                more = [other for other in answered if other not in begun]
                begun.add(each)
                if more:
                    left += more
                    continue
                left.pop()
                if each not in sets:
                    sets[each] = 0
                    for other in answered:
                        sets[each] |= bits[other] | sets.get(other, 0)
        return {each: above.bit_count() for each, above in sets.items()}

    def _add(self, mails: Iterable[ThreadMail]) -> set[str]:
        """Take mails in, with their tickets; returns the names they give that are not known yet."""
        strange = [mail for mail in mails if mail.id not in self._mails]
        tickets = {mail.ticket_id for mail in strange} - self._tickets
        self._tickets |= tickets
        others = messages.in_thread_of_tickets(tickets, _MOST_MAILS) if tickets else []
        fresh = list(dict.fromkeys([*strange, *(mail for mail in others if mail.id not in self._mails)]))
        for mail in fresh:
            self._mails[mail.id] = mail
            self._named.setdefault(mail.message_id, []).append(mail.id)
        said = messages.answered(mail.id for mail in fresh) if fresh else {}
        self._answered |= said
        return {name for names in said.values() for name in names} - self._named.keys()

    def above(self, mails: Iterable[int]) -> set[int]:
        """Return those above some of these mails."""
        found: set[int] = set()
        left = [self._mails[each] for each in mails if each in self._mails]
        while left:
            fresh = [each for each in self.answered_by(left.pop()) if each not in found]
            found.update(fresh)
            left += [self._mails[each] for each in fresh]
        return found


def put_by_hand(message_ids: Iterable[int]) -> None:
    """Note that an agent put these messages where they are: no mail draws them, or answers to them, away."""
    for message_id in message_ids:
        messages.wait_for(BY_HAND, message_id)


def gather(ticket_id: int, moment: datetime) -> Gathered:
    """Bring into a ticket what answers its mails elsewhere, as far as its authors take part in it by now.

    In the caller's transaction. What stays apart is linked.
    """
    gathered = Gathered()
    apart = _held_apart(ticket_id)
    while any(_join(source, ticket_id, moment, gathered) for source in apart):
        apart = _held_apart(ticket_id)
    for source in apart:
        lifecycle.refers_to(source.ticket_id, ticket_id)
        number = _state(source.ticket_id).number
        gathered.lines.append(
            f"ticket {number} answers mail of this one, but its author takes no part: kept apart"
        )
    return gathered


def may_be_headed(ticket_id: int, name: str, invited: Collection[str]) -> bool:
    """Whether a mail of this Message-ID that lets these addresses, in lower case, in may head a ticket.

    So it is if all mail there answers it, and it lets in whoever wrote there, or those let each other in.
    """
    mails = _undoubted(ticket_id)
    below = {mail.id for mail in _below({compared_id(name)})}
    says = messages.answered(mail.id for mail in mails)
    requester = _requester(ticket_id)
    if not mails or any(
        mail.id not in below and (mail.id in says or mail.sender in requester) for mail in mails
    ):
        return False
    return len(_of_participants(mails, invited.__contains__, _Apart(ticket_id))) == len(mails)


class _Apart:
    """A ticket that answers mails of another one, which stands above it.

    ``answers``: those of its mails that do; ``by_number``: those of them that have nothing of the other
    ticket but its number in their subject; ``invited``: authors whom what they answer addressed.
    """

    def __init__(self, ticket_id: int) -> None:
        self.ticket_id = ticket_id
        self.answers: set[int] = set()
        self.by_number: set[int] = set()
        self.invited: set[str] = set()


def _join(source: _Apart, target: int, moment: datetime, gathered: Gathered) -> bool:
    """Whether something of a ticket joined another one: all of it, or the mails of those who take part."""
    state, mails = _state(target), _undoubted(source.ticket_id)
    below = _going(source, mails)
    joining = _of_participants(
        below, lambda address: address in source.invited or takes_part(state, address), source
    )
    if not joining:
        return False
    number = _state(source.ticket_id).number
    people = _people(source.ticket_id)
    brought = _brought(joining, source.by_number) & people.keys()
    if len(joining) == len(mails):
        outside = _brought(joining) - brought - {mail.sender for mail in joining}
        lifecycle.left_by(source.ticket_id, [people[each] for each in sorted(outside & people.keys())])
        gathered.places |= {mail.id: target for mail in messages.mails(source.ticket_id)}
        lifecycle.merged(source.ticket_id, target, moment)
        for name in (messages.by_number, messages.by_signed_address):
            for message_id in messages.answers({name(source.ticket_id)}):
                messages.wait_for(name(target), message_id)
        gathered.lines.append(f"ticket {number} answers mail of this one: joined")
    else:
        gathered.places |= {mail.id: target for mail in joining}
        staying = _brought(mail for mail in mails if mail not in joining)
        lifecycle.mail_moved(source.ticket_id, target, joining, moment)
        lifecycle.joined_by(target, [people[address] for address in sorted(brought)])
        lifecycle.left_by(source.ticket_id, [people[address] for address in sorted(brought - staying)])
        gathered.lines.append(
            f"mail of those who take part was in ticket {number}: joined, the rest kept apart"
        )
    return True


def _going(source: _Apart, mails: Sequence[WrittenMail]) -> list[WrittenMail]:
    """Those of a ticket's mails that go where its answers go.

    They answer the other ticket too, or nothing that customers wrote, or an agent put them with these.
    """
    says = messages.answered(mail.id for mail in mails)
    named = {
        mail.message_id for mail in messages.in_thread({name for each in says.values() for name in each})
    }
    bound = {each for each, names in says.items() if BY_HAND not in names and named.intersection(names)}
    answers = source.answers
    if not all(mail.id in answers for mail in mails if mail.id in bound):
        return [mail for mail in mails if mail.id in answers]
    requester = _requester(source.ticket_id)
    return [
        mail
        for mail in mails
        if mail.id in answers or (mail.id in says and mail.id not in bound) or mail.sender not in requester
    ]


def _of_participants(
    mails: Sequence[WrittenMail], takes_part_by_now: Callable[[str], bool], source: _Apart
) -> list[WrittenMail]:
    """Those of a ticket's mails whose authors take part, and whom these let in, and so on."""
    people = _people(source.ticket_id).keys()
    brought: set[str] = set()
    left = list(mails)
    found: list[WrittenMail] = []
    while True:
        more = [mail for mail in left if mail.sender in brought or takes_part_by_now(mail.sender)]
        if not more:
            return sorted(found, key=lambda mail: (mail.created, mail.id))
        found += more
        left = [mail for mail in left if mail not in more]
        brought |= _brought(more, source.by_number) & people


def _brought(mails: Iterable[WrittenMail], by_number: Collection[int] = ()) -> set[str]:
    """Return the addresses that people's mails bring into a conversation, their authors' among them.

    A mail that only had a ticket's number in its subject brings nobody.
    """
    return {
        each
        for mail in mails
        if not mail.machine and mail.id not in by_number
        for each in (mail.sender, *addressed_by(mail.recipients))
    }


def _people(ticket_id: int) -> dict[str, int]:
    """Return requester and collaborators of a ticket: contact by address."""
    ids = {_state(ticket_id).contact_id, *tickets.collaborators(ticket_id)}
    return {contact.email.lower(): contact.id for contact in contacts.by_id(ids) if contact.email}


def _requester(ticket_id: int) -> set[str]:
    return {each.email.lower() for each in contacts.by_id({_state(ticket_id).contact_id})}


def _undoubted(ticket_id: int) -> list[WrittenMail]:
    return [mail for mail in messages.mails(ticket_id) if not mail.unverified]


def _held_apart(ticket_id: int) -> list[_Apart]:
    """Return the tickets below this one: those with mails that answer its mails, in the order they came.

    Not by mails for which another ticket stands higher: who takes part there stays there.
    """
    direct = messages.held_apart(ticket_id)
    numbered = messages.answers({messages.by_number(ticket_id)})
    signed = messages.answers({messages.by_signed_address(ticket_id)})
    answers = messages.in_thread_by_id({each.id for each in direct} | numbered | signed)
    if all(mail.ticket_id == ticket_id for mail in answers):
        return []
    below = {mail.id: mail for mail in answers}
    below |= {mail.id: mail for mail in _below({mail.message_id for mail in answers if mail.message_id})}
    outside = sorted(mail for mail in below.values() if mail.ticket_id != ticket_id)
    lineage = Lineage([mail.id for mail in outside])
    outside = [mail for mail in outside if not lineage.is_by_hand(mail.id)]
    found: dict[int, _Apart] = {}
    for mail in outside:
        ranks = lineage.tickets(lineage.answered_by(mail))
        own = min(ranks.get(mail.ticket_id, lineage.rank(mail)), lineage.rank(mail))
        by_number = mail.id in numbered and not ranks
        above = ticket_id in ranks and (len(ranks) == 1 or ranks[ticket_id] < own)
        if above or by_number or mail.id in signed:
            apart = found.setdefault(mail.ticket_id, _Apart(mail.ticket_id))
            apart.answers.add(mail.id)
            if by_number and mail.id not in signed:
                apart.by_number.add(mail.id)
    for each in direct:
        sender = each.sender.lower()
        held = found.get(below[each.id].ticket_id)
        if held is not None and each.id in held.answers and sender in addressed_by(each.recipients):
            held.invited.add(sender)
    return list(found.values())


def _below(names: set[str]) -> list[ThreadMail]:
    """Return the mails that answer these Message-IDs, those that answer them, and so on."""
    found: dict[int, ThreadMail] = {}
    asked = set(names)
    while names and len(found) < _MOST_MAILS:
        fresh = messages.in_thread_by_id(messages.answers(names) - found.keys())
        found |= {mail.id: mail for mail in fresh}
        names = {mail.message_id for mail in fresh if mail.message_id} - asked
        asked |= names
    return list(found.values())


def _state(ticket_id: int) -> TicketState:
    found = tickets.read(ticket_id)
    assert found is not None
    return found
