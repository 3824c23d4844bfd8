"""Deployment settings: what a key may be, and where each value came from.

Sources, weakest first: default, the TOML file, `NIGHTDESK_<KEY>` in the environment, flags. What a desk
decides for itself (mailboxes, undo time, ticket numbers, ...) is in its database, not here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel

from config import clock, toml_file
from config.errors import ConfigError
from config.paths import DeskPaths, find_desk, masked_url

if TYPE_CHECKING:
    from pydantic import ValidationError

Source = Literal["default", "file", "environment", "flag"]
PREFIX = "NIGHTDESK_"
OTHER_VARIABLES = frozenset({"NIGHTDESK_AGENT", "NIGHTDESK_TRIGGER"})


@dataclass(frozen=True, slots=True)
class Help:
    """What a key does, in one line, for `init`, `doctor` and the Settings screen."""

    text: str


class Settings(BaseModel):
    """The deployment settings. Unknown keys are errors; a value in the TOML file has the key's own type."""

    model_config = {"extra": "forbid", "frozen": True}

    home: Annotated[str | None, Help("directory of the desk; holds data/, spool/ and bin/")] = None
    database: Annotated[str | None, Help("SQLite file or postgresql:// URL")] = None
    blobs: Annotated[
        str | None, Help("object store of large blobs, for all hosts: s3://, gs://, az:// or file:// URL")
    ] = None
    replica: Annotated[
        str | None,
        Help("where a desk in a file keeps a replica of itself: a directory, or a URL as of blobs"),
    ] = None
    timezone: Annotated[str, Help("IANA time zone of schedules and of times on the screen")] = "UTC"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Help("least level that is written to the log")
    ] = "info"
    restricted: Annotated[
        bool,
        Help(
            "no $EDITOR, pager or free file names: for agents behind a forced command; NIGHTDESK_RESTRICTED "
            "in the environment says otherwise"
        ),
    ] = False
    read_only: Annotated[
        bool, Help("the app shows everything and changes nothing, whatever the agent's role grants")
    ] = False
    plain: Annotated[bool, Help("the app says lines for a screen reader instead of painting a screen")] = (
        False
    )
    theme: Annotated[str, Help("colour theme of the app, until an agent picks another")] = "ansi-dark"
    colour: Annotated[Literal["auto", "16", "none"], Help("colours the terminal may be asked for")] = "auto"
    mouse: Annotated[bool, Help("whether the app listens to the mouse")] = True
    blob_threshold: Annotated[
        int,
        Ge(0),
        Le(16 * 2**20),
        Help("bytes; larger blobs become files beside the database, or go to the store"),
    ] = 65_536
    fetch_time_limit: Annotated[
        int, Ge(10), Le(86_400), Help("seconds a mailbox may take per run; the rest comes next time")
    ] = 600
    host_name: Annotated[
        str, Help("this host among those of a desk in PostgreSQL; empty: what it calls itself")
    ] = ""
    parallel_mailboxes: Annotated[int, Ge(1), Le(64), Help("mailboxes fetched at the same time")] = 4
    serve_host: Annotated[str, Help("address that `nightdesk serve` listens on")] = "127.0.0.1"
    serve_port: Annotated[int, Ge(0), Le(65_535), Help("its port; 0 takes a free one")] = 8025
    serve_root_path: Annotated[str, Help("path before its own, such as /osticket")] = ""
    serve_tls_cert: Annotated[str, Help("its certificate chain (PEM); without one it speaks plain HTTP")] = ""
    serve_tls_key: Annotated[str, Help("the key of that certificate (PEM)")] = ""
    serve_trusted_proxies: Annotated[
        str, Help("networks whose X-Forwarded-For it believes, with commas: 127.0.0.1")
    ] = ""
    serve_max_body: Annotated[int, Ge(1), Le(1024), Help("MB; larger mail and tickets are refused")] = 64


KEYS: tuple[str, ...] = tuple(Settings.model_fields)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value came from: 'default', 'config.toml line 14', 'NIGHTDESK_THEME' or '--database'."""

    source: Source
    where: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as `doctor` prints it; secrets in it are masked."""

    key: str
    value: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force, where each came from, and what looks like a mistake but is no error."""

    paths: DeskPaths
    settings: Settings
    provenance: Mapping[str, Provenance]
    warnings: tuple[str, ...] = field(default=())

    def shown(self) -> list[Shown]:
        """Return every key with its value in force, for people."""
        values = {key: _as_text(getattr(self.settings, key)) for key in KEYS}
        values["home"] = str(self.paths.home)
        values["database"] = self.paths.shown_database
        return [Shown(key, values[key], self.provenance[key]) for key in KEYS]


def load(
    paths: DeskPaths | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> Loaded:
    """Read the desk's settings; `flags` are keys given on the command line, as text.

    Raises ConfigError (exit status 78) naming file and line, variable or flag of the first bad value;
    its `problems` has them all.
    """
    environ = os.environ if environ is None else environ
    paths = paths or find_desk(environ=environ)
    file = toml_file.read(paths.config_file)
    settings = _from_file(file)
    provenance = dict.fromkeys(KEYS, Provenance("default", "default"))
    provenance |= {key: Provenance("file", file.where(key)) for key in file.values}
    variables = {key: environ[PREFIX + key.upper()] for key in KEYS if environ.get(PREFIX + key.upper())}
    settings = _overlaid(settings, variables, lambda key: PREFIX + key.upper())
    provenance |= {key: Provenance("environment", PREFIX + key.upper()) for key in variables}
    given = dict(flags or {})
    settings = _overlaid(settings, given, lambda key: "--" + key.replace("_", "-"))
    provenance |= {key: Provenance("flag", "--" + key.replace("_", "-")) for key in given}
    _check_zone(settings, provenance["timezone"])
    provenance["home"] = _place(paths.found_by, "home")
    provenance["database"] = _place(paths.database_from, "database")
    return Loaded(paths, settings, provenance, _misspelt(environ))


def set_value(paths: DeskPaths, key: str, value: str | int | bool | None) -> None:
    """Write `key` into the TOML file (None: back to the default), keeping its comments.

    Raises ConfigError for an unknown key or a value that does not fit; nothing is written then.
    """
    where = paths.config_file.name
    changed: dict[str, object] = {} if value is None else {key: value}
    if key not in KEYS:
        raise ConfigError(_unknown(where, key), f"the keys are {', '.join(KEYS)}")
    candidate = _from_file(toml_file.TomlFile(paths.config_file, changed))
    if key == "timezone" and value is not None:
        clock.zone(candidate.timezone)
    toml_file.write_value(paths.config_file, key, value)


def help_of(key: str) -> str:
    """Return the one line that says what `key` does."""
    return next(item.text for item in Settings.model_fields[key].metadata if isinstance(item, Help))


def _from_file(file: toml_file.TomlFile) -> Settings:
    from pydantic import ValidationError  # 0.3 ms

    try:
        return Settings.model_validate(dict(file.values), strict=True)
    except ValidationError as error:
        raise _config_error(error, file.where, f"correct {file.path}") from None


def _overlaid(settings: Settings, texts: Mapping[str, str], where: Any) -> Settings:
    if not texts:
        return settings
    from pydantic import ValidationError  # 0.3 ms

    try:
        overlay = Settings.model_validate_strings(dict(texts))
    except ValidationError as error:
        raise _config_error(error, where, "correct the value or leave it out") from None
    return settings.model_copy(update={key: getattr(overlay, key) for key in texts})


def _config_error(error: ValidationError, where: Any, hint: str) -> ConfigError:
    problems: list[tuple[int, str]] = []
    for item in error.errors(include_url=False):
        key = str(item["loc"][0])
        place = where(key)
        if item["type"] == "extra_forbidden":
            text = _unknown(place, key)
        else:
            text = f"{place}: {key} {_complaint(key, item['type'], item.get('ctx', {}), item['input'])}"
        number = place.rsplit(" ", 1)[-1]
        problems.append((int(number) if number.isdigit() else 0, text))
    texts = tuple(dict.fromkeys(text for _, text in sorted(problems)))
    return ConfigError(texts[0], hint, texts)


def _complaint(key: str, kind: str, context: Mapping[str, Any], value: object) -> str:
    wanted = {
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "string_type": "must be text in quotes",
        "literal_error": f"must be one of {context.get('expected')}",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
    }.get(kind, "has a value that does not fit")
    if key == "database":
        return wanted
    return f"{wanted}, not {_as_text(value)[:80]!r}"


def _unknown(place: str, key: str) -> str:
    import difflib  # 2 ms

    near = difflib.get_close_matches(key.lower(), KEYS, 1, 0.6)
    return f"{place}: unknown key '{key}'" + (f" - did you mean '{near[0]}'?" if near else "")


def _check_zone(settings: Settings, provenance: Provenance) -> None:
    if settings.timezone == "UTC":
        return
    try:
        clock.zone(settings.timezone)
    except ConfigError as error:
        raise ConfigError(f"{provenance.where}: {error}", error.hint) from None


def _place(where: str, key: str) -> Provenance:
    if where.startswith("--"):
        return Provenance("flag", where)
    if where.startswith(PREFIX):
        return Provenance("environment", where)
    if " line " in where or where.endswith(".toml"):
        return Provenance("file", where)
    return Provenance("default", where if key == "home" else "default")


def _misspelt(environ: Mapping[str, str]) -> tuple[str, ...]:
    known = {PREFIX + key.upper() for key in KEYS} | OTHER_VARIABLES
    strange = [name for name in environ if name.startswith(PREFIX) and name not in known]
    if not strange:
        return ()
    import difflib  # 2 ms

    found = []
    for name in sorted(strange):
        if near := difflib.get_close_matches(name, known, 1, 0.9):
            found.append(f"{name} is not read - did you mean {near[0]}?")
    return tuple(found)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else masked_url(str(value))
