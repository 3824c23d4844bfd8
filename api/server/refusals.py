"""What a caller is told when the answer is no, in the form that its kind of caller reads."""

from __future__ import annotations

import json
from typing import Literal

from starlette.responses import Response

from mail.inert import one_line

Style = Literal["text", "json"]
"""text: the calls that osTicket's scripts make; json: our own."""


class Refusal(Exception):
    """An answer that is no. `hint` says what to do; `retry_after` in seconds, if it may work later.

    `logged`: the desk's log has a line about it already, or shall have none.
    """

    logged = False

    def __init__(self, status: int, text: str, hint: str = "", *, retry_after: int = 0) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.hint = hint
        self.retry_after = retry_after


def response_of(refusal: Refusal, style: Style) -> Response:
    """Return the refusal as a response."""
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if style == "text":
        return text_response(refusal.text, refusal.status, headers)
    document = {"error": one_line(refusal.text), "hint": one_line(refusal.hint)}
    return Response(json.dumps(document), refusal.status, headers, "application/json")


def text_response(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a plain answer."""
    return Response(text.encode("utf-8", "replace"), status, headers, "text/plain; charset=utf-8")
