"""What filters cost: on the fetch, in a trial over stored mail, and in a storm of alarms."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fetching import add_mailbox, fetch, filled, new_desk
from benchmarks.process import NIGHTDESK, Run, environment, paired, run
from benchmarks.table import Result, against, below
from tests.support.servers.dovecot import Dovecot

FILTERS = 200
RECEIPTS = 100_000
ALARMS, THINGS = 10_000, 200
ROUNDS = 7
_CONDITIONS = (
    "subject:word{0}",
    "from:@domain{0}.example",
    "header:X-Campaign-{0}",
    "header:List-Id=announce{0}",
    "word{0} other{0}",
    'subject:"~^alarm {0} on (?P<host>.+)$"',
    "from:person{0}@corp.example is:list",
    "to:team{0}@corp.example has:attachment",
    '"~invoice {0}[0-9]+"',
    "mailbox:none tag{0}",
)


_DESK = """
[[sla]]
name = "Standard"
hours = 4
next = 8
resolve = 40
business_hours = "mon-fri 08:00-18:00"
zone = "Europe/Berlin"
holidays = "DE-BY"
pause = "waiting"
reminders = "50, 75, 100"

[[sla]]
name = "Fast"
hours = 1

[[topic]]
name = "VPN"
sla = "Fast"

[[notification]]
name = "new_ticket"
whom = "department"

[[notification]]
name = "customer_wrote"
whom = "assignee, department"

[[webhook]]
name = "Board"
url = "https://127.0.0.1:9/board"
condition = "p:high"

[[webhook]]
name = "All"
url = "https://127.0.0.1:9/all"
active = false
"""
_CHANGED = """
[[sla]]
name = "Standard"
hours = 2
next = 4
resolve = 24
business_hours = "mon-sat 07:00-19:00"
zone = "Europe/Berlin"
holidays = "DE-BY"

[[notification]]
name = "new_ticket"
whom = "admins"

[[template]]
name = "acknowledgement de"
body = "Nummer {{ ticket.number }}."

[[filter]]
name = "VPN"
if = "subject:vpn"
then = ["topic:VPN", "tag:vpn"]

[[filter]]
name = "Offers"
if = "offer newsletter"
then = ["reject"]
"""


def real_desk(folder: Path) -> Path:
    """A new desk with SLAs in business hours, notifications and webhooks, as one in use has them."""
    home = new_desk(folder / "desk")
    file = folder / "desk.toml"
    file.write_text(_DESK)
    verb(home, "rules", "import", str(file))
    return home


def rules_file(folder: Path, count: int = FILTERS) -> Path:
    """A file of so many filters of all kinds, none of which holds."""
    path = folder / "rules.toml"
    tables = (
        f"[[filter]]\nname = \"F{at}\"\nif = '''{_CONDITIONS[at % len(_CONDITIONS)].format(at)}'''\n"
        'then = ["tag:x"]\n'
        for at in range(count)
    )
    path.write_text("\n".join(tables))
    return path


def on_the_fetch(dovecot: Dovecot, mails: int) -> Result:
    """The whole fetch into an empty desk with filters, against one without."""
    user = filled(dovecot, mails)

    def seconds(filters: int) -> float:
        with tempfile.TemporaryDirectory() as directory:
            home = real_desk(Path(directory))
            add_mailbox(home, user)
            if filters:
                verb(home, "rules", "import", str(rules_file(Path(directory), filters)))
            return fetch(home, mails)

    value, base = paired(lambda: seconds(FILTERS), lambda: seconds(0), ROUNDS)
    return against(f"fetch {mails} mails with {FILTERS} filters", value, base, 1.1)


def trial(dovecot: Dovecot, mails: int) -> Iterator[Result]:
    """What-if over stored mail, brought up to so many receipts."""
    user = filled(dovecot, mails)
    with tempfile.TemporaryDirectory() as directory:
        home = real_desk(Path(directory))
        add_mailbox(home, user)
        fetch(home, mails)
        file = Path(directory) / "changed.toml"
        file.write_text(_CHANGED)
        one = ("filter", "test", "New", "--then", "tag:x", "--if")
        for what, asked in (
            ("a filter on headers", (*one, "subject:vpn -from:@corp.example")),
            ("a filter on its words", (*one, "vpn printer")),
            ("a file of rules, with SLAs and texts", ("filter", "test", "--file", str(file))),
            ("the reader", ("receipt", "test")),
        ):
            words = (*asked, "--json", "--since")
            start = verb(home, *words, "0m").seconds
            seconds = start + (verb(home, *words, "520w").seconds - start) * RECEIPTS / mails
            yield below(f"what-if of {RECEIPTS} receipts: {what} ({mails} measured)", seconds, 60, "s")


def storm() -> Iterator[Result]:
    """So many alarms of so many things, taken in as an mbox: tickets, and mail to customers."""
    with tempfile.TemporaryDirectory() as directory:
        home = new_desk(Path(directory) / "desk")
        verb(home, "rules", "import", "--recipe", "nagios")
        box = Path(directory) / "storm.mbox"
        with box.open("w") as file:
            for at in range(ALARMS):
                file.write(
                    "From monitor@corp.test Mon Nov 23 10:00:00 2026\n"
                    "From: monitor@corp.test\nTo: it@corp.test\n"
                    f"Subject: ** PROBLEM Service Alert: web{at % THINGS}/HTTP is CRITICAL **\n"
                    f"Message-ID: <{at}@corp.test>\n\nalarm {at}\n\n"
                )
        ran = verb(home, "import", "mbox", str(box))
        tickets = json.loads(verb(home, "ticket", "list", "--json", "--limit", "0").output)
        mails = json.loads(verb(home, "outbox", "list", "--json").output)
        yield below(
            f"tickets of {ALARMS} alarms of {THINGS} things ({ran.seconds:.0f} s)", len(tickets), THINGS, ""
        )
        yield below("mails to customers because of them", len(mails), 0.5, "")


def verb(home: Path, *words: str) -> Run:
    """Run a verb that has to succeed."""
    ran = run([*NIGHTDESK, *words], environment(NIGHTDESK_HOME=str(home)))
    if ran.status:
        sys.exit(f"{' '.join(words)}: {ran.output!r}")
    return ran
