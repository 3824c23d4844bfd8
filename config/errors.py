"""Errors of the configuration floor. Each carries a `hint` for the person and the exit status it means."""

from __future__ import annotations

from typing import ClassVar


class ConfigError(Exception):
    """Configuration that is bad or missing; `problems` holds every complaint, the text is the first."""

    exit_status: ClassVar[int] = 78

    def __init__(self, message: str, hint: str = "", problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.problems = problems or (message,)


class SealBroken(ConfigError):
    """A sealed secret that no key of the key file opens."""


class SecretUnavailable(Exception):
    """A secret whose source (command, variable, credential) does not give it now. Never holds secret text."""

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
