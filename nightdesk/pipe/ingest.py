"""The desk's owner pipes, and no worker is there to take the mail from the spool: do it now."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from config.paths import DeskPaths, Flags, find_desk
from config.remembered import recall, remember
from models.engine import engine
from models.opening import is_elsewhere, look_at, look_at_server, wait_for_store_at_most
from models.transactions import DatabaseFailed

if TYPE_CHECKING:
    from config.settings import Settings
    from desk.home import Desk
    from nightdesk.pipe.call import Call

PATIENCE = 3.0
"""Seconds to wait for whoever writes to the database; the mail is safe, and the MTA waits too."""
STORE_PATIENCE = 6.0
"""Seconds for a request to the object store, of which the first tells whether it hangs. Sieve waits ten."""


def take_in(call: Call, name: str) -> str:
    """Take one mail from the spool into the desk unless a worker will; returns what became of it.

    Raises what the desk raises; the mail is in the spool then, or taken, never both for good. The database
    is left open: closing it would wait for the disk once more, for what one in several calls does for all.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if sys.implementation.name == "cpython":
        # What zstandard takes there anyway, once it has parsed the interpreter's version for 2 ms.
        os.environ.setdefault("PYTHON_ZSTANDARD_IMPORT_POLICY", "cext")
    os.umask(0o077)
    paths, settings = _find(call)
    # Asked without changing anything: an MTA's child does not migrate a desk.
    if paths.server_url:
        schema, program = look_at_server(paths.server_url, paths.shown_database, paths.data)
    else:
        found = look_at(paths.database, PATIENCE)
        schema, program = found.schema, found.program
    if is_elsewhere(schema):
        return "it waits there: the desk was moved, or a move is not finished; nightdesk doctor says more"
    if schema != program:
        return f"it waits there: the database is of version {schema}, this program's is {program}"
    from desk.doors.spool import Spool  # 7 ms, for the spool
    from desk.home import open_desk  # 3 ms, for an open desk

    desk = open_desk(paths, settings)
    if _worker_takes_it(desk):
        return "it waits there for the worker"
    engine().wait_at_most(PATIENCE)
    wait_for_store_at_most(STORE_PATIENCE)
    taken = Spool(desk).take(name)
    if paths.server_url:
        from desk.operations import hosts  # 3 ms, for a desk in PostgreSQL

        with suppress(DatabaseFailed):
            hosts.note_programs(desk)
    if taken is None:
        return "somebody else takes it from there"
    with suppress(DatabaseFailed):
        engine().shorten_log()
    ticket = f", ticket {taken.ticket_number}" if taken.ticket_number else ""
    return f"receipt {taken.receipt_id}: {taken.verdict}{ticket}"


def _worker_takes_it(desk: Desk) -> bool:
    """Whether a worker looks into this host's spool."""
    if desk.paths.server_url:
        from models import hosts  # 1 ms, for a desk in PostgreSQL

        return desk.host in hosts.with_worker()
    from models import leases  # 1.2 ms, for an open desk

    return leases.alive(leases.WORKER)


def _find(call: Call) -> tuple[DeskPaths, Settings]:
    """Return the desk that the spool belongs to, and its settings.

    The configuration need not be read where it was checked before and says nothing about places.
    """
    home = Path(call.spool or "").parent
    if call.config and not call.database:
        paths = DeskPaths(home, Path(call.config))
        known = recall(paths)
        if known is not None and known.home in (None, str(home)) and known.database is None:
            return paths, known
    found = find_desk(Flags(call.config, call.database))
    if found.database_from == "default":
        paths = DeskPaths(home, found.config_file)
    else:
        paths = DeskPaths(
            home, found.config_file, found.database, found.server_url, found.found_by, found.database_from
        )
    return paths, recall(paths) or _loaded(paths)


def _loaded(paths: DeskPaths) -> Settings:
    from config.settings import load  # 59 ms, for an open desk

    settings = load(paths).settings
    remember(paths, settings)
    return settings
