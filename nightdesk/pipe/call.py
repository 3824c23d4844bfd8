"""One call of `nightdesk pipe`, from its arguments to its exit status.

0: the mail is on disk in the spool, or committed. 75, whatever else happened: the MTA keeps it and tries
again. Nothing is ever printed without --verbose: Postfix quotes output to the customer, and Exim with
`return_output` bounces for it. What goes wrong is in the system's log.
"""

from __future__ import annotations

# Importing pathlib takes as long as all the rest.
# ruff: noqa: PTH116
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DONE = 0
TERMINAL = 64
TRY_AGAIN = 75
QMAIL = {DONE: 0, TERMINAL: 100, TRY_AGAIN: 111}
_CHUNK = 65_536
_LARGE = 200_000
"""So many bytes OpenSSL hashes, three times, in the time that it takes to be loaded."""
_OWNERS_ONLY = {"--config", "--database", "--spool", "--remote", "--key-file", "--ca-file"}
"""Flags that name files and places of the desk's owner's choice."""


class Usage(Exception):
    """The arguments make no sense."""


class Call:
    """What the arguments say; `spool` is found where they do not."""

    def __init__(self) -> None:
        self.config: str | None = None
        self.database: str | None = None
        self.to: str | None = None
        self.spool: str | None = None
        self.verbose = False
        self.qmail = False


_VALUES = {"--config": "config", "--database": "database", "--to": "to", "--spool": "spool"}
_FLAGS = {"--verbose": "verbose", "-v": "verbose", "--qmail": "qmail"}


def main(argv: Sequence[str]) -> None:
    """Do what `run` does, for the wrapper; nothing at the interpreter's end can change the status."""
    os._exit(run(argv))


def is_pipe(argv: Sequence[str]) -> bool:
    """Return whether a command line pipes a mail. Options before the verb may be wrong: they are 75 too.

    Who asks for help gets it (from click), but no MTA: there a mail comes in.
    """
    rest = iter(argv)
    for argument in rest:
        if argument in ("--config", "--database"):
            next(rest, None)
        elif not argument.startswith("-"):
            return argument == "pipe" and not ({"--help", "-h"} & set(argv) and not _mail_comes())
    return False


def _mail_comes() -> bool:
    import select  # 0.1 ms, for a piped mail

    return not os.isatty(0) and bool(select.select([0], [], [], 0.2)[0]) and bool(os.read(0, 1))


def run(argv: Sequence[str]) -> int:
    """Take the mail on standard input; `argv` is the whole command line. Returns the exit status."""
    call = Call()
    call.verbose = any(_FLAGS.get(each) == "verbose" for each in argv)
    call.qmail = "--qmail" in argv
    try:
        status = _run(call, argv)
    except BaseException as error:
        _report(call, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        status = TRY_AGAIN
    return QMAIL.get(status, QMAIL[TRY_AGAIN]) if call.qmail else status


def _run(call: Call, argv: Sequence[str]) -> int:
    named = {each.partition("=")[0] for each in argv} & _OWNERS_ONLY
    if named and os.environ.get("NIGHTDESK_RESTRICTED"):
        from config import restricted  # 0.2 ms, for a mail for another desk

        if restricted.by_environment(os.environ):
            raise Usage(f"{', '.join(sorted(named))}: off in restricted mode")
    if any(each.partition("=")[0] == "--remote" for each in argv):
        from nightdesk.pipe import remote  # 31 ms, for a piped mail

        return remote.run(argv, lambda text: _say(call, text), lambda text: _report(call, text))
    _read(call, argv)
    if os.isatty(0):
        if os.isatty(2):
            sys.stderr.write("nightdesk: pipe reads a mail from standard input, not from a terminal\n")
        return TERMINAL
    if call.spool is None:
        from nightdesk.pipe.place import find_spool  # 0.1 ms, for a piped mail

        call.spool = find_spool(call.config, call.database)
    owner = os.stat(call.spool)
    if os.geteuid() == 0 and owner.st_uid != 0:
        from nightdesk.owner import become  # 14 ms, for a piped mail

        become(owner)
    name = _to_spool(call, call.spool)
    _say(call, f"in the spool as {name}")
    if os.geteuid() == owner.st_uid:
        _take_in(call, name)
    return DONE


def _read(call: Call, argv: Sequence[str]) -> None:
    rest = iter(argv)
    verb = False
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in _VALUES:
            given = value if equals else next(rest, None)
            if given is None:
                raise Usage(f"{name} needs a value")
            setattr(call, _VALUES[name], given)
        elif argument in _FLAGS:
            setattr(call, _FLAGS[argument], True)
        elif argument == "pipe" and not verb:
            verb = True
        elif argument != "--debug":
            raise Usage(f"pipe knows no {argument}")


def _to_spool(call: Call, spool: str) -> str:
    from config import spool as spools  # 0.3 ms, for a piped mail
    from nightdesk.pipe import envelope  # 0.3 ms, for a piped mail

    from_line, mail = envelope.split_from_line(_standard_input())
    return spools.write(spool, envelope.facts(call.to, os.environ, from_line), mail)


def _standard_input() -> Iterator[bytes]:
    while chunk := os.read(0, _CHUNK):
        yield chunk


def _take_in(call: Call, name: str) -> None:
    """Make a ticket of what is in the spool now; whatever hinders it, the mail is safe there."""
    try:
        import gc  # 0.1 ms, for a piped mail

        # A tenth of the time would go into looking for garbage among freshly imported modules.
        gc.disable()
        from nightdesk import late_imports  # 1.5 ms with typing, for a piped mail

        late_imports.put_off(*late_imports.UNUSED_BY_PIPE)
        if os.stat(os.path.join(call.spool or "", name)).st_size < _LARGE:  # noqa: PTH118
            late_imports.put_off_openssl()
        late_imports.import_pathlib()
        late_imports.import_peewee()
        from nightdesk.pipe.ingest import take_in  # 39 ms, for a piped mail

        _say(call, take_in(call, name))
    except BaseException as error:
        _report(call, f"the mail waits in the spool: {type(error).__name__}: {error}")


def _report(call: Call, text: str) -> None:
    """Write to the system's log, as mail.warning."""
    text = "".join(each if each.isprintable() else "?" for each in text[:900])
    _say(call, text)
    try:
        import syslog  # 0.2 ms, for a piped mail

        syslog.openlog("nightdesk-pipe", syslog.LOG_PID, syslog.LOG_MAIL)
        syslog.syslog(syslog.LOG_WARNING, text)
    except Exception:  # noqa: S110  (there is nobody left to tell)
        pass


def _say(call: Call, text: str) -> None:
    if not call.verbose:
        return
    try:
        sys.stderr.write(f"nightdesk: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass
