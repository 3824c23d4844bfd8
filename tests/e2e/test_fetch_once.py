"""`nightdesk --fetch-once` as cron and scripts call it."""

from __future__ import annotations

import sys

import pytest

from tests.generator import generate
from tests.support.live_desk import Desk
from tests.support.program import REPOSITORY
from tests.support.servers.dovecot import MailUser

FORBIDDEN = (
    "textual",
    "rich",
    "asyncio",
    "aiosmtplib",
    "croniter",
    "selectolax",
    "click",
    "pydantic",
    "models.tickets",
    "models.receipts",
    "models.agents",
    "desk.alerts.logins",
    "desk.intake.arrivals",
    "desk.mailboxes.form",
    "desk.mailboxes.registry",
    "desk.permissions",
    "mail.mime.address",
)


def test_a_desk_without_mailboxes_is_no_error_and_says_one_line(desk: Desk) -> None:
    ran = desk("--fetch-once", "--json")
    assert ran.status == 0
    assert ran.document["mailboxes"] == []
    assert len(ran.err.splitlines()) == 1


def test_a_missing_desk_is_a_matter_of_configuration(desk: Desk) -> None:
    ran = desk.program("--fetch-once", NIGHTDESK_HOME=str(desk.home) + "-gone")
    assert (ran.status, ran.out) == (78, "")
    assert "nightdesk init" in ran.err


def test_an_unknown_mailbox_is_wrong_usage(desk: Desk, mailuser: MailUser) -> None:
    desk.add_mailbox(mailuser)
    ran = desk("--fetch-once", "--mailbox", "nobody@example.test")
    assert (ran.status, ran.out) == (2, "")
    assert "nobody@example.test" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_people_get_a_line_a_mailbox_on_standard_output(desk: Desk, mailuser: MailUser) -> None:
    mailuser.load(mail.raw for mail in generate(3, 5, to=mailuser.address))
    desk.add_mailbox(mailuser)
    ran = desk.ok("--fetch-once", "--mailbox", mailuser.address)
    assert ran.out.startswith(f"{mailuser.address}: 3 fetched")
    assert ran.err == ""


def test_a_wrong_password_fails_the_run_and_is_not_told(desk: Desk, mailuser: MailUser) -> None:
    desk.add_mailbox(mailuser)
    desk.ok("mailbox", "edit", mailuser.address, "--password-stdin", stdin="hunter2-is-wrong\n")
    ran = desk("--fetch-once", "--json")
    assert ran.status == 1
    assert ran.document["mailboxes"][0]["errors"]
    assert mailuser.address in ran.err
    assert "hunter2" not in ran.err + ran.out
    assert "Traceback" not in ran.err


def test_a_fetch_with_nothing_new_loads_nothing_that_it_does_not_need(desk: Desk, mailuser: MailUser) -> None:
    desk.add_mailbox(mailuser)
    desk.fetch_once()
    code = (
        "import sys; from nightdesk import entry; status = entry.run(['--fetch-once']);"
        f"print(int(status), sorted(set({FORBIDDEN!r}) & set(sys.modules)), file=sys.stderr)"
    )
    ran = desk.program.python("-c", code)
    assert ran.err == "0 []\n"


@pytest.mark.timeout(300)
def test_progress_is_shown_on_a_terminal_only(desk: Desk, mailuser: MailUser) -> None:
    import pexpect

    mailuser.load(mail.raw for mail in generate(60, 5, to=mailuser.address))
    desk.add_mailbox(mailuser, None, "--batch", "10")
    seen = pexpect.run(
        f"{sys.executable} -m nightdesk --fetch-once",
        env=desk.program.environment(TERM="xterm"),
        cwd=str(REPOSITORY),
        timeout=180,
    ).decode()
    assert f"fetching: {mailuser.address} 10" in seen
    assert f"{mailuser.address}: 60 fetched" in seen
