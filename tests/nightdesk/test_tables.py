"""Every table of every verb: on a terminal a row keeps to its line, in a pipe it is whole and not padded."""

from __future__ import annotations

import json
import re
from pathlib import Path

from nightdesk.columns import width_of
from tests.support.filled import add_mailbox, mail, take_in
from tests.support.program import Program

WORDS = "Der Drucker im dritten Stock brennt, und zwar seit heute Morgen um halb neun, lichterloh"
LONG = WORDS[:60]
WIDE = "日本語の件名がとても長い" * 4

MADE = [
    ["department", "add", LONG],
    ["department", "add", "IT"],
    ["sla", "add", f"SLA {LONG}", "--hours", "4"],
    ["topic", "add", f"Topic {LONG}", "--department", LONG],
    ["agent", "add", "bo", "--name", f"Bo {LONG}", "--email", f"bo@{'very-' * 8}long.example"],
    ["filter", "add", f"Filter {LONG}", "--on", "new", "--if", f"subject:{'x' * 90}", "--then", "tag:x"],
    [
        "filter",
        "add",
        "F",
        "--on",
        "time",
        "--if",
        "subject:y",
        "--then",
        "tag:y",
        "--schedule",
        "every 2 hours",
    ],
    ["ban", "add", f"{'spam-' * 12}@spam.example", "--note", WORDS],
    ["ban", "add", "@s.example", "--note", "s"],
    ["key", "create", "--address", "192.0.2.7", "--address", "2001:db8::/32", "--scope", "tickets"],
    ["organization", "add", f"{WIDE} GmbH", "--domain", "sender.example"],
    ["queue", "add", f"{WIDE} {LONG}", "subject:" + "x" * 90],
    ["ticket", "reply", "1", "--body-file", "{file}"],
    ["attachment", "put", "1", "--name", f"{LONG}.txt", "--file", "{file}"],
]
TABLES = [
    *(["mailbox"], ["agent"], ["department"], ["sla"], ["topic"], ["role"], ["notification"], ["filter"]),
    *(
        ["ban"],
        ["key"],
        ["ticket"],
        ["receipt"],
        ["outbox"],
        ["settings"],
        ["contact"],
        ["organization"],
        ["queue"],
    ),
]

RUN = """
import contextlib, io, json, os, sys
from nightdesk import entry

class Terminal(io.StringIO):
    def isatty(self):
        return True

told = []
for argv in json.load(sys.stdin):
    row = []
    for width in (0, 80, 120):
        os.environ["COLUMNS"] = str(width)
        out = Terminal() if width else io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
            status = int(entry.run(argv))
        row.append((width, status, out.getvalue(), err.getvalue()))
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        entry.run([*argv, "--json"])
    document = json.loads(out.getvalue())
    told.append((argv, row, len(document["lines"]) + 1 if "lines" in document else len(document)))
json.dump(told, sys.stdout)
"""


def test_every_table_fits_a_terminal_and_pads_nothing_in_a_pipe(desk: Program, tmp_path: Path) -> None:
    add_mailbox(desk, f"{'support-' * 5}@desk.example", "--smtp-host", "smtp.desk.example")
    add_mailbox(desk, "s@desk.example", "--smtp-host", "smtp.desk.example")
    take_in(
        desk, [mail(subject=WIDE), mail(subject=WORDS), mail(subject="VPN", attachment=(f"{WIDE}.txt", b"x"))]
    )
    file = tmp_path / "body.txt"
    file.write_text("x")
    for argv in MADE:
        desk(*(each.format(file=file) for each in argv))
    calls = [*([*noun, "list"] for noun in TABLES), ["search", "smoke"], ["attachment", "list", "3"]]
    calls += [["report", of] for of in ("departments", "topics", "agents", "tags", "mailboxes")]
    done = desk.python("-c", RUN, stdin=json.dumps(calls))
    assert done.status == 0, done.err
    assert [argv for argv, _, rows in done.document if not rows] == [], "a table without rows shows nothing"
    wrong = []
    for argv, shown, rows in done.document:
        for width, status, out, err in shown:
            lines = out.splitlines()
            name = f"{' '.join(argv)} at {width}: "
            if status or len(lines) != (rows + 1 if rows else len(lines)):
                wrong.append(f"{name}{len(lines)} lines of {rows} rows {err}")
            elif width and any(width_of(line) > width for line in lines):
                wrong.append(f"{name}{max(map(width_of, lines))} wide: {max(lines, key=width_of)}")
            elif not width and any(line != line.rstrip() or re.search(r"\S {45,}\S", line) for line in lines):
                wrong.append(f"{name}padded")
    assert not wrong, "\n".join(wrong)


def test_a_filter_that_is_taken_in_switched_off_says_so(desk: Program) -> None:
    off = desk("rules", "import", "--recipe", "autoclose")
    assert off.out == "filter Silent customers: added, switched off\n"
    on = desk("rules", "import", "--recipe", "cron", "--from", "root@corp.example")
    assert on.out.splitlines() == [
        f"filter {name}: added" for name in ("cron", "anacron", "cron of Solaris")
    ], "of the other filters of the desk a recipe says nothing"
