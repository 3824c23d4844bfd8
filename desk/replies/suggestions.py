"""What was solved before and is like a ticket, and canned answers that fit it; nothing is ever sent by this.

Likeness is words in common: a word counts the more the fewer messages have it, and one of very many counts
nothing. However many tickets there are, so many words are looked for and so many messages of each.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from config.expressions import expression
from desk.canned_answers import canned_answers
from desk.permissions import THE_DESK, Actor
from desk.tickets.changes import find
from desk.tickets.reading import may_read
from mail.mime.quotes.pieces import without
from models import departments, messages, similar, tickets

MOST = 5
_WORDS = 24
_READ = 4_000
_LOOKED_AT = 400
_SHORTEST = 4
_LEAST_SHARED = 2
_WORD = expression(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class SimilarTicket:
    """A solved ticket, and the words that made it similar, the rarest first."""

    number: str
    subject: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FittingAnswer:
    """A canned answer, and the words that it shares with the ticket, the rarest first."""

    name: str
    folder: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What may help with a ticket, the likeliest first."""

    tickets: tuple[SimilarTicket, ...]
    answers: tuple[FittingAnswer, ...]


def suggestions(number: str, reader: Actor = THE_DESK) -> Suggestions:
    """Return solved tickets that the reader may read and canned answers, each like a ticket. Blocks.

    Raises NotFound.
    """
    ticket = find(number, reader)
    found = {word: similar.with_word(word) for word in _words_of(ticket.id, ticket.subject)}
    weights = {word: math.log(similar.COMMON / (1 + len(ids))) for word, ids in found.items()}
    department = departments.by_id(ticket.department_id).name
    return Suggestions(_tickets(ticket.id, found, weights, reader), _answers(department, found, weights))


def _words_of(ticket_id: int, subject: str) -> list[str]:
    """Return the words of the subject, then the other ones of the first message, longest first."""
    first = messages.first_of(ticket_id)
    written = None if first is None else messages.text_of(first)
    text = "" if written is None else without(written.text, written.folds)[:_READ]
    in_subject = _long_words(subject)
    others = sorted(_long_words(text), key=lambda word: (-len(word), word))
    return list(dict.fromkeys([*in_subject, *others]))[:_WORDS]


def _long_words(text: str) -> list[str]:
    words = dict.fromkeys(_WORD.findall(text.lower()))
    return [word for word in words if _SHORTEST <= len(word) <= 40 or not word.isascii()]


def _tickets(
    own: int, found: Mapping[str, list[int]], weights: Mapping[str, float], reader: Actor
) -> tuple[SimilarTicket, ...]:
    shared: defaultdict[int, set[str]] = defaultdict(set)
    for word, ids in found.items():
        for message_id in ids:
            shared[message_id].add(word)

    def weight(words: set[str]) -> float:
        return sum(weights[word] for word in words)

    likeliest = sorted(shared, key=lambda each: (-weight(shared[each]), -each))[:_LOOKED_AT]
    words_of: defaultdict[tuple[int, str, str], set[str]] = defaultdict(set)
    for each in similar.solved(likeliest):
        if each.ticket_id != own:
            words_of[each.ticket_id, each.number, each.subject] |= shared[each.message_id]
    ordered = sorted(words_of, key=lambda key: (-weight(words_of[key]), -key[0]))
    like = [key for key in ordered if len(words_of[key]) >= _LEAST_SHARED and _is_readable(key[0], reader)]
    return tuple(SimilarTicket(key[1], key[2], _rarest_first(words_of[key], weights)) for key in like[:MOST])


def _answers(
    department: str, found: Mapping[str, list[int]], weights: Mapping[str, float]
) -> tuple[FittingAnswer, ...]:
    telling = {word for word, ids in found.items() if ids}
    fits = []
    for answer in canned_answers(department=department):
        shared = telling & set(_long_words(f"{answer.folder} {answer.name} {answer.body}"))
        if shared:
            fits.append((sum(weights[word] for word in shared), answer, shared))
    fits.sort(key=lambda each: (-each[0], each[1].name))
    return tuple(
        FittingAnswer(answer.name, answer.folder, _rarest_first(shared, weights))
        for _, answer, shared in fits[:MOST]
    )


def _rarest_first(words: set[str], weights: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-weights[word], word)))


def _is_readable(ticket_id: int, reader: Actor) -> bool:
    ticket = tickets.read(ticket_id)
    return ticket is not None and may_read(reader, ticket)
