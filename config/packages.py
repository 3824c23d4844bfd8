"""Where a process that this program starts finds this program's packages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_HERE: Final = str(Path(__file__).resolve().parents[1])


def with_packages(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python finds them from whatever directory it is run."""
    places = [_HERE, *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(places)}
