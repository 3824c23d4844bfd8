"""What SQLite and PostgreSQL each do in their own way, behind one set of functions."""

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

    def new_ids(self, tables: Sequence[str], rows: int) -> dict[str, list[int]]:
        """Return ids for new rows of these tables; {} where asking for them in advance gains nothing."""
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
        """Let this connection wait at most so long for another writer."""
        ...

    def shorten_log(self) -> None:
        """Write a long log back into the database, unless somebody is reading it just now."""
        ...

    def compact(self) -> bool:
        """Leave no byte of what was deleted or overwritten in the database's files, as far as it can be.

        Outside of transactions. False: a log still has some, because somebody reads the database just now.
        """
        ...

    def one_said(self, phrases: Sequence[str], column: str | None) -> str:
        """Return the expression that a column, or the usual ones, has at least one of some phrases."""
        ...

    def messages_with(self, expression: str, limit: int | None, before: int | None) -> list[int]:
        """Return the newest messages that match an expression, with ids below one; ``limit`` None is all."""
        ...

    def among_newest(self, message_id: Any, expression: str, reach: int) -> Any:
        """Return the condition that a message is of the newest ``reach`` that an expression finds."""
        ...

    def index_newer_than(self, message_id: int) -> None:
        """Add all mail that came in after a message to the full-text index."""
        ...

    def words_beginning(self, text: str, reach: int) -> list[str]:
        """Return the words with this beginning, those in most messages first."""
        ...

    def search_size(self) -> int:
        """Return how many bytes the full-text index takes."""
        ...

    def listed(self, ids: Sequence[int]) -> peewee.SQL:
        """Return a list of ids to look up in, passed as one value however long it is."""
        ...

    def walked(self, table: type[peewee.Model], alias: str, index: str) -> peewee.SQL:
        """Return a table that is best read in the order of an index."""
        ...

    def in_one_text(self, column: Any, between: Any) -> Any:
        """Return the texts of a column as one, in one order for all columns."""
        ...

    def walked_by_id(self, table: type[peewee.Model], alias: str) -> peewee.SQL:
        """Return a table that is best read by its rows' ids."""
        ...

    def collected(self, ids: Any) -> Any:
        """Return a query for the same ids, which are found before anything is asked of them."""
        ...

    def read_first(self, few: Any, many: Any, on: Any) -> peewee.Join:
        """Join tables so that the rows of the first are read, and those of the second looked up."""
        ...

    def missing(self, ids: Any, others: Any, *, descending: bool) -> Any:
        """Return the query for the ids of a query that another one has not, in their order."""
        ...

    def found_once(self, listed: Any) -> Any:
        """Make the condition that something is in a query's answer run that query once, not for every row."""
        ...

    def not_locked(self, query: Any) -> Any:
        """Make a query lock its rows for this transaction, and skip those that another one has locked."""
        ...

    def reached(self, known: Any, tables: Sequence[Any], column: Any, ways: Sequence[Any]) -> Any:
        """Return a recursive query from known rows to those they lead to, through each of these tables."""
        ...

    def domain_of(self, address: Any) -> Any:
        """Return the part of an address after the @."""
        ...

    def whatever_case(self, text: Any) -> Any:
        """Return a text that is compared as names are: regardless of case."""
        ...

    def same_domain(self, address: Any, domain: str) -> Any:
        """Return the condition that an address is of a domain, in whatever case."""
        ...

    def count_on(self, tables: Sequence[str]) -> None:
        """Make new rows get ids above those of rows that were written with their own."""
        ...


def engine() -> Engine:
    """Return the functions of the engine in use."""
    handle = db.obj
    own: Engine | None = None if handle is None else handle.engine
    return sqlite if own is None else own
