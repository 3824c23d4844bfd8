"""The manual page nightdesk(1), made from the command line itself.

Run as ``python -m nightdesk.manual``: it prints the page, which is kept as docs/nightdesk.1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from nightdesk.cli import cli
from nightdesk.verbs import VERBS

_STATUSES = (
    ("0", "Done. For an answer: queued. For doctor: at most warnings."),
    ("1", "The work failed, or a part of it: standard error says which. Also: not found."),
    ("2", "Wrong usage, also an unknown mailbox or department."),
    ("75", "Try again later, for example when the database is locked."),
    ("78", "The configuration is bad or missing, or there is no desk."),
)
_VARIABLES = (
    ("NIGHTDESK_HOME", "The directory of the desk."),
    ("NIGHTDESK_DATABASE", "Its database file."),
    ("NIGHTDESK_AGENT", "The agent who acts, where the desk's owner runs the program."),
    (
        "NIGHTDESK_RESTRICTED",
        "1: the program reaches no file and no command of the desk's owner.",
    ),
    ("SSH_ORIGINAL_COMMAND", "The verb that an agent calls over SSH; sshd sets it with a forced command."),
    ("NIGHTDESK_TRIGGER", "Who calls --fetch-once, for the doctor: cron, timer, http, ssh or hand."),
    ("NIGHTDESK_*", "Any setting of the configuration file, in capitals: NIGHTDESK_TIMEZONE."),
    ("NO_COLOR", "The app shows no colours."),
)
_OVER_SSH = (
    "Behind a forced command (ssh/nightdesk.conf in the package) ssh HOST opens the app, and ssh HOST VERB "
    "runs that verb as the agent of the key: no shell reads its words, the role decides what it may, files "
    "come and go by standard input and output only. "
    f"Verbs there: {', '.join(name for name, verb in VERBS.items() if verb.over_ssh is not None)}."
)
_FILES = (
    ("/etc/nightdesk/config.toml", "The configuration of the machine's desk; it counts for every user."),
    ("~/.config/nightdesk/config.toml", "Without it: the configuration of a user's own desk."),
    ("config.toml", "In the directory that NIGHTDESK_HOME names."),
)


def page() -> str:
    """Return the whole page in man(7)."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield '.TH NIGHTDESK 1 "" "Nightdesk" "User Commands"'
    yield ".SH NAME"
    yield r"nightdesk \- a helpdesk that lives in the terminal"
    yield ".SH SYNOPSIS"
    yield r"\fBnightdesk\fR [\fIOPTIONS\fR] [\fIVERB\fR] ..."
    yield ".SH DESCRIPTION"
    yield _text(
        "Mail that is sent to a support address becomes a ticket; agents work the tickets in the terminal; "
        "answers leave by SMTP. Without a verb the app opens."
    )
    yield ".SH OPTIONS"
    root = click.Context(cli, info_name="nightdesk")
    yield from _options(cli, root)
    yield ".SH VERBS"
    for path, command, context in verbs(cli, root):
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS {_text(path)} {_text(usage)}".rstrip()
        for number, paragraph in enumerate((command.help or "").split("\n\n")):
            if number:
                yield ".PP"
            yield _text(" ".join(paragraph.split()))
        yield from _options(command, context)
    yield ".SH OVER SSH"
    yield _text(_OVER_SSH)
    for title, pairs in (("EXIT STATUS", _STATUSES), ("ENVIRONMENT", _VARIABLES), ("FILES", _FILES)):
        yield f".SH {title}"
        for name, words in pairs:
            yield ".TP"
            yield rf"\fB{_text(name)}\fR"
            yield _text(words)


def verbs(
    group: click.Group, context: click.Context, before: str = ""
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command that does something, with its full name."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        path = f"{before} {name}".strip()
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from verbs(command, inner, path)
        else:
            yield path, command, inner


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or isinstance(parameter, click.Argument) or "--help" in parameter.opts:
            continue
        yield ".TP"
        yield rf"\fB{_text(record[0])}\fR"
        yield _text(record[1]) or r"\&"


def _text(text: str) -> str:
    r"""Return text as roff shows it: no dot or quote is a request, a hyphen can be copied."""
    shown = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{shown}" if shown.startswith((".", "'")) else shown


if __name__ == "__main__":
    sys.stdout.write(page())
