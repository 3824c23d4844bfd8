"""The desk a verb works on: found, permitted, opened, and closed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from config.errors import ConfigError
from config.files import check_private
from config.paths import DeskPaths, Flags, find_desk
from config.remembered import recall, remember
from nightdesk.options import Options
from nightdesk.owner import act_as_owner

if TYPE_CHECKING:
    from config.settings import Settings
    from desk.home import Desk


def find(options: Options) -> DeskPaths:
    """The desk that the options before the verb and the environment mean; nothing is opened.

    Raises ConfigError when they are wrong, or name a database server.
    """
    paths = find_desk(Flags(options.config, options.database))
    if paths.server_url:
        raise ConfigError(
            f"{paths.database_from}: this version keeps a desk in SQLite only",
            "name a file as database, or none",
        )
    return paths


@contextmanager
def desk_open(options: Options, *, create: bool = False) -> Iterator[Desk]:
    """Open the desk for the block, as its owner (see `nightdesk.owner`). With `create` a missing one is made.

    Who acts is `desk.actors.current_actor`. Raises ConfigError (exit status 78) for no desk, bad settings, a
    data directory that others can open, a foreign owner; `models.errors.DatabaseUnusable` or
    `desk.errors.DeskError` for a database that cannot be used.
    """
    paths = find(options)
    if create and not paths.exists():
        from nightdesk.creation import create_desk

        create_desk(paths)
    known = recall(paths)
    settings = known or _loaded(paths)
    act_as_owner(paths)
    os.umask(0o077)
    if not paths.exists():
        kept = paths.database.with_name(paths.database.name + ".before-restore")
        hint = "a restore did not end, run it again: nightdesk restore FILE" if kept.exists() else ""
        raise ConfigError(f"there is no desk at {paths.home}", hint or "create one: nightdesk init")
    if problems := check_private(paths.data):
        raise ConfigError(str(problems[0]), problems[0].hint)
    if known is None:
        remember(paths, settings)
    from desk.home import open_desk
    from models.database import close_database

    try:
        yield open_desk(paths, settings)
    finally:
        close_database()


def _loaded(paths: DeskPaths) -> Settings:
    from config.settings import load

    return load(paths).settings
