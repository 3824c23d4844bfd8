"""The outbox: what waits to leave, what left, what did not; retry and cancel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from config.clock import now
from config.records import Record
from desk.errors import DeskError, NotAllowed, NotFound, Refused, WrongUse
from desk.permissions import THE_DESK, Actor, require
from desk.tickets.deliveries import DeliveryView, views
from desk.tickets.reading import may_read, require_for
from mail.inert import one_line
from mail.mime.address import one_address
from models import deliveries, mailboxes, tickets
from models.deliveries import STATES, DeliveryState, StoredDelivery
from models.fields import utc_text
from models.transactions import transaction

UNDONE_STATES: tuple[DeliveryState, ...] = ("queued", "sending", "deferred", "failed", "uncertain")


def entries(
    states: Collection[str] | str | None = None, limit: int = 200, reader: Actor = THE_DESK
) -> list[DeliveryView]:
    """Return recipients, the newest mail first: those in `states`, by default all that did not arrive.

    ``"all"`` is every state; `limit` 0 is no limit. Raises WrongUse for an unknown state.
    """
    wanted = _states(states)
    some = wanted if len(wanted) < len(STATES) else None
    return views(deliveries.lines(some, limit, reader.reach))


def get(delivery_id: int, reader: Actor = THE_DESK) -> list[DeliveryView]:
    """Return the recipients of one mail; raises NotFound."""
    found = views(deliveries.lines_of_mail(delivery_id, reader.reach))
    if not found:
        raise _missing(delivery_id)
    return found


def counts() -> dict[str, int]:
    """Return how many recipients are queued, sending, deferred, failed and uncertain."""
    counted = deliveries.counts()
    return {state: counted.get(state, 0) for state in UNDONE_STATES}


def answers_waiting() -> int:
    """Return how many mails to customers have not left; alerts to agents are not among them."""
    return deliveries.unsettled_answers()


class Changed(Record):
    """What became of several mails: the ids of those that changed, and why each of the others did not."""

    done: tuple[int, ...]
    refused: Mapping[int, DeskError]


def retry(actor: Actor, ids: Iterable[int], seen_waiting: Collection[int] = ()) -> Changed:
    """Try mails again now: their deferred, failed, uncertain and cancelled recipients; each by itself.

    `seen_waiting`: those that had not been given up when the actor looked; one that was since is not sent.
    Refused are an unknown id, mail of another department, and a mail that has nobody left to be tried, was
    taken back or is being sent at this moment; that is raised where one mail was asked for.
    """
    require(actor, "outbox.edit")

    def tried(delivery_id: int) -> None:
        _retryable(actor, delivery_id)
        if delivery_id in seen_waiting and deliveries.states(delivery_id) <= {"sent", "cancelled"}:
            raise _given_up(delivery_id)
        if not deliveries.retry(delivery_id, utc_text(now())):
            raise Refused(f"mail {delivery_id} was sent to everybody", "nothing is left to be tried")

    return _each(ids, tried)


def _each(ids: Iterable[int], change: Callable[[int], None]) -> Changed:
    done: list[int] = []
    refused: dict[int, DeskError] = {}
    for delivery_id in dict.fromkeys(ids):
        try:
            with transaction():
                change(delivery_id)
        except DeskError as error:
            refused[delivery_id] = error
        else:
            done.append(delivery_id)
    if not done and len(refused) == 1:
        raise refused.popitem()[1]
    return Changed(tuple(done), refused)


def _retryable(actor: Actor, delivery_id: int) -> None:
    delivery = _granted(actor, delivery_id)
    if delivery.kind == "reply" and delivery.message_ref_id is None:
        raise Refused(f"mail {delivery_id} was taken back: its answer is a draft again", "send it from there")


def _given_up(delivery_id: int) -> Refused:
    return Refused(f"mail {delivery_id} was given up meanwhile", f"nightdesk outbox retry {delivery_id}")


def correct(actor: Actor, delivery_id: int, wrong: str, right: str, *, seen_waiting: bool = False) -> str:
    """Correct the address of a recipient whom a mail did not reach, and send it there; returns the address.

    The mail stays as it was written, with the wrong address in its To; only where it goes is corrected.
    Nobody else gets it for that. `seen_waiting`: it had not been given up when the actor looked; if it was
    since, nothing is sent. Raises NotFound, NotAllowed, WrongUse for what is no address, and Refused when it
    cannot be sent again.
    """
    require(actor, "outbox.edit")
    address = one_address(right)
    if not address:
        raise WrongUse(f"'{one_line(right, 80)}' is no mail address", "write ana@example.org")
    with transaction():
        _retryable(actor, delivery_id)
        recipients = get(delivery_id)
        if any(view.to.lower() == address.lower() for view in recipients):
            raise Refused(f"this mail goes to {address} already", "R tries it again")
        if seen_waiting and any(view.to == wrong and view.state == "cancelled" for view in recipients):
            raise _given_up(delivery_id)
        if not deliveries.readdress(delivery_id, wrong, address, utc_text(now())):
            raise Refused(f"{one_line(wrong, 80)} was served, or is no recipient", "nothing was changed")
        deliveries.retry_address(delivery_id, address, utc_text(now()))
    return address


def cancel(actor: Actor, ids: Iterable[int]) -> Changed:
    """Give mails up: nobody who is not served yet will be, failures are taken note of; each by itself.

    Refuses and raises as `retry` does. The message stays in its ticket.
    """
    require(actor, "outbox.edit")

    def given_up(delivery_id: int) -> None:
        _granted(actor, delivery_id)
        if not deliveries.give_up(delivery_id, utc_text(now())):
            raise Refused(f"mail {delivery_id} left already, or was cancelled", "nightdesk outbox list")

    return _each(ids, given_up)


def _granted(actor: Actor, delivery_id: int) -> StoredDelivery:
    """Return a mail that the actor may change and that nobody is sending now."""
    delivery = deliveries.by_id(delivery_id)
    if delivery is None:
        raise _missing(delivery_id)
    ticket = None if delivery.ticket_id is None else tickets.read(delivery.ticket_id)
    if ticket is not None:
        try:
            require_for(actor, "outbox.edit", ticket)
        except NotAllowed:
            if not may_read(actor, ticket):
                raise _missing(delivery_id) from None
            raise
    elif delivery.mailbox_id is not None:
        require(actor, "outbox.edit", mailboxes.by_id(delivery.mailbox_id).department_id)
    if delivery.sender is not None:
        raise Refused(f"mail {delivery_id} is being sent at this moment", "look again in a minute")
    return delivery


def _missing(delivery_id: int) -> NotFound:
    return NotFound(f"there is no mail {delivery_id} in the outbox", "nightdesk outbox list")


def _states(states: Collection[str] | str | None) -> list[DeliveryState]:
    if states is None:
        return list(UNDONE_STATES)
    wanted = [states] if isinstance(states, str) else list(states)
    if "all" in wanted:
        return list(STATES)
    for state in wanted:
        if state not in STATES:
            raise WrongUse(f"there is no state '{state}' of a mail", f"use all, {', '.join(STATES)}")
    return [state for state in STATES if state in wanted]
