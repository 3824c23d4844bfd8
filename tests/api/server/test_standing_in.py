"""The server while its desk cannot be opened: nobody is turned away, all are told to come again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program import Program
from tests.support.served import Served
from tests.support.servers.child import free_ports, wait_until

OURS, OSTICKETS = "/api/v1/tickets", "/api/tickets.json"


@pytest.mark.sqlite
def test_after_a_move_callers_come_again_until_the_configuration_says_where_to(
    program: Program, tmp_path: Path
) -> None:
    served = Served(program)
    key = served.key("read")
    served.stop()
    elsewhere = tmp_path / "elsewhere" / "desk.sqlite3"
    elsewhere.parent.mkdir(mode=0o700)
    done = program("move", str(elsewhere))
    assert done.status == 0, done.err
    (port,) = free_ports(1)
    served = Served(program, "--port", str(port), patch={"api.server.standing_in.LOOK_SECONDS": 0.1})
    try:
        assert "the desk moved from" in served.log.read_text()
        for path, status in ((OURS, 503), (OSTICKETS, 500), ("/health", 503), ("/no-such-path", 503)):
            answer = served.call("POST", path, "{}", key=key)
            assert (answer.status, answer.headers["retry-after"]) == (status, "30"), path
        (program.home / "config.toml").write_text(f'database = "{elsewhere}"\n')
        wait_until(lambda: served.get(OURS, key).status == 200, "it serves the desk where that is now")
    finally:
        served.stop()
    assert "Traceback" not in served.log.read_text()


@pytest.mark.sqlite
def test_it_ends_when_told_to_although_the_desk_does_not_open(program: Program, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "desk.sqlite3"
    elsewhere.parent.mkdir(mode=0o700)
    assert program("move", str(elsewhere)).status == 0
    served = Served(program)
    served.stop()
    assert not served.running
    assert "Traceback" not in served.log.read_text()
