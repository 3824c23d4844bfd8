"""Merging: two tickets that are one matter become one, and apart again what was put together by mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.clock import now
from desk.errors import Refused
from desk.permissions import Actor
from desk.tickets import lifecycle, threads
from desk.tickets.changes import find, find_whole
from desk.tickets.reading import require_for
from mail.mime.headers import Headers, headers_begin, parse_headers
from models import blobs, deliveries, messages
from models.events import RecordedEvent
from models.tickets import TicketState, merged_into, read
from models.transactions import transaction


def merge(actor: Actor, numbers: Sequence[str], into: str) -> list[str]:
    """Merge tickets into another one, all or none; returns the numbers of those that were merged.

    Mail to any of the numbers goes there from then on. Raises NotFound, NotAllowed, and Refused for a ticket
    that is merged already or that would be merged into itself.
    """
    merged, batch = [], lifecycle.new_batch()
    with transaction():
        target = find_whole(into, actor)
        require_for(actor, "ticket.edit", target)
        for number in dict.fromkeys(numbers):
            source = find_whole(number, actor)
            require_for(actor, "ticket.edit", source)
            if source.id == target.id:
                raise Refused(f"#{source.number} cannot be merged into itself", "name two tickets")
            threads.put_by_hand(mail.id for mail in messages.mails(source.id))
            lifecycle.merged(source.id, target.id, now(), actor, batch)
            merged.append(source.number)
    return merged


def unmerge(actor: Actor, number: str, *, by_undo: bool = False) -> str:
    """Take a ticket out again of the one it was merged into; returns that one's number.

    It gets back what was its own, and what came since and answers its mail or names its number. Undo takes it
    back, unless it is undo that does it. Raises NotFound, NotAllowed, and Refused for a ticket that is not
    merged.
    """
    with transaction():
        source = find(number, actor)
        target = None if source.merged_into_id is None else read(source.merged_into_id)
        event = lifecycle.merging_of(source.id)
        if target is None:
            here = taken_in(actor, source.number)
            hint = (
                f"nightdesk ticket unmerge {here[-1]}" if here else f"nightdesk ticket show {source.number}"
            )
            raise Refused(f"#{source.number} is not merged", hint)
        if event is None:
            raise Refused(
                f"what #{source.number} had is not known any more: texts were erased since",
                f"split off its messages: nightdesk ticket split {target.number} --messages ID",
            )
        if target.merged_into_id is not None:
            raise Refused(
                f"#{target.number}, where it is, was merged itself",
                f"nightdesk ticket unmerge {target.number}",
            )
        require_for(actor, "ticket.edit", target)
        later = _belonging(source, target.id, event)
        lifecycle.unmerged(event, later, actor, now(), "" if by_undo else lifecycle.new_batch())
        threads.put_by_hand(mail.id for mail in messages.mails(source.id))
    return target.number


def unmerge_all(actor: Actor, numbers: Sequence[str]) -> list[str]:
    """Take tickets out again of those they were merged into, all or none; returns their numbers.

    Raises as `unmerge` does.
    """
    with transaction(), lifecycle.at_once():
        taken_out = list(dict.fromkeys(find(number, actor).number for number in numbers))
        for number in taken_out:
            unmerge(actor, number)
    return taken_out


def taken_in(actor: Actor, number: str) -> list[str]:
    """Return the numbers of the tickets that were merged into one, the oldest first; [] for a merged one."""
    ticket = find(number, actor)
    if ticket.merged_into_id is not None:
        return []
    inside = map(read, sorted(merged_into([ticket.id])))
    return [each.number for each in inside if each is not None]


def _belonging(source: TicketState, target: int, event: RecordedEvent) -> list[int]:
    """Return the messages that came into the target since and belong to the source, by what they answer.

    What the target had, or another ticket that was merged into it, came with that, whatever it answers.
    """
    given = event.detail["given"]
    names = _names(given["message"]) | {name.lower() for name in deliveries.message_ids(given["delivery"])}
    mark = f"[#{source.number}]"
    others = set(event.detail.get("there", ())) | _brought_by_others(source.id, target)
    found: list[int] = []
    for message_id in messages.later_than(target, given["message"]):
        blob_id = None if message_id in others else messages.raw_of(message_id)
        head = None if blob_id is None else _head(blob_id)
        if head is None:
            continue
        answered = _answered(head)
        marked = mark in " ".join(head.decoded("subject"))
        if (answered in names) if answered else marked:
            found.append(message_id)
            names |= _names([message_id])
    return found


def _brought_by_others(source: int, target: int) -> set[int]:
    """Return the messages of the other tickets that were merged into the target."""
    mergings = (lifecycle.merging_of(each) for each in merged_into([target]) if each != source)
    return {row for each in mergings if each is not None for row in each.detail["given"]["message"]}


def _names(message_ids: Iterable[int]) -> set[str]:
    """Return the Message-IDs of messages, as they are compared."""
    return {name.lower() for name in messages.message_ids(message_ids)}


def _head(blob_id: int) -> Headers:
    raw = blobs.read(blob_id)
    return parse_headers(raw, headers_begin(raw), len(raw), [])[0]


def _answered(head: Headers) -> str:
    """Return the Message-ID that a mail answers, as it is compared; '' for none."""
    words = " ".join([*head.decoded("in-reply-to"), *reversed(head.decoded("references"))]).split()
    return next((word.lower() for word in words if word.startswith("<") and word.endswith(">")), "")
