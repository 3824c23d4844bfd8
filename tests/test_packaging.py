"""The wheel is whole: installed in a bare environment it runs from anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _run(*command: str, cwd: Path, **environ: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_runs_in_a_bare_environment_from_another_directory(tmp_path: Path) -> None:
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT), cwd=tmp_path)
    (wheel,) = tmp_path.glob("nightdesk-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "models/migrations/0001_first_desk.py",
        "tui/app.tcss",
        "nightdesk/systemd/nightdesk-worker.service",
    ):
        assert needed in names
    assert [name for name in names if name.endswith("share/doc/nightdesk/docs/oauth2.md")], "hints name it"
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]

    bare = tmp_path / "bare"
    _run(sys.executable, "-m", "venv", str(bare), cwd=tmp_path)
    _run(
        *(str(bare / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("-c", str(ROOT / "constraints.txt"), str(wheel)),
        cwd=tmp_path,
    )
    program = str(bare / "bin" / "nightdesk")
    home = str(tmp_path / "desk")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "config.py").write_text("raise SystemExit('the directory we stand in was imported')")

    assert _run(program, "--version", cwd=elsewhere).startswith("nightdesk ")
    _run(program, "init", cwd=elsewhere, NIGHTDESK_HOME=home)
    assert _run(program, "ticket", "list", "--json", cwd=elsewhere, NIGHTDESK_HOME=home).strip() == "[]"
    assert '"mailboxes": []' in _run(program, "--fetch-once", "--json", cwd=elsewhere, NIGHTDESK_HOME=home)
