"""What if the desk's rules were others: its stored mail is asked again, and nothing is written.

The change (a file of rules, a form, a setting) is made and undone at once; what it makes of the rules stays
in memory, and both desks are asked of each mail: who asks, the bans and filters, the way to a department,
what its SLA promises, and what acknowledges it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from config.records import Record
from desk.errors import DeskError
from desk.filters.bans import matcher
from desk.filters.decision import Decision, decide, ready
from desk.filters.facts import asked_of
from desk.intake.acknowledgement_facts import about
from desk.intake.filtering import redirected
from desk.intake.routing import route_of
from desk.intake.shared_trial import always, found_together
from desk.intake.trial import Looked, stored_mails, trigger_of
from desk.intake.trial_process import Part, Wanted
from desk.mailboxes.routes import Routes, read_routes
from desk.operations import rule_file
from desk.operations.alert_letters import Told
from desk.operations.automatic_answers import UNKNOWN, AutomaticAnswers, MailRead, Occasion, People
from desk.permissions import Actor, actors_of, require
from desk.rules import DeskRules, read_rules
from desk.slas.calendar import moment_of, time_of
from desk.slas.clocks import RunsOut
from desk.slas.plans import Plan, plan_of
from desk.staff.owners import may_have
from desk.templates.texts import Places
from desk.tickets.assignment import works_on
from mail.mime.author import Author
from mail.mime.headers import TooComplex
from models import agents, blobs, departments, filters, slas, statuses, teams
from models.fields import utc_text, utc_time
from models.tickets import PRIORITIES
from models.transactions import transaction, undone

if TYPE_CHECKING:
    from desk.home import Desk
    from models.filters import StoredFilter, Trigger
    from models.notices import NoticeKind
    from models.receipts import TakenMail
    from models.tickets import TicketState
    from models.topics import TopicRule

_NORMAL: Final = 2


class Treatment(Record):
    """How a desk treats a mail. What is None or empty is said by filters alone, or left as it is."""

    decision: Decision
    banned: str = ""
    requester: str = ""
    department: str | None = None
    topic: str | None = None
    sla: str | None = None
    priority: str | None = None
    assigned_to: str | None = None
    begins_as: str | None = None
    """Whose it is and in which state, as its topic says; None where a filter says so, or nothing does."""
    number_format: str | None = None
    """How its number looks; a ticket that is there keeps its own."""
    first_answer_due: datetime | None = None
    """When a clock of the SLA runs out that began with the mail."""
    next_answer_due: datetime | None = None
    """The same, of a mail in a ticket that was answered before."""
    resolve_due: datetime | None = None
    acknowledged_from: str | None = None
    """The address that acknowledges it where nothing else forbids that; None: the rules do."""
    answered_from: str | None = None
    automatic_answer: str = ""
    """What answers it by itself, as its sender would read it; only where that may differ."""
    told: str = ""
    """Of what agents are mailed, and as whom; likewise only where that differs."""
    read_by_agents: str = ""
    """What they read."""

    @property
    def outcome(self) -> tuple[object, ...]:
        """All of it, for comparing."""
        return self.decision.outcome, *self[1:]


class Difference(Record):
    """A mail that would be treated otherwise."""

    receipt_id: int
    ticket: str | None
    subject: str
    before: Treatment
    after: Treatment

    @property
    def is_let_in(self) -> bool:
        """Whether the mail would come in; of one that would not nothing is done to a ticket."""
        return not (self.after.banned or self.after.decision.rejected_by)

    @property
    def to_do(self) -> Decision:
        """What makes a ticket that is there what it would have become, once the rules are as they were tried.

        Left out is what only mail on its way in can have done to it: rejecting, gathering, acknowledging.
        """
        found = self.after.decision.beyond(self.before.decision)
        for name in ("department", "topic", "sla", "priority"):
            would = getattr(self.after, name)
            setattr(found, name, would if would != getattr(self.before, name) else None)
        if self.after.assigned_to != self.before.assigned_to and self.after.assigned_to is not None:
            who, colon, team = self.after.assigned_to.partition(":")
            found.agent, found.team = (None, team) if colon else (who, None)
        promised = ("first_answer_due", "next_answer_due", "resolve_due")
        if any(getattr(self.before, name) != getattr(self.after, name) for name in promised):
            found.sla = found.sla or self.after.sla
        return found


class _Read(Record):
    """A desk's rules, read at once: as they are, or as they would be."""

    rules: DeskRules
    filters: Sequence[StoredFilter]
    banned: Sequence[str]
    slas: Mapping[int, tuple[str, Plan]]
    answers: AutomaticAnswers
    owners: Mapping[tuple[int | None, int | None, int], str]
    """Logins and names of teams, by their ids, one of which is None, and by the department of a ticket."""
    statuses: Mapping[int, str]
    routes: Routes


class _Side:
    """A desk's rules, ready to be asked. Another process makes it of what was read."""

    def __init__(self, read: _Read) -> None:
        self._read = read
        self.rules, self.slas, self.answers = read.rules, read.slas, read.answers
        self.owners, self.statuses, self.routes = read.owners, read.statuses, read.routes
        self.filters = ready(read.filters)
        self.asked = _asked(read.filters)
        self.banned = matcher(read.banned)
        self._clocks = {sla: RunsOut(plan.calendar) for sla, (_, plan) in read.slas.items()}

    def __reduce__(self) -> tuple[object, ...]:
        return _Side, (self._read,)

    def acknowledges(self, mailbox_id: int | None, topic: TopicRule | None, department_id: int) -> bool:
        """Whether the rules let mail be answered by itself there, and it could leave."""
        rules = self.rules
        places = (rules.mailboxes.get(mailbox_id or 0), topic, rules.departments.get(department_id))
        is_wanted = rules.acknowledge and all(each is None or each.autoresponse for each in places)
        return is_wanted and bool(rules.addresses) and self.routes.of(mailbox_id) is not None

    @property
    def reading(self) -> tuple[object, ...]:
        """What of the rules decides what is read in a mail."""
        rules = self.rules
        return rules.form_senders, rules.addresses, rules.aliases, rules.believes_spam_headers

    @property
    def topics(self) -> tuple[object, ...]:
        """What of the rules decides about a mail's help topic."""
        return self.rules.mailboxes, self.rules.topics, self.rules.default_topic

    def due(self, sla: int, came: datetime, length: int | None) -> datetime | None:
        """Return when a clock of an SLA has counted a length since a mail came."""
        due = None if length is None else self._clocks[sla](moment_of(came), length)
        return None if due is None else time_of(due)


class RuleTrial:
    """A change of the rules on trial. ``asked`` counts the mails looked at."""

    def __init__(self, desk: Desk, actor: Actor, change: Callable[[], object]) -> None:
        """Read both sides. Raises what the change raises."""
        require(actor, "settings.edit")
        self._desk = desk
        self._reader = actor
        self.asked = 0
        self._before = _side(desk)
        with transaction(), undone():
            change()
            self._after = _side(desk)
        self.not_compared = self._after.answers.others_than(self._before.answers)
        """Changed texts that answer no mail coming in: what they become is no mail's to tell."""
        elsewhere = self._before.answers.letters.elsewhere ^ self._after.answers.letters.elsewhere
        self.not_told = sorted({each.name for each in elsewhere})
        """Changed notifications of other events and of queues, which hang on what becomes of a ticket."""
        self._reads_alike = self._before.reading == self._after.reading
        if "topic" in self._before.asked | self._after.asked:
            self._reads_alike = self._reads_alike and self._before.topics == self._after.topics
        self._letters_alike = self._before.answers.letters.writes_like(self._after.answers.letters)
        self._speaks_alike = self._before.answers.speaks_like(self._after.answers)
        self._people = People()
        self._promises_alike = self._before.slas == self._after.slas

    def differences(self, since: datetime, wanted: Wanted = always) -> Iterator[Difference]:
        """Yield what would be treated otherwise, oldest mail first.

        Raises NotWanted where nobody waits for it any more.
        """
        return found_together(self, utc_text(since), wanted=wanted)

    def look(self, since: str, part: Part) -> Iterator[Difference]:
        """Yield what would be treated otherwise of a part of the mail."""
        answers_alike = self._before.answers.writes_like(self._after.answers)
        texts = "text" in self._before.asked | self._after.asked
        texts = texts or not (answers_alike and self._letters_alike and self._speaks_alike)
        for mail in stored_mails(since, self._reader, part, texts=texts):
            trigger = trigger_of(mail.taken)
            if trigger is None:
                continue
            looked = again = Looked(mail, trigger, self._before.rules, self._desk)
            if not self._reads_alike:
                again = Looked(mail, trigger, self._after.rules, self._desk, looked)
            try:
                found = self._difference(mail.taken, trigger, looked, again)
            except (TooComplex, blobs.BlobDamaged):
                continue
            self.asked += 1
            if found is not None:
                yield found

    def _difference(
        self, taken: TakenMail, trigger: Trigger, looked: Looked, again: Looked
    ) -> Difference | None:
        before, one, told = self._treated(self._before, trigger, looked, taken)
        after, other, would = self._treated(self._after, trigger, again, taken)
        mine, theirs = self._before.answers, self._after.answers
        read = MailRead(looked, taken, self._people, speaks_alike=self._speaks_alike)
        reread = read
        if again is not looked:
            reread = MailRead(again, taken, self._people, speaks_alike=self._speaks_alike)
        told_alike = mine.letters.tells_like(told, theirs.letters, would)
        if not mine.answers_like(one, read, theirs, other, reread):
            before = before._replace(automatic_answer=mine.written(one, read))
            after = after._replace(automatic_answer=theirs.written(other, reread))
        if not told_alike:
            before = _told(before, mine, told, read)
            after = _told(after, theirs, would, reread)
        if before.outcome == after.outcome:
            return None
        return Difference(taken.receipt_id, taken.number, taken.subject, before, after)

    def _treated(
        self, side: _Side, trigger: Trigger, looked: Looked, taken: TakenMail
    ) -> tuple[Treatment, Occasion | None, Told | None]:
        author = looked.author
        requester = author.address.email
        banned = next((pattern for each in looked.people if (pattern := side.banned(each))), "")
        if banned:
            return Treatment(Decision(), banned), None, None
        decision = decide(side.filters, trigger, looked)
        if decision.rejected_by:
            return Treatment(decision, requester=requester), None, None
        if decision.by_reply_to:
            others = [each for each in looked.named.reply_to if not side.rules.own.is_own(each.email)]
            if others and "@" in others[0].email:
                author = Author(others[0], on_hearsay=True)
                requester = author.address.email
        came = utc_time(taken.received)
        if trigger == "reply":
            promised = (
                {} if self._promises_alike else self._promised_again(side, looked.answered, decision, came)
            )
            answered = self._answered(side, author, decision, looked.answered)
            told = None if self._letters_alike else self._told_of_answer(side, author, looked.answered)
            return Treatment(decision, requester=requester, **promised), answered, told
        if decision.merge and taken.verdict == "reply":
            return Treatment(decision, requester=requester), None, None
        rules = side.rules
        route = redirected(
            rules, decision, route_of(rules, looked.arrival, [one for _, one in looked.recipients], _unsaid)
        )
        named = next((key for key, (name, _) in side.slas.items() if name == decision.sla), None)
        sla = named or rules.sla_of(route.department_id, route.topic) or 0
        name, plan = side.slas.get(sla, (None, None))
        promised_for = None if plan is None else plan.of(route.priority)
        acknowledges = decision.autoresponse and side.acknowledges(
            route.mailbox_id, route.topic, route.department_id
        )
        department = rules.departments[route.department_id]
        places = Places(
            route.mailbox_id or 0, 0 if route.topic is None else route.topic.id, route.department_id
        )
        occasion = Occasion(
            author,
            {
                "number": taken.number or UNKNOWN,
                "subject": looked.subject,
                "status": "new",
                "priority": PRIORITIES[route.priority],
                "department": department.told,
                "topic": "" if route.topic is None else route.topic.name,
                "tags": [],
            },
            places,
            decision.canned,
        )
        treatment = Treatment(
            decision,
            requester=requester,
            department=rules.departments[route.department_id].name,
            topic=None if route.topic is None else route.topic.name,
            sla=name,
            priority=PRIORITIES[route.priority],
            assigned_to=_owner(side, route.topic, route.department_id, decision),
            begins_as=_beginning(side, route.topic, decision),
            number_format=(route.topic.number_format if route.topic is not None else None)
            or rules.number_format,
            first_answer_due=None if promised_for is None else side.due(sla, came, promised_for.first),
            resolve_due=None if promised_for is None else side.due(sla, came, promised_for.resolve),
            acknowledged_from=_sender(rules, route.department_id, route.mailbox_id, automatic=True)
            if acknowledges
            else None,
            answered_from=_sender(rules, route.department_id, route.mailbox_id, automatic=False),
        )
        events: list[NoticeKind] = ["new_ticket"]
        if treatment.assigned_to is not None:
            events.append("assigned")
        about_it = {**occasion.ticket, "department": treatment.department, "created": taken.received[:10]}
        told = Told(events, places, about_it, author.address, treatment.assigned_to or "")
        return treatment, occasion if acknowledges else None, told

    def _promised_again(
        self, side: _Side, ticket: TicketState | None, decision: Decision, came: datetime
    ) -> dict[str, Any]:
        """Return what is promised of an answer to it, by the SLA that its ticket has."""
        named = next((key for key, (name, _) in side.slas.items() if name == decision.sla), None)
        sla = named or (0 if ticket is None else ticket.sla_id or 0)
        name, plan = side.slas.get(sla, (None, None))
        if plan is None:
            return {}
        own = _NORMAL if ticket is None else ticket.priority
        level = next((each for each, word in PRIORITIES.items() if word == decision.priority), own)
        return {"sla": name, "next_answer_due": side.due(sla, came, plan.of(level).next)}

    @staticmethod
    def _told_of_answer(side: _Side, author: Author, ticket: TicketState | None) -> Told | None:
        """Return of what agents are told by an answer; its ticket is as it is now."""
        if ticket is None:
            return None
        department = side.rules.departments.get(ticket.department_id)
        known = about(ticket, department, side.rules.topics.get(ticket.topic_id or 0))
        name = "" if department is None else department.name
        places = Places(ticket.mailbox_id or 0, ticket.topic_id or 0, ticket.department_id)
        facts = {**known, "department": name, "created": ticket.created[:10]}
        owner = None if ticket.assignee_id is None else agents.by_id(ticket.assignee_id).name
        return Told(["customer_wrote"], places, facts, author.address, owner or "")

    def _answered(
        self, side: _Side, author: Author, decision: Decision, ticket: TicketState | None
    ) -> Occasion | None:
        """Return on what occasion a filter answers an answer; None: none does."""
        if not decision.canned or ticket is None or not decision.autoresponse:
            return None
        topic = side.rules.topics.get(ticket.topic_id or 0)
        department = side.rules.departments.get(ticket.department_id)
        if not side.acknowledges(ticket.mailbox_id, topic, ticket.department_id):
            return None
        return Occasion(author, about(ticket, department, topic), None, decision.canned)


def trial_of_file(desk: Desk, actor: Actor, tables: Mapping[str, Sequence[dict[str, Any]]]) -> RuleTrial:
    """Try a file of rules. Raises what taking the file in raises."""
    return RuleTrial(desk, actor, lambda: rule_file.take_in(desk, actor, tables))


def _side(desk: Desk) -> _Side:
    rules = read_rules(desk)
    return _Side(
        _Read(
            rules=rules,
            filters=filters.every(),
            banned=[each.pattern for each in filters.bans()],
            slas={each.id: (each.name, plan_of(each)) for each in slas.every()},
            answers=AutomaticAnswers(desk, rules),
            owners=_owners(rules),
            statuses={each.id: each.name for each in statuses.every() if each.active},
            routes=read_routes(),
        )
    )


def _asked(stored: Sequence[StoredFilter]) -> frozenset[str]:
    """Return what filters ask of mail."""
    asked: frozenset[str] = frozenset()
    for each in stored:
        if each.active and each.runs_on in ("new", "reply"):
            try:
                asked |= asked_of(each.condition)
            except DeskError:
                continue  # it is left out where filters run, too
    return asked


def _owners(rules: DeskRules) -> dict[tuple[int | None, int | None, int], str]:
    """Return whose tickets topics may make those of each department: theirs alone who may have them."""
    wanted = {each.assignee_id for each in rules.topics.values()}
    people = actors_of([each for each in agents.every() if each.active and each.id in wanted])
    there = departments.every()
    found: dict[tuple[int | None, int | None, int], str] = {
        (each.agent_id, None, place.id): each.login
        for place in there
        for each in people
        if each.reaches([place.id], None) and may_have(each, place) and works_on(each, place.id)
    }
    of_teams = [each for each in teams.every() if each.active]
    return found | {(None, each.id, place.id): f"team:{each.name}" for place in there for each in of_teams}


def _owner(side: _Side, topic: TopicRule | None, department_id: int, decision: Decision) -> str | None:
    if topic is None or decision.agent is not None or decision.team is not None:
        return None
    return side.owners.get((topic.assignee_id, topic.team_id, department_id))


def _beginning(side: _Side, topic: TopicRule | None, decision: Decision) -> str | None:
    if topic is None or topic.status is None or decision.status is not None:
        return None
    return side.statuses.get(topic.named_status_id or 0, topic.status)


def _sender(rules: DeskRules, department_id: int, mailbox_id: int | None, *, automatic: bool) -> str | None:
    sender = rules.mailboxes.get(rules.sender_of(department_id, mailbox_id, automatic=automatic) or 0)
    return None if sender is None else sender.address


def _told(treated: Treatment, answers: AutomaticAnswers, told: Told | None, read: MailRead) -> Treatment:
    letter = answers.told_to_agents(told, read)
    return treated._replace(told=answers.letters.whom(told) if letter else "", read_by_agents=letter)


def _unsaid(_line: str) -> None:
    """Leave out why a mail goes where it goes: only where counts here."""
