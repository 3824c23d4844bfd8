"""Settings that were checked before, without pydantic, whose import is most of the time of a short call.

What `config.settings.load` found is kept beside the database, with a digest of all it was made from. Any
change there, a wrong value too, makes the digest differ, and the settings are loaded and checked anew.
"""

from __future__ import annotations

import json
import os
from _blake2 import blake2b
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from config.files import atomic_write

if TYPE_CHECKING:
    from config.paths import DeskPaths
    from config.settings import Settings

_FILE = "settings.checked"
_NO_SETTINGS = frozenset({"NIGHTDESK_HOME", "NIGHTDESK_AGENT", "NIGHTDESK_TRIGGER"})
"""They differ between cron, pipes and people; `paths` knows already what the first one means."""


def recall(paths: DeskPaths, environ: Mapping[str, str] | None = None) -> Settings | None:
    """Return the settings in force, if nothing changed since `remember`."""
    try:
        kept = json.loads((paths.data / _FILE).read_bytes())
        if kept["made_from"] != _made_from(paths, environ):
            return None
        return cast("Settings", SimpleNamespace(**kept["settings"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(paths: DeskPaths, settings: Settings, environ: Mapping[str, str] | None = None) -> None:
    """Keep settings that were checked. A database URL may hold a password: such settings are not kept."""
    if "://" in (settings.database or ""):
        return
    document = {"made_from": _made_from(paths, environ), "settings": settings.model_dump()}
    try:
        atomic_write(paths.data / _FILE, json.dumps(document).encode())
    except OSError:
        return


def _made_from(paths: DeskPaths, environ: Mapping[str, str] | None) -> str:
    """Return a digest of the configuration file, the variables, the desk's place and the program's rules."""
    environ = os.environ if environ is None else environ
    variables = sorted(
        f"{name}={value}"
        for name, value in environ.items()
        if name.startswith("NIGHTDESK_") and name not in _NO_SETTINGS
    )
    rules = Path(__file__).with_name("settings.py").stat()
    try:
        written = paths.config_file.read_bytes()
    except FileNotFoundError:
        written = b""
    parts = [str(paths.config_file), str(rules.st_mtime_ns), str(rules.st_size), *variables]
    return blake2b("\0".join(parts).encode("utf-8", "surrogateescape") + b"\0" + written).hexdigest()
