"""The IMAP adapter against a real Dovecot."""

from __future__ import annotations

import imaplib
from datetime import UTC, datetime

import pytest

from config.secrets import Secret
from mail.account import IncomingAccount
from mail.errors import FolderMissing, LoginRefused, StarttlsMissing, TlsFailed
from mail.imap.session import ImapSession
from tests.support.accounts import at_dovecot, mail
from tests.support.servers.dovecot import Dovecot, MailUser, as_served
from tests.support.servers.pki import ABROAD, EXPIRED, UNKNOWN_CA, WRONG_NAME, Pki


@pytest.fixture
def account(mailuser: MailUser) -> IncomingAccount:
    return at_dovecot(mailuser)


def change(account: IncomingAccount, **changes: object) -> IncomingAccount:
    from dataclasses import replace

    return replace(account, **changes)  # type: ignore[arg-type]


def as_another_client(account: IncomingAccount, pki: Pki) -> imaplib.IMAP4_SSL:
    other = imaplib.IMAP4_SSL(account.host, account.port, ssl_context=pki.client_context())
    other.login(account.user, account.password.reveal())
    return other


def test_every_mail_comes_byte_for_byte_in_batches(account: IncomingAccount, mailuser: MailUser) -> None:
    mails = [mail(number, body="x" * number * 1000 + "\r\n") for number in range(1, 24)]
    mailuser.load(mails)
    with ImapSession(account) as session:
        state = session.select()
        assert (state.exists, state.uidnext) == (23, 24)
        assert state.uidvalidity > 0
        batches = list(session.fetch(session.uids(), batch=10))
    assert [len(batch) for batch in batches] == [10, 10, 3]
    assert [one.raw for batch in batches for one in batch] == [as_served(raw) for raw in mails]
    assert [one.uid for batch in batches for one in batch] == list(range(1, 24))


def test_a_batch_is_one_round_trip_and_holds_a_bounded_number_of_bytes(
    account: IncomingAccount, mailuser: MailUser
) -> None:
    mailuser.load([mail(number, body="x" * 10_000) for number in range(7)])
    with ImapSession(account) as session:
        session.select()
        batches = list(session.fetch(session.uids(), max_batch_bytes=25_000))
    assert [len(batch) for batch in batches] == [2, 2, 2, 1]


def test_the_server_s_time_of_arrival_comes_along_in_utc(
    account: IncomingAccount, mailuser: MailUser
) -> None:
    when = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
    mailuser.deliver(mail(1), when=when)
    with ImapSession(account) as session:
        session.select()
        [[fetched]] = session.fetch(session.uids())
    assert fetched.internaldate == when


def test_fetching_no_uids_fetches_nothing(account: IncomingAccount, mailuser: MailUser) -> None:
    mailuser.load([mail(1), mail(2)])
    with ImapSession(account) as session:
        session.select()
        assert list(session.fetch([])) == []
    assert mailuser.bodies_sent() == 0


def test_reading_does_not_mark_a_mail_as_seen(account: IncomingAccount, mailuser: MailUser, pki: Pki) -> None:
    mailuser.deliver(mail(1))
    with ImapSession(account) as session:
        session.select()
        list(session.fetch(session.uids()))
    other = as_another_client(account, pki)
    other.select("INBOX")
    assert other.uid("SEARCH", "SEEN") == ("OK", [b""])
    other.logout()


def test_a_mail_that_vanished_is_simply_absent(account: IncomingAccount, mailuser: MailUser) -> None:
    mailuser.load([mail(1), mail(2)])
    with ImapSession(account) as session:
        session.select()
        [batch] = session.fetch([1, 2, 77])
    assert [one.uid for one in batch] == [1, 2]


def test_uids_from_beyond_the_last_mail_are_none(account: IncomingAccount, mailuser: MailUser) -> None:
    mailuser.load([mail(number) for number in range(3)])
    with ImapSession(account) as session:
        session.select()
        assert session.uids_from(2) == [2, 3]
        assert session.uids_from(9) == []


def test_the_capability_to_move_is_learned_after_the_login(account: IncomingAccount) -> None:
    with ImapSession(account) as session:
        assert "MOVE" in session.capabilities


def test_move_takes_these_mails_and_leaves_what_others_marked_as_deleted(
    account: IncomingAccount, mailuser: MailUser, pki: Pki
) -> None:
    mailuser.load([mail(number) for number in range(4)])
    other = as_another_client(account, pki)
    other.select("INBOX")
    other.uid("STORE", "4", "+FLAGS", "(\\Deleted)")
    with ImapSession(account) as session:
        session.select()
        real = session.ensure_folder("Processed")
        assert session.move([1, 2], real).how == "moved"
        assert session.uids() == [3, 4]
    assert len(mailuser.messages("Processed")) == 2
    other.logout()


def test_without_move_mails_are_copied_and_only_they_are_expunged(
    account: IncomingAccount, mailuser: MailUser, pki: Pki
) -> None:
    mailuser.load([mail(number) for number in range(3)])
    other = as_another_client(account, pki)
    other.select("INBOX")
    other.uid("STORE", "3", "+FLAGS", "(\\Deleted)")
    with ImapSession(account) as session:
        client = session._need_client()
        client.capabilities = tuple(word for word in client.capabilities if word != "MOVE")
        session.select()
        session.ensure_folder("Done")
        assert session.move([1], "Done").how == "copied"
        assert session.uids() == [2, 3]
    assert len(mailuser.messages("Done")) == 1
    other.logout()


def test_without_uidplus_nothing_is_expunged_and_it_says_so(
    account: IncomingAccount, mailuser: MailUser, pki: Pki
) -> None:
    mailuser.load([mail(number) for number in range(2)])
    with ImapSession(account) as session:
        client = session._need_client()
        client.capabilities = tuple(word for word in client.capabilities if word not in ("UIDPLUS", "MOVE"))
        session.select()
        outcome = session.delete([1])
        assert (outcome.how, outcome.gone) == ("flagged", False)
        assert "UIDPLUS" in outcome.words
        assert session.uids() == [1, 2]


def test_delete_removes_exactly_these(account: IncomingAccount, mailuser: MailUser) -> None:
    mailuser.load([mail(number) for number in range(3)])
    with ImapSession(account) as session:
        session.select()
        assert session.delete([2]).gone
        assert session.uids() == [1, 3]
    assert len(mailuser.messages()) == 2


def test_a_missing_target_of_a_move_is_named(account: IncomingAccount, mailuser: MailUser) -> None:
    mailuser.deliver(mail(1))
    with ImapSession(account) as session:
        session.select()
        with pytest.raises(FolderMissing, match="Nowhere"):
            session.move([1], "Nowhere")
        assert session.uids() == [1]


def test_a_folder_is_made_and_subscribed_in_any_script(
    account: IncomingAccount, mailuser: MailUser, pki: Pki
) -> None:
    mailuser.deliver(mail(1))
    with ImapSession(account) as session:
        session.select()
        name = session.ensure_folder("Erledigt & fertig/Übersicht 日本")
        assert session.ensure_folder("Erledigt & fertig/Übersicht 日本") == name
        session.move([1], "Erledigt & fertig/Übersicht 日本")
        assert name in session.folders()
        assert session.folders()[0] == "INBOX"
        assert session.select(name).exists == 1
    other = as_another_client(account, pki)
    assert any(b"Erledigt" in line for line in other.lsub()[1] if isinstance(line, bytes))
    other.logout()


def test_the_prefix_of_the_namespace_is_added_where_the_server_wants_one(
    account: IncomingAccount, dovecot: Dovecot
) -> None:
    with ImapSession(change(account, user="prefixed0@example.test")) as session:
        session.select()
        assert session.ensure_folder("Archive/2026") == "INBOX.Archive.2026"
        assert session.ensure_folder("INBOX.Archive.2026") == "INBOX.Archive.2026"
        assert session.select("Archive/2026").exists == 0
        session.append("Archive/2026", mail(1))
        assert session.select("Archive/2026").exists == 1


def test_an_appended_mail_is_there_and_seen(account: IncomingAccount, mailuser: MailUser) -> None:
    with ImapSession(account) as session:
        session.ensure_folder("Sent")
        uid = session.append("Sent", mail(1))
        session.select("Sent")
        assert session.uids() == [uid]
    assert [as_served(raw) for raw in mailuser.messages("Sent")] == [mail(1)]


def test_a_folder_that_is_not_there_is_named_with_the_server_s_words(account: IncomingAccount) -> None:
    with ImapSession(account) as session:
        with pytest.raises(FolderMissing, match="Nowhere") as caught:
            session.select("Nowhere")
        assert caught.value.server_words
        assert session.select("INBOX").exists == 0


def test_a_wrong_password_is_refused_for_good_and_never_shown(account: IncomingAccount) -> None:
    wrong = change(account, password=Secret("not-the-password"))
    with pytest.raises(LoginRefused) as caught, ImapSession(wrong):
        pass
    assert "AUTHENTICATIONFAILED" in caught.value.server_words
    assert "not-the-password" not in f"{caught.value!r} {caught.value} {caught.value.hint}"


def test_a_password_beyond_ascii_is_sent_as_utf8(account: IncomingAccount) -> None:
    with (
        pytest.raises(LoginRefused, match="AUTHENTICATIONFAILED"),
        ImapSession(change(account, password=Secret("pässwörd"))),
    ):
        pass


@pytest.mark.parametrize(
    ("host", "reason"), [(EXPIRED, "expired"), (WRONG_NAME, "wrong_name"), (UNKNOWN_CA, "unknown_ca")]
)
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_bad_certificate_is_refused_with_its_reason(
    account: IncomingAccount, dovecot: Dovecot, host: str, reason: str, security: str
) -> None:
    port = dovecot.imaps_port if security == "tls" else dovecot.imap_port
    with (
        pytest.raises(TlsFailed) as caught,
        ImapSession(change(account, host=host, security=security, port=port)),
    ):
        pass
    assert caught.value.reason in (reason, "self_signed")
    assert caught.value.hint


def test_without_a_ca_file_a_private_authority_is_unknown(account: IncomingAccount) -> None:
    with pytest.raises(TlsFailed) as caught, ImapSession(change(account, ca_file=None)):
        pass
    assert caught.value.reason in ("unknown_ca", "self_signed")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_pinned_certificate_needs_no_authority(
    account: IncomingAccount, dovecot: Dovecot, pki: Pki, security: str
) -> None:
    pinned = change(
        account,
        host=EXPIRED,
        ca_file=None,
        fingerprint=pki.expired.fingerprint.upper(),
        security=security,
        port=dovecot.imaps_port if security == "tls" else dovecot.imap_port,
    )
    with ImapSession(pinned) as session:
        assert session.select().uidvalidity
    with (
        pytest.raises(TlsFailed) as caught,
        ImapSession(change(pinned, fingerprint=pki.server.fingerprint)),
    ):
        pass
    assert caught.value.reason == "pin"


def test_starttls_works_and_plaintext_only_where_it_is_asked_for(
    account: IncomingAccount, dovecot: Dovecot
) -> None:
    starttls = change(account, security="starttls", port=dovecot.imap_port)
    with ImapSession(starttls) as session:
        assert session.tls_link is not None
    with ImapSession(change(starttls, security="none")) as session:
        assert session.tls_link is None


def test_a_server_that_wants_tls_says_so_before_the_password_goes_out(
    account: IncomingAccount, dovecot: Dovecot
) -> None:
    plain = change(account, security="none", port=dovecot.imap_port, host=ABROAD)
    with pytest.raises(LoginRefused, match="no password on this connection") as caught, ImapSession(plain):
        pass
    assert "starttls" in caught.value.hint


def test_tls_on_the_plaintext_port_says_which_setting_is_wrong(
    account: IncomingAccount, dovecot: Dovecot
) -> None:
    with pytest.raises(TlsFailed) as caught, ImapSession(change(account, port=dovecot.imap_port)):
        pass
    assert caught.value.reason == "not_tls"
    assert "starttls" in caught.value.hint


def test_starttls_on_the_tls_port_says_so(account: IncomingAccount, dovecot: Dovecot) -> None:
    wrong = change(account, security="starttls", timeout=1.0)
    from mail.errors import MailError

    with pytest.raises(MailError) as caught, ImapSession(wrong):
        pass
    assert not isinstance(caught.value, StarttlsMissing)
    assert "tls" in caught.value.hint
