"""Runs the command line in a process that has the program imported already: a fifth of the time of a new one.

Each process of the test run has a server that imports the program once and forks for each call, so a call has
memory, descriptors, directory, variables and signals of its own, as one that a shell started.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from multiprocessing.context import ForkServerContext
from multiprocessing.reduction import DupFd
from pathlib import Path
from pkgutil import walk_packages
from threading import Thread
from typing import Any

_READ_BY_PYTHON_ITSELF = ("PYTHON", "LANG", "LC_", "MALLOC", "LD_")


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    floors = [
        importlib.import_module(name) for name in ("config", "mail", "models", "desk", "worker", "nightdesk")
    ]
    below = [each.name for floor in floors for each in walk_packages(floor.__path__, f"{floor.__name__}.")]
    context.set_forkserver_preload([__name__, *below])
    return context


def can_begin_with(environ: Mapping[str, str]) -> bool:
    """Whether Python itself would begin in the same way with these variables as it did here."""
    names = {name for name in (*environ, *os.environ) if name.startswith(_READ_BY_PYTHON_ITSELF)}
    names.discard("PYTHONPATH")
    return all((environ.get(name) or "") == (os.environ.get(name) or "") for name in names)


def call(
    args: Sequence[str], given: bytes, environ: Mapping[str, str], directory: Path, seconds: float
) -> tuple[int, bytes, bytes]:
    """Run `nightdesk` and return its status (less than 0: the signal that ended it), output and errors.

    Raises TimeoutError when it takes longer, in seconds, than it may; then it is killed.
    """
    stdin, feed = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        ends = _Ends(stdin, out.fileno(), err.fileno())
        process = _server().Process(target=_begin, args=(list(args), dict(environ), directory, ends))
        process.start()
        os.close(stdin)
        Thread(target=_feed, args=(feed, given)).start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(args)
        out.seek(0)
        err.seek(0)
        return process.exitcode, out.read(), err.read()


class _Ends:
    """Descriptors 0, 1 and 2 of a call, on their way to it."""

    def __init__(self, *descriptors: int) -> None:
        self.descriptors = descriptors

    def __getstate__(self) -> list[Any]:
        return [DupFd(descriptor) for descriptor in self.descriptors]

    def __setstate__(self, sent: list[Any]) -> None:
        self.descriptors = tuple(each.detach() for each in sent)


def _feed(feed: int, given: bytes) -> None:
    with suppress(BrokenPipeError), open(feed, "wb", buffering=0) as stdin:
        while given:
            given = given[stdin.write(given) :]


def _begin(args: list[str], environ: dict[str, str], directory: Path, ends: _Ends) -> None:
    from nightdesk.entry import main

    for descriptor, end in enumerate(ends.descriptors):
        os.dup2(end, descriptor)
        os.close(end)
    out, err = sys.stdout, sys.stderr
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0)), out.encoding, out.errors)
    sys.stdout = TextIOWrapper(BufferedWriter(FileIO(1, "w")), out.encoding, out.errors)
    sys.stderr = TextIOWrapper(BufferedWriter(FileIO(2, "w")), err.encoding, err.errors, line_buffering=True)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(directory)
    sys.argv = ["nightdesk", *args]
    main()
