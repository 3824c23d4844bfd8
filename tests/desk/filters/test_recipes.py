"""Given the mails that a monitoring system sends, these tickets: by the recipes as they are shipped."""

from __future__ import annotations

import pytest

from desk.filters import recipes
from desk.home import Desk
from desk.intake import pipeline
from desk.operations import rule_file
from tests.support.mails import Door, mail, rows
from tests.support.workbench import ADMIN

OPEN, CLOSED = "open", "closed"
TABLE: dict[str, list[tuple[str, list[str], str]]] = {
    "autoclose": [],
    # recipe: (what it is, subjects in their order (a text behind |), what becomes of the one ticket)
    "nagios": [
        ("service", ["** PROBLEM Service Alert: web1/HTTP is CRITICAL **"], OPEN),
        (
            "worse",
            [
                "** PROBLEM Service Alert: web1/HTTP is WARNING **",
                "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
            ],
            OPEN,
        ),
        (
            "over",
            [
                "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
                "** ACKNOWLEDGEMENT Service Alert: web1/HTTP is CRITICAL **",
                "** RECOVERY Service Alert: web1/HTTP is OK **",
            ],
            CLOSED,
        ),
        (
            "host",
            ["** PROBLEM Host Alert: web1 is DOWN **", "** RECOVERY Host Alert: web1 is UP **"],
            CLOSED,
        ),
        (
            "relapse",
            [
                "** PROBLEM Host Alert: web1 is DOWN **",
                "** RECOVERY Host Alert: web1 is UP **",
                "** PROBLEM Host Alert: web1 is DOWN **",
            ],
            OPEN,
        ),
        ("only the end", ["** RECOVERY Host Alert: web1 is UP **"] * 2, CLOSED),
    ],
    "icinga": [
        ("service", ["[PROBLEM] disk on web1 is CRITICAL!", "[RECOVERY] disk on web1 is OK!"], CLOSED),
        ("host", ["[PROBLEM] Host web1 is DOWN!", "[ACKNOWLEDGEMENT] Host web1 is DOWN!"], OPEN),
    ],
    "zabbix": [
        (
            "over",
            [
                "Problem: High CPU utilization|Host: web1",
                "Resolved in 5m 3s: High CPU utilization|Host: web1",
            ],
            CLOSED,
        ),
        (
            "old words",
            ["Problem: No ping|x\r\nHost: web1\r\ny", "Resolved: No ping|Host: web1"],
            CLOSED,
        ),
        (
            "updated",
            ["Problem: No ping|Host: web1", "Updated problem in 2m: No ping|Host: web1"],
            OPEN,
        ),
    ],
    "checkmk": [
        (
            "service",
            [
                "Checkmk: web1/CPU load OK -> CRIT",
                "Checkmk: web1/CPU load CRIT -> WARN",
                "Checkmk: web1/CPU load WARN -> OK",
            ],
            CLOSED,
        ),
        ("host", ["Checkmk: web1 - UP -> DOWN"], OPEN),
        ("old name", ["Check_MK: web1 UP -> DOWN", "Check_MK: web1 DOWN -> UP"], CLOSED),
    ],
    "alertmanager": [
        (
            "group",
            [
                "[FIRING:1] DiskFull web1 (critical)",
                "[FIRING:2] DiskFull web1 (critical node)",
                "[RESOLVED] DiskFull web1 (critical)",
            ],
            CLOSED,
        ),
        ("without common labels", ["[FIRING:1] DiskFull web1", "[FIRING:3] DiskFull web1 (x)"], OPEN),
    ],
    "cron": [("job", ["Cron <root@web1> /usr/local/bin/rotate"] * 3, OPEN)],
    "raid": [
        ("lost", ["Fail event on /dev/md0:web1", "DegradedArray event on /dev/md0:web1"], OPEN),
        ("whole", ["Fail event on /dev/md0:web1", "SpareActive event on /dev/md0:web1"], CLOSED),
    ],
    "backup": [
        ("bacula", ["Bacula: Backup Error of web1-fd Full", "Bacula: Backup OK of web1-fd Full"], CLOSED),
        ("bareos", ["Bareos: Backup Fatal Error of web1-fd Incremental"], OPEN),
        ("veeam", ["[Failed] Daily web1 (1 objects)", "[Success] Daily web1 (3 objects)"], CLOSED),
        (
            "vzdump",
            ["vzdump backup status (pve1): backup failed", "vzdump backup status (pve1): backup successful"],
            CLOSED,
        ),
    ],
}
OTHERS = {
    "nagios": (
        "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
        "** PROBLEM Service Alert: web1/SSH is CRITICAL **",
    ),
    "icinga": ("[PROBLEM] disk on web1 is CRITICAL!", "[PROBLEM] disk on web2 is CRITICAL!"),
    "zabbix": ("Problem: No ping|Host: web1", "Problem: No ping|Host: web2"),
    "checkmk": ("Checkmk: web1/CPU load OK -> CRIT", "Checkmk: web1 UP -> DOWN"),
    "alertmanager": ("[FIRING:1] DiskFull web1 (critical)", "[FIRING:1] DiskFull web2 (critical)"),
    "autoclose": ("One matter", "Another matter"),
    "cron": ("Cron <root@web1> /bin/a", "Cron <www@web1> /bin/a"),
    "raid": ("Fail event on /dev/md0:web1", "Fail event on /dev/md1:web1"),
    "backup": ("[Failed] Daily web1 (1 objects)", "Bacula: Backup Error of web1 Full"),
}
"""Two mails that are about two things."""
CASES = [(recipe, *case) for recipe, cases in TABLE.items() for case in cases]


def alarm(line: str) -> bytes:
    subject, _, text = line.partition("|")
    return mail(text or "See there.", sender="Monitor <monitor@corp.test>", subject=subject)


def use(desk: Desk, recipe: str) -> Door:
    rule_file.take_in(desk, ADMIN, rule_file.read(recipes.text(recipe)))
    return Door(desk)


@pytest.mark.parametrize(
    ("recipe", "what", "subjects", "state"), CASES, ids=[f"{a}-{b}" for a, b, *_ in CASES]
)
def test_a_pair_ends_in_one_ticket(
    desk: Desk, recipe: str, what: str, subjects: list[str], state: str
) -> None:
    del what
    door = use(desk, recipe)
    for subject in subjects:
        door.take(alarm(subject))
    ((status, count),) = rows("SELECT status, message_count FROM ticket")
    assert (OPEN if status in ("new", "open") else status, count) == (state, len(subjects))
    assert not rows("SELECT 1 FROM delivery"), "nobody is answered"


@pytest.mark.parametrize("recipe", OTHERS)
def test_two_things_are_two_tickets(desk: Desk, recipe: str) -> None:
    door = use(desk, recipe)
    for line in OTHERS[recipe]:
        door.take(alarm(line))
    assert len(rows("SELECT 1 FROM ticket")) == 2


def test_every_recipe_is_tried(desk: Desk) -> None:
    del desk
    assert set(recipes.names()) == TABLE.keys() == OTHERS.keys()
    assert all(recipes.about(name) for name in recipes.names())


def test_peoples_mail_is_none_of_their_business(desk: Desk) -> None:
    for name in recipes.names():
        use(desk, name)
    door = Door(desk)
    for subject in ("Problem with my VPN", "Re: [PROBLEM] disk", "Backup", "Cron", "[FIRING] my gun", None):
        assert door.take(mail("Help!", subject=subject)).verdict == "ticket"
    assert rows("SELECT 1 FROM ticket WHERE merge_key IS NOT NULL") == []


def test_a_storm_ends_in_as_many_tickets_as_things(desk: Desk) -> None:
    door = use(desk, "nagios")
    storm = [alarm(f"** PROBLEM Service Alert: web{at % 20}/HTTP is CRITICAL **") for at in range(300)]
    for begin in range(0, len(storm), 50):
        pipeline.take(desk, [door.arrival(raw) for raw in storm[begin : begin + 50]])
    assert rows("SELECT count(*), min(message_count), max(message_count) FROM ticket") == [(20, 15, 15)]
    assert not rows("SELECT 1 FROM delivery")
    assert rows("SELECT count(*) FROM notice WHERE kind = 'new_ticket'") == [(20,)]
    assert rows("SELECT count(*) FROM notice") == [(20,)]
