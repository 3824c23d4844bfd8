"""POP3 against servers that misbehave."""

from __future__ import annotations

from typing import Any

import pytest

from mail.account import IncomingAccount
from mail.errors import (
    LoginRefused,
    LoginUnavailable,
    MailError,
    ProtocolError,
    ServerGone,
    StarttlsMissing,
    TimedOut,
)
from mail.pop3 import connection
from mail.pop3.session import Pop3Session
from tests.support.accounts import incoming, mail
from tests.support.servers.fault import dribble
from tests.support.servers.faults import FaultyPop3, drop, hang, reply
from tests.support.servers.pki import Pki


def account(server: FaultyPop3, **changes: Any) -> IncomingAccount:
    return incoming(server.port, protocol="pop3", **changes)


def test_a_server_without_uidl_is_refused_with_a_way_out() -> None:
    with FaultyPop3([mail(1)], {"UIDL": reply("-ERR unknown command")}) as server:
        with pytest.raises(ProtocolError, match="no UIDL") as caught, Pop3Session(account(server)) as session:
            session.uidls()
        assert "IMAP" in caught.value.hint
        assert server.count("RETR") == 0


def test_copies_with_one_id_are_two_mails() -> None:
    with FaultyPop3([mail(1), mail(1), mail(2)], uidls=["abc", "abc", "d"]) as server:
        with Pop3Session(account(server)) as session:
            assert session.uidls() == {"abc": 1, "abc 2": 2, "d": 3}
            session.delete(["abc 2"])
            session.commit()
        assert server.left == [mail(1), mail(2)]


def test_a_mail_whose_id_is_missing_is_left_out() -> None:
    with (
        FaultyPop3([mail(1), mail(2)], uidls=["", "b"]) as server,
        Pop3Session(account(server)) as session,
    ):
        assert (session.uidls(), session.nameless) == ({"b": 2}, 1)


@pytest.mark.parametrize(
    "after", ["b", "+OK", "+OK 2 9000", "-ERR no", "+OK 9 octets\r\nFrom: x@y.test\r\n\r\nz"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_mail_behind_which_stands_no_answer_is_none_nor_is_one_of_its_set(after: str, place: int) -> None:
    mails = [mail(1), mail(2), mail(3)]
    mails[place] = mail(9, f"a\r\n.\r\n{after}\r\nc")
    with FaultyPop3(mails, stuffed=False) as server:
        with Pop3Session(account(server)) as session:
            came = session.fetch_set(session.uidls())
            assert (came.mails, came.dead) == ([], True)
        for number in range(3):
            with Pop3Session(account(server)) as session:
                one = session.fetch_set([list(session.uidls())[number]])
                assert [each.raw for each in one.mails] == ([] if number == place else [mails[number]])
            with Pop3Session(account(server)) as session:
                name = list(session.uidls())[number]
                if number == place:
                    with pytest.raises(ProtocolError):
                        list(session.fetch([name]))
                else:
                    assert [each.raw for each in session.fetch([name])] == [mails[number]]


@pytest.mark.parametrize("words", ["-ERR unknown command", "+OK some mails", "+OK"])
def test_a_server_that_does_not_tell_its_state_gives_its_mail(words: str) -> None:
    with (
        FaultyPop3([mail(1), mail(2)], {"STAT": [reply(words)] * 9}) as server,
        Pop3Session(account(server)) as session,
    ):
        assert [one.raw for one in session.fetch_set(session.uidls()).mails] == [mail(1), mail(2)]


def test_bare_line_feeds_and_dots_in_a_mail_do_not_end_it() -> None:
    raw = mail(1, "a\n.\nb\n..\n\r\n.\r\n..c\r\n\r.\r\n")
    with FaultyPop3([raw]) as server, Pop3Session(account(server)) as session:
        (one,) = session.fetch(session.uidls())
        assert one.raw == raw


def test_half_a_mail_is_no_mail() -> None:
    with (
        FaultyPop3([mail(1)], {"half": drop()}) as server,
        Pop3Session(account(server)) as session,
        pytest.raises(ServerGone),
    ):
        list(session.fetch(session.uidls()))


@pytest.mark.parametrize("said", ["+OK 10 octets", "+OK 1 octets follow", "+OK message 2 (90000 octets)"])
def test_nothing_where_octets_were_announced_is_no_mail(said: str) -> None:
    mails = [mail(number) for number in range(3)]
    with (
        FaultyPop3(mails, {"RETR": reply(f"{said}\r\n\r\n.", only="RETR 2")}) as server,
        Pop3Session(account(server)) as session,
    ):
        came = session.fetch_set(session.uidls())
        assert [one.raw for one in came.mails] == mails[:1]
        assert came.trouble is not None
        assert "octets and gives none" in str(came.trouble)
        assert [one.raw for one in session.fetch_set(["id2"]).mails] == mails[2:], "the connection goes on"


@pytest.mark.parametrize("raw", [b"", b"\r\n", mail(1)])
def test_what_is_as_long_as_it_was_announced_is_taken(raw: bytes) -> None:
    words = f"+OK {len(raw)} octets\r\n{raw.decode()}."
    with (
        FaultyPop3([mail(1)], {"RETR": reply(words)}) as server,
        Pop3Session(account(server)) as session,
    ):
        assert [one.raw for one in session.fetch_set(session.uidls()).mails] == [raw]


def test_a_mail_that_is_refused_does_not_stop_the_others() -> None:
    mails = [mail(number) for number in range(3)]
    with (
        FaultyPop3(mails, {"RETR": reply("-ERR no", only="RETR 2")}) as server,
        Pop3Session(account(server)) as session,
    ):
        assert [one.raw for one in session.fetch(session.uidls())] == [mails[0], mails[2]]


def test_a_server_that_says_nothing_is_given_up() -> None:
    with FaultyPop3(faults={"connect": hang()}) as server:
        with pytest.raises(TimedOut) as caught, Pop3Session(account(server, timeout=0.3)):
            pass
        assert "995" in caught.value.hint


def test_a_server_that_turns_us_away_is_tried_later() -> None:
    with (
        FaultyPop3(faults={"connect": reply("-ERR too busy")}) as server,
        pytest.raises(LoginUnavailable, match="too busy"),
        Pop3Session(account(server)),
    ):
        pass


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("-ERR [AUTH] Username and password not accepted.", LoginRefused),
        ("-ERR [SYS/PERM] Your account is not enabled for POP access.", LoginRefused),
        ("-ERR [IN-USE] Do you have another POP session running?", LoginUnavailable),
        ("-ERR [LOGIN-DELAY] minimum time between mail checks violation", LoginUnavailable),
        ("-ERR [SYS/TEMP] Temporary authentication failure.", LoginUnavailable),
        ("-ERR Too many connections", LoginUnavailable),
        ("-ERR Logon failure: unknown user name or bad password.", LoginRefused),
    ],
)
def test_refusals_for_now_and_for_good_are_told_apart(words: str, error: type[Exception]) -> None:
    with FaultyPop3(faults={"PASS": reply(words)}) as server:
        with pytest.raises(error) as caught, Pop3Session(account(server)):
            pass
        assert words in str(caught.value)


def test_the_known_words_of_gmail_have_a_cure() -> None:
    words = "-ERR [AUTH] Application-specific password required: https://support.google.com/accounts/answer/185833"
    with FaultyPop3(faults={"PASS": reply(words)}) as server:
        with pytest.raises(LoginRefused) as caught, Pop3Session(account(server)):
            pass
        assert "app password" in caught.value.hint


def test_stls_that_is_not_offered_is_an_error_and_no_password_is_sent(pki: Pki) -> None:
    with FaultyPop3() as server:
        with pytest.raises(StarttlsMissing), Pop3Session(account(server, security="starttls")):
            pass
        assert server.count("USER") == server.count("PASS") == 0


def test_a_server_without_capa_is_taken_for_an_old_one() -> None:
    with FaultyPop3([mail(1)], {"CAPA": reply("-ERR unknown")}) as server:
        with Pop3Session(account(server)) as session:
            assert len(session.uidls()) == 1
        with pytest.raises(StarttlsMissing), Pop3Session(account(server, security="starttls")):
            pass


def test_an_answer_to_quit_that_never_comes_is_said_when_it_matters() -> None:
    with FaultyPop3([mail(1)], {"QUIT": drop()}) as server:
        with Pop3Session(account(server)) as session:
            session.uidls()
        with Pop3Session(account(server)) as session:
            session.delete(session.uidls())
            with pytest.raises(ServerGone):
                session.commit()
        assert server.left == [mail(1)]


def test_deletions_that_failed_are_said() -> None:
    with (
        FaultyPop3([mail(1)], {"QUIT": reply("-ERR some deleted messages not removed")}) as server,
        Pop3Session(account(server)) as session,
    ):
        session.delete(session.uidls())
        with pytest.raises(ProtocolError, match="not removed"):
            session.commit()


def test_a_user_name_with_a_line_end_says_nothing_to_the_server() -> None:
    with FaultyPop3() as server:
        with pytest.raises(LoginRefused), Pop3Session(account(server, user="ann\r\nDELE 1")):
            pass
        assert server.count("DELE") == server.count("USER") == 0


def test_nonsense_is_a_protocol_error() -> None:
    with (
        FaultyPop3([mail(1)], {"LIST": reply("+OK\r\nx y\r\n.")}) as server,
        pytest.raises(ProtocolError, match="no sense"),
        Pop3Session(account(server)) as session,
    ):
        session.sizes()


@pytest.mark.parametrize("step", ["CAPA", "UIDL"])
def test_a_server_whose_answer_has_no_end_is_left_before_memory_has_one(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(connection, "MAX_MAIL", 2**22)
    flood = dribble(b"1 x\r\n" * 100_000, begin="+OK")
    with (
        FaultyPop3([], {step: flood}) as server,
        pytest.raises(MailError),
        Pop3Session(account(server)) as session,
    ):
        session.uidls()
