"""What an agent asks for over SSH, behind a forced command: one verb with its arguments, never a shell.

sshd runs `nightdesk` without arguments and gives the words of ``ssh desk WORDS`` in SSH_ORIGINAL_COMMAND.
"""

from __future__ import annotations

import shlex
from collections.abc import MutableMapping

from nightdesk.errors import UsageError
from nightdesk.options import Options, plain_options
from nightdesk.verbs import VERBS

VARIABLE = "SSH_ORIGINAL_COMMAND"
LONGEST = 65_536
"""Characters of a command; what is longer goes to standard input."""
OPERATORS = frozenset({";", "&", "&&", "|", "||", "<", ">", ">>", "2>"})
TELLING = frozenset({"--help", "-h", "--version"})


def requested(environ: MutableMapping[str, str]) -> list[str]:
    """Return the arguments that the agent of this connection wants, empty for the app.

    From here on the process is in restricted mode: no argument names a file or a command of the desk's owner.
    Raises UsageError for what is no verb, or none that is open here; NotAllowed for an agent whose role does
    not grant it.
    """
    words = _words(environ.pop(VARIABLE, ""))
    if words and words[0] == "nightdesk":
        del words[0]
    if not words:
        return []
    environ["NIGHTDESK_RESTRICTED"] = "1"
    if words[0] in TELLING:
        return words[:1]
    _require_agent(_needed(words))
    return words


def _words(text: str) -> list[str]:
    if len(text) > LONGEST:
        raise UsageError(f"the command has {len(text)} characters", "give long texts on standard input")
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise UsageError("the command has line ends or control characters", "give texts on standard input")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"the command cannot be read: {error}", "close every quotation mark") from None
    if operators := OPERATORS.intersection(words):
        raise UsageError(
            f"'{min(operators)}': there is no shell here", "pipe and redirect on your side of the connection"
        )
    return words


def _needed(words: list[str]) -> str:
    """Return what the agent's role has to grant; empty: any agent may."""
    if words[0].startswith("-"):
        options = plain_options(words)
        if options is None or not options.fetch_once or options.config or options.database or options.debug:
            raise UsageError(
                "over SSH only a verb or --fetch-once is called",
                "the desk is that of this login: ssh HOST VERB",
            )
        return ""
    verb = VERBS.get(words[0])
    if verb is None or verb.over_ssh is None:
        names = ", ".join(name for name, each in VERBS.items() if each.over_ssh is not None)
        raise UsageError(
            "there is no such verb over SSH" if verb is None else f"{words[0]}: not over SSH",
            f"there are {names}; without a verb the app opens",
        )
    return verb.over_ssh


def _require_agent(action: str) -> None:
    from desk.permissions import current_actor, require  # 38 ms, for an open desk
    from nightdesk.context import desk_open  # 14 ms, for an open desk

    with desk_open(Options()) as desk:
        actor = current_actor(desk)
        if action:
            require(actor, action)
