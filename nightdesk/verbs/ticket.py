"""`nightdesk ticket`: the group, and its verbs that only look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nightdesk.arguments import json_flag, limit_option, noun, numbers_argument
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs import ticket_change, ticket_export, ticket_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from desk.tickets.detail import MessageView, TicketDetail
    from desk.tickets.lists import ListQuery, TicketLine

_VIEWS = ("inbox", "mine", "waiting", "overdue", "open", "closed", "all")
_SORTS = ("updated", "created", "priority", "due")
_PAGE = 500

ticket = noun("ticket", "List, show, answer and change tickets.")


@ticket.command("list", context_settings={"ignore_unknown_options": True})
@click.argument("query", nargs=-1, metavar="[QUERY]")
@click.option("--view", type=click.Choice(_VIEWS), help="Only this view; all that are not closed without it.")
@click.option("--sort", type=click.Choice(_SORTS), default="updated", show_default=True)
@limit_option
@json_flag
@click.pass_obj
def list_tickets(
    options: Options, query: tuple[str, ...], view: str | None, sort: str, limit: int, as_json: bool
) -> Exit:
    """List tickets.

    QUERY is made of conditions (state:open,waiting owner:me p:high tag:vpn from:@corp.example mailbox:it
    department:Support age:>2d created:>2026-11-01 has:attachment is:unread ...) and of words to look for; -
    in front negates, OR and ( ) choose. Closed tickets are listed when QUERY names a state (state:any: every
    one) or --view asks for them.
    """
    from desk.permissions import current_actor
    from desk.tickets import lists
    from desk.tickets import query as ticket_query
    from nightdesk import output
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        actor = current_actor(desk)
        words = ticket_query.parse(" ".join(query), actor, desk.zone) if query else None
        wanted = lists.ListQuery(view or "open", words, sort, actor)
        pages = _Pages(wanted, limit)
        if as_json:
            output.emit_json_array(item for page in pages for item in lists.to_json(page))
        else:
            _print_list([line for page in pages for line in page], desk.zone)
        if pages.more():
            output.say(f"there are more than {limit} tickets: --limit 0 lists all")
    return Exit.DONE


@ticket.command("show")
@numbers_argument
@click.option("--full", is_flag=True, help="With quoted text and signatures.")
@json_flag
@click.pass_obj
def show_tickets(options: Options, numbers: tuple[str, ...], full: bool, as_json: bool) -> Exit:
    """Show tickets with their messages and history.

    - reads numbers from standard input. With --json one NUMBER gives an object; several, or -, an array.
    """
    from desk.tickets import detail
    from nightdesk import output
    from nightdesk.context import desk_open

    one = len(numbers) == 1 and numbers[0] != "-"
    wanted = output.ids_from_stdin(numbers)
    with desk_open(options) as desk:
        if as_json and one:
            output.emit_json(detail.show(wanted[0]).to_json())
        elif as_json:
            output.emit_json_array([detail.show(number).to_json() for number in wanted])
        else:
            for position, number in enumerate(wanted):
                if position:
                    output.line()
                _print_ticket(detail.show(number), full, desk.zone)
    return Exit.DONE


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

    def more(self) -> bool:
        """Whether the limit cut the list short; asked after the last page."""
        from desk.tickets import lists

        if self._limit == 0 or self._last is None:
            return False
        after = lists.anchor_of(self._last, self._query.sort)
        return bool(lists.page(self._query, after=after, limit=1))


def _print_list(lines: list[TicketLine], zone: tzinfo) -> None:
    from models.tickets import PRIORITIES
    from nightdesk.columns import Column
    from nightdesk.output import say, table

    if not lines:
        say("no tickets")
        return
    heads: list[Column | str] = [
        Column("number", "right"),
        "state",
        Column("priority", spare=2),
        Column("requester", flexible=True),
        Column("assignee", flexible=True, spare=1),
        "updated",
        Column("due", spare=3),
        Column("tags", flexible=True, spare=4),
        Column("subject", flexible=True, least=24),
    ]
    rows = [
        (
            line.number,
            line.status + (" overdue" if line.overdue else ""),
            PRIORITIES[line.priority],
            line.requester,
            line.assignee,
            line.updated,
            line.due,
            line.tags,
            line.subject,
        )
        for line in lines
    ]
    table(heads, rows, zone)


def _print_ticket(ticket: TicketDetail, full: bool, zone: tzinfo) -> None:
    from models.tickets import PRIORITIES
    from nightdesk.output import cell, fields, line

    line(f"#{ticket.number} {ticket.subject}")
    fields(
        [
            ("State", ticket.status + (", overdue" if ticket.overdue else "")),
            ("Priority", PRIORITIES[ticket.priority]),
            ("Department", (ticket.department, *ticket.referred)),
            ("Topic", ticket.topic),
            ("Requester", f"{ticket.requester} <{ticket.requester_email}>"),
            ("Collaborators", ticket.collaborators),
            ("Assignee", ticket.assignee),
            ("Tags", ticket.tags),
            ("Mailbox", ticket.mailbox),
            ("Created", ticket.created),
            ("Updated", ticket.updated),
            ("Due", ticket.due),
            ("Refers to", ticket.refers_to),
        ],
        zone,
    )
    for message in ticket.messages:
        line()
        _print_message(message, full, zone)
    if ticket.events:
        line()
        line("History")
        for event in ticket.events:
            line(f"{cell(event.at, zone)}  {event.agent or 'the desk'}: {event.text}", indent=2)


def _print_message(message: MessageView, full: bool, zone: tzinfo) -> None:
    from nightdesk.output import cell, line, text

    marks = [message.machine, "unverified" if message.unverified else ""]
    marked = "".join(f" [{mark}]" for mark in marks if mark)
    name = message.sender_name or message.sender_email
    line(
        f"{message.kind}{marked} {message.id}, {cell(message.created, zone)}, {name} <{message.sender_email}>"
    )
    if message.reply_to:
        line(f"answers go to {', '.join(email for _, email in message.reply_to)}", indent=2)
    text(message.text if full else message.reply_text, indent=4)
    if message.quoted_text.strip() and not full:
        folded = len(message.quoted_text.strip().splitlines())
        line(f"({folded} quoted lines folded: --full shows them)", indent=2)
    below = "" if full else message.said_below(message.reply_text)
    if below:
        line()
        text(below, indent=4)
    if message.signature:
        line(message.signature, indent=2)
    for attachment in message.attachments:
        line(f"file: {attachment.name}, {attachment.type}, {attachment.size} bytes", indent=2)
    for delivery in message.deliveries:
        detail = f" ({delivery.detail})" if delivery.detail else ""
        line(f"to {delivery.to}: {delivery.state}{detail}", indent=2)


for _verbs in (ticket_write.VERBS, ticket_change.VERBS, ticket_export.VERBS):
    for _verb in _verbs:
        ticket.add_command(_verb)
