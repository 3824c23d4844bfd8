"""A run of a program in `hooks/`: the event's JSON on standard input, no shell, a clean environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desk.calls import hooks
from desk.operations.hook_files import refusal
from desk.user_commands.running import Run

if TYPE_CHECKING:
    from desk.home import Desk
    from models.listeners import DueCall

_LINES: Final = 20
_LONGEST: Final = 2_000


def make(desk: Desk, call: DueCall) -> tuple[bool, int | None, str]:
    """Run the program of an event; returns whether it ended well, its status, and how it ended.

    The first lines that it said follow in lines of their own.
    """
    path = hooks.program(desk, call.event)
    if path is None:
        return False, None, "not run: it is gone"
    refused = refusal(desk, path)
    if refused:
        return False, None, f"not run: {refused}"
    environment = hooks.environment(desk, call.event, call.delivery)
    run = Run([str(path)], call.body.encode() + b"\n", environment, hooks.SECONDS, desk.paths.hooks)
    outcome = run.wait()
    said = "\n".join(outcome.text.splitlines()[:_LINES])[:_LONGEST]
    good = outcome.status == 0 and outcome.ended == "itself"
    return good, outcome.status, f"{path.name}: {outcome.words}\n{said}".strip()
