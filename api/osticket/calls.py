"""The calls that osTicket's scripts make, answered as they read answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.responses import Response

from api.osticket.fields import BadFields, read_json, read_xml
from api.server.access import Caller, key_in, program_in
from api.server.refusals import Refusal, text_response
from desk.doors import submissions
from desk.intake import pipeline, receipts
from desk.intake.arrivals import Arrival
from mail.inert import one_line

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.server.state import State
    from desk.doors.submissions import Submission
    from desk.home import Desk
    from desk.intake.incoming import Outcome

NOT_SUPPORTED = "URL not supported"
NO_BODY = "Unable to read request body"
UNSUPPORTED_FORMAT = "Unsupported data format"
INVALID = "Unable to create new ticket: validation errors"
DENIED = "Ticket denied"
COMPLETED = "Completed"
AT_WORK = "Started; the fetch is still at work"

_SCOPE_REFUSED = 401
"""What osTicket answers to a key that is for other things."""

TextCall = Callable[["State", "Request"], Awaitable[Response]]


async def take_mail(state: State, request: Request) -> Response:
    """Take POST tickets.email: a whole mail, whatever its Content-Type says."""
    await _let_in(state, request, "tickets")
    # 413 would look temporary to osTicket's scripts, and the mail would come again for days.
    raw = await state.bodies.read(request, state.options.max_body, too_large=415)
    if not raw.strip():
        raise Refusal(400, NO_BODY)
    return _answer(*await state.threads.write(_take, state.desk, raw))


async def take_json(state: State, request: Request) -> Response:
    """Take POST tickets.json."""
    return await _take_fields(state, request, read_json)


async def take_xml(state: State, request: Request) -> Response:
    """Take POST tickets.xml."""
    return await _take_fields(state, request, read_xml)


async def unsupported(state: State, request: Request) -> Response:
    """Refuse POST tickets.something-else."""
    await _let_in(state, request, "tickets")
    raise Refusal(415, UNSUPPORTED_FORMAT)


async def run_cron(state: State, request: Request) -> Response:
    """Fetch, by X-API-Key, by the key as User-Agent, or by a key for that in the path."""
    await _let_in(state, request, "cron")
    run = await state.cron.call()
    if run is None:
        return text_response(AT_WORK)
    if not run.began:
        words = "; ".join(run.complaints) or f"it ended with status {run.status}"
        raise Refusal(500, f"Unable to fetch: {words}")
    # One mailbox that fails is in the log and in /health; a scheduler that sees failures stops calling.
    return text_response(COMPLETED, headers={"X-Nightdesk-Failures": str(len(run.complaints))})


async def _let_in(state: State, request: Request, scope: str) -> None:
    in_path = request.path_params.get("key")
    key = in_path if in_path is not None else key_in(request.headers)
    caller = Caller(request.scope["nightdesk.address"], key, in_path is not None, program_in(request.headers))
    await state.access.check(caller, scope, scope_status=_SCOPE_REFUSED)


async def _take_fields(state: State, request: Request, read: Callable[[bytes], Submission]) -> Response:
    await _let_in(state, request, "tickets")
    body = await state.bodies.read(request, state.options.max_body)
    if not body.strip():
        raise Refusal(400, NO_BODY)
    try:
        taken = await state.threads.write(_submit, state.desk, read, body)
    except BadFields as error:
        raise Refusal(400, "\n".join([f"{INVALID}:", *error.lines])) from None
    return _answer(*taken)


def _take(desk: Desk, raw: bytes) -> tuple[Outcome, str]:
    return _with_reason(pipeline.take(desk, [Arrival(raw, submissions.DOOR)])[0])


def _submit(desk: Desk, read: Callable[[bytes], Submission], body: bytes) -> tuple[Outcome, str]:
    return _with_reason(submissions.submit(desk, read(body)))


def _with_reason(taken: Outcome) -> tuple[Outcome, str]:
    return taken, receipts.show(taken.receipt_id).reason if taken.verdict == "rejected" else ""


def _answer(taken: Outcome, reason: str) -> Response:
    """Answer 201 for all that is kept, so that nobody sends it again; 403 for what a rule refused."""
    headers = {"X-Nightdesk-Receipt": str(taken.receipt_id), "X-Nightdesk-Verdict": taken.verdict}
    if taken.verdict == "rejected":
        return text_response(f"{DENIED}: {one_line(reason, 300)}", 403, headers)
    number = taken.ticket_number
    return text_response(number if number is not None else f"receipt {taken.receipt_id}", 201, headers)
