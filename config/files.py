"""Files and directories with exact modes, written so that a crash leaves the old or the new, never half."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from config.errors import ConfigError
from config.records import Record

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700
_DEVICES = ("/dev", "/dev/fd", "/proc/self/fd")


class Problem(Record):
    """One complaint about a file or directory, with the command that cures it."""

    path: Path
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def fsync_dir(directory: Path) -> None:
    """Make renames and new names in `directory` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_temporary(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(6).hex()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def refuse_device(path: Path) -> None:
    """Raise ConfigError where something stands that is no file: replaced, it is gone for every program."""
    place = path.absolute()
    try:
        mode = place.stat().st_mode
    except OSError:
        mode = stat.S_IFREG
    # /dev/stdout is a link to what may be a file.
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or str(place.parent) in _DEVICES:
        raise ConfigError(f"{path} is a device or a pipe, no file", "name a file")


def atomic_write(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
    """Replace `path` by `data`: temporary file beside it, fsync, rename, fsync of the directory.

    Raises ConfigError for a device or a pipe.
    """
    refuse_device(path)
    temporary = _write_temporary(path, data, mode)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_dir(path.parent)


def write_once(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> bool:
    """Create `path` with `data` unless it exists; False if it did. Of two at once exactly one wins."""
    temporary = _write_temporary(path, data, mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    fsync_dir(path.parent)
    return True


def ensure_dir(path: Path, mode: int = PRIVATE_DIR) -> None:
    """Make `path` a directory of exactly `mode`; missing parents get 0755.

    Raises ConfigError when a file is in the way, or when a directory of another user has another mode.
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o755, exist_ok=True)
    try:
        path.mkdir(mode=mode & 0o777)
        made = True
    except FileExistsError:
        made = False
    except PermissionError as error:
        raise ConfigError(
            f"cannot create {path}: permission denied",
            f"create it as root and give it to this user, or set NIGHTDESK_HOME (uid {os.geteuid()})",
        ) from error
    if not path.is_dir():
        raise ConfigError(f"{path} is not a directory", "move the file away")
    if made or stat.S_IMODE(path.stat().st_mode) != mode:
        try:
            path.chmod(mode)
        except PermissionError as error:
            raise ConfigError(
                f"{path} belongs to another user", "run as the owner of that directory"
            ) from error
    if made:
        fsync_dir(path.parent)


def owner_hint(path: Path) -> str:
    """Return what to do about a path that only its owner may open: run the program as that user."""
    import pwd  # 0.5 ms

    try:
        name = pwd.getpwuid(path.stat().st_uid).pw_name
    except (OSError, KeyError):
        return "run it as the desk's owner"
    return f"run it as its owner: sudo -u {name} nightdesk ..."


def check_mode(path: Path, mode: int) -> list[Problem]:
    """Return complaints about a path that is missing, not this user's, or more open than `mode`."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return [Problem(path, "is missing", "run nightdesk init")]
    except PermissionError:
        return [Problem(path, "cannot be examined", "run as the desk's owner")]
    problems = []
    if status.st_uid != os.geteuid():
        problems.append(Problem(path, f"belongs to uid {status.st_uid}", f"chown {os.geteuid()} {path}"))
    actual = stat.S_IMODE(status.st_mode)
    if actual & ~mode:
        problems.append(Problem(path, f"has mode {actual:04o}, not {mode:04o}", f"chmod {mode:04o} {path}"))
    return problems


def check_private(path: Path) -> list[Problem]:
    """Return complaints about a file (0600) or directory (0700) that others could open."""
    return check_mode(path, PRIVATE_DIR if path.is_dir() else PRIVATE_FILE)
