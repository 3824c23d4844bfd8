"""What SQLite and PostgreSQL do each in its own way, behind one set of functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import peewee

from models import sqlite
from models.database import db


class Engine(Protocol):
    """The functions that `models.sqlite` and `models.postgres.features` both have."""

    AND: str
    OR: str
    AND_NOT: str
    IDS_COME_BACK: bool
    LARGEST_BLOB: int
    FILES: bool

    def change_number(self) -> int:
        """Return a number that differs from the last one when somebody committed since."""
        ...

    def moment(self) -> datetime:
        """Return the time by the clock that all hosts of the desk share, aware, UTC."""
        ...

    def size(self) -> int:
        """Return how many bytes the database takes, without what is kept in files."""
        ...

    def damage(self, most: int = 5) -> list[str]:
        """Return what is wrong with the database's structure, at most so many lines."""
        ...

    def wait_at_most(self, seconds: float) -> None:
        """Let this connection wait so long for another writer before it gives up."""
        ...

    def shorten_log(self) -> None:
        """Take a long log into the database, unless somebody needs it just now."""
        ...

    def compact(self) -> bool:
        """Leave no byte of what was deleted or overwritten in the database's files, as far as it can be.

        Outside of transactions. False: a log still has some, because somebody reads the database just now.
        """
        ...

    def one_said(self, phrases: Sequence[str], column: str | None) -> str:
        """Return the expression that one of some phrases stands in a column, or in the usual ones."""
        ...

    def messages_with(self, expression: str, limit: int | None, before: int | None) -> list[int]:
        """Return the newest messages that match an expression, below one; ``limit`` None is all."""
        ...

    def newest_with(self, expression: str, reach: int) -> peewee.SQL:
        """Return the ids of the newest messages, at most ``reach``, that match an expression."""
        ...

    def index_newer_than(self, message_id: int) -> None:
        """Add all mail that came in after a message to the full-text index."""
        ...

    def words_beginning(self, text: str, reach: int) -> list[str]:
        """Return the words that begin so, those of most messages first."""
        ...

    def search_size(self) -> int:
        """Return how many bytes the full-text index takes."""
        ...

    def listed(self, ids: Sequence[int]) -> peewee.SQL:
        """Return a list of ids to look in, as one value however long it is."""
        ...

    def walked(self, table: type[peewee.Model], alias: str, index: str) -> peewee.SQL:
        """Return a table that is best read along an index."""
        ...

    def read_first(self, few: Any, many: Any, on: Any) -> peewee.Join:
        """Join tables so that the rows of the first are read, and those of the second looked up."""
        ...

    def not_locked(self, query: Any) -> Any:
        """Have a query take its rows for this transaction, and pass over those that another one has."""
        ...

    def reached(self, known: Any, tables: Sequence[Any], column: Any, ways: Sequence[Any]) -> Any:
        """Return a query that goes from what is known to more, over some tables, by each of the ways."""
        ...

    def domain_of(self, address: Any) -> Any:
        """Return what stands behind the @ of an address."""
        ...

    def same_domain(self, address: Any, domain: str) -> Any:
        """Return the condition that an address is of a domain, in whatever case."""
        ...


def engine() -> Engine:
    """Return what is the engine's own of the database in use."""
    handle = db.obj
    own: Engine | None = None if handle is None else handle.engine
    return sqlite if own is None else own
