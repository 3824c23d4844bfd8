"""What answers stored mail by itself, as a desk's texts and canned answers say: for comparing two desks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from config.records import Record
from desk import settings
from desk.errors import DeskError
from desk.intake import acknowledgement_facts
from desk.intake.arrivals import MAX_TEXT
from desk.operations.alert_letters import AlertLetters, Told
from desk.permissions import FILTER
from desk.templates.language import LANGUAGES, known, language_of
from desk.templates.rendering import render
from desk.templates.texts import Places, mail_text, own_texts, without_links
from desk.tickets.fields import facts as own_facts
from mail.mime import automated
from mail.mime.quotes.pieces import folds, own_folds, without
from models import canned_answers, contacts, departments, topics
from models.fields import utc_time

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.intake.trial import Looked
    from desk.rules import DeskRules
    from mail.mime.author import Author
    from mail.mime.quotes.pieces import Piece, Span
    from models.contacts import StoredContact
    from models.receipts import TakenMail
    from models.templates import Scope, StoredTemplate

_ACKNOWLEDGEMENT: Final = "acknowledgement"
_WORD: Final = expression(r"\w+")
UNKNOWN: Final = "?"
"""Stands for the number of a ticket that there is not."""
_OLD: Final = ("imported quietly", "filed as archive")
_FOR_OTHER_REASONS: Final = ("the mail is older than", *_OLD)
"""Why a mail was not acknowledged that no rule of the desk has to do with."""


class Occasion(Record):
    """A mail that the rules let the desk answer by itself.

    ``places`` are None for an answer to a ticket that is there: only a filter's canned answer answers it.
    """

    author: Author
    ticket: Mapping[str, Any]
    places: Places | None
    canned: str | None


class MailRead:
    """A stored mail, of which both desks need the same: it is read once, and only as far as they do."""

    def __init__(self, looked: Looked, taken: TakenMail, *, speaks_alike: bool) -> None:
        """Read nothing yet. ``speaks_alike``: whether both desks take the same lines for their own."""
        self.looked, self.taken = looked, taken
        self._speaks_alike = speaks_alike
        self._contacts: dict[str, StoredContact | None] = {}
        self._languages: dict[tuple[Span, ...], str] = {}
        self._fields: dict[int, Mapping[str, str]] = {}

    @cached_property
    def text(self) -> str:
        """What it says, as far as intake looks at it."""
        return self.looked.parsed.text[:MAX_TEXT]

    @cached_property
    def kept(self) -> str:
        """What its author wrote, as its message keeps it; '' where that is to be read anew."""
        kept = self.looked.kept if self._speaks_alike else None
        return "" if kept is None else without(kept.text, kept.folds)

    @cached_property
    def pieces(self) -> Sequence[Piece]:
        """What of its text is quoted, forwarded, signature or footer."""
        return self.looked.parsed.pieces

    @cached_property
    def may_be_acknowledged(self) -> bool:
        """Whether a person wrote it."""
        return automated.classify(self.looked.parsed).acknowledge

    @cached_property
    def _lowered(self) -> str:
        return self.text.lower()

    def may_quote(self, names: Iterable[Iterable[str]]) -> bool:
        """Whether there is an address in its text, or all words of one of these names."""
        text = self._lowered
        return "@" in text or any(all(word in text for word in name) for name in names)

    def fields(self, contact_id: int) -> Mapping[str, str]:
        """Return what stands in fields of the desk's own, as it is now."""
        if contact_id not in self._fields:
            self._fields[contact_id] = own_facts(0, contact_id)
        return self._fields[contact_id]

    def contact(self, email: str) -> StoredContact | None:
        """Return the contact of an address, as it is now."""
        if email not in self._contacts:
            people = contacts.by_email([email])
            self._contacts[email] = contacts.read(people[0].id) if people else None
        return self._contacts[email]

    def language_without(self, folded: tuple[Span, ...]) -> str:
        """Return the language of what its author wrote."""
        if folded not in self._languages:
            header = self.looked.head.header("Content-Language") or ""
            self._languages[folded] = language_of(without(self.text, folded), header)
        return self._languages[folded]


class AutomaticAnswers:
    """A desk's texts and canned answers, read at once: as they are, or as they would be."""

    def __init__(self, desk: Desk, rules: DeskRules) -> None:
        """Read them."""
        self._desk, self._rules = desk, rules
        everything = own_texts()
        self._all: Sequence[StoredTemplate] = everything.stored
        parents = {
            "department": {each.id: each.parent_id for each in departments.every()},
            "topic": {each.id: each.parent_id for each in topics.every()},
        }
        whole = everything._replace(above=lambda scope, place: _line(parents.get(scope, {}), scope, place))
        self._texts = whole._replace(
            stored=[each for each in everything.stored if each.name == _ACKNOWLEDGEMENT]
        )
        self.letters = AlertLetters(whole)
        """What agents are mailed of the same mail."""
        self._canned = {each.name.lower(): each.body for each in canned_answers.every()}
        self._by_customer = bool(settings.get("texts.by_customer"))
        self._parents = parents
        names = [each.name for each in rules.mailboxes.values()]
        names += [each.name for each in rules.departments.values()]
        self._names = frozenset(frozenset(_WORD.findall(name.lower())) for name in names)
        self._sources: dict[Places, tuple[str, ...]] = {}

    def speaks_like(self, other: AutomaticAnswers) -> bool:
        """Whether both take the same lines of a mail for what they wrote themselves."""
        return self is other or (self._names, self._rules.addresses) == (other._names, other._rules.addresses)

    def writes_like(self, other: AutomaticAnswers) -> bool:
        """Whether both write the same wherever the rules are the same."""
        return self is other or self._deciding == other._deciding

    @cached_property
    def _deciding(self) -> tuple[object, ...]:
        return self._texts[:2], self._canned, self._by_customer, self._parents

    def answers_like(
        self, occasion: Occasion | None, other: AutomaticAnswers, there: Occasion | None
    ) -> bool:
        """Whether a mail is surely answered alike by both, in whatever language."""
        if occasion is None or there is None:
            return occasion is there
        if occasion.ticket != there.ticket:
            return False
        if self.writes_like(other) and (occasion.places, occasion.canned) == (there.places, there.canned):
            return True
        if occasion.canned or there.canned or occasion.places is None or there.places is None:
            return False
        alike = self._by_customer == other._by_customer and self._texts.language == other._texts.language
        return alike and self._sources_at(occasion.places) == other._sources_at(there.places)

    def _sources_at(self, places: Places) -> tuple[str, ...]:
        """Return the acknowledgement in all languages, as it is written there."""
        if places not in self._sources:
            found = [self._texts.chosen(_ACKNOWLEDGEMENT, each, places)[0] for each in LANGUAGES]
            self._sources[places] = tuple(found)
        return self._sources[places]

    def others_than(self, other: AutomaticAnswers) -> list[str]:
        """Return the names of texts that differ and that no mail coming in has anybody read."""
        mine, theirs = (set(desk._all) for desk in (self, other))
        return sorted({each.name for each in mine ^ theirs} - {_ACKNOWLEDGEMENT} - self.letters.names)

    def written(self, occasion: Occasion | None, mail: MailRead) -> str:
        """Return what answers a mail; '' where nothing does."""
        if occasion is None or not self._may_be_answered(occasion.author, mail):
            return ""
        taken, subject, author = mail.taken, mail.looked.subject, occasion.author.address
        contact = mail.contact(author.email)
        fields = mail.fields(0 if contact is None else contact.id)
        came = utc_time(taken.received)
        about = {**occasion.ticket, "created": taken.received[:10]}
        if occasion.canned:
            folded = self._own_folds(mail) if occasion.places is not None else folds(mail.text, mail.pieces)
            facts = acknowledgement_facts.facts(
                about, author, fields, without(mail.text, folded), subject, came
            )
            filled = self._filled(occasion.canned, facts, f"{came:%Y-%m-%d %H:%M}")
            if filled:
                return filled
        if occasion.places is None:
            return ""
        chosen = self._language(mail, "" if contact is None else contact.language)
        local = came.astimezone(self._desk.zone)
        facts = acknowledgement_facts.facts(about, author, fields, mail.text, subject, local)
        said = mail_text(_ACKNOWLEDGEMENT, chosen, occasion.places, facts, self._texts)
        return f"Subject: {said.subject}\n\n{said.text}" if said.subject else said.text

    def told_to_agents(self, told: Told | None, mail: MailRead) -> str:
        """Return what agents are mailed of a mail; '' where they are not."""
        if told is None or any(f"no acknowledgement: {why}" in mail.taken.trace for why in _OLD):
            return ""
        if told.events[0] == "customer_wrote":
            if not mail.may_be_acknowledged:
                return ""
            return self.letters.written(told, mail.kept or without(mail.text, folds(mail.text, mail.pieces)))
        return self.letters.written(told, mail.kept or without(mail.text, self._own_folds(mail)))

    def _language(self, mail: MailRead, kept: str) -> str:
        if not self._by_customer:
            return ""
        return known(kept) or mail.language_without(self._own_folds(mail))

    def _own_folds(self, mail: MailRead) -> tuple[Span, ...]:
        """Return what of a mail's text this desk wrote; nothing where it names neither it nor an address."""
        if not mail.may_quote(self._names):
            return ()
        return own_folds(mail.text, mail.pieces, self._rules.speaks_as_desk)

    def _may_be_answered(self, author: Author, mail: MailRead) -> bool:
        if not author.answered_at or any(self._rules.own.is_own(each.email) for each in author.answered_at):
            return False
        if any(f"no acknowledgement: {why}" in mail.taken.trace for why in _FOR_OTHER_REASONS):
            return False
        return mail.may_be_acknowledged

    def _filled(self, name: str, facts: acknowledgement_facts.Facts, at: str) -> str:
        """Return a canned answer as it leaves by itself; '' where it cannot be filled or leaves a place."""
        body = self._canned.get(name.lower())
        if body is None:
            return ""
        said: dict[str, Mapping[str, Any]] = {
            **facts,
            "message": {**facts["message"], "at": at},
            "agent": {"name": FILTER.name, "login": FILTER.login, "email": FILTER.email},
            "owner": {"name": "", "login": ""},
        }
        safe = {
            group: {key: without_links(value) for key, value in values.items()}
            for group, values in said.items()
        }
        try:
            filled = render(body, safe, f"the canned answer '{name}'")
        except DeskError:
            return ""
        return "" if filled.places else filled.text


def _line(parents: Mapping[int, int | None], scope: Scope, place: int) -> Sequence[int]:
    """Return a place and those that it is a part of, the nearest first."""
    if scope not in ("department", "topic") or place <= 0:
        return (place,)
    found: list[int] = []
    here: int | None = place
    while here is not None and here not in found:
        found.append(here)
        here = parents.get(here)
    return found
