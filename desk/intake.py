"""The one way in: raw mail from any door becomes a receipt with a verdict, and what that verdict means.

A batch is one transaction, a mail is a savepoint in it. A mail that cannot be understood, or that trips over
a fault of ours, is kept raw and quarantined; the others go on.
"""

from __future__ import annotations

import json
import sqlite3
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import peewee

from config.clock import now
from desk import acknowledgements, bounces, duplicates, filing, joining
from desk.arrivals import Arrival, Prepared, parse_ahead
from desk.batch import Batch
from desk.ledger import Taken, Verdict, origin, quarantine, write_receipt
from desk.matching import Landing, find_landing, keeps_closed
from desk.routing import department_of, find_route
from desk.standing import read_standing
from mail import message_id as signed_ids
from mail.inert import one_line
from models import blobs
from models.database import db, transaction
from models.fields import utc_time

if TYPE_CHECKING:
    from desk.arrivals import Letter
    from desk.batch import TicketState
    from desk.home import Desk
    from desk.known import KnownReceipt

__all__ = ["Arrival", "Prepared", "Taken", "parse_ahead", "rehearsal", "take", "take_again"]


def take(
    desk: Desk,
    arrivals: Sequence[Arrival | Prepared],
    *,
    check: Callable[[], None] = lambda: None,
) -> list[Taken]:
    """Take a batch in: one transaction, one entry of the answer for each arrival, in order.

    ``check`` is called inside the transaction, before its commit; what it raises (a lost lease) undoes the
    batch. Raises OSError or peewee.OperationalError when disk or database fail: then nothing
    was stored. Nothing that a mail holds raises.
    """
    batch_mails = _prepared(arrivals, desk)
    for prepared in batch_mails:
        _ = prepared.packed  # waits until large mails are on disk, so that no lock is held meanwhile
    standing = read_standing(desk)
    with transaction():
        batch = Batch(desk, standing, now(), batch_mails)
        taken = [_take_one(batch, prepared) for prepared in batch_mails]
        batch.index()
        check()
    return taken


def take_again(desk: Desk, receipt_id: int, *, check: Callable[[], None] = lambda: None) -> Taken:
    """Take the mail of a receipt in again, under that receipt: for what was quarantined.

    ``check`` is called inside the transaction, before anything is written; what it raises ends it.
    """
    row = db.execute_sql(
        "SELECT door, mailbox_id, blob_id, received FROM receipt WHERE id = ?", (receipt_id,)
    ).fetchone()
    arrived = utc_time(row[3])
    prepared = parse_ahead([Arrival(blobs.read(row[2]), row[0], row[1])], moment=arrived)[0]
    standing = read_standing(desk)
    with transaction():
        check()
        batch = Batch(desk, standing, now(), [prepared])
        taken = _take_one(batch, prepared, receipt_id)
        batch.index()
    return taken


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo everything that the block wrote."""
    with transaction(), db.atomic() as savepoint:
        yield
        savepoint.rollback()


def _prepared(arrivals: Sequence[Arrival | Prepared], desk: Desk) -> list[Prepared]:
    raw = [arrival for arrival in arrivals if isinstance(arrival, Arrival)]
    fresh = iter(parse_ahead(raw, desk.settings.blob_threshold) if raw else ())
    return [next(fresh) if isinstance(arrival, Arrival) else arrival for arrival in arrivals]


def _take_one(batch: Batch, prepared: Prepared, receipt_id: int | None = None) -> Taken:
    """One mail in its savepoint; ``receipt_id``: under this existing receipt."""
    try:
        with _savepoint():
            return _sorted(batch, prepared, receipt_id)
    except (peewee.OperationalError, sqlite3.OperationalError, OSError):
        raise
    except Exception as error:
        batch.forget()
        reason = one_line(f"{type(error).__name__}: {error}", 300)
        place = _place(error)
    with _savepoint():
        return quarantine(batch, prepared, reason, receipt_id, place)


@contextmanager
def _savepoint() -> Iterator[None]:
    """A nested transaction of constant name: Peewee's asks the system for a random one each time."""
    db.execute_sql("SAVEPOINT one_mail")
    try:
        yield
    except BaseException:
        db.execute_sql("ROLLBACK TO one_mail")
        db.execute_sql("RELEASE one_mail")
        raise
    db.execute_sql("RELEASE one_mail")


def _sorted(batch: Batch, prepared: Prepared, receipt_id: int | None) -> Taken:
    arrival, letter = prepared.arrival, prepared.letter
    if receipt_id is None:
        known = _known(batch, prepared)
        if known is not None:
            return known
    if letter is None:
        return quarantine(batch, prepared, prepared.trouble, receipt_id)
    trace = [origin(batch, arrival)]
    original = duplicates.find_original(batch, prepared, receipt_id)
    if original is not None:
        return _duplicate(batch, prepared, original, trace, receipt_id)
    _note_same_id(batch, letter, trace)
    loop = _own_mail(batch, letter)
    if loop:
        trace.append(loop)
        return write_receipt(batch, prepared, Verdict("loop", reason=loop), trace, receipt_id)
    if letter.machine.kind != "human":
        trace.append(f"{letter.machine.kind.replace('_', ' ')}: {letter.machine.reason}")
    if letter.machine.kind == "bounce":
        return _bounce(batch, prepared, letter, trace, receipt_id)
    landing = find_landing(batch, letter, trace)
    if landing.ticket is not None and _is_too_old(batch, prepared, letter, landing):
        old = landing.ticket
        trace.append(f"ticket {old.number} was closed too long ago to open again: a new one refers to it")
        landing = Landing(old=old)
    if landing.ticket is not None:
        return _joined(batch, prepared, letter, landing, trace, receipt_id)
    return _opened(batch, prepared, letter, landing, trace, receipt_id)


def _known(batch: Batch, prepared: Prepared) -> Taken | None:
    """The receipt that this arrival has already, by its numbers or, after renumbering, by its content."""
    arrival = prepared.arrival
    known = batch.known.receipts.get(arrival.key) if arrival.numbered else None
    if known is None:
        renumbered = duplicates.find_renumbered(batch, prepared)
        if renumbered is None:
            return None
        duplicates.renumber(renumbered, arrival)
        known = batch.known.receipts[arrival.key] = (renumbered.id, renumbered.verdict, renumbered.ticket_id)
    receipt_id, verdict, ticket_id = known
    ticket = batch.ticket(ticket_id) if ticket_id is not None else None
    return Taken(receipt_id, verdict, ticket.number if ticket is not None else None, ticket_id, new=False)


def _joined(
    batch: Batch,
    prepared: Prepared,
    letter: Letter,
    landing: Landing,
    trace: list[str],
    receipt_id: int | None,
) -> Taken:
    """The mail belongs to a ticket that is there."""
    ticket = landing.ticket
    assert ticket is not None
    filing.touch_ticket(batch, prepared, letter, landing, ticket, trace)
    verdict = "note" if landing.kind == "note" else "reply"
    trace.append(_no_acknowledgement(batch, prepared, letter, landing))
    return _with_message(batch, prepared, letter, landing, ticket, verdict, trace, receipt_id)


def _opened(
    batch: Batch,
    prepared: Prepared,
    letter: Letter,
    landing: Landing,
    trace: list[str],
    receipt_id: int | None,
) -> Taken:
    """The mail begins a ticket, or takes its place at the head of one that an answer to it began."""
    adopted = joining.adopting_ticket(batch, letter, trace) if landing.old is None else None
    if adopted is not None:
        joined = Landing(adopted, await_parents=True)
        filing.touch_ticket(batch, prepared, letter, joined, adopted, trace)
        return _with_message(batch, prepared, letter, joined, adopted, "reply", trace, receipt_id)
    route = find_route(batch.standing, prepared.arrival, letter, trace)
    ticket = filing.open_ticket(batch, prepared, letter, route, landing.old)
    trace.append(f"new ticket {ticket.number}" + (f", refers to {landing.old.number}" if landing.old else ""))
    refusal = acknowledgements.refusal(batch, prepared, letter, ticket)
    trace.append(f"no acknowledgement: {refusal}" if refusal else f"acknowledged to {letter.sender.email}")
    taken = _with_message(batch, prepared, letter, landing, ticket, "ticket", trace, receipt_id)
    if not refusal:
        acknowledgements.queue(batch, letter, ticket)
    return taken


def _with_message(
    batch: Batch,
    prepared: Prepared,
    letter: Letter,
    landing: Landing,
    ticket: TicketState,
    verdict: str,
    trace: list[str],
    receipt_id: int | None,
) -> Taken:
    joining.join_orphans(batch, letter, ticket, trace)
    blob_id = blobs.insert(prepared.packed)
    taken = write_receipt(batch, prepared, Verdict(verdict, ticket), trace, receipt_id, blob_id)
    message_id = filing.write_message(batch, prepared, letter, landing, ticket, taken.receipt_id, blob_id)
    if landing.kind == "reply":
        trace.append(acknowledgements.pass_on(batch, prepared, letter, ticket, message_id))
        db.execute_sql(
            "UPDATE receipt SET trace = ? WHERE id = ?",
            (json.dumps(trace, ensure_ascii=False), taken.receipt_id),
        )
    if landing.await_parents:
        filing.await_parents(batch, letter, message_id)
    return taken


def _bounce(
    batch: Batch, prepared: Prepared, letter: Letter, trace: list[str], receipt_id: int | None
) -> Taken:
    ticket = bounces.find_bounced(batch, letter, trace)
    if ticket is None:
        return write_receipt(batch, prepared, Verdict("bounce", reason=trace[-1]), trace, receipt_id)
    landing = Landing(ticket)
    filing.touch_ticket(batch, prepared, letter, landing, ticket, trace)
    bounces.wake(batch, ticket)
    return _with_message(batch, prepared, letter, landing, ticket, "bounce", trace, receipt_id)


def _duplicate(
    batch: Batch, prepared: Prepared, original: KnownReceipt, trace: list[str], receipt_id: int | None
) -> Taken:
    """The same mail through another door or mailbox: its ticket concerns that mailbox's department too."""
    reason = f"the same mail as receipt {original.id}"
    trace.append(reason)
    ticket = batch.ticket(original.ticket_id) if original.ticket_id is not None else None
    mailbox = batch.standing.mailboxes.get(prepared.arrival.mailbox_id or 0)
    if ticket is not None and mailbox is not None:
        department_id = department_of(batch.standing, mailbox)
        if filing.refer(batch, ticket.id, department_id):
            name = batch.standing.departments[department_id].name
            trace.append(f"ticket {ticket.number} is referred to {name}, whose mailbox it reached too")
    verdict = Verdict("duplicate", ticket, reason, original.id)
    return write_receipt(batch, prepared, verdict, trace, receipt_id)


def _own_mail(batch: Batch, letter: Letter) -> str:
    """Why this mail is one that this desk sent itself; '' when it is not."""
    if letter.own_desk_id is not None and letter.own_desk_id == batch.standing.desk_id:
        return "own loop: it carries this desk's own mark"
    if letter.message_id and signed_ids.ours(letter.message_id, batch.standing.message_secret) is not None:
        return f"own loop: this desk gave it its Message-ID {letter.message_id}"
    return ""


def _note_same_id(batch: Batch, letter: Letter, trace: list[str]) -> None:
    known = batch.known.messages.get(letter.message_id, ()) if letter.message_id is not None else ()
    if known:
        ticket = batch.ticket(known[0].ticket_id)
        number = ticket.number if ticket is not None else "?"
        trace.append(f"another mail, in ticket {number}, has the same Message-ID: both are kept")


def _is_too_old(batch: Batch, prepared: Prepared, letter: Letter, landing: Landing) -> bool:
    """Whether a person answers into a ticket that stays closed by its department's rule."""
    return (
        landing.ticket is not None
        and landing.kind == "customer"
        and not landing.unverified
        and filing.is_person(letter)
        and not prepared.arrival.archive
        and keeps_closed(batch, landing.ticket)
    )


def _no_acknowledgement(batch: Batch, prepared: Prepared, letter: Letter, landing: Landing) -> str:
    if landing.kind != "customer":
        return "no acknowledgement: an agent wrote it"
    if not letter.machine.acknowledge:
        return f"no acknowledgement: {letter.machine.reason}"
    return "no acknowledgement: only a new ticket gets one"


def _place(error: Exception) -> str:
    """Where in our code a fault arose: nothing of the mail is in it."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
