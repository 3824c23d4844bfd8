"""Pushes one text by apprise: a program of its own, with limits, that connects no private network.

Called as ``python -I push_process.py`` with JSON on standard input: ``address``, ``title``, ``text`` and
``to_private``. It writes JSON: ``outcome`` (taken, refused, unknown, missing or private) and ``words``.

The library looks names up by itself, each time anew, so it is not the name that is looked at but what is
connected: the interpreter asks before every connection, whoever makes it.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from pathlib import Path
from typing import Any, Final

CPU_SECONDS: Final = 20
MEMORY: Final = 1 << 30
_REACHES: Final = ("socket.connect", "socket.sendto", "socket.sendmsg")


def main() -> int:
    """Push what standard input says."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    told = json.load(sys.stdin)
    try:
        import apprise  # 120 ms, and an extra that may not be installed
    except ImportError:
        return _answer("missing")
    said = _Said()
    logging.getLogger("apprise").addHandler(said)
    kept_off: list[str] = []
    if not told["to_private"]:
        _connect_public_alone(kept_off)
    asset = apprise.AppriseAsset(
        app_id="Nightdesk", async_mode=False, secure_logging=True, http_redirects=False
    )
    pusher = apprise.Apprise(asset=asset)
    if not pusher.add(told["address"]):
        return _answer("unknown")
    if pusher.notify(body=told["text"], title=told["title"]):
        return _answer("taken")
    return _answer("private", kept_off[0]) if kept_off else _answer("refused", "; ".join(said.lines))


def _answer(outcome: str, words: str = "") -> int:
    sys.stdout.write(json.dumps({"outcome": outcome, "words": words}))
    return 0


def _connect_public_alone(kept_off: list[str]) -> None:
    # Isolated from the environment it has to be told where our own packages are.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from mail.transport.reach import is_public  # 1 ms, within the limits

    def look(event: str, given: tuple[Any, ...]) -> None:
        if event not in _REACHES or given[1] is None:
            return
        try:
            host = str(given[1][0])
            public = is_public(host)
        except (ValueError, IndexError, TypeError):
            # A name would be looked up behind this, a path is on this machine.
            host, public = "what it connects", False
        if not public:
            kept_off.append(host)
            raise PermissionError(f"{host} is not connected")

    sys.addaudithook(look)


class _Said(logging.Handler):
    """Keeps what the library logs while it pushes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(record.getMessage())


if __name__ == "__main__":
    sys.exit(main())
