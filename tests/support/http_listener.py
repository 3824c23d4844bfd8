"""An HTTP server on loopback that keeps what it is told and answers as a test wants."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Literal

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Told:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HttpListener:
    """What came, and what is answered: the answers in turn, then the last one for ever."""

    port: int
    answers: list[Answer | Callable[[], Answer]]
    told: list[Told] = field(default_factory=list)
    scheme: str = "http"

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


def hang(seconds: float) -> Callable[[], Answer]:
    """Answer too late."""

    def answer() -> Answer:
        time.sleep(seconds)
        return 200, {}, b""

    return answer


@contextmanager
def listening(
    *answers: Answer | Callable[[], Answer], tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
) -> Iterator[HttpListener]:
    """Serve while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            listener.told.append(Told(self.path, dict(self.headers), body))
            place = min(len(listener.told), len(listener.answers)) - 1
            answer = listener.answers[place]
            status, headers, said = answer() if callable(answer) else answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    listener = HttpListener(server.server_address[1], list(answers) or [(200, {}, b"")])
    listener.scheme = "https" if tls is not None else "http"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(said: bytes, then: Literal["hang", "reset"], *, dribbled: bytes = b"") -> Iterator[int]:
    """Serve on the port that is yielded: answer so, `dribbled` again and again, then hang or reset."""
    over = Event()

    def serve() -> None:
        while True:
            try:
                link = listener.accept()[0]
            except OSError:
                return
            with link, suppress(OSError):
                link.recv(65536)
                link.sendall(said)
                while then == "hang" and not over.wait(0.05):
                    if dribbled:
                        link.sendall(dribbled)
                # A reset takes with it what was not read yet; closed with time zero a connection is reset.
                over.wait(0.3)
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
