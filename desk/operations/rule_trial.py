"""What if the desk were as a file of rules says: its stored mail is asked again, and nothing is written.

The file is taken in and undone at once; what it makes of the rules stays in memory, and both desks are asked
of each mail: the bans and filters, the way to a department, the SLA, and the text that acknowledges it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from config.records import Record
from desk.errors import DeskError
from desk.filters.bans import matcher
from desk.filters.decision import Decision, ReadFilter, decide, ready
from desk.filters.facts import MailFacts, asked_of
from desk.intake.arrivals import Arrival
from desk.intake.filtering import redirected
from desk.intake.routing import route_of
from desk.intake.trial import facts_of, taken_since
from desk.operations import rule_file
from desk.permissions import Actor, require
from desk.rules import DeskRules, read_rules
from desk.slas.calendar import moment_of, time_of
from desk.slas.clocks import runs_out
from desk.slas.plans import Plan, plan_of
from desk.templates.texts import Places, chosen_of, desk_language
from mail.mime.headers import TooComplex
from models import blobs, filters, slas, templates
from models.fields import utc_text, utc_time
from models.tickets import PRIORITIES
from models.transactions import transaction, undone

if TYPE_CHECKING:
    from desk.home import Desk
    from models.filters import Trigger
    from models.templates import StoredTemplate

_ACKNOWLEDGEMENT: Final = "acknowledgement"


class Treatment(Record):
    """How a desk treats a mail. What is None or empty is said by filters alone, or left as it is."""

    decision: Decision
    banned: str = ""
    department: str | None = None
    topic: str | None = None
    sla: str | None = None
    priority: str | None = None
    first_answer_due: datetime | None = None
    """When a clock of the SLA runs out that began with the mail."""
    texts: Mapping[str, str] = {}
    """What acknowledges it, by language; only languages for which the desk or the file has texts."""

    @property
    def outcome(self) -> tuple[object, ...]:
        """All of it, for comparing."""
        where = (self.department, self.topic, self.sla, self.priority, self.first_answer_due)
        return self.decision.outcome, self.banned, where, tuple(sorted(self.texts.items()))


class Difference(Record):
    """A mail that would be treated otherwise."""

    receipt_id: int
    ticket: str | None
    subject: str
    before: Treatment
    after: Treatment


class _Side(Record):
    """A desk's rules, read at once: as they are, or as they would be."""

    rules: DeskRules
    filters: tuple[ReadFilter, ...]
    asked: frozenset[str]
    banned: Callable[[str], str]
    slas: Mapping[int, tuple[str, Plan]]
    texts: Sequence[StoredTemplate]
    language: str


class RuleTrial:
    """A file of rules on trial. ``asked`` counts the mails looked at, ``steps`` are what it would do."""

    def __init__(self, desk: Desk, actor: Actor, tables: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Read both sides. Raises what taking the file in raises."""
        require(actor, "settings.edit")
        self._desk = desk
        self.asked = 0
        self._before = _side(desk)
        with transaction(), undone():
            self.steps = rule_file.take_in(desk, actor, tables)
            self._after = _side(desk)
        both = (*self._before.texts, *self._after.texts)
        self._languages = sorted({each.language for each in both if each.name == _ACKNOWLEDGEMENT})

    def differences(self, since: datetime) -> Iterator[Difference]:
        """Yield what would be treated otherwise, oldest mail first."""
        asked = self._before.asked | self._after.asked
        for taken in taken_since(utc_text(since)):
            trigger: Trigger = "reply" if taken.verdict == "reply" else "new"
            answered = taken.number if trigger == "reply" else None
            try:
                arrival = Arrival(blobs.read(taken.blob_id), taken.door, taken.mailbox_id)
                facts = facts_of(arrival, self._before.rules, self._desk, asked, answered)
            except (TooComplex, blobs.BlobDamaged):
                continue
            self.asked += 1
            came = utc_time(taken.received)
            before, after = (
                self._treated(side, trigger, facts, arrival, came) for side in (self._before, self._after)
            )
            if before.outcome != after.outcome:
                yield Difference(taken.receipt_id, taken.number, taken.subject, before, after)

    def _treated(
        self, side: _Side, trigger: Trigger, facts: MailFacts, arrival: Arrival, came: datetime
    ) -> Treatment:
        banned = side.banned(facts.sender) if facts.sender else ""
        if banned:
            return Treatment(Decision(), banned)
        decision = decide(side.filters, trigger, facts)
        if decision.rejected_by or trigger == "reply":
            return Treatment(decision)
        addresses = [address for _, address in facts.recipients]
        route = redirected(side.rules, decision, route_of(side.rules, arrival, addresses, _unsaid))
        named = next((key for key, (name, _) in side.slas.items() if name == decision.sla), None)
        sla_id = named or side.rules.sla_of(route.department_id, route.topic)
        name, plan = side.slas.get(sla_id or 0, (None, None))
        due = None if plan is None else runs_out(plan.calendar, moment_of(came), plan.first)
        topic_id = 0 if route.topic is None else route.topic.id
        places = Places(route.mailbox_id or 0, topic_id, route.department_id)
        return Treatment(
            decision,
            "",
            side.rules.departments[route.department_id].name,
            None if route.topic is None else route.topic.name,
            name,
            PRIORITIES[route.priority],
            None if due is None else time_of(due),
            {} if decision.canned or not decision.autoresponse else self._texts(side, places),
        )

    def _texts(self, side: _Side, places: Places) -> dict[str, str]:
        own = [each for each in side.texts if each.name == _ACKNOWLEDGEMENT]
        return {
            language: chosen_of(own, _ACKNOWLEDGEMENT, language, side.language, places)[0]
            for language in self._languages
        }


def _side(desk: Desk) -> _Side:
    stored = filters.every()
    asked: frozenset[str] = frozenset()
    for each in stored:
        if each.active and each.runs_on in ("new", "reply"):
            try:
                asked |= asked_of(each.condition)
            except DeskError:
                continue  # it is left out where filters run, too
    plans = {each.id: (each.name, plan_of(each)) for each in slas.every()}
    patterns = [each.pattern for each in filters.bans()]
    return _Side(
        read_rules(desk), ready(stored), asked, matcher(patterns), plans, templates.every(), desk_language()
    )


def _unsaid(_line: str) -> None:
    """Leave out why a mail goes where it goes: only where counts here."""
