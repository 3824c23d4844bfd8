"""A new desk's database: every table as its module declares it, and the rows that a desk begins with."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import peewee

from config.files import fsync_dir
from models import sqlite
from models.agents import Agent, AgentDepartment
from models.api_keys import ApiKey
from models.blobs import Blob
from models.canned_answers import CannedAnswer
from models.contacts import Contact, ContactAddress, ContactField
from models.custom_fields import CustomField, CustomFieldTopic
from models.database import SCHEMA_VERSION, DeskDatabase, Row
from models.deliveries import Delivery, Recipient
from models.departments import Department
from models.drafts import Draft
from models.events import Event
from models.fetch_runs import FetchRun
from models.filters import Ban, Filter, FilterAct
from models.folders import DeletedUidl, FolderMark, Preexisting
from models.groups import GroupGrant
from models.hosts import Host
from models.imports import ImportFile, ImportSource
from models.leases import LeaseRow
from models.links import TicketLink
from models.listeners import Call, Listener
from models.logs import LogEntry
from models.mailboxes import Mailbox, MailboxAlias, MailboxOAuth2
from models.messages import Attachment, Awaited, Message
from models.migrate import note_as_done
from models.note_versions import NoteVersion
from models.notices import HeldNotice, Notice
from models.notifications import Notification
from models.old_desks import BroughtRow, OldDesk
from models.organizations import Organization, OrganizationDomain, OrganizationMember
from models.presence import Presence
from models.queues import SHIPPED, Queue
from models.receipts import Receipt
from models.recurring import Occurrence, Recurring
from models.roles import Role
from models.scratch import scratch
from models.settings import Sequence, Setting
from models.slas import Sla
from models.statuses import NamedStatus
from models.tasks import Task
from models.teams import Team, TeamMember
from models.templates import Template
from models.tickets import Collaborator, Seen, Ticket, TicketField, TicketReferral, TicketTag
from models.time_spent import Timer, TimeSpent
from models.topics import Topic
from models.turns import Turn
from models.watches import Watch
from models.withheld import WithheldMail

TABLES: tuple[type[Row], ...] = (
    *(Setting, Sequence, LeaseRow, Host, Sla, Department, Role, Agent, AgentDepartment),
    *(Team, TeamMember, Turn, GroupGrant, NamedStatus, Topic),
    *(Mailbox, MailboxAlias, MailboxOAuth2, FolderMark, Preexisting, DeletedUidl, WithheldMail),
    *(FetchRun, ImportSource, ImportFile, OldDesk, BroughtRow),
    *(CustomField, CustomFieldTopic),
    *(Contact, ContactAddress, ContactField, Organization, OrganizationDomain, OrganizationMember),
    *(Blob, Ticket, TicketTag, TicketField, Collaborator, TicketReferral, Seen),
    *(Task, TimeSpent, Timer, Recurring, Occurrence),
    *(
        Receipt,
        Message,
        Attachment,
        Awaited,
        Event,
        Delivery,
        Recipient,
        Draft,
        Presence,
        TicketLink,
        NoteVersion,
        ApiKey,
        LogEntry,
    ),
    *(
        CannedAnswer,
        Template,
        Notice,
        HeldNotice,
        Notification,
        Watch,
        Listener,
        Call,
        Filter,
        FilterAct,
        Ban,
        Queue,
    ),
)
"""Every table, each behind those it refers to."""


def create_database(path: Path) -> None:
    """Make a whole new database beside ``path`` (0600), then rename it; of two at once one wins."""
    _create(path, SCHEMA_VERSION, create_tables)


def create_empty_database(path: Path, version: int) -> None:
    """Make a database with the tables of a desk and no row in them, which has the number ``version``."""
    _create(path, version, create_empty_tables)


def _create(path: Path, version: int, fill: Callable[[peewee.Database], None]) -> None:
    with scratch(path.parent, "init-") as folder:
        new = folder / path.name
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(new)) as opened:
            opened.execute("PRAGMA journal_mode = wal")
        handle = DeskDatabase(new)
        fill(handle)
        note_as_done(handle, version)
        handle.close()
        with suppress(FileExistsError):
            os.link(new, path)
        fsync_dir(path.parent)


def create_tables(database: peewee.Database) -> None:
    """Make all tables in an empty file, and the rows that a desk begins with."""
    with database.atomic(), declared(database):
        create_empty_tables(database)
        write_first_rows()


def create_empty_tables(database: peewee.Database) -> None:
    """Make all tables in an empty file."""
    with database.atomic(), declared(database):
        database.create_tables(TABLES, safe=False)
        sqlite.create_search(database)
        database.execute_sql(sqlite.WHEN_CLOSED)


@contextmanager
def declared(database: peewee.Database) -> Iterator[None]:
    """Make the tables mean this database within the block, and their columns declare their defaults."""
    with database.bind_ctx(TABLES):
        for table in TABLES:
            _prepare(table)
        yield


def write_first_rows() -> None:
    """Write the rows that a desk begins with."""
    Sla.insert(id=1, name="Standard", hours=18).execute()
    Department.insert(id=1, name="Support", sla=1).execute()
    Role.insert(id=1, name="Admin", actions=["*"]).execute()
    Sequence.insert(name="ticket", next=1).execute()
    for name, query, sort in SHIPPED:
        Queue.insert(name=name, query=query, sort=sort, tab=False).execute()


def _prepare(table: type[Row]) -> None:
    """Have a column's default in the database too, for statements that leave the column out.

    Indexes are declared by name, for the queries that want them: a foreign key gets none by itself.
    """
    for field in table._meta.sorted_fields:
        if isinstance(field, peewee.ForeignKeyField):
            field.index = False
        constraints = field.constraints or []
        if field.default is None or any(str(each.sql).startswith("DEFAULT") for each in constraints):
            continue
        value = field.db_value(field.default() if callable(field.default) else field.default)
        field.constraints = [peewee.SQL(f"DEFAULT {_quoted(value)}"), *constraints]


def _quoted(value: str | int) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(int(value))
