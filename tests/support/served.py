"""`nightdesk serve` as a process of its own, on a free port, for a desk of its own."""

from __future__ import annotations

import contextlib
import copy
import http.client
import json
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.paths import find_desk
from tests.support.program import Program
from tests.support.servers.child import Child, wait_until

# Starts the command line with some of the program's constants changed: seconds that a test cannot wait.
_START = """
import importlib, json, sys
for name, value in json.loads(sys.argv.pop(1)).items():
    module, _, constant = name.rpartition(".")
    setattr(importlib.import_module(module), constant, value)
from nightdesk.entry import main
main()
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def document(self) -> Any:
        assert self.headers["content-type"] == "application/json", self.headers
        return json.loads(self.body)


class Served:
    """A running server; `log` is its standard output and error."""

    def __init__(
        self,
        program: Program,
        *options: str,
        patch: Mapping[str, object] | None = None,
        tls: ssl.SSLContext | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.program = program
        self.log = program.home.parent / f"serve-{len(list(program.home.parent.glob('serve-*')))}.log"
        command = [sys.executable, "-c", _START, json.dumps(patch or {}), "serve", "--port", "0", *options]
        self._child = Child(command, self.log, program.environment(**(environ or {})))
        self._tls = tls
        wait_until(lambda: self._url() is not None or not self._child.running, "nightdesk serve to listen")
        found = self._url()
        assert found is not None, self.log.read_text()
        self.host, self.port = found[1], int(found[2])

    def _url(self) -> re.Match[str] | None:
        said = self.log.read_text() if self.log.exists() else ""
        return re.search(r"at https?://([\d.]+):(\d+)\n", said)

    def seen_at(self, port: int, tls: ssl.SSLContext) -> Served:
        """The same server as callers of a proxy at `port` see it."""
        seen = copy.copy(self)
        seen.port, seen._tls = port, tls
        return seen

    @property
    def base(self) -> str:
        """The URL before every path."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def running(self) -> bool:
        return self._child.running

    def stop(self, patience: float = 10.0) -> None:
        """End it as systemd does."""
        self._child.stop(patience)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self._child.signal_all(signal.SIGKILL)

    def connect(self) -> socket.socket:
        """A bare connection."""
        plain = socket.create_connection((self.host, self.port), 20)
        return self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain

    def raw(self, request: bytes) -> bytes:
        """Send bytes, all of them, and only then read whatever comes until the server closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        *,
        key: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=180)
        if self._tls:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=180, context=self._tls)
        given = {**({"X-API-Key": key} if key else {}), **(headers or {})}
        with contextlib.closing(connection):
            connection.request(method, path, body.encode() if isinstance(body, str) else body, given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())

    def get(self, path: str, key: str = "", **headers: str) -> Answer:
        return self.call("GET", path, key=key, headers=headers)

    def post(self, path: str, document: object, key: str = "") -> Answer:
        """A POST of JSON."""
        return self.call("POST", path, json.dumps(document), key=key)

    def key(self, *scopes: str, address: str = "127.0.0.1", more: tuple[str, ...] = ()) -> str:
        """A new key."""
        wanted = [part for scope in scopes for part in ("--scope", scope)]
        made = self.program("key", "create", "--address", address, *wanted, *more, "--json")
        assert made.status == 0, made.err
        return str(made.document["key"])

    def log_lines(self) -> list[dict[str, Any]]:
        """The desk's log, the newest last."""
        found = self.program("log", "--json", "--limit", "0")
        assert found.status == 0, found.err
        return list(found.document)

    def ticket(self, number: str) -> dict[str, Any]:
        """A ticket as the command line shows it."""
        found = self.program("ticket", "show", number, "--json")
        assert found.status == 0, found.err
        return dict(found.document)


@contextlib.contextmanager
def database_of(program: Program) -> Iterator[Any]:
    """The desk's database, as another program opens it."""
    url = find_desk(environ={"NIGHTDESK_HOME": str(program.home)}).server_url
    if url:
        import psycopg  # only where a desk is in PostgreSQL

        with contextlib.closing(psycopg.connect(url)) as other:
            yield other
        return
    with contextlib.closing(sqlite3.connect(program.home / "data" / "desk.sqlite3")) as other:
        yield other


@contextlib.contextmanager
def write_lock(program: Program) -> Iterator[Any]:
    """Somebody else writes and writes; a rollback ends it sooner than the block."""
    with database_of(program) as other:
        if isinstance(other, sqlite3.Connection):
            other.execute("BEGIN IMMEDIATE")
        else:
            from models.postgres.connection import WRITERS  # only where a desk is in PostgreSQL

            other.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))
        yield other


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes; a reset ends it too."""
    pieces = []
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def add_mailbox(program: Program, address: str = "support@desk.example") -> None:
    """An address of the desk that fetches nothing."""
    done = program("mailbox", "add", address, "--protocol", "none")
    assert done.status == 0, done.err


def copy_of(home: Path, target: Path) -> Program:
    """A desk of its own, copied from one that was made before."""
    shutil.copytree(home, target)
    return Program(target)
