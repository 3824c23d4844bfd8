"""Mail by LMTP: stored before it is answered, answered for each recipient, 5xx only for what is not ours."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from config.settings import Settings
from config.spool import MAX_MAIL
from desk.errors import Refused, WrongUse
from desk.home import Desk, open_desk
from desk.intake import pipeline
from models import blobs, stores
from models.database import db
from tests.support import filled
from tests.support.lmtp import Client, listening
from tests.support.mails import rows
from tests.support.scripted import SUPPORT, MailboxMaker, mail
from tests.support.servers.s3 import S3
from worker.lmtp.listener import Endpoint, LmtpListener, parse_endpoint

SALES = "sales@example.test"


@pytest.fixture
def path(desk: Desk) -> Path:
    """Where the door is."""
    return desk.paths.home / "lmtp"


def verdicts() -> list[str]:
    return [row[0] for row in db.execute_sql("SELECT verdict FROM receipt ORDER BY id")]


def stored(receipt: int = 1) -> bytes:
    [(blob,)] = rows("SELECT blob_id FROM receipt WHERE id = ?", receipt)
    return blobs.read(blob)


async def test_a_mail_is_a_ticket_when_it_is_answered_250(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    mailbox = add_mailbox(None)
    async with listening(desk, path):
        client = await Client.at(path)
        said = await client.deliver(mail(1), [SUPPORT])
        assert said == {SUPPORT: "250 2.0.0 receipt 1: ticket, ticket 1"}
        [row] = db.execute_sql("SELECT door, mailbox_id, verdict FROM receipt")
        assert row == ("lmtp", mailbox.id, "ticket")
    assert stored() == b"Return-Path: <ann@client.test>\r\n" + mail(1)


async def test_size_and_pipelining_are_announced_and_helo_is_refused(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    async with listening(desk, path):
        client = await Client.at(path)
        assert f"250-SIZE {MAX_MAIL}" in client.hello
        assert {"250-PIPELINING", "250-8BITMIME", "250-SMTPUTF8"} <= set(client.hello)
        assert (await client.ask("EHLO mx.test"))[0][:3] == "500"


async def test_of_two_recipients_the_foreign_one_alone_is_refused(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    add_mailbox(None)
    async with listening(desk, path):
        client = await Client.at(path)
        said = await client.deliver(mail(1), ["joe@elsewhere.test", SUPPORT, "boss@example.test"])
        assert said["joe@elsewhere.test"][:9] == "550 5.1.2"
        assert said[SUPPORT][:9] == "250 2.0.0"
        assert said["boss@example.test"][:9] == "250 2.0.0"
    assert sorted(verdicts()) == ["duplicate", "ticket"]


@pytest.mark.parametrize(
    "recipient",
    [
        "Support@EXAMPLE.test",
        "support+1042.abc@example.test",
        "nobody-knows@example.test",
        "a..b@example.test",
        '"odd name"@example.test',
        "postmaster",
    ],
)
async def test_every_address_at_a_domain_of_the_desk_is_taken(
    desk: Desk, add_mailbox: MailboxMaker, path: Path, recipient: str
) -> None:
    add_mailbox(None)
    async with listening(desk, path):
        client = await Client.at(path)
        assert (await client.deliver(mail(1), [recipient]))[recipient][:3] == "250"
    assert verdicts() == ["ticket"]


async def test_a_mail_for_two_mailboxes_is_one_ticket_and_each_recipient_hears_of_it(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    add_mailbox(None)
    add_mailbox(None, SALES)
    async with listening(desk, path):
        client = await Client.at(path)
        said = await client.deliver(mail(1), [SUPPORT, SALES, "support+x@example.test"])
    assert said[SUPPORT] == said["support+x@example.test"] == "250 2.0.0 receipt 1: ticket, ticket 1"
    assert said[SALES] == "250 2.0.0 receipt 2: duplicate, ticket 1"


async def test_a_redelivery_is_a_receipt_duplicate(desk: Desk, add_mailbox: MailboxMaker, path: Path) -> None:
    add_mailbox(None)
    async with listening(desk, path):
        client = await Client.at(path)
        await client.deliver(mail(1), [SUPPORT])
        await client.deliver(mail(1), [SUPPORT])
    assert verdicts() == ["ticket", "duplicate"]


async def test_a_mailbox_that_is_added_meanwhile_is_known_before_anything_is_refused(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    async with listening(desk, path):
        client = await Client.at(path)
        refused = await client.deliver(mail(1), [SUPPORT])
        assert refused[SUPPORT][:3] == "451", "a desk without mailboxes is our fault"
        add_mailbox(None)
        assert (await client.deliver(mail(1), [SUPPORT]))[SUPPORT][:3] == "250"


async def test_lines_of_any_length_and_dots_arrive_as_they_were_sent(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    add_mailbox(None)
    text = ".\r\n..\r\n.dot\r\n" + "x" * 3_000_000 + "\r\nbare\nlf\n.\nand\rcr\r\n" + ".y" * 70_000
    raw = mail(1, text)
    async with listening(desk, path):
        client = await Client.at(path)
        assert (await client.deliver(raw, [SUPPORT]))[SUPPORT][:3] == "250"
    assert stored() == b"Return-Path: <ann@client.test>\r\n" + raw


async def test_a_mail_from_the_null_sender_gets_no_acknowledgement(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    add_mailbox(None, autoresponse=True)
    async with listening(desk, path):
        client = await Client.at(path)
        await client.deliver(mail(1), [SUPPORT], sender="")
        await client.deliver(mail(2), [SUPPORT])
    traces = [row[0] for row in db.execute_sql("SELECT trace FROM receipt ORDER BY id")]
    assert "no acknowledgement: the null sender" in traces[0]
    assert "the null sender" not in traces[1]


@pytest.mark.sqlite  # of which one program alone writes at a time
async def test_a_locked_database_puts_the_mail_off_and_nothing_is_lost(
    desk: Desk, add_mailbox: MailboxMaker, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_mailbox(None)
    waiting = pipeline.take

    def impatient(*args: Any, **more: Any) -> Any:
        db.execute_sql("PRAGMA busy_timeout = 50")
        return waiting(*args, **more)

    monkeypatch.setattr(pipeline, "take", impatient)
    faults: list[Exception] = []
    async with listening(desk, path, faults):
        client = await Client.at(path)
        other = sqlite3.connect(desk.paths.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            said = await client.deliver(mail(1), [SUPPORT])
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert said[SUPPORT][:9] == "451 4.3.0"
        assert "locked" in str(faults)
        assert verdicts() == []
        assert (await client.deliver(mail(1), [SUPPORT]))[SUPPORT][:3] == "250"
    assert verdicts() == ["ticket"]


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (OSError(28, "No space left on device"), "452 4.3.1"),
        (sqlite3.OperationalError("database or disk is full"), "452 4.3.1"),
        (MemoryError(), "451 4.3.0"),
        (RuntimeError("a bug"), "451 4.3.0"),
    ],
)
async def test_whatever_is_our_fault_is_temporary(
    desk: Desk,
    add_mailbox: MailboxMaker,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    answer: str,
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise fault

    add_mailbox(None)
    monkeypatch.setattr(pipeline, "take", broken)
    async with listening(desk, path):
        client = await Client.at(path)
        said = await client.deliver(mail(1), [SUPPORT, "boss@example.test"])
    assert {each[:9] for each in said.values()} == {answer}


async def test_a_fault_of_ours_with_one_mail_does_not_put_off_the_others(
    desk: Desk, add_mailbox: MailboxMaker, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = pipeline.take
    sizes: list[int] = []

    def picky(given: Desk, arrivals: list[Any]) -> Any:
        sizes.append(len(arrivals))
        if any(b"poison" in arrival.raw for arrival in arrivals):
            raise RuntimeError("a bug")
        return waiting(given, arrivals)

    add_mailbox(None)
    monkeypatch.setattr(pipeline, "take", picky)
    async with listening(desk, path):
        clients = [await Client.at(path) for _ in range(8)]
        texts = ["poison" if number == 3 else "fine" for number in range(8)]
        said = await asyncio.gather(
            *(
                client.deliver(mail(number, text), [SUPPORT])
                for number, (client, text) in enumerate(zip(clients, texts, strict=True))
            )
        )
    assert [each[SUPPORT][:3] for each in said] == ["451" if text == "poison" else "250" for text in texts]
    assert max(sizes) > 1, "mails that come at once are one transaction"


async def test_a_mail_over_the_announced_size_is_refused_for_every_recipient(
    desk: Desk, add_mailbox: MailboxMaker, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from worker.lmtp import session

    add_mailbox(None)
    monkeypatch.setattr(session, "MAX_MAIL", 10_000)
    async with listening(desk, path):
        client = await Client.at(path)
        said = await client.deliver(mail(1, "x" * 20_000), [SUPPORT, "boss@example.test"])
        assert {each[:9] for each in said.values()} == {"552 5.3.4"}
        assert (await client.ask(f"MAIL FROM:<> SIZE={10_001}"))[0][:3] == "552"
        await client.ask("RSET")
        assert (await client.deliver(mail(1), [SUPPORT]))[SUPPORT][:3] == "250"


async def test_a_client_that_hangs_up_before_the_dot_leaves_nothing(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    add_mailbox(None)
    async with listening(desk, path):
        client = await Client.at(path)
        for command in ("MAIL FROM:<a@b.test>", f"RCPT TO:<{SUPPORT}>", "DATA"):
            await client.ask(command)
        client.write(mail(1) + b"half a li")
        client.close()
        assert (await (await Client.at(path)).deliver(mail(2), [SUPPORT]))[SUPPORT][:3] == "250"
    assert verdicts() == ["ticket"]


async def test_whoever_is_connected_at_the_end_is_told_to_come_again(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    async with listening(desk, path):
        client = await Client.at(path)
    assert (await client.answer())[0][:9] == "421 4.3.2"
    assert not path.exists()


async def test_silent_connections_keep_no_mail_out(
    desk: Desk, add_mailbox: MailboxMaker, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of idle connections keep no MTA from the door."""
    monkeypatch.setattr("worker.lmtp.listener.MAX_OF_ONE_PEER", 10)
    add_mailbox(None)
    async with listening(desk, path):
        silent = [await Client.at(path) for _ in range(10)]
        client = await Client.at(path)
        assert (await client.deliver(mail(1), [SUPPORT]))[SUPPORT][:3] == "250"
        assert (await silent[0].answer())[0][:9] == "421 4.3.2", "it is to come again"
        assert (await silent[1].deliver(mail(2), [SUPPORT]))[SUPPORT][:3] == "250"
        for each in (*silent, client):
            each.close()
    assert verdicts() == ["ticket", "ticket"]


async def test_the_sockets_mode_says_who_may_deliver_and_a_stale_one_is_replaced(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    import socket

    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    async with listening(desk, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        await Client.at(path)


async def test_a_file_that_is_no_socket_is_not_replaced(desk: Desk, path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(Refused, match="no socket"):
        async with listening(desk, path):
            pass
    assert path.read_text() == "precious"


async def test_hostile_commands_are_answered_and_the_next_mail_is_taken(
    desk: Desk, add_mailbox: MailboxMaker, path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add_mailbox(None)
    hostile = [
        b"\x1b[31mEVIL\x07",
        b"MAIL FROM:<" + b"a" * 70_000 + b">",
        b"RCPT TO:<\xff\xfe@example.test>",
        b"MAIL FROM:no brackets",
        b"BDAT 5 LAST",
        b"",
        b"\x00\x00",
    ]
    async with listening(desk, path):
        for line in hostile:
            client = await Client.at(path)
            client.write(line + b"\r\n")
            assert (await client.answer())[0][:1] in "245"
            await client.ask("RSET")
            assert (await client.deliver(mail(1), [SUPPORT]))[SUPPORT][:3] == "250"
            client.close()
    assert capfd.readouterr() == ("", "")


async def test_an_address_in_no_known_charset_is_taken(
    desk: Desk, add_mailbox: MailboxMaker, path: Path
) -> None:
    add_mailbox(None)
    async with listening(desk, path):
        client = await Client.at(path)
        client.write(
            b"MAIL FROM:<\xff\x1b@b.test>\r\nRCPT TO:<\xfe\xff@example.test>\r\nDATA\r\n" + mail(1) + b".\r\n"
        )
        said = [(await client.answer())[0][:3] for _ in range(4)]
    assert said == ["250", "250", "354", "250"]
    assert verdicts() == ["ticket"]


async def test_of_two_processes_one_holds_the_door_and_the_other_waits_for_it(desk: Desk, path: Path) -> None:
    async def failed(_error: Exception) -> None: ...

    second = LmtpListener(desk, Endpoint(path), failed)
    halt = asyncio.Event()
    async with listening(desk, path):
        waiting = asyncio.create_task(second.open(halt))
        await asyncio.sleep(0)
        assert not waiting.done()
    assert await asyncio.wait_for(waiting, 30)
    await Client.at(path)
    await second.close()


@pytest.mark.parametrize(
    "text", ["", "unix:relative", "tcp:0.0.0.0:24", "tcp:192.0.2.1:24", "tcp:127.0.0.1:0", "tcp::24"]
)
def test_it_listens_on_this_machine_only(text: str) -> None:
    with pytest.raises(WrongUse):
        parse_endpoint(text)


def test_the_endpoints_are_read() -> None:
    assert parse_endpoint("unix:/run/nightdesk/lmtp", 0o666) == Endpoint(Path("/run/nightdesk/lmtp"), 0o666)
    assert parse_endpoint("tcp:127.0.0.1:2424") == Endpoint(host="127.0.0.1", port=2424)
    assert str(parse_endpoint("tcp:[::1]:2424")) == "tcp:[::1]:2424"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.lmtp import listener

    monkeypatch.setattr(listener, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError) as caught:
        listener.need_the_extra()
    assert "'.[lmtp]'" in caught.value.hint


async def test_nothing_is_answered_250_while_the_store_of_attachments_is_away_or_hangs(
    desk: Desk, add_mailbox: MailboxMaker, path: Path, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "RETRIES", 0)
    monkeypatch.setattr(stores, "TIMEOUT_SECONDS", 1)
    large = filled.mail("Noise", to=SUPPORT, attachment=("noise.bin", random.Random(5).randbytes(3000)))
    add_mailbox(None)
    desk = open_desk(desk.paths, Settings(blobs=s3.url(tmp_path.name), blob_threshold=1000))
    async with listening(desk, path):
        client = await Client.at(path)
        with s3.failing("503"):
            assert (await client.deliver(large, [SUPPORT]))[SUPPORT][:3] == "451"
            assert (await client.deliver(mail(1), [SUPPORT]))[SUPPORT][:3] == "250", (
                "small mail is in the row"
            )
        with s3.failing("hang"):
            assert (await client.deliver(large, [SUPPORT]))[SUPPORT][:3] == "451"
            assert (await client.deliver(mail(2), [SUPPORT]))[SUPPORT][:3] == "250"
        assert verdicts() == ["ticket", "ticket"]
        assert (await client.deliver(large, [SUPPORT]))[SUPPORT][:3] == "250"
    assert verdicts() == ["ticket", "ticket", "ticket"]
