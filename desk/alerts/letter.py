"""What a mail to an agent says: what happened, and below it in a block the ticket and what was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

TEXTS: Final = ("about_ticket", "wrote", "answers_are_notes", "answers_to_customer", "answers_to_agents")
"""The texts that a mail is made of, beside the one that says what happened."""
_LONGEST_TEXT: Final = 4_000


class Words(Protocol):
    """Renders a text with the facts in it; ``block``: for where Markdown leaves it alone."""

    def __call__(self, name: str, *, block: bool = False) -> str:
        """Return the text of that name."""


def letter(
    words: Words, what: str, answers: str, written: str | None, in_place_of: Sequence[str] = ()
) -> str:
    """Return the mail's Markdown; what strangers wrote stands in a block that it leaves alone.

    ``what`` names the text that says what happened, ``answers`` the one that says what an answer does;
    ``written`` is None where nobody wrote anything.
    """
    said = words("about_ticket", block=True).strip("\n").split("\n")
    if written is not None:
        said += ["", *words("wrote", block=True).strip("\n").split("\n"), ""]
        said += _cut(written).strip("\n").split("\n")
    block = [f"    {line}".rstrip() for line in said]
    return "\n".join([words(what), *in_place_of, "", *block, "", words(answers)])


def what_answers_do(*, signed: bool, to_customer: bool) -> str:
    """Name the text that says what becomes of an agent's answer to such a mail."""
    if not signed:
        return "answers_are_notes"
    return "answers_to_customer" if to_customer else "answers_to_agents"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}\n[...]"
