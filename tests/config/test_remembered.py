"""Settings that were checked are used again until anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.paths import DeskPaths
from config.remembered import recall, remember
from config.settings import Settings, load

ENVIRON = {"NIGHTDESK_MOUSE": "false", "HOME": "/nowhere"}


@pytest.fixture
def paths(tmp_path: Path) -> DeskPaths:
    """A desk's files."""
    made = DeskPaths(tmp_path)
    made.data.mkdir()
    made.config_file.write_text('timezone = "Europe/Berlin"\nparallel_mailboxes = 7\n')
    return made


def test_what_was_checked_is_recalled_value_for_value(paths: DeskPaths) -> None:
    checked = load(paths, ENVIRON).settings
    assert recall(paths, ENVIRON) is None
    remember(paths, checked, ENVIRON)
    again = recall(paths, ENVIRON)
    assert again is not None
    assert {key: getattr(again, key) for key in Settings.model_fields} == checked.model_dump()
    assert (paths.data / "settings.checked").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"file": 'timezone = "Europe/Berlin"\nparallel_mailboxes = 8\n'},
        {"file": "thme = 1\n"},
        {"file": None},
        {"environ": ENVIRON | {"NIGHTDESK_MOUSE": "true"}},
        {"environ": ENVIRON | {"NIGHTDESK_THEME": "nord"}},
        {"environ": {}},
    ],
)
def test_any_change_of_file_or_environment_is_looked_at_anew(
    paths: DeskPaths, change: dict[str, object]
) -> None:
    remember(paths, load(paths, ENVIRON).settings, ENVIRON)
    if "file" in change:
        if change["file"] is None:
            paths.config_file.unlink()
        else:
            paths.config_file.write_text(str(change["file"]))
    environ = change.get("environ", ENVIRON)
    assert isinstance(environ, dict)
    assert recall(paths, environ) is None


@pytest.mark.parametrize("kept", [b"", b"{}", b"[]", b'{"made_from": 1, "settings": []}', b"\xff"])
def test_a_damaged_file_is_as_good_as_none(paths: DeskPaths, kept: bytes) -> None:
    (paths.data / "settings.checked").write_bytes(kept)
    assert recall(paths, ENVIRON) is None


def test_a_password_in_a_database_url_is_not_written_down(paths: DeskPaths) -> None:
    remember(paths, Settings(database="postgresql://desk:secret@host/desk"), ENVIRON)
    assert not (paths.data / "settings.checked").exists()
