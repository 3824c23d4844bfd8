"""kill -9 while the spool is emptied: what was piped is taken exactly once, with Message-ID and without."""

from __future__ import annotations

import random
import signal
import time

import pytest

from config import spool as spools
from tests.support.books import Books
from tests.support.live_desk import Desk
from tests.support.running import start

MAILS = 600
KILLS = 15

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_spool_whose_reader_is_killed_again_and_again_is_taken_exactly_once(desk: Desk) -> None:
    folder = desk.home / "spool"
    for number in range(MAILS):
        name = f"Message-ID: <{number}@client.test>\r\n" if number % 2 else ""
        raw = f"From: Ann <ann@client.test>\r\nSubject: No. {number}\r\n{name}\r\nText {number}.\r\n"
        spools.write(str(folder), {}, [raw.encode()])
    books = Books(desk.home)
    chance = random.Random(1)
    hits = 0
    for _ in range(KILLS):
        done = books.value("SELECT count(*) FROM receipt")
        reader = start(desk, "--fetch-once")
        while reader.poll() is None and books.value("SELECT count(*) FROM receipt") == done:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.01))
        reader.send_signal(signal.SIGKILL)
        reader.communicate()
        hits += books.value("SELECT count(*) FROM receipt") < MAILS
    left = len(list(folder.iterdir()))
    desk.ok("--fetch-once")
    assert list(folder.iterdir()) == []
    assert books.verdicts() == {"ticket": MAILS}
    assert books.value("SELECT count(DISTINCT subject) FROM ticket") == MAILS
    assert hits > 3, f"only {hits} kills came before the end, {left} files were left"
