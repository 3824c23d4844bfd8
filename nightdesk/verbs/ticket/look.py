"""`nightdesk ticket list|show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import Chosen, limit_option, numbers_argument
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, one_by_one
from nightdesk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from desk.tickets.detail import MessageView, TicketDetail
    from desk.tickets.lists import ListQuery, TicketLine

_VIEWS = ("inbox", "mine", "waiting", "overdue", "open", "snoozed", "closed", "spam", "trash", "all")
_PAGE = 500


@click.command("list", context_settings={"ignore_unknown_options": True})
@click.argument("query", nargs=-1, metavar="[QUERY]")
@click.option("--view", type=click.Choice(_VIEWS), help="Only this view; all that are not closed without it.")
@click.option("--queue", metavar="NAME", help="Only this queue, in its order and with its columns.")
@click.option(
    "--sort",
    metavar="BY",
    help="updated, created, priority, due, field:NAME of your own, or -field:NAME backwards.",
)
@limit_option
@desk_verb
def list_tickets(
    context: VerbContext,
    query: tuple[str, ...],
    view: str | None,
    queue: str | None,
    sort: str | None,
    limit: int,
) -> Result:
    """List tickets.

    QUERY is made of conditions (state:open,waiting owner:me p:high tag:vpn from:@corp.example mailbox:it
    department:Support age:>2d created:>2026-11-01 has:attachment is:unread ...) and of words to look for; -
    in front negates, OR and ( ) choose. Closed tickets are listed when QUERY names a state (state:any: every
    one) or --view asks for them.
    """
    from desk.documents import tickets as documents
    from desk.tickets import lists
    from desk.tickets import query as ticket_query

    actor = context.actor
    words = ticket_query.parse(" ".join(query), actor, context.zone) if query else None
    columns: tuple[str, ...] = ()
    if queue is None:
        wanted = lists.ListQuery(view or "open", words, sort or "updated", actor)
    elif view is not None:
        raise UsageError("--queue and --view do not go together", "give one of them")
    else:
        from desk import queues

        line = queues.named(actor, queue)
        wanted, columns = queues.opened(line, actor, context.zone).tickets(words, sort), line.columns
    pages = _Pages(wanted, limit)
    return Result(
        lambda: (document for page in pages for document in documents.listed(page)),
        lambda: _print_list([line for page in pages for line in page], columns, context.zone),
        pages.remarks(),
    )


@click.command("show")
@numbers_argument
@click.option("--full", is_flag=True, help="With quoted text and signatures.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "md", "html")),
    default="text",
    help="md and html: whole, to be printed or passed on.",
)
@click.option(
    "--no-notes", is_flag=True, help="Without notes, tasks, time, links and history, which are agents'."
)
@desk_verb
def show_tickets(context: VerbContext, numbers: Chosen[str], full: bool, form: str, no_notes: bool) -> Result:
    """Show tickets with their messages and history.

    - reads numbers from standard input. With --json one NUMBER gives an object; several, or -, an array.
    """
    from desk.documents import tickets as documents
    from desk.tickets import detail

    actor = context.actor

    def read(number: str) -> TicketDetail:
        found = detail.show(number, actor)
        if not no_notes:
            return found
        from desk.documents import printed

        return printed.without_notes(found)

    def document() -> object:
        found = [documents.shown(read(number)) for number in numbers]
        return found[0] if numbers.alone else iter(found)

    def words(number: str) -> None:
        found = read(number)
        if form == "text":
            _print_ticket(found, full, context.zone)
            return
        from desk.documents import printed

        output.text((printed.page if form == "html" else printed.markdown)(found, context.zone))

    return Result(document, lambda: one_by_one(numbers, words))


class _Pages:
    """A list in pieces that fit into memory, `limit` lines in all (0: no limit)."""

    def __init__(self, query: ListQuery, limit: int) -> None:
        self._query = query
        self._limit = limit
        self._last: TicketLine | None = None

    def __iter__(self) -> Iterator[list[TicketLine]]:
        from desk.tickets import lists

        after, left = None, self._limit
        while self._limit == 0 or left > 0:
            wanted = _PAGE if self._limit == 0 else min(_PAGE, left)
            page = lists.page(self._query, after=after, limit=wanted)
            if page:
                yield page
            if len(page) < wanted:
                return
            self._last = page[-1]
            after = lists.anchor_of(page[-1], self._query.sort)
            left -= len(page)

    def remarks(self) -> Iterator[str]:
        """Yield that the limit cut the list short, if it did; asked after the last page."""
        from desk.tickets import lists

        if self._limit == 0 or self._last is None:
            return
        after = lists.anchor_of(self._last, self._query.sort)
        if lists.page(self._query, after=after, limit=1):
            yield f"there are more than {counted(self._limit, 'ticket')}: --limit 0 lists all"


_USUAL = ("number", "state", "priority", "requester", "assignee", "updated", "due", "tags", "subject")


def _print_list(lines: list[TicketLine], columns: tuple[str, ...], zone: tzinfo) -> None:
    if not lines:
        output.say("no tickets")
        return
    chosen = columns or _USUAL
    heads = {
        "number": Column("number", "right"),
        "priority": Column("priority", spare=2),
        "requester": Column("requester", flexible=True),
        "assignee": Column("assignee", flexible=True, spare=1),
        "due": Column("due", spare=3),
        "tags": Column("tags", flexible=True, spare=4),
        "subject": Column("subject", flexible=True, least=24),
    }
    rows = [_cells(line) for line in lines]
    output.table(
        [heads.get(name, name) for name in chosen], [[row.get(name) for name in chosen] for row in rows], zone
    )


def _cells(line: TicketLine) -> dict[str, object]:
    """Return what a ticket has in each of the columns (`desk.tickets.lists.COLUMNS`)."""
    from desk.tickets.lists import OWN_FIELD
    from models.tickets import PRIORITIES

    return {
        "number": line.number,
        "state": line.status + " overdue" * line.overdue + " pinned" * line.pinned,
        "priority": PRIORITIES[line.priority],
        "requester": f"VIP {line.requester}" if line.vip else line.requester,
        "assignee": line.assignee,
        "updated": line.updated,
        "due": line.due,
        "tags": line.tags,
        "subject": line.subject,
        "created": line.created,
        "department": line.department,
        "mailbox": line.mailbox,
        "topic": line.topic,
        "messages": line.message_count,
        "waiting": line.waiting_since,
        "team": line.team,
        "status": line.named_status or line.status,
        **{f"{OWN_FIELD}{name}": value for name, value in line.fields.items()},
    }


def _print_ticket(ticket: TicketDetail, full: bool, zone: tzinfo) -> None:
    from desk.tickets import snoozing, time_spent
    from models.tickets import PRIORITIES

    asleep = ticket.snoozed_until and f", snoozed {snoozing.words(ticket.snoozed_until, zone)}"
    trash = ", in the trash" if ticket.deleted else ""
    output.line(f"#{ticket.number} {ticket.subject}")
    output.fields(
        [
            (
                "State",
                (f"{ticket.named_status} ({ticket.status})" if ticket.named_status else ticket.status)
                + ", overdue" * ticket.overdue
                + ", spam" * ticket.spam
                + ", pinned" * ticket.pinned
                + (asleep or "")
                + trash,
            ),
            ("Priority", PRIORITIES[ticket.priority]),
            ("Department", (ticket.department, *ticket.referred)),
            ("Topic", ticket.topic),
            ("Requester", f"{'VIP ' * ticket.vip}{ticket.requester} <{ticket.requester_email}>"),
            ("Collaborators", ticket.collaborators),
            *([("Pending", ticket.pending)] if ticket.pending else []),
            ("Assignee", ticket.assignee),
            *([("Team", ticket.team)] if ticket.team else []),
            ("Tags", ticket.tags),
            ("Mailbox", ticket.mailbox),
            ("Created", ticket.created),
            ("Updated", ticket.updated),
            ("Due by hand" if ticket.due_by_hand else "Due", ticket.due),
            *([("Closed then", ticket.closing)] if ticket.closing else []),
            *((f"SLA {ticket.sla}", each.words) for each in ticket.clocks[:3] if _tells_clocks(ticket)),
            ("Refers to", ticket.refers_to),
            *_own_fields(ticket),
            ("Links", tuple(f"{each.how} #{each.number} ({each.status})" for each in ticket.links)),
        ],
        zone,
    )
    if ticket.tasks:
        output.line()
        output.line("Tasks")
        for task in ticket.tasks:
            more = f" ({task.assignee})" if task.assignee else ""
            more += f", until {output.cell(task.due, zone)}" if task.due else ""
            output.line(f"{task.place} [{'x' if task.done else ' '}] {task.text}{more}", indent=2)
    if ticket.time_spent:
        output.line()
        output.line(f"Time spent: {time_spent.words(sum(each.seconds for each in ticket.time_spent))}")
        for spent in ticket.time_spent:
            note = f": {spent.note}" if spent.note else ""
            lasted = time_spent.words(spent.seconds)
            who = spent.agent or "admin"
            output.line(f"{spent.id} {output.cell(spent.at, zone)}  {who}, {lasted}{note}", indent=2)
    for message in ticket.messages:
        output.line()
        _print_message(message, full, zone)
    if ticket.events:
        output.line()
        output.line("History")
        for event in ticket.events:
            output.line(f"{output.cell(event.at, zone)}  {event.agent or 'the desk'}: {event.text}", indent=2)


def _tells_clocks(ticket: TicketDetail) -> bool:
    """Whether its clocks say more than when it is due."""
    return len(ticket.clocks) > 1 or ticket.due_by_hand is not None


def _own_fields(ticket: TicketDetail) -> list[tuple[str, str | None]]:
    """Return what stands in the desk's own fields of the ticket and of who asked."""
    from desk.custom_fields.values import shown

    own = [(each.label, stored and shown(each, stored)) for each, stored in ticket.fields]
    theirs = [
        (f"{each.label} (requester)", shown(each, stored))
        for each, stored in ticket.requester_fields
        if stored
    ]
    return [*own, *theirs]


def _print_message(message: MessageView, full: bool, zone: tzinfo) -> None:
    doubt = "denied" if message.denied else "unverified" if message.unverified else ""
    marks = [message.machine, doubt]
    marked = "".join(f" [{mark}]" for mark in marks if mark)
    name = message.sender_name or message.sender_email
    who = f"{name} <{message.sender_email}>" if message.sender_email else name
    output.line(f"{message.kind}{marked} {message.id}, {output.cell(message.created, zone)}, {who}")
    if message.reply_to:
        output.line(f"answers go to {', '.join(email for _, email in message.reply_to)}", indent=2)
    if message.bcc:
        output.line(f"bcc {', '.join(email for _, email in message.bcc)}", indent=2)
    output.text(message.text if full else message.reply_text, indent=4)
    for each in message.edits:
        output.line(f"edited by {each.agent or 'admin'} {output.cell(each.at, zone)}; before:", indent=2)
        output.text(each.before, indent=6)
    if message.quoted_text.strip() and not full:
        folded = len(message.quoted_text.strip().splitlines())
        output.line(f"({counted(folded, 'quoted line')} folded: --full shows all)", indent=2)
    below = "" if full else message.said_below(message.reply_text)
    if below:
        output.line()
        output.text(below, indent=4)
    if message.signature:
        output.line(message.signature, indent=2)
    for attachment in message.attachments:
        output.line(
            f"file: {attachment.name}, {attachment.type}, {counted(attachment.size, 'byte')}", indent=2
        )
    for delivery in message.deliveries:
        detail = f" ({delivery.detail})" if delivery.detail else ""
        output.line(f"to {delivery.to}: {delivery.state}{detail}", indent=2)


@click.command("similar")
@click.argument("number", metavar="NUMBER")
@desk_verb
def similar_tickets(context: VerbContext, number: str) -> Result:
    """Show solved tickets and canned answers that are like a ticket, with the words that made them so."""
    from desk.documents import tickets as documents
    from desk.replies import suggestions

    found = suggestions.suggestions(number, context.actor)

    def words() -> None:
        if not found.tickets and not found.answers:
            output.say("nothing is like it")
            return
        rows = [(f"#{each.number}", each.subject, ", ".join(each.words)) for each in found.tickets]
        rows += [("canned", each.name, ", ".join(each.words)) for each in found.answers]
        heads: list[Column | str] = ["", Column("what", flexible=True), Column("words", flexible=True)]
        output.table(heads, rows, context.zone)

    return Result(lambda: documents.suggested(found), words)


VERBS: tuple[click.Command, ...] = (list_tickets, show_tickets, similar_tickets)
