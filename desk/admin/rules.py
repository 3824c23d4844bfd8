"""Filters, bans, queues, canned answers, API keys and notifications, as tables of fields."""

from __future__ import annotations

from desk import canned_answers, queues, settings
from desk.admin.table import Acts, Field, Noun, Record, Values, number_of, words_of
from desk.admin.texts import preview_of_canned
from desk.alerts import recipients
from desk.filters import bans, filters
from desk.home import Desk
from desk.permissions import Actor
from desk.queries import parser
from desk.staff import api_keys, departments
from desk.staff.api_keys import SCOPES
from desk.tickets import lists
from models.filters import TRIGGERS


def _read_filters(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "on": line.on,
                "condition": line.condition,
                "then": "\n".join(line.actions),
                "order": str(line.order),
                "stop": line.stop,
                "schedule": line.schedule,
                "active": line.active,
            },
        )
        for line in filters.filters()
    ]


def _add_filter(_desk: Desk, actor: Actor, values: Values) -> str:
    filters.add(
        actor,
        str(values["name"]),
        on=str(values["on"]),
        condition=str(values["condition"]),
        then=str(values["then"]).splitlines(),
        order=_order(values),
        stop=bool(values["stop"]),
        active=bool(values["active"]),
        schedule=str(values["schedule"]),
    )
    return ""


def _order(values: Values) -> int:
    return int(number_of(values["order"]) or 0)


def _edit_filter(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    filters.edit(
        actor,
        key,
        on=str(values["on"]) if "on" in values else None,
        condition=str(values["condition"]) if "condition" in values else None,
        then=str(values["then"]).splitlines() if "then" in values else None,
        order=_order(values) if "order" in values else None,
        stop=bool(values["stop"]) if "stop" in values else None,
        active=bool(values["active"]) if "active" in values else None,
        schedule=str(values["schedule"]) if "schedule" in values else None,
    )


def _remove_filter(_desk: Desk, actor: Actor, key: str) -> None:
    filters.remove(actor, key)


FILTERS = Noun(
    "filter",
    "Filters",
    "settings.edit",
    "What is done with mail and tickets by itself, in their order.",
    (
        Field("name", "Name", "As the trace of a mail calls it.", width=18, fixed=True, needed="give a name"),
        Field(
            "on",
            "Runs on",
            "New mail, replies, changes of state, or the clock.",
            "choice",
            8,
            lambda: list(TRIGGERS),
            start="new",
        ),
        Field(
            "condition",
            "If",
            "A query, as in lists: from:@corp.example subject:offer.",
            width=22,
            check=parser.parse,
            needed="write from:@corp.example",
        ),
        Field(
            "then",
            "Then",
            "An action a line: reject, tag:X, status:S, field:N=V, ...",
            "lines",
            20,
            needed="write reject, or tag:offer",
        ),
        Field(
            "order",
            "Order",
            "Filters run from the lowest number on.",
            "number",
            start="100",
            needed="write 100",
        ),
        Field("stop", "Ends", "No later filter is asked when this one applies.", "switch"),
        Field("schedule", "When", "For one that runs by the clock; empty: at every sweep."),
        Field("active", "In use", "Off: it does nothing.", "switch", 6, start=True),
    ),
    Acts(_read_filters, _add_filter, _edit_filter, _remove_filter),
    removal="What it did stays; mail from now on is not asked it any more.",
    tried=True,
)


def _read_bans(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.pattern, {"pattern": line.pattern, "note": line.note, "created": f"{line.created:%Y-%m-%d}"}
        )
        for line in bans.bans()
    ]


def _add_ban(_desk: Desk, actor: Actor, values: Values) -> str:
    bans.ban(actor, str(values["pattern"]), str(values["note"]))
    return ""


def _edit_ban(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    bans.edit(actor, key, str(values["note"]))


def _lift_ban(_desk: Desk, actor: Actor, key: str) -> None:
    bans.lift(actor, key)


BANS = Noun(
    "ban",
    "Bans",
    "settings.edit",
    "Senders whose mail is rejected, new mail and answers alike.",
    (
        Field(
            "pattern",
            "Sender",
            "name@example.org, @example.org or *@*.example.",
            width=34,
            fixed=True,
            needed="write name@example.org",
        ),
        Field("note", "Why", "For those who come after you.", width=26),
        Field("created", "Since", "When it was banned.", width=11, made=True),
    ),
    Acts(_read_bans, _add_ban, _edit_ban, _lift_ban),
    removal="Mail from there is let in from now on; what was rejected stays rejected.",
    tried=True,
)


def _read_queues(_desk: Desk, actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "query": line.query,
                "sort": line.sort,
                "columns": ", ".join(line.columns),
                "shared": line.shared,
                "tab": line.tab,
            },
        )
        for line in queues.queues(actor)
    ]


def _add_queue(desk: Desk, actor: Actor, values: Values) -> str:
    queues.add_queue(
        actor,
        desk.zone,
        str(values["name"]),
        str(values["query"]),
        shared=bool(values["shared"]),
        sort=str(values["sort"]),
        columns=tuple(words_of(values["columns"])),
        tab=bool(values["tab"]),
    )
    return ""


def _edit_queue(desk: Desk, actor: Actor, key: str, values: Values) -> None:
    queues.edit_queue(
        actor,
        desk.zone,
        key,
        new_name=str(values["name"]) if "name" in values else None,
        query=str(values["query"]) if "query" in values else None,
        sort=str(values["sort"]) if "sort" in values else None,
        columns=tuple(words_of(values["columns"])) if "columns" in values else None,
        tab=bool(values["tab"]) if "tab" in values else None,
    )


def _remove_queue(_desk: Desk, actor: Actor, key: str) -> None:
    queues.remove_queue(actor, key)


QUEUES = Noun(
    "queue",
    "Queues",
    "settings.edit",
    "Saved queries, your own and everybody's.",
    (
        Field("name", "Name", "As its tab is called.", width=20, needed="give a name"),
        Field(
            "query", "Query", "Its tickets, as in lists: state:open owner:none.", width=34, check=parser.parse
        ),
        Field("sort", "Order", "How its tickets are ordered.", "choice", 9, lists.sorts, start="updated"),
        Field("columns", "Columns", "With commas; empty: the usual ones.", "list"),
        Field("shared", "Shared", "Whether others have it too.", "switch", 7, fixed=True),
        Field("tab", "Tab", "Whether it stands beside the views.", "switch", 4, start=True),
    ),
    Acts(_read_queues, _add_queue, _edit_queue, _remove_queue),
    removal="Its tickets stay; everybody's queue goes for everybody.",
)


def _read_keys(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            str(line.id),
            {
                "id": f"{line.id} {line.prefix}",
                "name": line.name,
                "scopes": ", ".join(line.scopes),
                "addresses": ", ".join(line.addresses),
                "agent": line.agent or "",
                "active": line.active,
            },
        )
        for line in api_keys.entries()
    ]


def _add_key(_desk: Desk, actor: Actor, values: Values) -> str:
    line, text = api_keys.create(
        actor,
        addresses=words_of(values["addresses"]),
        scopes=words_of(values["scopes"]),
        name=str(values["name"]),
        agent=str(values["agent"]) or None,
    )
    return f"Key {line.id}, shown this once: {text}"


def _revoke_key(_desk: Desk, actor: Actor, key: str) -> None:
    api_keys.revoke(actor, [int(key)])


def _networks(text: str) -> None:
    for address in words_of(text):
        api_keys.network_of(address)


KEYS = Noun(
    "key",
    "API keys",
    "settings.edit",
    "Keys for the HTTP API, bound to addresses and to what they are for.",
    (
        Field("name", "Name", "Whose it is, or what for.", width=18),
        Field("id", "Id", "By what the log tells it.", width=13, made=True),
        Field("scopes", "For", f"With commas: {', '.join(SCOPES)}.", "list", 16, needed="write tickets"),
        Field(
            "addresses",
            "From",
            "Networks with commas: 192.0.2.7, 2001:db8::/32.",
            "list",
            20,
            check=_networks,
            needed="write 192.0.2.7",
        ),
        Field("agent", "Acts for", "An agent's login, whose role counts; empty: itself."),
        Field("active", "In use", "Off: it was revoked.", "switch", 6, made=True),
    ),
    Acts(_read_keys, _add_key, remove=_revoke_key),
    removal="It is revoked at once and for good: whatever uses it is refused.",
    called="API key",
)


def _read_canned(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(
            line.name,
            {
                "name": line.name,
                "folder": line.folder,
                "department": line.department or "",
                "body": line.body,
            },
        )
        for line in canned_answers.canned_answers()
    ]


def _add_canned(_desk: Desk, actor: Actor, values: Values) -> str:
    canned_answers.add(
        actor,
        str(values["name"]),
        str(values["body"]),
        folder=str(values["folder"]),
        department=str(values["department"]) or None,
    )
    return ""


def _edit_canned(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    canned_answers.edit(
        actor,
        key,
        new_name=str(values["name"]) if "name" in values else None,
        body=str(values["body"]) if "body" in values else None,
        folder=str(values["folder"]) if "folder" in values else None,
        department=str(values["department"]) if "department" in values else None,
    )


def _remove_canned(_desk: Desk, actor: Actor, key: str) -> None:
    canned_answers.remove(actor, key)


def _department_names() -> list[str]:
    return [each.name for each in departments.departments() if each.active]


CANNED = Noun(
    "canned",
    "Canned answers",
    "settings.edit",
    "Texts for what is written often, filled with the ticket's facts.",
    (
        Field("name", "Name", "What it is called.", width=28, needed="give a name"),
        Field("folder", "Folder", "Network/VPN is a folder in a folder.", width=20),
        Field(
            "department", "Department", "For its tickets only.", "choice", 18, _department_names, none="all"
        ),
        Field(
            "body",
            "Text",
            "In Markdown, with facts as {{ requester.name }}; F4 shows it.",
            "lines",
            check=canned_answers.checked_body,
            needed="write it first",
        ),
    ),
    Acts(_read_canned, _add_canned, _edit_canned, _remove_canned),
    removal="What was written with it stays.",
    preview=preview_of_canned,
    tried=True,
    called="canned answer",
)


def _read_notifications(_desk: Desk, _actor: Actor) -> list[Record]:
    return [
        Record(line.name, {"name": line.name, "whom": line.whom, "own": line.own})
        for line in recipients.lines()
    ]


def _add_notification(desk: Desk, actor: Actor, values: Values) -> str:
    _edit_notification(desk, actor, str(values["name"]), values)
    return ""


def _edit_notification(_desk: Desk, actor: Actor, key: str, values: Values) -> None:
    event, part = recipients.called(key)
    recipients.set_recipients(actor, event, str(values["whom"]), part)


def _reset_notification(_desk: Desk, actor: Actor, key: str) -> None:
    recipients.reset(actor, *recipients.called(key))


def _whom(text: str) -> None:
    settings.checked("notify.new_ticket", text)


NOTIFICATIONS = Noun(
    "notification",
    "Notifications",
    "settings.edit",
    "Who is mailed of what: on the whole desk, and where it is otherwise.",
    (
        Field(
            "name",
            "Event",
            "An event, and where: noted; noted department IT (topic, mailbox, queue NAME).",
            width=32,
            check=recipients.called,
            needed="write noted",
            fixed=True,
        ),
        Field(
            "whom",
            "Whom",
            "Such as assignee, department, admins, agent:LOGIN, team:NAME; empty: nobody.",
            "list",
            36,
            check=_whom,
        ),
        Field("own", "Own", "Whether it is other than shipped.", "switch", 4, made=True),
    ),
    Acts(_read_notifications, _add_notification, _edit_notification, _reset_notification),
    removal="What holds for the whole desk holds there again; for the whole desk, what is shipped.",
)
