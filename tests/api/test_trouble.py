"""What a caller is told when the desk cannot work: later, and the server stays for what may pass."""

from __future__ import annotations

import psycopg
import pytest

from api.server.refusals import Style
from api.server.trouble import refusal_of
from desk.errors import Refused
from models.errors import DatabaseTooNew, StoreAway
from models.postgres.connection import DatabaseUnreachable
from tests.support.rows import every_row


@pytest.mark.parametrize(
    ("error", "leaves"),
    [
        (DatabaseUnreachable("postgresql://db/desk", psycopg.OperationalError("shutting down")), False),
        (StoreAway("the store of attachments is away"), False),
        (OSError(28, "No space left on device"), False),
        (DatabaseTooNew("the desk was upgraded", "start it again"), True),
    ],
)
@pytest.mark.parametrize(("style", "status"), [("json", 503), ("text", 500)])
def test_what_may_pass_is_later_and_only_an_upgrade_ends_the_server(
    error: Exception, leaves: bool, style: Style, status: int
) -> None:
    left: list[Exception] = []

    class Standing:
        leave = staticmethod(left.append)

    refusal = refusal_of(error, style, Standing())  # type: ignore[arg-type]
    assert (refusal.status, refusal.retry_after) == (status, 30)
    assert left == ([error] if leaves else [])


@every_row(
    ("hint", "call"),
    [
        ("nightdesk ticket reopen 1", "POST /api/v1/tickets/1/reopen"),
        ("nightdesk ticket show 1 --json lists them", "GET /api/v1/tickets/{number} lists them"),
        ("nightdesk ticket delete 1 --restore", "POST /api/v1/tickets/1/restore"),
        ("or: nightdesk ticket time NUMBER stop", "or: POST /api/v1/tickets/{number}/time/stop"),
        ("nightdesk contact merge a@b.example c@d.example", "POST /api/v1/contacts/a@b.example/merge"),
        ("nightdesk organization edit 'A/B'", "POST /api/v1/organizations/A%2FB/edit"),
        ("nightdesk field add NAME", "nightdesk field add NAME"),
    ],
)
def test_a_hint_names_the_call_where_there_is_one(hint: str, call: str) -> None:
    refusal = refusal_of(Refused("no", hint), "json", None)  # type: ignore[arg-type]
    assert refusal.hint == call
