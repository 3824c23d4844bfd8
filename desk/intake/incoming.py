"""One mail on its way in: what came, what was read in it, what was decided so far, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.records import Record
from desk.filters.decision import Decision
from desk.intake.lookups import KnownArrival
from desk.intake.matching import Match
from mail.compose.signed_tag import untagged
from mail.inert import one_line
from mail.mime.address import Address, as_compared
from mail.mime.author import Author, author_of
from mail.mime.quotes.pieces import folds, own_folds
from models import blobs, receipts
from models.fields import as_json, utc_text
from models.messages import NewAttachment, NewMessage
from models.receipts import NewReceipt, SameReceipt

if TYPE_CHECKING:
    from desk.intake.arrivals import Arrival, IncomingMail, Prepared
    from desk.intake.batch import Batch
    from desk.rules import DeskRules
    from mail.mime.quotes.pieces import Span
    from models.receipts import Verdict
    from models.tickets import TicketState


class Outcome(Record):
    """What became of an arrival; ``new`` is False when the ledger knew it already."""

    receipt_id: int
    verdict: Verdict
    ticket_number: str | None
    ticket_id: int | None
    new: bool = True


class Incoming:
    """One mail that is being taken in. ``receipt_id``: under this receipt, which it has already."""

    def __init__(self, batch: Batch, prepared: Prepared, receipt_id: int | None) -> None:
        self.batch = batch
        self.prepared = prepared
        self.receipt_id = receipt_id
        self.match = Match()
        self.decision = Decision()
        self.ticket_id: int | None = None
        """Where it was filed, once it is."""
        self.author = _author(prepared, batch.rules)
        self.trace = [self._origin()]

    @property
    def arrival(self) -> Arrival:
        """Where it came from."""
        return self.prepared.arrival

    @property
    def mail(self) -> IncomingMail:
        """What was read in it; raises LookupError for one that could not be read."""
        if self.prepared.mail is None:
            raise LookupError(self.prepared.trouble)
        return self.prepared.mail

    @property
    def rules(self) -> DeskRules:
        """The desk's rules as they stand."""
        return self.batch.rules

    @property
    def reached_by(self) -> frozenset[str]:
        """The addresses that brought the mail here, as they are compared: they take no part in it.

        Where none of those addressed is known as the desk's, the only one in To is: if the door knows no
        recipient, or at a domain of the desk, all of whose mail a mailbox may get.
        """
        mail, own = self.mail, self.rules.own
        named = mail.arrived_by
        addressed = [as_compared(each.email) for each in (*mail.to, *mail.cc)]
        if len(mail.to) != 1 or any(each in named or own.is_own(each) for each in addressed):
            return named
        knows_nobody = self.arrival.mailbox_id is None and not named
        if knows_nobody or ("@" in addressed[0] and own.has_domain_of(addressed[0])):
            return named | {addressed[0]}
        return named

    def says(self, line: str) -> None:
        """Add to the trace what was decided just now, and why."""
        self.trace.append(line)

    def ends(
        self,
        verdict: Verdict,
        ticket: TicketState | None = None,
        *,
        reason: str = "",
        duplicate_of: int | None = None,
        blob_id: int | None = None,
    ) -> Outcome:
        """Write the receipt, or write its verdict anew; ``blob_id``: the raw mail, if it is stored."""
        arrival, mail = self.arrival, self.prepared.mail
        self.ticket_id = ticket.id if ticket is not None else None
        if mail is not None:
            sender, subject, message_id = str(self.author.address), mail.subject, mail.message_id
        else:
            sender, subject, message_id = self.prepared.headline
        receipt = NewReceipt(
            door=arrival.door,
            mailbox_id=arrival.mailbox_id,
            folder=arrival.folder,
            uidvalidity=arrival.uidvalidity,
            uid=arrival.uid,
            uidl=arrival.uidl,
            message_id=message_id,
            sender=sender,
            subject=subject,
            received=self.batch.at,
            verdict=verdict,
            ticket_id=self.ticket_id,
            duplicate_of_id=duplicate_of,
            reason=reason,
            trace=as_json(self.trace),
            digest=self.prepared.digest,
            blob_id=blobs.insert(self.prepared.packed) if blob_id is None else blob_id,
        )
        if self.receipt_id is not None:
            receipts.write_again(self.receipt_id, receipt)
        else:
            self.receipt_id = receipts.write(receipt)
            self._remember(self.receipt_id, receipt)
        number = ticket.number if ticket is not None else None
        return Outcome(self.receipt_id, verdict, number, receipt.ticket_id)

    def quarantined(self, reason: str, place: str = "") -> Outcome:
        """Keep it raw, with the reason why; ``place`` is where in our code a fault arose."""
        from desk import logs  # 1 ms, for mail that cannot be read

        reason = reason or "it could not be understood"
        self.says(f"quarantined: {reason}")
        outcome = self.ends("quarantined", reason=reason)
        logs.write(
            "warning",
            "intake",
            f"mail quarantined: {reason}",
            detail=place,
            mailbox_id=self.arrival.mailbox_id,
            receipt_id=outcome.receipt_id,
        )
        return outcome

    def said_after_all(self, *lines: str) -> None:
        """Add to the trace what was decided after the receipt was written."""
        self.trace += lines
        assert self.receipt_id is not None
        receipts.set_trace(self.receipt_id, self.trace)

    def folds(self, *, starts: bool) -> tuple[Span, ...]:
        """Return what of the mail's text is folded; where it starts a ticket, only what this desk sent."""
        text, pieces = self.mail.text, self.mail.pieces
        if starts:
            return own_folds(text, pieces, self.rules.speaks_as_desk)
        folded = folds(text, pieces)
        commands = self.match.commands
        if commands is None or not commands.commands:
            return folded
        return (commands.span, *(span for span in folded if span[0] >= commands.span[1]))

    def message(self, match: Match, blob_id: int) -> NewMessage:
        """Return the message that it becomes."""
        mail, sender = self.mail, self.author.address
        named = {
            "to": mail.to,
            "cc": mail.cc,
            "reply_to": () if match.unverified else self.author.answers_to,
            "arrived_by": [Address("", each) for each in sorted(self.reached_by)] if match.unverified else (),
        }
        lists = {
            field: [[each.name, untagged(each.email)] for each in people] for field, people in named.items()
        }
        return NewMessage(
            kind=match.kind,
            agent_id=match.agent.agent_id if match.agent is not None else None,
            sender_name=sender.name,
            sender_email=sender.email,
            recipients=as_json({field: people for field, people in lists.items() if people}),
            subject=mail.subject,
            text=mail.text,
            folds=self.folds(starts=match.ticket is None),
            from_html=mail.from_html,
            message_id=mail.message_id,
            sent_date=utc_text(mail.date) if mail.date is not None else None,
            created=self._came(match),
            receipt_id=self.receipt_id,
            blob_id=blob_id,
            machine="" if mail.machine.kind == "human" else mail.machine.kind,
            unverified=match.unverified,
            attachments=[
                NewAttachment(part.name, part.type, part.size, part.sha256, part.inline, part.part)
                for part in mail.attachments
            ],
        )

    def _came(self, match: Match) -> str:
        """Return when the mail came, as stored; not before what it answers, as a server's slow clock says."""
        came = utc_text(self.mail.created)
        if match.ticket is None:
            return came
        known = self.batch.known
        answered = (message for each in self.mail.references for message in known.messages(each))
        return max([came, *(each.created for each in answered if each.ticket_id == match.ticket.id)])

    def _remember(self, receipt_id: int, receipt: NewReceipt) -> None:
        """Let later mails of the batch know this receipt."""
        known, arrival = self.batch.known, self.arrival
        if arrival.numbered:
            known.arrivals[arrival.key] = KnownArrival(receipt_id, receipt.verdict, receipt.ticket_id)
        known.same.setdefault(receipt.digest, []).append(
            SameReceipt(
                digest=receipt.digest,
                id=receipt_id,
                door=arrival.door,
                mailbox_id=arrival.mailbox_id,
                folder=arrival.folder,
                uidvalidity=arrival.uidvalidity,
                uid=arrival.uid,
                uidl=arrival.uidl,
                verdict=receipt.verdict,
                ticket_id=receipt.ticket_id,
                sha256=self.prepared.packed.sha256,
                received=receipt.received,
                disposed=None,
            )
        )

    def _origin(self) -> str:
        arrival = self.arrival
        mailbox = self.rules.mailboxes.get(arrival.mailbox_id or 0)
        place = f" {mailbox.address}" if mailbox is not None else ""
        if arrival.uid is not None:
            place += f", folder {one_line(arrival.folder or '', 100)}, UID {arrival.uid}"
        if arrival.uidl is not None:
            place += f", UIDL {one_line(arrival.uidl, 100)}"
        if arrival.recipient:
            place += f", for {one_line(arrival.recipient, 320)}"
        return f"came by {arrival.door}{place}" + (", as archive" if arrival.archive else "")


def _author(prepared: Prepared, rules: DeskRules) -> Author:
    """Who wrote it; nobody where it could not be read."""
    mail = prepared.mail
    return (
        Author(Address("", ""))
        if mail is None
        else author_of(mail.named, rules.own.is_own, rules.form_senders)
    )
