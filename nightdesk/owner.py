"""Who acts: the desk's owner, whoever started the program.

Root gives its rights up for good and becomes the owner of the data directory, so that no file of the desk
ever ends up root's. Files that a verb takes as arguments are therefore read before, or as, the owner.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from config.errors import ConfigError
from config.files import owner_hint
from config.paths import DeskPaths


def act_as_owner(paths: DeskPaths) -> None:
    """Become the owner of the desk's data (when root), or refuse.

    Raises ConfigError when the desk belongs to somebody else.
    """
    uid = os.geteuid()
    owner = _owner(paths)
    if owner is None or owner.st_uid == uid:
        return
    if uid != 0:
        raise ConfigError(
            f"the desk in {paths.home} belongs to {login_of(owner.st_uid)}, you are {login_of(uid)}",
            owner_hint(paths.data),
        )
    become(owner)


def login_of(uid: int) -> str:
    """Return the login of `uid`, or 'uid 1234' for one without an account."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _owner(paths: DeskPaths) -> os.stat_result | None:
    for place in (paths.data, paths.home):
        status = _status(place)
        if status is not None:
            return status
    return None


def _status(place: Path) -> os.stat_result | None:
    try:
        return place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise ConfigError(
            f"{place} cannot be reached: permission denied", "run as the desk's owner"
        ) from error


def become(owner: os.stat_result) -> None:
    """Give root's rights up for those of the owner.

    Raises ConfigError when that user cannot read this program.
    """
    try:
        account = pwd.getpwuid(owner.st_uid)
    except KeyError:
        os.setgroups([])
        os.setgid(owner.st_gid)
    else:
        os.initgroups(account.pw_name, account.pw_gid)
        os.setgid(account.pw_gid)
        os.environ.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
    os.setuid(owner.st_uid)
    for file in (os.__file__, __file__):
        if not os.access(file, os.R_OK):
            raise ConfigError(
                f"the desk's owner {login_of(owner.st_uid)} cannot read this program ({file})",
                "install Nightdesk where every user can read it, not below /root",
            )
