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
    "escalate": [],
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
        (
            "old words",
            ["** PROBLEM alert - web1/HTTP is CRITICAL **", "** RECOVERY alert - web1/HTTP is OK **"],
            CLOSED,
        ),
        (
            "Centreon",
            [
                "** PROBLEM Services Alert: web1/HTTP is CRITICAL **",
                "** FLAPPINGSTART Services Alert: web1/HTTP is CRITICAL **",
            ],
            OPEN,
        ),
        ("old hosts", ["Host DOWN alert for web1!", "Host UP alert for web1!"], CLOSED),
        (
            "a time off",
            ["** DOWNTIMESTART Host Alert: web1 is UP **", "** DOWNTIMEEND Host Alert: web1 is UP **"],
            CLOSED,
        ),
        (
            "down in its time off",
            ["** DOWNTIMESTART Host Alert: web1 is UP **", "** DOWNTIMEEND Host Alert: web1 is DOWN **"],
            OPEN,
        ),
        (
            "flapped",
            [
                "** FLAPPINGSTART Service Alert: web1/HTTP is OK **",
                "** FLAPPINGSTOP Service Alert: web1/HTTP is OK **",
            ],
            CLOSED,
        ),
        (
            "flapping",
            [
                "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
                "** RECOVERY Service Alert: web1/HTTP is OK **",
                "** FLAPPINGSTART Service Alert: web1/HTTP is OK **",
            ],
            OPEN,
        ),
    ],
    "icinga": [
        ("service", ["[PROBLEM] disk on web1 is CRITICAL!", "[RECOVERY] disk on web1 is OK!"], CLOSED),
        ("host", ["[PROBLEM] Host web1 is DOWN!", "[ACKNOWLEDGEMENT] Host web1 is DOWN!"], OPEN),
        ("old service", ["PROBLEM - web1 - disk is CRITICAL", "RECOVERY - web1 - disk is OK"], CLOSED),
        ("old host", ["PROBLEM - web1 is DOWN", "ACKNOWLEDGEMENT - web1 is DOWN"], OPEN),
        ("a time off", ["[DOWNTIMESTART] Host web1 is UP!", "[DOWNTIMEREMOVED] Host web1 is UP!"], CLOSED),
        (
            "down in its time off",
            ["[DOWNTIMESTART] Host web1 is UP!", "[DOWNTIMEEND] Host web1 is DOWN!"],
            OPEN,
        ),
        ("flapping", ["[PROBLEM] disk on web1 is CRITICAL!", "[FLAPPINGSTART] disk on web1 is OK!"], OPEN),
        ("flapped", ["[FLAPPINGSTART] disk on web1 is OK!", "[FLAPPINGEND] disk on web1 is OK!"], CLOSED),
        ("old time off", ["PROBLEM - web1 - disk is CRITICAL", "DOWNTIMEEND - web1 - disk is OK"], CLOSED),
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
            "before 4",
            [
                "PROBLEM: No ping on web1|Trigger: No ping\r\nTrigger status: PROBLEM\r\nx",
                "OK: No ping on web1|Trigger: No ping\r\nTrigger status: OK",
            ],
            CLOSED,
        ),
        (
            "service",
            ['Service "Shop" problem: No ping|x', 'Service "Shop" resolved in 1h 2m: No ping|x'],
            CLOSED,
        ),
        (
            "days",
            [
                "Problem: No ping|Host: web1",
                "Resolved in 1d 2h 3m: No ping|Problem name: No ping\r\nHost: web1",
            ],
            CLOSED,
        ),
        (
            "updated",
            ["Problem: No ping|Host: web1", "Updated problem in 2m: No ping|Host: web1"],
            OPEN,
        ),
        (
            "updated, without its host",
            [
                "Updated problem in 2m: No ping|Max acknowledged problem.\r\n\r\n"
                "Current problem status is PROBLEM, age is 2m, acknowledged: Yes.",
                "Updated problem in 3m: No ping|Max closed problem.\r\n\r\n"
                "Current problem status: RESOLVED\r\nAge: 3m\r\nAcknowledged: Yes.",
            ],
            CLOSED,
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
        (
            "acknowledged",
            [
                "Checkmk: web1/CPU load OK -> CRIT",
                "Checkmk: web1/CPU load Acknowledged (CRIT)",
                "Checkmk: web1/CPU load Started Flapping",
            ],
            OPEN,
        ),
        ("first seen", ["Checkmk: web1 PEND -> DOWN", "Checkmk: web1 Downtime Start (DOWN)"], OPEN),
        ("old name", ["Check_MK: web1 UP -> DOWN", "Check_MK: web1 DOWN -> UP"], CLOSED),
        ("a time off", ["Checkmk: web1 Downtime Start (UP)", "Checkmk: web1 Downtime End (UP)"], CLOSED),
        (
            "flapped",
            ["Checkmk: web1/CPU load Started Flapping", "Checkmk: web1/CPU load Stopped Flapping (OK)"],
            CLOSED,
        ),
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
        (
            "Grafana",
            [
                "[FIRING:2] DiskFull (web1)",
                "[FIRING:1, RESOLVED:1] DiskFull (web1)",
                "[RESOLVED] DiskFull (web1)",
            ],
            CLOSED,
        ),
        (
            "old Grafana",
            ["[Alerting] CPU of web1|Sent by Grafana v8", "[OK] CPU of web1|Sent by Grafana v8"],
            CLOSED,
        ),
        ("without group labels", ["[FIRING:3]  (DiskFull web1)", "[RESOLVED]  (DiskFull web1)"], CLOSED),
        ("without common labels", ["[FIRING:1] DiskFull web1", "[FIRING:3] DiskFull web1 (x)"], OPEN),
    ],
    "uptime": [
        ("Healthchecks", ["DOWN | backup of web1", "UP | backup of web1"], CLOSED),
        ("UptimeRobot", ["Monitor is DOWN: web1", "🟢 Monitor is UP: web1", "Monitor is DOWN: web1"], OPEN),
        ("Uptime Kuma", ["[web1] [🔴 Down] timeout", "[web1] [✅ Up] 200 - OK"], CLOSED),
        ("Monit", ["monit alert --  Does not exist nginx", "monit alert --  Exists nginx"], CLOSED),
        ("Monit's tests", ["monit alert --  Connection failed nginx"] * 2, OPEN),
    ],
    "cron": [
        ("job", ["Cron <root@web1> /bin/rotate", "Cron <root@web1> /bin/rotate (failed)"] * 2, OPEN),
        ("daily", ["Anacron job 'cron.daily' on web1"] * 2, OPEN),
        (
            "Solaris",
            ['Output from "cron" command|Your "cron" job on web1\r\n/usr/bin/x\r\n\r\nproduced the following']
            * 2,
            OPEN,
        ),
    ],
    "raid": [
        ("lost", ["Fail event on /dev/md0:web1", "DegradedArray event on /dev/md0:web1"], OPEN),
        ("whole", ["Fail event on /dev/md0:web1", "SpareActive event on /dev/md0:web1"], CLOSED),
        ("rebuilt", ["RebuildStarted event on /dev/md/0:web1", "Rebuild20 event on /dev/md/0:web1"], OPEN),
        (
            "smartd",
            [
                "SMART error (CurrentPendingSector) detected on host: web1|Device: /dev/sda [SAT], 8",
                "SMART error (OfflineUncorrectableSector) detected on host: web1|x\r\nDevice: /dev/sda, 8",
            ],
            OPEN,
        ),
        (
            "a pool",
            [
                "ZFS device fault for pool tank on web1|state: DEGRADED",
                "ZFS resilver_finish event for tank on web1| state: ONLINE\r\nerrors: No known data errors",
            ],
            CLOSED,
        ),
        (
            "a pool with errors",
            [
                "ZFS scrub_finish event for tank on web1| state: ONLINE\r\nerrors: 3 data errors",
                "ZFS data error for tank on web1|x",
            ],
            OPEN,
        ),
    ],
    "ups": [
        ("apcupsd", ["web1 Power Failure !!!", "web1 Power has returned"], CLOSED),
        ("NUT", ["UPS ups1@web1 on battery", "NOTIFY: UPS ups1@web1 on line power"], CLOSED),
        ("low", ["UPS ups1@web1 on battery", "UPS ups1@web1 battery is low"], OPEN),
        (
            "not reached",
            ["Communications with UPS ups1@web1 lost", "Communications with UPS ups1@web1 established"],
            CLOSED,
        ),
        ("no name", ["Power failure|UPS on battery", "Power restored!|UPS on line"], CLOSED),
        (
            "a network card",
            [
                "UPS: On battery power in response to an input power problem.",
                "UPS: No longer on battery power.",
            ],
            CLOSED,
        ),
    ],
    "backup": [
        ("bacula", ["Bacula: Backup Error of web1-fd Full", "Bacula: Backup OK of web1-fd Full"], CLOSED),
        ("bareos", ["Bareos: Backup Fatal Error of web1-fd Incremental"], OPEN),
        ("veeam", ["[Failed] Daily web1 (1 objects)", "[Success] Daily web1 (3 objects)"], CLOSED),
        (
            "Bacula: a check",
            ["Bareos: Verify Error of web1-fd Full", "Bareos: Verify OK of web1-fd Full"],
            CLOSED,
        ),
        (
            "Veeam with a count",
            ["[Warning] Daily web1 (2 VMs), 1 warning", "[Failed] Daily web1 (2 VMs) 1 failed"],
            OPEN,
        ),
        (
            "Veeam Agent",
            ["[Failed] Job PC1 - 11/29/2026 1:00:05 AM", "[Success] Job PC1 - 11/30/2026 1:00:05 AM"],
            CLOSED,
        ),
        (
            "Proxmox Backup",
            ["Garbage Collect Datastore 'tank' failed", "Garbage Collect Datastore 'tank' successful"],
            CLOSED,
        ),
        ("a job of it", ["Verify Job 'v-1' failed", "Verify Job 'v-1' failed"], OPEN),
        (
            "Duplicati",
            ["Duplicati Error, Backup report for Home", "Duplicati Success, Backup report for Home"],
            CLOSED,
        ),
        ("borg", ["borgmatic web1: failed", "borgmatic web1: success"], CLOSED),
        ("restic", ["restic backup of web1 failed", "restic backup of web1 succeeded"], CLOSED),
        ("how, then where", ["restic backup failed on web1", "restic backup succeeded on web1"], CLOSED),
        ("where first", ["web1: borg backup FAILED", "[borg] web1 backup ok"], CLOSED),
        ("restic with a list", ["[backup] restic on web1: FAILED"] * 2, OPEN),
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
    "escalate": ("One matter", "Another matter"),
    "uptime": ("DOWN | web1", "Monitor is DOWN: web2"),
    "cron": ("Cron <root@web1> /bin/a", "Cron <www@web1> /bin/a"),
    "raid": ("Fail event on /dev/md0:web1", "Fail event on /dev/md1:web1"),
    "backup": ("restic backup failed on web1", "restic backup failed on web2"),
    "ups": ("UPS ups1@web1 on battery", "Communications with UPS ups1@web1 lost"),
}
"""Two mails that are about two things."""
MARKS = ("", "[EXT] ", "***SPAM*** ", "EXTERNAL: [External Email] ")
"""What gateways put before the subjects of the second mail and those behind it."""
CASES = [(recipe, *case) for recipe, cases in TABLE.items() for case in cases]


def alarm(line: str) -> bytes:
    # Healthchecks writes " | " in its subjects.
    subject, text = (line, "") if " | " in line else line.partition("|")[::2]
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
    for subject, marks in zip(subjects, MARKS, strict=False):
        door.take(alarm(marks + subject))
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
    for subject in (
        "Problem with my VPN",
        "Re: [PROBLEM] disk",
        "Backup",
        "Cron",
        "[FIRING] my gun",
        "OK: thanks",
        "[OK] done",
        "[Alerting] you",
        "Power failure",
        "[EXT] Backup",
        "Re: restic backup failed",
        "AW: borg ok",
        "Question: borg backup, is it ok",
        None,
    ):
        assert door.take(mail("Help!", subject=subject)).verdict == "ticket"
    assert rows("SELECT 1 FROM ticket WHERE merge_key IS NOT NULL OR status = 'closed'") == []


def test_a_storm_ends_in_as_many_tickets_as_things(desk: Desk) -> None:
    door = use(desk, "nagios")
    storm = [alarm(f"** PROBLEM Service Alert: web{at % 20}/HTTP is CRITICAL **") for at in range(300)]
    for begin in range(0, len(storm), 50):
        pipeline.take(desk, [door.arrival(raw) for raw in storm[begin : begin + 50]])
    assert rows("SELECT count(*), min(message_count), max(message_count) FROM ticket") == [(20, 15, 15)]
    assert not rows("SELECT 1 FROM delivery")
    assert rows("SELECT count(*) FROM notice WHERE kind = 'new_ticket'") == [(20,)]
    assert rows("SELECT count(*) FROM notice") == [(20,)]


@pytest.mark.parametrize("recipe", recipes.names())
def test_whoever_else_knows_its_subjects_reaches_no_ticket(desk: Desk, recipe: str) -> None:
    """Given --from, every filter of a recipe asks for that sender, however its condition is built."""
    tables = rule_file.read(recipes.text(recipe))
    for table in tables["filter"]:
        table["if"] = recipes.of_sender(table["if"], "monitor@corp.test")
    rule_file.take_in(desk, ADMIN, tables)
    if recipe in ("autoclose", "escalate"):
        return
    door = Door(desk)
    for _, what, subjects, _ in [each for each in CASES if each[0] == recipe]:
        for subject in subjects:
            raw = alarm(subject).replace(b"monitor@corp.test", b"eve@elsewhere.test")
            assert door.take(raw).verdict == "ticket", what
    assert rows("SELECT 1 FROM ticket WHERE status = 'closed' OR merge_key IS NOT NULL") == []
