"""docs/mailbox-fields.md from the table of a mailbox's fields (``python -m nightdesk.mailbox_page``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from desk.mailboxes.fields import FIELDS, SECRETS, Field, Part

_HEAD = """\
# The fields of a mailbox

What `nightdesk mailbox add` and `edit` take, what the form in the app asks, what a
[mailbox file](mailboxes.md) holds and what JSON shows. This page is made from `desk/mailboxes/fields.py`;
`make docs` makes it again.
"""
_COLUMNS = "| in the file | flag | in JSON | at first | what it is |\n|---|---|---|---|---|\n"
_TITLES: dict[Part, str] = {
    "address": "The mailbox",
    "incoming": "Incoming",
    "outgoing": "Outgoing",
    "oauth2": "OAuth2",
}


def page() -> str:
    """Return the whole page."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield _HEAD
    for part, title in _TITLES.items():
        yield f"\n## {title}\n\n{_COLUMNS}"
        for field in FIELDS:
            if field.part == part:
                yield _row(field.name, _flag(field), _json(field), _first(field), field.about.help)
        for secret in SECRETS:
            if secret.part == part:
                flags = "`, `--".join(name.replace("_", "-") for name, _ in secret.flags.values())
                words = f"The {secret.words}, or where it comes from; the file never has the secret itself."
                yield _row(secret.name, f"`--{flags}`", "", "", words)


def _row(name: str, flag: str, json: str, first: str, words: str) -> str:
    cells = (f"`{name}`", flag, json, first, words)
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |\n"


def _flag(field: Field) -> str:
    if field.name == "address":
        return "`--address`"
    if not field.option:
        return ""
    flag = f"--{field.option.replace('_', '-')}"
    if field.name == "aliases":
        return f"`{flag}`, `--no-alias`"
    if field.kind == "yes":
        return f"`{flag}`, `--no-{flag.removeprefix('--')}`"
    values = "|".join(filter(None, field.choices)) or field.about.metavar
    every = ", `--every MINUTES`" if field.name == "schedule" else ""
    return f"`{flag} {values}`{every}"


def _json(field: Field) -> str:
    if not field.about.json:
        return ""
    return f"`outgoing.{field.attribute}`" if field.part == "outgoing" else f"`{field.attribute}`"


def _first(field: Field) -> str:
    if field.kind == "yes":
        return "on" if field.default else "off"
    return "" if field.default in ("", None) else f"`{field.default}`"


if __name__ == "__main__":
    sys.stdout.write(page())
