"""One run over everything: what it says, and what one bad mailbox does to the others."""

from __future__ import annotations

import pytest

from desk import settings
from desk.documents import runs
from desk.errors import Refused, WrongUse
from desk.home import Desk
from desk.permissions import app_actor
from models.mailboxes import Mailbox
from tests.support.scripted import MailboxMaker, mail
from tests.support.servers.faults import FaultyImap, hang, reply
from worker.service.once import run_once

KEYS = {
    *("address", "fetched", "tickets", "replies", "notes", "bounces", "duplicates", "rejected", "loops"),
    *("quarantined", "skipped", "more", "errors", "seconds"),
}


def test_a_desk_without_mailboxes_has_nothing_to_do_and_says_so(desk: Desk) -> None:
    summary = run_once(desk)
    assert not summary.failed
    assert runs.fetch(summary) == {
        "mailboxes": [],
        "spooled": 0,
        "sent": 0,
        "deferred": 0,
        "failed": 0,
        "uncertain": 0,
        "overdue": 0,
    }
    assert [note.partition(":")[0] for note in summary.notes] == ["no mailbox fetches mail"]


def test_switched_off_fetching_is_no_failure(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([mail(1)]) as server:
        mailbox = add_mailbox(server)
        settings.set(app_actor(desk), "mail.fetching", "off")
        summary = run_once(desk)
        assert (summary.mailboxes, summary.failed, len(summary.notes)) == ([], False, 1)
        assert server.commands == []
        assert run_once(desk, [mailbox.address]).mailboxes[0].fetched == 1, "a person who names it means it"


def test_a_login_that_ends_by_itself_is_looked_after_by_cron_too(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr("desk.alerts.logins.look_after_tokens", lambda *asked: seen.append(asked))
    with FaultyImap([mail(1)]) as server:
        mailbox = add_mailbox(server)
        run_once(desk)
        assert seen == []
        Mailbox.update(auth="oauth2").where(Mailbox.id == mailbox.id).execute()
    run_once(desk)
    assert len(seen) == 1


def test_the_documents_keys_are_those_that_scripts_rely_on(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([mail(1), mail(2)]) as server:
        add_mailbox(server)
        document = runs.fetch(run_once(desk))
    [fetched] = document["mailboxes"]
    assert set(fetched) == KEYS
    assert fetched["fetched"] == fetched["tickets"] == 2
    assert (fetched["skipped"], fetched["more"], fetched["errors"]) == (False, False, [])


def test_a_file_of_a_stranger_in_the_spool_stops_neither_mailboxes_nor_the_run(
    desk: Desk, add_mailbox: MailboxMaker
) -> None:
    (desk.paths.spool / "0.mail").write_bytes(b"nightdesk-spool 1\nsize: " + b"0" * 5000 + b"1\n\nx")
    with FaultyImap([mail(1)]) as server:
        add_mailbox(server)
        summary = run_once(desk)
    assert not summary.failed
    assert summary.mailboxes[0].fetched == 1


def test_a_spool_that_cannot_be_read_is_told_and_the_mailboxes_are_fetched(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: str) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("worker.service.once.names", broken)
    with FaultyImap([mail(1)]) as server:
        add_mailbox(server)
        summary = run_once(desk)
    assert summary.mailboxes[0].fetched == 1
    assert [line.partition(":")[0] for line in summary.complaints()] == ["mail waits in the spool"]


def test_a_dead_and_a_hanging_mailbox_stop_only_themselves(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from desk.mailboxes import accounts

    account = accounts.incoming_account
    monkeypatch.setattr(accounts, "incoming_account", lambda *given: replace(account(*given), timeout=0.5))
    with (
        FaultyImap([mail(n) for n in range(1, 6)]) as good,
        FaultyImap([], {"LOGIN": reply("NO [AUTHENTICATIONFAILED] No")}) as dead,
        FaultyImap([], {"SELECT": hang()}) as silent,
    ):
        add_mailbox(good, "good@example.test")
        add_mailbox(dead, "dead@example.test")
        add_mailbox(silent, "silent@example.test")
        summary = run_once(desk)
    by_address = {fetch.address: fetch for fetch in summary.mailboxes}
    assert by_address["good@example.test"].fetched == 5
    assert by_address["dead@example.test"].errors
    assert by_address["silent@example.test"].errors
    assert summary.failed
    assert any(complaint.startswith("dead@example.test: ") for complaint in summary.complaints())


def test_back_off_is_reported_as_a_failure_until_it_is_over(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with FaultyImap([mail(1)], {"LOGIN": reply("NO Down for maintenance", times=1)}) as server:
        mailbox = add_mailbox(server)
        assert run_once(desk).failed
        again = run_once(desk)
        assert again.failed
        assert "not tried before" in again.complaints()[0]
        assert run_once(desk, [mailbox.address]).mailboxes[0].fetched == 1
        assert not run_once(desk).failed


def test_an_unknown_or_disabled_mailbox_is_refused_by_name(desk: Desk, add_mailbox: MailboxMaker) -> None:
    with pytest.raises(WrongUse, match="there is no mailbox"):
        run_once(desk, ["nobody@example.test"])
    with FaultyImap([mail(1)]) as server:
        mailbox = add_mailbox(server, incoming_enabled=False)
        summary = run_once(desk)
        assert summary.mailboxes == []
        assert summary.notes == [
            f"no mailbox is enabled: nightdesk mailbox enable --incoming {mailbox.address}"
        ]
        with pytest.raises(Refused, match="does not fetch"):
            run_once(desk, [mailbox.address])
    assert Mailbox.get_by_id(mailbox.id).error_count == 0


def test_what_the_run_trips_over_is_told_and_the_outbox_has_its_turn(
    desk: Desk, add_mailbox: MailboxMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(*_given: object) -> int:
        raise LookupError("no such thing")

    sent: list[bool] = []
    monkeypatch.setattr("desk.alerts.notifications.notify", trip)
    monkeypatch.setattr("worker.service.once.pending.mail_waits", lambda: True)
    monkeypatch.setattr("worker.service.once._send", lambda *_given: sent.append(True))
    with FaultyImap([mail(1)]) as server:
        add_mailbox(server)
        summary = run_once(desk)
    assert sent == [True]
    assert summary.complaints()[0].startswith("telling agents failed: no such thing")
    assert summary.failed
