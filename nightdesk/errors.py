"""From an exception to one line for the person and an exit status.

Errors of every floor are known by what they carry: `exit_status` and `hint`. So nothing heavy is imported
here to recognise them.
"""

from __future__ import annotations

import errno

from mail import inert
from nightdesk.exit import Exit

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class UsageError(Exception):
    """Wrong usage that only the verb can see, such as an unknown `--mailbox`."""

    exit_status = int(Exit.USAGE)

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Failed(Exception):
    """The work failed or the thing was not found; the message says what, the hint what to do."""

    exit_status = int(Exit.FAILED)

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def status_of(error: BaseException) -> Exit:
    """Return the exit status that `error` means."""
    status = getattr(error, "exit_status", None)
    if isinstance(status, int):
        return Exit(status)
    if _is_click(error):
        return Exit.USAGE if getattr(error, "exit_code", 1) == int(Exit.USAGE) else Exit.FAILED
    if _is_database(error):
        from models.errors import may_pass  # 3 ms, when something fails

        if may_pass(error):
            return Exit.TRY_AGAIN
        text = str(error)
        if "not a database" in text or "malformed" in text or "unable to open" in text:
            return Exit.CONFIG
    return Exit.FAILED


def sentence(error: BaseException) -> str:
    """Return one clean line that says what happened and, behind a dash, what to do."""
    message, hint = _words(error)
    message = inert.one_line(message).strip().rstrip(".")
    hint = inert.one_line(hint).strip().rstrip(".")
    return inert.guard(f"{message} - {hint}" if hint else message)


def _words(error: BaseException) -> tuple[str, str]:
    if hasattr(error, "hint") and not _is_click(error):
        return str(error), str(error.hint)
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        return "interrupted", ""
    if _is_click(error):
        return _click_words(error)
    if _is_database(error):
        from models.errors import explain  # 3 ms, when something fails

        return explain(error)
    if isinstance(error, OSError):
        return _system_words(error)
    return (
        f"internal error: {type(error).__name__}: {error}",
        "run it again with --debug and report what it prints",
    )


def _is_click(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] == "click"


def _is_database(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ("peewee", "sqlite3")


def _click_words(error: BaseException) -> tuple[str, str]:
    context = getattr(error, "ctx", None)
    words = error.format_message() if hasattr(error, "format_message") else str(error)
    words = words[:1].lower() + words[1:]
    if context is None or getattr(error, "exit_code", 1) != int(Exit.USAGE):
        return words, ""
    return words, f"see {context.command_path} --help"


def _system_words(error: OSError) -> tuple[str, str]:
    reason = error.strerror or str(error) or type(error).__name__
    place = f"{error.filename}: " if error.filename else ""
    if error.errno in _NO_ROOM:
        return f"{place}{reason.lower()}", "make room and run it again"
    if error.errno == errno.EROFS:
        return (
            f"{place}{reason.lower()}",
            "see why it cannot be written (mount, dmesg), or name another place",
        )
    if isinstance(error, PermissionError):
        return f"{place}{reason.lower()}", "run as the desk's owner, or check the file's mode"
    if isinstance(error, FileNotFoundError):
        return f"{place}{reason.lower()}", "check the path"
    return f"{place}{reason.lower()}", ""
