"""How this program is started again: for a worker, a run, a reader of mail."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from config.packages import with_packages

if TYPE_CHECKING:
    from config.paths import DeskPaths


def program(paths: DeskPaths) -> list[str]:
    """Return the command line, up to its verb, that runs this program for this desk."""
    configured = ["--config", str(paths.config_file)] if paths.config_file.exists() else []
    database = [] if paths.server_url else ["--database", str(paths.database)]
    return [sys.executable, "-m", "nightdesk", *configured, *database]


def environment(paths: DeskPaths) -> dict[str, str]:
    """Return the environment for `program`: this program's packages, from whatever directory it is run."""
    # A server's URL may hold a password, which everybody sees in a command line.
    database = {"NIGHTDESK_DATABASE": paths.server_url} if paths.server_url else {}
    return with_packages(os.environ) | {"NIGHTDESK_HOME": str(paths.home)} | database
