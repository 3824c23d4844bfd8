"""Reports by mail: at the times that ``reports.schedule`` says, once each, by whoever sweeps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from desk import logs, settings
from desk.alerts.health_mail import admins, by_language
from desk.errors import DeskError
from desk.mailboxes.routes import default_outgoing
from desk.outbox.render import MailToSend, queue_mail
from desk.own_addresses import read_own_addresses
from desk.reports import table
from desk.reports.figures import ReportName, report
from desk.schedules import parse
from desk.settings import address_list
from desk.templates import texts
from mail.inert import one_line
from models import mailboxes
from models import settings as stored
from models.fields import utc_text, utc_time
from models.transactions import transaction

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.reports.figures import Report

MAILED = "reports.mailed"
"""Setting that holds until when reports were mailed: fixed-width UTC text."""
_AHEAD = timedelta(hours=2)
"""A time further ahead than that was written by a clock that was wrong: it is counted from now on."""


def send_due(desk: Desk, moment: datetime) -> bool:
    """Queue the mail with the reports if its time has come; a time that was missed is made up for, once.

    With a schedule that is new the first mail leaves at its first time. Returns whether a mail was queued.
    """
    text = str(settings.get("reports.schedule"))
    if not text:
        return False
    before = stored.stored(MAILED)
    mailed = None if before is None else utc_time(str(before))
    if mailed is not None and mailed > moment + _AHEAD:
        mailed = None
    if mailed is not None and not parse(text).due(mailed, moment, desk.zone):
        return False
    mails = [] if mailed is None else _written(desk, moment)
    with transaction():
        if stored.stored(MAILED) != before:
            return False  # another process was here
        stored.store(MAILED, utc_text(moment))
        if not mails:
            return False
        try:
            for mail in mails:
                queue_mail(desk, mail)
        except DeskError as error:
            logs.write("warning", "report", f"no reports by mail: {error}")
            return False
    return True


def _written(desk: Desk, moment: datetime) -> list[MailToSend]:
    """Return the mail, one in each language; none when nobody gets it or nothing sends it: see the log."""
    own = read_own_addresses()
    given = address_list(str(settings.get("reports.to"))) or admins()
    people = [address for address in given if not own.is_own(address)]
    way = default_outgoing() or next(iter(mailboxes.senders()), None)
    if not people or way is None:
        missing = "nobody to send them to (reports.to)" if not people else "no mailbox can send them"
        logs.write("warning", "report", f"no reports by mail: {missing}")
        return []
    since = moment - timedelta(days=int(settings.get("reports.days")))
    names = [cast("ReportName", name) for name in str(settings.get("reports.names")).split(", ") if name]
    found = [report(name, since, moment, desk.zone) for name in names]
    days = {
        "since": f"{since.astimezone(desk.zone):%Y-%m-%d}",
        "until": f"{moment.astimezone(desk.zone):%Y-%m-%d}",
    }
    spreadsheets = [
        (f"{each.name}.csv", "text/csv", table.spreadsheet(each).encode("utf-8")) for each in found
    ]
    mails = []
    for language, addresses in by_language(people).items():
        said = texts.mail_text("reports", language, texts.Places(), {"report": days})
        tables = [_markdown(each, language, days) for each in found]
        mails.append(
            MailToSend(
                kind="alert",
                mailbox_id=way.id,
                to=[("", address) for address in addresses],
                subject=said.subject,
                text="\n\n".join([said.text.rstrip(), *tables]) + "\n",
                attachments=spreadsheets,
                automatic="auto-generated",
                null_sender=True,
            )
        )
    return mails


def _markdown(found: Report, language: str, days: dict[str, str]) -> str:
    """Return a report as a table of Markdown that is read as text as well."""
    facts = {"report": {**days, "name": found.name}}
    said = texts.text("report_table", language, texts.Places(), facts)
    # Lines that a text of the desk's own lacks are empty, so that its report comes all the same.
    title, headline, names, *_ = [*filter(None, said.split("\n")), "", "", ""]
    heads = [*_cells(headline), *[""] * table.HEADS_OF_MAIL][: table.HEADS_OF_MAIL]
    nobody, everything, *_ = [*_cells(names), "", ""]
    rows = [[_escaped(line.name or "") or nobody, *table.cells(line)] for line in found.lines]
    rows.append([everything, *table.cells(found.total)])
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    ruled = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    shown = [
        "| "
        + " | ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in (heads, ruled, *rows)
    ]
    return f"{title}\n\n" + "\n".join(shown)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _escaped(name: str) -> str:
    """Return a name that is not taken for Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|~#" else letter for letter in one_line(name))
