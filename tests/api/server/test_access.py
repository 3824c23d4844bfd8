"""Who is let in: keys by address, scope, rate and age; what the log says of the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from api.server.access import program_in
from tests.support.mails import mail
from tests.support.served import Served
from tests.support.servers.child import wait_until

LIST = "/api/v1/tickets"


def test_a_key_works_from_its_addresses_only(served: Served) -> None:
    assert served.get(LIST, served.key("read", address="127.0.0.0/8")).status == 200
    assert served.get(LIST, served.key("read", address="10.0.0.0/8")).status == 401
    assert served.get(LIST, served.key("read", address="2001:db8::/32")).status == 401


def test_a_key_works_for_its_scopes_only(served: Served) -> None:
    read, write = served.key("read"), served.key("write")
    assert served.get(LIST, read).status == 200
    assert served.get(LIST, write).status == 403
    assert served.post(f"{LIST}/1/close", {}, read).status == 403
    assert served.call("POST", "/api/tickets.email", mail(), key=read).status == 401


def test_a_revoked_key_is_refused_at_once(served: Served) -> None:
    key = served.key("read")
    assert served.get(LIST, key).status == 200
    assert served.program("key", "revoke", "1").status == 0
    assert served.get(LIST, key).status == 401


def test_a_key_may_come_as_bearer_token_or_as_user_agent(served: Served) -> None:
    key = served.key("read")
    assert served.get(LIST, Authorization=f"Bearer {key}").status == 200
    assert served.get(LIST, **{"User-Agent": key}).status == 200
    assert served.get(LIST, "wrong", **{"User-Agent": key}).status == 401, "X-API-Key counts when it is there"


def test_a_key_of_the_old_helpdesk_can_be_taken_over(served: Served) -> None:
    old = "1B2E0A7F2C6D4E8F9A0B1C2D3E4F5A6B"
    arguments = ("key", "create", "--address", "127.0.0.1", "--scope", "read", "--key-stdin")
    assert served.program(*arguments, stdin=f"{old}\n").status == 0
    assert served.get(LIST, old).status == 200
    assert served.program(*arguments, stdin="secret\n").status == 2


def test_too_many_requests_with_one_key_are_put_off_and_other_keys_go_on(served: Served) -> None:
    slow, other = served.key("read", more=("--rate", "2")), served.key("read")
    statuses = [served.get(LIST, slow).status for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert int(served.get(LIST, slow).headers["retry-after"]) > 0
    assert served.get(LIST, other).status == 200


def test_guessing_is_slowed_down_and_does_not_fill_the_log(served: Served) -> None:
    from api.server.access import REFUSALS_A_MINUTE

    statuses = [served.get(LIST, f"guess {n}").status for n in range(REFUSALS_A_MINUTE + 20)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    good = served.key("read")
    assert served.get(LIST, good).status == 200, (
        "who has a key is not locked out by others behind his address"
    )
    lines = [line["text"] for line in served.log_lines() if "invalid API key" in line["text"]]
    assert len(lines) <= REFUSALS_A_MINUTE + 2
    assert any("again and again" in line["text"] for line in served.log_lines())


def _api_lines(served: Served) -> list[str]:
    return [line["text"] for line in served.log_lines() if line["source"] == "api"]


def test_refusals_are_logged_as_osticket_does_without_the_key(served: Served) -> None:
    from desk.staff.api_keys import prefix_of

    served.get(LIST, "let me in")
    served.get(LIST)
    served.get("/api/cron.php", **{"User-Agent": "Mozilla/5.0"})
    # The log is written beside the answers.
    wait_until(lambda: len(_api_lines(served)) >= 3, "the log")
    texts = _api_lines(served)
    begin = "API error - code #77: Unknown remote host 127.0.0.1 or invalid API key"
    shown = (prefix_of("let me in"), "none", "Mozilla/5.0")
    assert sorted(texts) == sorted(f"{begin} [{each}]" for each in shown)


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64)", "Mozilla/5.0 (Windows NT 10.0; Win64)"),
        ("curl/7.88.1", "curl/7.88.1"),
        ("Wget/1.21", "Wget/1.21"),
        ("cron-job.org/v2 (https://cron-job.org)", "cron-job.org/v2 (https://cron-job.org)"),
        ("Mozilla/5.0 \x1b[31mred", "Mozilla/5.0 \ufffd[31mred"),
        ("Mozilla/5.0 " + "x" * 500, None),
        ("three secret words", "none"),
        ("c2VjcmV0/c2VjcmV0", "none"),
        ("", "none"),
    ],
)
def test_a_scheduler_without_a_key_is_told_by_its_program_and_no_secret_is(
    agent: str, shown: str | None
) -> None:
    """A User-Agent that may be a key in disguise is left out; what is shown is printable and cut."""
    found = program_in(Headers({"user-agent": agent})) or "none"
    assert (found == shown) if shown is not None else len(found) <= 101
    assert found.isprintable()


def test_what_was_refused_in_spite_of_a_good_key_is_in_the_log_and_does_not_fill_it(
    serve: Callable[..., Served],
) -> None:
    from api.server.access import MORE_LINES_A_MINUTE

    served = serve("--max-body", "1")
    key = served.key("tickets")
    served.call("POST", "/api/tickets.email", mail("x" * (1 << 20)), key=key)
    served.call("POST", "/api/tickets.json", b"{}", key=key)
    # The log is written beside the answers.
    wait_until(lambda: sum("was refused" in text for text in _api_lines(served)) >= 2, "the log")
    told = [text for text in _api_lines(served) if "was refused" in text]
    assert len(told) == 2
    assert "/api/tickets.email from 127.0.0.1 was refused: 415 Request body too large" in " ".join(told)
    assert "/api/tickets.json from 127.0.0.1 was refused: 400" in " ".join(told)
    for _ in range(MORE_LINES_A_MINUTE * 3):
        served.call("POST", "/api/tickets.json", b"{}", key=key)
    told = [line["text"] for line in served.log_lines() if "was refused" in line["text"]]
    assert len(told) <= MORE_LINES_A_MINUTE + 2


def test_no_key_is_ever_written_anywhere(serve: Callable[..., Served]) -> None:
    served = serve("--access-log", "--root-path", "/osticket")
    in_url = served.key("cron", more=("--in-url",))
    wrong = "F" * 32
    revoked = served.key("read", "tickets")
    assert served.program("key", "revoke", "2").status == 0
    for path in (f"/api/cron/{in_url}", f"/wrong/api/cron/{in_url}", f"/api/cron/{in_url}/more"):
        served.get(path)
        served.get(path.replace(in_url, wrong))
        served.get(f"{path}?key={in_url}")
    for key in (in_url, wrong, revoked):
        served.get(LIST, key)
        served.get("/api/cron.php", **{"User-Agent": key})
        served.get(LIST, Authorization=f"Bearer {key}")
        served.call("POST", "/api/tickets.email", mail(), key=key)
    served.stop()

    kept = [served.log, *(each for each in served.program.home.rglob("*") if each.is_file())]
    for key in (in_url, wrong, revoked):
        found = [str(each) for each in kept if _holds(each, key)]
        assert found == []


def _holds(file: Path, key: str) -> bool:
    content = file.read_bytes()
    return key.encode() in content or key.lower().encode() in content


@pytest.mark.parametrize(
    ("trusted", "forwarded", "status"),
    [
        ((), "192.0.2.7", 401),
        (("127.0.0.0/8",), "192.0.2.7", 200),
        (("127.0.0.0/8",), "192.0.2.7, 198.51.100.9", 401),
        (("127.0.0.0/8", "198.51.100.9"), "192.0.2.7, 198.51.100.9", 200),
        (("127.0.0.0/8",), "203.0.113.1, 192.0.2.7", 200),
        (("127.0.0.0/8",), "nonsense", 401),
        (("127.0.0.0/8",), "192.0.2.7:51234", 200),
        (("127.0.0.0/8",), "", 401),
    ],
)
def test_the_caller_s_address_comes_from_named_proxies_only(
    serve: Callable[..., Served], trusted: tuple[str, ...], forwarded: str, status: int
) -> None:
    served = serve(*(part for each in trusted for part in ("--trusted-proxy", each)))
    key = served.key("read", address="192.0.2.7")
    assert served.get(LIST, key, **{"X-Forwarded-For": forwarded}).status == status


def test_when_a_key_was_last_used_is_known(served: Served) -> None:
    from tests.support.servers.child import wait_until

    served.get(LIST, served.key("read"))
    wait_until(
        lambda: served.program("key", "list", "--json").document[0]["last_used"] is not None, "a time of use"
    )


def test_a_key_acts_by_the_role_of_its_agent(served: Served) -> None:
    tickets = served.key("tickets")
    served.call("POST", "/api/tickets.email", mail(), key=tickets)
    assert served.program("agent", "add", "kim", "--name", "Kim").status == 0
    key = served.key("write", "read", more=("--agent", "kim"))
    assert served.post(f"{LIST}/1/assign", {"login": "me"}, key).document == {"number": "1", "changed": True}
    assert served.get(f"{LIST}/1", key).document["assignee"] == "Kim"
    assert served.program("agent", "edit", "kim", "--inactive").status == 0
    assert served.post(f"{LIST}/1/close", {}, key).status == 403
