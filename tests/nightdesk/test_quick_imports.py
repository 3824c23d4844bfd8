"""What is found and read quickly is what Python finds and reads; all else is left to it."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import shutil
import sys
from importlib.abc import InspectLoader
from importlib.machinery import PathFinder
from pathlib import Path
from types import CodeType

import pytest

from nightdesk import quick_imports
from nightdesk.quick_imports import QuickFinder
from tests.support.rows import every_row


@pytest.fixture(autouse=True)
def folders_are_listed_anew() -> None:
    QuickFinder.invalidate_caches()


@every_row("name", ["json", "json.decoder", "peewee", "desk", "desk.mailboxes.fields", "textual.css.query"])
def test_a_module_is_found_where_python_finds_it(name: str) -> None:
    parent = name.rpartition(".")[0]
    path = list(importlib.import_module(parent).__path__) if parent else None
    found, usual = QuickFinder.find_spec(name, path), PathFinder.find_spec(name, path)
    assert found is not None
    assert usual is not None
    assert (found.name, found.origin, found.cached, found.has_location, found.parent) == (
        *(usual.name, usual.origin, usual.cached, usual.has_location),
        usual.parent,
    )
    assert found.submodule_search_locations == usual.submodule_search_locations
    assert isinstance(found.loader, InspectLoader)
    assert isinstance(usual.loader, InspectLoader)
    code, same = found.loader.get_code(name), usual.loader.get_code(name)
    assert code is not None
    assert same is not None
    assert (code, code.co_filename) == (same, same.co_filename)


def test_what_is_no_source_is_left_to_python(tmp_path: Path) -> None:
    for name in ("space", "folder.py", "both"):
        (tmp_path / name).mkdir()
    for name in ("fast.cpython-311-x86_64-linux-gnu.so", "fast.abi3.so", "fast.so", "fast.py", "both.py"):
        (tmp_path / name).write_text("")
    for name in ("space", "folder", "both", "fast", "nothing"):
        assert QuickFinder.find_spec(name, [str(tmp_path)]) is None, name
    assert QuickFinder.find_spec("json", ["", os.fspath(Path(os.__file__).parent)]) is None
    assert QuickFinder.find_spec("json", [__file__, os.fspath(Path(os.__file__).parent)]) is None


def test_a_module_is_read_as_it_is_now(tmp_path: Path) -> None:
    source = tmp_path / "said.py"
    source.write_text("WORD = 'one'\n")
    assert _word(tmp_path) == "one"  # nothing is compiled yet
    cached = Path(importlib.util.cache_from_source(os.fspath(source)))
    assert cached.exists() != sys.dont_write_bytecode
    py_compile.compile(os.fspath(source))
    assert _word(tmp_path) == "one"
    os.utime(source, (1, 1))
    source.write_text("WORD = 'two'\n")
    os.utime(source, (2**31, 2**31))
    assert _word(tmp_path) == "two"
    source.write_text("WORD = 'three'\n")
    assert _word(tmp_path) == "three"
    py_compile.compile(os.fspath(source), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    assert _word(tmp_path) == "three"
    cached.write_bytes(cached.read_bytes()[:10])
    assert _word(tmp_path) == "three"
    source.unlink()
    assert QuickFinder.find_spec("said", [str(tmp_path)]) is None


def test_a_tree_that_was_moved_names_its_new_place(tmp_path: Path) -> None:
    source = tmp_path / "old" / "said.py"
    source.parent.mkdir()
    source.write_text("WORD = 'one'\n")
    py_compile.compile(os.fspath(source))
    shutil.copytree(source.parent, tmp_path / "new")
    os.utime(tmp_path / "new" / "said.py", ns=(source.stat().st_mtime_ns,) * 2)
    assert _code(tmp_path / "new").co_filename == os.fspath(tmp_path / "new" / "said.py")


def test_it_stands_before_python_s_own_finder_once(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = [each for each in sys.meta_path if each is not QuickFinder]
    monkeypatch.setattr(sys, "meta_path", list(usual))
    monkeypatch.setattr(sys, "pycache_prefix", "/elsewhere")
    quick_imports.look_here_first()
    assert sys.meta_path == usual
    monkeypatch.setattr(sys, "pycache_prefix", None)
    quick_imports.look_here_first()
    quick_imports.look_here_first()
    place = usual.index(PathFinder)
    assert sys.meta_path == [*usual[:place], QuickFinder, *usual[place:]]


def _code(folder: Path) -> CodeType:
    spec = QuickFinder.find_spec("said", [str(folder)])
    assert spec is not None
    assert isinstance(spec.loader, InspectLoader)
    code = spec.loader.get_code("said")
    assert isinstance(code, CodeType)
    return code


def _word(folder: Path) -> str:
    names: dict[str, str] = {}
    exec(_code(folder), names)
    return names["WORD"]
