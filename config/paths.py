"""Which desk, and where its files are.

A desk is found in this order; the first that says anything wins:

1. `--config FILE`: that file is the configuration; home is its `home` key, else the directory it is in
   (for /etc/nightdesk/config.toml: /var/lib/nightdesk). `--database FILE` alone: home is the directory
   above `data/`, or the database's own directory. `--database postgresql://...` alone decides no home.
2. `NIGHTDESK_HOME`: configuration in `$NIGHTDESK_HOME/config.toml`.
3. /etc/nightdesk, if it exists (for every uid): configuration in /etc/nightdesk/config.toml, home is
   its `home` key, else /var/lib/nightdesk.
4. XDG: configuration in ~/.config/nightdesk/config.toml, home is its `home` key, else
   ~/.local/share/nightdesk.

The database is then `--database`, `NIGHTDESK_DATABASE`, the `database` key, or data/desk.sqlite3. Key,
blobs and drafts live in the directory of the SQLite file ("data"), so two databases never share
them. Relative paths in the TOML file count from that file, others from the working directory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ConfigError
from config.files import Problem, check_mode
from config.records import Record

if TYPE_CHECKING:
    from config.toml_file import TomlFile

ETC = Path("/etc/nightdesk")
ETC_HOME = Path("/var/lib/nightdesk")
CONFIG_NAME = "config.toml"
DATABASE_NAME = "desk.sqlite3"

HOME_MODE = 0o711
DATA_MODE = 0o700
SPOOL_MODE = 0o1733
BIN_MODE = 0o755

_NETWORK_TYPES = (
    "nfs nfs4 cifs smb3 smbfs ncpfs afs ceph glusterfs lustre gpfs 9p ocfs2 gfs2 beegfs orangefs moosefs "
    "davfs fuse.sshfs fuse.glusterfs fuse.ceph fuse.s3fs fuse.rclone fuse.davfs2 fuse.mfs fuse.smbnetfs"
)


class Flags(Record):
    """What the command line said about which desk: `--config` and `--database`, as typed."""

    config: str | None = None
    database: str | None = None


class DeskPaths:
    """Where everything of one desk is. `DeskPaths(home)` is a whole desk with its files in `home`."""

    __slots__ = ("config_file", "database", "database_from", "found_by", "home", "server_url")

    def __init__(
        self,
        home: Path,
        config_file: Path | None = None,
        database: Path | None = None,
        server_url: str = "",
        found_by: str = "home",
        database_from: str = "default",
    ) -> None:
        self.home = home
        self.config_file = home / CONFIG_NAME if config_file is None else config_file
        self.database = home / "data" / DATABASE_NAME if database is None else database
        self.server_url = server_url
        self.found_by = found_by
        self.database_from = database_from

    @property
    def data(self) -> Path:
        """Private directory (0700) that holds the database, the key and all that belongs to them."""
        return self.database.parent

    @property
    def database_url(self) -> str:
        """The database as a URL; may hold a password: show `shown_database` to people."""
        return self.server_url or f"sqlite:///{self.database}"

    @property
    def shown_database(self) -> str:
        """The database for messages and `doctor`, without its password."""
        return masked_url(self.server_url) if self.server_url else str(self.database)

    @property
    def key(self) -> Path:
        """The file with the keys that seal secrets."""
        return self.data / "desk.key"

    @property
    def blobs(self) -> Path:
        """The directory of large mails."""
        return self.data / "blobs"

    @property
    def drafts(self) -> Path:
        """The directory of files that belong to drafts."""
        return self.data / "drafts"

    @property
    def run(self) -> Path:
        """Lock files and sockets of the processes of this desk."""
        return self.data / "run"

    @property
    def log(self) -> Path:
        """The directory of private crash reports."""
        return self.data / "log"

    @property
    def spool(self) -> Path:
        """Drop directory (1733) that every uid may write to and nobody but the owner may list."""
        return self.home / "spool"

    @property
    def hooks(self) -> Path:
        """Programs that the worker runs when something happens."""
        return self.home / "hooks"

    @property
    def bin(self) -> Path:
        """The directory of wrappers that others may run."""
        return self.home / "bin"

    def exists(self) -> bool:
        """Return whether this desk was created.

        Its database is there (a server's database counts as there).
        """
        return bool(self.server_url) or self.database.is_file()

    def problems(self) -> list[Problem]:
        """Return complaints about modes and owners, for `doctor` and before a secret is used."""
        found = check_mode(self.home, HOME_MODE) + check_mode(self.data, DATA_MODE)
        found += check_mode(self.spool, SPOOL_MODE) + check_mode(self.bin, BIN_MODE)
        for file in (self.database, self.key):
            if file.exists():
                found += check_mode(file, 0o600)
        return found


def masked_url(url: str) -> str:
    """Return a URL of a database or a store with its password, if any, as ********.

    A password may have an @ that should have been spelt %40: all up to the last one is taken for it.
    """
    url = re.sub(r"(//[^/@]*?:).*@", r"\1********@", url)
    return re.sub(
        r"(?i)([?&][^=&]*(?:passw|passfile|secret|token|signature|_key)[^=&]*=)[^&]*", r"\1********", url
    )


def find_desk(
    flags: Flags | None = None, environ: Mapping[str, str] | None = None, etc: Path = ETC
) -> DeskPaths:
    """Return the desk that flags and environment mean, in the order of this module's text; creates nothing.

    Raises ConfigError for a `--config` file that does not exist, bad TOML, or a database that is no
    SQLite file and no PostgreSQL URL.
    """
    flags = flags or Flags()
    environ = os.environ if environ is None else environ
    paths = _find_home(flags, environ, etc)
    if flags.database:
        return _with_database(paths, flags.database, Path.cwd(), "--database")
    if environ.get("NIGHTDESK_DATABASE"):
        return _with_database(paths, environ["NIGHTDESK_DATABASE"], Path.cwd(), "NIGHTDESK_DATABASE")
    from config import toml_file  # 2 ms

    file = toml_file.read_if_named(paths.config_file, "database")
    if "database" in file.values:
        text = _text(file, "database")
        return _with_database(paths, text, paths.config_file.parent, file.where("database"))
    return paths


def from_home(path: str | Path) -> Path:
    """Return a path whose ``~`` is written out; ``~name`` stays where there is no such user."""
    # Path.expanduser raises RuntimeError there, which tells nobody that the file is not found.
    return Path(os.path.expanduser(path))  # noqa: PTH111


def _find_home(flags: Flags, environ: Mapping[str, str], etc: Path) -> DeskPaths:
    if flags.config:
        config = from_home(flags.config).absolute()
        if not config.is_file():
            raise ConfigError(f"--config: there is no file {config}", "check the path")
        fallback = ETC_HOME if config.parent == etc else config.parent
        return _home_named_in(config, fallback, "--config")
    if flags.database and not _is_server(flags.database):
        data = _sqlite_path(flags.database, Path.cwd(), "--database").parent
        return DeskPaths(data.parent if data.name == "data" else data, found_by="--database")
    if environ.get("NIGHTDESK_HOME"):
        home = from_home(environ["NIGHTDESK_HOME"]).absolute()
        return DeskPaths(home, found_by="NIGHTDESK_HOME")
    if etc.is_dir():
        return _home_named_in(etc / CONFIG_NAME, ETC_HOME, str(etc))
    config = _xdg(environ, "XDG_CONFIG_HOME", ".config") / "nightdesk" / CONFIG_NAME
    return _home_named_in(config, _xdg(environ, "XDG_DATA_HOME", ".local/share") / "nightdesk", "XDG")


def _home_named_in(config: Path, fallback: Path, found_by: str) -> DeskPaths:
    from config import toml_file  # 2 ms

    file = toml_file.read_if_named(config, "home")
    if "home" not in file.values:
        return DeskPaths(fallback, config, found_by=found_by)
    home = config.parent / from_home(_text(file, "home"))
    return DeskPaths(home, config, found_by=file.where("home"))


def _text(file: TomlFile, key: str) -> str:
    value = file.values[key]
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{file.where(key)}: {key} must be text", f'write {key} = "..."')
    return value


def _xdg(environ: Mapping[str, str], name: str, default: str) -> Path:
    value = environ.get(name, "")
    if value.startswith("/"):
        return Path(value)
    home = environ.get("HOME", "")
    try:
        return (Path(home) if home.startswith("/") else Path.home()) / default
    except RuntimeError as error:
        raise ConfigError(
            "this user has no home directory", "set NIGHTDESK_HOME to the desk's home"
        ) from error


def _is_server(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def _sqlite_path(url: str, base: Path, where: str) -> Path:
    text = url
    if url.startswith("sqlite:"):
        text = url.removeprefix("sqlite:///").removeprefix("sqlite:")
    elif "://" in url:
        raise ConfigError(
            f"{where}: the database {masked_url(url)} is of no known kind",
            "give a file name, sqlite:////path/desk.sqlite3 or postgresql://user@host/name",
        )
    if not Path(text).name or text.endswith("/") or ":memory:" in text:
        raise ConfigError(f"{where}: the database needs a file name", "give /path/data/desk.sqlite3")
    return base / from_home(text)


def _with_database(paths: DeskPaths, url: str, base: Path, where: str) -> DeskPaths:
    if _is_server(url):
        _check_server(url, where)
        return DeskPaths(paths.home, paths.config_file, paths.database, url, paths.found_by, where)
    database = _sqlite_path(url, base, where)
    return DeskPaths(paths.home, paths.config_file, database, paths.server_url, paths.found_by, where)


def _check_server(url: str, where: str) -> None:
    """Raise ConfigError for a password with letters that end it: the library would tell some of it."""
    behind = url.partition("://")[2]
    login, _, rest = behind.partition("@")
    is_named = bool(rest) and "/" not in login  # as the library sees it, to which # and ? end no login
    address, _, options = (rest if is_named else behind).partition("?")
    odd = "@" in address
    if "@" in options and not is_named:  # a password with a /, unless it is a host with its port
        odd |= not re.fullmatch(r"[^:]*|.*:[0-9]+|.*\]", address.partition("/")[0])
    if odd or re.search(r"%(?![0-9A-Fa-f]{2})", url):
        raise ConfigError(
            f"{where}: the URL of the database cannot be read",
            "in its password write %40 for @, %2F for /, %25 for %",
        )


def at_database(paths: DeskPaths, url: str) -> DeskPaths:
    """Return where a desk is that has the same home and another database. Raises ConfigError for none."""
    return _with_database(DeskPaths(paths.home, paths.config_file), url, Path.cwd(), "URL")


def network_file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the type of the network file system under `path` ('nfs4'), '' when it is local or unknown."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        mount = fields[1]
        if "\\" in mount:
            mount = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), mount)
        under = real == mount or real.startswith(mount.rstrip("/") + "/")
        if under and len(mount) >= len(best):
            best, kind = mount, fields[2]
    return kind if kind in _NETWORK_TYPES.split() else ""


def refuse_for_a_server(paths: DeskPaths, what: str, hint: str) -> None:
    """Raise ConfigError for a desk in PostgreSQL, to which its server's own tools do this."""
    if paths.server_url:
        raise ConfigError(f"a desk in PostgreSQL is {what} by the tools of its server", hint)


def refuse_network_file_system(paths: DeskPaths, mounts: Path = Path("/proc/mounts")) -> None:
    """Raise ConfigError when the SQLite file would be on a network file system, where its locks lie."""
    kind = "" if paths.server_url else network_file_system(paths.data, mounts)
    if kind:
        raise ConfigError(
            f"{paths.data} is on a network file system ({kind}), where SQLite loses data",
            "put the database on a local disk (set `database` in the configuration), or use PostgreSQL",
        )
