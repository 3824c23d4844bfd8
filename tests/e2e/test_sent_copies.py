"""Copies of sent answers in an IMAP folder, and folders found by their use."""

from __future__ import annotations

import sqlite3

import pytest

from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import worker
from tests.support.scripted import mail
from tests.support.servers.child import wait_until
from tests.support.servers.dovecot import MailUser
from tests.support.servers.faults import FaultySmtp

pytestmark = pytest.mark.timeout(300)


def _desk_with(desk: Desk, user: MailUser, server: FaultySmtp, *options: str) -> str:
    """A mailbox that sends through `server`, and a ticket; its number."""
    plain = ("--smtp-host", "127.0.0.1", "--smtp-port", str(server.port), "--smtp-security", "none")
    desk.add_mailbox(user, None, *plain, "--smtp-auth", "none", *options)
    user.deliver(mail(1))
    desk.fetch_once()
    desk.ok("settings", "set", "mail.undo_seconds", "0")
    return str(desk.json("ticket", "list")[0]["number"])


def _answer(desk: Desk, number: str) -> None:
    desk.ok("ticket", "reply", number, "--body-file", "-", stdin="Use water.\n")


def test_a_sent_answer_is_copied_once_and_an_acknowledgement_is_not(desk: Desk, mailuser: MailUser) -> None:
    with FaultySmtp() as server:
        number = _desk_with(desk, mailuser, server, "--sent-folder", "Desk/Sent")
        _answer(desk, number)
        desk.fetch_once()
        desk.fetch_once()
        assert len(server.mails) == 2, "the acknowledgement and the answer"
    [copy] = mailuser.messages("Desk.Sent")
    assert b"Use water." in copy
    assert b"Message-ID: <" in copy
    assert Books(desk.home).rows("SELECT copy FROM delivery WHERE kind = 'reply'") == [("done",)]


def test_a_copy_that_an_interrupted_run_put_there_is_not_put_there_again(
    desk: Desk, mailuser: MailUser
) -> None:
    with FaultySmtp() as server:
        number = _desk_with(desk, mailuser, server, "--sent-folder", "Sent")
        _answer(desk, number)
        desk.fetch_once()
        with sqlite3.connect(Books(desk.home).path, timeout=180) as book:
            book.execute("UPDATE delivery SET copy = 'tried' WHERE copy = 'done'")
        book.close()
        desk.fetch_once()
    assert len(mailuser.messages("Sent")) == 1


def test_the_worker_copies_too_and_a_server_that_is_down_gets_the_copy_later(
    desk: Desk, mailuser: MailUser
) -> None:
    books = Books(desk.home)
    with FaultySmtp() as server:
        number = _desk_with(desk, mailuser, server, "--sent-folder", "Sent", "--every", "1440")
        with mailuser.dovecot.down():
            _answer(desk, number)
            desk("--fetch-once")
            assert books.value("SELECT copy FROM delivery WHERE kind = 'reply'") == "due"
            assert books.value("SELECT count(*) FROM log_entry WHERE text LIKE 'sent mail cannot%'") == 1
        with worker(desk):
            wait_until(
                lambda: books.value("SELECT copy FROM delivery WHERE kind = 'reply'") == "done", "no copy"
            )
    assert len(mailuser.messages("Sent")) == 1


def test_mail_is_moved_to_the_folder_of_that_use_whatever_its_name(desk: Desk, mailuser: MailUser) -> None:
    mailuser.deliver(mail(1))
    desk.add_mailbox(mailuser, None, "--after-fetch", "move:\\Archive")
    assert desk.fetch_once()["mailboxes"][0]["errors"] == []
    assert mailuser.messages() == []
    assert len(mailuser.messages("Archive")) == 1
    shown = desk.json("mailbox", "folders", mailuser.address)
    assert {"name": "Archive", "use": "archive"}.items() <= next(
        each for each in shown if each["name"] == "Archive"
    ).items()
    assert shown[0]["name"] == "INBOX"
