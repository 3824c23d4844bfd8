"""What agents are mailed of stored mail, and as whom, as a desk's rules say: for comparing two desks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from config.records import Record
from desk import settings
from desk.alerts import recipients
from desk.alerts.letter import TEXTS, letter, what_answers_do
from desk.staff.preferences import mail_language
from desk.templates.language import known
from desk.templates.texts import OwnTexts, Places, text
from models import agents, notifications

if TYPE_CHECKING:
    from mail.mime.address import Address
    from models.notices import NoticeKind
    from models.templates import Scope

EVENTS: Final[tuple[NoticeKind, ...]] = ("new_ticket", "customer_wrote", "assigned")
"""What a mail that comes in may have agents told of."""
_NARROWEST_FIRST: Final[tuple[Scope, ...]] = ("mailbox", "topic", "department")


class Told(Record):
    """A mail of which agents are told: of what, and what the texts may name. ``ticket``: its facts."""

    events: Sequence[NoticeKind]
    places: Places
    ticket: Mapping[str, Any]
    author: Address
    owner: str


class AlertLetters:
    """Whom a desk tells of mail, and in which words, read at once: as it is, or as it would be.

    Queues tell beside that: of what a ticket is by then, which no mail says.
    """

    def __init__(self, texts: OwnTexts) -> None:
        """Read whom it tells; ``texts``: all that it wrote itself."""
        names = {*TEXTS, *EVENTS}
        self._texts = texts._replace(stored=[each for each in texts.stored if each.name in names])
        self._usual = {event: str(settings.get(f"notify.{event}")) for event in EVENTS}
        self._of_parts: dict[tuple[str, str, int], str] = {
            (each.event, each.scope, each.scope_id): each.whom
            for each in notifications.every()
            if each.event in EVENTS and each.scope != "queue"
        }
        self.elsewhere = frozenset(
            each for each in recipients.lines() if each.event not in EVENTS or each.part.startswith("queue ")
        )
        """Who is told of what no mail that comes in says: other events, and what queues have by then."""
        self._signed = bool(settings.get("mail.signed_addresses"))
        self._languages = sorted(
            {
                known(mail_language(each.preferences)) or texts.language
                for each in agents.every()
                if each.active and each.email
            }
        )
        self._sources: dict[tuple[NoticeKind, Places], tuple[object, ...]] = {}

    @property
    def names(self) -> set[str]:
        """The texts that are compared."""
        return {*TEXTS, *EVENTS}

    @cached_property
    def _deciding(self) -> tuple[object, ...]:
        return *self._texts[:2], self._usual, self._of_parts, self._signed, self._languages

    def writes_like(self, other: AlertLetters) -> bool:
        """Whether both tell the same people in the same words, wherever the rules are the same."""
        return self is other or self._deciding == other._deciding

    def tells_like(self, told: Told | None, other: AlertLetters, there: Told | None) -> bool:
        """Whether agents are told of a mail alike, but for what is said of its ticket anyway."""
        if told is None or there is None:
            return told is there
        alike = (self._mailed(told), told.places) == (other._mailed(there), there.places)
        if alike and self.writes_like(other):
            return True
        return self._at(told) == other._at(there)

    def whom(self, told: Told | None) -> str:
        """Return whom agents' mail goes to, in the words of the settings, for each event."""
        if told is None:
            return ""
        found = [(event, self._whom(event, told.places)) for event in self._mailed(told)]
        return "; ".join(f"{event}: {whom}" for event, whom in found if whom)

    def written(self, told: Told | None, said: str) -> str:
        """Return what agents read of it, in each of their languages; '' where nobody is told.

        ``said``: what its author wrote, without what that quotes.
        """
        if told is None:
            return ""
        letters = [
            self._letter(event, language, told, said)
            for event in self._mailed(told)
            if self._whom(event, told.places)
            for language in self._languages
        ]
        return "\n\n".join(dict.fromkeys(letters))

    def _mailed(self, told: Told) -> Sequence[NoticeKind]:
        """Return what they are mailed of: who is told by name of a ticket they are given reads it once."""
        if "assigned" not in told.events:
            return told.events
        as_new = self._whom("new_ticket", told.places).split(", ")
        once = {"assignee", f"agent:{told.owner}"} & {*as_new}
        only = self._whom("assigned", told.places) == "assignee"
        return [event for event in told.events if not (event == "assigned" and once and only)]

    def _at(self, told: Told) -> tuple[object, ...]:
        """Return whom it tells, and all it writes about that, as it is written."""
        found: list[object] = []
        for event in self._mailed(told):
            key = (event, told.places)
            if key not in self._sources:
                names = (event, *TEXTS[:2], self._answers(event)) if self._whom(*key) else ()
                self._sources[key] = (
                    self._whom(*key),
                    *(
                        self._texts.chosen(name, language, told.places)[0]
                        for language in self._languages
                        for name in names
                    ),
                )
            found.append((event, self._sources[key]))
        return tuple(found)

    def _whom(self, event: NoticeKind, places: Places) -> str:
        for scope in _NARROWEST_FIRST:
            for place in self._texts.above(scope, places.of(scope)):
                if (event, scope, place) in self._of_parts:
                    return self._of_parts[event, scope, place]
        return self._usual[event]

    def _answers(self, event: NoticeKind) -> str:
        return what_answers_do(signed=self._signed, to_customer=event != "assigned")

    def _letter(self, event: NoticeKind, language: str, told: Told, said: str) -> str:
        author = told.author
        name = author.name or author.email
        facts: dict[str, Mapping[str, Any]] = {
            "ticket": told.ticket,
            "requester": {"name": name, "email": author.email},
            "owner": {"name": told.owner, "login": told.owner},
            "message": {"sender": name, "email": author.email, "subject": "", "text": "", "at": ""},
            "fields": {},
        }

        def words(name: str, *, block: bool = False) -> str:
            return text(name, language, told.places, facts, block=block, texts=self._texts).rstrip("\n")

        return letter(words, event, self._answers(event), None if event == "assigned" else said)
