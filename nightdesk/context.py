"""The desk a verb works on: found, permitted, opened, and closed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config import clock
from config.errors import ConfigError
from config.files import check_private
from config.paths import DeskPaths, Flags, find_desk, refuse_network_file_system
from nightdesk.options import Options
from nightdesk.owner import Caller, act_as_owner

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from config.secrets import Sealer
    from config.settings import Loaded, Settings


@dataclass(slots=True)
class OpenDesk:
    """An open desk; its rows are reached through `models`, which has the one database handle."""

    paths: DeskPaths
    loaded: Loaded
    caller: Caller
    _sealer: Sealer | None = field(default=None, repr=False)

    @property
    def settings(self) -> Settings:
        """The deployment settings in force."""
        return self.loaded.settings

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        return clock.zone(self.settings.timezone)

    @property
    def sealer(self) -> Sealer:
        """What seals and unseals this desk's secrets; reads the key file when first used."""
        if self._sealer is None:
            from config.secrets import Sealer

            self._sealer = Sealer(self.paths.key)
        return self._sealer


def find(options: Options) -> DeskPaths:
    """The desk that the options before the verb and the environment mean; nothing is opened."""
    return find_desk(Flags(options.config, options.database))


@contextmanager
def desk_open(options: Options, *, create: bool = False) -> Iterator[OpenDesk]:
    """Open the desk for the block, as its owner. With `create` a missing one is made first.

    Raises ConfigError (exit status 78): no desk, bad settings, open modes, a network file system, a foreign
    owner; or `models.database.DatabaseError`.
    """
    from config.settings import load

    paths = find(options)
    if create and not paths.exists():
        from nightdesk.creation import create_desk

        create_desk(paths)
    loaded = load(paths)
    caller = act_as_owner(paths)
    os.umask(0o077)
    if paths.server_url:
        raise ConfigError("PostgreSQL is not supported yet", "name a SQLite file as `database`")
    if not paths.exists():
        raise ConfigError(f"there is no desk at {paths.home}", "create one: nightdesk init")
    if problems := check_private(paths.data):
        raise ConfigError(str(problems[0]), problems[0].hint)
    refuse_network_file_system(paths)
    from models import database

    database.open_database(paths.database)
    try:
        yield OpenDesk(paths, loaded, caller)
    finally:
        database.close_database()
