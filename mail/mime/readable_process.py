"""Reads an attached file on standard input and writes its text: a program of its own, with limits.

Called as ``python -I readable_process.py SECONDS MEGABYTES NAME KIND ZONE``. It writes ``text`` or ``none``,
a line end, and the text.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def main(seconds: int, megabytes: int, name: str, kind: str, zone: str) -> int:
    """Write the text of the file within so many seconds of the processor and so much memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # Isolated from the environment it has to be told where our own packages are.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from zoneinfo import ZoneInfo  # 3 ms, within the limits, as all that follows

    from mail.mime.readable import readable  # 6 ms

    text = readable(sys.stdin.buffer.read(), name, kind, ZoneInfo(zone))
    answer = b"none\n" if text is None else b"text\n" + text.encode("utf-8", "replace")
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]))
