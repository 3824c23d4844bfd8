"""The IMAP adapter against a server that misbehaves."""

from __future__ import annotations

import threading
import time

import pytest

from config.secrets import Secret
from mail.errors import (
    ConnectFailed,
    FolderMissing,
    LoginRefused,
    LoginUnavailable,
    MailError,
    ProtocolError,
    ResolveFailed,
    ServerGone,
    StarttlsMissing,
    TimedOut,
)
from mail.imap import wire
from mail.imap.session import ImapSession
from mail.imap.wire import FetchedMail, folder_in, mails_in, namespace_in, numbers_in, uid_set
from mail.transport.dialling import silent
from tests.support.accounts import incoming, mail
from tests.support.servers.child import free_ports
from tests.support.servers.fault import dribble, drop, hang, reply
from tests.support.servers.faulty_imap import CAPABILITIES, FaultyImap

MAILS = [mail(number, body="x" * 5000) for number in range(1, 6)]


def test_an_unsolicited_fetch_neither_shifts_nor_adds_a_mail() -> None:
    chatter = ["* 2 FETCH (UID 2 FLAGS (\\Seen))", "* 9 EXISTS", "* 1 FETCH (FLAGS (\\Answered UID 3))"]
    with FaultyImap(MAILS, chatter=chatter) as server, ImapSession(incoming(server.port)) as session:
        session.select()
        [batch] = session.fetch([1, 3, 5])
    assert [(one.uid, one.raw) for one in batch] == [(1, MAILS[0]), (3, MAILS[2]), (5, MAILS[4])]


@pytest.mark.parametrize("body", ["NIL", '""', "{0}"])
def test_an_empty_body_is_no_mail(body: str) -> None:
    with FaultyImap(MAILS, body=body) as server, ImapSession(incoming(server.port)) as session:
        session.select()
        assert list(session.fetch([1, 2])) == [[]]


def test_a_line_that_breaks_inside_a_mail_gives_whole_mails_or_an_error() -> None:
    with FaultyImap(MAILS, cut_after=12_000) as server:
        got: list[FetchedMail] = []
        with ImapSession(incoming(server.port)) as session:
            session.select()
            batches = session.fetch([1, 2, 3, 4, 5], batch=1)
            with pytest.raises(ServerGone) as caught:
                got.extend(one for batch in batches for one in batch)
    assert [one.raw for one in got] == MAILS[:2]
    assert caught.value.temporary


def test_a_dead_line_at_the_end_does_not_hide_the_first_error() -> None:
    class Mine(Exception):
        pass

    def fail(session: ImapSession) -> None:
        session.select()
        raise Mine

    with FaultyImap(MAILS, {"LOGOUT": drop()}) as server:
        account = incoming(server.port)
        with pytest.raises(Mine), ImapSession(account) as session:
            fail(session)


def test_a_line_that_drops_at_logout_is_no_error() -> None:
    with FaultyImap(MAILS, {"LOGOUT": drop()}) as server, ImapSession(incoming(server.port)) as session:
        assert session.select().exists == 5


def test_a_server_that_hangs_ends_in_time() -> None:
    with (
        FaultyImap(MAILS, {"UID FETCH": hang()}) as server,
        ImapSession(incoming(server.port, timeout=0.3)) as session,
    ):
        session.select()
        with pytest.raises(TimedOut):
            list(session.fetch([1]))


def test_a_server_that_hangs_before_its_greeting_hints_at_the_tls_port() -> None:
    with (
        FaultyImap(MAILS, {"connect": hang()}) as server,
        pytest.raises(TimedOut) as caught,
        ImapSession(incoming(server.port, timeout=0.3)),
    ):
        pass
    assert "says nothing" in str(caught.value)
    assert "993" in caught.value.hint


@pytest.mark.parametrize(
    ("port", "security", "cure"),
    [
        (993, "none", "set security to tls"),
        (143, "starttls", "Check the port"),
        (993, "tls", "the server hangs"),
    ],
)
def test_the_cure_for_a_silent_server_fits_port_and_security(port: int, security: str, cure: str) -> None:
    error = silent("mail.example", port, security, tls_port=993)
    assert str(error) == f"mail.example port {port} says nothing"
    assert cure in error.hint


def test_a_session_can_be_cut_from_another_thread() -> None:
    with (
        FaultyImap(MAILS, {"UID SEARCH": hang()}) as server,
        ImapSession(incoming(server.port, timeout=60)) as session,
    ):
        session.select()
        began = time.monotonic()
        threading.Timer(0.2, session.cut).start()
        with pytest.raises(MailError):
            session.uids()
        assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("NO [AUTHENTICATIONFAILED] Invalid credentials", LoginRefused),
        ("NO [UNAVAILABLE] Temporary authentication failure.", LoginUnavailable),
        ("NO [LIMIT] Too many connections", LoginUnavailable),
        ("NO Too many simultaneous connections. (Failure)", LoginUnavailable),
        ("NO LOGIN failed.", LoginRefused),
        ("BAD Logon attempt refused", LoginRefused),
    ],
)
def test_a_refused_login_is_for_good_or_for_now(answer: str, kind: type[MailError]) -> None:
    with (
        FaultyImap(MAILS, {"LOGIN": reply(answer)}) as server,
        pytest.raises(kind) as caught,
        ImapSession(incoming(server.port)),
    ):
        pass
    assert caught.value.hint
    assert caught.value.temporary is (kind is LoginUnavailable)


def test_the_password_in_the_server_s_words_is_masked_and_their_escapes_are_inert() -> None:
    answer = "NO \x1b[31mpassword 's3cret-word' is wrong"
    with FaultyImap(MAILS, {"LOGIN": reply(answer)}) as server:
        account = incoming(server.port, password=Secret("s3cret-word"))
        with pytest.raises(LoginRefused) as caught, ImapSession(account):
            pass
    assert "s3cret-word" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "********" in caught.value.server_words


def test_a_greeting_that_turns_us_away_is_temporary() -> None:
    with (
        FaultyImap(MAILS, {"connect": reply("* BYE Too many connections")}) as server,
        pytest.raises(LoginUnavailable, match="Too many connections"),
        ImapSession(incoming(server.port)),
    ):
        pass


def test_a_starttls_that_is_not_offered_is_an_error_and_no_password_is_sent() -> None:
    with FaultyImap(MAILS) as server:
        with pytest.raises(StarttlsMissing), ImapSession(incoming(server.port, security="starttls")):
            pass
        assert server.count("LOGIN") == 0


def test_a_select_that_fails_leaves_no_folder_selected() -> None:
    with (
        FaultyImap(MAILS, {"SELECT": reply("NO [NOPERM] Not yours")}) as server,
        ImapSession(incoming(server.port)) as session,
    ):
        with pytest.raises(FolderMissing, match="Not yours"):
            session.select()
        assert session.state is None


def test_a_folder_without_lasting_numbers_cannot_be_fetched() -> None:
    with (
        FaultyImap(MAILS, {"SELECT": reply("OK [READ-ONLY] Look only")}) as server,
        ImapSession(incoming(server.port)) as session,
        pytest.raises(ProtocolError, match="UIDVALIDITY"),
    ):
        session.select()


def test_a_no_to_a_fetch_keeps_the_server_s_words() -> None:
    with (
        FaultyImap(MAILS, {"UID FETCH": reply("NO [EXPUNGEISSUED] Try later")}) as server,
        ImapSession(incoming(server.port)) as session,
    ):
        session.select()
        with pytest.raises(ProtocolError, match="Try later"):
            list(session.fetch([1]))


def test_a_server_without_uidplus_never_gets_an_expunge() -> None:
    capabilities = [word for word in CAPABILITIES if word not in ("UIDPLUS", "MOVE")]
    with FaultyImap(MAILS, capabilities=capabilities) as server:
        with ImapSession(incoming(server.port)) as session:
            session.select()
            session.ensure_folder("Done")
            assert not session.move([1], "Done").gone
        assert server.count("EXPUNGE") == server.count("UID EXPUNGE") == 0


def test_an_unknown_host_is_told_apart_from_a_closed_port() -> None:
    with pytest.raises(ResolveFailed), ImapSession(incoming(1, host="no-such-host.invalid")):
        pass
    [port] = free_ports(1)
    with pytest.raises(ConnectFailed) as caught, ImapSession(incoming(port)):
        pass
    assert "Nothing listens" in caught.value.hint


def test_a_uid_after_the_body_is_found() -> None:
    data = [(b"1 (BODY[] {5}", b"Hello"), b' UID 7 INTERNALDATE "05-Jan-2026 08:00:00 +0100")']
    [found] = mails_in(data, {7})
    assert (found.uid, found.raw) == (7, b"Hello")
    assert found.internaldate is not None
    assert found.internaldate.hour == 7


def test_a_mail_is_found_under_the_other_names_that_servers_give_it() -> None:
    names = [b"body[] {5}", b"BODY[]<0> {5}", b"RFC822 {5}", b"BINARY[] ~{5}"]
    for name in names:
        found = mails_in([(b"1 (uid 7 flags (x) " + name, b"Hello"), b")"], {7})
        assert [(one.uid, one.raw) for one in found] == [(7, b"Hello")]
    assert mails_in([(b"1 (UID 7 BODY[HEADER] {5}", b"Hello"), b")"], {7}) == []


def test_a_uid_nobody_asked_for_is_ignored() -> None:
    assert mails_in([(b"1 (UID 8 BODY[] {5}", b"Hello"), b")"], {7}) == []


def test_uids_are_packed_into_ranges() -> None:
    assert uid_set([3, 1, 2, 7, 9, 10]) == "1:3,7,9:10"
    assert uid_set([]) == ""


def test_answers_of_search_list_and_namespace_are_read_in_all_their_forms() -> None:
    assert numbers_in([b"3 1", None, b"2 (MODSEQ 9)"]) == [1, 2, 3]
    folder = folder_in((b'(\\HasNoChildren) "/" {9}', b'A "B" \\ C'))
    assert folder is not None
    assert folder.name == 'A "B" \\ C'
    folder = folder_in(b'(\\Noselect \\HasChildren) "." "INBOX.&ANw-ber"')
    assert folder is not None
    assert (folder.name, folder.separator) == ("INBOX.Über", ".")
    assert "\\noselect" in folder.flags
    folder = folder_in(b'() "/" "x \\"y\\"" ("CHILDINFO" ("SUBSCRIBED"))')
    assert folder is not None
    assert folder.name == 'x "y"'
    assert folder_in(b"garbage") is None
    assert namespace_in([b'(("INBOX." ".")) NIL NIL']) == ("INBOX.", ".")
    assert namespace_in([b"NIL NIL NIL"]) == ("", "")


def test_a_folder_with_more_mails_than_fit_into_a_short_line_is_searched() -> None:
    with FaultyImap([]) as server, ImapSession(incoming(server.port)) as session:
        server.folders["INBOX"].mails = dict.fromkeys(range(1, 200_001), b"")
        session.select()
        assert len(session.uids()) == 200_000


@pytest.mark.parametrize("piece", [b"* SEARCH 1 2 3\r\n", b"* OK Still here\r\n", b"1 2 3 4 5 6 7 "])
def test_a_server_whose_answer_has_no_end_is_left_before_memory_has_one(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(wire, "MAX_ANSWER", 2**22)
    monkeypatch.setattr(wire, "MAX_LINE", 2**22)
    flood = dribble(piece * 100_000)
    with (
        FaultyImap(MAILS, {"UID SEARCH": flood}) as server,
        ImapSession(incoming(server.port)) as session,
    ):
        session.select()
        with pytest.raises(ServerGone, match="more than"):
            session.uids()
