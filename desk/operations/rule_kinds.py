"""What files of rules say of settings, mailboxes' ways, organizations, webhooks and push addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from config.records import Record
from desk import organizations, settings
from desk.errors import DeskError, WrongUse
from desk.listeners import listeners
from desk.listeners.listeners import Addressed
from desk.mailboxes import registry
from desk.mailboxes.stored import form_of
from desk.recurring import definitions
from mail.errors import MailError
from models import mailboxes, recurring
from models.tickets import PRIORITIES

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.permissions import Actor

Table = dict[str, Any]
Write = Callable[["Actor", "Desk", Table], object]


def _equal(known: Table, wanted: Table, name: str) -> bool:
    return bool(known.get(name) == wanted[name])


class Kind(Record):
    """One kind of thing in a file. ``key``: what it is known by. ``read`` gives all there are, whole."""

    key: str
    defaults: Table
    read: Callable[[Actor], list[Table]]
    add: Write | None
    """None: the desk has it, or it is left out."""
    edit: Write
    begin: Write | None = None
    """Makes it bare, before any of its kind says more: they may name one another."""
    says_nothing: Callable[[Table], bool] = lambda _table: False
    """Whether what is there is as on any new desk, and needs no line in a file."""
    same: Callable[[Table, Table, str], bool] = _equal
    """Whether a value is what the file says: what is there, what is wanted, and the value's name."""
    unwritten: tuple[str, ...] = ()
    """What a file is written without, though it may say it."""
    read_one: Callable[[str], Table] | None = None
    """Gives one by its name, of a kind that may have many thousands."""

    def named(self, actor: Actor, name: str) -> Table:
        """Return one that there is, by its name in any letters."""
        if self.read_one is not None:
            return self.read_one(name)
        return next(each for each in self.read(actor) if each[self.key].lower() == name.lower())


LEFT_OUT: Final = ("people", "file", "mailbox")
"""Kinds of settings: who is told is a ``notification``; files and sending mailboxes are of one desk alone."""


def _settings(_actor: Actor) -> list[Table]:
    return [
        {"name": each.setting.key, "value": each.shown}
        for each in settings.entries()
        if each.setting.kind not in LEFT_OUT
    ]


def _set(actor: Actor, _desk: Desk, table: Table) -> None:
    if settings.lookup(table["name"]).kind in LEFT_OUT:
        raise WrongUse(f"{table['name']} is set on each desk", f"nightdesk settings set {table['name']} ...")
    settings.set(actor, table["name"], table["value"])


def _is_default(table: Table) -> bool:
    setting = settings.lookup(table["name"])
    return bool(table["value"] == settings.shown(setting, setting.default))


def _same_setting(known: Table, wanted: Table, name: str) -> bool:
    try:
        setting = settings.lookup(wanted["name"])
        return bool(known[name] == settings.shown(setting, settings.checked(setting.key, wanted[name])))
    except DeskError:
        return False  # it may name what the same file adds; else taking it in says what is wrong


def _mailboxes(_actor: Actor) -> list[Table]:
    found = []
    for row in mailboxes.in_use():
        form = form_of(row)
        found.append(
            {
                "address": form.address,
                "department": form.department,
                "topic": form.topic,
                "priority": form.priority,
                "autoresponse": form.autoresponse,
                "aliases": _addresses(form.aliases),
            }
        )
    return found


def _edit_mailbox(actor: Actor, desk: Desk, table: Table) -> None:
    form = form_of(registry.get(table["address"]))
    said = {name: table[name] for name in ("department", "topic", "priority", "autoresponse")}
    registry.edit(
        desk, actor, form.address, replace(form, **said, aliases=", ".join(map(str, table["aliases"])))
    )


def _addresses(text: str) -> list[str]:
    return sorted(each.strip() for each in text.split(",") if each.strip())


def _has_no_way(table: Table) -> bool:
    return all(table[name] == default for name, default in MAILBOX.defaults.items())


def _organizations(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "domains": sorted(each.domains),
            "shares": each.shares,
            "note": each.note,
            "owner": each.owner or "",
        }
        for each in organizations.organizations()
    ]


def _add_organization(actor: Actor, _desk: Desk, table: Table) -> None:
    organizations.add_organization(
        actor,
        table["name"],
        table["domains"],
        shares=table["shares"],
        note=table["note"],
        owner=table["owner"],
    )


def _edit_organization(actor: Actor, _desk: Desk, table: Table) -> None:
    known = organizations.named(table["name"])
    organizations.edit_organization(
        actor,
        table["name"],
        add=table["domains"],
        remove=[each for each in known.domains if each not in table["domains"]],
        shares=table["shares"],
        note=table["note"],
        owner=table["owner"],
    )


def _recurring(_actor: Actor) -> list[Table]:
    return [
        {
            "name": each.name,
            "schedule": each.schedule,
            "zone": each.zone,
            "subject": each.subject,
            "body": each.body,
            "requester": definitions.requester_of(each),
            "department": each.department or "",
            "topic": each.topic or "",
            "sla": each.sla or "",
            "priority": PRIORITIES[each.priority] if each.priority else "",
            "team": each.team or "",
            "agent": each.assignee or "",
            "tags": list(each.tags),
            "checklist": list(each.checklist),
            "due_after": each.due_after,
            "acknowledge": each.acknowledge,
            "active": each.active,
        }
        for each in recurring.every()
    ]


def _add_recurring(actor: Actor, desk: Desk, table: Table) -> None:
    definitions.add(desk, actor, **table)


def _edit_recurring(actor: Actor, desk: Desk, table: Table) -> None:
    definitions.edit(desk, actor, **table)


def _listeners(kind: Addressed) -> Callable[[Actor], list[Table]]:
    def read(_actor: Actor) -> list[Table]:
        return [
            {
                "name": each.name,
                "url": each.place,
                "events": sorted(each.events),
                "condition": each.condition,
                "active": each.active,
                **({"agent": each.agent or ""} if kind == "push" else {}),
            }
            for each in listeners.listed(kind)
        ]

    return read


def _adder(kind: Addressed) -> Write:
    def add(actor: Actor, desk: Desk, table: Table) -> None:
        if not table["url"]:
            raise WrongUse(
                f"{kind} '{table['name']}' has no address: a file is written without it",
                f'write url = "..." there, or nightdesk {kind} add',
            )
        listeners.add(
            desk,
            actor,
            kind,
            table["name"],
            table["url"],
            events=table["events"],
            condition=table["condition"],
            agent=table.get("agent") or None,
        )
        if not table["active"]:
            listeners.edit(desk, actor, kind, table["name"], active=False)

    return add


def _editor(kind: Addressed) -> Write:
    def edit(actor: Actor, desk: Desk, table: Table) -> None:
        known = listeners.show(kind, table["name"])
        there: Table = {"url": known.place}
        listeners.edit(
            desk,
            actor,
            kind,
            table["name"],
            address=None if _same(kind)(there, table, "url") else table["url"],
            events=table["events"],
            condition=table["condition"],
            agent=table.get("agent"),
            active=None if known.active == table["active"] else table["active"],
        )

    return edit


def _same(kind: Addressed) -> Callable[[Table, Table, str], bool]:
    """Compare of an address what may be shown; one that the file leaves out stays."""

    def same(known: Table, wanted: Table, name: str) -> bool:
        if name != "url":
            return _equal(known, wanted, name)
        try:
            return not wanted["url"] or bool(known["url"] == listeners.place_of(kind, wanted["url"]))
        except (MailError, DeskError):
            return False

    return same


def whole(name: str, table: Table) -> Table:
    """Return a table of one of these kinds as it is kept."""
    if name == "organization":
        domains: Sequence[object] = table["domains"]
        return {**table, "domains": sorted({organizations.domain_name(str(each)) for each in domains})}
    if name == "mailbox":
        return {**table, "aliases": _addresses(", ".join(map(str, table["aliases"])).lower())}
    if name in ("webhook", "push"):
        return {**table, "events": sorted({str(each).strip().lower() for each in table["events"]} - {"all"})}
    return table


SETTING: Final = Kind("name", {"value": ""}, _settings, _set, _set, None, _is_default, _same_setting)
MAILBOX: Final = Kind(
    "address",
    {"department": "", "topic": "", "priority": "", "autoresponse": True, "aliases": []},
    _mailboxes,
    None,
    _edit_mailbox,
    None,
    _has_no_way,
)
ORGANIZATION: Final = Kind(
    "name",
    {"domains": [], "shares": True, "note": "", "owner": ""},
    _organizations,
    _add_organization,
    _edit_organization,
)
RECURRING: Final = Kind(
    "name",
    {
        "schedule": "",
        "zone": "",
        "subject": "",
        "body": "",
        "requester": "",
        "department": "",
        "topic": "",
        "sla": "",
        "priority": "",
        "team": "",
        "agent": "",
        "tags": [],
        "checklist": [],
        "due_after": "",
        "acknowledge": False,
        "active": True,
    },
    _recurring,
    _add_recurring,
    _edit_recurring,
)
_HEARS: Final[Table] = {"url": "", "events": [], "condition": "", "active": True}
WEBHOOK: Final = Kind(
    *("name", _HEARS, _listeners("webhook"), _adder("webhook"), _editor("webhook")), same=_same("webhook")
)
PUSH: Final = Kind(
    *("name", {**_HEARS, "agent": ""}, _listeners("push"), _adder("push"), _editor("push")),
    same=_same("push"),
    # Nothing of it may be shown but its service.
    unwritten=("url",),
)
