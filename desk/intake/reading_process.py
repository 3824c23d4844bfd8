"""Reads mails beside the program that compares them: one of its own, so that two cores read.

Called as ``python -I reading_process.py``. Each request is a pickled list of arrivals, the moment and the
time zone; each answer a pickled list of readings. It ends with its standard input.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path


def main() -> int:
    """Answer requests until there are no more."""
    # Isolated from the environment it has to be told where our own packages are.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from desk.intake.arrivals import read_all  # 30 ms, once the path is known

    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            arrivals, moment, zone = pickle.load(requests)  # noqa: S301 - of the program that started this one
        except EOFError:
            return 0
        readings = read_all(arrivals, moment, lambda: zone)  # noqa: B023 - asked at once
        pickle.dump(readings, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    sys.exit(main())
