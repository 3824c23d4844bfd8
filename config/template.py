"""The configuration file that a new desk starts with."""

from __future__ import annotations

import json

from config.settings import KEYS, Settings, help_of

_HEAD = """\
# Nightdesk: deployment settings. Each key may also come from the environment (NIGHTDESK_<KEY>).
# `nightdesk doctor` prints where every value comes from. Mailboxes and the desk's own settings are in
# its database (`nightdesk mailbox`, `nightdesk settings`).

"""


def first_toml(timezone: str) -> str:
    """Return the text of a first config.toml: the time zone set, other keys explained with their defaults."""
    lines = []
    for key in KEYS:
        lines.append(f"# {help_of(key)}")
        default = Settings.model_fields[key].default
        if key == "timezone":
            lines.append(f"timezone = {json.dumps(timezone)}")
        else:
            lines.append(f"# {key} = {json.dumps(default if default is not None else '')}")
        lines.append("")
    return _HEAD + "\n".join(lines)
