"""Bringing the desk into another database, with what stands beside it: the key, files of drafts."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ConfigError
from config.files import check_private, ensure_dir, fsync_dir
from config.paths import DATA_MODE, DeskPaths, refuse_network_file_system
from models.desk_directory import refuse_foreign_directory
from models.desk_moves import move as moves
from models.desk_moves.move import Moved, Progress
from models.desk_moves.refusals import MoveRefused

if TYPE_CHECKING:
    from models.desk_moves.ends import Goal, Origin


def move(paths: DeskPaths, goal: DeskPaths, small: int, tell: Callable[[Progress], object]) -> Moved:
    """Move the desk at ``paths`` to ``goal``, while nobody works with it; it may be broken off and run again.

    ``small``: stored bytes up to which a mail stays in its row. Raises MoveRefused, ConfigError,
    DatabaseUnusable.
    """
    refuse_network_file_system(goal)
    if goal.database_url == paths.database_url:
        raise MoveRefused(f"{paths.shown_database} is where the desk is", "give another URL")
    if not (goal.server_url or paths.server_url) and goal.data.resolve() == paths.data.resolve():
        raise MoveRefused(
            f"{goal.database} is beside {paths.database}, whose large mails it would share",
            "give a file in another directory",
        )
    if not goal.server_url:
        _refuse_place(goal)
    has_key = _has_key(paths.key, goal.key)

    def settle() -> None:
        ensure_dir(goal.data, DATA_MODE)
        if not has_key:
            _bring_key(paths.key, goal.key)

    moved = moves.move(_origin(paths), _goal(goal, small), tell, settle)
    if paths.drafts.is_dir() and goal.drafts.resolve() != paths.drafts.resolve():
        shutil.copytree(paths.drafts, goal.drafts, dirs_exist_ok=True)
    return moved


def give_up(paths: DeskPaths) -> str:
    """Let the desk be opened again, whose move was broken off; returns where it was to go."""
    return moves.give_up(_origin(paths))


def _origin(paths: DeskPaths) -> Origin:
    if paths.server_url:
        from models.desk_moves.postgres_ends import PostgresOrigin  # 100 ms: psycopg

        return PostgresOrigin(paths.server_url, paths.data, paths.shown_database)
    from models.desk_moves.sqlite_ends import SqliteOrigin  # 1 ms, for a file

    return SqliteOrigin(paths.database)


def _goal(paths: DeskPaths, small: int) -> Goal:
    if paths.server_url:
        from models.desk_moves.postgres_ends import PostgresGoal  # 100 ms: psycopg

        return PostgresGoal(paths.server_url, paths.data, paths.shown_database)
    from models.desk_moves.sqlite_ends import SqliteGoal  # 1 ms, for a file

    return SqliteGoal(paths.database, small)


def _refuse_place(goal: DeskPaths) -> None:
    """Raise ConfigError or MoveRefused for a file where a desk cannot be."""
    if goal.database.is_dir():
        raise MoveRefused(
            f"{goal.database} is a directory", f"name a file in it: {goal.database / 'desk.sqlite3'}"
        )
    if not goal.data.is_dir():
        return
    status = goal.data.stat()
    if status.st_uid != os.geteuid():
        problem = check_private(goal.data)[0]
        raise ConfigError(str(problem), problem.hint)
    if stat.S_IMODE(status.st_mode) != DATA_MODE:
        refuse_foreign_directory(goal.data, goal)


def _has_key(key: Path, place: Path) -> bool:
    """Whether the key that opens the stored secrets is where the desk will look for it."""
    if not key.exists() or (place.exists() and place.samefile(key)):
        return True
    if place.exists() and place.read_bytes() != key.read_bytes():
        raise MoveRefused(
            f"{place} is the key of another desk", "move it away, or give a file in another directory"
        )
    return place.exists()


def _bring_key(key: Path, place: Path) -> None:
    handle = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    fsync_dir(place.parent)
