"""osTicket's remote-pipe and cron scripts run unchanged against `nightdesk serve`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.support import osticket_scripts
from tests.support.mails import mail
from tests.support.program import Program
from tests.support.served import Served, database_of, write_lock
from tests.support.servers.child import wait_until

PIPES = [osticket_scripts.automail_php, osticket_scripts.automail_pl]
Pipe = Callable[..., int]

TOO_DEEP = (
    b"From: a@corp.test\r\nTo: support@desk.example\r\nSubject: deep\r\nMessage-ID: <deep@corp.test>\r\n"
    + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(400))
    + b"\r\nbottom\r\n"
)


@pytest.mark.parametrize("pipe", PIPES)
def test_a_piped_mail_becomes_a_ticket(served: Served, pipe: Pipe) -> None:
    key = served.key("tickets")

    assert pipe(served, key, mail("The printer is on fire.", subject="Printer")) == 0

    ticket = served.ticket("1")
    assert (ticket["subject"], ticket["message_count"]) == ("Printer", 1)
    assert ticket["messages"][0]["text"] == "The printer is on fire."


def test_the_answer_is_the_ticket_s_number_with_201(served: Served) -> None:
    answer = served.call("POST", "/api/tickets.email", mail(), key=served.key("tickets"))
    assert (answer.status, answer.text) == (201, "1")
    assert answer.headers["x-nightdesk-verdict"] == "ticket"


def test_a_reply_is_answered_with_the_number_of_its_ticket(served: Served) -> None:
    key = served.key("tickets")
    served.call("POST", "/api/tickets.email", mail(message_id="<first@corp.test>"), key=key)
    reply = mail("And it smells.", answers="<first@corp.test>", subject="Re: Printer")

    answer = served.call("POST", "/api/tickets.email", reply, key=key)

    assert (answer.status, answer.text) == (201, "1")
    assert served.ticket("1")["message_count"] == 2


def test_the_same_mail_again_is_the_same_ticket_once(served: Served) -> None:
    key, letter = served.key("tickets"), mail()

    assert [osticket_scripts.automail_php(served, key, letter) for _ in range(3)] == [0, 0, 0]

    assert served.ticket("1")["message_count"] == 1
    verdicts = [line["verdict"] for line in served.program("receipt", "list", "--json").document]
    assert sorted(verdicts) == ["duplicate", "duplicate", "ticket"]


def test_mail_that_cannot_be_understood_is_kept_and_not_sent_again(served: Served) -> None:
    key = served.key("tickets")
    answer = served.call("POST", "/api/tickets.email", TOO_DEEP, key=key)
    assert (answer.status, answer.text) == (201, "receipt 1")
    assert osticket_scripts.automail_php(served, key, TOO_DEEP + b"again\r\n") == 0
    assert served.program("receipt", "show", "1", "--json").document["verdict"] == "quarantined"


@pytest.mark.parametrize("root", ["", "/osticket", "/a/support"])
@pytest.mark.parametrize("dispatcher", ["/api", "/api/http.php"])
def test_osticket_s_urls_work_below_any_root(
    serve: Callable[..., Served], root: str, dispatcher: str
) -> None:
    served = serve(*(["--root-path", root] if root else []))
    key = served.key("tickets", "cron")
    assert osticket_scripts.automail_php(served, key, mail(), f"{root}{dispatcher}/tickets.email") == 0
    assert osticket_scripts.rcron_php(served, key, f"{root}{dispatcher}/tasks/cron") == 0


@pytest.mark.parametrize("pipe", PIPES)
def test_an_mbox_from_line_does_no_harm(served: Served, pipe: Pipe) -> None:
    letter = b"From ana@corp.test Fri Nov 20 09:30:00 2026\n" + mail().replace(b"\r\n", b"\n")
    assert pipe(served, served.key("tickets"), letter) == 0
    assert served.ticket("1")["requester"]["email"] == "ana@corp.test"


@pytest.mark.parametrize("pipe", PIPES)
def test_what_is_refused_for_good_looks_permanent_to_the_mail_server(
    serve: Callable[..., Served], pipe: Pipe
) -> None:
    served = serve("--max-body", "1")
    key = served.key("tickets")
    assert pipe(served, "0" * 32, mail()) == 77, "an unknown key"
    assert pipe(served, served.key("cron"), mail()) == 77, "a key for other things"
    assert pipe(served, key, b"") == 66, "nothing to take"
    assert pipe(served, key, mail(), "/api/nonsense") == 66, "a wrong URL"
    assert pipe(served, key, mail("x" * (1 << 20))) == 65, "more than is taken"
    assert pipe(served, key, mail(), "/api/tickets.yaml") == 65, "an unknown format"


@pytest.mark.parametrize("pipe", PIPES)
def test_what_will_pass_looks_temporary_to_the_mail_server(
    serve: Callable[..., Served], program: Program, pipe: Pipe
) -> None:
    served = serve(patch={"models.database.BUSY_SECONDS": 0.2})
    key, letter = served.key("tickets"), mail()
    slow = served.key("tickets", more=("--rate", "1"))
    with write_lock(program):
        assert pipe(served, key, letter) == osticket_scripts.TEMPORARY, "the database is locked"
    assert pipe(served, key, letter) == 0, "the same mail comes again"
    assert pipe(served, slow, mail()) == 0
    assert pipe(served, slow, mail()) == osticket_scripts.TEMPORARY, "too many requests"


@pytest.mark.sqlite  # whose version is a number in its file
def test_the_database_of_a_newer_program_is_temporary_and_ends_the_server(
    serve: Callable[..., Served], program: Program
) -> None:
    served = serve()
    key = served.key("tickets")
    with database_of(program) as other:
        other.execute("PRAGMA user_version = 999")

    assert osticket_scripts.automail_php(served, key, mail()) == osticket_scripts.TEMPORARY

    wait_until(lambda: not served.running, "the server to leave")
    assert "upgraded" in served.log.read_text()


@pytest.mark.parametrize("pipe", PIPES)
def test_an_early_refusal_is_read_also_by_who_is_still_sending(served: Served, pipe: Pipe) -> None:
    assert pipe(served, "0" * 32, mail("x" * (6 << 20))) == 77


def test_remote_cron_fetches(served: Served) -> None:
    key = served.key("cron")
    assert osticket_scripts.rcron_php(served, key) == 0
    assert osticket_scripts.wget(served, key) == 0
    assert served.call("POST", "/api/tasks/cron", b"", key=key).text == "Completed"
    assert served.call("POST", "/api/cron.php", b"", key=key).text == "Completed"
    findings = served.program("doctor", "--offline", "--json").document["findings"]
    assert any(each["text"].startswith("a call by HTTP: at work") for each in findings)


def test_cron_needs_a_key_for_cron(served: Served) -> None:
    assert osticket_scripts.rcron_php(served, served.key("tickets", "read", "write")) == 1
    assert osticket_scripts.wget(served, "Mozilla/5.0 (X11; U; Linux x86_64; en-US)") == 8
    assert served.call("POST", "/api/tasks/cron", b"").text == "Valid API key required"


@pytest.mark.skipif(shutil.which("wget") is None, reason="needs wget")
def test_the_documentation_s_wget_line_works_as_written(served: Served) -> None:
    line = ["wget", "-q", "-O", "/dev/null", f"--user-agent={served.key('cron')}"]
    done = subprocess.run([*line, f"{served.base}/api/cron.php"], check=False, timeout=180)
    assert done.returncode == 0


def test_a_key_made_for_urls_works_in_the_path_and_only_for_cron(served: Served) -> None:
    in_url = served.key("cron", more=("--in-url",))
    other = served.key("cron")
    assert served.get(f"/api/cron/{in_url}").text == "Completed"
    assert served.get(f"/api/cron/{other}").status == 401
    refused = served.program(
        "key", "create", "--address", "::1", "--scope", "cron", "--scope", "read", "--in-url"
    )
    assert refused.status == 2


def test_the_texts_of_refusals_are_osticket_s(served: Served) -> None:
    letter = mail()
    assert served.call("POST", "/api/tickets.email", letter).text == "Valid API key required"
    unknown = served.call("POST", "/api/tickets.email", letter, key="x")
    assert (unknown.status, unknown.text) == (401, "API key not found/active or source IP not authorized")
    cron = served.call("POST", "/api/tickets.email", letter, key=served.key("cron"))
    assert (cron.status, cron.text) == (401, "API key not authorized")
    assert served.get("/api/tickets.email").text == "URL not supported"
    assert served.call("POST", "/api/tickets.email", b"", key=served.key("tickets")).status == 400
