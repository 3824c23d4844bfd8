"""The rules of a desk as one TOML file, for version control: SLAs, departments, topics, queues, filters, ...

A file is whole: what a table leaves out has its default. What the file does not name stays as it is.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from config.errors import ConfigError
from config.records import Record
from desk import canned_answers, customizing, queues, statuses
from desk.alerts import recipients
from desk.custom_fields import definitions
from desk.errors import DeskError, WrongUse
from desk.filters import bans, filters
from desk.filters.bans import BanLine
from desk.operations import rule_kinds
from desk.operations.rule_kinds import Kind, Table
from desk.permissions import Actor, require
from desk.staff import departments, groups, roles, slas, teams, topics
from desk.staff.topics import TopicLine
from mail.errors import MailError
from mail.inert import one_line
from models.transactions import DatabaseFailed, savepoint, transaction, undone

if TYPE_CHECKING:
    from desk.home import Desk

HEAD = """\
# Rules of a Nightdesk. What a table leaves out has its default; what is not in here stays as it is.
# Read it in with: nightdesk rules import FILE

"""
Outcome = Literal["added", "changed", "unchanged", "not in the file", "left out"]
"""Left out: the file names what only another verb makes, and the desk has not got it."""


class Step(Record):
    """What a file means for one thing; ``changes``: what is and what would be, by the file's words."""

    kind: str
    name: str
    outcome: Outcome
    changes: Mapping[str, tuple[Any, Any]]


def _slas(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "hours": each.hours,
            "next": each.next or 0,
            "resolve": each.resolve or 0,
            "business_hours": each.business_hours,
            "zone": each.zone,
            "holidays": each.holidays,
            "days": list(each.days),
            "pause": each.pause,
            "reminders": each.reminders,
            "priorities": list(each.priorities),
            "active": each.active,
        }
        for each in slas.slas()
    ]


def _add_sla(actor: Actor, _desk: Desk, table: Table) -> None:
    slas.add_sla(actor, table["name"], table["hours"])
    _edit_sla(actor, _desk, table)


def _edit_sla(actor: Actor, _desk: Desk, table: Table) -> None:
    slas.edit_sla(actor, **table)


def _departments(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "sla": each.sla or "",
            "signature": each.signature,
            "parent": each.parent or "",
            "reopen_days": -1 if each.reopen_days is None else each.reopen_days,
            "assignment": each.assignment,
            "outgoing": each.outgoing or "",
            "autoresponse_from": each.autoresponse_from or "",
            "manager": each.manager or "",
            "private": each.private,
            "assignable": each.assignable,
            "claims": each.claims,
            "keeps_owner": each.keeps_owner,
            "autoresponse": each.autoresponse,
            "active": each.active,
        }
        for each in sorted(departments.departments(), key=lambda each: each.path.count("/"))
    ]


def _begin_department(actor: Actor, _desk: Desk, table: Table) -> None:
    departments.add_department(actor, table["name"])


def _edit_department(actor: Actor, _desk: Desk, table: Table) -> None:
    days = table["reopen_days"]
    departments.edit_department(
        actor,
        table["name"],
        sla=table["sla"],
        signature=table["signature"],
        parent=table["parent"],
        reopen_days=None if days < 0 else days,
        always_reopen=days < 0,
        assignment=table["assignment"],
        outgoing=table["outgoing"],
        autoresponse_from=table["autoresponse_from"],
        manager=table["manager"],
        private=table["private"],
        assignable=table["assignable"],
        claims=table["claims"],
        keeps_owner=table["keeps_owner"],
        autoresponse=table["autoresponse"],
        active=table["active"],
    )


def _topics(_actor: Actor) -> list[Table]:
    return [_topic(each) for each in sorted(topics.topics(), key=lambda each: each.path.count("/"))]


def _topic(line: TopicLine) -> Table:
    return {
        "name": line.name,
        "department": line.department or "",
        "sla": line.sla or "",
        "priority": line.priority or "",
        "assigned_to": line.assigned_to or "",
        "status": line.status or "",
        "number_format": line.number_format or "",
        "number_sequence": line.number_sequence or "",
        "autoresponse": line.autoresponse,
        "checklist": list(line.checklist),
        "parent": line.parent or "",
        "active": line.active,
    }


def _begin_topic(actor: Actor, _desk: Desk, table: Table) -> None:
    topics.add_topic(actor, table["name"])


def _edit_topic(actor: Actor, _desk: Desk, table: Table) -> None:
    topics.edit_topic(actor, table["name"], **{name: table[name] for name in table if name != "name"})


def _fields(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "label": each.label,
            "kind": each.kind,
            "of": each.of,
            "choices": list(each.choices),
            "topics": list(each.topics),
            "hint": each.hint,
            "order": each.order,
            "required": each.required,
            "active": each.active,
        }
        for each in definitions.fields()
    ]


def _add_field(actor: Actor, _desk: Desk, table: Table) -> None:
    definitions.add_field(actor, **table)


def _edit_field(actor: Actor, _desk: Desk, table: Table) -> None:
    known = definitions.stored(table["name"])
    if (known.kind, known.of) != (table["kind"], table["of"]):
        raise WrongUse(
            f"the field {known.name} is of {known.of}s and of kind {known.kind}",
            "give the new one another name",
        )
    said = {key: value for key, value in table.items() if key not in ("name", "kind", "of")}
    definitions.edit_field(actor, table["name"], **said)


def _statuses(_actor: Actor) -> list[Table]:
    return [
        {"name": each.name, "state": each.state, "order": each.order, "active": each.active}
        for each in statuses.statuses()
    ]


def _add_status(actor: Actor, _desk: Desk, table: Table) -> None:
    statuses.add_status(actor, **table)


def _edit_status(actor: Actor, _desk: Desk, table: Table) -> None:
    known = statuses.show(table["name"])
    if known.state != table["state"]:
        raise WrongUse(
            f"the status {known.name} is of {known.state} tickets", "give the new one another name"
        )
    statuses.edit_status(actor, table["name"], order=table["order"], active=table["active"])


def _roles(_actor: Actor) -> list[Table]:
    return [{"name": each.name, "may": sorted(each.actions)} for each in roles.roles()]


def _add_role(actor: Actor, _desk: Desk, table: Table) -> None:
    roles.add_role(actor, table["name"], table["may"])


def _edit_role(actor: Actor, _desk: Desk, table: Table) -> None:
    roles.edit_role(actor, table["name"], may=table["may"])


def _teams(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "members": list(each.members),
            "lead": each.lead or "",
            "notes": each.notes,
            "assignment": each.assignment,
            "active": each.active,
        }
        for each in teams.teams()
    ]


def _add_team(actor: Actor, desk: Desk, table: Table) -> None:
    teams.add_team(actor, table["name"])
    _edit_team(actor, desk, table)


def _edit_team(actor: Actor, _desk: Desk, table: Table) -> None:
    teams.edit_team(actor, table["name"], **{name: table[name] for name in table if name != "name"})


def _groups(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "role": each.role or "",
            "departments": sorted(f"{place}={role}" for place, role in each.departments),
            "teams": sorted(each.teams),
        }
        for each in groups.groups()
    ]


def _add_group(actor: Actor, _desk: Desk, table: Table) -> None:
    groups.add_group(actor, table["name"], **_given_by_group(table))


def _edit_group(actor: Actor, _desk: Desk, table: Table) -> None:
    groups.edit_group(actor, table["name"], **_given_by_group(table))


def _given_by_group(table: Table) -> dict[str, Any]:
    places = {place: role for place, _, role in (str(each).partition("=") for each in table["departments"])}
    return {"role": table["role"], "places": places, "in_teams": table["teams"]}


def _answers(_actor: Actor) -> list[Table]:
    return [
        {"name": each.name, "folder": each.folder, "department": each.department or "", "body": each.body}
        for each in canned_answers.canned_answers()
    ]


def _add_answer(actor: Actor, _desk: Desk, table: Table) -> None:
    folder, department = table["folder"], table["department"] or None
    canned_answers.add(actor, table["name"], table["body"], folder=folder, department=department)


def _edit_answer(actor: Actor, _desk: Desk, table: Table) -> None:
    folder, department = table["folder"], table["department"]
    canned_answers.edit(actor, table["name"], body=table["body"], folder=folder, department=department)


def _texts(_actor: Actor) -> list[Table]:
    return [
        {"name": _text_name(each), "body": each.body}
        for each in sorted(customizing.templates(), key=_text_name)
        if each.own
    ]


def _text_name(line: customizing.TemplateLine) -> str:
    """Return what a text is called in a file: ``acknowledgement de``, ``assigned en department IT``."""
    return f"{line.name} {line.language}{'' if line.scope == 'desk' else f' {line.scope}'}"


def _set_text(actor: Actor, _desk: Desk, table: Table) -> None:
    name, language, *where = table["name"].split(" ", 3)
    place = dict([where]) if len(where) == 2 else {}
    if where and not (place and where[0] in customizing.Where._fields):
        raise WrongUse(
            f"'{one_line(table['name'], 60)}' is no text",
            "write NAME LANGUAGE, and department NAME, topic NAME or mailbox ADDRESS behind it",
        )
    customizing.set_text(actor, name, table["body"], language, customizing.Where(**place))


def _queues(actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "query": each.query,
            "sort": each.sort,
            "columns": list(each.columns),
            "tab": each.tab,
        }
        for each in queues.queues(actor)
        if each.shared
    ]


def _add_queue(actor: Actor, desk: Desk, table: Table) -> None:
    queues.add_queue(
        actor,
        desk.zone,
        table["name"],
        table["query"],
        shared=True,
        sort=table["sort"],
        columns=tuple(table["columns"]),
        tab=table["tab"],
    )


def _edit_queue(actor: Actor, desk: Desk, table: Table) -> None:
    queues.edit_queue(
        actor,
        desk.zone,
        table["name"],
        query=table["query"],
        sort=table["sort"],
        columns=tuple(table["columns"]),
        tab=table["tab"],
    )


def _filters(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "on": each.on,
            "if": each.condition,
            "then": list(each.actions),
            "order": each.order,
            "stop": each.stop,
            "active": each.active,
            "schedule": each.schedule,
        }
        for each in filters.filters()
    ]


def _add_filter(actor: Actor, _desk: Desk, table: Table) -> None:
    filters.add(actor, table["name"], **_given(table))


def _edit_filter(actor: Actor, _desk: Desk, table: Table) -> None:
    filters.edit(actor, table["name"], **_given(table))


def _given(table: Table) -> dict[str, Any]:
    return {"condition" if name == "if" else name: value for name, value in table.items() if name != "name"}


def _bans(_actor: Actor) -> list[Table]:
    return [_ban(each) for each in bans.bans()]


def _ban(line: BanLine) -> Table:
    return {"pattern": line.pattern, "note": line.note}


def _add_ban(actor: Actor, _desk: Desk, table: Table) -> None:
    bans.ban(actor, table["pattern"], table["note"])


def _edit_ban(actor: Actor, _desk: Desk, table: Table) -> None:
    bans.edit(actor, table["pattern"], table["note"])


def _notifications(_actor: Actor) -> list[Table]:
    return [{"name": each.name, "whom": each.whom} for each in recipients.lines()]


def _set_notification(actor: Actor, _desk: Desk, table: Table) -> None:
    event, part = recipients.called(table["name"])
    recipients.set_recipients(actor, event, table["whom"], part)


_KINDS: dict[str, Kind] = {
    "status": Kind(
        "name", {"state": "open", "order": 100, "active": True}, _statuses, _add_status, _edit_status
    ),
    "sla": Kind(
        "name",
        {
            "hours": 0,
            "next": 0,
            "resolve": 0,
            "business_hours": "",
            "zone": "",
            "holidays": "",
            "days": [],
            "pause": "",
            "reminders": "100",
            "priorities": [],
            "active": True,
        },
        _slas,
        _add_sla,
        _edit_sla,
    ),
    "department": Kind(
        "name",
        {
            "sla": "",
            "signature": "",
            "parent": "",
            "reopen_days": -1,
            "assignment": "hand",
            "outgoing": "",
            "autoresponse_from": "",
            "manager": "",
            "private": False,
            "assignable": "anyone",
            "claims": True,
            "keeps_owner": True,
            "autoresponse": True,
            "active": True,
        },
        _departments,
        _edit_department,
        _edit_department,
        _begin_department,
    ),
    "role": Kind("name", {"may": []}, _roles, _add_role, _edit_role),
    "team": Kind(
        "name",
        {"members": [], "lead": "", "notes": "", "assignment": "hand", "active": True},
        _teams,
        _add_team,
        _edit_team,
    ),
    "topic": Kind(
        "name",
        {
            "department": "",
            "sla": "",
            "priority": "",
            "assigned_to": "",
            "status": "",
            "number_format": "",
            "number_sequence": "",
            "autoresponse": True,
            "checklist": [],
            "parent": "",
            "active": True,
        },
        _topics,
        _edit_topic,
        _edit_topic,
        _begin_topic,
        read_one=lambda name: _topic(topics.show_topic(name)),
    ),
    "field": Kind(
        "name",
        {
            "label": "",
            "kind": "text",
            "of": "ticket",
            "choices": [],
            "topics": [],
            "hint": "",
            "order": 100,
            "required": False,
            "active": True,
        },
        _fields,
        _add_field,
        _edit_field,
    ),
    "group": Kind("name", {"role": "", "departments": [], "teams": []}, _groups, _add_group, _edit_group),
    "canned": Kind("name", {"folder": "", "department": "", "body": ""}, _answers, _add_answer, _edit_answer),
    "template": Kind("name", {"body": ""}, _texts, _set_text, _set_text),
    "organization": rule_kinds.ORGANIZATION,
    "queue": Kind(
        "name",
        {"query": "", "sort": "updated", "columns": [], "tab": True},
        _queues,
        _add_queue,
        _edit_queue,
    ),
    "webhook": rule_kinds.WEBHOOK,
    "push": rule_kinds.PUSH,
    "filter": Kind(
        "name",
        {"on": "new", "if": "", "then": [], "order": 100, "stop": False, "active": True, "schedule": ""},
        _filters,
        _add_filter,
        _edit_filter,
    ),
    "recurring": rule_kinds.RECURRING,
    "ban": Kind(
        "pattern", {"note": ""}, _bans, _add_ban, _edit_ban, read_one=lambda name: _ban(bans.show(name))
    ),
    "notification": Kind("name", {"whom": ""}, _notifications, _set_notification, _set_notification),
    "mailbox": rule_kinds.MAILBOX,
    "setting": rule_kinds.SETTING,
}
KINDS: tuple[str, ...] = tuple(_KINDS)
"""What a file may hold, each behind those it names."""


def words_of(name: str) -> tuple[str, ...]:
    """Return what a table of a kind may say."""
    return _KINDS[name].key, *_KINDS[name].defaults


def documents(actor: Actor, kinds: Collection[str] = KINDS) -> dict[str, list[Table]]:
    """Return the rules as the file has them, without what has its default."""
    found: dict[str, list[Table]] = {}
    for name in kinds:
        kind = _KINDS[name]
        tables = [
            {
                key: value
                for key, value in table.items()
                if kind.defaults.get(key) != value and key not in kind.unwritten
            }
            for table in kind.read(actor)
            if not kind.says_nothing(table)
        ]
        if tables:
            found[name] = tables
    return found


def written(actor: Actor, kinds: Collection[str] = KINDS) -> str:
    """Return the file's text. It says of what there is nothing: what comes to that is news to ``drift``."""
    import tomlkit  # 5 ms, for a file that is written

    found = documents(actor, kinds)
    nothing = "".join(f"{name} = []\n" for name in kinds if name not in found)
    return f"{HEAD}{nothing}{nothing and chr(10)}{tomlkit.dumps(found)}"


def read(text: str, kinds: Collection[str] = KINDS) -> dict[str, list[Table]]:
    """Return the tables of a file's text, whole. Raises WrongUse with what is wrong and where."""
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WrongUse(f"the file is no TOML: {one_line(str(error), 200)}", "correct that line") from None
    found: dict[str, list[Table]] = {}
    for name, tables in told.items():
        if name not in kinds or not isinstance(tables, list):
            words = ", ".join(f"[[{each}]]" for each in kinds)
            raise WrongUse(f"'{one_line(name, 40)}' is not expected there", f"the file has tables {words}")
        found[name] = [_whole(name, table) for table in tables]
        _refuse_twice(name, found[name])
    return found


def _refuse_twice(name: str, tables: Sequence[Table]) -> None:
    key, known = _KINDS[name].key, set()
    for table in tables:
        called = table[key].lower()
        if called in known:
            raise WrongUse(f"{name} '{one_line(table[key], 60)}' is in the file twice", "leave one of them")
        known.add(called)


def compare(actor: Actor, tables: Mapping[str, Sequence[Table]]) -> list[Step]:
    """Return what a file means for the desk as it is: what it would add and change, and what it lacks."""
    steps: list[Step] = []
    for name, wanted in sorted(tables.items(), key=lambda each: KINDS.index(each[0])):
        kind = _KINDS[name]
        there = {str(table[kind.key]).lower(): table for table in kind.read(actor)}
        for table in wanted:
            known = there.pop(str(table[kind.key]).lower(), None)
            changes = {
                key: (None if known is None else known.get(key), value)
                for key, value in table.items()
                if key != kind.key and (known is None or not kind.same(known, table, key))
            }
            outcome: Outcome = "changed" if changes else "unchanged"
            if known is None:
                outcome = "added" if kind.add is not None else "left out"
            steps.append(Step(name, table[kind.key], outcome, changes))
        left = (table for table in there.values() if not kind.says_nothing(table))
        steps += [Step(name, table[kind.key], "not in the file", {}) for table in left]
    return steps


def take_in(
    desk: Desk, actor: Actor, tables: Mapping[str, Sequence[Table]], *, rehearse: bool = False
) -> list[Step]:
    """Make the desk what a file says: all of it, or nothing where something is wrong; returns what was done.

    With ``rehearse`` everything is tried and nothing stays. Raises what adding and editing each thing raises.
    """
    require(actor, "settings.edit")
    with transaction(), undone() if rehearse else nullcontext():
        steps = compare(actor, tables)
        by_name = {(name, table[_KINDS[name].key]): table for name in tables for table in tables[name]}
        for kind_name in KINDS:
            kind = _KINDS[kind_name]
            own = [(place, step) for place, step in enumerate(steps) if step.kind == kind_name]
            for _, step in own:
                if step.outcome == "added" and kind.begin is not None:
                    with _blaming(step):
                        kind.begin(actor, desk, by_name[step.kind, step.name])
            for place, step in own:
                table = by_name.get((step.kind, step.name))
                if step.outcome == "added" and kind.add is not None and table is not None:
                    with _blaming(step):
                        kind.add(actor, desk, table)
                elif step.outcome == "changed" and table is not None:
                    with _blaming(step):
                        steps[place] = _changed(kind, step, table, actor, desk)
    return steps


@contextmanager
def _blaming(step: Step) -> Iterator[None]:
    """Name the table of the file that something is wrong with: those who say it know no file."""
    try:
        yield
    except DeskError as error:
        error.args = (f"{step.kind} '{one_line(step.name, 60)}': {error}",)
        raise


def drift(desk: Desk, actor: Actor, tables: Mapping[str, Sequence[Table]]) -> list[Step]:
    """Return in what the desk is not as a file says, though the file may say it in other words.

    Where the file cannot be taken in as it stands, its words are compared alone.
    """
    try:
        return take_in(desk, actor, tables, rehearse=True)
    except (DeskError, MailError, ConfigError, DatabaseFailed):
        return compare(actor, tables)


class _NothingChanged(Exception):
    """What the file says is what is there, in other words."""


def _changed(kind: Kind, step: Step, table: Table, actor: Actor, desk: Desk) -> Step:
    """Change one thing; returns the step with what really changed. What changes nothing is not done."""
    before = kind.named(actor, step.name)
    try:
        with savepoint():
            kind.edit(actor, desk, table)
            after = kind.named(actor, step.name)
            if after == before:
                raise _NothingChanged
    except _NothingChanged:
        return step._replace(outcome="unchanged", changes={})
    changes = {key: (before[key], value) for key, value in after.items() if before[key] != value}
    return step._replace(changes=changes)


def _whole(name: str, table: object) -> Table:
    kind = _KINDS[name]
    if not isinstance(table, dict) or not isinstance(table.get(kind.key), str):
        raise WrongUse(f"a [[{name}]] has no {kind.key}", f'write {kind.key} = "..."')
    shown = one_line(table[kind.key], 60)
    for key, value in table.items():
        if key == kind.key:
            continue
        if key not in kind.defaults:
            words = ", ".join(kind.defaults)
            raise WrongUse(f"{name} '{shown}': there is no {one_line(key, 40)}", f"use {words}")
        if name == "setting":
            whole_value = {True: "on", False: "off"}.get(value) if isinstance(value, bool) else value
            table = {**table, key: str(whole_value)}
            continue
        default = kind.defaults[key]
        numbers = isinstance(default, int) and not isinstance(default, bool)
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        fits = number if numbers else None
        if not (type(value) is type(default) if fits is None else fits):
            raise WrongUse(
                f"{name} '{shown}': {key} cannot be {one_line(repr(value), 40)}", f"as in {key} = {default!r}"
            )
    if name == "filter" and not all(isinstance(each, str) for each in table.get("then", [])):
        raise WrongUse(f"filter '{shown}': then is a list of actions", 'then = ["close"]')
    whole = rule_kinds.whole(name, {kind.key: table[kind.key], **kind.defaults, **table})
    if name == "role":
        whole["may"] = sorted(map(str, whole["may"]))
    elif name == "group":
        whole |= {key: sorted(map(str, whole[key])) for key in ("departments", "teams")}
    elif name == "team":
        whole["members"] = sorted({*map(str, whole["members"]), *filter(None, [whole["lead"]])})
    elif name == "field":
        whole["label"] = whole["label"] or whole["name"]
        whole["name"] = definitions.name_of(whole["name"])
    elif name == "canned":
        whole["body"] = whole["body"].strip("\n") + "\n"
    elif name == "template":
        named = whole["name"].split()
        if len(named) < 2:
            raise WrongUse(f"template '{shown}' says no language", 'write name = "acknowledgement de"')
        whole |= {"name": " ".join(named), "body": whole["body"].rstrip() + "\n"}
    return whole
