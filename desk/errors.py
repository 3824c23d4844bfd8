"""What the desk refuses, each with a hint that says what to do and the exit status it means."""

from __future__ import annotations

from typing import ClassVar

from config.errors import SecretUnavailable

__all__ = ["DeskError", "NotAllowed", "NotFound", "Refused", "SecretUnavailable", "WrongUse"]


class DeskError(Exception):
    """Something a person asked for that the desk does not do; the text is one clean line."""

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NotFound(DeskError):
    """There is no such ticket, receipt, delivery, ..."""


class NotAllowed(DeskError):
    """The acting agent's role does not grant this."""


class Refused(DeskError):
    """It cannot be done in the present state of things: a rule of the desk stands against it."""


class WrongUse(DeskError):
    """An argument that names nothing or does not fit: an unknown mailbox, a bad filter word."""

    exit_status: ClassVar[int] = 2
