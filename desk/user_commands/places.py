"""Where user commands are written down, which an app looks at before it loads what reads them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from desk.home import Desk

NAME: Final = "commands.toml"


def files(desk: Desk, environ: Mapping[str, str] = os.environ) -> list[tuple[Path, frozenset[int]]]:
    """Return the files that count, the desk's own first, each with the users that may have written it.

    In restricted mode only what the desk's owner placed beside the configuration counts.
    """
    owner = desk.paths.data.stat().st_uid
    of_desk = desk.paths.config_file.parent / NAME
    found = [(of_desk, frozenset((0, owner)))]
    if not desk.settings.restricted:
        base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        of_agent = Path(base) / "nightdesk" / NAME
        if of_agent != of_desk:
            found.append((of_agent, frozenset((0, os.getuid()))))
    return found
