"""Writing in the agent's own editor, while the app stands aside."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from config.files import ensure_dir
from desk.errors import DeskError

if TYPE_CHECKING:
    from textual.app import App

VARIABLES = ("VISUAL", "EDITOR")
FALLBACK = "vi"


class EditorFailed(DeskError):
    """The editor could not be run or ended badly; the text is as it was."""


def edit(app: App[int], text: str, directory: Path) -> str:
    """Let the agent edit `text` in $VISUAL, $EDITOR or vi and return what they saved.

    The text stands in a private file in `directory` meanwhile. Raises EditorFailed.
    """
    command = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), FALLBACK)
    path: Path | None = None
    try:
        ensure_dir(directory, 0o700)
        handle, name = tempfile.mkstemp(".md", "answer-", directory)
        path = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        with app.suspend():
            done = subprocess.run([*shlex.split(command), name], check=False)
        if done.returncode != 0:
            raise EditorFailed(f"{command} ended with status {done.returncode}; the text is as it was")
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        raise EditorFailed(f"{command} could not be run ({error}); the text is as it was") from error
    finally:
        if path is not None:
            path.unlink(missing_ok=True)
