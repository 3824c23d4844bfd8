"""Who is notified of what in a part of the desk: in place of its settings, but for a queue in addition."""

from __future__ import annotations

from typing import Literal, get_args

import peewee

from config.records import Record
from models.database import Row
from models.fields import one_of
from models.statements import Lookup, Statement

NotificationScope = Literal["mailbox", "topic", "department", "queue"]
SCOPES: tuple[NotificationScope, ...] = get_args(NotificationScope)


class Notification(Row):
    """Who is notified of an event in a mailbox, help topic, department or queue; empty: nobody."""

    event = peewee.TextField()
    scope = peewee.TextField(constraints=[one_of("scope", SCOPES)])
    scope_id = peewee.IntegerField()
    whom = peewee.TextField(default="")


Notification.add_index(
    Notification.event,
    Notification.scope,
    Notification.scope_id,
    unique=True,
    name="notification_place",
)


class StoredNotification(Record):
    """A row as it is stored."""

    event: str
    scope: NotificationScope
    scope_id: int
    whom: str


_READ = (Notification.event, Notification.scope, Notification.scope_id, Notification.whom)
_EVERY = Lookup(
    lambda p: Notification.select(*_READ).order_by(
        Notification.event, Notification.scope, Notification.scope_id
    ),
    StoredNotification,
)
_WRITE = Statement(
    lambda p: Notification.insert(
        {
            Notification.event: p("event"),
            Notification.scope: p("scope"),
            Notification.scope_id: p("scope_id"),
            Notification.whom: p("whom"),
        }
    ).on_conflict(
        conflict_target=[Notification.event, Notification.scope, Notification.scope_id],
        update={Notification.whom: p("whom")},
    )
)
_DELETE = Statement(
    lambda p: Notification.delete().where(
        Notification.event == p("event"),
        Notification.scope == p("scope"),
        Notification.scope_id == p("scope_id"),
    )
)


def every() -> list[StoredNotification]:
    """Return all rows, by event."""
    return _EVERY.every()


def has_recipients(event: str) -> bool:
    """Whether a part of the desk has its own recipients for an event."""
    return any(each.event == event and each.whom for each in every())


def write(row: StoredNotification) -> None:
    """Store who is notified there, in place of what was stored."""
    _WRITE.run(event=row.event, scope=row.scope, scope_id=row.scope_id, whom=row.whom)


def delete(event: str, scope: NotificationScope, scope_id: int) -> bool:
    """Remove a row; False when there is none."""
    return _DELETE.changed(event=event, scope=scope, scope_id=scope_id) == 1
