"""The OpenAPI document (3.1) of every call."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter

from api.v1 import documents as doc
from api.v1.operations import OPERATIONS, PREFIX, Operation

_REF = "#/components/schemas/{model}"
_PROBLEMS = {
    400: "The request is wrong; `error` says how.",
    401: "The key is missing, unknown, revoked, or not valid from this address.",
    403: "The key, or its agent's role, does not allow it.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "It cannot be done in the present state of the ticket.",
    413: "The body is too large.",
    415: "The body is compressed.",
    429: "Too many requests; `Retry-After` says when to come again.",
    500: "A fault of ours; it is in the desk's log.",
    503: "The desk cannot work at the moment; try again later.",
}
_IN_PATH = {
    "number": "A ticket's number",
    "name": "Its name",
    "address": "An address of the contact",
}


def document(server: str) -> dict[str, Any]:
    """Return the document; `server` is the path before all others."""
    bodies = [each.body for each in OPERATIONS if each.body is not None]
    forms = dict.fromkeys([doc.Error, doc.Health, *(each.answer for each in OPERATIONS), *bodies])
    _, schemas = TypeAdapter.json_schemas(
        [(form.__name__, "validation", TypeAdapter(form)) for form in forms], ref_template=_REF
    )
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(PREFIX + each.path, {})[each.method.lower()] = _operation(each)
    paths |= _osticket() | _probes()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Nightdesk",
            "version": "1",
            "description": "Mail in, tickets out. Calls below /api/tickets.* and cron are osTicket's.",
        },
        "servers": [{"url": server or "/"}],
        "security": [{"key": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Needs a key with scope `{operation.scope}`.",
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": description,
                "schema": {"type": "string", "minLength": 1},
            }
            for name, description in _IN_PATH.items()
            if f"{{{name}}}" in operation.path
        ],
        "responses": {"200": _json("Done", operation.answer), **_problems("json")},
    }
    if operation.query is not None:
        described["parameters"] += _query(operation.query)
    if operation.body is not None:
        content = {"application/json": {"schema": _ref(operation.body)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": field.pop("description", ""),
            "schema": _without_null(field),
        }
        for name, field in schema["properties"].items()
    ]


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Leave a query parameter out of the schema rather than null."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    if not kinds:
        return field
    return {**kinds[0], "title": field.get("title", "")}


def _osticket() -> dict[str, Any]:
    """Return osTicket's calls, which answer in plain text."""
    created = {"201": _text("The ticket's number; `receipt N` for mail that is no ticket, which is kept.")}
    done = {"200": _text("Completed, or that a fetch is still at work.")}
    return {
        "/api/tickets.email": _post(
            "pipeMail",
            "Hand in a mail",
            "A whole mail (RFC 5322), of any content type. Scope `tickets`.",
            {"message/rfc822": {"schema": {"type": "string"}}},
            created,
        ),
        "/api/tickets.json": _post(
            "createTicketFromJson",
            "Hand in a ticket as JSON",
            "Other fields are kept below the text. Scope `tickets`.",
            {"application/json": {"schema": _FIELDS}},
            created,
        ),
        "/api/tickets.xml": _post(
            "createTicketFromXml",
            "Hand in a ticket as XML",
            "The fields of tickets.json as elements of a root. Scope `tickets`.",
            {"application/xml": {"schema": {"type": "string"}}},
            created,
        ),
        "/api/tasks/cron": _post("cron", "Fetch mail now", "Scope `cron`.", None, done),
        "/api/cron.php": _post(
            "cronPost", "Fetch mail now", "Scope `cron`; the key may be the User-Agent.", None, done
        )
        | {
            "get": _post("cronGet", "Fetch mail now", "The same for wget. Scope `cron`.", None, done)["post"],
        },
    }


def _post(
    name: str, summary: str, description: str, content: dict[str, Any] | None, answers: dict[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "description": description,
        "responses": {**answers, **_problems("text")},
    }
    if content is not None:
        described["requestBody"] = {"required": True, "content": content}
    return {"post": described}


def _probes() -> dict[str, Any]:
    answers = {"200": _json("The desk works", doc.Health), "503": _json("It does not", doc.Health)}
    return {
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "How the desk is",
                "description": "Without a key only `status`; with one of scope `read` what was found.",
                "security": [{}, {"key": []}, {"bearer": []}],
                "responses": {**_problems("json"), **answers},
            }
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "The desk in numbers, for Prometheus",
                "description": "Scope `read`.",
                "responses": {**_problems("text"), "200": _text("Text exposition format 0.0.4")},
            }
        },
    }


def _problems(style: str) -> dict[str, Any]:
    answer = (lambda text: _json(text, doc.Error)) if style == "json" else _text
    return {str(status): answer(text) for status, text in _PROBLEMS.items()}


def _json(description: str, form: type) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(form)}}}


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}


def _ref(form: type) -> dict[str, str]:
    return {"$ref": _REF.format(model=form.__name__)}


_FIELDS: dict[str, Any] = {
    "type": "object",
    "required": ["email", "message"],
    "properties": {
        "email": {"type": "string", "description": "The requester's address"},
        "name": {"type": "string"},
        "subject": {"type": "string"},
        "message": {"type": "string", "description": "Text, or a data URL (RFC 2397) of text or HTML"},
        "attachments": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"type": "string"}},
            "description": 'Files: {"name": data URL}, or {"name", "type", "data", "encoding": "base64"}',
        },
        "autorespond": {"type": "boolean", "default": True},
        "alert": {"type": "boolean", "default": True},
        "priority": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "source": {"type": "string", "default": "API"},
        "ip": {"type": "string"},
        "topicId": {"type": "integer"},
    },
    "additionalProperties": True,
}
