"""What bans and filters do with a mail on its way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desk.errors import WrongUse
from desk.filters.decision import decide
from desk.intake.routing import route_of
from desk.permissions import FILTER
from desk.tickets import lifecycle
from mail.inert import one_line
from mail.mime.author import Author
from models import contacts, messages, slas, tickets, topics
from models.custom_fields import FieldValue
from models.fields import utc_text
from models.tickets import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.filters.decision import Decision
    from desk.filters.facts import MailFacts
    from desk.intake.arrivals import Arrival, IncomingMail
    from desk.intake.incoming import Incoming, Outcome
    from desk.intake.routing import Route
    from desk.rules import DeskRules
    from models.filters import Trigger
    from models.tickets import TicketState

FLAPS: Final = "flaps"
"""The tag of a ticket that was opened again by what it was closed for."""
_OVERTAKING: Final = 50
"""So many mails of a ticket that came before may have been sent after one."""


def banned(incoming: Incoming) -> Outcome | None:
    """Reject what a banned address wrote, whatever it answers; old mail that is only filed is kept."""
    if incoming.arrival.archive:
        return None
    author = incoming.author
    for each in (author.address, *author.answers_to, incoming.mail.named.sender):
        pattern = incoming.batch.banned(each.email) if each.email else ""
        if pattern:
            reason = f"{each.email} is banned ({pattern})"
            incoming.says(reason)
            return incoming.ends("rejected", reason=reason)
    return None


def decide_on(incoming: Incoming, trigger: Trigger) -> Outcome | None:
    """Ask the filters, keep what they decide, and end the mail that one of them rejects."""
    if incoming.arrival.archive or not incoming.batch.filters:
        return None
    facts = facts_of(incoming.mail, incoming.author, incoming.arrival, incoming.rules, incoming.match.ticket)
    decision = incoming.decision = decide(incoming.batch.filters, trigger, facts)
    for line in decision.trace:
        incoming.says(line)
    if decision.rejected_by:
        return incoming.ends("rejected", reason=f"filter '{decision.rejected_by}' rejected it")
    if decision.by_reply_to:
        _let_reply_to_speak(incoming)
    return None


def redirected(rules: DeskRules, decision: Decision, route: Route) -> Route:
    """Return the route with what the filters decided in place of what address and mailbox did."""
    topic = next((each for each in rules.topics.values() if each.name == decision.topic), None)
    if topic is not None:
        route = route._replace(topic=topic, priority=topic.priority or route.priority)
        if topic.department_id is not None:
            route = route._replace(department_id=topic.department_id)
    if decision.department is not None:
        wanted = decision.department.lower()
        named = next((each for each in rules.departments.values() if each.name.lower() == wanted), None)
        if named is not None:
            route = route._replace(department_id=named.id)
    if decision.priority is not None:
        level = next(level for level, name in PRIORITIES.items() if name == decision.priority)
        route = route._replace(priority=level)
    referred = tuple(each for each in route.referred if each != route.department_id)
    return route._replace(referred=referred)


def sla_of(incoming: Incoming) -> int | None:
    """Return the SLA that the filters decided on, or None."""
    named = slas.named(incoming.decision.sla) if incoming.decision.sla else None
    return named.id if named is not None else None


def keyed_ticket(incoming: Incoming) -> TicketState | None:
    """Return the ticket that has the key which the filters found, if mail still comes to it."""
    decision, batch = incoming.decision, incoming.batch
    found = tickets.with_key(decision.merge) if decision.merge else None
    ticket = None if found is None else batch.ticket(found.id)
    if ticket is None:
        return None
    if ticket.status == "closed":
        from desk.queries.times import age  # 1 ms, for alerts that come back

        window = age(decision.reopen) if decision.reopen else None
        if window is None or (ticket.closed or "") < utc_text(batch.moment - window):
            incoming.says(f"ticket {ticket.number} has the key '{decision.merge}', but is closed")
            return None
    incoming.says(
        f"ticket {ticket.number} has the key '{decision.merge}', for the time {ticket.message_count + 1}"
    )
    return ticket


def overtaken(incoming: Incoming, ticket: TicketState) -> bool:
    """Whether a mail was sent before another one of its sender that is in the ticket of its key by now.

    Asked before the mail is filed. A Date in the future is a clock that was wrong, and says nothing.
    """
    date, sender = incoming.mail.date, incoming.author.address.email
    newest = messages.sent_last_by(ticket.id, sender, _OVERTAKING) if date is not None else ""
    if date is None or not utc_text(date) < newest <= utc_text(incoming.batch.moment):
        return False
    incoming.says(f"ticket {ticket.number} stays as it is: what came before was sent later")
    return True


def gathered(incoming: Incoming, ticket: TicketState, *, late: bool) -> None:
    """Do to the ticket of a key what the filters decided; one that was closed is open again.

    ``late``: the mail was overtaken, and neither closes nor opens anything.
    """
    from desk.filters.acting import carry_out  # 1 ms, for desks with filters
    from desk.tickets import changes  # 0.3 ms, for desks with filters

    decision, moment = incoming.decision, incoming.batch.moment
    if late:
        decision.status = None
    elif ticket.status == "closed" and not _closes(decision):
        changes.reopen(FILTER, [ticket.number])
        changes.add_tags(FILTER, [ticket.number], [FLAPS])
        lifecycle.came_back(ticket.id, incoming.mail.subject, moment)
        incoming.said_after_all(f"ticket {ticket.number} is open again")
    for line in carry_out(decision, ticket, moment, incoming.batch.desk.zone):
        incoming.said_after_all(line)


def _closes(decision: Decision) -> bool:
    """Whether filters want a ticket closed, be it by a status of the desk's own."""
    if decision.status is None or decision.spam:
        return decision.spam
    from desk import statuses  # 2 ms, for desks whose filters give a status

    try:
        return statuses.meant(decision.status)[0] == "closed"
    except WrongUse:
        return False  # it was switched off since


def change(incoming: Incoming, ticket: TicketState) -> None:
    """Do to the ticket what the filters decided, as far as it was not made so."""
    if not incoming.decision.trace:
        return
    from desk.filters.acting import carry_out  # 1 ms, for desks with filters

    if incoming.decision.merge:
        lifecycle.keyed(ticket.id, incoming.decision.merge)
    for line in carry_out(incoming.decision, ticket, incoming.batch.moment, incoming.batch.desk.zone):
        incoming.said_after_all(line)


def facts_of(
    mail: IncomingMail, author: Author, arrival: Arrival, rules: DeskRules, ticket: TicketState | None
) -> MailFacts:
    """Return what conditions may ask of a mail."""
    from desk.filters.facts import MailFacts  # 4 ms, for desks with filters

    mailbox = rules.mailboxes.get(arrival.mailbox_id or 0)
    people = [(each.name, each.email.lower()) for each in (*mail.to, *mail.cc)]
    return MailFacts(
        sender=author.address.email.lower(),
        sender_name=author.address.name,
        recipients=[*people, *(("", address) for address in mail.envelope)],
        subject=mail.subject,
        text=mail.text,
        mailbox=mailbox.address.lower() if mailbox is not None else "",
        door=arrival.door.partition(":")[0],
        attachments=sum(1 for part in mail.attachments if not part.inline),
        kind=mail.machine.kind,
        raw=arrival.raw,
        believes_spam_headers=rules.believes_spam_headers,
        stored_fields=lambda: {**fields_of(author.address.email, ticket), **dict(arrival.fields)},
        standing_of=lambda: standing_of(author.address.email),
        topic_of=lambda: topic_of(rules, arrival, [*(one for _, one in people), *mail.envelope], ticket),
    )


def topic_of(rules: DeskRules, arrival: Arrival, addresses: Sequence[str], ticket: TicketState | None) -> str:
    """Return the path of the help topic of a ticket, or of one that a mail would begin; '' for none."""
    if ticket is not None:
        every = topics.every()
        return next((topics.path_of(each, every) for each in every if each.id == ticket.topic_id), "")
    topic = route_of(rules, arrival, addresses, lambda _line: None).topic
    line = [] if topic is None else topics.above(topic.id, rules.topics.values())
    return "/".join(each.name for each in reversed(line))


def fields_of(sender: str, ticket: TicketState | None) -> dict[int, FieldValue]:
    """Return what stands in the desk's own fields of a sender, and of the ticket that they answered."""
    known = contacts.by_email([sender.lower()]) if sender else []
    own = contacts.fields(known[0].id) if known else {}
    return own if ticket is None else {**own, **tickets.fields(ticket.id)}


def standing_of(sender: str) -> tuple[bool, int]:
    """Whether somebody is a contact or of an organization's domain, and how many open tickets they have."""
    known = contacts.by_email([sender.lower()]) if sender else []
    if known:
        return True, len(tickets.open_of([known[0].id]))
    from models import organizations  # 1 ms, for a sender who is no contact

    return organizations.of_domain(sender.rpartition("@")[2].lower()) is not None, 0


def _let_reply_to_speak(incoming: Incoming) -> None:
    people = [each for each in incoming.mail.named.reply_to if not incoming.rules.own.is_own(each.email)]
    if people and "@" in people[0].email:
        incoming.author = Author(people[0], on_hearsay=True)
        incoming.says(f"{one_line(people[0].email, 320)} is the requester, by Reply-To")
