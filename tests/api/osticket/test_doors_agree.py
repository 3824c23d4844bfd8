"""The same mail by HTTP and by any other way in becomes the same ticket, exactly once, whatever happens."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from desk.documents import tickets as documents
from desk.intake import pipeline
from desk.intake.arrivals import Arrival
from desk.tickets import detail
from tests.generator import GeneratedMail, generate, hostile_mails
from tests.support import osticket_scripts
from tests.support.books import Books, opened
from tests.support.live_desk import Desk as Fetching
from tests.support.mails import mail
from tests.support.served import Served, copy_of
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser

_SEED = 4_2026
_ADDRESS = "support@desk.example"
_TIMES = {"created", "updated", "due", "at", "since", "left"}


def test_made_up_mail_becomes_the_same_tickets_as_taken_in_directly(
    served: Served, served_home: Path, tmp_path: Path
) -> None:
    mails = [each.raw for each in [*generate(80, _SEED, to=_ADDRESS), *islice(hostile_mails(_SEED), 40)]]
    key = served.key("tickets")

    for raw in mails:
        assert served.call("POST", "/api/tickets.email", raw, key=key).status == 201
    served.stop()
    direct = copy_of(served_home, tmp_path / "direct").home
    with opened(direct) as desk:
        for raw in mails:
            pipeline.take(desk, [Arrival(raw, "http")])
        wanted = _everything(direct)
    with opened(served.program.home):
        assert _everything(served.program.home) == wanted


def test_mail_that_comes_while_the_server_is_killed_again_and_again_is_there_once(
    serve: Callable[..., Served],
) -> None:
    mails = list(generate(120, _SEED + 1, to=_ADDRESS))
    served = serve()
    key = served.key("tickets")
    home = served.program.home
    accepted: set[str] = set()
    for share in (0.25, 0.5, 0.75):
        with ThreadPoolExecutor(4) as callers:
            asked = [callers.submit(_hand_in, served, key, each) for each in mails]
            wait_until(_Reached(home, int(len(mails) * share)), "mail to come in")
            served.kill()
            accepted |= {each.result() for each in asked} - {""}
        stored = {name for (name,) in Books(home).rows("SELECT message_id FROM receipt")}
        assert accepted <= stored, "a mail that was answered with 201 is gone"
        served.stop()
        served = serve()
    for each in mails:
        assert _hand_in(served, key, each)

    books = Books(home)
    verdicts = dict(
        books.rows(
            "SELECT message_id, count(*) FROM receipt WHERE verdict <> 'duplicate' GROUP BY message_id"
        )
    )
    assert verdicts == {each.manifest.message_id: 1 for each in mails}
    assert books.value("SELECT count(*) FROM message") == books.value(
        "SELECT count(DISTINCT message_id) FROM message"
    )
    assert books.errors() == []


def test_many_callers_at_once_are_all_served(served: Served) -> None:
    key = served.key("tickets")
    mails = list(generate(60, _SEED + 2, to=_ADDRESS))
    with ThreadPoolExecutor(12) as callers:
        assert all(callers.map(lambda each: _hand_in(served, key, each), mails))
    assert _receipts(served.program.home) == len(mails)


def test_a_cron_call_fetches_the_mail_that_waits(served: Served, mailuser: MailUser) -> None:
    Fetching(served.program).add_mailbox(mailuser)
    mailuser.load([mail(subject=f"No. {n}", to=mailuser.address) for n in range(5)])
    key = served.key("cron")

    with ThreadPoolExecutor(4) as callers:
        statuses = list(callers.map(lambda _: osticket_scripts.wget(served, key), range(4)))

    assert statuses == [0, 0, 0, 0]
    assert Books(served.program.home).verdicts() == {"ticket": 5}


def test_a_mailbox_that_fails_does_not_stop_the_schedule(served: Served) -> None:
    dead = ("--protocol", "imap", "--host", "127.0.0.1", "--port", "1", "--pass-cmd", "true", "--user", "x")
    assert served.program("mailbox", "add", "dead@desk.example", *dead).status == 0
    answer = served.call("POST", "/api/tasks/cron", b"", key=served.key("cron"))
    assert (answer.status, answer.text) == (200, "Completed")
    assert answer.headers["x-nightdesk-failures"] != "0"
    assert any("dead@desk.example" in line["text"] for line in served.log_lines())


def test_a_fetch_that_cannot_begin_is_a_failure(served: Served) -> None:
    key = served.key("cron")
    (served.program.home / "config.toml").write_text("nonsense = 1\n")
    assert osticket_scripts.rcron_php(served, key) == 1


def test_what_a_rule_rejected_is_403_for_good() -> None:
    from api.osticket.calls import _answer
    from desk.intake.incoming import Outcome

    answer = _answer(Outcome(7, "rejected", None, None), "by the filter 'No newsletters'")
    assert answer.status_code == 403
    assert answer.body == b"Ticket denied: by the filter 'No newsletters'"
    loop = _answer(Outcome(8, "loop", None, None), "")
    assert (loop.status_code, loop.body) == (201, b"receipt 8"), "bouncing our own mail would make a loop"


class _Reached:
    """Whether a desk has so many receipts."""

    def __init__(self, home: Path, count: int) -> None:
        self._home = home
        self._count = count

    def __call__(self) -> bool:
        return _receipts(self._home) >= self._count


def _hand_in(served: Served, key: str, each: GeneratedMail) -> str:
    """The mail's Message-ID if it was taken, '' if the server did not answer."""
    try:
        answer = served.call("POST", "/api/tickets.email", each.raw, key=key)
    except (OSError, http.client.HTTPException):
        return ""
    assert answer.status == 201, answer.text
    return each.manifest.message_id or ""


def _receipts(home: Path) -> int:
    return int(Books(home).value("SELECT count(*) FROM receipt"))


def _everything(home: Path) -> list[dict[str, Any]]:
    books = Books(home)
    found = [
        _timeless(documents.shown(detail.show(number)))
        for (number,) in books.rows("SELECT number FROM ticket ORDER BY id")
    ]
    receipts = books.rows(
        "SELECT id, door, verdict, message_id, ticket_id, reason, trace, digest FROM receipt ORDER BY id"
    )
    return [*found, {"receipts": receipts}]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in _TIMES}
    return [_timeless(each) for each in value] if isinstance(value, list) else value
