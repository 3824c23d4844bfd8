from __future__ import annotations

import pytest

from tests.support.filled import add_mailbox, mail, take_in
from tests.support.program import Program


@pytest.fixture
def waiting(desk: Program) -> Program:
    """A desk with one answer that waits to leave."""
    add_mailbox(desk)
    take_in(desk, [mail()])
    done = desk("ticket", "reply", "1", "--body-file", "-", "--json", stdin="Yes.")
    assert done.status == 0, done.err
    return desk


def test_list_shows_what_waits(waiting: Program) -> None:
    (item,) = [one for one in waiting("outbox", "list", "--json").document if one["kind"] == "reply"]
    assert (item["to"], item["state"], item["ticket"]) == ("ana@corp.example", "queued", "1")
    assert "ana@corp.example" in waiting("outbox", "list").out
    assert waiting("outbox", "list", "--state", "failed", "--json").document == []
    assert waiting("outbox", "list", "--state", "nope").status == 2


def test_cancel_and_retry(waiting: Program) -> None:
    ids = waiting("outbox", "list", "--json").out
    cancelled = waiting("outbox", "cancel", "-", "--json", stdin=ids)
    assert cancelled.status == 0, cancelled.err
    assert waiting("outbox", "list", "--json").document == []
    (delivery, *_) = cancelled.document["changed"]
    again = waiting("outbox", "cancel", str(delivery))
    assert (again.status, again.out) == (1, "")
    partly = waiting("outbox", "retry", str(delivery), "4711", "--json")
    assert (partly.status, partly.document["changed"]) == (1, [delivery])
    assert partly.document["refused"] == [{"id": 4711, "reason": "there is no mail 4711 in the outbox"}]
    assert "there is no mail 4711 in the outbox" in partly.err
    assert len(waiting("outbox", "list", "--json").document) == 1


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_an_unknown_id_is_status_1_and_no_id_is_status_2(desk: Program, verb: str) -> None:
    assert desk("outbox", verb, "99").status == 1
    wrong = desk("outbox", verb, "x")
    assert (wrong.status, wrong.err) == (2, "nightdesk: 'x' is no id - nightdesk outbox list shows the ids\n")
    assert desk("outbox", verb).status == 2
