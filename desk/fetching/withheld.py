"""Mail that stays at its server although it is wanted: told on the mailbox, tried again, in nobody's way."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from config.clock import now, waits
from mail.inert import one_line
from models import withheld as rows
from models.withheld import Withheld

PAUSES = (0, 1, 2, 5, 10, 30, 60, 6 * 60, 24 * 60)
"""Minutes: the next run tries it again, then it is tried less and less often."""
_LONGEST_PAUSE = timedelta(minutes=PAUSES[-1])


def of(mailbox_id: int) -> list[Withheld]:
    """Return what is withheld of a mailbox, the oldest trouble first."""
    return rows.of(mailbox_id)


def by_mailbox() -> dict[int, list[Withheld]]:
    """Return what `of` does for every mailbox of which mail is withheld, by its id."""
    return rows.by_mailbox()


def withhold(mailbox_id: int, folder: str, number: int | str, why: str) -> None:
    """Note that a mail did not come, in the caller's transaction."""
    moment = now()
    before = next(
        (each for each in rows.of(mailbox_id) if (each.folder, each.number) == (folder, str(number))), None
    )
    found = before or Withheld(folder, str(number), "", 0, moment, moment)
    pause = timedelta(minutes=PAUSES[min(found.tries, len(PAUSES) - 1)])
    rows.write(
        mailbox_id,
        found._replace(why=one_line(why, 300), tries=found.tries + 1, not_before=moment + pause),
    )


def due(mailbox_id: int, folder: str, *, asked: bool) -> tuple[set[str], set[str]]:
    """Return the withheld mails of a folder, and of them those that are to be tried now: all if `asked`."""
    found = [each for each in rows.of(mailbox_id) if each.folder == folder]
    moment = now()
    return {each.number for each in found}, {
        each.number for each in found if asked or not waits(each.not_before, moment, _LONGEST_PAUSE)
    }


def release(mailbox_id: int, folder: str, numbers: Iterable[int | str], among: Collection[str]) -> None:
    """Forget mails that came, or are gone, in the caller's transaction; `among`: all that are withheld."""
    rows.forget(mailbox_id, folder, [str(number) for number in numbers if str(number) in among])


def title(withheld: Withheld) -> str:
    """Return what a person calls the mail."""
    return (
        f"the mail with UID {withheld.number}"
        if withheld.folder
        else f"the mail {one_line(withheld.number, 80)}"
    )


def words(withheld: Withheld) -> str:
    """Say which mail it is, how often it was tried, and why it did not come."""
    tries = "once" if withheld.tries == 1 else f"{withheld.tries} times"
    return f"{title(withheld)}, tried {tries}: {withheld.why}"
