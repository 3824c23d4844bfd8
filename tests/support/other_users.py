"""Desks that belong to somebody else than the one who runs the tests; see the fixture `shared`."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

NOBODY = pwd.getpwnam("nobody")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def give_away(home: Path) -> None:
    """Make the desk nobody's."""
    for path in [home, *home.rglob("*")]:
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
