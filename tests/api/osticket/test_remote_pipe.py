"""A mail host without a desk: its mail reaches the one elsewhere, or stays, and nobody hears a word."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import trustme

from nightdesk.pipe import remote
from tests.support.books import Books, stored_mail
from tests.support.program import Program, Ran
from tests.support.served import Served
from tests.support.servers.fault import Line, ScriptedServer, dribble

MAIL = (
    b"From: Ann <ann@corp.example>\nTo: support@desk.example\nSubject: Hello\n"
    b"Message-ID: <1@corp.example>\n\nHi.\n"
)
NOTHING = Ran(0, "", "")
LATER = Ran(75, "", "")


class Host:
    """The mail host: it has a key, a spool, and no desk."""

    def __init__(self, folder: Path) -> None:
        self.program = Program(folder / "no-desk")
        self.key_file = folder / "key"
        self.spool = folder / "waiting"
        self.spool.mkdir()

    def pipe(self, url: str, *more: str, mail: bytes = MAIL, **environ: str) -> Ran:
        return self.program(
            "pipe", "--remote", url, "--key-file", str(self.key_file), *more, stdin=mail, **environ
        )

    @property
    def waiting(self) -> int:
        return len(list(self.spool.iterdir()))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "host").mkdir()
    return Host(tmp_path / "host")


@pytest.fixture
def url(served: Served, host: Host) -> str:
    host.key_file.write_text(served.key("tickets") + "\n")
    return f"{served.base}/api/tickets.email"


def verdicts(served: Served) -> dict[str, int]:
    return dict(Books(served.program.home).verdicts())


def test_a_mail_is_a_ticket_of_the_other_desk_and_the_envelope_goes_along(
    served: Served, host: Host, url: str
) -> None:
    done = host.pipe(
        url, "--to", "support+x@desk.example", mail=b"From joe@x Fri Nov 20 09:00:00 2026\n" + MAIL
    )
    assert done == NOTHING
    assert verdicts(served) == {"ticket": 1}
    [stored] = stored_mail(served.program.home)
    assert stored == b"Return-Path: <joe@x>\nDelivered-To: support+x@desk.example\n" + MAIL
    assert not host.program.home.exists()


def test_a_mail_that_is_sent_again_is_a_duplicate(served: Served, host: Host, url: str) -> None:
    assert [host.pipe(url) for _ in range(2)] == [NOTHING, NOTHING]
    assert verdicts(served) == {"ticket": 1, "duplicate": 1}


def test_a_large_mail_is_handed_over_whole(served: Served, host: Host, url: str) -> None:
    assert host.pipe(url, mail=MAIL + b"x" * 70 + b"\n" + b"y\n" * 4_000_000) == NOTHING
    assert Books(served.program.home).value("SELECT size FROM blob") > 8_000_000


def test_while_the_desk_is_away_the_mta_keeps_the_mail(served: Served, host: Host, url: str) -> None:
    served.stop()
    assert host.pipe(url) == LATER
    assert host.pipe(url, "--qmail") == Ran(111, "", "")
    said = host.pipe(url, "--verbose")
    assert said.status == 75
    assert "the mail stays with the MTA" in said.err
    assert host.key_file.read_text().strip() not in said.err


def test_with_a_spool_the_mail_waits_here_and_goes_once_when_the_desk_is_back(
    serve: Callable[..., Served], host: Host
) -> None:
    served = serve()
    host.key_file.write_text(served.key("tickets"))
    url = f"{served.base}/api/tickets.email"
    served.stop()
    spool = ("--spool", str(host.spool))
    others = [MAIL.replace(b"<1@", b"<%d@" % number) for number in (2, 3)]
    assert host.pipe(url, *spool) == NOTHING
    assert host.pipe(url, *spool, mail=others[0]) == NOTHING
    assert host.waiting == 2
    assert host.pipe(url, *spool, "--flush", mail=b"") == LATER

    back = serve()
    url = f"{back.base}/api/tickets.email"
    assert host.pipe(url, *spool, mail=others[1]) == NOTHING
    assert host.waiting == 0
    assert verdicts(back) == {"ticket": 3}
    assert host.pipe(url, *spool, "--flush", mail=b"") == NOTHING
    assert verdicts(back) == {"ticket": 3}


def test_a_wrong_key_loses_nothing_and_hinders_nothing(served: Served, host: Host, url: str) -> None:
    right = host.key_file.read_text()
    host.key_file.write_text("wrong")
    assert host.pipe(url) == LATER
    assert host.pipe(url, "--spool", str(host.spool)) == NOTHING
    assert host.waiting == 1
    host.key_file.write_text(right)
    assert host.pipe(url, "--spool", str(host.spool), "--flush", mail=b"") == NOTHING
    assert host.waiting == 0
    assert verdicts(served) == {"ticket": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        ["--remote", "http://desk.example/api/tickets.email", "--key-file", "{key}"],
        ["--remote", "ftp://desk.example/", "--key-file", "{key}"],
        ["--remote", "https://desk.example/", "--key-file", "/none"],
        ["--remote", "https://desk.example/"],
        ["--remote"],
        ["--remote", "https://127.0.0.1:1/", "--key-file", "{key}", "--nonsense"],
        ["--remote", "https://127.0.0.1:1/", "--key-file", "{key}", "--spool", "/none"],
        ["--remote", "https://127.0.0.1:1/", "--key-file", "{key}", "--flush"],
    ],
)
def test_wrong_use_is_75_and_silent(host: Host, wrong: list[str]) -> None:
    host.key_file.write_text("a-key")
    arguments = [each.format(key=host.key_file) for each in wrong]
    assert host.program("pipe", *arguments, stdin=MAIL) == LATER


def test_an_empty_mail_is_75(served: Served, host: Host, url: str) -> None:
    assert host.pipe(url, mail=b"") == LATER
    assert host.pipe(url, "--spool", str(host.spool), mail=b"") == LATER
    assert host.waiting == 0


def test_the_desks_certificate_is_verified(serve: Callable[..., Served], host: Host, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    (tmp_path / "cert.pem").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    (tmp_path / "key.pem").write_bytes(certificate.private_key_pem.bytes())
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    tls = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    served = serve(*tls, tls=context)
    host.key_file.write_text(served.key("tickets"))
    url = f"{served.base}/api/tickets.email"
    assert url.startswith("https://")

    refused = host.pipe(url, "--verbose")
    assert refused.status == 75
    assert re.search("(?i)certificate verify failed", refused.err)
    assert host.pipe(url, "--ca-file", str(tmp_path / "ca.pem")) == NOTHING
    assert verdicts(served) == {"ticket": 1}


class Dribbler(ScriptedServer):
    """A desk of which each answer comes bit by bit, without an end."""

    async def talk(self, line: Line) -> None:
        await line.step("answer")


@pytest.mark.parametrize("begin", [None, "HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n"])
def test_a_desk_that_answers_bit_by_bit_does_not_keep_the_mta(
    monkeypatch: pytest.MonkeyPatch, begin: str | None
) -> None:
    """The mail stays where it is, for another try, when the time of one is over."""
    monkeypatch.setattr(remote, "LONGEST_SECONDS", 0.5)
    with Dribbler({"answer": dribble(b"H", begin=begin)}) as server:
        desk = remote.RemoteDesk(f"http://127.0.0.1:{server.port}/api/tickets.email", "a-key")
        with pytest.raises(remote.Away):
            desk.post({}, BytesIO(MAIL), len(MAIL))
