"""The desk a process works for: its files, settings and secrets, and its open database."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from config import clock
from config.files import ensure_dir
from config.paths import BIN_MODE, DATA_MODE, HOME_MODE, SPOOL_MODE, refuse_network_file_system
from config.seal import Sealer, create_key_file
from models import settings as rows
from models.engine import engine
from models.opening import keep_blobs_in, open_database, open_server
from models.transactions import transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from config.paths import DeskPaths
    from config.settings import Settings

DESK_ID = "desk.id"
"""Setting that holds the random name of this desk, by which it knows its own mail."""


def system_login(uid: int) -> str:
    """Return the login of a user of the system, ``uid1000`` for one that it does not know."""
    import pwd  # 0.1 ms, for who acts

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"


class Desk:
    """One open desk. `open_desk` makes it; the database handle is `models.database.db`."""

    def __init__(self, paths: DeskPaths, settings: Settings, sealer: Sealer) -> None:
        self.paths = paths
        self.settings = settings
        self.sealer = sealer

    def __reduce__(self) -> tuple[object, ...]:
        """Let another process that is given the desk open it."""
        return open_desk, (self.paths, self.settings)

    def login(self, environ: Mapping[str, str] = os.environ, uid: int | None = None) -> str | None:
        """Return the login whose agent runs this process; None: the desk's owner or root, as themselves."""
        uid = os.getuid() if uid is None else uid
        if uid in (0, self.paths.data.stat().st_uid):
            return environ.get("NIGHTDESK_AGENT", "") or None
        return system_login(uid)

    @cached_property
    def host(self) -> str:
        """The name of this host among those of the desk."""
        return self.settings.host_name or os.uname().nodename

    @cached_property
    def desk_id(self) -> str:
        """The random name of this desk (32 hex digits), written into every mail it sends."""
        return str(rows.stored(DESK_ID))

    @cached_property
    def message_secret(self) -> bytes:
        """The 32 bytes that sign Message-IDs; raises ConfigError when the key file is missing or damaged."""
        return self.sealer.desk_secret()

    @property
    def blob_threshold(self) -> int:
        """Stored bytes up to which a mail stays in its row; on a server without a store all do."""
        if self.paths.server_url and not self.settings.blobs:
            return engine().LARGEST_BLOB
        return self.settings.blob_threshold

    @cached_property
    def zone(self) -> ZoneInfo:
        """The desk's time zone: schedules and the times on the screen."""
        return clock.zone(self.settings.timezone)


def open_desk(
    paths: DeskPaths,
    settings: Settings,
    *,
    create: bool = False,
    tell: Callable[[str], object] | None = None,
) -> Desk:
    """Open the desk's database (bringing its schema up to date) and return the desk.

    With ``create`` a missing desk is made: directories, key file, database. Without it a missing one
    raises `models.errors.DatabaseMissing`. `tell` is given a sentence when an upgrade takes long. Raises
    ConfigError for a network file system.
    """
    refuse_network_file_system(paths)
    if create:
        _make_home(paths)
    if paths.server_url:
        open_server(paths.server_url, paths.shown_database, paths.data, create=create, tell=tell)
    else:
        open_database(paths.database, create=create, tell=tell)
    desk = Desk(paths, settings, Sealer(paths.key))
    known = rows.stored(DESK_ID)
    if known is not None:
        desk.desk_id = str(known)
    else:
        _name_desk()
    if settings.blobs:
        keep_blobs_in(settings.blobs, desk.desk_id)
    return desk


def _name_desk() -> None:
    import secrets  # 0.5 ms, for a new key

    with transaction():
        if rows.stored(DESK_ID) is None:
            rows.store(DESK_ID, secrets.token_hex(16))


def _make_home(paths: DeskPaths) -> None:
    ensure_dir(paths.home, HOME_MODE)
    ensure_dir(paths.data, DATA_MODE)
    ensure_dir(paths.spool, SPOOL_MODE)
    ensure_dir(paths.bin, BIN_MODE)
    ensure_dir(paths.blobs, DATA_MODE)
    if not paths.database.exists():
        create_key_file(paths.key)
