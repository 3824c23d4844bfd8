"""Threads: mail that answers a ticket's mail and was kept apart joins the ticket once its author takes part.

Who takes part is told by the mails alone: the author of the first one, those it was addressed to, and whom
people who take part address in turn; and whoever is of the first author's organization, where that shares
its tickets, once they answer one of these mails. A mail answers what it names, what that names, and so on,
however few names it gives itself. It is part of every matter above it that lets its author in, and stands in
the ticket of the topmost; where none of two matters is above the other, of the older one. Where it stands
changes nothing about whom it lets into the others: so what comes later takes no part away from anybody, the
same mails make the same tickets, in whatever order they come, and nobody gets in by an answer that nobody
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from config.records import Record
from desk.tickets import lifecycle
from desk.tickets.contacts import Contacts
from desk.tickets.numbers import next_as_set
from desk.tickets.participants import takes_part
from models import contacts, messages, organizations, tickets
from models.fields import utc_text
from models.messages import BY_HAND, LinkedMail, WrittenMail, addressed_by, compared_id
from models.tickets import NewTicket, TicketState

_MOST_MAILS = 5_000
"""Mails looked at around one mail: a conversation; a longer one is looked through so far."""

_Person = int | str
"""A contact's id, or the address of somebody who is none; below 0 the people of an organization."""


class Gathered:
    """What joined tickets: the new ticket of each message, and a line for each ticket that was looked at."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.lines: list[str] = []


class Arriving(Record):
    """A mail that is not stored yet; ``message_id`` as it is compared.

    ``answers``: the stored mails that it names, without those that others of them tell; ``above``: the
    tickets of all of them; ``sender`` in lower case.
    """

    message_id: str
    date: str
    sender: str
    answers: Collection[int]
    above: frozenset[int]

    @property
    def linked(self) -> LinkedMail:
        """The mail as it will stand among the others; in ticket 0."""
        return LinkedMail(0, 0, self.message_id, self.date, self.sender, "{}", "", False)


class _Matter:
    """What a ticket is about: the mails that it begins with, and those below them whose authors take part."""

    def __init__(self, ticket_id: int, people: set[_Person]) -> None:
        self.ticket_id = ticket_id
        self.people = people
        self.began_with: list[LinkedMail] = []
        self.mails: set[int] = set()
        self.fresh: list[int] = []
        """Part of it, and not looked at yet."""
        self.heads = 0
        """With a bit for each mail below which others are part of it."""


class Thread:
    """The mails that answer one another, from wherever one begins, and the tickets they are in.

    A ticket is read whole, with whatever else is in it.
    """

    def __init__(self, ticket_ids: Collection[int], arriving: Arriving | None = None) -> None:
        self._mails: dict[int, LinkedMail] = {}
        self._named: dict[str, list[int]] = {}
        self._answers: dict[int, list[str]] = {}
        self._parents: dict[int, list[int]] = {}
        self._children: dict[int, list[int]] = {}
        self._called: dict[int, list[tuple[int, str]]] = {}
        self._read(set(ticket_ids))
        self._link(arriving)
        self._above = self._measured()
        self._people, self._known = self._read_people()
        self._requesters, self._organizations = self._read_organizations()
        self._written_by: dict[_Person, list[LinkedMail]] = {}
        self._callers = self._read_callers()
        self._doubted: dict[int, list[int]] = {}
        for mail in self._mails.values():
            if mail.unverified:
                self._doubted.setdefault(mail.ticket_id, []).append(mail.id)
            elif mail.sender:
                self._written_by.setdefault(self._person(mail.sender), []).append(mail)
                if mail.sender in self._organizations:
                    self._written_by.setdefault(-self._organizations[mail.sender], []).append(mail)
        self._matters: dict[int, _Matter] = {}
        self._part_of: dict[int, list[_Matter]] = {}
        self._begins: set[int] = set()
        for mail in sorted(self._mails.values(), key=self._rank):
            self._place(mail)

    @property
    def tickets(self) -> set[int]:
        """The tickets that have mail here."""
        return {mail.ticket_id for mail in self._mails.values()} - {0}

    def ticket_for(self, message_id: int) -> int | None:
        """Return the ticket in which a mail belongs, or None for a mail that begins a matter of its own."""
        mail = self._mails[message_id]
        if message_id in self._begins or mail.unverified:
            return None
        found = self._part_of[message_id]
        signed = [each for each in found if messages.by_signed_address(each.ticket_id) in self._says(mail)]
        topmost = [each for each in found if not any(self._is_below(each, other) for other in found)]
        return min(signed or topmost or found, key=_age).ticket_id

    def moves(self) -> dict[tuple[int, int], list[LinkedMail]]:
        """Return what is not where it belongs, by the ticket that has it and the one where it belongs."""
        found: dict[tuple[int, int], list[LinkedMail]] = {}
        for mail in self._mails.values():
            target = self.ticket_for(mail.id)
            if target is not None and target != mail.ticket_id:
                found.setdefault((mail.ticket_id, target), []).append(mail)
        return dict(sorted(found.items()))

    def kept_apart(self, ticket_id: int) -> list[int]:
        """Return the tickets whose mail names mail of this one, and stays where it is."""
        called = {message_id for message_id, _ in self._called.get(ticket_id, ())}
        own = {mail.id for mail in self._mails.values() if mail.ticket_id == ticket_id}
        answering = {
            each for each in self._begins if each in called or own.intersection(self._parents_of(each))
        }
        return sorted({self._mails[each].ticket_id for each in answering} - {ticket_id})

    def head_of(self, ticket_id: int) -> LinkedMail | None:
        """Return the mail that a ticket begins with, None where all of it belongs elsewhere."""
        matter = self._matters.get(ticket_id)
        return None if matter is None else matter.began_with[0]

    def uninvited(self, ticket_id: int) -> list[LinkedMail]:
        """Return the mails of a ticket that answer others and begin matters of their own beside it."""
        matter = self._matters.get(ticket_id)
        return [
            mail
            for mail in (matter.began_with[1:] if matter is not None else ())
            if self._parents_of(mail.id) and not self._is_by_hand(mail.id)
        ]

    def is_by_number(self, mail: LinkedMail, ticket_id: int) -> bool:
        """Whether nothing but a ticket's number in the subject leads a mail there."""
        names = self._says(mail)
        return (
            messages.by_number(ticket_id) in names
            and messages.by_signed_address(ticket_id) not in names
            and not self._parents_of(mail.id)
        )

    def _read(self, ticket_ids: set[int]) -> None:
        read: set[int] = set()
        wanted = set(ticket_ids)
        while wanted and len(self._mails) < _MOST_MAILS:
            around = messages.tickets_around(wanted, _MOST_MAILS) - read
            read |= around | wanted
            fresh = messages.linked(around, _MOST_MAILS)
            self._mails |= {mail.id: mail for mail in fresh}
            said = messages.answered(mail.id for mail in fresh)
            self._answers |= said
            said_names = (name for names in said.values() for name in names)
            called = {each for name in said_names if (each := messages.called_by(name)) is not None}
            names = {name for each in around for name in _names_of(each)}
            wanted = (called | messages.tickets_answering(names)) - read

    def _link(self, arriving: Arriving | None) -> None:
        for mail in self._mails.values():
            if mail.message_id:
                self._named.setdefault(mail.message_id, []).append(mail.id)
        if arriving is not None:
            self._mails[0] = arriving.linked
            if arriving.message_id:
                self._named.setdefault(arriving.message_id, []).append(0)
        for message_id, names in self._answers.items():
            above = [] if BY_HAND in names else names
            self._parents[message_id] = [each for name in above for each in self._named.get(name, ())]
            for name in above:
                ticket_id = messages.called_by(name)
                if ticket_id is not None:
                    self._called.setdefault(ticket_id, []).append((message_id, name))
        if arriving is not None:
            self._parents[0] = [each for each in arriving.answers if each in self._mails]
        for message_id, parents in self._parents.items():
            for each in parents:
                self._children.setdefault(each, []).append(message_id)

    def _read_people(self) -> tuple[dict[int, set[_Person]], dict[str, int]]:
        """Return requester and collaborators of each ticket, and the contact of each address."""
        people: dict[int, set[_Person]] = {}
        for ticket_id, contact_id in tickets.people(self.tickets):
            people.setdefault(ticket_id, set()).add(contact_id)
        addresses = {mail.sender for mail in self._mails.values()}
        addresses.update(*(addressed_by(mail.recipients) for mail in self._mails.values()))
        known = {each.email.lower(): each.id for each in contacts.by_email(addresses - {""})}
        return people, known

    def _read_organizations(self) -> tuple[dict[int, str], dict[str, int]]:
        """Return each ticket's requester, by address, and what people belong to that shares tickets."""
        addresses = {mail.sender for mail in self._mails.values()} - {""}
        found = organizations.sharing({each: self._known.get(each) for each in addresses})
        if not found:
            return {}, {}
        requesters = tickets.requesters(self.tickets)
        known = {each.id: each.email.lower() for each in contacts.by_id(set(requesters.values()))}
        of_tickets = {ticket_id: known.get(contact_id, "") for ticket_id, contact_id in requesters.items()}
        people = {known[contact_id]: contact_id for contact_id in requesters.values() if contact_id in known}
        return of_tickets, {**organizations.sharing(people), **found}

    def _colleagues_of(self, ticket_id: int, begins: LinkedMail) -> set[_Person]:
        """Return the organization whose people may answer in a ticket whose first own mail this is, if any.

        The requester's, unless what they wrote there belongs elsewhere: then its author's.
        """
        requester = self._requesters.get(ticket_id) or begins.sender
        person = self._person(requester)
        moved = self._person(begins.sender) != person and any(
            mail.ticket_id == ticket_id and mail.id in self._part_of
            for mail in self._written_by.get(person, ())
        )
        found = self._organizations.get(begins.sender if moved else requester)
        return set() if found is None else {-found}

    def _place(self, mail: LinkedMail) -> None:
        """Let a mail begin a matter, or more of its ticket's, unless one above it lets its author in."""
        if mail.unverified or (mail.id in self._part_of and not self._is_by_hand(mail.id)):
            return
        self._begins.add(mail.id)
        matter = self._matters.get(mail.ticket_id)
        if matter is None:
            colleagues = self._colleagues_of(mail.ticket_id, mail)
            matter = _Matter(mail.ticket_id, self._people.get(mail.ticket_id, set()) | colleagues)
            self._matters[mail.ticket_id] = matter
            self._let_in(matter, matter.people)
        matter.began_with.append(mail)
        self._begin_below(matter, [mail.id, *self._doubted.get(mail.ticket_id, ())])
        while matter.fresh:
            self._take_in(matter, self._mails[matter.fresh.pop()])

    def _begin_below(self, matter: _Matter, heads: Sequence[int]) -> None:
        """Make mails part of a matter, and what people who take part wrote below them."""
        matter.fresh += heads
        matter.heads |= self._bits(heads)
        if any(each in self._children for each in heads):
            self._let_in(matter, matter.people)

    def _let_in(self, matter: _Matter, people: Collection[_Person]) -> None:
        """Take in what these people answered, or sent to the ticket by its number or its signed address."""
        callers = self._callers.get(matter.ticket_id, {})
        while people:
            matter.fresh += [
                each.id
                for person in people
                for each in self._written_by.get(person, ())
                if each.id not in matter.mails and self._above[each.id] & matter.heads
            ]
            heads = [each for person in people for each in callers.pop(person, ())]
            matter.fresh += heads
            matter.heads |= self._bits(heads)
            people = matter.people if any(each in self._children for each in heads) else ()

    def _take_in(self, matter: _Matter, mail: LinkedMail) -> None:
        """Make a mail part of a matter, let in whom it lets in, and take in what those answered."""
        if mail.id in matter.mails:
            return
        matter.mails.add(mail.id)
        self._part_of.setdefault(mail.id, []).append(matter)
        joining = self._brought(mail, matter.ticket_id) - matter.people
        matter.people |= joining
        self._let_in(matter, joining)
        below = self._children.get(mail.id, ())
        if below:
            invited = addressed_by(mail.recipients)
            matter.fresh += [each for each in below if self._mails[each].sender in invited]

    def _read_callers(self) -> dict[int, dict[_Person, list[int]]]:
        """Return who sent what to each ticket by nothing but its number, or to its signed address."""
        found: dict[int, dict[_Person, list[int]]] = {}
        for ticket_id, calls in self._called.items():
            for message_id, name in calls:
                mail = self._mails[message_id]
                by_address = name == messages.by_signed_address(ticket_id)
                if not mail.sender or mail.unverified or (not by_address and self._parents_of(message_id)):
                    continue
                callers = [self._person(mail.sender)]
                if by_address and mail.sender in self._organizations:
                    callers.append(-self._organizations[mail.sender])
                for each in callers:
                    found.setdefault(ticket_id, {}).setdefault(each, []).append(message_id)
        return found

    def _brought(self, mail: LinkedMail, ticket_id: int) -> set[_Person]:
        """Return whom a mail lets into a matter: of those it names, who were let in where it is."""
        if mail.machine or mail.unverified or self.is_by_number(mail, ticket_id):
            return set()
        named = {self._person(each) for each in addressed_by(mail.recipients)}
        author = {self._person(mail.sender)} if mail.sender else set()
        return named & self._people.get(mail.ticket_id, set()) | author

    def _parents_of(self, message_id: int) -> Sequence[int]:
        """Return the mails that one of these names."""
        return self._parents.get(message_id, ())

    def _person(self, address: str) -> _Person:
        return self._known.get(address, address)

    def _says(self, mail: LinkedMail) -> Sequence[str]:
        return self._answers.get(mail.id, ())

    def _is_by_hand(self, message_id: int) -> bool:
        return BY_HAND in self._answers.get(message_id, ())

    def _is_below(self, matter: _Matter, other: _Matter) -> bool:
        """Whether a mail that one matter began with answers one that another began with."""
        if matter is other:
            return False
        heads = self._bits(mail.id for mail in other.began_with)
        return any(self._above[mail.id] & heads for mail in matter.began_with)

    def _rank(self, mail: LinkedMail) -> tuple[int, str, str, int]:
        """As low as there are mails above it, then by its age."""
        return self._above[mail.id].bit_count(), mail.date, mail.message_id, mail.id

    def _bits(self, message_ids: Iterable[int]) -> int:
        bits = 0
        for each in message_ids:
            bits |= self._bit[each]
        return bits

    def _measured(self) -> dict[int, int]:
        """Return which mails are above each, as a number with a bit for each of them.

        Those that answer each other in a circle are cut open.
        """
        self._bit = {each: 1 << place for place, each in enumerate(self._mails)}
        above: dict[int, int] = {}
        begun: set[int] = set()
        for first in sorted(self._mails.values(), key=lambda mail: (mail.date, mail.message_id)):
            left = [first.id]
            while left:
                each = left[-1]
                parents = self._parents_of(each)
                more = [other for other in parents if other not in begun]
                begun.add(each)
                if more:
                    left += more
                    continue
                left.pop()
                if each not in above:
                    above[each] = 0
                    for other in parents:
                        above[each] |= self._bit[other] | above.get(other, 0)
        return above


def _age(matter: _Matter) -> tuple[str, str]:
    return min((mail.date, mail.message_id) for mail in matter.began_with)


def _names_of(ticket_id: int) -> tuple[str, str]:
    return messages.by_number(ticket_id), messages.by_signed_address(ticket_id)


def put_by_hand(message_ids: Iterable[int]) -> None:
    """Note that an agent put these messages where they are: no mail draws them, or answers to them, away."""
    for message_id in message_ids:
        messages.wait_for(BY_HAND, message_id)


def place_of(mail: Arriving, answered: Iterable[tuple[int, frozenset[str]]]) -> int | None:
    """Return the ticket in which a mail on its way in belongs, or None if it begins a matter of its own.

    ``answered``: ticket and addressees of each stored mail that it names.
    """
    named = list(answered)
    ticket_ids = {ticket_id for ticket_id, _ in named}
    if not ticket_ids or not mail.sender:
        return None
    first = next(iter(ticket_ids))
    is_only = len(ticket_ids) == 1 and not messages.answers_elsewhere(first)
    if is_only and takes_part(_state(first), mail.sender):
        return first
    invited = {ticket_id for ticket_id, addressed in named if mail.sender in addressed}
    own = _tickets_of(mail.sender)
    shares = bool(_organizations_of({mail.sender}))
    if not invited and not own and not shares:
        return None
    if len(own) == 1 and own <= mail.above and invited <= own and not shares:
        return next(iter(own))
    if mail.message_id:
        ticket_ids |= messages.tickets_answering({mail.message_id})
    return Thread(ticket_ids, mail).ticket_for(0)


def gather(ticket_id: int, moment: datetime) -> Gathered:
    """Bring all mail around a ticket's where it belongs, as far as its authors take part there by now.

    In the caller's transaction. What stays apart is linked.
    """
    gathered = Gathered()
    if _is_alone(ticket_id):
        return gathered
    while True:
        thread = Thread({ticket_id})
        joined = [
            _join(thread, way, moving, moment, gathered, "this one" if way[1] == ticket_id else "")
            for way, moving in thread.moves().items()
        ]
        if not any(joined):
            break
        ticket_id = _state(ticket_id).merged_into_id or ticket_id
    for apart in thread.kept_apart(ticket_id):
        lifecycle.refers_to(apart, ticket_id)
        number = _state(apart).number
        gathered.lines.append(
            f"ticket {number} answers mail of this one, but its author takes no part: kept apart"
        )
    return gathered


def may_be_headed(ticket_id: int, name: str, author: str, addressed: Collection[str]) -> bool:
    """Whether a mail of this Message-ID, by and to these addresses in lower case, may head a ticket.

    So it is if all mail there answers it, and it lets in whoever wrote there, or those let each other in.
    """
    mails = _undoubted(ticket_id)
    below = _below(compared_id(name))
    says = messages.answered(mail.id for mail in mails)
    requester = _requester(ticket_id)
    if not mails or any(
        mail.id not in below and (mail.id in says or mail.sender in requester) for mail in mails
    ):
        return False
    shared = _organizations_of({author, *(mail.sender for mail in mails)} - {""})
    colleagues = {each for each, found in shared.items() if found == shared.get(author)}
    let_in = {author, *addressed, *colleagues} - {""}
    return len(_of_participants(mails, let_in.__contains__, ticket_id)) == len(mails)


def _join(
    thread: Thread,
    way: tuple[int, int],
    moving: Collection[LinkedMail],
    moment: datetime,
    gathered: Gathered,
    called: str,
) -> bool:
    """Whether something of a ticket joined another one: all of it, or the mails that belong there.

    ``called``: what the other one is called in the trace; '' for its number.
    """
    source, target = way
    state, mails = _state(target), _undoubted(source)
    by_number = {mail.id for mail in moving if thread.is_by_number(mail, target)}
    let_in = {mail.sender for mail in moving}
    joining = _of_participants(
        _going(source, mails, {mail.id for mail in moving}),
        lambda address: address in let_in or takes_part(state, address),
        source,
        by_number,
    )
    if not joining:
        return False
    number, where = _state(source).number, called or f"ticket {state.number}"
    people = _people(source)
    brought = _brought(joining, by_number) & people.keys()
    if len(joining) == len(mails):
        outside = _brought(joining) - brought - {mail.sender for mail in joining}
        lifecycle.left_by(source, [people[each] for each in sorted(outside & people.keys())])
        gathered.places |= {mail.id: target for mail in messages.mails(source)}
        lifecycle.merged(source, target, moment)
        for name in (messages.by_number, messages.by_signed_address):
            for message_id in messages.answers({name(source)}):
                messages.wait_for(name(target), message_id)
        gathered.lines.append(f"ticket {number} answers mail of {where}: joined")
    else:
        gathered.places |= {mail.id: target for mail in joining}
        staying = _brought(mail for mail in mails if mail not in joining)
        lifecycle.mail_moved(source, target, joining, moment)
        requester, head = _requester(source), thread.head_of(source)
        left = requester.intersection(mail.sender for mail in joining)
        if left and head is not None and head.sender in people.keys() - requester:
            lifecycle.headed_by(source, people[head.sender], _state(source).subject)
            for mail in thread.uninvited(source):
                _begin_apart(source, mail, people, moment, gathered)
        lifecycle.joined_by(target, [people[address] for address in sorted(brought)])
        lifecycle.left_by(source, [people[address] for address in sorted(brought - staying)])
        gathered.lines.append(
            f"mail of those who take part in {where} was in ticket {number}: joined, the rest kept apart"
        )
    return True


def _begin_apart(
    ticket_id: int, mail: LinkedMail, people: Mapping[str, int], moment: datetime, gathered: Gathered
) -> None:
    """Let a mail begin a ticket of its own, as it would have if the one above it had come first.

    What it was in was of its author's organization until it was seen whose answer that was. ``people``: the
    contacts that took part there, by address.
    """
    ticket = _state(ticket_id)
    written = next(each for each in messages.of_ticket(ticket_id) if each.id == mail.id)
    at = utc_text(written.created)
    new = NewTicket(
        number=next_as_set(ticket.topic_id),
        subject=written.subject or ticket.subject,
        status="open",
        priority=ticket.priority,
        department_id=ticket.department_id,
        sla_id=ticket.sla_id,
        contact_id=Contacts(at).get(mail.sender, written.sender_name),
        mailbox_id=ticket.mailbox_id,
        topic_id=ticket.topic_id,
        created=at,
        updated=at,
        closed=None,
        last_customer=None,
        refers_to_id=ticket_id,
    )
    begun = lifecycle.split_off(ticket_id, [mail.id], new, None, moment)
    lifecycle.joined_by(
        begun.id, [people[each] for each in sorted(addressed_by(mail.recipients) & people.keys())]
    )
    gathered.places[mail.id] = begun.id
    gathered.lines.append(f"mail of {mail.sender} in ticket {ticket.number} began ticket {begun.number}")


def _is_alone(ticket_id: int) -> bool:
    """Whether no mail of a ticket answers, or is answered by, mail of another one."""
    messages.expect_around(ticket_id, _names_of(ticket_id))
    return (
        not messages.answers_elsewhere(ticket_id)
        and not messages.answered_elsewhere(ticket_id)
        and messages.tickets_answering(_names_of(ticket_id)) <= {ticket_id}
    )


def _tickets_of(address: str) -> set[int]:
    """Return the tickets in which somebody takes part, or wrote."""
    known = [each.id for each in contacts.by_email([address])]
    part = {ticket_id for each in known for ticket_id in tickets.with_person(each)}
    return part | messages.tickets_of_sender(address)


def _organizations_of(addresses: Collection[str]) -> dict[str, int]:
    """Return what those of these people, by address, belong to who are of what shares its tickets."""
    known = {each.email.lower(): each.id for each in contacts.by_email(addresses)}
    return organizations.sharing({each: known.get(each) for each in addresses})


def _going(source_id: int, mails: Sequence[WrittenMail], answers: Collection[int]) -> list[WrittenMail]:
    """Those of a ticket's mails that go where its answers go.

    They answer the other ticket too, or nothing that customers wrote, or an agent put them with these. What
    answers a mail that is not here yet is a matter of its own.
    """
    says = messages.answered(mail.id for mail in mails)
    said = {name for each in says.values() for name in each if messages.called_by(name) is None} - {BY_HAND}
    named = messages.here(said)
    bound = {each for each, names in says.items() if BY_HAND not in names and named.intersection(names)}
    if not all(mail.id in answers for mail in mails if mail.id in bound):
        return [mail for mail in mails if mail.id in answers]
    awaited = said - named - _sent_by_the_desk(said - named)
    requester = _requester(source_id)
    mails = [mail for mail in mails if mail.id in answers or not awaited.intersection(says.get(mail.id, ()))]
    return [
        mail
        for mail in mails
        if mail.id in answers or (mail.id in says and mail.id not in bound) or mail.sender not in requester
    ]


def _sent_by_the_desk(names: Collection[str]) -> set[str]:
    """Return those of the Message-IDs, given as they are compared, that mail of the desk has."""
    if not names:
        return set()
    from models import deliveries  # 2 ms, for mail that is moved

    answers = {
        compared_id(each.message_id) for each in messages.by_message_id(names) if each.kind != "customer"
    }
    return answers | {compared_id(each.message_id) for each in deliveries.by_message_id(names)}


def _of_participants(
    mails: Sequence[WrittenMail],
    takes_part_by_now: Callable[[str], bool],
    ticket_id: int,
    by_number: Collection[int] = (),
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
        brought |= _brought(more, by_number) & people


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


def _below(name: str) -> set[int]:
    """Return the mails that answer a Message-ID, those that answer them, and so on."""
    found: set[int] = set()
    asked, names = {name}, {name}
    while names and len(found) < _MOST_MAILS:
        fresh = messages.answers(names) - found
        found |= fresh
        names = {compared_id(each) for each in messages.message_ids(fresh)} - asked
        asked |= names
    return found


def _state(ticket_id: int) -> TicketState:
    found = tickets.read(ticket_id)
    assert found is not None
    return found
