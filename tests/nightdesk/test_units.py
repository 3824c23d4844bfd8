"""The systemd units that are shipped are units that systemd understands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import nightdesk

UNITS = sorted((Path(nightdesk.__file__).parent / "systemd").glob("nightdesk-*"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    assert len(UNITS) >= 3
    for unit in UNITS:
        text = unit.read_text().replace("/usr/local/bin/nightdesk", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
