"""Lists of mailboxes: as many queries for many as for one, and every one as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from desk.documents import mailboxes as documents
from desk.fetching import runs
from desk.home import Desk
from desk.mailboxes import lists, registry
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.staff import topics
from models.database import db
from tests.support.workbench import ADMIN
from tui.health import observe
from tui.screens.mailboxes.screen import rows_of


def add(desk: Desk, name: str) -> None:
    values = {
        "address": f"{name}@desk.example",
        "host": "imap.desk.example",
        "department": "Support",
        "topic": "VPN",
        "aliases": f"a-{name}@desk.example, b-{name}@desk.example",
        "auth": "oauth2",
        "oauth2": "google",
        "oauth2_client_id": name,
    }
    row = registry.add(desk, ADMIN, check(values), MailboxSecrets(client=SecretInput("sealed", "x")))
    runs.request(row.id)


@contextmanager
def queries() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    said: list[str] = []
    handle = db.obj
    execute = handle.execute_sql

    def noting(sql: str, params: Any = None) -> Any:
        said.append(sql)
        return execute(sql, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handle, "execute_sql", noting)
        yield said


@pytest.mark.parametrize("read", [registry.entries, observe, rows_of])
def test_many_mailboxes_take_no_more_queries_than_one(desk: Desk, read: object) -> None:
    assert callable(read)
    topics.add_topic(ADMIN, "VPN")
    add(desk, "m0")
    read(desk)
    with queries() as one:
        read(desk)
    for number in range(1, 12):
        add(desk, f"m{number}")
    with queries() as many:
        read(desk)
    assert len(many) == len(one)
    assert 0 < len(one) < 20


def test_a_list_tells_of_each_what_it_tells_alone(desk: Desk) -> None:
    topics.add_topic(ADMIN, "VPN")
    for name in ("m1", "m2"):
        add(desk, name)
    together = registry.entries(desk)
    alone = [lists.line(registry.get(line.address), desk) for line in together]
    assert [documents.mailbox(line) for line in together] == [documents.mailbox(line) for line in alone]
    assert [line.aliases for line in together] == [
        ("a-m1@desk.example", "b-m1@desk.example"),
        ("a-m2@desk.example", "b-m2@desk.example"),
    ]
    assert [line.form.topic for line in together] == ["VPN", "VPN"]
    assert [line.token.client_id for line in together if line.token] == ["m1", "m2"]
