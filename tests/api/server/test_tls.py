"""TLS by certificate and key, and an orderly start and end."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import osticket_scripts
from tests.support.mails import mail
from tests.support.program import Program
from tests.support.served import Served, read_all, write_lock
from tests.support.servers.child import wait_until
from tests.support.servers.pki import Pki


def test_tls_with_a_certificate(serve: Callable[..., Served], pki: Pki) -> None:
    files = ("--tls-cert", str(pki.server.cert), "--tls-key", str(pki.server.key))
    served = serve(*files, tls=pki.client_context())
    assert served.log.read_text().strip().endswith(served.base)
    assert osticket_scripts.automail_php(served, served.key("tickets"), mail()) == 0
    assert served.get("/health").status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(serve: Callable[..., Served], pki: Pki) -> None:
    served = serve("--tls-cert", str(pki.server.cert), "--tls-key", str(pki.server.key))
    old = pki.client_context()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection((served.host, served.port), 10) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        old.wrap_socket(plain, server_hostname=served.host)


def test_a_certificate_that_cannot_be_used_is_said_in_one_line(program: Program, pki: Pki) -> None:
    done = program("serve", "--tls-cert", str(pki.server.cert), "--tls-key", str(pki.expired.key))
    assert done.status == 78
    assert done.err.count("\n") == 1
    assert "--tls-key" in done.err
    assert program("serve", "--tls-key", str(pki.server.key)).status == 2


def test_a_port_that_is_taken_is_said_in_one_line(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = program("serve", "--port", str(taken.getsockname()[1]))
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "cannot listen" in done.err


def test_systemd_is_told_when_callers_can_connect(serve: Callable[..., Served], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        served = serve(environ={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(1000) == b"READY=1"
        assert served.get("/health").status == 200
        served.stop()
        assert manager.recv(1000) == b"STOPPING=1"


def test_a_desk_that_is_not_there_is_78(tmp_path: Path) -> None:
    assert Program(tmp_path / "nowhere")("serve").status == 78


def test_the_missing_extra_is_said_with_its_cure(program: Program, tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "starlette.py").write_text("raise ModuleNotFoundError(name='starlette')")
    from dataclasses import replace

    without = replace(program, python_path=f"{tmp_path / 'hidden'}:{program.python_path}")
    done = without("serve")
    assert done.status == 1
    assert "'.[api]'" in done.err


def test_a_signal_lets_the_answers_in_hand_go_out(serve: Callable[..., Served]) -> None:
    served = serve()
    letter = mail()
    head = f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {served.key('tickets')}\r\n"
    with (
        write_lock(served.program) as other,
        ThreadPoolExecutor() as helpers,
        served.connect() as asking,
    ):
        asking.sendall(f"{head}Content-Length: {len(letter)}\r\n\r\n".encode() + letter)
        assert served.get("/health").status == 200, "who came later was served: the mail is being taken"
        ending = helpers.submit(served.stop)
        wait_until(lambda: not _listening(served.port), "the server to take no more callers")
        other.rollback()
        assert read_all(asking).startswith(b"HTTP/1.1 201 ")
        ending.result()
    assert served.ticket("1")["number"] == "1"


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_configuration_and_the_environment_say_where_to_listen(program: Program, pki: Pki) -> None:
    config = program.home / "config.toml"
    config.write_text(
        f'{config.read_text()}\nserve_host = "127.0.0.2"\nserve_tls_cert = "{pki.server.cert}"\n'
    )
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = str(taken.getsockname()[1])
        kept = program("serve", NIGHTDESK_SERVE_PORT=port, NIGHTDESK_SERVE_TLS_KEY=str(pki.server.key))
        flag = program("serve", "--host", "127.0.0.300", NIGHTDESK_SERVE_PORT=port)
    assert f"cannot listen on 127.0.0.2 port {port}" in kept.err
    assert "cannot listen on 127.0.0.300" in flag.err
