"""Which department a new ticket goes to, and which others it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.standing import without_tag

if TYPE_CHECKING:
    from desk.arrivals import Arrival, Letter
    from desk.standing import MailboxRule, Standing


@dataclass(frozen=True, slots=True)
class Route:
    """A department, the mailbox that answers, and the departments the ticket is referred to besides."""

    department_id: int
    mailbox_id: int | None
    referred: tuple[int, ...]


def find_route(standing: Standing, arrival: Arrival, letter: Letter, trace: list[str]) -> Route:
    """Route by address (exact, then with its plus-tag left out), else by the mailbox, else to the default."""
    fetched = standing.mailboxes.get(arrival.mailbox_id) if arrival.mailbox_id is not None else None
    exact, tagged = _addressed(standing, letter)
    reached = list(dict.fromkeys([*exact, *tagged]))
    chosen = reached[0] if reached else fetched
    if reached:
        how = "exactly" if exact else "with a plus-tag"
        trace.append(f"routed by address: {chosen.address if chosen else ''} ({how})")
    elif fetched is not None:
        trace.append(f"routed by the mailbox it was fetched from: {fetched.address}")
    else:
        trace.append("routed to the default department: no mailbox and no address of the desk")
    department_id = department_of(standing, chosen)
    others = [department_of(standing, mailbox) for mailbox in [*reached, *([fetched] if fetched else [])]]
    referred = tuple(each for each in dict.fromkeys(others) if each != department_id)
    return Route(department_id, chosen.id if chosen is not None else None, referred)


def department_of(standing: Standing, mailbox: MailboxRule | None) -> int:
    """The department of a mailbox, or the default one."""
    if mailbox is None or mailbox.department_id is None:
        return standing.default_department
    return mailbox.department_id


def _addressed(standing: Standing, letter: Letter) -> tuple[list[MailboxRule], list[MailboxRule]]:
    exact, tagged = [], []
    for address in [*(each.email.lower() for each in (*letter.to, *letter.cc)), *letter.envelope]:
        if address in standing.addresses:
            exact.append(standing.addresses[address])
        elif (bare := without_tag(address)) in standing.addresses:
            tagged.append(standing.addresses[bare])
    return exact, tagged
