from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from config import clock
from config.errors import ConfigError


def test_now_is_aware_and_utc() -> None:
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("name", "near"), [("Berlin", "Europe/Berlin"), ("europe/berlin ", "Europe/Berlin"), ("New York", "York")]
)
def test_an_unknown_zone_names_a_near_one(name: str, near: str) -> None:
    with pytest.raises(ConfigError) as error:
        clock.zone(name)
    assert near in error.value.hint


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "/etc/localtime", "Europe", "Europe/\0", "Europe/../UTC"]
)
def test_a_zone_is_never_a_path(name: str) -> None:
    with pytest.raises(ConfigError):
        clock.zone(name)


def test_the_systems_zone_is_tz_then_etc_timezone_then_the_link_then_utc(tmp_path: Path) -> None:
    assert clock.system_zone({}, tmp_path) == "UTC"
    zones = tmp_path / "usr/share/zoneinfo"
    (zones / "Asia").mkdir(parents=True)
    (zones / "Asia/Tokyo").write_text("")
    (tmp_path / "localtime").symlink_to(zones / "Asia/Tokyo")
    assert clock.system_zone({}, tmp_path) == "Asia/Tokyo"
    (tmp_path / "timezone").write_text("Europe/Paris\n")
    assert clock.system_zone({}, tmp_path) == "Europe/Paris"
    assert clock.system_zone({"TZ": ":Europe/Rome"}, tmp_path) == "Europe/Rome"
    assert clock.system_zone({"TZ": "CET-1CEST"}, tmp_path) == "Europe/Paris"
