"""The TOML file: its values with the line each key stands on, and one key changed with comments kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from config.errors import ConfigError
from config.expressions import expression
from config.files import PRIVATE_FILE, atomic_write, owner_hint
from config.records import Record

_KEY = expression(r"""^\s*(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|(?P<bare>[A-Za-z0-9_-]+))\s*[=.]""")
_TABLE = expression(r"""^\s*\[+\s*["']?(?P<name>[A-Za-z0-9_-]+)""")
_AT_LINE = expression(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")


class TomlFile(Record):
    """What a TOML file said: top-level values, and the line number of each top-level key."""

    path: Path
    values: Mapping[str, object] = MappingProxyType({})
    lines: Mapping[str, int] = MappingProxyType({})

    def where(self, key: str) -> str:
        """Return the place of `key` for messages: 'config.toml line 14'."""
        line = self.lines.get(key)
        return f"{self.path.name} line {line}" if line else self.path.name


def read(path: Path) -> TomlFile:
    """Read `path`; a missing file is an empty one. Raises ConfigError naming the line that is not TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return TomlFile(path)
    except PermissionError as error:
        raise ConfigError(f"cannot read {path}: permission denied", owner_hint(path)) from error
    except IsADirectoryError as error:
        raise ConfigError(
            f"{path} is a directory, not a configuration file", "name the file itself"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path.name} line {line}: not UTF-8", f"save {path} as UTF-8") from error
    import tomllib  # 4 ms, where there is a file

    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        reason = _AT_LINE.sub("", str(error))
        raise ConfigError(
            f"{path.name} line {line}: {reason}", f'correct {path} (text needs "quotes")'
        ) from error
    return TomlFile(path, values, _line_numbers(text))


def read_if_named(path: Path, *keys: str) -> TomlFile:
    """Read `path` as `read` does where one of the keys may stand in it; else it counts as an empty one.

    Most files say nothing of places, and TOML takes 4 ms to read. What else is wrong with such a file is told
    by whoever reads the settings.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return read(path)
    written = b"\n".join(line for line in lines if not line.lstrip().startswith(b"#"))
    # A key in quotes may have letters that are written as escapes.
    if b"\\" in written or any(key.encode() in written for key in keys):
        return read(path)
    return TomlFile(path)


def _line_numbers(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    fence = ""
    in_table = False
    for number, line in enumerate(text.split("\n"), 1):
        if not fence:
            if table := _TABLE.match(line):
                in_table = True
                lines.setdefault(table["name"], number)
            elif not in_table and (key := _KEY.match(line)):
                lines.setdefault(key["double"] or key["single"] or key["bare"], number)
        fence = _fence_after(line, fence)
    return lines


def _fence_after(line: str, fence: str) -> str:
    """Return the multi-line string delimiter that is still open after `line`."""
    position = 0
    while True:
        if fence:
            found = line.find(fence, position)
            if found < 0:
                return fence
            position, fence = found + 3, ""
            continue
        comment = line.find("#", position)
        starts = [(at, mark) for mark in ('"""', "'''") if (at := line.find(mark, position)) >= 0]
        if not starts or (0 <= comment < min(starts)[0]):
            return ""
        position, fence = min(starts)[0] + 3, min(starts)[1]


def write_value(path: Path, key: str, value: str | int | bool | None, mode: int = PRIVATE_FILE) -> None:
    """Set top-level `key` in the file (None removes it), keeping comments, order and an existing mode."""
    import tomlkit  # 8 ms

    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        text = ""
    document = tomlkit.parse(text)
    if value is None:
        document.pop(key, None)
    else:
        document[key] = value
    atomic_write(path, tomlkit.dumps(document).encode(), mode)
