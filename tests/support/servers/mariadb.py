"""A MariaDB of the test's own, reached by a socket in its directory."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.servers.child import Child, ServerTrouble, wait_until

SERVER = "/usr/sbin/mariadbd"


class MariaDb:
    """Starts at once, with the rows of an osTicket in it if `fill` is called; `url` is for the import."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(parents=True)
        home.chmod(0o755)
        for part in ("data", "run", "tmp"):
            (home / part).mkdir()
            shutil.chown(home / part, "mysql", "mysql")
        self.socket = home / "run" / "db"
        made = subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={home / 'data'}"),
                *(f"--tmpdir={home / 'tmp'}", "--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise ServerTrouble(f"MariaDB could not be set up: {made.stderr or made.stdout}")
        self._child = Child(
            [
                *(SERVER, "--no-defaults", "--user=mysql", f"--datadir={home / 'data'}"),
                f"--tmpdir={home / 'tmp'}",
                *(f"--socket={self.socket}", "--skip-networking", "--innodb-flush-log-at-trx-commit=0"),
                *("--innodb-buffer-pool-size=16M", "--max-allowed-packet=64M"),
            ],
            home / "log",
        )
        wait_until(self._answers, "MariaDB", 60)

    def url(self, database: str, user: str = "root") -> str:
        """Return the address of a database as the import takes it."""
        return f"mysql://{user}@localhost/{database}?socket={self.socket}"

    def run(self, sql: str, database: str = "") -> str:
        """Run statements as its root."""
        command = ["mariadb", f"--socket={self.socket}", "-uroot", "--default-character-set=utf8mb4", "-N"]
        command += [database] if database else []
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerTrouble(done.stderr)
        return done.stdout

    def dump(self, database: str, to: Path) -> Path:
        """Write a dump of a database, as an admin makes one."""
        with to.open("wb") as file:
            subprocess.run(
                ["mariadb-dump", f"--socket={self.socket}", "-uroot", "--hex-blob", database],
                stdout=file,
                check=True,
            )
        return to

    def stop(self) -> None:
        """End it."""
        self._child.stop()

    def _answers(self) -> bool:
        try:
            return self.run("SELECT 1").strip() == "1"
        except ServerTrouble:
            return False
