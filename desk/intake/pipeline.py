"""The one way in: raw mail from any door becomes a receipt with a verdict, and what that verdict means.

A batch is one transaction. A mail that cannot be understood is kept raw and quarantined; the others go on. So
is one that trips over a fault of ours: its batch begins again, each mail a savepoint then.
"""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from config.clock import now
from desk.intake import acknowledgements, duplicates, filtering, orphans
from desk.intake.arrivals import Arrival, Prepared, parse_ahead
from desk.intake.batch import Batch
from desk.intake.incoming import Incoming, Outcome
from desk.intake.matching import Match, find_match, keeps_closed
from desk.intake.routing import find_route
from desk.rules import read_rules
from desk.tickets import lifecycle
from desk.tickets.numbers import next_for
from desk.tickets.participants import may_join
from mail.compose import message_id as signed_ids
from mail.inert import one_line
from mail.mime.address import as_compared
from models import blobs, receipts, tickets
from models.ahead import as_usual
from models.errors import DatabaseUnusable
from models.fields import utc_text, utc_time
from models.messages import KnownMessage
from models.tickets import NewTicket, TicketState
from models.transactions import (
    DatabaseFailed,
    StatementFailed,
    remembering,
    savepoint,
    transaction,
    undone,
)

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake.forwards import Forward
    from desk.intake.mail_commands import MailCommands
    from desk.permissions import Actor
    from desk.rules import DeskRules
    from desk.tickets.events import EventView
    from models.receipts import Verdict

_WRITTEN = ("receipt", "message", "ticket", "event", "blob", "contact")
"""Tables that most mails have a row in."""


def take(
    desk: Desk,
    arrivals: Sequence[Arrival | Prepared],
    *,
    check: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Take a batch in: one transaction, one entry of the answer for each arrival, in order.

    ``check`` is called inside the transaction, before its commit; what it raises (a lost lease) undoes the
    batch. Raises OSError or DatabaseFailed when disk or database fail: then nothing
    was stored. Nothing that a mail holds raises.
    """
    batch_mails = _prepared(arrivals, desk)
    for prepared in batch_mails:
        _ = prepared.packed  # waits until large mails are on disk, so that no lock is held meanwhile
    rules = read_rules(desk)
    if rules.checks_dkim:
        from desk.intake.proofs import with_signatures  # 0.8 ms, for agents' mail

        batch_mails = [with_signatures(each, rules, now()) for each in batch_mails]
    try:
        return _take_all(desk, rules, batch_mails, check, _take_at_ease)
    except _Tripped:
        return _take_all(desk, rules, batch_mails, check, _take_one)


class _Tripped(Exception):
    """A mail of the batch trips over something, and perhaps it was an earlier one."""


def _take_all(
    desk: Desk,
    rules: DeskRules,
    mails: Sequence[Prepared],
    check: Callable[[], None],
    take_one: Callable[[Batch, Prepared, int | None], Outcome],
) -> list[Outcome]:
    with _tripping(), transaction(), remembering(_WRITTEN, len(mails)), as_usual("intake"):
        batch = Batch(desk, rules, now(), mails)
        outcomes = [take_one(batch, prepared, None) for prepared in mails]
        batch.index()
        check()
    return outcomes


@contextmanager
def _tripping() -> Iterator[None]:
    """Have a statement that the database refuses, whenever it says so, undo the batch.

    So does a value that cannot be sent to it, such as half a character, which is told as late.
    """
    try:
        yield
    except DatabaseFailed:
        raise
    except (StatementFailed, ValueError) as error:
        raise _Tripped from error


def take_again(desk: Desk, receipt_id: int, *, check: Callable[[], None] = lambda: None) -> Outcome:
    """Take the mail of a receipt in again, under that receipt: for what was quarantined.

    ``check`` is called inside the transaction, before anything is written; what it raises ends it.
    """
    stored = receipts.arrival(receipt_id)
    assert stored is not None
    arrival = Arrival(blobs.read(stored.blob_id), stored.door, stored.mailbox_id)
    prepared = parse_ahead([arrival], moment=utc_time(stored.received), zone=lambda: desk.zone)[0]
    rules = read_rules(desk)
    with transaction():
        check()
        batch = Batch(desk, rules, now(), [prepared])
        outcome = _take_one(batch, prepared, receipt_id)
        batch.index()
    return outcome


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo everything that the block wrote."""
    with transaction(), undone():
        yield


def _prepared(arrivals: Sequence[Arrival | Prepared], desk: Desk) -> list[Prepared]:
    raw = [arrival for arrival in arrivals if isinstance(arrival, Arrival)]
    fresh = iter(parse_ahead(raw, desk.blob_threshold, zone=lambda: desk.zone) if raw else ())
    return [next(fresh) if isinstance(arrival, Arrival) else arrival for arrival in arrivals]


def _take_at_ease(batch: Batch, prepared: Prepared, receipt_id: int | None) -> Outcome:
    """Take a mail in without a way back: hardly one needs it."""
    try:
        return _decide(Incoming(batch, prepared, receipt_id))
    except (DatabaseUnusable, DatabaseFailed, sqlite3.OperationalError, OSError):
        raise
    except Exception as error:
        raise _Tripped from error


def _take_one(batch: Batch, prepared: Prepared, receipt_id: int | None) -> Outcome:
    """Take a mail in so that a fault undoes it alone."""
    try:
        with savepoint():
            return _decide(Incoming(batch, prepared, receipt_id))
    except (DatabaseUnusable, DatabaseFailed, sqlite3.OperationalError, OSError):
        raise
    except Exception as error:
        batch.forget()
        reason = one_line(f"{type(error).__name__}: {error}", 300)
        place = _place(error)
    with savepoint():
        return Incoming(batch, prepared, receipt_id).quarantined(reason, place)


def _decide(incoming: Incoming) -> Outcome:
    """Ask the steps in turn; the first one that knows what becomes of the mail ends it."""
    is_old = incoming.arrival.quiet or incoming.arrival.archive
    with lifecycle.untold() if is_old else nullcontext():
        return (
            duplicates.known_already(incoming)
            or _unreadable(incoming)
            or duplicates.copy_of_another(incoming)
            or _own_loop(incoming)
            or _bounce(incoming)
            or filtering.banned(incoming)
            or _part_of_a_ticket(incoming)
            or _new_ticket(incoming)
        )


def _unreadable(incoming: Incoming) -> Outcome | None:
    """Keep a mail raw that is over the bounds of the parser."""
    return incoming.quarantined(incoming.prepared.trouble) if incoming.prepared.mail is None else None


def _own_loop(incoming: Incoming) -> Outcome | None:
    """End a mail that this desk sent itself: it opens nothing."""
    reason = own_loop(incoming)
    if not reason:
        return None
    incoming.says(reason)
    return incoming.ends("loop", reason=reason)


def own_loop(incoming: Incoming) -> str:
    """Say by what this desk sent a mail itself; '' when it did not."""
    mail, rules = incoming.mail, incoming.rules
    if mail.own_desk_id is not None and mail.own_desk_id == rules.desk_id:
        return "own loop: it carries this desk's own mark"
    if mail.message_id and signed_ids.ours(mail.message_id, rules.message_secret) is not None:
        return f"own loop: this desk gave it its Message-ID {mail.message_id}"
    return ""


def _bounce(incoming: Incoming) -> Outcome | None:
    """Mark who did not get our mail, if this is a bounce, and bring the ticket back to its agents."""
    _say_what_it_is(incoming)
    if incoming.mail.machine.kind != "bounce":
        return None
    from desk.intake import bounces  # 2 ms, for bounces

    bounced = bounces.read_bounce(incoming)
    if bounced.ticket is None:
        return incoming.ends("bounce", reason=incoming.trace[-1])
    outcome = _file(incoming, Match(bounced.ticket), bounced.ticket, "bounce")
    moment = incoming.batch.moment
    for each in bounced.recipients:
        lifecycle.delivery_failed(bounced.ticket.id, each.address, each.why, moment)
    if not bounced.recipients:
        lifecycle.bounced(bounced.ticket.id, moment)
    return outcome


def _part_of_a_ticket(incoming: Incoming) -> Outcome | None:
    """File an answer where it belongs, unless that ticket is closed for good."""
    match = incoming.match = find_match(incoming)
    ticket = match.ticket
    if ticket is None:
        return None
    if _wakes(incoming, match) and keeps_closed(incoming, ticket):
        incoming.says(f"ticket {ticket.number} was closed too long ago to open again: a new one refers to it")
        incoming.match = Match(old=ticket)
        return None
    if match.kind == "customer":
        rejected = filtering.decide_on(incoming, "reply")
        if rejected is not None:
            return rejected
    _say_what_it_does(incoming, match, ticket)
    known = len(_events(ticket)) if _may_change_hands(incoming, ticket) else 0
    outcome = _file(incoming, match, ticket, "note" if match.kind == "note" else "reply")
    if incoming.decision.canned and not match.unverified:
        acknowledgements.answer_reply(incoming, ticket)
    if _may_change_hands(incoming, ticket):
        _say_who_has_it(incoming, ticket, known)
    filtering.change(incoming, ticket)
    return outcome


def _new_ticket(incoming: Incoming) -> Outcome:
    """Begin a ticket, or put the mail at the head of one that an answer to it began."""
    match = incoming.match
    headless = orphans.headless_ticket(incoming) if match.old is None else None
    if headless is not None:
        joined = match._replace(ticket=headless)
        _say_what_it_does(incoming, joined, headless, acknowledgement=False)
        return _file(incoming, joined, headless, "reply")
    before = _forwarded_before(incoming) if match.old is None else None
    if before is not None:
        again = match._replace(ticket=before, unverified=True)
        _say_what_it_does(incoming, again, before)
        return _file(incoming, again, before, "reply")
    forward = _forward(incoming) if match.old is None else None
    match = incoming.match
    rejected = filtering.decide_on(incoming, "new")
    if rejected is not None:
        return rejected
    gathering = filtering.keyed_ticket(incoming) if incoming.decision.merge else None
    if gathering is not None:
        return _gather(incoming, gathering)
    ticket = _open(incoming, match.old)
    incoming.says(f"new ticket {ticket.number}" + (f", refers to {match.old.number}" if match.old else ""))
    refusal = "an agent forwarded it" if forward else acknowledgements.refusal(incoming, ticket)
    told = ", ".join(each.email for each in incoming.author.answered_at)
    incoming.says(f"no acknowledgement: {refusal}" if refusal else f"acknowledged to {told}")
    outcome = _file(incoming, match, ticket, "ticket")
    if not refusal:
        acknowledgements.queue(incoming, ticket)
    if forward is not None:
        forward.note(incoming, ticket)
    filtering.change(incoming, ticket)
    if forward is not None:
        _obey(incoming, ticket, forward.agent, forward.commands)
    if incoming.rules.topics_settle and not incoming.arrival.archive:
        batch = lifecycle.new_batch()
        incoming.said_after_all(*lifecycle.begun_as_topic_says(ticket.id, incoming.batch.moment, batch))
        if not incoming.rules.gives_out:
            _say_who_has_it(incoming, ticket)
    if incoming.rules.gives_out and not incoming.arrival.archive:
        said = lifecycle.give_out(ticket.id, None, incoming.batch.moment, lifecycle.new_batch())
        _say_who_has_it(incoming, ticket)
        as_it_is = tickets.read(ticket.id)
        if said and as_it_is is not None and as_it_is.assignee_id is None:
            incoming.said_after_all(said)
    return outcome


def _forward(incoming: Incoming) -> Forward | None:
    """Let the original's author speak, where an agent who is proved forwards a mail."""
    if incoming.author.address.email not in incoming.rules.agents or incoming.arrival.archive:
        return None
    from desk.intake import forwards  # 2 ms, for agents' mail

    return forwards.taken(incoming)


def _forwarded_before(incoming: Incoming) -> TicketState | None:
    """Return the ticket that a forward by an agent opened when it came first; it opens no second one."""
    if incoming.author.address.email not in incoming.rules.agents or incoming.arrival.archive:
        return None
    from desk.intake import forwards  # 2 ms, for agents' mail

    ticket = forwards.sent_before(incoming)
    if ticket is not None:
        incoming.says(f"it opened ticket {ticket.number} before: filed there, unverified")
    return ticket


def _may_change_hands(incoming: Incoming, ticket: TicketState) -> bool:
    """Whether a mail may open a ticket again that is given to somebody else then."""
    return incoming.rules.gives_out and ticket.status == "closed"


def _say_who_has_it(incoming: Incoming, ticket: TicketState, known: int = 0) -> bool:
    """Say to whom a ticket was given by itself behind its first events, and why; False when it was not."""
    given = [each for each in _events(ticket)[known:] if each.kind == "assigned"]
    for each in given:
        incoming.said_after_all(each.text)
    return bool(given)


def _events(ticket: TicketState) -> list[EventView]:
    from desk.tickets import events  # 0.6 ms, where tickets are given out

    return events.of_ticket(ticket.id)


def _gather(incoming: Incoming, ticket: TicketState) -> Outcome:
    """File a mail in the ticket that has its key: it wakes nobody, and nobody is answered."""
    incoming.says("no acknowledgement: it is gathered by its key")
    late = filtering.overtaken(incoming, ticket)
    outcome = _file(incoming, Match(ticket, gathered=True), ticket, "reply")
    filtering.gathered(incoming, ticket, late=late)
    return outcome


def _open(incoming: Incoming, old: TicketState | None) -> TicketState:
    mail, rules, batch = incoming.mail, incoming.rules, incoming.batch
    author = incoming.author.address
    route = filtering.redirected(rules, incoming.decision, find_route(incoming))
    created = utc_text(mail.created)
    archive = incoming.arrival.archive
    new = NewTicket(
        number=next_for(route.topic, rules.number_format, rules.number_kind),
        subject=mail.subject,
        status="closed" if archive else "new",
        priority=route.priority,
        department_id=route.department_id,
        sla_id=filtering.sla_of(incoming) or rules.sla_of(route.department_id, route.topic),
        contact_id=batch.known.contacts.get(author.email, author.name),
        mailbox_id=route.mailbox_id,
        topic_id=route.topic.id if route.topic is not None else None,
        created=created,
        updated=created,
        closed=created if archive else None,
        last_customer=created,
        refers_to_id=old.id if old is not None else None,
    )
    told = {"refers_to": old.number} if old is not None else {}
    ticket = lifecycle.opened(new, None, batch.moment, told, dict(incoming.arrival.fields))
    for department_id in route.referred:
        lifecycle.referred(ticket.id, department_id, rules.departments[department_id].name, batch.moment)
    return ticket


def _file(incoming: Incoming, match: Match, ticket: TicketState, verdict: Verdict) -> Outcome:
    """Write the receipt and the message, and let the message do to the ticket what it may."""
    blob_id = blobs.insert(incoming.prepared.packed)
    outcome = incoming.ends(verdict, ticket, blob_id=blob_id)
    message_row = _write_message(incoming, match, ticket, blob_id)
    lets_in = _let_in(incoming, match, ticket)
    if match.kind == "reply":
        incoming.said_after_all(acknowledgements.pass_on(incoming, ticket, message_row))
    if match.agent is not None and match.commands is not None:
        _obey(incoming, ticket, match.agent, match.commands)
    orphans.await_parents(incoming, match, message_row)
    orphans.gather_answers(incoming, match, ticket, lets_in=lets_in)
    return outcome


def _obey(incoming: Incoming, ticket: TicketState, agent: Actor, commands: MailCommands) -> None:
    """Do to a ticket what an agent's mail says, and tell the agent what was refused."""
    from desk.intake import mail_commands  # 1 ms, for agents' mail

    obeyed = mail_commands.obey(agent, ticket.number, commands, lambda: incoming.batch.desk.zone)
    for each in obeyed:
        incoming.said_after_all(each.words)
    refused = [each.words for each in obeyed if each.refused]
    if refused:
        from desk.intake.command_replies import tell_refused  # 9 ms, for commands that were refused

        incoming.said_after_all(tell_refused(incoming, agent, ticket.id, refused))


def _write_message(incoming: Incoming, match: Match, ticket: TicketState, blob_id: int) -> int:
    mail, batch = incoming.mail, incoming.batch
    message = incoming.message(match, blob_id)
    if match.agent is not None and match.kind == "reply":
        after = incoming.rules.status_after_reply
        if incoming.arrival.archive and ticket.status == "closed":
            after = "closed"
        elif after == "closed":
            from desk.tickets.changes import usual_status  # 12 ms, for agents' mail that closes

            after = usual_status(ticket, after)
        message_row = lifecycle.agent_answered(ticket.id, message, match.agent, after, batch.moment)
    elif match.agent is not None:
        message_row = lifecycle.noted(ticket.id, message, match.agent, batch.moment)
    elif match.kind == "note" and mail.by_person and not incoming.arrival.archive:
        message_row = lifecycle.third_party_wrote(ticket.id, message, batch.moment)
    elif _wakes(incoming, match):
        message_row = lifecycle.customer_wrote(ticket.id, message, None, batch.moment)
    else:
        quiet = incoming.arrival.archive or mail.machine.kind == "auto_reply"
        message_row = lifecycle.filed(ticket.id, message, noticed=not quiet)
    if mail.message_id is not None:
        known = KnownMessage(
            message_row,
            ticket.id,
            match.kind,
            message.sender_email,
            message.recipients,
            mail.message_id,
            message.unverified,
            message.created,
        )
        batch.known.add_message(known)
    return message_row


def _let_in(incoming: Incoming, match: Match, ticket: TicketState) -> bool:
    """Let the mail's author and those it was written to into the conversation.

    Returns whether one of them may be new to what the mail is about.
    """
    mail = incoming.mail
    if not match.brings_people or match.gathered or mail.machine.kind != "human":
        return False
    ours, author = incoming.reached_by, incoming.author.address
    others = [each for each in (*mail.to, *mail.cc) if as_compared(each.email) not in ours]
    written = [(each.name, each.email) for each in (author, *others)]
    people = may_join(written, incoming.rules)
    known = [incoming.batch.known.contacts.get(email, name) for name, email in people]
    begun = ticket.message_count == 0  # with this mail, and with nobody in Cc yet
    old = {ticket.contact_id, *([] if begun else tickets.collaborators(ticket.id))}
    if new := [each for each in known if each not in old]:
        lifecycle.joined_by(ticket.id, new)
    return len(known) > 1 or not old.issuperset(known)


def _wakes(incoming: Incoming, match: Match) -> bool:
    """Whether a person who takes part wrote it just now."""
    return (
        match.kind == "customer"
        and not match.unverified
        and not match.gathered
        and incoming.mail.by_person
        and not incoming.arrival.archive
    )


def _say_what_it_is(incoming: Incoming) -> None:
    mail = incoming.mail
    known = incoming.batch.known.messages(mail.message_id) if mail.message_id is not None else []
    if known:
        ticket = incoming.batch.ticket(known[0].ticket_id)
        number = ticket.number if ticket is not None else "?"
        incoming.says(f"another mail, in ticket {number}, has the same Message-ID: both are kept")
    if incoming.author.evidence:
        incoming.says(incoming.author.evidence)
    if mail.ends_early:
        incoming.says("its last part has no end: it may have been cut off on its way")
    if mail.machine.kind != "human":
        incoming.says(f"{mail.machine.kind.replace('_', ' ')}: {mail.machine.reason}")


def _say_what_it_does(
    incoming: Incoming, match: Match, ticket: TicketState, *, acknowledgement: bool = True
) -> None:
    mail = incoming.mail
    if ticket.deleted is not None and _wakes(incoming, match):
        incoming.says(f"ticket {ticket.number} was in the trash: it is open again")
    elif ticket.status == "closed" and _wakes(incoming, match):
        incoming.says(f"ticket {ticket.number} was closed: reopened")
    elif ticket.status == "closed" and match.kind == "customer" and not incoming.arrival.archive:
        why = "unverified" if match.unverified else mail.machine.reason
        incoming.says(f"ticket {ticket.number} stays closed: {why}")
    if not acknowledgement:
        return
    if match.kind != "customer":
        who = "an agent wrote it" if match.agent is not None else "only a new ticket gets one"
        incoming.says(f"no acknowledgement: {who}")
    elif not mail.machine.acknowledge:
        incoming.says(f"no acknowledgement: {mail.machine.reason}")
    else:
        incoming.says("no acknowledgement: only a new ticket gets one")


def _place(error: Exception) -> str:
    """Where in our code a fault arose: nothing of the mail is in it."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
