"""What is read in stored mail now, beside what was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mail.inert import one_line

if TYPE_CHECKING:
    from desk.intake.reading_trial import Difference, Read


def difference(found: Difference) -> dict[str, Any]:
    """Return a mail in which something else is read; ``before`` and ``after`` have what differs alone."""
    names = [
        name for name in found.before._fields if getattr(found.before, name) != getattr(found.after, name)
    ]
    return {
        "ticket": found.ticket,
        "receipt": found.receipt_id,
        "subject": found.subject,
        "before": _told(found.before, names),
        "after": _told(found.after, names),
    }


def row(told: dict[str, Any]) -> tuple[object, ...]:
    """Return a line of a table: of what differs what is read now."""
    said = (f"{name.replace('_', ' ')}: {one_line(str(value), 60)}" for name, value in told["after"].items())
    return told["receipt"], told["ticket"], told["subject"], "; ".join(said)


def _told(read: Read, names: list[str]) -> dict[str, Any]:
    told = {name: getattr(read, name) for name in names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
