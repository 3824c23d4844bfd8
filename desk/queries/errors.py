"""What is wrong with a query, and where."""

from __future__ import annotations

from desk.errors import WrongUse


class QueryError(WrongUse):
    """A query that cannot be read, or names what is not there; `position` counts characters from 0."""

    def __init__(self, message: str, hint: str, position: int = 0) -> None:
        super().__init__(message, hint)
        self.position = position


class UnknownField(QueryError):
    """There is no field of that name."""


class BadValue(QueryError):
    """A field cannot be compared with this."""


class UnknownName(QueryError):
    """A value that is to name an agent, a mailbox, ... and names none, or several."""


class NotClosed(QueryError):
    """A bracket that is opened and not closed, or an OR with nothing on one side."""


class TooMuch(QueryError):
    """More words, conditions or brackets than a query may have."""
