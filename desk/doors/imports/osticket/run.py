"""The import itself: once while the old desk still runs, and again to top up what came since.

What a row became is written in the transaction that makes it (`models.old_desks`), so an import may be
stopped at any moment and begun again. Nobody is told of what is brought over; closed tickets have no clocks.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from config.clock import now
from config.expressions import expression
from config.paths import from_home
from config.secret import Secret
from config.wording import counted
from desk import logs
from desk.doors.imports.osticket import customers, mailboxes, staff
from desk.doors.imports.osticket.brought import Brought
from desk.doors.imports.osticket.customers import BAN_LIST
from desk.doors.imports.osticket.matters import Matters
from desk.doors.imports.osticket.reading import Reading, text
from desk.doors.imports.osticket.tally import OldDeskTally
from desk.errors import Refused, WrongUse
from desk.permissions import require
from desk.tickets import merging
from mail.inert import one_line
from mail.mime import osticket_id
from models import leases, old_desks, tickets
from models.fields import utc_text
from models.osticket.dump import DumpTables
from models.osticket.server import ServerTables
from models.osticket.tables import NotAnOsticket, OldTables
from models.transactions import transaction

if TYPE_CHECKING:
    from threading import Event

    from desk.doors.imports.osticket.rebuilt_mail import OldEntry
    from desk.home import Desk
    from desk.permissions import Actor
    from models.leases import Lease

BATCH = 40
"""Tickets a transaction."""
LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
_OLD_ID = expression(r"<B[^<>\s]{1,400}>")
_COUNTED = (
    ("department", "id", "departments"),
    ("sla", "id", "SLAs"),
    ("help_topic", "topic_id", "help topics"),
    ("staff", "staff_id", "agents"),
    ("team", "team_id", "teams"),
    ("organization", "id", "organizations"),
    ("user", "id", "contacts"),
    ("ticket", "ticket_id", "tickets"),
    ("thread_entry", "id", "messages"),
    ("canned_response", "canned_id", "canned answers"),
    ("email", "email_id", "mailboxes"),
)
_NO_PLACE = (
    ("task", "id", "tasks"),
    ("faq", "faq_id", "articles of the knowledge base"),
    ("filter", "id", "filters"),
    ("email_template_group", "tpl_id", "sets of templates"),
    ("queue", "id", "queues"),
    ("schedule", "id", "schedules of business hours"),
    ("api_key", "id", "API keys"),
    ("plugin_instance", "id", "plug-ins"),
    ("list", "id", "lists of choices"),
)
"""What is counted in the report, so that an admin knows what to make again."""


def require_right(actor: Actor) -> None:
    """Raise NotAllowed unless somebody may bring an old desk here, and so have this one look at it."""
    for action in ("settings.edit", "agent.edit", "mailbox.edit"):
        require(actor, action)


def open_tables(source: str, *, prefix: str, password: Secret, room: Path) -> OldTables:
    """Open the tables at a ``mysql://`` address, or in a dump. Raises Refused, OSError."""
    try:
        if source.startswith(("mysql://", "mariadb://")):
            return ServerTables(source, password, prefix)
        return DumpTables(from_home(source).resolve(strict=True), prefix, room)
    except NotAnOsticket as error:
        raise Refused(str(error), error.hint) from None


def zone_of(said: str, tables: OldTables, desk: Desk) -> tzinfo:
    """Return the zone of the old desk's times: as said, else as its server says, else this desk's."""
    for name in (said, tables.zone):
        if name in ("UTC", "+00:00"):
            return UTC
        try:
            if name:
                return ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            if said:
                raise WrongUse(
                    f"there is no time zone {one_line(said, 60)}", "such as Europe/Berlin"
                ) from None
    return desk.zone


def survey(tables: OldTables, zone: tzinfo) -> OldDeskTally:
    """Return what an import would bring, and what has no place here, without writing anything."""
    reading = Reading(tables, zone)
    tally = OldDeskTally(_name(reading.config()))
    tally.found = {words: len(reading.every(table, column)) for table, column, words in _COUNTED}
    numbers = Counter(text(row["number"]) for row in reading.every("ticket", "number"))
    for given, times in numbers.items():
        if times > 1:
            told = f"number {one_line(given, 40)} belongs to {times} tickets: all but one get another"
            tally.troubles.append(told)
    for given in numbers:
        if tickets.number_taken(one_line(given, 60)):
            tally.troubles.append(f"number {one_line(given, 40)} is taken here: the ticket gets another")
    _count_what_has_no_place(reading, tally)
    return tally


def run_import(
    desk: Desk,
    actor: Actor,
    tables: OldTables,
    *,
    zone: tzinfo,
    salt: str = "",
    stop: Event,
    watch: Callable[[OldDeskTally], None] = lambda _tally: None,
) -> OldDeskTally:
    """Bring over what was not brought over before; `stop` ends it after the batch in hand.

    ``salt``: SECRET_SALT of the old desk; without it the code of its Message-IDs is learned from its mails.
    Raises NotAllowed, and Refused while another process imports from the same desk.
    """
    require_right(actor)
    reading = Reading(tables, zone)
    config = reading.config()
    tally = OldDeskTally(_name(config))
    with transaction():
        desk_id = old_desks.open_desk(tally.name, utc_text(now()))
    lease = leases.acquire(f"import:osticket:{desk_id}", leases.owner_id(), LEASE_SECONDS)
    if lease is None:
        raise Refused(f"{tally.name} is being imported by another process", "wait for it, or end it")
    try:
        _Import(desk, actor, reading, Brought(desk_id, tally), lease).run(salt, stop, watch)
    finally:
        lease.release()
    if tally.tickets or tally.messages:
        brought = f"{counted(tally.tickets, 'ticket')}, {counted(tally.messages, 'message')}"
        told = f"{brought} brought from {tally.name}"
        logs.write("info", "import", told)
    return tally


class _Import:
    def __init__(self, desk: Desk, actor: Actor, reading: Reading, brought: Brought, lease: Lease) -> None:
        self._desk = desk
        self._actor = actor
        self._reading = reading
        self._brought = brought
        self._tally = brought.tally
        self._lease = lease
        self._begun = self._renewed = time.monotonic()

    def run(self, salt: str, stop: Event, watch: Callable[[OldDeskTally], None]) -> None:
        with transaction():
            self._lease.check()
            staff.bring(self._actor, self._reading, self._brought)
            customers.bring(self._actor, self._reading, self._brought)
            mailboxes.bring(self._desk, self._actor, self._reading, self._brought)
            mailboxes.bring_canned_answers(self._actor, self._reading, self._brought)
            staff.switch_off(self._actor, self._reading, self._brought)
            if salt:
                old_desks.set_code(self._brought.desk_id, osticket_id.code_of(salt))
        _count_what_has_no_place(self._reading, self._tally)
        every, known = self._reading.ticket_ids(), dict(self._brought.known("ticket"))
        wanted = [each for each in every if each not in known]
        self._tally.known, self._tally.total = len(known), len(wanted)
        matters = Matters(self._desk, self._brought)
        codes: Counter[str] = Counter()
        for chunk in _chunks(wanted):
            if stop.is_set():
                self._tally.more = True
                return
            found = self._reading.tickets(chunk)
            codes.update(_codes(entry for old in found for entry in old.entries))
            read = [(old, matters.read(old.number, old.entries)) for old in found]
            with transaction():
                self._lease.check()
                for old, entries in read:
                    matters.bring(old, entries)
            self._note_time(watch)
        if codes and not salt:
            with transaction():
                old_desks.set_code(self._brought.desk_id, codes.most_common(1)[0][0])
        self._top_up(matters, [each for each in every if each in known], stop, watch)
        self._merge(wanted)
        self._note_time(watch)

    def _top_up(
        self, matters: Matters, known: Sequence[int], stop: Event, watch: Callable[[OldDeskTally], None]
    ) -> None:
        """Bring what was written in tickets that earlier runs brought."""
        for chunk in _chunks(known):
            if stop.is_set():
                self._tally.more = True
                return
            found = self._reading.tickets(chunk)
            entries = {entry.id for old in found for entry in old.entries}
            there = old_desks.brought(self._brought.desk_id, "entry", entries)
            later = [
                (old, new) for old in found if (new := [each for each in old.entries if each.id not in there])
            ]
            read = [(old, matters.read(old.number, new)) for old, new in later]
            with transaction():
                self._lease.check()
                for old, each in read:
                    ticket_id = self._brought.new_id("ticket", old.id)
                    if ticket_id is not None and tickets.read(ticket_id) is not None:
                        matters.top_up(ticket_id, old, each)
            self._note_time(watch)

    def _merge(self, wanted: Sequence[int]) -> None:
        """Merge here what was merged there."""
        for old in self._reading.merged(wanted):
            source, target = self._brought.new_id("ticket", old.id), self._brought.new_id("ticket", old.into)
            here, there = tickets.read(source or 0), tickets.read(target or 0)
            if here is not None and there is not None and here.merged_into_id is None:
                merging.merge(self._actor, [here.number], there.number)

    def _note_time(self, watch: Callable[[OldDeskTally], None]) -> None:
        self._tally.seconds = time.monotonic() - self._begun
        watch(self._tally)
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            self._lease.renew()
            self._renewed = time.monotonic()


def _name(config: dict[str, str]) -> str:
    return one_line(config.get("helpdesk_url") or config.get("helpdesk_title") or "osTicket", 300)


def _codes(entries: Iterable[OldEntry]) -> Iterator[str]:
    """Yield the codes in the Message-IDs that customers' mails answer: those of the old desk's own mails."""
    for entry in entries:
        for found in _OLD_ID.findall(entry.headers):
            if (said := osticket_id.read(found)) is not None:
                yield said.code


def _count_what_has_no_place(reading: Reading, tally: OldDeskTally) -> None:
    for table, column, words in _NO_PLACE:
        rows = reading.every(table, column, "name")
        count = sum(1 for row in rows if row["name"] != BAN_LIST)
        if count:
            tally.no_place[words] = count
    if elsewhere := reading.files_elsewhere():
        tally.no_place["files that a plug-in keeps outside of the database"] = elsewhere


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while chunk := list(islice(rest, BATCH)):
        yield chunk
