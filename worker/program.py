"""How this program is started again: for a worker, a run, a reader of mail."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.paths import DeskPaths


def program(paths: DeskPaths) -> list[str]:
    """Return the command line, up to its verb, that runs this program for this desk."""
    configured = ["--config", str(paths.config_file)] if paths.config_file.exists() else []
    database = [] if paths.server_url else ["--database", str(paths.database)]
    return [sys.executable, "-m", "nightdesk", *configured, *database]


def environment(paths: DeskPaths) -> dict[str, str]:
    """Return the environment for `program`: this program's packages, from whatever directory it is run."""
    here = str(Path(__file__).resolve().parents[1])
    packages = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    # A server's URL may hold a password, which everybody sees in a command line.
    database = {"NIGHTDESK_DATABASE": paths.server_url} if paths.server_url else {}
    return os.environ | {"PYTHONPATH": packages, "NIGHTDESK_HOME": str(paths.home)} | database
