"""Whatever a person types into a field or at a prompt is a value, or a sentence says why it is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from desk import quiet_times, schedules, settings
from desk.errors import DeskError
from desk.home import Desk
from desk.mailboxes import form
from desk.mailboxes.fields import BY_NAME
from desk.queries import parser, times
from desk.zones import zone_name
from mail.errors import MailError
from models.transactions import ValueRefused, transaction
from tests.support.workbench import ADMIN

TYPED = (
    *("", " ", "\n\n", "words of no sense", "x" * 3000, "()" * 3000, "not " * 3000 + "a"),
    *(
        "{{ broken",
        "[",
        "(",
        "%",
        "'",
        '"',
        "*",
        "~",
        "~(",
        "~nobody/file",
        "field:",
        "from:~[",
        "team:",
        "<>",
    ),
    *("team:", "<>", "a\x00b", "\ud800", "\u202e", "\u0661\u0662"),
    *("-1", "0", "0.0001", "1.5.5h", "1e400", "nan", "inf", "9" * 25, "99999999999d", "due:<9999999999d"),
    *(
        "every -1 minutes",
        "every 0 hours",
        f"every {'9' * 20} minutes",
        "61 25 32 13 8",
        "0 0 31 2 *",
        "mon#9",
    ),
    *(
        "2026-13-45",
        "0001-01-01",
        "9999-12-31",
        "10000-01-01",
        "created:>9999-12-31",
        "@",
        "a@b@c",
        "::1/300",
    ),
)
WHEN = datetime(2026, 3, 28, tzinfo=UTC)


class Undone(Exception):
    """Ends a transaction, of which nothing stays."""


def is_answered(read: Callable[[str], object]) -> None:
    """Type all of it; each is taken, or refused in a sentence."""
    for text in TYPED:
        with suppress(Undone, DeskError, MailError, *ValueRefused), transaction():
            read(text)
            raise Undone


def test_of_a_setting(desk: Desk) -> None:
    for line in settings.entries():
        key = line.setting.key

        def kept(text: str, key: str = key) -> None:
            settings.checked(key, text)
            settings.set(ADMIN, key, text)

        is_answered(kept)


def test_of_a_mailbox(desk: Desk) -> None:
    for name in BY_NAME:

        def kept(text: str, name: str = name) -> None:
            form.check({"address": "it@desk.example", "host": "mail.desk.example", name: text})

        is_answered(kept)


def test_of_times_schedules_and_queries(desk: Desk) -> None:
    def runs(text: str) -> None:
        schedule = schedules.parse(text)
        schedule.next_runs(3, ZoneInfo("Europe/Berlin"), WHEN)
        schedule.words()

    for read in (runs, quiet_times.parse, parser.parse, times.age, zone_name):
        is_answered(read)
