"""Creating a desk: directories, configuration, key and database. Every step may be repeated."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from config import clock, toml_file
from config.errors import ConfigError
from config.files import ensure_dir, write_once
from config.paths import ETC, HOME_MODE, DeskPaths
from config.seal import create_key_file
from config.settings import load, set_value
from config.template import first_toml
from models.desk_directory import refuse_foreign_directory
from nightdesk.owner import act_as_owner
from nightdesk.pipe import wrapper


@dataclass(frozen=True, slots=True)
class Created:
    """What `create_desk` did: the paths that were not there before, and what the person should know.

    ``joined``: the desk was there, on a server, and this host came to it.
    """

    made: tuple[Path, ...]
    warnings: tuple[str, ...]
    joined: bool


def create_desk(paths: DeskPaths, timezone: str | None = None, *, new_key: bool = False) -> Created:
    """Make what is missing of the desk at `paths`; what is there stays as it is.

    `timezone` is an IANA name; without it the machine's own is written. With `new_key` a host of a desk on a
    server gets a key though the desk has one. Raises ConfigError when a directory in the way holds other
    things, or belongs to somebody else, and on a host that has not the key of its desk.
    """
    load(paths)
    if not paths.exists():
        for directory in {paths.home, paths.data}:
            refuse_foreign_directory(directory, paths)
    wanted = _expected(paths)
    before = {path for path in wanted if path.exists()}
    _write_configuration(paths, timezone)
    act_as_owner(paths)
    os.umask(0o077)
    from desk.home import open_desk  # 16 ms, for an open desk
    from models.opening import close_database  # 14 ms, for an open desk

    joined = bool(paths.server_url) and _has_desk(paths)
    if joined and not new_key and not paths.key.exists():
        raise ConfigError(
            f"there is a desk in {paths.shown_database}, and this host has not its key",
            f"copy data/desk.key of a host that has it to {paths.key} (0600), and say this again; if no host"
            " has it any more, nightdesk init --new-key",
        )
    lost = joined and not paths.key.exists()
    try:
        open_desk(paths, load(paths).settings, create=True)
    finally:
        close_database()
    wrapper.write(paths)
    warnings: tuple[str, ...] = ()
    if create_key_file(paths.key) or lost:
        warnings = (
            "the key file was missing and a new one was made: stored passwords must be entered again",
        )
    return Created(tuple(path for path in wanted if path not in before), warnings, joined)


def _has_desk(paths: DeskPaths) -> bool:
    """Whether there is a desk on the server already."""
    from models.errors import DatabaseMissing  # 1 ms, for an open desk
    from models.opening import close_database, open_server  # 14 ms, for an open desk

    try:
        open_server(paths.server_url, paths.shown_database, paths.data)
    except DatabaseMissing:
        return False
    finally:
        close_database()
    return True


def _expected(paths: DeskPaths) -> list[Path]:
    file = [] if paths.server_url else [paths.database]
    found = [paths.home, paths.config_file, paths.data, paths.key, *file, paths.blobs, paths.spool]
    return list(dict.fromkeys([*found, paths.bin, wrapper.path_of(paths)]))


def _write_configuration(paths: DeskPaths, timezone: str | None) -> None:
    if timezone is not None:
        clock.zone(timezone)
    name = timezone or clock.system_zone()
    file = paths.config_file
    if file.exists():
        if timezone is not None or "timezone" not in toml_file.read(file).values:
            set_value(paths, "timezone", name)
        return

    shared = file.parent == ETC
    inside = file.parent == paths.home
    if not file.parent.exists():
        ensure_dir(file.parent, HOME_MODE if inside else 0o755 if shared else 0o700)
    if inside:
        act_as_owner(paths)
    write_once(file, first_toml(name).encode(), 0o644 if shared else 0o600)
