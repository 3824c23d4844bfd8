"""A PgBouncer in transaction mode before a PostgreSQL: a connection is lent for one transaction at a time."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

from tests.support.servers.child import Child, free_ports, wait_until
from tests.support.servers.postgresql import Postgresql

_OWNER = "postgres"
_CONFIGURATION = """\
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


class PgBouncer:
    """A running one; two sessions of ours share its few connections."""

    def __init__(self, folder: Path, postgresql: Postgresql) -> None:
        owner = pwd.getpwnam(_OWNER)
        (self.port,) = free_ports(1)
        folder.mkdir(mode=0o755)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        file = folder / "pgbouncer.ini"
        file.write_text(_CONFIGURATION.format(server=postgresql.port, port=self.port), "utf-8")
        file.chmod(0o644)
        self._child = Child(
            [
                *("setpriv", "--reuid", _OWNER, "--regid", str(owner.pw_gid), "--clear-groups"),
                *("/usr/sbin/pgbouncer", str(file)),
            ],
            folder / "log",
        )
        wait_until(self._answers, f"PgBouncer, see {folder / 'log'}")

    def stop(self) -> None:
        """End it."""
        self._child.stop()

    def _answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0
