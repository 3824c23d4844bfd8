"""``python -m tests.generator OUT``: write generated mails, and a manifest with one JSON object a line."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import sys
from collections import Counter
from pathlib import Path

from tests.generator.files import write
from tests.generator.mails import START, generate


def main() -> None:
    """Write what the command line asks for; the sum goes to stderr."""
    parser = argparse.ArgumentParser(prog="python -m tests.generator", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("-n", type=int, default=2000, help="how many mails (2000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=["eml", "maildir", "mbox"], default="eml")
    parser.add_argument("--to", default="support@example.test")
    parser.add_argument("--domain", default="example.test")
    parser.add_argument(
        "--start", type=dt.datetime.fromisoformat, default=START, help="UTC; the first mail's time"
    )
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--bare", action="store_true", help="no trace headers, for handing in over SMTP")
    parser.add_argument("--owner", help="UID:GID of the Maildir")
    asked = parser.parse_args()

    mails = generate(
        asked.n, asked.seed, asked.to, asked.domain, start=asked.start.replace(tzinfo=dt.UTC), bare=asked.bare
    )
    count: Counter[str] = Counter()
    size = 0
    with contextlib.ExitStack() as stack:
        manifest = stack.enter_context(asked.manifest.open("w", encoding="utf-8")) if asked.manifest else None
        for name, mail in write(mails, asked.out, asked.format):
            count[mail.manifest.kind] += 1
            size += len(mail.raw)
            if manifest:
                manifest.write(json.dumps(mail.manifest.as_json(name), ensure_ascii=False) + "\n")
    if asked.owner:
        uid, gid = map(int, asked.owner.split(":"))
        for path in [asked.out, *asked.out.rglob("*")]:
            os.chown(path, uid, gid)
    print(f"{asked.n} mails, {size / 1e6:.1f} MB ({size}), {dict(count)}", file=sys.stderr)


if __name__ == "__main__":
    main()
