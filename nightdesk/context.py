"""The desk a verb works on: found, permitted, opened, and closed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from config import restricted
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
    """Return the desk that the options before the verb and the environment mean; nothing is opened.

    Raises ConfigError when they are wrong; UsageError when they name another desk than that of the
    environment in restricted mode.
    """
    if (options.config or options.database) and _is_restricted() and _is_elsewhere(options):
        refuse_when_restricted("--config and --database")
    return find_desk(Flags(options.config, options.database))


@contextmanager
def desk_open(options: Options, *, create: bool = False) -> Iterator[Desk]:
    """Open the desk for the block, as its owner (see `nightdesk.owner`). With `create` a missing one is made.

    Who acts is `desk.permissions.current_actor`. Raises ConfigError (exit status 78) for no desk, bad
    settings, a data directory that others can open, a foreign owner; `models.errors.DatabaseUnusable` or
    `desk.errors.DeskError` for a database that cannot be used.
    """
    paths = find(options)
    if create and not paths.exists():
        from nightdesk.creation import create_desk  # 72 ms, for a new desk

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
    from desk.home import open_desk  # 24 ms, for an open desk
    from models.opening import close_database  # 23 ms, for an open desk

    try:
        desk = open_desk(paths, settings, tell=_tell)
        _take_over_groups(desk)
        yield desk
    finally:
        close_database()


def settings_of(options: Options) -> Settings:
    """Return the deployment settings of a desk that need not open. Raises ConfigError."""
    paths = find(options)
    return recall(paths) or _loaded(paths)


def need_the_role(options: Options, action: str) -> None:
    """Refuse an agent whose role does not grant it; the owner needs no desk that can be opened for that."""
    with desk_open(options) as desk:
        from desk.permissions import current_actor, require  # 10 ms, for an agent

        require(current_actor(desk), action)


def _take_over_groups(desk: Desk) -> None:
    """Let the agent who begins have what their groups of the system give."""
    login = desk.login()
    if login is not None:
        from desk.staff import groups  # 30 ms, for an agent

        groups.take_over(login)


def _tell(sentence: str) -> None:
    from nightdesk import output  # 3 ms, where it is needed

    output.say(sentence)


def refuse_when_restricted(what: str) -> None:
    """Raise UsageError in restricted mode: `what` reaches files and commands of the desk's owner."""
    if _is_restricted():
        from nightdesk.errors import UsageError  # 1.3 ms, when something fails

        raise UsageError(
            f"{what}: off in restricted mode",
            "use - where the verb takes it; the desk's owner says NIGHTDESK_RESTRICTED=0, in a crontab too",
        )


def _is_restricted() -> bool:
    """Return whether the desk of the environment is; what the options name is an agent's to choose."""
    if restricted.by_environment(os.environ):
        return True
    try:
        paths = find_desk(Flags())
        settings = recall(paths) or _loaded(paths)
    except ConfigError:
        return False
    return bool(settings.restricted)


def _is_elsewhere(options: Options) -> bool:
    """Return whether the options name other files than those of the desk that the environment means."""
    try:
        named, usual = find_desk(Flags(options.config, options.database)), find_desk(Flags())
    except ConfigError:
        return True
    return (named.data, named.database, named.config_file) != (usual.data, usual.database, usual.config_file)


def _loaded(paths: DeskPaths) -> Settings:
    from config.settings import load  # 75 ms, for an open desk

    return load(paths).settings
