"""Filters, bans, and what a filter on trial would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.filters.bans import BanLine
    from desk.filters.decision import Decision
    from desk.filters.filters import FilterLine
    from desk.intake.trial import Difference
    from desk.operations import rule_trial


def filter_(line: FilterLine) -> dict[str, Any]:
    """Return a filter, in the words of its command line."""
    return {
        "name": line.name,
        "on": line.on,
        "if": line.condition,
        "then": list(line.actions),
        "order": line.order,
        "stop": line.stop,
        "active": line.active,
        **({"schedule": line.schedule} if line.on == "time" else {}),
    }


def ban(line: BanLine) -> dict[str, Any]:
    """Return a ban."""
    return {"pattern": line.pattern, "note": line.note, "created": line.created}


def decision(decided: Decision) -> dict[str, Any]:
    """Return what is decided; what is not decided is left out."""
    said: dict[str, Any] = {
        "rejected_by": decided.rejected_by or None,
        "autoresponse": None if decided.autoresponse else False,
        "reply_to": decided.by_reply_to or None,
        "department": decided.department,
        "topic": decided.topic,
        "sla": decided.sla,
        "priority": decided.priority,
        "agent": decided.agent,
        "status": decided.status,
        "canned": decided.canned,
        "merge": decided.merge,
        "reopen": decided.reopen,
        "snooze": decided.snooze,
        "spam": decided.spam or None,
        "ban": decided.ban or None,
        "collaborators": decided.collaborators or None,
        "tags": decided.tags or None,
        "fields": decided.fields or None,
        "notes": decided.notes or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def difference(found: Difference) -> dict[str, Any]:
    """Return a mail that would be treated otherwise; ``trace``: by which filters."""
    return {
        "ticket": found.ticket,
        "receipt": found.receipt_id,
        "subject": found.subject,
        "before": decision(found.before),
        "after": decision(found.after),
        "trace": list(found.after.trace),
    }


def treatments(found: rule_trial.Difference) -> dict[str, Any]:
    """Return a mail that a desk with other rules would treat otherwise; ``trace``: by which filters.

    What answers it by itself is told where that differs.
    """
    answered = found.before.automatic_answer != found.after.automatic_answer
    told = found.before.read_by_agents != found.after.read_by_agents
    return {
        "ticket": found.ticket,
        "receipt": found.receipt_id,
        "subject": found.subject,
        "before": _treatment(found.before, answered=answered, told=told),
        "after": _treatment(found.after, answered=answered, told=told),
        "trace": list(found.after.decision.trace),
    }


def changes(told: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return of a mail that would be treated otherwise what differs: its key, and what is and would be."""
    before, after = told["before"], told["after"]
    keys = dict.fromkeys((*after, *before))
    return [(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]


def _treatment(treated: rule_trial.Treatment, *, answered: bool, told: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "banned_by": treated.banned or None,
        "requester": treated.requester or None,
        "department": treated.department,
        "topic": treated.topic,
        "sla": treated.sla,
        "priority": treated.priority,
        "assigned_to": treated.assigned_to,
        "begins_as": treated.begins_as,
        "number_format": treated.number_format,
        "first_answer_due": treated.first_answer_due,
        "next_answer_due": treated.next_answer_due,
        "resolve_due": treated.resolve_due,
        "acknowledged_from": treated.acknowledged_from,
        "answered_from": treated.answered_from,
        "acknowledgement": (treated.automatic_answer or None) if answered else None,
        "agents_told": treated.told or None,
        "agents_read": (treated.read_by_agents or None) if told else None,
    }
    return {**decision(treated.decision), **{key: value for key, value in said.items() if value is not None}}
