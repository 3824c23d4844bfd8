"""What is asked of the stored mail: a filter, other rules, the reader; each with how it is kept and done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from desk.filters import filters
from mail.inert import one_line
from tui.files import read_text

if TYPE_CHECKING:
    from desk.filters.decision import Decision
    from desk.home import Desk
    from desk.intake.trial_process import Wanted
    from desk.permissions import Actor

MOST = 2000
"""Lines that are held; the count is of all."""
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Tried:
    """A mail or ticket that would be treated differently; ``said``: in a few words, how."""

    receipt_id: int | None
    ticket: str | None
    subject: str
    said: str
    before: str
    after: str
    is_loss: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found. ``count`` is of all, of which ``lines`` are the first.

    ``do``: does it to those tickets that are open, and returns their numbers; ``stays``: what of that undo
    does not take back. ``untold``: of what that changes no mail tells.
    """

    lines: Sequence[Tried]
    count: int
    asked: int
    tickets: int
    do: Callable[[], list[str]]
    stays: str = ""
    untold: str = ""
    runs: bool = False
    """Whether it holds already, and was compared with a desk without it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, as long as it is wanted. ``keep`` lets it hold from now on; None: it does already.

    Everything blocks.
    ``first_kept``: it cannot be done to tickets before it holds. ``for_good``: why undo does not take back
    what is done to open tickets.
    """

    name: str
    ask: Callable[[datetime, Wanted], Answer]
    keep: Callable[[], object] | None
    kept: str
    first_kept: bool = False
    for_good: str = ""


def of_filter(desk: Desk, actor: Actor, name: str, condition: str | None) -> Question:
    """Ask what a filter, perhaps with another condition, would have done."""

    def ask(since: datetime, wanted: Wanted) -> Answer:
        from desk.intake import trial  # 60 ms: what reads mail

        filters.stored(name)
        tried = trial.Trial(desk, actor, filters.on_trial(name, condition, None))
        found = list(tried.differences(since, wanted))
        beyond = [each.after.beyond(each.before) for each in found if not each.after.rejected_by]
        lines = [
            Tried(
                each.receipt_id,
                each.ticket,
                each.subject,
                _decided(each.after),
                _decided(each.before),
                _decided(each.after),
                bool(each.after.rejected_by),
            )
            for each in found[:MOST]
        ]
        count = len({each.ticket for each in found if each.ticket})
        stays = trial.lasting(beyond)
        return Answer(
            lines,
            len(found),
            tried.asked,
            count,
            lambda: trial.apply_to_open(desk, actor, found),
            stays,
            runs=tried.alone,
        )

    def keep() -> object:
        return filters.edit(actor, name, condition=condition, active=True)

    return Question(name, ask, keep, f"{name} runs from now on, as it was tried")


def of_change(desk: Desk, actor: Actor, name: str, change: Callable[[], object], kept: str) -> Question:
    """Ask what the desk would have done with the rules that a change makes."""

    def ask(since: datetime, wanted: Wanted) -> Answer:
        from desk.documents import filters as documents  # 2 ms
        from desk.intake.trial import do_to_open, lasting  # 60 ms: what reads mail
        from desk.operations import rule_trial  # 70 ms: what reads mail, and all rules

        tried = rule_trial.RuleTrial(desk, actor, change)
        lines: list[Tried] = []
        count, numbers = 0, set()
        # Of hundred thousand mails no more is held than what is done, which is the same for many.
        to_do: list[tuple[str | None, Decision]] = []
        once: dict[tuple[object, ...], Decision] = {}
        for each in tried.differences(since, wanted):
            count += 1
            numbers.add(each.ticket)
            if count <= MOST:
                is_loss = bool(each.after.decision.rejected_by)
                lines.append(_of_changes(documents.treatments(each), desk.zone, is_loss))
            if each.is_let_in:
                decision = each.to_do
                to_do.append((each.ticket, once.setdefault(decision.outcome, decision)))
        stays = lasting(decision for _, decision in to_do)
        unread, untold = ", ".join(tried.not_compared), ", ".join(tried.not_told)
        beside = [f"nobody reads {unread} of what comes in: preview shows it"] if unread else []
        beside += [f"not tried: who is told of {untold}"] if untold else []
        return Answer(
            lines,
            count,
            tried.asked,
            len(numbers - {None}),
            lambda: do_to_open(desk, actor, to_do),
            stays,
            "; ".join(beside),
        )

    return Question(name, ask, change, kept, first_kept=True)


def of_file(desk: Desk, actor: Actor, path: str) -> Question:
    """Ask what the desk would have done with the rules of a file. Raises FileTrouble, WrongUse, DeskError."""
    from desk.operations import rule_file  # 60 ms: all nouns of the desk

    tables = rule_file.read(read_text(path))

    def change() -> object:
        return rule_file.take_in(desk, actor, tables)

    return of_change(desk, actor, path, change, f"The desk is as {path} says")


def of_reading(desk: Desk, actor: Actor) -> Question:
    """Ask what is read in the stored mail now."""

    def ask(since: datetime, wanted: Wanted) -> Answer:
        from desk.documents import readings  # 1 ms
        from desk.intake import reading_trial  # 60 ms: what reads mail

        tried = reading_trial.ReadingTrial(desk, actor)
        lines: list[Tried] = []
        count, by_hand, numbers = 0, 0, set()
        in_tickets: list[int] = []
        for each in tried.differences(since, wanted):
            count += 1
            numbers.add(each.ticket)
            if count <= MOST:
                lines.append(_of_changes(readings.difference(each), desk.zone, False))
            if each.message_id is not None:
                in_tickets.append(each.receipt_id)
            by_hand += each.ticket is not None and not each.is_text_alone
        stays = f"who asked, and where {by_hand} belong" if by_hand else ""
        return Answer(
            lines,
            count,
            tried.asked,
            len(numbers - {None}),
            lambda: reading_trial.reread_receipts(desk, actor, in_tickets),
            stays,
        )

    why = "What an older program read is not kept, so nothing takes it back."
    return Question("the mail read anew", ask, None, "", for_good=why)


def _decided(decided: Decision) -> str:
    return "; ".join(decided.trace) or "no filter holds"


def _of_changes(told: Mapping[str, Any], zone: tzinfo, is_loss: bool) -> Tried:
    from desk.documents.filters import changes  # 2 ms

    found = changes(told)
    return Tried(
        told["receipt"],
        told["ticket"],
        told["subject"],
        "; ".join(f"{_words(key)}: {_said(would, zone)}" for key, _, would in found),
        _line(((key, was) for key, was, _ in found), zone),
        _line(((key, would) for key, _, would in found), zone),
        is_loss,
    )


def _line(pairs: Iterable[tuple[str, Any]], zone: tzinfo) -> str:
    return "; ".join(f"{_words(key)}: {_said(value, zone)}" for key, value in pairs)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _said(value: object, zone: tzinfo) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
        case dict():
            return ", ".join(f"{key} {one_line(str(each), 60)}" for key, each in value.items())
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
    return one_line(str(value), _LONGEST)
