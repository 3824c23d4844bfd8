"""What is known of a ticket, as lines for the pane beside its thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from desk.custom_fields.values import shown
from desk.tickets.time_spent import words as length
from tui.text.safe import cell, fitted, line, wrapped
from tui.text.tickets import Reader
from tui.text.times import age, clock_day, span, time_or_day
from tui.widgets.text_pane import Line

if TYPE_CHECKING:
    from desk.tickets.detail import TicketDetail
    from desk.tickets.presence import Present

PRIORITY_WORDS = {1: "- low", 2: "normal", 3: "! high", 4: "!! urgent"}


def fact_lines(
    detail: TicketDetail, reader: Reader, width: int, company: Sequence[Present] = ()
) -> list[Line]:
    """Return who else is there, and state, owner, promise, people and history of a ticket."""
    owner = line(detail.assignee or "-") + (" (you)" if detail.assignee in reader.me else "")
    owner += " (away)" if detail.assignee_away else ""
    facts = [
        *(("Here", each.words) for each in company),
        ("State", line(detail.named_status or detail.status) if detail.deleted is None else "in the trash"),
        ("Priority", PRIORITY_WORDS[detail.priority]),
        ("Owner", owner),
        *([("Team", line(detail.team))] if detail.team else []),
        *([("Watched", f"by you ({reader.key('ticket.watch', 'w')})")] if detail.watched else []),
        ("Dept", line(detail.department)),
        ("Mailbox", line(detail.mailbox or "-")),
        ("Tags", " ".join(line(tag) for tag in detail.tags) or "-"),
        (
            "Created",
            f"{clock_day(detail.created, reader.now, reader.zone)} ({age(detail.created, reader.now)})",
        ),
    ]
    if detail.closing is not None:
        facts.append(("Closes", f"in {span(detail.closing - reader.now)} unless they write"))
    by_hand = detail.due_by_hand
    if by_hand is not None and detail.status != "closed":
        left = by_hand - reader.now
        facts.append(("Due", f"{span(left)} {'over' if left.total_seconds() < 0 else 'left'}, by hand"))
    if detail.due not in (None, by_hand) and detail.status != "closed" and len(detail.clocks) < 2:
        assert detail.due is not None
        left = detail.due - reader.now
        facts.append(("SLA", f"{span(left)} {'over' if left.total_seconds() < 0 else 'left'}"))
    elif detail.clocks:
        facts += [("SLA" if not place else "", each.words) for place, each in enumerate(detail.clocks)]
    facts += [(field.label, line(shown(field, stored)) if stored else "-") for field, stored in detail.fields]
    facts += [("Link", f"{each.how} #{each.number} {each.status}") for each in detail.links]
    if detail.tasks:
        done, key = sum(1 for each in detail.tasks if each.done), reader.key("ticket.tasks", "T")
        facts.append(("Tasks", f"{done} of {len(detail.tasks)} ({key})"))
    if detail.time_spent:
        facts.append(("Time", length(sum(each.seconds for each in detail.time_spent))))
    doubted = sum(1 for message in detail.messages if message.unverified and not message.denied)
    decide = "/".join(reader.key(f"thread.{name}", key) for name, key in (("approve", "Y"), ("deny", "U")))
    if doubted:
        facts.append(("Doubtful", f"{doubted} unverified ({decide})"))
    lines: list[Line] = []
    for name, value in facts:
        rows = wrapped(value, max(8, width - 12))
        lines.append([(f" {cell(name, 9)} ", "dim"), (rows[0], "")])
        lines += [[(" " * 11, ""), (row, "")] for row in rows[1:]]
    lines += [[], [(" Requester", "dim")]]
    who = f"{'VIP ' * detail.vip}{detail.requester}"
    lines += [[("  ", ""), (row, "bold" if detail.vip else "")] for row in wrapped(who, width - 3)]
    if detail.requester_email != detail.requester:
        lines += [[("  ", ""), (row, "")] for row in wrapped(detail.requester_email, width - 3)]
    for field, stored in detail.requester_fields:
        if stored:
            told = f"{line(field.label)}: {line(shown(field, stored))}"
            lines += [[("  ", ""), (row, "dim")] for row in wrapped(told, width - 3)]
    if detail.collaborators:
        lines += [[], [(" Also in this ticket", "dim")]]
        lines += [[("  ", ""), (fitted(person, width - 3), "")] for person in detail.collaborators[:8]]
    if detail.pending:
        lines += [[], [(f" Pending, get no mail ({decide})", "dim")]]
        lines += [[("  ", ""), (fitted(person, width - 3), "")] for person in detail.pending[:8]]
    if detail.others:
        lines += [[], [(" Their other tickets", "dim")]]
        for other in detail.others:
            text = fitted(f"#{other.number} {other.status:<7} {line(other.subject)}", width - 3)
            lines.append([("  ", ""), (text, "dim" if other.status == "closed" else "")])
    if detail.events:
        lines += [[], [(" Activity", "dim")]]
        for event in list(detail.events)[-12:][::-1]:
            when = time_or_day(event.at, reader.now, reader.zone)
            by = f" by {line(event.agent)}" if event.agent else ""
            first, *more = wrapped(f"{event.text}{by}", max(8, width - 9))
            lines.append([(f"  {when:<5} ", ""), (first, "")])
            lines += [[(" " * 8, ""), (row, "")] for row in more]
    return lines
