"""What a caller is told when the desk cannot work: later, and the server stays for what may pass."""

from __future__ import annotations

import psycopg
import pytest

from api.server.refusals import Style
from api.server.trouble import refusal_of
from models.errors import DatabaseTooNew, StoreAway
from models.postgres.connection import DatabaseUnreachable


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
