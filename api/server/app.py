"""The application: which call goes where, who may make it, and how each kind of caller is answered."""

from __future__ import annotations

import functools
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.osticket import calls
from api.osticket.calls import TextCall
from api.server import prometheus
from api.server.access import Caller, key_in, program_in
from api.server.body import CallerLeft
from api.server.gate import shown_path
from api.server.refusals import Refusal, Style, response_of
from api.server.trouble import refusal_of
from api.v1 import docs_page, openapi
from api.v1.calls import Call
from api.v1.documents import dump
from api.v1.operations import OPERATIONS, PREFIX, Operation
from desk.documents import operations as documents
from desk.operations import metrics as desk_metrics
from desk.staff import api_keys
from mail.inert import one_line

if TYPE_CHECKING:
    from api.server.state import State
    from desk.staff.api_keys import KeyLine

MAX_JSON = 8 * 1024 * 1024
"""Bytes of a call of our own API: texts, not files."""
PROBE_SECONDS = 5.0
"""Answers to probes are kept so long, whoever asks."""

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(state: State) -> Starlette:
    """Return the ASGI application of one server."""
    probes = _Probes(state)
    text: tuple[tuple[str, list[str], TextCall], ...] = (
        ("/api/tickets.email", ["POST"], calls.take_mail),
        ("/api/tickets.json", ["POST"], calls.take_json),
        ("/api/tickets.xml", ["POST"], calls.take_xml),
        ("/api/tickets.{format}", ["POST"], calls.unsupported),
        ("/api/tasks/cron", ["POST"], calls.run_cron),
        ("/api/cron.php", ["GET", "POST"], calls.run_cron),
        ("/api/cron/{key}", ["GET", "POST"], calls.run_cron),
    )
    routes = [
        Route(path, _guarded(state, _text(state, call), "text"), methods=verbs) for path, verbs, call in text
    ]
    # What names nothing first, then the longer paths: a ticket's number, or a name, may hold a slash.
    for each in sorted(OPERATIONS, key=lambda operation: ("{" in operation.path, -len(operation.path))):
        path = PREFIX + each.path.replace("}", ":path}")
        routes.append(Route(path, _guarded(state, _call(state, each), "json"), methods=[each.method]))
    routes += [
        Route("/health", _guarded(state, probes.health, "json"), methods=["GET"]),
        Route("/metrics", _guarded(state, probes.metrics, "text"), methods=["GET"]),
        Route("/openapi.json", _openapi, methods=["GET"]),
        Route("/docs", _docs, methods=["GET"]),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _unknown})
    app.router.redirect_slashes = False
    return app


def _guarded(state: State, endpoint: Endpoint, style: Style) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except CallerLeft:
            return Response(status_code=400)
        except Exception as error:
            if style == "text" and isinstance(error, Refusal) and not error.logged:
                caller = Caller(
                    request.scope["nightdesk.address"],
                    key_in(request.headers),
                    program=program_in(request.headers),
                )
                state.access.log_refusal(caller, shown_path(request.scope["path"]), error)
            return response_of(refusal_of(error, style, state), style)

    return guarded


def _text(state: State, call: TextCall) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await call(state, request)

    return endpoint


def _call(state: State, operation: Operation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        key = await _let_in(state, request, operation.scope)
        body = b""
        if operation.body is not None:
            body = await state.bodies.read(request, MAX_JSON)
        run = state.threads.write if operation.writes else state.threads.read
        document = await run(_run, state, operation, key, request, body)
        return Response(document, media_type="application/json")

    return endpoint


async def _let_in(state: State, request: Request, scope: str) -> KeyLine:
    caller = Caller(
        request.scope["nightdesk.address"], key_in(request.headers), program=program_in(request.headers)
    )
    return await state.access.check(caller, scope, scope_status=403)


def _run(state: State, operation: Operation, key: KeyLine, request: Request, body: bytes) -> bytes:
    about = next(iter(request.path_params.items()), ("", ""))
    number, name = (str(about[1]), "") if about[0] == "number" else ("", str(about[1]))
    query = _query(operation.query, request) if operation.query is not None else None
    given = _body(operation.body, body) if operation.body is not None else None
    return dump(operation.handler(Call(state.desk, api_keys.actor_of(key), number, query, given, name)))


def _query(model: type[BaseModel], request: Request) -> BaseModel:
    repeated = [name for name in request.query_params if len(request.query_params.getlist(name)) > 1]
    if repeated:
        raise Refusal(400, f"{one_line(repeated[0], 60)}: it is given twice")
    return _checked(lambda: model.model_validate_strings(dict(request.query_params)))


def _body(model: type[BaseModel], body: bytes) -> BaseModel:
    given = _checked(lambda: model.model_validate_json(body, strict=True))
    json.loads(body, object_pairs_hook=_each_once)
    return given


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse what says a name twice: of two values one would be dropped, and nobody told which."""
    names = Counter(name for name, _ in pairs)
    for name, times in names.items():
        if times > 1:
            raise Refusal(400, f"{one_line(name, 60)}: it is given twice")


def _checked(validate: Callable[[], BaseModel]) -> BaseModel:
    try:
        return validate()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        words = f"{place}: {first['msg']}" if place else first["msg"]
        raise Refusal(400, one_line(words, 300), "see /docs") from None


class _Probes:
    """Health and metrics; their numbers are kept for some seconds."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[str, tuple[float, Any]] = {}

    async def health(self, request: Request) -> Response:
        """Return the state of the desk; what was found only for who may read."""
        told = None
        if key_in(request.headers):
            await _let_in(self._state, request, "read")
            told = True
        found = await self._fresh("health", desk_metrics.findings)
        levels = {finding.level for finding in found}
        status = "failing" if "failure" in levels else "warning" if "warning" in levels else "ok"
        document: dict[str, Any] = {"status": status}
        if told:
            document["findings"] = [documents.finding(finding) for finding in found]
        return Response(dump(document), 503 if status == "failing" else 200, media_type="application/json")

    async def metrics(self, request: Request) -> Response:
        """Return the numbers for Prometheus."""
        await _let_in(self._state, request, "read")
        samples = await self._fresh("metrics", desk_metrics.samples)
        counted = prometheus.of_meters(self._state.meters)
        return Response(prometheus.expose([*samples, *counted]), media_type=prometheus.CONTENT_TYPE)

    async def _fresh(self, name: str, look: Callable[..., Any]) -> Any:
        at, kept = self._kept.get(name, (float("-inf"), None))
        if time.monotonic() - at > PROBE_SECONDS:
            kept = await self._state.threads.read(look, self._state.desk)
            self._kept[name] = (time.monotonic(), kept)
        return kept


@functools.cache
def _document(prefix: str) -> bytes:
    return dump(openapi.document(prefix))


@functools.cache
def _page(prefix: str) -> bytes:
    return docs_page.page(openapi.document(prefix), f"{prefix}/openapi.json")


async def _openapi(request: Request) -> Response:
    return Response(_document(request.scope["nightdesk.prefix"]), media_type="application/json")


async def _docs(request: Request) -> Response:
    headers = {"Content-Security-Policy": docs_page.POLICY}
    return Response(_page(request.scope["nightdesk.prefix"]), 200, headers, "text/html; charset=utf-8")


async def _unknown(request: Request, error: Exception) -> Response:
    """Answer for a path or method that does not exist: osTicket's callers read 400."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    headers = dict(getattr(error, "headers", None) or {})
    path = request.scope["path"]
    if path.startswith("/api/") and not path.startswith(PREFIX):
        return response_of(Refusal(400, calls.NOT_SUPPORTED), "text")
    words = "this cannot be done here" if status == 405 else "there is no such call"
    answer = response_of(Refusal(status, words, "see /docs"), "json")
    answer.headers.update(headers)
    return answer
