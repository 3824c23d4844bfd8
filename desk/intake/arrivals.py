"""What came through a door, and what was read in it before the database is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from threading import Thread
from typing import TYPE_CHECKING

from config.clock import now
from config.expressions import expression
from config.records import Record
from desk.intake.digests import mail_digest
from mail.inert import one_line

if TYPE_CHECKING:
    from mail.mime.address import Address
    from mail.mime.author import NamedPeople
    from mail.mime.automated import MachineMail
    from mail.mime.bounces import BouncedRecipient
    from mail.mime.message import ParsedMail, Part
    from mail.mime.quotes.pieces import Piece
    from models.blobs import Packed
    from models.custom_fields import FieldValue

MAX_TEXT = 1_000_000
"""Characters of a mail's text that are kept in its message; the raw mail has the rest."""

MAX_REFERENCES = 50
MAX_RECIPIENTS = 200
_HEADLINE_BYTES = 16_384
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_FORWARD_FIELDS = ("x-forwarded-for", "x-forwarded-to", "x-rcpt-to", "x-real-to", "x-resolved-to")
_RECEIVED_FOR = expression(r"\bfor <([^<>\s]{1,320})>")
_ENVELOPE_FIELDS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")


ArrivalKey = tuple[int | None, str | None, int | None, int | str | None]


class Arrival(Record):
    """Raw bytes and where they came from.

    ``door`` is ``imap``, ...; ``folder``, ``uidvalidity`` and ``uid`` are given by doors that number their
    mails; ``uidl`` by POP3, where ``folder`` is empty and ``uidvalidity`` counts how often the server
    changed all its ids. ``archive``: old mail that is only filed: nobody is told, nothing is due.
    ``recipient``: whom the envelope named, in lower case; empty where a door has none. ``quiet``: nobody,
    within or outside, is told because of it. ``topic_id``, ``priority`` and ``fields`` (of the desk's own, by
    their ids): what a caller chose for a new ticket.
    """

    raw: bytes
    door: str
    mailbox_id: int | None = None
    folder: str | None = None
    uidvalidity: int | None = None
    uid: int | None = None
    uidl: str | None = None
    internaldate: datetime | None = None
    archive: bool = False
    recipient: str = ""
    quiet: bool = False
    topic_id: int | None = None
    priority: int | None = None
    fields: tuple[tuple[int, FieldValue], ...] = ()

    @property
    def numbered(self) -> bool:
        """Whether the server has a lasting name for this mail."""
        return self.uid is not None or self.uidl is not None

    @property
    def key(self) -> ArrivalKey:
        """By what the ledger knows a numbered arrival."""
        if self.uidl is not None:
            return self.mailbox_id, self.folder, None, self.uidl
        return self.mailbox_id, self.folder, self.uidvalidity, self.uid


class IncomingMail(Record):
    """What intake needs of a mail, all of it inert."""

    message_id: str | None
    subject: str
    named: NamedPeople
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    references: tuple[str, ...]
    """In-Reply-To, then References from the newest to the oldest; each once."""
    envelope: tuple[str, ...]
    """Addresses that servers on the way wrote down as the recipient."""
    arrived_by: frozenset[str]
    """These, and addresses that this copy was forwarded from: answers to them would come back."""
    date: datetime | None
    created: datetime
    text: str
    from_html: bool
    pieces: tuple[Piece, ...]
    """What of `text` is new, and what is quoted, signature or footer."""
    attachments: tuple[Part, ...]
    machine: MachineMail
    own_desk_id: str | None
    bounced: tuple[BouncedRecipient, ...]
    authentication: tuple[str, ...]
    """The values of Authentication-Results, topmost first; none where From is not one address alone."""
    signatures: tuple[str, ...]
    """The values of DKIM-Signature, topmost first; none where From is not one address alone."""
    names: tuple[str, ...]
    """The names of a signed mail's header fields in lower case, with repetitions."""
    language: str
    """Content-Language as its sender wrote it (RFC 3282), empty if not."""
    says_one_author: bool
    """Whether From is one address alone, and Sender, if there is one, is the same."""
    ends_early: bool = False
    """Whether the last of its parts is not ended: it may have been cut off on its way."""
    signed_for: str = ""
    """What a DKIM signature proves, as far as it was looked at (see `desk.intake.proofs`)."""

    @property
    def by_person(self) -> bool:
        """Whether a human wrote it, be it through a mailing list."""
        return self.machine.kind in ("human", "list")


class Reading(Record):
    """What was read in a mail, and what was in the way of it. ``mail`` is None when it could not be read."""

    mail: IncomingMail | None
    trouble: str = ""
    headline: tuple[str, str, str | None] = ("", "", None)
    """Sender, subject and Message-ID of one without ``mail``, as far as they can be read."""


Packing = Callable[[], Sequence[tuple["Packed", str]]]
"""Waits until a batch is packed; returns of each mail its raw bytes, packed, and its digest."""


class Prepared(Record):
    """An arrival that was read, hashed and packed. The first three are what `Reading` has."""

    arrival: Arrival
    mail: IncomingMail | None
    trouble: str
    headline: tuple[str, str, str | None]
    packing: Packing
    place: int

    @property
    def packed(self) -> Packed:
        """The raw mail, large ones already on disk; waits for that. Raises OSError when it could not be."""
        return self.packing()[self.place][0]

    @property
    def digest(self) -> str:
        """What copies of this mail have in common, whatever way they came."""
        return self.packing()[self.place][1]


def parse_ahead(
    arrivals: Sequence[Arrival],
    small: int | None = None,
    moment: datetime | None = None,
    zone: Callable[[], tzinfo] = lambda: UTC,
) -> list[Prepared]:
    """Read a batch without the database: parse, hash, compress, write large blobs durably.

    ``moment``: when the mails came, where neither they nor their door say so. Invitations say when in
    ``zone``. For several mails hashes, compression and disk run beside the parser, in a thread. Never raises
    for what a mail holds.
    """
    # A thread costs a piped mail 3 ms, and spares it nothing.
    packing = pack_ahead(arrivals, small, beside=len(arrivals) > 1)
    return prepared(arrivals, read_all(arrivals, moment, zone), packing)


def read_all(
    arrivals: Sequence[Arrival],
    moment: datetime | None = None,
    zone: Callable[[], tzinfo] = lambda: UTC,
) -> list[Reading]:
    """Parse the mails of a batch, as `parse_ahead` does, and nothing else."""
    moment = moment or now()
    return [_read(arrival, moment, zone) for arrival in arrivals]


def pack_ahead(arrivals: Sequence[Arrival], small: int | None = None, *, beside: bool = True) -> Packing:
    """Hash and compress the mails of a batch, ``beside`` whatever comes next, and write the large ones."""
    packing = _Packing([arrival.raw for arrival in arrivals], small)
    if beside:
        packing.start()
    else:
        packing.run()
    return packing.result


def prepared(arrivals: Sequence[Arrival], readings: Sequence[Reading], packing: Packing) -> list[Prepared]:
    """Return a batch as intake takes it."""
    return [
        Prepared(arrival, *reading, packing, place)
        for place, (arrival, reading) in enumerate(zip(arrivals, readings, strict=True))
    ]


class _Packing(Thread):
    """Hashes, compresses and writes the raw mails of a batch."""

    def __init__(self, raws: Sequence[bytes], small: int | None) -> None:
        super().__init__(daemon=True)
        self._raws = raws
        self._small = small
        self._packed: list[tuple[Packed, str]] = []
        self._failed: BaseException | None = None

    def run(self) -> None:
        from models import blobs  # 50 ms, which a process that only reads mail is spared

        try:
            writer, places = blobs.prepare(self._raws, self._small)
            digests = [mail_digest(raw) for raw in self._raws]
            writer.finish()
            packed = [writer.packed[place] for place in places]
            self._packed = list(zip(packed, digests, strict=True))
        except BaseException as error:
            self._failed = error

    def result(self) -> list[tuple[Packed, str]]:
        """Wait for it; raises what went wrong."""
        if not self._packed and self.ident is not None:
            self.join()
        if self._failed is not None:
            raise self._failed
        return self._packed


def _read(arrival: Arrival, moment: datetime, zone: Callable[[], tzinfo]) -> Reading:
    try:
        return Reading(read_mail(arrival, moment, zone))
    except Exception as error:  # one poison mail stops only itself
        trouble = one_line(f"{getattr(error, 'kind', type(error).__name__)}: {error}", 300)
        return Reading(None, trouble, _headline(arrival.raw))


def _headline(raw: bytes) -> tuple[str, str, str | None]:
    """Read the first headers alone: what is too complex as a whole can still be told by its sender."""
    from mail.mime import message  # 7 ms, for mail that is read

    head = raw[:_HEADLINE_BYTES]
    for end in (head.find(b"\r\n\r\n"), head.find(b"\n\n"), head.rfind(b"\n"), 0):
        try:
            parsed = message.parse(head[: max(end, 0)])
            return str(parsed.sender), one_line(parsed.subject), parsed.message_id
        except Exception:  # noqa: S112  (a shorter piece may do)
            continue
    return "", "", None


def read_mail(arrival: Arrival, moment: datetime, zone: Callable[[], tzinfo]) -> IncomingMail:
    """Parse one mail. Raises `mail.mime.headers.TooComplex` for one over the bounds of the parser."""
    from mail.mime import automated, bounces, message  # 12 ms, for mail that is read
    from mail.mime.author import named_people  # 5 ms, for mail that is read

    parsed = message.parse(arrival.raw, zone)
    judged = automated.classify(parsed)
    text = parsed.text[:MAX_TEXT]
    references = _references(parsed)
    authors = _authors(parsed)
    plain = len(authors) == 1
    envelope = envelope_of(arrival, parsed)
    return IncomingMail(
        message_id=parsed.message_id,
        subject=one_line(parsed.subject),
        named=named_people(parsed),
        to=tuple(parsed.to[:MAX_RECIPIENTS]),
        cc=tuple(parsed.cc[:MAX_RECIPIENTS]),
        references=references,
        envelope=envelope,
        arrived_by=frozenset([*envelope, *_forwarded_from(parsed)]),
        date=_plausible(parsed.date),
        created=_created(arrival, parsed, moment),
        text=text,
        from_html=parsed.text_is_from_html,
        pieces=parsed.pieces,
        attachments=tuple(parsed.attachments),
        machine=judged,
        own_desk_id=automated.own_desk_id(parsed),
        bounced=tuple(bounces.bounces(parsed)) if judged.kind == "bounce" else (),
        authentication=tuple(parsed.headers("authentication-results")[:10]) if plain else (),
        signatures=tuple(parsed.headers("dkim-signature")[:10]) if plain else (),
        names=tuple(parsed.header_names) if "dkim-signature" in parsed.root.headers else (),
        language=parsed.header("Content-Language") or "",
        says_one_author=plain and _sent_by_author(parsed, authors[0]),
        ends_early=parsed.ends_early,
    )


def _references(parsed: ParsedMail) -> tuple[str, ...]:
    newest_first = [*parsed.in_reply_to[:5], *reversed(parsed.references)]
    unique = [each for each in dict.fromkeys(newest_first) if each and each != parsed.message_id]
    if len(unique) > MAX_REFERENCES:
        unique = [*unique[: MAX_REFERENCES - 1], unique[-1]]
    return tuple(unique)


def _authors(parsed: ParsedMail) -> list[Address]:
    """Return whom From names, nobody where there is not one such field."""
    from mail.mime.address import parse_addresses  # 3 ms, for mail that is read

    fields = parsed.headers("from")
    return parse_addresses(fields) if len(fields) == 1 else []


def _sent_by_author(parsed: ParsedMail, author: Address) -> bool:
    """Whether Sender, if there is one, is the author too."""
    from mail.mime.address import as_compared, parse_addresses  # 3 ms, for mail that is read

    senders = {as_compared(each.email) for each in parse_addresses(parsed.headers("sender"))}
    return senders <= {as_compared(author.email)}


def envelope_of(arrival: Arrival, parsed: ParsedMail) -> tuple[str, ...]:
    """Return whom servers on the way, or the door, named as the recipients, as they are compared."""
    from mail.mime.address import as_compared, parse_addresses  # 4 ms, for mail that is read

    fields = parsed.root.headers.those_of(_ENVELOPE_FIELDS)
    values: Iterable[str] = (value for field in fields for value in parsed.headers(field)[:5])
    named = [arrival.recipient] if arrival.recipient else []
    written = [address.email for address in parse_addresses(values) if address.email]
    return tuple(map(as_compared, (*named, *written)))


def _forwarded_from(parsed: ParsedMail) -> Iterable[str]:
    from mail.mime.address import as_compared  # 4 ms, for mail that is read

    for value in parsed.headers("received")[:20]:
        yield from map(as_compared, _RECEIVED_FOR.findall(value[:2000])[:1])
    for field in parsed.root.headers.those_of(_FORWARD_FIELDS):
        for value in parsed.headers(field)[:5]:
            yield from (as_compared(word.strip("<>,;")) for word in value[:2000].split())


def _created(arrival: Arrival, parsed: ParsedMail, moment: datetime) -> datetime:
    came = _plausible(arrival.internaldate) or _plausible(parsed.received_at) or moment
    return min(came, moment)


def _plausible(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None
    return moment if moment >= _OLDEST else None
