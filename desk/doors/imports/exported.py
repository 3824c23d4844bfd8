"""Takes what `nightdesk export` wrote into this desk: tickets as they were, each exactly once.

What a ticket became is written in the transaction that makes it (`models.old_desks`), so an import may be
stopped at any moment and begun again. Nobody is told of what comes, and mail that waited to be sent waits for
a person's word. On a desk that had no ticket rows keep their ids, and with them the names of their files.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.clock import now
from config.expressions import expression
from config.paths import from_home
from config.records import Record
from config.wording import counted
from desk import logs
from desk.doors.imports.osticket.run import require_right
from desk.erasure import erased_here
from desk.errors import Refused
from desk.filters.sweep import pass_by
from desk.tickets import lifecycle
from mail.erasing import as_text, texts_of
from mail.inert import one_line
from mail.mime.domain import ascii_domain, unicode_domain
from models import blobs, carried, leases, old_desks, tickets
from models.carried import Ids, Rows, StoredBlob, Values
from models.fields import utc_text
from models.settings import let_next_ticket_number_be, next_ticket_number_is
from models.transactions import DatabaseFailed, StatementFailed, transaction

if TYPE_CHECKING:
    from threading import Event

    from desk.home import Desk
    from desk.permissions import Actor
    from models.leases import Lease

VERSION = 1
"""Of the rows in an export; another number is another format."""
ROWS, NAMED = "rows.jsonl", "named.jsonl"
"""The files of an export with the rows of tickets, and with what these name."""

BATCH = 40
BATCH_BYTES = 16 * 2**20
"""A transaction ends with the ticket that reaches this size."""
LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
_MOST_TOLD = 200
_AT = expression(r"@([^\s\"'<>()\[\]:;,\\]{1,255})")
_NO_LOCAL = expression(r"[\s\"'<>()\[\]:;,\\=]")
_LONGEST_LOCAL = 128
_AROUND = ".!?*_|`{}~"
"""What may stand at an address that is none of it."""


@dataclass(slots=True)
class ExportTally:
    """What an import of an export did, or would do; grows while it runs."""

    path: str
    desk: str = ""
    """The random name of the desk that wrote it."""
    made: Counter[str] = field(default_factory=Counter)
    """What was made because tickets name it: departments, agents, contacts, ..."""
    tickets: int = 0
    messages: int = 0
    files: int = 0
    known: int = 0
    """Tickets that earlier runs brought, or that are here anyway."""
    total: int = 0
    held: int = 0
    """Mails that wait for a person's word."""
    renumbered: dict[str, str] = field(default_factory=dict)
    """The new number of each ticket whose old one is taken here."""
    erased: list[str] = field(default_factory=list)
    """Numbers of tickets that were left out, because they name somebody who was erased here."""
    troubles: list[str] = field(default_factory=list)
    more: bool = False
    """It was stopped before the end."""
    seconds: float = 0.0


class _Group(Record):
    """A ticket of the export with all that hangs on it, read and not yet written."""

    ticket: int
    number: str
    rows: Rows
    links: list[Values]
    referring: Sequence[Sequence[int]]
    copies: Sequence[Sequence[int]]
    blobs: Sequence[StoredBlob]
    raws: Sequence[tuple[StoredBlob, bytes]]
    text: str


def run_import(
    desk: Desk,
    actor: Actor,
    path: Path,
    *,
    with_erased: bool = False,
    dry_run: bool = False,
    stop: Event,
    watch: Callable[[ExportTally], None] = lambda _tally: None,
) -> ExportTally:
    """Take in what an export has and was not taken in before; `stop` ends it after the batch in hand.

    ``with_erased``: tickets that name somebody who was erased from this desk come, too. ``dry_run``: say what
    would be done, write nothing. Raises NotAllowed, Refused for what is no whole export, OSError.
    """
    require_right(actor)
    with _told_of(source := _Source(from_home(path).resolve())):
        return _import_from(source, desk, stop, watch, with_erased=with_erased, dry_run=dry_run)


def _import_from(
    source: _Source,
    desk: Desk,
    stop: Event,
    watch: Callable[[ExportTally], None],
    *,
    with_erased: bool,
    dry_run: bool,
) -> ExportTally:
    tally = ExportTally(str(source.path), str(source.head["desk"]))
    if dry_run:
        _Survey(desk, source, tally, with_erased=with_erased).run(watch)
        return tally
    with transaction():
        known_as = old_desks.open_desk(f"nightdesk {tally.desk}", utc_text(now()))
    lease = leases.acquire(f"import:export:{known_as}", leases.owner_id(), LEASE_SECONDS)
    if lease is None:
        raise Refused(f"{source.path} is being imported by another process", "wait for it, or end it")
    try:
        _Import(desk, source, tally, known_as, lease, with_erased=with_erased).run(stop, watch)
    finally:
        lease.release()
    if tally.tickets:
        told = f"{counted(tally.tickets, 'ticket')} brought from the export {source.path}"
        logs.write("info", "import", one_line(told, 500))
    return tally


@contextmanager
def _told_of(source: _Source) -> Iterator[None]:
    """Say where an export is not as it was written: its lines are read as what wrote them meant."""
    try:
        yield
    except DatabaseFailed:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, StatementFailed) as error:
        raise Refused(
            f"{source.path} is not as it was exported: see line {source.line} of {source.name}, or before",
            "copy or write the export once more; what came so far stays",
        ) from error


class _Source:
    """The files of an export. ``name`` and ``line`` tell how far they were read."""

    def __init__(self, path: Path) -> None:
        self.name, self.line = ROWS, 1
        if not path.is_dir():
            path.stat()
            raise Refused(f"{path} is no directory", "name the directory that nightdesk export wrote")
        if path.name.startswith(".") and path.name.endswith(".part"):
            raise Refused(f"{path} is an export that was interrupted", "export again")
        if not (path / ROWS).is_file() or not (path / NAMED).is_file():
            raise Refused(
                f"{path} has no {ROWS} and {NAMED}: an older nightdesk export wrote it, or none",
                "export again; mails alone come by nightdesk import eml",
            )
        self.path = path
        self.head = next(self._lines(ROWS), {})
        if self.head.get("nightdesk") != "rows" or "desk" not in self.head:
            raise Refused(f"{path / ROWS} does not begin as an export does", "export again")
        schema = self.head.get("schema")
        if self.head.get("version") != VERSION or not isinstance(schema, int) or schema > carried.SCHEMA:
            raise Refused(
                f"{path} was written by a newer Nightdesk", "upgrade this one, then begin the import again"
            )

    def named(self) -> Iterator[dict[str, Any]]:
        """Yield what tickets name, each behind what it names itself."""
        return self._lines(NAMED)

    def tickets(self, wanted: Callable[[int], bool] = lambda _: True) -> Iterator[dict[str, Any]]:
        """Yield the tickets that are wanted; of others no more is read than their id."""
        for line in self._lines(ROWS, wanted):
            if "ticket" in line:
                yield line

    def _lines(self, name: str, wanted: Callable[[int], bool] = lambda _: True) -> Iterator[dict[str, Any]]:
        with (self.path / name).open("rb") as file:
            for number, line in enumerate(file, 1):
                self.name, self.line = name, number
                begin = _TICKET.match(line)
                if begin is not None and not wanted(int(begin[1])):
                    continue
                try:
                    document = json.loads(line)
                except ValueError:
                    document = None
                if not isinstance(document, dict):
                    raise Refused(
                        f"line {number} of {self.path / name} cannot be read",
                        "copy the export once more; what came so far stays",
                    )
                yield document

    def group(self, line: dict[str, Any]) -> _Group:
        """Read the mails and files of a ticket. Raises _Lacking for one that is not what was exported."""
        raws: list[tuple[StoredBlob, bytes]] = []
        gone: list[StoredBlob] = []
        for each in line["blobs"]:
            blob = StoredBlob(each["sha256"], each["size"])
            if each["file"] is None:
                gone.append(blob)
                continue
            raw = self.file(each["file"])
            if hashlib.sha256(raw).hexdigest() != blob.sha256:
                raise _Lacking(f"{each['file']} holds other bytes than were exported")
            raws.append((blob, raw))
        return _Group(
            line["ticket"],
            str(line["rows"]["ticket"][0]["number"]),
            line["rows"],
            line["links"],
            line["referred_by"],
            line["copies"],
            gone,
            raws,
            json.dumps(line["rows"], ensure_ascii=False),
        )

    def file(self, name: str) -> bytes:
        """Return a file of the export, and none beside it."""
        path = (self.path / name).resolve()
        if self.path not in path.parents:
            raise _Lacking(f"{one_line(name, 100)} is outside of the export")
        try:
            return path.read_bytes()
        except OSError as error:
            raise _Lacking(f"{name}: {(error.strerror or str(error)).lower()}") from None


_TICKET = expression(rb'\{"ticket": ?([0-9]{1,18}),')


class _Lacking(Exception):
    """A ticket cannot come whole."""


class _Erased:
    """Knows who was erased from this desk."""

    def __init__(self, desk: Desk, source: _Source) -> None:
        self._is_erased = erased_here(desk)
        self._same_desk = source.head["desk"] == desk.desk_id
        self.contacts: set[int] = set()
        """By the ids of the export."""
        for line in source.named():
            if line["kind"] == "contact" and self._is_one(line):
                self.contacts.add(line["row"]["id"])

    def _is_one(self, line: dict[str, Any]) -> bool:
        row = line["row"]
        others = [each["email"] for each in line["more"].get("contact_address", ())]
        if self._is_erased is not None and any(map(self._is_erased, (row["email"], *others))):
            return True
        return self._same_desk and carried.is_erased(row["id"]) and not row["email"].endswith(".invalid")

    def names_one(self, rows: Rows, text: str, raws: Iterable[bytes]) -> bool:
        """Whether a ticket tells of somebody who was erased, in its rows, mails or files."""
        people = {each.get("contact_id") for some in rows.values() for each in some}
        if not self.contacts.isdisjoint(people):
            return True
        if self._is_erased is None:
            return False
        decoded = (said for raw in raws for said in (as_text(raw), *texts_of(raw)))
        return any(map(self._is_erased, set(_addresses((text, *decoded)))))


def _addresses(texts: Iterable[str]) -> Iterator[str]:
    """Yield what may be addresses in texts, in every way that a desk may know them."""
    for text in texts:
        for found in _AT.finditer(text):
            before = text[max(0, found.start() - _LONGEST_LOCAL) : found.start()]
            local = _NO_LOCAL.split(before)[-1]
            for name in {local, local.lstrip(_AROUND)}:
                domain = found[1].rstrip(_AROUND)
                yield from {
                    f"{name}@{each}" for each in (domain, ascii_domain(domain), unicode_domain(domain))
                }


class _Run:
    """What a survey and an import have in common."""

    def __init__(self, desk: Desk, source: _Source, tally: ExportTally, *, with_erased: bool) -> None:
        self._desk = desk
        self._source = source
        self._tally = tally
        self._erased = _Erased(desk, source)
        self._with_erased = with_erased
        self._same_desk = source.head["desk"] == desk.desk_id
        self._taken: set[str] = set()

    def _left_out(self, number: str, rows: Rows, text: str, raws: Iterable[bytes]) -> bool:
        if self._with_erased or not self._erased.names_one(rows, text, raws):
            return False
        self._tally.erased.append(number)
        return True

    def _is_here(self, line: dict[str, Any]) -> bool:
        """Whether it is this desk's own ticket, which is still here."""
        if not self._same_desk:
            return False
        stored, told = tickets.read(line["ticket"]), line["rows"]["ticket"][0]
        return stored is not None and (stored.number, stored.created) == (told["number"], told["created"])

    def _number(self, number: str, ticket_id: int) -> str:
        """Return the number that a ticket gets, which is its own unless that is taken."""
        if not tickets.number_taken(number) and number not in self._taken:
            return number
        tries = (f"{number}-{ticket_id}", *(f"{number}-{ticket_id}-{count}" for count in range(2, 1000)))
        other = next(each for each in tries if not tickets.number_taken(each) and each not in self._taken)
        self._tally.renumbered[number] = other
        return other

    def _trouble(self, number: str, what: object) -> None:
        told = one_line(f"ticket #{number} was left out: {what}", 300)
        if len(self._tally.troubles) < _MOST_TOLD:
            self._tally.troubles.append(told)
        else:
            self._tally.more = True


class _Survey(_Run):
    """Says what an import would do."""

    def run(self, watch: Callable[[ExportTally], None]) -> None:
        tally = self._tally
        for line in self._source.named():
            erased = line["kind"] == "contact" and line["row"]["id"] in self._erased.contacts
            if (self._with_erased or not erased) and carried.here(line["kind"], line["row"]) is None:
                tally.made[line["kind"]] += 1
        known = old_desks.brought_by(f"nightdesk {tally.desk}", "ticket")
        for line in self._source.tickets():
            tally.total += 1
            number = str(line["rows"]["ticket"][0]["number"])
            if line["ticket"] in known or self._is_here(line):
                tally.known += 1
                continue
            try:
                raws = [self._source.file(each["file"]) for each in line["blobs"] if each["file"] is not None]
            except _Lacking as error:
                self._trouble(number, error)
                continue
            if self._left_out(number, line["rows"], json.dumps(line["rows"], ensure_ascii=False), raws):
                continue
            self._taken.add(self._number(number, line["ticket"]))
            _count(tally, line["rows"])
            watch(tally)


class _Import(_Run):
    """One run of an import."""

    def __init__(
        self,
        desk: Desk,
        source: _Source,
        tally: ExportTally,
        known_as: int,
        lease: Lease,
        *,
        with_erased: bool,
    ) -> None:
        super().__init__(desk, source, tally, with_erased=with_erased)
        self._known_as = known_as
        self._lease = lease
        self._begun = self._renewed = time.monotonic()
        self._ids = Ids(kept=self._keeps_ids())
        self._brought_of: dict[str, dict[int, int]] = {}
        self._made: dict[str, set[int]] = {}

    def _keeps_ids(self) -> bool:
        """Whether rows have the ids that they had: decided when the import begins, and kept to."""
        with transaction():
            said = old_desks.brought(self._known_as, "ids kept").get(0)
            if said is None:
                said = int(self._same_desk or not carried.given())
                old_desks.note(self._known_as, "ids kept", 0, said)
                if said and not self._same_desk:
                    there = int(self._source.head["next"])
                    let_next_ticket_number_be(max(there, next_ticket_number_is()))
                for sequence, there in dict(self._source.head.get("sequences", {})).items():
                    least = next_ticket_number_is(sequence)
                    let_next_ticket_number_be(max(int(there), least), sequence)
        return bool(said)

    def run(self, stop: Event, watch: Callable[[ExportTally], None]) -> None:
        self._bring_named()
        known = old_desks.brought(self._known_as, "ticket")
        for old, new in {**old_desks.brought(self._known_as, "merged ticket"), **known}.items():
            self._ids.note("ticket", old, new)
        self._tally.known = self._tally.total = len(known)
        for batch in self._batches(known):
            if stop.is_set():
                self._tally.more = True
                return
            self._store(batch)
            self._tally.seconds = time.monotonic() - self._begun
            watch(self._tally)
            self._keep_lease()

    def _keep_lease(self) -> None:
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            self._lease.renew()
            self._renewed = time.monotonic()

    def _batches(self, known: dict[int, int]) -> Iterator[list[_Group]]:
        batch: list[_Group] = []
        size = 0
        for line in self._source.tickets(lambda ticket: ticket not in known):
            self._tally.total += 1
            number = str(line["rows"]["ticket"][0]["number"])
            if self._is_here(line):
                self._tally.known += 1
                self._ids.note("ticket", line["ticket"], line["ticket"])
                continue
            try:
                group = self._source.group(line)
            except _Lacking as error:
                self._trouble(number, error)
                continue
            if self._left_out(number, group.rows, group.text, (raw for _, raw in group.raws)):
                continue
            batch.append(group)
            size += len(group.text) + sum(len(raw) for _, raw in group.raws)
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _bring_named(self) -> None:
        """Make what tickets name and is not here, some rows a transaction."""
        some: list[dict[str, Any]] = []
        for line in self._source.named():
            some.append(line)
            if len(some) >= BATCH:
                self._name(some)
                self._keep_lease()
                some = []
        self._name(some)
        with transaction():
            self._lease.check()
            for line in self._source.named():
                if line["kind"] in carried.WITH_PARENTS and self._was_made(line):
                    self._set_parent(line["kind"], line["row"])
                if line["kind"] == "contact" and self._was_made(line):
                    carried.complete_people(line["more"], self._ids)
            carried.note_given()

    def _set_parent(self, table: str, row: Values) -> None:
        # An export of an earlier program does not tell it of topics.
        parent, here = self._ids(table, row.get("parent_id")), self._ids(table, row["id"])
        if parent is not None and here is not None:
            carried.set_parent(table, here, parent)

    def _name(self, lines: Sequence[dict[str, Any]]) -> None:
        with transaction():
            self._lease.check()
            for line in lines:
                self._name_one(line["kind"], line["row"], line["more"])

    def _name_one(self, kind: str, row: Values, more: Rows) -> None:
        ids = self._ids
        if kind == "custom_field":
            ids.kinds[row["id"]] = row["kind"]
        if kind == "contact" and row["id"] in self._erased.contacts and not self._with_erased:
            return
        if (brought := self._brought(kind).get(row["id"])) is not None:
            ids.note(kind, row["id"], brought)
            return
        here = carried.here(kind, row)
        if here is None:
            old_desks.note(self._known_as, kind, row["id"], carried.make(kind, row, more, ids))
            self._made.setdefault(kind, set()).add(row["id"])
            self._tally.made[kind] += 1
        elif kind == "custom_field" and carried.kind_here(here) != (row["kind"], row["belongs_to"]):
            told = f"the field {row['name']} is of another kind here: what stands in it was left out"
            self._tally.troubles.append(one_line(told, 300))
        else:
            ids.note(kind, row["id"], here)

    def _brought(self, kind: str) -> dict[int, int]:
        if kind not in self._brought_of:
            self._brought_of[kind] = old_desks.brought(self._known_as, kind)
        return self._brought_of[kind]

    def _was_made(self, line: dict[str, Any]) -> bool:
        kind, row_id = line["kind"], line["row"]["id"]
        return row_id in self._brought(kind) or row_id in self._made.get(kind, ())

    def _store(self, batch: Sequence[_Group]) -> None:
        raws = [raw for group in batch for raw in group.raws]
        laid = blobs.write_blobs(blobs.pack([raw for _, raw in raws]), self._desk.blob_threshold)
        with transaction():
            self._lease.check()
            for (blob, _), packed in zip(raws, laid, strict=True):
                self._ids.note("blob", blob.sha256, blobs.insert(packed))
            moment, came = now(), []
            for group in batch:
                for blob in group.blobs:
                    carried.note_blob(blob, self._ids)
                number = self._number(group.number, group.ticket)
                new = lifecycle.carried_over(
                    group.rows, group.links, number, group.referring, self._ids, moment
                )
                came.append(new)
                old_desks.note(self._known_as, "ticket", group.ticket, new)
                for each in group.rows["ticket"][1:]:
                    merged = self._ids("ticket", each["id"])
                    old_desks.note(self._known_as, "merged ticket", each["id"], merged or 0)
                self._pair_copies(group.copies)
                for table in _OF_ONE_TICKET:
                    self._ids.forget(table)
                _count(self._tally, group.rows)
            self._ids.forget("blob")
            pass_by(self._desk, came, moment)
            carried.note_given()

    def _pair_copies(self, copies: Sequence[Sequence[int]]) -> None:
        """Have receipts of one mail in two tickets name each other, once both are here."""
        known = self._brought("receipt")
        for pair in copies:
            for each in pair:
                new = self._ids("receipt", each)
                if new is not None:
                    old_desks.note(self._known_as, "receipt", each, new)
                    known[each] = new
            if pair[0] in known and pair[1] in known:
                carried.set_copy(known[pair[0]], known[pair[1]])


_OF_ONE_TICKET = ("receipt", "message", "delivery", "event", "note_version", "time_spent")


def _count(tally: ExportTally, rows: Rows) -> None:
    tally.tickets += 1
    tally.messages += len(rows.get("message", ()))
    tally.files += len(rows.get("attachment", ()))
    tally.held += sum(1 for each in rows.get("delivery", ()) if not each["done"])
