"""Four hosts of one desk are killed at any moment: no mail is lost or doubled, no customer mailed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.hosts import Storm, Weather
from tests.support.servers.dovecot import Dovecot
from tests.support.servers.postfix import Postfix
from tests.support.servers.postgresql import Postgresql
from tests.support.servers.s3 import S3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("dovecot-heavy")]


def test_of_a_storm_nothing_is_left_but_what_is_uncertain(
    dovecot: Dovecot, postfix: Postfix, postgresql: Postgresql, s3: S3, tmp_path: Path
) -> None:
    storm = Storm(kills=8, hosts=2, mailboxes=2, restarts=0, partition=1, full=1)
    weather = Weather(storm, tmp_path, dovecot, postfix, postgresql, s3)
    try:
        outcome = weather.run()
    finally:
        weather.close()
    assert outcome.mails > 0
    assert {name: lines for name, lines in outcome.wrong.items() if lines} == {}
