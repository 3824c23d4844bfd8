"""The mail's health in a few words, for the bar and the status line of every screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from config.records import Record
from desk.mailboxes.wording import error_word
from tui.key_names import Keys

if TYPE_CHECKING:
    from desk.fetching.runs import FetchView
    from desk.home import Desk
    from desk.mailboxes.lists import MailboxLine, MailboxState


class Health(Record):
    """What the screens say about mailboxes and outbox. Times are aware, UTC."""

    words: str = ""
    """``mail 2 OK, net-ops AUTH!``."""
    mailboxes: int = -1
    """How many there are; -1: not known yet."""
    failing: int = 0
    queued: int = 0
    answers: int = 0
    """Mails to customers that have not left."""
    """Deliveries that wait to leave."""
    trouble: int = 0
    """Deliveries that failed or are uncertain."""
    quarantined: int = 0
    """Mails that could not be understood."""
    mute: int = 0
    """Mailboxes that get mail, but for which nothing sends."""
    fetched_at: datetime | None = None
    fetched: int = 0
    brought: frozenset[tuple[int, datetime, int]] = frozenset()
    """Of each mailbox that was fetched: its row, when last, and how many mails came then."""
    fetching: str = ""
    """``Fetching it-support 120/512`` while somebody waits for it."""
    ask_above: int = 5
    """Changes of more tickets than this ask first."""
    off: bool = False
    """Fetching is switched off for the whole desk."""
    away: bool = False
    """The desk does not answer: all else is as it was last seen."""
    lines: tuple[tuple[str, str], ...] = ()
    """(name, ``OK`` or what is wrong) of each mailbox."""

    @property
    def alarm(self) -> str:
        """What every screen must show, however narrow; empty: nothing."""
        if self.away:
            return "NO ANSWER!"
        return "FETCH OFF!" if self.off else ""

    @property
    def waiting(self) -> dict[str, str]:
        """What waits in outbox and quarantine, for the first line; what needs a person has a ``!``."""
        outbox = f"{self.trouble}!" if self.trouble else str(self.queued or "")
        quarantine = f"{self.quarantined}!" if self.quarantined else ""
        return {"outbox": outbox, "quarantine": quarantine}

    def first_keys(self, key: Keys) -> str:
        """Return by which keys there will be a mailbox, to be put behind the words; empty: there is one."""
        if self.mailboxes:
            return ""
        return f": {key('app.mailboxes', '2')} {key('mailbox.new', 'n')}"

    @property
    def right(self) -> str:
        """The right side of the status line."""
        if self.away:
            return "the desk DOES NOT ANSWER!"
        if self.mailboxes < 0:
            return ""
        outbox = f"outbox {self.queued}" + (f", {self.trouble} failed!" if self.trouble else "")
        mail = "mail OK" if not self.failing else "mail FAILS!"
        if not self.mailboxes:
            mail = "no mailbox yet"
        elif self.off:
            mail = "fetching is OFF!"
        elif self.mute and not self.failing:
            mail = "mail IN ONLY!"
        elif self.lines and all(word == "off" for _, word in self.lines):
            mail = "mail is off"
        return f"{outbox}  {mail}"


STATES = {"ok": "OK", "never": "new", "disabled": "off", "none": "-", "removed": "-"}


def word_for(state: MailboxState, error_kind: str) -> str:
    """Return a mailbox's health in one word: ``OK``, ``AUTH!``, ``off``."""
    if state != "failing":
        return STATES.get(state, state)
    return f"{error_word(error_kind) or 'FAILS'}!"


def _resting(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Say of mailboxes that are neither well nor failing how many there are of each kind."""
    kinds = {"new": "not fetched yet", "off": "off", "-": "only piped"}
    counted = {said: sum(word == kind for _, word in lines) for kind, said in kinds.items()}
    return [f"{count} {said}" for said, count in counted.items() if count]


def observe(desk: Desk) -> Health:
    """Read the health from the desk. Blocks."""
    from desk import settings  # 30 ms
    from desk.fetching import runs  # 29 ms
    from desk.intake import receipts  # 68 ms
    from desk.mailboxes import registry, routes  # 49 ms
    from desk.outbox import deliveries  # 47 ms

    lines = registry.entries(desk)
    waiting = deliveries.counts()
    way_for_all = routes.default_outgoing() is not None
    # One that fetches nothing gets what is piped.
    at_work = [line for line in lines if line.enabled or line.state == "none"]
    mute = {line.id for line in at_work if not (line.outgoing_enabled or way_for_all)}
    words = tuple((line.name or line.address, _word(line, mute=line.id in mute)) for line in lines)
    failing = [f"{name} {word}" for name, word in words if word.endswith("!")]
    failing += [f"{name} {word}" for name, word in words if word == "IN ONLY"]
    fine = sum(1 for _, word in words if word == "OK")
    last = max((line.last_success for line in lines if line.last_success is not None), default=None)
    views = runs.watch_all()
    running = [(line, view) for line in lines if (view := views.get(line.id)) is not None and view.running]
    told = [*([f"{fine} OK"] if fine else []), *failing[:2]] or _resting(words)
    off = bool(words) and not settings.get("mail.fetching")
    return Health(
        words="FETCHING IS OFF!" if off else f"mail {', '.join(told)}" if words else "no mailbox yet",
        off=off,
        mailboxes=len(lines),
        failing=sum(1 for _, word in words if word.endswith("!")),
        queued=sum(waiting.get(state, 0) for state in ("queued", "deferred", "sending")),
        answers=deliveries.answers_waiting(),
        trouble=sum(waiting.get(state, 0) for state in ("failed", "uncertain")),
        quarantined=receipts.quarantined(),
        mute=len(mute),
        fetched_at=last,
        brought=frozenset(
            (line.id, line.last_success, line.fetched) for line in lines if line.last_success is not None
        ),
        fetched=sum(line.fetched for line in lines if last is not None and line.last_success == last),
        fetching=", ".join(_progress(line.name or line.address, view) for line, view in running[:2]),
        ask_above=int(settings.get("tickets.confirm_bulk_over")),
        lines=words,
    )


def _word(line: MailboxLine, *, mute: bool) -> str:
    """Return a mailbox's health; a login that a person has to renew counts before mail stops."""
    alive = line.state != "disabled" or line.outgoing_enabled
    if line.token is not None and line.token.state in ("none", "refused") and alive:
        return "LOGIN!"
    word = word_for(line.state, line.error_kind)
    if line.outgoing_enabled and line.sending.error_count and not word.endswith("!"):
        return "SEND!"
    return "IN ONLY" if mute and word in ("OK", "new", "-") else word


def _progress(name: str, view: FetchView) -> str:
    if view.phase == "waiting":
        return f"Fetching {name}: waiting for the worker"
    if view.phase == "connecting":
        return f"Fetching {name}: connecting"
    return f"Fetching {name} {view.done}/{view.found}"
