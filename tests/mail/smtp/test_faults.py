"""Sending to a server that misbehaves: every recipient ends in the state that is true."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from config.secrets import Secret
from mail.errors import (
    ConnectFailed,
    LoginRefused,
    LoginUnavailable,
    MailError,
    ResolveFailed,
    ServerGone,
    StarttlsMissing,
    TimedOut,
    TlsFailed,
)
from mail.mime.headers import decode_words
from mail.mime.message import parse
from mail.smtp.session import SendOutcome, SmtpSession
from tests.support.accounts import outgoing
from tests.support.servers.child import free_ports
from tests.support.servers.fault import Fault, drop, hang, reply
from tests.support.servers.faulty_smtp import FaultySmtp
from tests.support.servers.pki import Pki

MESSAGE = b"From: support@example.test\r\nSubject: Hello\r\n\r\nline one\r\n.dot\r\n..\r\nlast\r\n"
THREE = ["ann@client.test", "bob@client.test", "eve@client.test"]


async def send(
    server: FaultySmtp, recipients: list[str] = THREE, message: bytes = MESSAGE, timeout: float = 5.0
) -> SendOutcome:
    async with SmtpSession(outgoing(server.port, timeout=timeout)) as session:
        return await session.send("support@example.test", recipients, message)


def states(outcome: SendOutcome) -> list[str]:
    return [one.state for one in outcome.recipients.values()]


async def test_a_mail_that_is_taken_is_sent_byte_for_byte() -> None:
    with FaultySmtp() as server:
        outcome = await send(server)
    assert states(outcome) == ["sent"] * 3
    assert outcome.recipients["ann@client.test"].code == 250
    assert "queued" in outcome.recipients["ann@client.test"].words
    [taken] = server.mails
    assert taken.data == MESSAGE
    assert taken.recipients == tuple(THREE)


async def test_one_of_three_refused_is_that_one_only() -> None:
    with FaultySmtp({"RCPT": reply("550 5.1.1 No such user", only="bob@")}) as server:
        outcome = await send(server)
    assert states(outcome) == ["sent", "failed", "sent"]
    assert outcome.recipients["bob@client.test"].words == "5.1.1 No such user"
    assert outcome.recipients["bob@client.test"].code == 550
    assert server.mails[0].recipients == ("ann@client.test", "eve@client.test")


async def test_greylisting_defers_that_recipient() -> None:
    with FaultySmtp({"RCPT": reply("451 4.7.1 Later", only="eve@")}) as server:
        assert states(await send(server)) == ["sent", "sent", "deferred"]


async def test_when_all_are_refused_nothing_is_sent_and_the_line_stays_good() -> None:
    with FaultySmtp({"RCPT": reply("550 5.1.1 No", times=3)}) as server:
        async with SmtpSession(outgoing(server.port)) as session:
            assert states(await session.send("s@example.test", THREE, MESSAGE)) == ["failed"] * 3
            assert states(await session.send("s@example.test", THREE, MESSAGE)) == ["sent"] * 3
    assert server.count("DATA") == 1
    assert server.count("EHLO") == 1


@pytest.mark.parametrize(
    ("step", "answer", "state", "stage"),
    [
        ("MAIL", "451 4.3.0 Later", "deferred", "mail"),
        ("MAIL", "550 5.7.1 Not you", "failed", "mail"),
        ("MAIL", "421 4.3.2 Closing", "deferred", "mail"),
        ("DATA", "451 4.3.0 Later", "deferred", "data"),
        ("DATA", "554 5.5.1 No", "failed", "data"),
        ("dot", "451 4.3.0 Later", "deferred", "dot"),
        ("dot", "421 4.3.2 Closing", "deferred", "dot"),
        ("dot", "554 5.7.1 Spam", "failed", "dot"),
        ("dot", "552 5.3.4 Too big", "failed", "dot"),
    ],
)
async def test_a_no_at_each_step(step: str, answer: str, state: str, stage: str) -> None:
    with FaultySmtp({step: reply(answer)}) as server:
        outcome = await send(server)
    assert states(outcome) == [state] * 3
    assert outcome.stage == stage
    assert outcome.recipients["ann@client.test"].words == answer[4:]
    assert outcome.sender_refused is (step == "MAIL")


@pytest.mark.parametrize(
    ("step", "fault"),
    [("RCPT", drop()), ("RCPT", hang()), ("DATA", drop()), ("DATA", hang()), ("half", drop())],
    ids=["RCPT drops", "RCPT hangs", "DATA drops", "DATA hangs", "body drops"],
)
async def test_a_line_lost_before_the_final_dot_defers(step: str, fault: Fault) -> None:
    body = MESSAGE * (500_000 if step == "half" else 1)
    with FaultySmtp({step: fault}) as server:
        async with SmtpSession(outgoing(server.port, timeout=0.4)) as session:
            outcome = await session.send("s@example.test", THREE, body)
            assert not session.usable
    assert states(outcome) == ["deferred"] * 3
    assert server.mails == []


def stops_reading(listener: socket.socket, done: threading.Event) -> None:
    """A server that takes the envelope and then reads no byte of the mail."""
    line, _ = listener.accept()
    with line:
        line.sendall(b"220 mx\r\n")
        for answer in (b"250 mx", b"250 Ok", b"250 Ok", b"354 Go on"):
            line.recv(1000)
            line.sendall(answer + b"\r\n")
        done.wait(20)


async def test_a_server_that_stops_reading_in_the_body_defers() -> None:
    done = threading.Event()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=stops_reading, args=(listener, done))
        thread.start()
        account = outgoing(listener.getsockname()[1], timeout=0.4)
        try:
            async with SmtpSession(account) as session:
                outcome = await session.send("s@example.test", ["ann@client.test"], b"x" * 998 * 20_000)
        finally:
            done.set()
            thread.join()
    assert states(outcome) == ["deferred"]
    assert outcome.stage == "data"


@pytest.mark.parametrize("fault", [drop(), hang()], ids=["drops", "hangs"])
async def test_a_line_lost_after_the_final_dot_is_uncertain(fault: Fault) -> None:
    with FaultySmtp({"dot": fault}) as server:
        async with SmtpSession(outgoing(server.port, timeout=0.2)) as session:
            outcome = await session.send("s@example.test", THREE, MESSAGE)
            assert not session.usable
    assert states(outcome) == ["uncertain"] * 3
    assert outcome.stage == "dot"
    assert len(server.mails) == 1


async def test_an_answer_that_makes_no_sense_after_the_dot_is_uncertain() -> None:
    with FaultySmtp({"dot": reply("what?")}) as server:
        assert states(await send(server, timeout=0.3)) == ["uncertain"] * 3


async def test_a_recipient_refused_before_the_line_breaks_stays_refused() -> None:
    with FaultySmtp({"RCPT": reply("550 5.1.1 No", only="ann@"), "dot": drop()}) as server:
        assert states(await send(server)) == ["failed", "uncertain", "uncertain"]


async def test_421_at_a_recipient_defers_the_rest() -> None:
    with FaultySmtp({"RCPT": drop("421 4.7.0 Enough", only="bob@")}) as server:
        outcome = await send(server)
    assert states(outcome) == ["deferred"] * 3
    assert server.mails == []


async def test_a_server_that_closed_the_idle_line_is_dialled_again() -> None:
    with FaultySmtp({"MAIL": [reply("250 Ok", times=1), drop(times=1)]}) as server:
        async with SmtpSession(outgoing(server.port)) as session:
            assert states(await session.send("s@example.test", THREE, MESSAGE)) == ["sent"] * 3
            assert states(await session.send("s@example.test", THREE, MESSAGE)) == ["sent"] * 3
    assert len(server.mails) == 2
    assert server.count("EHLO") == 2


async def test_many_mails_go_over_one_line() -> None:
    with FaultySmtp() as server:
        async with SmtpSession(outgoing(server.port)) as session:
            for number in range(20):
                outcome = await session.send("s@example.test", [f"u{number}@client.test"], MESSAGE)
                assert states(outcome) == ["sent"]
    assert server.count("EHLO") == 1
    assert len(server.mails) == 20


async def test_the_null_sender_is_said_as_such_and_its_refusal_is_named() -> None:
    with FaultySmtp({"MAIL": reply("550 5.7.1 No null sender here", only="<>")}) as server:
        async with SmtpSession(outgoing(server.port)) as session:
            refused = await session.send("", ["ann@client.test"], MESSAGE)
            taken = await session.send("s@example.test", ["ann@client.test"], MESSAGE)
    assert refused.sender_refused
    assert states(refused) == ["failed"]
    assert states(taken) == ["sent"]


async def test_addresses_are_never_commands() -> None:
    bad = ["a@b\r\nRCPT TO:<evil@x>", "a b@c", "<a@b>", "", "x>@y SIZE=1"]
    with FaultySmtp() as server:
        outcome = await send(server, [*bad, "ann@client.test"])
    assert states(outcome) == ["failed"] * len(bad) + ["sent"]
    assert server.mails[0].recipients == ("ann@client.test",)


async def test_non_ascii_addresses_need_smtputf8_unless_it_is_only_the_domain() -> None:
    with FaultySmtp() as server:
        async with SmtpSession(outgoing(server.port)) as session:
            assert states(await session.send("s@example.test", ["é@bücher.test"], MESSAGE)) == ["sent"]
    assert any("SMTPUTF8" in command for command in server.commands)
    with FaultySmtp(extensions=["8BITMIME"]) as server:
        async with SmtpSession(outgoing(server.port)) as session:
            outcome = await session.send("s@example.test", ["é@x.test", "ann@bücher.test"], MESSAGE)
    assert states(outcome) == ["failed", "sent"]
    assert "SMTPUTF8" in outcome.recipients["é@x.test"].words
    assert server.mails[0].recipients == ("ann@xn--bcher-kva.test",)


async def test_a_server_without_smtputf8_gets_no_eight_bit_headers() -> None:
    """An address in UTF-8 in Cc brings no raw bytes to a server that does not know them."""
    message = (
        "From: Desk <s@example.test>\r\nTo: Ann <ann@x.test>,\r\n Zoë <zoë@x.test>\r\n"
        "Cc: ann@bücher.test\r\nSubject: Printer\r\n\r\nHello\r\n"
    ).encode()
    with FaultySmtp(extensions=["8BITMIME"]) as server:
        outcome = await send(server, ["ann@x.test", "zoë@x.test", "ann@bücher.test"], message)
    assert states(outcome) == ["sent", "failed", "sent"]
    [taken] = server.mails
    assert taken.data.isascii()
    assert taken.recipients == ("ann@x.test", "ann@xn--bcher-kva.test")
    read = parse(taken.data)
    assert [person.email for person in (*read.to, *read.cc)] == ["ann@x.test", "ann@bücher.test"]
    assert b"Subject: Printer\r\n\r\nHello" in taken.data
    assert "Zoë <zoë@x.test>" in decode_words(taken.data.decode())


@pytest.mark.parametrize("code", ["354 go on", "334 more", "150 wait", "600 what"])
async def test_an_answer_to_the_final_dot_that_makes_no_sense_leaves_it_uncertain(code: str) -> None:
    """A mail that a server may have is never sent a second time by itself."""
    with FaultySmtp({"dot": reply(code)}) as server:
        outcome = await send(server, ["ann@client.test"])
    assert states(outcome) == ["uncertain"]


async def test_eight_bit_mail_is_announced() -> None:
    with FaultySmtp() as server:
        async with SmtpSession(outgoing(server.port)) as session:
            await session.send("s@example.test", ["a@b.test"], MESSAGE + "é\r\n".encode())
    assert any("BODY=8BITMIME" in command for command in server.commands)


async def test_starttls_that_is_not_offered_stops_before_the_login() -> None:
    with FaultySmtp() as server:
        account = outgoing(server.port, security="starttls", auth="basic", user="u", password=Secret("p"))
        with pytest.raises(StarttlsMissing):
            async with SmtpSession(account):
                pass
    assert server.logins == []


async def test_starttls_refused_is_no_reason_to_go_on_in_clear(pki: Pki) -> None:
    with FaultySmtp({"STARTTLS": reply("454 4.7.0 Not now")}, starttls=pki.server_context()) as server:
        account = outgoing(server.port, security="starttls", ca_file=pki.ca_file)
        with pytest.raises(StarttlsMissing, match="Not now"):
            async with SmtpSession(account):
                pass
    assert server.count("MAIL") == 0


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_tls_is_verified_and_a_pin_replaces_the_authority(pki: Pki, security: str) -> None:
    context = pki.server_context()
    server = FaultySmtp(tls=context) if security == "tls" else FaultySmtp(starttls=context)
    with server:
        trusted = outgoing(server.port, security=security, ca_file=pki.ca_file)
        pinned = outgoing(server.port, security=security, fingerprint=pki.server.fingerprint)
        for good in (trusted, pinned):
            async with SmtpSession(good) as session:
                assert states(await session.send("s@example.test", ["a@b.test"], MESSAGE)) == ["sent"]
        unknown = outgoing(server.port, security=security)
        wrong_pin = outgoing(server.port, security=security, fingerprint=pki.expired.fingerprint)
        for account, reasons in ((unknown, ("unknown_ca", "self_signed")), (wrong_pin, ("pin",))):
            with pytest.raises(TlsFailed) as caught:
                async with SmtpSession(account):
                    pass
            assert caught.value.reason in reasons
    assert len(server.mails) == 2


async def test_a_closed_connection_does_not_disturb_the_next_one(pki: Pki) -> None:
    with FaultySmtp(tls=pki.server_context()) as server:
        account = outgoing(server.port, security="tls", ca_file=pki.ca_file)
        for _ in range(100):
            async with SmtpSession(account) as session:
                assert session.usable


async def test_tls_on_a_plain_port_and_the_other_way_round_say_so(pki: Pki) -> None:
    with FaultySmtp() as server:
        with pytest.raises(TlsFailed) as caught:
            async with SmtpSession(outgoing(server.port, security="tls", timeout=2)):
                pass
        assert caught.value.reason == "not_tls"
    with FaultySmtp(tls=pki.server_context()) as server:
        with pytest.raises(MailError) as other:
            async with SmtpSession(outgoing(server.port, timeout=0.5)):
                pass
        assert "465" in other.value.hint or isinstance(other.value, ServerGone)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("535 5.7.8 Bad credentials", LoginRefused), ("454 4.7.0 Temporary failure", LoginUnavailable)],
)
async def test_a_refused_login_is_for_good_or_for_now(answer: str, kind: type[MailError]) -> None:
    with FaultySmtp({"AUTH": reply(answer)}) as server:
        account = outgoing(server.port, auth="basic", user="u", password=Secret("hunter2-x"))
        with pytest.raises(kind) as caught:
            async with SmtpSession(account):
                pass
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert server.count("AUTH") == 1  # a wrong password is not tried again with other mechanisms


async def test_no_login_on_this_port_says_what_to_set() -> None:
    with FaultySmtp(extensions=["8BITMIME"]) as server, pytest.raises(LoginRefused) as caught:
        async with SmtpSession(outgoing(server.port, auth="basic", user="u", password=Secret("p"))):
            pass
    assert "starttls" in caught.value.hint


async def test_a_login_gives_user_and_password() -> None:
    with FaultySmtp() as server:
        account = outgoing(server.port, auth="basic", user="ü", password=Secret("pässword"))
        async with SmtpSession(account):
            pass
    assert server.logins == [("ü", "pässword")]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(reply("554 5.7.1 Go away"), ConnectFailed), (drop(), ServerGone), (hang(), TimedOut)],
    ids=["554", "drop", "hang"],
)
async def test_a_greeting_that_does_not_come(fault: Fault, kind: type[MailError]) -> None:
    with FaultySmtp({"connect": fault}) as server, pytest.raises(kind) as caught:
        async with SmtpSession(outgoing(server.port, timeout=0.4)):
            pass
    assert caught.value.hint


async def test_no_server_and_no_host_are_told_apart() -> None:
    [port] = free_ports(1)
    with pytest.raises(ConnectFailed):
        await SmtpSession(outgoing(port)).__aenter__()
    with pytest.raises(ResolveFailed):
        await SmtpSession(outgoing(port, host="no-such-host.invalid")).__aenter__()


async def test_a_line_that_drops_at_quit_is_no_error() -> None:
    with FaultySmtp({"QUIT": drop()}) as server:
        assert states(await send(server)) == ["sent"] * 3


async def test_the_server_s_words_are_inert() -> None:
    with FaultySmtp({"RCPT": reply("550 5.1.1 \x1b]0;owned\x07 no")}) as server:
        outcome = await send(server, ["ann@client.test"])
    assert outcome.recipients["ann@client.test"].words == "5.1.1 \ufffd]0;owned\ufffd no"


async def test_the_whole_mail_has_a_time_limit() -> None:
    with FaultySmtp({"RCPT": Fault(delay=0.2)}) as server:
        async with SmtpSession(outgoing(server.port)) as session:
            outcome = await session.send(
                "s@example.test", [f"u{n}@x.test" for n in range(50)], MESSAGE, seconds=0.5
            )
    assert set(states(outcome)) == {"deferred"}
    assert server.mails == []


async def test_a_cancelled_send_does_not_wait() -> None:
    with FaultySmtp({"dot": hang()}) as server:
        async with SmtpSession(outgoing(server.port)) as session:
            sending = asyncio.create_task(session.send("s@example.test", THREE, MESSAGE))
            while not server.mails:
                await asyncio.sleep(0.01)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
