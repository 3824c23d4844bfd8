"""Where the program starts: looks at the arguments before it imports anything heavy."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from nightdesk.exit import Exit
    from nightdesk.options import Options


def main() -> NoReturn:
    """Run the command line and leave with its status."""
    status = run(sys.argv[1:])
    # The last search for garbage is a tenth of a short call, and the system takes all memory back anyway.
    gc.freeze()
    sys.exit(status)


def run(argv: Sequence[str]) -> int:
    """Run one command line; errors become one line on standard error, a traceback only with --debug.

    Returns an `Exit`, or 128 + n when signal n ended the app. `pipe` goes its own way.
    """
    if "pipe" in argv:
        from nightdesk.pipe.call import is_pipe
        from nightdesk.pipe.call import run as pipe

        if is_pipe(argv):
            return pipe(argv)
    from nightdesk.exit import Exit

    try:
        status = _dispatch(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as error:
        return Exit(error.code) if error.code in set(Exit) else Exit.FAILED
    except (Exception, KeyboardInterrupt) as error:
        return _report(error, argv)
    return status


def _dispatch(argv: Sequence[str]) -> int:
    # Looking for plug-ins of pydantic, of which we use none, reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from nightdesk.options import plain_options

    # A shell that completes a line calls the program without arguments: that is for click.
    options = None if "_NIGHTDESK_COMPLETE" in os.environ else plain_options(argv)
    if options is not None:
        return fetch_once(options) if options.fetch_once else open_app(options)
    from nightdesk.cli import cli

    return int(cli.main(list(argv), prog_name="nightdesk", standalone_mode=False) or 0)


def fetch_once(options: Options) -> Exit:
    """Every enabled mailbox once, the outbox, the overdue sweep."""
    from nightdesk.exit import Exit
    from nightdesk.verbs.fetch_once import run as fetch

    return Exit(fetch(options))


def open_app(options: Options) -> int:
    """The Textual app, when there is a terminal to draw it on."""
    need_terminal()
    from nightdesk.verbs.app import run as show

    return show(options)


def need_terminal() -> None:
    """Raise UsageError where the app has nothing to draw on."""
    from nightdesk.errors import UsageError

    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the app needs a terminal, and there is none here",
            "for cron use nightdesk --fetch-once, for scripts a verb (nightdesk --help)",
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise UsageError(
            "the app needs a terminal that can move its cursor; TERM is empty or dumb",
            "set TERM (TERM=xterm-256color), or use a verb or --fetch-once",
        )


def _report(error: BaseException, argv: Sequence[str]) -> Exit:
    from nightdesk.errors import sentence, status_of

    if "--debug" in argv:
        import traceback

        from mail import inert

        sys.stderr.write(inert.guard("".join(traceback.format_exception(error))))
    try:
        sys.stderr.write(f"nightdesk: {sentence(error)}\n")
    except OSError:
        pass
    return status_of(error)


def _reader_left() -> Exit:
    """Whoever read our output is gone (`| head`): no complaint, and none from the interpreter either."""
    from nightdesk.exit import Exit

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stdout.fileno())
    return Exit.FAILED
