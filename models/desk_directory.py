"""Which directory a desk may have for its own."""

from __future__ import annotations

import os
from pathlib import Path

from config.errors import ConfigError
from config.paths import DeskPaths
from models.scratch import PREFIXES

_OURS = frozenset({"config.toml", "data", "spool", "bin", "blobs", "desk.key", "drafts", "run", "log"})
_OURS_TOO = frozenset({"triggers", "lmtp.lock"})
"""What work leaves beside the database."""


def refuse_foreign_directory(directory: Path, paths: DeskPaths) -> None:
    """Keep out of somebody's documents and of /tmp, for the desk sets its directories' modes.

    Raises ConfigError for a directory that holds anything else than a desk.
    """
    try:
        names = os.listdir(directory)  # noqa: PTH208
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise ConfigError(f"{directory} is not a directory", "name another home") from error
    except PermissionError as error:
        raise ConfigError(f"{directory} cannot be read", "run as its owner, or name another home") from error
    strange = [
        name
        for name in sorted(names)
        if name not in _OURS | _OURS_TOO
        and not name.startswith((".", paths.database.name, *PREFIXES))
        and name != paths.config_file.name
    ]
    if strange:
        raise ConfigError(
            f"{directory} holds other things ({strange[0]})", "give the desk a directory of its own"
        )
