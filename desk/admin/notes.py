"""A note of a ticket as a form, to be edited."""

from __future__ import annotations

from desk.admin.table import Acts, Field, Noun, Record, Values
from desk.errors import Refused
from desk.home import Desk
from desk.permissions import Actor
from desk.replies import reply
from desk.tickets import detail


def note_form(number: str, message_id: int, text: str) -> tuple[Noun, Record]:
    """Return the form of a note, and what it says now."""
    key = f"{message_id} of #{number}"

    def read(_desk: Desk, reader: Actor) -> list[Record]:
        there = detail.show(number, reader).messages
        return [Record(key, {"text": each.text}) for each in there if each.id == message_id]

    def edit(_desk: Desk, actor: Actor, _key: str, given: Values) -> None:
        reply.edit_note(actor, number, message_id, str(given["text"]))

    fields = (Field("text", "Note", "What it is to say; what it said is kept.", "lines"),)
    return (
        Noun(
            *("note", "Note", "ticket.note", "An internal note; it is never sent.", fields),
            Acts(read, _never, edit),
            logged=False,
        ),
        Record(key, {"text": text}),
    )


def _never(_desk: Desk, _actor: Actor, _values: Values) -> str:
    raise Refused("a note is added in its ticket", "nightdesk ticket note NUMBER --body-file FILE")
