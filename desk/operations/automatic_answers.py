"""What answers stored mail by itself, as a desk's texts and canned answers say: for comparing two desks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from config.expressions import expression
from config.properties import kept_property
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
    from models.contacts import StoredContact
    from models.receipts import TakenMail
    from models.templates import Scope, StoredTemplate

_ACKNOWLEDGEMENT: Final = "acknowledgement"
_WORD: Final = expression(r"\w+")
_LATELY: Final = 2_000
"""So many people are known at once."""
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


class People:
    """Contacts by their address, as they are now: of those who wrote lately nobody is asked for again."""

    def __init__(self) -> None:
        self.contact = lru_cache(_LATELY)(_contact)
        """The contact of an address, or None."""
        self.fields = lru_cache(_LATELY)(partial(own_facts, 0))
        """What stands in fields of the desk's own of a contact, by its id; 0 for nobody's."""

    def __reduce__(self) -> tuple[object, ...]:
        """Let another process ask for itself."""
        return People, ()


class MailRead:
    """A stored mail, of which both desks need the same: it is read once, and only as far as they do."""

    def __init__(self, looked: Looked, taken: TakenMail, people: People, *, speaks_alike: bool) -> None:
        """Read nothing yet. ``speaks_alike``: whether both desks take the same lines for their own."""
        self.looked, self.taken, self.people = looked, taken, people
        self._speaks_alike = speaks_alike
        self._languages: dict[str, str] = {}

    def kept(self, *, starts: bool) -> str | None:
        """Return what its author wrote, as its message keeps it; None where that is to be read anew.

        ``starts``: as it is kept of a mail that starts a ticket, of which only the desk's own words are
        folded; else as of an answer.
        """
        kept = self.looked.kept
        if kept is None or self.taken.verdict != ("ticket" if starts else "reply"):
            return None
        return without(kept.text, kept.folds) if self._speaks_alike or not starts else None

    @kept_property
    def may_be_acknowledged(self) -> bool:
        """Whether a person wrote it."""
        kept = self.looked.kept
        return automated.may_acknowledge(
            self.looked.head, lambda: self.looked.parsed, None if kept is None else kept.text
        )

    @kept_property
    def _lowered(self) -> str:
        return self.looked.text.lower()

    def may_quote(self, names: Iterable[Iterable[str]]) -> bool:
        """Whether there is an address in its text, or all words of one of these names."""
        text = self._lowered
        return "@" in text or any(all(word in text for word in name) for name in names)

    def language_of(self, said: str) -> str:
        """Return the language of what its author wrote."""
        if said not in self._languages:
            header = self.looked.head.header("Content-Language") or ""
            self._languages[said] = language_of(said, header)
        return self._languages[said]


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
        whole = everything._replace(above=partial(_line, parents))
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
        self._sources: dict[Places, Mapping[str, str]] = {}

    def speaks_like(self, other: AutomaticAnswers) -> bool:
        """Whether both take the same lines of a mail for what they wrote themselves."""
        return self is other or (self._names, self._rules.own) == (other._names, other._rules.own)

    def writes_like(self, other: AutomaticAnswers) -> bool:
        """Whether both write the same wherever the rules are the same."""
        return self is other or self._deciding == other._deciding

    @cached_property
    def _deciding(self) -> tuple[object, ...]:
        return self._texts[:2], self._canned, self._by_customer, self._parents

    def answers_like(
        self,
        occasion: Occasion | None,
        mail: MailRead,
        other: AutomaticAnswers,
        there: Occasion | None,
        again: MailRead,
    ) -> bool:
        """Whether a mail is surely answered alike by both.

        ``again``: the mail as the other desk reads it. Its language is asked for where texts differ in one.
        """
        if occasion is None or there is None:
            return occasion is there
        if (occasion.author, occasion.ticket) != (there.author, there.ticket):
            return False
        speaks_alike = self.speaks_like(other)
        same_texts = self.writes_like(other) and occasion.places == there.places
        if same_texts and speaks_alike and occasion.canned == there.canned:
            return True
        if occasion.canned or there.canned or occasion.places is None or there.places is None:
            return False
        if self._writes_itself(occasion.author) != other._writes_itself(there.author):
            return False
        texts, others = self._sources_at(occasion.places), other._sources_at(there.places)
        same_choice = (self._by_customer, self._texts.language) == (other._by_customer, other._texts.language)
        if texts == others and same_choice and speaks_alike:
            return True
        language, wanted = self._language(occasion.author, mail), other._language(there.author, again)
        return language == wanted and texts[language] == others[wanted]

    def _sources_at(self, places: Places) -> Mapping[str, str]:
        """Return the acknowledgement in each language, as it is written there."""
        if places not in self._sources:
            found = {each: self._texts.chosen(_ACKNOWLEDGEMENT, each, places)[0] for each in LANGUAGES}
            self._sources[places] = found
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
        contact = mail.people.contact(author.email)
        fields = mail.people.fields(0 if contact is None else contact.id)
        came = utc_time(taken.received)
        about = {**occasion.ticket, "created": taken.received[:10]}
        if occasion.canned:
            said = self._said(mail, starts=occasion.places is not None)
            facts = acknowledgement_facts.facts(about, author, fields, said, subject, came)
            filled = self._filled(occasion.canned, facts, f"{came:%Y-%m-%d %H:%M}")
            if filled:
                return filled
        if occasion.places is None:
            return ""
        chosen = self._language(occasion.author, mail)
        local = came.astimezone(self._desk.zone)
        facts = acknowledgement_facts.facts(about, author, fields, mail.looked.text, subject, local)
        letter = mail_text(_ACKNOWLEDGEMENT, chosen, occasion.places, facts, self._texts)
        return f"Subject: {letter.subject}\n\n{letter.text}" if letter.subject else letter.text

    def told_to_agents(self, told: Told | None, mail: MailRead) -> str:
        """Return what agents are mailed of a mail; '' where they are not."""
        if told is None or not self.letters.whom(told):
            return ""
        if any(f"no acknowledgement: {why}" in mail.taken.trace for why in _OLD):
            return ""
        starts = told.events[0] != "customer_wrote"
        if not starts and not mail.may_be_acknowledged:
            return ""
        return self.letters.written(told, self._said(mail, starts=starts))

    def _language(self, author: Author, mail: MailRead) -> str:
        """Return in which language the author of a mail is written to."""
        if not self._by_customer:
            return self._texts.language
        contact = mail.people.contact(author.address.email)
        chosen = known("" if contact is None else contact.language)
        return chosen or mail.language_of(self._said(mail, starts=True)) or self._texts.language

    def _said(self, mail: MailRead, *, starts: bool) -> str:
        """Return what its author wrote: without what this desk did where it starts a ticket, else new text.

        Nothing is looked for in a text that names neither this desk nor an address.
        """
        kept = mail.kept(starts=starts)
        if kept is not None:
            return kept
        if starts and not mail.may_quote(self._names):
            return mail.looked.text
        text, pieces = mail.looked.parsed.text[:MAX_TEXT], mail.looked.parsed.pieces
        folded = own_folds(text, pieces, self._rules.speaks_as_desk) if starts else folds(text, pieces)
        return without(text, folded)

    def _writes_itself(self, author: Author) -> bool:
        """Whether an answer to somebody comes back to this desk."""
        return any(self._rules.own.is_own(each.email) for each in author.answered_at)

    def _may_be_answered(self, author: Author, mail: MailRead) -> bool:
        if not author.answered_at or self._writes_itself(author):
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


def _contact(email: str) -> StoredContact | None:
    people = contacts.by_email([email])
    return contacts.read(people[0].id) if people else None


def _line(parents_of: Mapping[str, Mapping[int, int | None]], scope: Scope, place: int) -> Sequence[int]:
    """Return a place and those that it is a part of, the nearest first."""
    if scope not in ("department", "topic") or place <= 0:
        return (place,)
    parents = parents_of.get(scope, {})
    found: list[int] = []
    here: int | None = place
    while here is not None and here not in found:
        found.append(here)
        here = parents.get(here)
    return found
