"""The options before the verb, and a parser for calls without a verb that does without click."""

from __future__ import annotations

from collections.abc import Sequence

from config.records import Record


class Options(Record):
    """What stood on the command line before the verb."""

    config: str | None = None
    database: str | None = None
    debug: bool = False
    fetch_once: bool = False
    mailboxes: tuple[str, ...] = ()
    as_json: bool = False
    plain: bool = False


def plain_options(argv: Sequence[str]) -> Options | None:
    """Return the options of a plain `--fetch-once` or of the app; None for what click has to judge.

    Neither a call every minute nor a person who waits for the app should pay for importing click (25 ms).
    """
    flags = {"--debug": False, "--fetch-once": False, "--json": False, "--plain": False}
    values: dict[str, list[str]] = {"--config": [], "--database": [], "--mailbox": []}
    rest = list(argv)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in flags and not equals:
            flags[name] = True
            continue
        if name not in values:
            return None
        if not equals:
            if not rest or rest[0].startswith("-"):
                return None
            value = rest.pop(0)
        values[name].append(value)
    if not flags["--fetch-once"] and (flags["--json"] or values["--mailbox"]):
        return None
    if flags["--fetch-once"] and flags["--plain"]:
        return None
    return Options(
        config=_last(values["--config"]),
        database=_last(values["--database"]),
        debug=flags["--debug"],
        fetch_once=flags["--fetch-once"],
        mailboxes=tuple(values["--mailbox"]),
        as_json=flags["--json"],
        plain=flags["--plain"],
    )


def _last(values: list[str]) -> str | None:
    return values[-1] if values else None
