"""What a crash leaves behind: a private file without local variables, and one line for the person."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path

from config.files import atomic_write, ensure_dir
from mail import inert


def report(error: BaseException, directory: Path) -> Path | None:
    """Write the traceback (no locals: they may hold passwords) to a 0600 file; None if it cannot be kept."""
    return _written("crash", inert.guard("".join(traceback.format_exception(error))), directory)


def set_aside(text: str, directory: Path) -> Path | None:
    """Write what a person typed to a 0600 file, where it cannot be kept as a draft; None if it cannot be."""
    return _written("unsaved", text, directory)


def _written(prefix: str, text: str, directory: Path) -> Path | None:
    name = f"{prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.txt"
    try:
        ensure_dir(directory, 0o700)
        atomic_write(directory / name, text.encode("utf-8", "replace"), 0o600)
    except OSError:
        return None
    return directory / name
