"""An answer made of a canned one, as it is sent without an editor."""

from __future__ import annotations

from desk import canned_answers
from desk.errors import Refused
from desk.permissions import Actor
from desk.tickets import detail


def answer_text(actor: Actor, number: str, name: str, written: str) -> str:
    """Return a canned answer for a ticket, with what was written where it leaves a place, else below it.

    Raises Refused when a place stays open: nobody is there to fill it.
    """
    filled = canned_answers.fill(name, actor, detail.show(number, actor))
    text, places = filled.text, filled.places
    if written and places:
        text, places = text.replace(f"[[{places[0]}]]", written.strip("\n")), places[1:]
    elif written:
        text = f"{text.rstrip()}\n\n{written}"
    if places:
        raise Refused(
            f"the canned answer '{name}' leaves a place for '{places[0]}'",
            "give --body-file with what goes there" if not written else "answer in the app",
        )
    return text
