"""The app against an empty Textual app: first paint, keys, bytes, memory."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.process import NIGHTDESK, environment, paired
from benchmarks.table import Result, against, below
from benchmarks.terminal import Terminal

EMPTY_APP = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("painted")
Empty(ansi_color=True).run()
"""
PRESSES = 200


def _empty() -> Terminal:
    return Terminal([sys.executable, "-c", EMPTY_APP], environment())


def _app(home: Path) -> Terminal:
    return Terminal(NIGHTDESK, environment(NIGHTDESK_HOME=str(home)))


def start(home: Path, marker: bytes) -> Result:
    """Process start to the first painted ticket, against an empty Textual app."""

    def ours() -> float:
        with _app(home) as terminal:
            return terminal.until(marker)

    def empty() -> float:
        with _empty() as terminal:
            return terminal.until(b"painted")

    value, base = paired(ours, empty, 5)
    return against("app start to first paint", value, base, 1.5)


def memory(home: Path, marker: bytes) -> Result:
    """Resident memory of the app after some paging, over an empty Textual app's."""
    with _empty() as terminal:
        terminal.until(b"painted")
        terminal.read(1)
        base = terminal.resident()
    with _app(home) as terminal:
        terminal.until(marker)
        for key in [b"\x1b[6~"] * 30 + [b"G", b"g", b"]", b"["]:
            terminal.press(key)
            terminal.read(0.15)
        terminal.read(1)
        value = terminal.resident()
    return below("memory over an empty Textual app", (value - base) / 1e6, 60, "MB")


def _latencies(terminal: Terminal, presses: int) -> tuple[float, float]:
    chance = random.Random(1)
    waits: list[float] = []
    sizes: list[int] = []
    for number in range(presses):
        waits.append(terminal.press(b"k" if number % 40 >= 20 else b"j"))
        sizes.append(len(terminal.read(0.06)))
        terminal.read(chance.uniform(0.0, 0.1))
    waits.sort()
    return waits[int(len(waits) * 0.95)] * 1000, statistics.median(sizes)


def keys(home: Path, marker: bytes) -> list[Result]:
    """Key to paint and bytes for one cursor move at 120x40, the debounced preview apart."""
    with _app(home) as terminal:
        terminal.until(marker)
        terminal.read(2)
        slow, size = _latencies(terminal, PRESSES)
    return [
        below("keypress to paint in the ticket list, p95", slow, 33, "ms"),
        below("bytes for one cursor move, 120x40", size, 1500, "B"),
    ]


def keys_while_fetching(home: Path, marker: bytes, minimum: float = 10.0) -> Result:
    """The same keys while a fetch of many mails runs on the other core."""
    fetch = subprocess.Popen(
        [*NIGHTDESK, "--fetch-once", "--json"],
        env=environment(NIGHTDESK_HOME=str(home)),
        stdout=subprocess.DEVNULL,
    )
    try:
        waits: list[float] = []
        with _app(home) as terminal:
            terminal.until(marker)
            terminal.read(1)
            began = time.monotonic()
            while fetch.poll() is None or time.monotonic() - began < minimum:
                waits.append(terminal.press(b"k" if len(waits) % 40 >= 20 else b"j"))
                terminal.read(0.1)
    finally:
        if fetch.poll() is None:
            fetch.kill()
        fetch.wait()
    waits.sort()
    return below("keypress to paint during a fetch, p95", waits[int(len(waits) * 0.95)] * 1000, 33, "ms")


def first_ticket(home: Path) -> bytes:
    """The number of the ticket that the list shows first: what a paint is known by."""
    import json

    listed = subprocess.run(
        [*NIGHTDESK, "ticket", "list", "--limit", "1", "--json"],
        env=environment(NIGHTDESK_HOME=str(home)),
        stdout=subprocess.PIPE,
        check=True,
    )
    number: str = json.loads(listed.stdout)[0]["number"]
    return f"#{number}".encode()
