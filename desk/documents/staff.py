"""Agents, departments, roles, SLAs, help topics, fields and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.custom_fields.definitions import FieldLine
    from desk.staff.agents import AgentLine
    from desk.staff.api_keys import KeyLine
    from desk.staff.departments import DepartmentLine, Inherited
    from desk.staff.groups import GroupLine
    from desk.staff.roles import RoleLine
    from desk.staff.slas import SlaLine
    from desk.staff.teams import TeamLine
    from desk.staff.topics import TopicLine
    from desk.statuses import StatusLine


def agent(line: AgentLine) -> dict[str, Any]:
    """Return an agent."""
    return {
        "login": line.login,
        "name": line.name,
        "email": line.email,
        "role": line.role,
        "department": line.department,
        "departments": [{"department": name, "role": role} for name, role in line.departments],
        "active": line.active,
        "created": line.created,
        "away": line.away,
        "away_from": line.away_from,
        "away_until": line.away_until,
        "stand_in": line.stand_in,
        "notify": list(line.notify),
        "quiet": line.quiet,
        "digest": line.digest,
        "zone": line.zone,
        "language": line.language,
    }


def department(line: DepartmentLine, inherited: Sequence[Inherited] = ()) -> dict[str, Any]:
    """Return a department; one that is a part of another has `parent` and `path`, and what it inherits."""
    place: dict[str, Any] = {"parent": line.parent, "path": line.path} if line.parent else {}
    return {
        "name": line.name,
        "sla": line.sla,
        "signature": line.signature,
        "reopen_days": line.reopen_days,
        "outgoing": line.outgoing,
        "autoresponse_from": line.autoresponse_from,
        "assignment": line.assignment,
        "manager": line.manager,
        "private": line.private,
        "assignable": line.assignable,
        "claims": line.claims,
        "keeps_owner": line.keeps_owner,
        "autoresponse": line.autoresponse,
        "active": line.active,
        **place,
        **({"inherited": [each._asdict() for each in inherited]} if inherited else {}),
    }


def team(line: TeamLine) -> dict[str, Any]:
    """Return a team; its agents are logins."""
    return {
        "name": line.name,
        "members": list(line.members),
        "lead": line.lead,
        "notes": line.notes,
        "assignment": line.assignment,
        "active": line.active,
    }


def group(line: GroupLine) -> dict[str, Any]:
    """Return what a group of the system gives; `role` counts everywhere."""
    return {
        "name": line.name,
        "role": line.role,
        "departments": [{"department": name, "role": role} for name, role in line.departments],
        "teams": list(line.teams),
    }


def role(line: RoleLine) -> dict[str, Any]:
    """Return a role."""
    return {"name": line.name, "actions": list(line.actions)}


def sla(line: SlaLine) -> dict[str, Any]:
    """Return an SLA; `hours` until the first answer, `next` until each further one, `resolve` to the end.

    They are of its business hours; null: `next` is as `hours`, nothing is promised of the end.
    """
    return {
        "name": line.name,
        "hours": line.hours,
        "next": line.next,
        "resolve": line.resolve,
        "business_hours": line.business_hours,
        "zone": line.zone or None,
        "holidays": line.holidays,
        "days": list(line.days),
        "pause": line.pause,
        "reminders": line.reminders,
        "priorities": list(line.priorities),
        "active": line.active,
    }


def topic(line: TopicLine) -> dict[str, Any]:
    """Return a help topic; one that is a part of another has `parent` and `path`."""
    place = {"parent": line.parent, "path": line.path} if line.parent else {}
    return {
        "id": line.id,
        "name": line.name,
        "department": line.department,
        "sla": line.sla,
        "priority": line.priority,
        "assigned_to": line.assigned_to,
        "status": line.status,
        "number_format": line.number_format,
        "number_sequence": line.number_sequence,
        "autoresponse": line.autoresponse,
        "checklist": list(line.checklist),
        "active": line.active,
        **place,
    }


def field(line: FieldLine) -> dict[str, Any]:
    """Return a field of the desk's own, in the words of its command line."""
    return {
        "name": line.name,
        "label": line.label,
        "kind": line.kind,
        "of": line.of,
        "choices": list(line.choices),
        "topics": list(line.topics),
        "hint": line.hint,
        "order": line.order,
        "required": line.required,
        "active": line.active,
    }


def status(line: StatusLine) -> dict[str, Any]:
    """Return a status of the desk's own."""
    return {"name": line.name, "state": line.state, "order": line.order, "active": line.active}


def key(line: KeyLine) -> dict[str, Any]:
    """Return an API key without the key itself."""
    return {
        "id": line.id,
        "prefix": line.prefix,
        "name": line.name,
        "scopes": list(line.scopes),
        "addresses": list(line.addresses),
        "agent": line.agent,
        "in_url": line.in_url,
        "per_minute": line.per_minute,
        "active": line.active,
        "created": line.created,
        "last_used": line.last_used,
    }
