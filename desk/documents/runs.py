"""What fetches and imports did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.doors.imports.exported import ExportTally
    from desk.doors.imports.osticket.tally import OldDeskTally
    from desk.doors.imports.run import Tally
    from desk.fetching.summary import FetchSummary, MailboxFetch


def fetch(summary: FetchSummary) -> dict[str, Any]:
    """Return what one `--fetch-once` did."""
    sending = summary.sending
    return {
        "mailboxes": [mailbox_fetch(each) for each in summary.mailboxes],
        "spooled": summary.spooled,
        "sent": sending.sent,
        "deferred": sending.deferred,
        "failed": sending.failed,
        "uncertain": sending.uncertain,
        "overdue": summary.overdue,
    }


def mailbox_fetch(tally: MailboxFetch) -> dict[str, Any]:
    """Return what one fetch of a mailbox did."""
    return {
        "address": tally.address,
        "fetched": tally.fetched,
        **tally.verdicts.by_plural(),
        "skipped": bool(tally.skipped),
        "more": tally.more,
        "errors": list(tally.errors),
        "seconds": round(tally.seconds, 3),
    }


def taken_over(tally: OldDeskTally) -> dict[str, Any]:
    """Return what one import of another desk did, or would do."""
    return {
        "desk": tally.name,
        "found": tally.found,
        "made": dict(tally.made),
        "tickets": tally.tickets,
        "messages": tally.messages,
        "attachments": tally.files,
        "known": tally.known,
        "renumbered": tally.renumbered,
        "no_place": tally.no_place,
        "troubles": list(tally.troubles),
        "more": tally.more,
        "seconds": round(tally.seconds, 3),
    }


def brought_back(tally: ExportTally, *, dry_run: bool) -> dict[str, Any]:
    """Return what one import of an export did, or would do."""
    return {
        "dry_run": dry_run,
        "path": tally.path,
        "desk": tally.desk,
        "made": dict(tally.made),
        "tickets": tally.tickets,
        "messages": tally.messages,
        "attachments": tally.files,
        "known": tally.known,
        "held": tally.held,
        "renumbered": tally.renumbered,
        "erased": list(tally.erased),
        "troubles": list(tally.troubles),
        "more": tally.more,
        "seconds": round(tally.seconds, 3),
    }


def imported(tally: Tally) -> dict[str, Any]:
    """Return what one import did, or would do."""
    if tally.dry_run:
        return {
            "dry_run": True,
            "kind": tally.kind,
            "path": tally.path,
            "found": tally.found,
            "copies": tally.copies,
            "known": tally.known,
            "more": tally.more,
            "errors": list(tally.errors),
            "seconds": round(tally.seconds, 3),
        }
    return {
        "kind": tally.kind,
        "path": tally.path,
        "imported": tally.imported,
        **tally.verdicts.by_plural(),
        "known": tally.known,
        "more": tally.more,
        "errors": list(tally.errors),
        "seconds": round(tally.seconds, 3),
    }
