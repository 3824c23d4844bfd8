"""From an exception to an answer. Temporary trouble never looks permanent, nor the other way round.

osTicket's mail scripts read 400, 401, 403, 415, 416, 417, 501 and 503 as "never try again" and everything
else, 500 above all, as "later". So their calls get 500 for what will pass; our own get 503.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

from api.server.refusals import Refusal, Style
from api.server.ways import over_http
from desk import logs
from desk.errors import DeskError, NotAllowed, NotFound, Refused, WrongUse
from mail.inert import guard, one_line
from models.errors import DatabaseUnusable, explain
from models.transactions import DatabaseFailed, ValueRefused
from worker.failures import place

if TYPE_CHECKING:
    from api.server.state import State

LATER = "Unable to create new ticket: the desk cannot work at the moment, try again later"
UNKNOWN = "Unable to create new ticket: unknown error"
_RETRY_SECONDS = 30
_STATUSES = ((NotFound, 404), (NotAllowed, 403), (WrongUse, 400), (Refused, 409))


def refusal_of(error: Exception, style: Style, state: State) -> Refusal:
    """Return what the caller is told. What is a fault of ours goes to the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, (DatabaseFailed, sqlite3.OperationalError, OSError)):
        _say(f"{type(error).__name__}: {error}")
        return later(style)
    if isinstance(error, DatabaseUnusable):
        state.leave(error)
        return later(style)
    if isinstance(error, DeskError):
        for kind, status in _STATUSES:
            if isinstance(error, kind):
                return Refusal(status, str(error), over_http(error.hint))
    if isinstance(error, ValueRefused):
        return Refusal(400, *explain(error))
    _say(place(error))
    state.threads.later(logs.write, "error", "api", f"a request failed: {error}", detail=place(error))
    return Refusal(500, UNKNOWN if style == "text" else "a fault of ours: see the desk's log")


def later(style: Style) -> Refusal:
    """Return what a caller is told while the desk cannot work."""
    if style == "text":
        return Refusal(500, LATER, retry_after=_RETRY_SECONDS)
    return Refusal(503, "the desk cannot work at the moment", "try again later", retry_after=_RETRY_SECONDS)


def _say(words: str) -> None:
    """Write to the journal, for the database may be what failed."""
    sys.stderr.write(f"nightdesk serve: {guard(one_line(words))}\n")
