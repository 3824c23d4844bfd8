"""Calls as they fall due: made in turn for each listener, tried again with back-off, given up after days.

A call is at least once: a worker that dies while it calls leaves it to be made again, with the same delivery.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING, Final, NamedTuple

from config.clock import now
from config.errors import ConfigError
from desk import logs, settings
from desk.alerts.health_mail import send_to_admins
from desk.calls import gathering, hooks
from desk.errors import DeskError
from mail.errors import MailError
from mail.inert import one_line
from models import events
from models import listeners as rows
from models.errors import DatabaseUnusable
from models.fields import utc_text, utc_time
from models.listeners import DueCall, ListenerKind, StoredListener
from models.opening import close_database
from models.transactions import DatabaseFailed, transaction
from worker.call import hook, push, webhook

if TYPE_CHECKING:
    from desk.home import Desk

BACK_OFF: Final = (10, 30, 120, 300, 900, 3600, 2 * 3600, 4 * 3600)
"""Seconds until the next attempt; the last one stays."""
JITTER: Final = 0.2
KEPT: Final = timedelta(days=3)
"""So long a call is tried."""
CLAIMED: Final = timedelta(minutes=3)
"""Until then a call is made by who claimed it, or by nobody any more."""
SKEW: Final = timedelta(minutes=1)
"""So much may the clocks of two hosts differ."""
_AT_ONCE: Final = 200
_LINES_AT_ONCE: Final = 8
_LOOK: Final = 1.0
"""Seconds after which it is looked whether others have calls by now, while some are being made."""
_Line = tuple[int, str]
"""A listener, and the program of a hook: calls of one line follow each other."""


class Made(NamedTuple):
    """What came of a call. ``status`` is an HTTP status or an exit status, None where nothing answered.

    ``again``: whether it makes sense to try again. ``gone``: nobody is there any more, for any call.
    """

    good: bool
    status: int | None
    words: str
    again: bool = True
    gone: bool = False


def _by_webhook(desk: Desk, listener: StoredListener, call: DueCall) -> Made:
    good, status, words = webhook.make(desk, listener, call)
    gone = status == HTTPStatus.GONE
    return Made(good, status, words, again=not gone, gone=gone)


_MAKE: Final[dict[ListenerKind, Callable[[Desk, StoredListener, DueCall], Made]]] = {
    "webhook": _by_webhook,
    "push": lambda desk, listener, call: Made(*push.make(desk, listener, call)),
    "hooks": lambda desk, _listener, call: Made(*hook.make(desk, call), again=False),
}


def make_due(desk: Desk, stop: Event, gather: Callable[[], object] | None = None) -> int:
    """Make the calls that are due; returns how many were made or failed.

    Listeners wait for no other one, nor a program in ``hooks/`` for another program. While one keeps others
    waiting, ``gather`` is asked for the calls of what happened meanwhile.
    """
    made: list[Future[int]] = []
    running: dict[_Line, tuple[Future[int], int]] = {}
    with ThreadPoolExecutor(_LINES_AT_ONCE) as pool:
        while not stop.is_set():
            for line in [line for line, (future, _) in running.items() if future.done()]:
                made.append(running.pop(line)[0])
                made[-1].result()
            in_hand = sum(count for _, count in running.values())
            for line, calls in _by_line(desk, rows.due(utc_text(now()), _AT_ONCE + in_hand)).items():
                if line not in running and len(running) < _LINES_AT_ONCE:
                    running[line] = pool.submit(_in_own_thread, desk, calls, stop), len(calls)
            if not running:
                break
            done, _ = wait([future for future, _ in running.values()], _LOOK, FIRST_COMPLETED)
            if not done and gather is not None:
                gather()
    return sum(future.result() for future in [*made, *(future for future, _ in running.values())])


def after_clock_set_back(moment: datetime) -> int:
    """Have calls that were written while the clock was ahead made at once, in their order; how many.

    Other hosts' clocks differ a little: `SKEW` of that counts for nothing.
    """
    with transaction():
        return rows.set_back(utc_text(moment), utc_text(moment + SKEW))


def make_test(desk: Desk, listener: StoredListener, moment: datetime) -> int:
    """Call a listener with a test, once, also one that is switched off; returns the call."""
    with transaction():
        call_id = gathering.test_call(desk, listener, moment)
        rows.claim(call_id, utc_text(moment), utc_text(moment + CLAIMED))
    call = rows.call(call_id)
    assert call is not None
    made = _tried(desk, listener, call)
    with transaction():
        rows.settle(call_id, done=True, status=made.status, words=made.words, not_before=utc_text(moment))
    return call_id


def _by_line(desk: Desk, due: Sequence[DueCall]) -> dict[_Line, list[DueCall]]:
    """Return calls by what they wait in line for."""
    folder = rows.named("hooks", "hooks")
    found: dict[_Line, list[DueCall]] = {}
    for call in due:
        of_hooks = folder is not None and call.listener_id == folder.id
        program = hooks.program(desk, call.event) if of_hooks else None
        found.setdefault((call.listener_id, "" if program is None else program.name), []).append(call)
    return found


def _in_own_thread(desk: Desk, calls: Sequence[DueCall], stop: Event) -> int:
    try:
        return _in_turn(desk, calls, stop)
    finally:
        close_database()


def _in_turn(desk: Desk, calls: Sequence[DueCall], stop: Event) -> int:
    """Make calls to one listener; where one fails the others wait as long, so that none overtakes it."""
    count = 0
    for place, call in enumerate(calls):
        if stop.is_set():
            break
        moment = now()
        with transaction():
            if not rows.claim(call.id, utc_text(moment), utc_text(moment + CLAIMED)):
                continue
        count += 1
        next_try = _make(desk, call)
        if next_try is not None:
            for later in calls[place + 1 :]:
                with transaction():
                    if rows.claim(later.id, utc_text(now()), next_try):
                        rows.settle(later.id, done=False, status=None, words="waits", not_before=next_try)
            break
    return count


def _make(desk: Desk, call: DueCall) -> str | None:
    """Make one call and write down what came of it; returns when it is tried again, None when it is not."""
    listener = rows.by_id(call.listener_id)
    if listener is None:
        return None
    if (
        call.event_id is not None
        and call.event == "replied"
        and not events.is_there(call.event_id, "replied")
    ):
        made = Made(False, None, "not made: the answer was taken back", again=False)
    elif not listener.active:
        made = Made(False, None, f"not made: the {listener.kind} is switched off", again=False)
    else:
        made = _tried(desk, listener, call)
    moment = now()
    given_up = not made.again or moment - utc_time(call.created) > KEPT
    next_try = utc_text(moment + timedelta(seconds=_pause(call.attempts)))
    with transaction():
        rows.settle(
            call.id,
            done=made.good or given_up,
            status=made.status,
            words=made.words,
            not_before=next_try,
        )
        _note(desk, listener, call, made, moment)
    return None if made.good or given_up else next_try


def _tried(desk: Desk, listener: StoredListener, call: DueCall) -> Made:
    try:
        return _MAKE[listener.kind](desk, listener, call)
    except (MailError, DeskError, ConfigError) as error:
        return Made(False, None, one_line(str(error), 300))
    except TimeoutError:
        return Made(False, None, "did not answer in time")
    except (DatabaseFailed, DatabaseUnusable):
        raise
    except Exception as error:
        # Whatever a library trips over; its words may hold the address.
        return Made(False, None, f"the call failed: {type(error).__name__}")


def _note(desk: Desk, listener: StoredListener, call: DueCall, made: Made, moment: datetime) -> None:
    """Keep how the listener does, and write to the log what a person may look for there."""
    if listener.kind == "hooks":
        level: logs.Level = "info" if made.good else "warning"
        text, _, said = made.words.partition("\n")
        words = f"hook {call.event}: {text}"
        logs.write(level, "hooks", words, detail=said, ticket_id=call.ticket_id)
        return
    if made.good:
        if listener.failing_since is not None:
            logs.write("info", listener.kind, f"{listener.kind} {listener.name} works again")
        rows.change(listener.id, {"failing_since": None, "last_success": utc_text(moment)})
        return
    if made.gone:
        _switch_off(desk, listener, made, moment, "it says that it is gone for good")
        return
    if not made.again:
        return
    if listener.failing_since is None:
        rows.change(listener.id, {"failing_since": utc_text(moment)})
        said = f"{made.status} {made.words}".strip() if made.status is not None else made.words
        logs.write("warning", listener.kind, f"{listener.kind} {listener.name} fails: {said}")
        return
    days = int(settings.get("webhooks.off_after_days"))
    since = utc_time(listener.failing_since)
    if days and moment - since > timedelta(days=days):
        _switch_off(desk, listener, made, since, f"it failed for {days} days", days)


def _switch_off(
    desk: Desk, listener: StoredListener, made: Made, since: datetime, why: str, days: int = 0
) -> None:
    """Call a listener no more, and tell the admins why."""
    said = f"{made.status} {made.words}".strip() if made.status is not None else made.words
    rows.change(listener.id, {"active": 0, "failing_since": listener.failing_since or utc_text(since)})
    words = f"{listener.kind} {listener.name} is switched off: {why}"
    logs.write("error", listener.kind, words, detail=said)
    facts = {
        "kind": listener.kind,
        "name": listener.name,
        "place": listener.place,
        "since": f"{since.astimezone(desk.zone):%Y-%m-%d %H:%M}",
        "days": days,
        "error": said,
    }
    send_to_admins(desk, "listener_off", {"listener": facts})


def _pause(attempts: int) -> float:
    seconds = BACK_OFF[min(attempts, len(BACK_OFF) - 1)]
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, hides nothing
