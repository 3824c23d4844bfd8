"""The page on the architecture names modules that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = ("config.toml", "desk.key", "desk.sqlite3", "desk.sqlite3.lock")
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config")
NAMED = sorted(
    set(re.findall(rf"`((?:{'|'.join(FLOORS)})(?:\.\w+)+)`", (ROOT / "ARCHITECTURE.md").read_text("utf-8")))
    - set(FILES)
)


def test_the_page_names_modules() -> None:
    assert len(NAMED) > 15


@pytest.mark.parametrize("name", NAMED)
def test_a_module_that_the_page_names_exists(name: str) -> None:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        if path.is_dir() or path.with_suffix(".py").is_file():
            break
    else:
        raise AssertionError(f"there is no {name}")
    rest = parts[end:]
    assert len(rest) <= 1, f"there is no {name}"
    if rest:
        source = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        assert re.search(
            rf"^(?:async )?(?:def|class) {rest[0]}\b|^{rest[0]}\b.*=", source.read_text("utf-8"), re.M
        )
