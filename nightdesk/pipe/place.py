"""Which spool a call means, found with as few imports as possible."""

from __future__ import annotations

# Importing pathlib takes as long as all the rest.
# ruff: noqa: PTH112, PTH123
import os

ETC = "/etc/nightdesk"
ETC_HOME = "/var/lib/nightdesk"


def find_spool(config: str | None, database: str | None) -> str:
    """Return the spool of the desk that flags and environment mean (see `config.paths`, whose rules hold).

    Raises `config.errors.ConfigError` where they are wrong.
    """
    if config is None and database is None:
        home = os.environ.get("NIGHTDESK_HOME", "")
        if home.startswith("/"):
            return f"{home}/spool"
        if not home and os.path.isdir(ETC) and _names_no_home(f"{ETC}/config.toml"):
            return f"{ETC_HOME}/spool"
    from config.paths import Flags, find_desk  # 14 ms, where no spool is named

    return str(find_desk(Flags(config, database)).spool)


def _names_no_home(file: str) -> bool:
    """Return whether the configuration cannot hold a `home` key.

    Reading TOML costs as much as all the rest.
    """
    try:
        with open(file, "rb") as opened:
            return b"home" not in opened.read()
    except FileNotFoundError:
        return True
    except OSError:
        return False
