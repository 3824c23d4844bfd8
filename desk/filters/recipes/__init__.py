"""Recipes: filters for the mail of monitoring systems, as files to take in and to change."""

from __future__ import annotations

from pathlib import Path

from desk.errors import NotFound
from mail.inert import one_line

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the recipes."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def text(name: str) -> str:
    """Return a recipe as the file that it is; raises NotFound."""
    if name.lower() not in names():
        raise NotFound(f"there is no recipe '{one_line(name, 40)}'", f"use {', '.join(names())}")
    return (_FOLDER / f"{name.lower()}.toml").read_text("utf-8")


def about(name: str) -> str:
    """Return the first line of what a recipe says of itself."""
    return text(name).splitlines()[0].removeprefix("# ").split(", with")[0].rstrip(":")


def of_sender(condition: str, sender: str) -> str:
    """Return a condition that asks mail of one sender alone: an address, or ``@domain``."""
    return f"from:{sender} {f'({condition})' if ' OR ' in condition else condition}"
