"""What the filters say of one mail: a decision, and by which filter each part of it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from config.records import Record
from desk.errors import DeskError
from models.filters import StoredFilter, Trigger

if TYPE_CHECKING:
    from desk.filters.actions import Action
    from desk.filters.facts import MailFacts, Test


class Decision:
    """What is to be done with a mail, as far as filters say; empty and None: they do not say.

    `trace` tells which filter said what; `rejected_by` is the name of the one that rejects.
    """

    def __init__(self) -> None:
        self.rejected_by = ""
        self.autoresponse = True
        self.by_reply_to = False
        self.department: str | None = None
        self.topic: str | None = None
        self.sla: str | None = None
        self.priority: str | None = None
        self.agent: str | None = None
        self.team: str | None = None
        self.status: str | None = None
        self.canned: str | None = None
        self.merge: str | None = None
        self.reopen: str | None = None
        self.snooze: str | None = None
        self.close_after: tuple[str, str] | None = None
        """After how long, and by which filter."""
        self.spam = False
        self.ban = False
        self.collaborators: list[str] = []
        self.tags: list[str] = []
        self.fields: dict[str, str] = {}
        self.notes: list[str] = []
        self.asked: list[tuple[str, str]] = []
        """Who is to be told or mailed, each by which filter."""
        self.trace: list[str] = []

    @property
    def outcome(self) -> tuple[object, ...]:
        """All that is decided, by whichever filter."""
        return (
            *(self.rejected_by, self.autoresponse, self.by_reply_to, self.department, self.topic, self.sla),
            *(self.priority, self.agent, self.team, self.status, tuple(self.tags), tuple(self.notes)),
            *(
                self.canned,
                self.merge,
                self.reopen,
                self.snooze,
                self.spam,
                self.ban,
                tuple(self.collaborators),
                tuple(sorted(self.fields.items())),
                tuple(self.asked),
                self.close_after,
            ),
        )

    def beyond(self, other: Decision) -> Decision:
        """Return what is decided here and not there; what is the same in both is left out."""
        found = Decision()
        for name, value in vars(self).items():
            known = getattr(other, name)
            if value == known:
                continue
            if isinstance(value, list):
                setattr(found, name, [each for each in value if each not in known])
            elif isinstance(value, dict):
                setattr(found, name, {key: each for key, each in value.items() if known.get(key) != each})
            else:
                setattr(found, name, value)
        return found

    def take(self, action: Action, by: str = "") -> None:
        """Add what an action of a filter says; of two that say the same thing the later one counts."""
        match action.name:
            case "no-autoresponse":
                self.autoresponse = False
            case "reply-to":
                self.by_reply_to = True
            case "close":
                self.status = "closed"
            case "close-after":
                self.close_after = (action.value, by)
            case "tag":
                self.tags += [action.value] if action.value else []
            case "note":
                self.notes.append(action.value)
            case "field":
                name, _, value = action.value.partition("=")
                self.fields[name] = value
            case "collaborator":
                self.collaborators.append(action.value)
            case "notify":
                self.asked.append((action.value, by))
            case "mail":
                self.asked.append((f"mail:{action.value}", by))
            case "spam":
                self.spam, self.autoresponse = True, False
            case "ban":
                self.ban = True
            case "merge":
                self.merge = action.value.strip().lower() or None
            case name:
                setattr(self, name, action.value)


class ReadFilter(Record):
    """A filter ready to run."""

    name: str
    holds: Test
    actions: tuple[Action, ...]
    stops: bool


class Chain:
    """The filters of one trigger in their order, with what tells at once which of them cannot hold.

    A filter that needs a sender, a header, a mailbox or a pattern's match is asked where the mail has that:
    of two hundred filters few are.
    """

    def __init__(self, filters: Sequence[tuple[ReadFilter, frozenset[str] | None]]) -> None:
        self._filters = [each for each, _ in filters]
        self._always = [place for place, (_, needs) in enumerate(filters) if needs is None]
        self._needing: dict[str, list[int]] = {}
        for place, (_, needs) in enumerate(filters):
            for need in needs or ():
                self._needing.setdefault(need, []).append(place)
        kinds: dict[str, list[str]] = {}
        for need in self._needing:
            kind, _, value = need.partition(" ")
            kinds.setdefault(kind, []).append(value)
        self._kinds = {kind: tuple(values) for kind, values in kinds.items()}

    def worth_asking(self, facts: MailFacts) -> Iterator[ReadFilter]:
        """Yield the filters that may hold, in their order."""
        places = self._always
        if self._needing:
            get = self._needing.get
            found = {place for trait in facts.traits(self._kinds) for place in get(trait, ())}
            places = sorted([*places, *found]) if found else places
        for place in places:
            yield self._filters[place]


Ready = Mapping["Trigger", Chain]
"""The filters that mail starts, ready to run; empty where there are none."""


def ready(stored: Sequence[StoredFilter]) -> Ready:
    """Return the active filters ready to run; one whose condition is not understood any more is left out."""
    active = [each for each in stored if each.active and each.runs_on in ("new", "reply")]
    if not active:
        return {}
    return _ready(tuple(each._replace(id=0, actions=tuple(each.actions)) for each in active))


@lru_cache(maxsize=4)
def _ready(active: tuple[StoredFilter, ...]) -> Ready:
    # 8 ms with the language of queries, which a piped mail of a desk without filters does not wait for.
    from desk.filters.actions import Action
    from desk.filters.facts import condition, needs

    found: dict[Trigger, list[tuple[ReadFilter, frozenset[str] | None]]] = {}
    for each in active:
        try:
            holds = condition(each.condition)
        except DeskError:
            continue
        actions = tuple(Action(*text.partition(":")[::2]) for text in each.actions)
        filter_ = ReadFilter(each.name, holds, actions, each.stops)
        found.setdefault(each.runs_on, []).append((filter_, needs(each.condition)))
    return {trigger: Chain(filters) for trigger, filters in found.items()}


def any_holds(filters: Ready, trigger: Trigger, facts: MailFacts) -> bool:
    """Whether one of these filters has anything to say of a mail."""
    chain = filters.get(trigger)
    return chain is not None and any(each.holds(facts) for each in chain.worth_asking(facts))


def decide(filters: Ready, trigger: Trigger, facts: MailFacts) -> Decision:
    """Ask the filters in their order; a filter that rejects or stops is the last one."""
    decision = Decision()
    chain = filters.get(trigger)
    for each in chain.worth_asking(facts) if chain is not None else ():
        if facts.captured:
            facts.captured.clear()
        if not each.holds(facts):
            continue
        said: list[str] = []
        for action in each.actions:
            if action.name == "reject":
                decision.trace.append(f"filter '{each.name}' rejected")
                decision.rejected_by = each.name
                return decision
            meant = facts.meant(action)
            decision.take(meant, each.name)
            said.append(str(meant))
        decision.trace.append(f"filter '{each.name}': {', '.join(said)}" + (", stop" if each.stops else ""))
        if each.stops:
            break
    return decision
