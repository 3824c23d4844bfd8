"""Size and time are bounded: large, slow and broken requests stop only themselves."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.mails import mail
from tests.support.served import Answer, Served, read_all, write_lock

FAST = {
    "api.server.connection.HEAD_SECONDS": 0.5,
    "api.server.body.IDLE_SECONDS": 0.5,
    "api.server.exchange.LINGER_SECONDS": 0.5,
    "api.server.exchange.SEND_SECONDS": 0.5,
    "api.server.serve.KEEP_ALIVE_SECONDS": 1,
}


def test_a_body_over_the_limit_is_refused_before_it_is_read(serve: Callable[..., Served]) -> None:
    served = serve("--max-body", "1", patch=FAST)
    key = served.key("tickets")
    head = (
        f"POST /api/tickets.json HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: {1 << 40}\r\n\r\n"
    )
    assert served.raw(head.encode()).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_a_length_is_bounded_too(serve: Callable[..., Served]) -> None:
    served = serve("--max-body", "1", patch=FAST)
    head = (
        f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {served.key('tickets')}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert served.raw(head + chunk * 20).startswith(b"HTTP/1.1 415 ")
    small = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(letter := mail()), letter)
    assert served.raw(small + b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 201 ")


def test_a_compressed_body_is_refused(served: Served) -> None:
    headers = {"Content-Encoding": "gzip"}
    answer = served.call(
        "POST", "/api/tickets.email", b"\x1f\x8b", key=served.key("tickets"), headers=headers
    )
    assert answer.status == 415


def test_nobody_holds_a_connection_by_sending_slowly(serve: Callable[..., Served]) -> None:
    served = serve(patch=FAST)
    key = served.key("tickets")
    body = (
        f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: 100\r\n\r\nFrom"
    )
    silent, head, slow = served.connect(), served.connect(), served.connect()
    again = served.connect()
    head.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    slow.sendall(body.encode())
    again.sendall(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\nGET /docs HTTP/1.1\r\n")

    assert read_all(silent) == b""
    assert read_all(head) == b""
    assert read_all(slow).startswith(b"HTTP/1.1 408 ")
    assert read_all(again).count(b"HTTP/1.1 200 OK") == 1
    for connection in (silent, head, slow, again):
        connection.close()


def test_nobody_holds_an_answer_by_not_reading_it(serve: Callable[..., Served]) -> None:
    served = serve(patch=FAST)
    with served.connect() as lazy:
        lazy.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 60)
        assert served.get("/health").status == 200


def test_more_callers_than_there_is_room_for_are_cut_off_and_the_others_served(
    serve: Callable[..., Served],
) -> None:
    served = serve(
        patch={"api.server.connection.MAX_CONNECTIONS": 5, "api.server.connection.HEAD_SECONDS": 1}
    )
    held = [served.connect() for _ in range(9)]
    for each in held:
        read_all(each)
        each.close()
    assert served.get("/health").status == 200


def test_a_host_with_every_connection_it_can_get_keeps_nobody_out(serve: Callable[..., Served]) -> None:
    """One host with hundreds of slow connections keeps nobody else from the API."""
    served = serve(
        patch={"api.server.connection.MAX_CONNECTIONS": 30, "api.server.connection.MAX_OF_ONE_PEER": 20}
    )
    held = [socket.create_connection((served.host, served.port), 20) for _ in range(60)]
    for each in held:
        with contextlib.suppress(OSError):
            each.sendall(b"GET /health HTTP/1.1\r\nX-Slow: ")
    for address in ("127.0.0.1", "127.0.0.2"):
        for _ in range(5):
            with socket.create_connection((served.host, served.port), 20, (address, 0)) as other:
                other.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert read_all(other).startswith(b"HTTP/1.1 200 ")
    for each in held:
        each.close()


def test_slow_bodies_with_one_key_leave_room_for_others(serve: Callable[..., Served]) -> None:
    """Slow bodies under one key hold up nobody with another."""
    served = serve(patch={"api.server.body.PATIENCE_SECONDS": 1.0})
    greedy, other = served.key("tickets"), served.key("tickets")
    begun = (
        f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {greedy}\r\nContent-Length: 100\r\n\r\nx"
    )
    held = [served.connect() for _ in range(12)]
    for each in held:
        each.sendall(begun.encode())
    time.sleep(0.5)
    assert served.call("POST", "/api/tickets.email", mail(), key=other).status == 201
    for each in held:
        each.close()
    assert served.call("POST", "/api/tickets.email", mail(), key=greedy).status == 201


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /docs HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"b" * 70_000 + b"\r\n\r\n",
        b"GET /%00%ff%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
    ],
)
def test_broken_requests_stop_only_themselves(serve: Callable[..., Served], request_bytes: bytes) -> None:
    served = serve(patch=FAST)
    answer = served.raw(request_bytes)
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert b"Set-Cookie" not in answer
    assert served.get("/health").status == 200
    assert "Traceback" not in served.log.read_text()


def test_a_caller_who_leaves_while_sending_leaves_nothing(serve: Callable[..., Served]) -> None:
    served = serve(patch=FAST)
    key = served.key("tickets")
    with served.connect() as connection:
        head = (
            f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: 999\r\n\r\n"
        )
        connection.sendall(head.encode() + mail())
    assert served.get("/health").status == 200
    assert served.program("receipt", "list", "--json").document == []


def test_curl_s_question_whether_to_send_is_answered(served: Served) -> None:
    letter = mail()
    with served.connect() as connection:
        head = (
            f"POST /api/tickets.email HTTP/1.1\r\nHost: x\r\nX-API-Key: {served.key('tickets')}\r\n"
            f"Content-Length: {len(letter)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(letter)
        assert read_all(connection).startswith(b"HTTP/1.1 201 ")


def test_who_asks_first_is_refused_before_sending(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(
            b"POST /api/tickets.xml HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        )
        assert read_all(connection).startswith(b"HTTP/1.1 401 ")


def test_a_busy_write_lock_keeps_nobody_from_reading(serve: Callable[..., Served]) -> None:
    served = serve(patch={"models.database.BUSY_SECONDS": 2})
    key = served.key("tickets", "read")
    with write_lock(served.program) as other, ThreadPoolExecutor() as callers:
        waiting = [callers.submit(_piped, served, key) for _ in range(8)]
        assert served.get("/api/v1/tickets", key).status == 200
        assert not any(each.done() for each in waiting)
        other.rollback()
        assert {each.result().status for each in waiting} <= {201, 500}


def _piped(served: Served, key: str) -> Answer:
    return served.call("POST", "/api/tickets.email", mail(), key=key)
