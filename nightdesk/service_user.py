"""A desk of the whole machine: what root makes before the desk itself, for a user that services run as.

All that is shipped for such a desk (units, the file for sshd) names the same user, the same program and the
same places; here they are made to be there. Every step may be repeated.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.errors import ConfigError
from config.files import atomic_write, ensure_dir
from config.paths import ETC, ETC_HOME, HOME_MODE, find_desk
from nightdesk.errors import UsageError
from nightdesk.owner import login_of
from nightdesk.pipe import wrapper

USER = "nightdesk"
PROGRAM = Path("/usr/local/bin/nightdesk")
UNITS = Path("/etc/systemd/system")
SHIPPED_UNITS = Path(__file__).parent / "systemd"
SHIPPED_SSH = Path(__file__).parent / "ssh" / "nightdesk.conf"
_ADMINS_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_RUNNING_SYSTEMD = Path("/run/systemd/system")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was not there before, and what the person should know."""

    made: tuple[Path, ...]
    warnings: tuple[str, ...]


def prepare(environ: Mapping[str, str]) -> Prepared:
    """Make the user, the directories, the program's link and the units of a desk of the whole machine.

    Raises UsageError for anybody but root and where `environ` means another desk; ConfigError when the
    program is where others cannot read it, or the desk's home is somebody else's.
    """
    if os.geteuid() != 0:
        raise UsageError("init --system makes a user and units", "run it as root")
    for name in ("NIGHTDESK_HOME", "NIGHTDESK_DATABASE"):
        if environ.get(name):
            raise UsageError(f"init --system makes the desk of {ETC}, {name} means another", f"unset {name}")
    if closed := wrapper.closed_to_others():
        raise ConfigError(
            f"this program is in {closed}, which other users cannot enter",
            "install it for everybody: pipx install --global, or a virtual environment below /opt",
        )
    made, warnings = _link_program()
    account = _account()
    if not ETC.exists():
        ensure_dir(ETC, 0o755)
        made.append(ETC)
    home = find_desk(environ=environ).home
    if home != ETC_HOME:
        warnings.append(
            f"the units let the desk write to {ETC_HOME} only: systemctl edit --full them for {home}"
        )
    if not home.exists():
        ensure_dir(home, HOME_MODE)
        os.chown(home, account.pw_uid, account.pw_gid)
    elif (owner := home.stat().st_uid) != account.pw_uid:
        raise ConfigError(
            f"{home} belongs to {login_of(owner)}, the units run as {USER}",
            f"if it is to be theirs: chown -R {USER}:{USER} {home}",
        )
    units, odd = _install_units()
    return Prepared((*made, *units), (*warnings, *odd))


def _link_program() -> tuple[list[Path], list[str]]:
    """Have this program be where units and sshd look for it."""
    own = Path(sys.executable).with_name("nightdesk")
    if PROGRAM.exists():
        if own.exists() and own.resolve() != PROGRAM.resolve():
            return [], [f"{PROGRAM}, which the units run, is another installation than {own}"]
        return [], []
    if not own.exists():
        raise ConfigError(
            f"there is no {PROGRAM}, and no {own} to link it to", "install Nightdesk, do not run its source"
        )
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    PROGRAM.unlink(missing_ok=True)  # a link that leads nowhere
    PROGRAM.symlink_to(own)
    return [PROGRAM], []


def _account() -> pwd.struct_passwd:
    """Return the service's user, who is made where there is none: no password, logs in by key alone."""
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        pass
    program = shutil.which("useradd", path=_ADMINS_PATH)
    if program is None:
        raise ConfigError(f"there is no user {USER}, and no useradd to make one", f"make {USER}, then again")
    account = ("--system", "--user-group", "--comment", "Nightdesk", "--password", "*")
    places = ("--home-dir", str(ETC_HOME), "--no-create-home", "--shell", "/bin/sh")
    done = subprocess.run(
        [program, *account, *places, USER], capture_output=True, encoding="utf-8", errors="replace"
    )
    if done.returncode != 0:
        raise ConfigError(f"the user {USER} cannot be made: {done.stderr.strip()}", "make it, then again")
    return pwd.getpwnam(USER)


def _install_units() -> tuple[list[Path], list[str]]:
    """Copy the units to where systemd reads an admin's; one that was changed there stays."""
    made, warnings = [], []
    if not UNITS.is_dir():
        return [], []
    for shipped in sorted(SHIPPED_UNITS.glob("nightdesk-*")):
        unit, wanted = UNITS / shipped.name, shipped.read_bytes()
        if not unit.exists():
            atomic_write(unit, wanted, 0o644)
            made.append(unit)
        elif unit.read_bytes() != wanted:
            warnings.append(f"{unit} is not the unit of this version and stays: remove it, then again")
    if made and _RUNNING_SYSTEMD.is_dir():
        subprocess.run(["systemctl", "daemon-reload"], check=False)
    return made, warnings
