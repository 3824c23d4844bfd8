"""What if the desk's rules were others: its stored mail is asked again, and nothing is written.

The change (a file of rules, a form, a setting) is made and undone at once; what it makes of the rules stays
in memory, and both desks are asked of each mail: who asks, the bans and filters, the way to a department,
what its SLA promises, and what acknowledges it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from config.records import Record
from desk.errors import DeskError
from desk.filters.bans import matcher
from desk.filters.decision import Decision, Ready, decide, ready
from desk.filters.facts import asked_of
from desk.intake.arrivals import Arrival
from desk.intake.filtering import redirected
from desk.intake.routing import route_of
from desk.intake.trial import Looked, do_to_open, look, taken_since, trigger_of
from desk.operations import rule_file
from desk.permissions import Actor, require
from desk.rules import DeskRules, read_rules
from desk.slas.calendar import moment_of, time_of
from desk.slas.clocks import runs_out
from desk.slas.plans import Plan, plan_of
from desk.templates.texts import Places, chosen_of, desk_language
from mail.mime.headers import TooComplex
from models import blobs, filters, slas, templates, tickets
from models.fields import utc_text, utc_time
from models.tickets import PRIORITIES
from models.transactions import transaction, undone

if TYPE_CHECKING:
    from desk.home import Desk
    from models.filters import Trigger
    from models.receipts import TakenMail
    from models.templates import StoredTemplate

_ACKNOWLEDGEMENT: Final = "acknowledgement"


class Treatment(Record):
    """How a desk treats a mail. What is None or empty is said by filters alone, or left as it is."""

    decision: Decision
    banned: str = ""
    requester: str = ""
    department: str | None = None
    topic: str | None = None
    sla: str | None = None
    priority: str | None = None
    first_answer_due: datetime | None = None
    """When a clock of the SLA runs out that began with the mail."""
    next_answer_due: datetime | None = None
    """The same, of a mail in a ticket that was answered before."""
    resolve_due: datetime | None = None
    acknowledged_from: str | None = None
    """The address that acknowledges it where nothing else forbids that; None: the rules do."""
    answered_from: str | None = None
    texts: Mapping[str, str] = {}
    """What acknowledges it, by language; only languages for which the desk or the file has texts."""

    @property
    def outcome(self) -> tuple[object, ...]:
        """All of it, for comparing."""
        return self.decision.outcome, *self[1:-1], tuple(sorted(self.texts.items()))


class Difference(Record):
    """A mail that would be treated otherwise."""

    receipt_id: int
    ticket: str | None
    subject: str
    before: Treatment
    after: Treatment

    @property
    def to_do(self) -> Decision:
        """What makes a ticket that is there what it would have become."""
        found = self.after.decision.beyond(self.before.decision)
        for name in ("department", "topic", "sla", "priority"):
            would = getattr(self.after, name)
            setattr(found, name, would if would != getattr(self.before, name) else None)
        promised = ("first_answer_due", "next_answer_due", "resolve_due")
        if any(getattr(self.before, name) != getattr(self.after, name) for name in promised):
            found.sla = found.sla or self.after.sla
        return found


class _Side(Record):
    """A desk's rules, read at once: as they are, or as they would be."""

    rules: DeskRules
    filters: Ready
    asked: frozenset[str]
    banned: Callable[[str], str]
    slas: Mapping[int, tuple[str, Plan]]
    texts: Sequence[StoredTemplate]
    language: str

    @property
    def reading(self) -> tuple[object, ...]:
        """What of the rules decides what is read in a mail."""
        rules = self.rules
        return rules.form_senders, rules.addresses, rules.aliases, rules.believes_spam_headers

    @property
    def topics(self) -> tuple[object, ...]:
        """What of the rules decides about a mail's help topic."""
        return self.rules.mailboxes, self.rules.topics, self.rules.default_topic


class RuleTrial:
    """A change of the rules on trial. ``asked`` counts the mails looked at, ``made`` is what it returned."""

    def __init__(self, desk: Desk, actor: Actor, change: Callable[[], object]) -> None:
        """Read both sides. Raises what the change raises."""
        require(actor, "settings.edit")
        self._desk = desk
        self.asked = 0
        self._before = _side(desk)
        with transaction(), undone():
            self.made = change()
            self._after = _side(desk)
        both = (*self._before.texts, *self._after.texts)
        self._languages = sorted({each.language for each in both if each.name == _ACKNOWLEDGEMENT})
        self._reads_alike = self._before.reading == self._after.reading
        if "topic" in self._before.asked | self._after.asked:
            self._reads_alike = self._reads_alike and self._before.topics == self._after.topics
        self._promises_alike = self._before.slas == self._after.slas

    def differences(self, since: datetime) -> Iterator[Difference]:
        """Yield what would be treated otherwise, oldest mail first."""
        for taken in taken_since(utc_text(since)):
            trigger = trigger_of(taken)
            if trigger is None:
                continue
            try:
                arrival = Arrival(blobs.read(taken.blob_id), taken.door, taken.mailbox_id)
                looked = self._looked(self._before, arrival, taken, trigger)
                again = looked if self._reads_alike else self._looked(self._after, arrival, taken, trigger)
            except (TooComplex, blobs.BlobDamaged):
                continue
            self.asked += 1
            before = self._treated(self._before, trigger, looked, arrival, taken)
            after = self._treated(self._after, trigger, again, arrival, taken)
            if before.outcome != after.outcome:
                yield Difference(taken.receipt_id, taken.number, taken.subject, before, after)

    def _looked(self, side: _Side, arrival: Arrival, taken: TakenMail, trigger: Trigger) -> Looked:
        asked = self._before.asked | self._after.asked
        answered = taken.number if trigger == "reply" else None
        return look(arrival, side.rules, self._desk, asked, answered)

    def _treated(
        self, side: _Side, trigger: Trigger, looked: Looked, arrival: Arrival, taken: TakenMail
    ) -> Treatment:
        facts, requester = looked.facts, looked.author.address.email
        banned = next((pattern for each in looked.people if (pattern := side.banned(each))), "")
        if banned:
            return Treatment(Decision(), banned)
        decision = decide(side.filters, trigger, facts)
        if decision.rejected_by:
            return Treatment(decision, requester=requester)
        if decision.by_reply_to:
            own = side.rules.own.is_own
            others = [each.email for each in looked.reply_to if not own(each.email) and "@" in each.email]
            requester = next(iter(others), requester)
        came = utc_time(taken.received)
        if trigger == "reply":
            promised = {} if self._promises_alike else self._promised_again(side, taken, decision, came)
            return Treatment(decision, requester=requester, **promised)
        if decision.merge and taken.verdict == "reply":
            return Treatment(decision, requester=requester)
        rules = side.rules
        route = redirected(
            rules, decision, route_of(rules, arrival, [one for _, one in facts.recipients], _unsaid)
        )
        named = next((key for key, (name, _) in side.slas.items() if name == decision.sla), None)
        name, plan = side.slas.get(named or rules.sla_of(route.department_id, route.topic) or 0, (None, None))
        mailbox = rules.mailboxes.get(route.mailbox_id or 0)
        acknowledges = (
            decision.autoresponse
            and rules.acknowledge
            and (mailbox is None or mailbox.autoresponse)
            and (route.topic is None or route.topic.autoresponse)
        )
        places = Places(
            route.mailbox_id or 0, 0 if route.topic is None else route.topic.id, route.department_id
        )
        return Treatment(
            decision,
            requester=requester,
            department=rules.departments[route.department_id].name,
            topic=None if route.topic is None else route.topic.name,
            sla=name,
            priority=PRIORITIES[route.priority],
            first_answer_due=None if plan is None else _runs_out(plan, came, plan.first),
            resolve_due=None if plan is None else _runs_out(plan, came, plan.resolve),
            acknowledged_from=_sender(rules, route.department_id, route.mailbox_id, automatic=True)
            if acknowledges
            else None,
            answered_from=_sender(rules, route.department_id, route.mailbox_id, automatic=False),
            texts=self._texts(side, places) if acknowledges and not decision.canned else {},
        )

    def _promised_again(
        self, side: _Side, taken: TakenMail, decision: Decision, came: datetime
    ) -> dict[str, Any]:
        """Return what is promised of an answer to it, by the SLA that its ticket has."""
        ticket = None if taken.number is None else tickets.read_numbered(taken.number)
        named = next((key for key, (name, _) in side.slas.items() if name == decision.sla), None)
        name, plan = side.slas.get(named or (0 if ticket is None else ticket.sla_id or 0), (None, None))
        if plan is None:
            return {}
        return {"sla": name, "next_answer_due": _runs_out(plan, came, plan.next)}

    def _texts(self, side: _Side, places: Places) -> dict[str, str]:
        own = [each for each in side.texts if each.name == _ACKNOWLEDGEMENT]
        return {
            language: chosen_of(own, _ACKNOWLEDGEMENT, language, side.language, places)[0]
            for language in self._languages
        }


def trial_of_file(desk: Desk, actor: Actor, tables: Mapping[str, Sequence[dict[str, Any]]]) -> RuleTrial:
    """Try a file of rules. Raises what taking the file in raises."""
    return RuleTrial(desk, actor, lambda: rule_file.take_in(desk, actor, tables))


def apply_to_open(desk: Desk, actor: Actor, found: Iterable[Difference]) -> list[str]:
    """Make tickets that are open what they would have become; returns their numbers.

    The rules have to be as they were tried by then. What only mail on its way in can have done to it
    (rejecting, gathering, acknowledging) is left out. The actor may undo it at once.
    """
    return do_to_open(
        desk,
        actor,
        (
            (each.ticket, each.to_do)
            for each in found
            if not (each.after.banned or each.after.decision.rejected_by)
        ),
    )


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


def _runs_out(plan: Plan, came: datetime, length: int | None) -> datetime | None:
    due = None if length is None else runs_out(plan.calendar, moment_of(came), length)
    return None if due is None else time_of(due)


def _sender(rules: DeskRules, department_id: int, mailbox_id: int | None, *, automatic: bool) -> str | None:
    sender = rules.mailboxes.get(rules.sender_of(department_id, mailbox_id, automatic=automatic) or 0)
    return None if sender is None else sender.address


def _unsaid(_line: str) -> None:
    """Leave out why a mail goes where it goes: only where counts here."""
