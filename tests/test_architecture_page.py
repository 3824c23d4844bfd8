"""The pages about the code name modules, files and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/internals.md")
OF_A_DESK = frozenset(
    {
        *("config.toml", "desk.key", "desk.sqlite3", "desk.sqlite3.lock"),
        *("data/", "blobs/", "spool/", "bin/", "hooks/"),
    }
)
FLOORS = ("nightdesk", "api", "tui", "worker", "desk", "models", "mail", "config", "tests")
_NAME = re.compile(rf"`((?:{'|'.join(FLOORS)})(?:\.\w+)+)(?:\(\))?`")
_PATH = re.compile(r"`((?:[\w.]+/)*(?:[\w.]+/|[\w]+\.(?:py|md|toml)))`")
_NEIGHBOURS = re.compile(r"`(\w+(?:\.\w+)+)`[^|`]*\(((?:`\w+`(?:, )?)+)\)")
"""``(`matching`, `bounces`)`` behind a module: what stands beside it, or in it."""


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def is_there(name: str) -> bool:
    """Whether there is a module of that name, or something that a module declares."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        if path.is_dir() or path.with_suffix(".py").is_file():
            break
    else:
        return False
    rest = parts[end:]
    if not rest:
        return True
    source = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    declared = rf"^(?:async )?(?:def|class) {rest[0]}\b|^{rest[0]}\b.*="
    return len(rest) == 1 and re.search(declared, source.read_text("utf-8"), re.M) is not None


def test_the_map_is_one_page() -> None:
    assert len(page("ARCHITECTURE.md").splitlines()) <= 90


def test_modules_that_the_pages_name_exist() -> None:
    for name in PAGES:
        named = set(_NAME.findall(page(name))) - OF_A_DESK
        assert len(named) >= (30 if name == "ARCHITECTURE.md" else 2), name
        assert {each for each in named if not is_there(each)} == set(), name


def test_neighbours_that_the_pages_name_exist() -> None:
    found = [pair for name in PAGES for pair in _NEIGHBOURS.findall(page(name))]
    assert found
    for module, listed in found:
        package = module if ROOT.joinpath(*module.split(".")).is_dir() else module.rpartition(".")[0]
        for each in re.findall(r"\w+", listed):
            assert is_there(f"{package}.{each}"), f"{each} beside {module}"


def test_files_and_folders_that_the_pages_name_exist() -> None:
    for name in PAGES:
        for path in set(_PATH.findall(page(name))) - OF_A_DESK:
            places = (ROOT, *(ROOT / floor for floor in FLOORS))
            assert any((place / path).exists() for place in places), f"{path} in {name}"


def test_links_of_the_pages_lead_somewhere() -> None:
    for name in (*PAGES, "README.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page(name)):
            assert ((ROOT / name).parent / link).exists(), f"{link} in {name}"


def test_the_front_page_leads_to_every_page() -> None:
    linked = set(re.findall(r"\((docs/[\w-]+\.md)\)", page("README.md")))
    beside = {"docs/mailbox-fields.md"}  # named where mailboxes are told of
    assert linked | beside == {f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md")}


def test_what_is_not_there_is_seen() -> None:
    there = ["desk.tickets.lifecycle", "models.database.db"]
    assert [
        each for each in (*there, "desk.tickets.nothing", "desk.nothing.lifecycle") if is_there(each)
    ] == there
