"""Our own calls: list, show, search, reply, note, assign, close; what they say when they do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.mails import mail
from tests.support.rows import every_row
from tests.support.served import Served

V1 = "/api/v1"


@pytest.fixture
def key(served: Served) -> str:
    """A key for everything, on a desk with three tickets."""
    made = served.key("tickets", "read", "write")
    for subject in ("Printer", "VPN", "Mail"):
        letter = mail(f"About the {subject.lower()}.", subject=subject, to="support@desk.example")
        assert served.call("POST", "/api/tickets.email", letter, key=made).status == 201
    return made


def test_tickets_have_the_keys_that_the_command_line_has(served: Served, key: str) -> None:
    listed = served.get(f"{V1}/tickets", key).document
    assert listed["tickets"] == served.program("ticket", "list", "--json").document
    by_call, by_verb = served.get(f"{V1}/tickets/1", key).document, served.ticket("1")
    for clock in (*by_call["clocks"], *by_verb["clocks"]):
        assert clock.pop("left") > 0, "seconds, which go on between the two"
    assert by_call == by_verb


def test_a_list_is_read_page_by_page(served: Served, key: str) -> None:
    assert served.program("field", "add", "Cost", "--kind", "number").status == 0
    assert served.program("ticket", "set", "2", "--field", "cost=7").status == 0
    assert served.program("field", "add", "Said").status == 0
    for number in ("2", "3"):
        assert served.program("ticket", "set", number, "--field", f"said={'ü' * 1000}").status == 0
    for sort in ("updated", "created", "priority", "due", "field:cost", "-field:cost", "-field:said"):
        found, after = [], ""
        for _ in range(4):
            page = served.get(f"{V1}/tickets?limit=1&sort={sort}&after={after}", key).document
            found += [ticket["number"] for ticket in page["tickets"]]
            after = page["next"]
            if after is None:
                break
            _refused_with_a_slip(served, key, sort, after)
        assert sorted(found) == ["1", "2", "3"], sort
        assert "cost" not in sort or found[0] == "2"


def _refused_with_a_slip(served: Served, key: str, sort: str, after: str) -> None:
    middle = len(after) // 2
    slip = after[:middle] + ("B" if after[middle] == "A" else "A") + after[middle + 1 :]
    of_another = f"sort={'due' if sort == 'created' else 'created'}&after={after}"
    for asked in (f"sort={sort}&after={slip}", of_another):
        answer = served.get(f"{V1}/tickets?{asked}", key)
        assert (answer.status, "`next`" in answer.document["hint"]) == (400, True), (asked, answer.text)


def test_a_list_is_filtered_as_on_the_command_line(served: Served, key: str) -> None:
    found = served.get(f"{V1}/tickets?query=printer", key).document
    assert [ticket["number"] for ticket in found["tickets"]] == ["1"]
    queue = served.get(f"{V1}/tickets?queue=unanswered&query=printer", key).document
    assert queue == found
    assert served.get(f"{V1}/reports/time", key).document["by"] == "agent", (
        "it is no report by the name of time"
    )
    wrong = served.get(f"{V1}/tickets?query=colour:red", key)
    assert wrong.status == 400
    assert set(wrong.document) == {"error", "hint"}


def test_messages_are_searched(served: Served, key: str) -> None:
    found = served.get(f"{V1}/search?q=about&limit=2", key).document
    assert [hit["ticket"] for hit in found["hits"]] == ["3", "2"]
    rest = served.get(f"{V1}/search?q=about&limit=2&before={found['next']}", key).document
    assert ([hit["ticket"] for hit in rest["hits"]], rest["next"]) == (["1"], None)


def test_an_answer_is_queued_with_what_will_become_of_it(served: Served, key: str) -> None:
    queued = served.post(f"{V1}/tickets/1/reply", {"body": "**Fixed.**", "status": "closed"}, key).document
    assert queued["recipients"] == ["ana@corp.test"]
    assert queued["warning"], "the desk has no way out"
    ticket = served.ticket("1")
    assert ticket["status"] == "closed"
    assert ticket["messages"][-1]["kind"] == "reply"
    assert ticket["messages"][-1]["deliveries"][0]["state"] == "queued"


def test_notes_owners_and_states_are_changed_and_say_who_did_it(served: Served, key: str) -> None:
    assert served.program("agent", "add", "kim", "--name", "Kim").status == 0
    assert served.post(f"{V1}/tickets/1/note", {"body": "Seen."}, key).status == 200
    assert served.post(f"{V1}/tickets/1/assign", {"login": "kim"}, key).document["changed"] is True
    assert served.post(f"{V1}/tickets/1/assign", {"login": "kim"}, key).document["changed"] is False
    assert served.post(f"{V1}/tickets/1/assign", {"login": None}, key).document["changed"] is True
    assert served.post(f"{V1}/tickets/1/close", {}, key).document == {"number": "1", "changed": True}
    assert served.post(f"{V1}/tickets/%231/reopen", {}, key).document == {"number": "1", "changed": True}
    ticket = served.ticket("1")
    assert ticket["messages"][-1]["kind"] == "note"
    assert {event["agent"] for event in ticket["events"][1:]} == {"key-1"}


@every_row(
    ("method", "path", "body", "status"),
    [
        ("GET", "/tickets/77", None, 404),
        ("POST", "/tickets/77/close", b"", 404),
        ("POST", "/tickets/1/note", b"{}", 400),
        ("POST", "/tickets/1/note", b'{"body": "x", "colour": 1}', 400),
        ("POST", "/tickets/1/note", b'{"body": 7}', 400),
        ("POST", "/tickets/1/note", b"not json", 400),
        ("POST", "/tickets/1/note", b'{"body": "x", "body": "y"}', 400),
        ("POST", "/tickets/1/fields", b'{"fields": {"room": "1", "room": "2"}}', 400),
        ("POST", "/tickets/1/note", b'{"body": "   "}', 409),
        ("POST", "/tickets/1/assign", b'{"login": "nobody-here"}', 400),
        ("POST", "/tickets/1/reply", b'{"body": "x", "to": ["support@desk.example"]}', 409),
        ("GET", "/tickets?limit=0", None, 400),
        ("GET", "/tickets?limit=1&limit=2", None, 400),
        ("GET", "/tickets?after=bm9uc2Vuc2U", None, 400),
        ("GET", "/tickets?colour=red", None, 400),
        ("GET", "/search", None, 400),
        ("GET", "/tickets?queue=Answered&view=all", None, 400),
        ("GET", "/tickets?queue=Nobodys", None, 404),
        ("GET", "/reports/colours", None, 404),
        ("GET", "/reports/days?since=2026-02-01&until=2026-01-01", None, 400),
        ("GET", "/queues/A/B", None, 404),
        ("POST", "/queues/Unanswered/remove", b"", 403),
        ("POST", "/organizations", b'{"name": "Corp"}', 403),
        ("GET", "/contacts?after=ana@corp.test", None, 400),
        ("GET", "/contacts/nobody", None, 400),
        ("GET", "/contacts/eve@corp.test", None, 404),
        ("DELETE", "/tickets/1", None, 405),
        ("GET", "/nothing", None, 404),
    ],
)
def test_what_cannot_be_done_is_said_as_json(
    served: Served, key: str, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = served.call(method, V1 + path, body, key=key)
    assert answer.status == status, answer.text
    assert answer.document["error"]


def test_health_says_more_to_who_may_know_more(served: Served, key: str) -> None:
    assert set(served.get("/health").document) == {"status"}
    told = served.get("/health", Authorization=f"Bearer {key}").document
    assert {finding["area"] for finding in told["findings"]} >= {"worker", "outbox", "quarantine", "disk"}
    assert served.get("/health", "wrong").status == 401


def test_health_fails_when_the_desk_does(serve: Callable[..., Served]) -> None:
    from desk.operations.doctor import Finding

    served = serve(patch={"desk.operations.doctor._NO_DISK": 1 << 62})
    answer = served.get("/health", served.key("read"))
    assert answer.status == 503
    assert answer.document["status"] == "failing"
    assert Finding(**{**answer.document["findings"][0], "cure": ""}).level == "failure"


def test_metrics_are_in_prometheus_form(served: Served, key: str) -> None:
    import re

    assert served.get("/metrics").status == 401
    answer = served.get("/metrics", Authorization=f"Bearer {key}")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+')
    lines = answer.text.rstrip("\n").split("\n")
    assert [line for line in lines if not line.startswith("# ") and not sample.fullmatch(line)] == []
    assert 'nightdesk_tickets{list="open"} 3' in lines
    assert 'nightdesk_http_requests_total{call="/api/tickets.email",code="201"} 3' in lines


def test_the_documentation_needs_nothing_from_elsewhere(serve: Callable[..., Served]) -> None:
    served = serve("--root-path", "/osticket")
    page = served.get("/osticket/docs")
    assert page.status == 200
    assert "<script" not in page.text
    assert "//" not in page.text.replace("http://www.w3.org", "")
    assert 'href="/osticket/openapi.json"' in page.text
    assert served.get("/osticket/openapi.json").document["servers"] == [{"url": "/osticket"}]


def test_every_call_is_in_the_openapi_document(served: Served) -> None:
    from api.v1.operations import OPERATIONS, PREFIX

    paths = served.get("/openapi.json").document["paths"]
    for operation in OPERATIONS:
        assert operation.method.lower() in paths[PREFIX + operation.path]


def test_the_openapi_document_names_every_key_of_a_ticket(served: Served, key: str) -> None:
    schemas = served.get("/openapi.json", key).document["components"]["schemas"]
    ticket = served.get(f"{V1}/tickets/1", key).document
    (line,) = served.get(f"{V1}/tickets?query=printer", key).document["tickets"]
    assert set(ticket) == set(schemas["TicketDetail"]["properties"])
    assert set(line) | {"fields", "state", "pinned", "vip"} == set(schemas["Ticket"]["properties"])
    assert set(ticket["events"][0]) == set(schemas["Event"]["properties"])
    assert set(ticket["messages"][0]) | {"signature", "bcc", "edits"} == set(schemas["Message"]["properties"])
