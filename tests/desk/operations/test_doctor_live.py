"""The doctor against real servers: all is well, or the step that is not, with the server's words."""

from __future__ import annotations

from config.clock import now
from desk.home import Desk
from desk.mailboxes import health, registry
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.operations.doctor import Finding, examine
from tests.support.servers.dovecot import PASSWORD, Dovecot, MailUser
from tests.support.servers.postfix import Postfix
from tests.support.workbench import ADMIN


def add(
    desk: Desk, dovecot: Dovecot, postfix: Postfix, user: MailUser, password: str, **changes: object
) -> None:
    values = {
        "address": user.address,
        "host": "localhost",
        "port": dovecot.imaps_port,
        "ca_file": str(dovecot.pki.ca_file),
        "smtp_host": "localhost",
        "smtp_port": postfix.submission_port,
        "smtp_ca_file": str(dovecot.pki.ca_file),
    }
    mailbox = registry.add(
        desk, ADMIN, check({**values, **changes}), MailboxSecrets(SecretInput("sealed", password))
    )
    health.record_success(mailbox.id, 0, now())


def of_mailbox(desk: Desk, user: MailUser) -> list[Finding]:
    return [finding for finding in examine(desk) if finding.area == f"mailbox {user.address}"]


def test_a_mailbox_that_works_is_ok_in_all_its_steps(
    desk: Desk, dovecot: Dovecot, postfix: Postfix, mailuser: MailUser
) -> None:
    add(desk, dovecot, postfix, mailuser, PASSWORD)
    found = of_mailbox(desk, mailuser)
    assert [finding.level for finding in found] == ["ok"] * 3, found
    assert "login" in found[1].text
    assert found[1].text.startswith("incoming")
    assert found[2].text.startswith("outgoing")


def test_a_wrong_password_is_found_on_both_sides_and_never_shown(
    desk: Desk, dovecot: Dovecot, postfix: Postfix, mailuser: MailUser
) -> None:
    add(desk, dovecot, postfix, mailuser, "wr0ng-word")
    failures = [finding for finding in of_mailbox(desk, mailuser) if finding.level == "failure"]
    assert len(failures) == 2
    assert all("login" in finding.text and finding.cure for finding in failures)
    assert "wr0ng-word" not in repr(failures)


def test_a_certificate_nobody_vouches_for_and_a_missing_folder_are_found(
    desk: Desk, dovecot: Dovecot, postfix: Postfix, mailuser: MailUser
) -> None:
    add(desk, dovecot, postfix, mailuser, PASSWORD, smtp_ca_file="", folder="Nowhere")
    incoming, outgoing = (finding for finding in of_mailbox(desk, mailuser) if finding.level == "failure")
    assert "folder" in incoming.text
    assert "authority" in outgoing.text
