"""`bin/nightdesk-pipe`: the program that MTAs are told to call.

It knows where everything is, so that it needs no argument, no configuration and no environment, and it
answers 75 where there is nothing left that could answer: a missing interpreter, a killed program.
"""

from __future__ import annotations

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from config.files import atomic_write
from config.paths import BIN_MODE

if TYPE_CHECKING:
    from config.paths import DeskPaths

NAME = "nightdesk-pipe"
_NEEDED = ("nightdesk", "peewee", "pydantic", "pydantic_core", "zstandard", "cryptography")
"""One of each place that packages are installed to: pure Python, compiled, the source tree."""

_CALL = "from nightdesk.pipe.call import main; main(sys.argv[1:])"
_TEXT = """\
#!/bin/sh
# Written by `nightdesk init`: run that again when program or desk have moved. MTAs call this with a mail on
# standard input; 0 says that the mail is safe, anything else that the MTA must keep it. It prints nothing.
later=75
quiet=yes
for word do
    case $word in
        --qmail) later=111 ;;
        --verbose | -v) quiet= ;;
    esac
done
# A shell that cannot start a program ends by itself, with a status of its own.
trap 'exit $later' EXIT
test -z "$quiet" || exec >/dev/null 2>&1
{python} -I -S -c {code} \\
    {desk} pipe --spool {spool} "$@"
status=$?
case $status in
    0 | 64 | 100) later=$status ;;
esac
exit $later
"""


def path_of(paths: DeskPaths) -> Path:
    """Return where the wrapper of a desk is."""
    return paths.bin / NAME


def text(paths: DeskPaths) -> str:
    """Return the wrapper for this desk, this interpreter and this installation."""
    code = f"import sys; sys.path += {_import_path()!r}; {_CALL}"
    return _TEXT.format(
        python=shlex.quote(sys.executable),
        code=shlex.quote(code),
        desk=shlex.join(_desk(paths)),
        spool=shlex.quote(str(paths.spool)),
    )


def _desk(paths: DeskPaths) -> list[str]:
    """Return the flags that mean this desk. A database that the configuration names is left to it to name.

    So is a server's, whose URL may hold a password: everybody may read the wrapper.
    """
    flags = ["--config", str(paths.config_file)]
    if paths.server_url:
        return flags
    if paths.database_from.startswith(("--", "NIGHTDESK_")) or paths.found_by == "--database":
        flags += ["--database", str(paths.database)]
    return flags


def write(paths: DeskPaths) -> bool:
    """Write the wrapper unless it is there as it should be; whether it was written."""
    wanted = text(paths).encode("utf-8", "surrogateescape")
    path = path_of(paths)
    if is_current(paths):
        return False
    atomic_write(path, wanted, BIN_MODE)
    return True


def is_current(paths: DeskPaths) -> bool:
    """Return whether the wrapper calls this program for this desk."""
    path = path_of(paths)
    try:
        found = path.read_bytes()
        return (
            found == text(paths).encode("utf-8", "surrogateescape")
            and path.stat().st_mode & 0o777 == BIN_MODE
        )
    except OSError:
        return False


def closed_to_others() -> Path | None:
    """Return the directory on the way to the program that other users cannot enter, if there is one."""
    for name in (os.path.realpath(sys.executable), *_import_path()):
        for directory in reversed(Path(name).parents):
            if not directory.stat().st_mode & 0o001:
                return directory
    return None


def _import_path() -> list[str]:
    found = []
    for name in _NEEDED:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            found.append(str(folder.parent if spec.submodule_search_locations else folder))
    return list(dict.fromkeys(found))
