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


def main() -> NoReturn:
    """Run the command line and leave with its status."""
    # Modules are no garbage: looking for some while they load is 7 ms of a short call.
    gc.set_threshold(50_000)
    _open_standard_streams()
    status = run(sys.argv[1:])
    # The last search for garbage is a tenth of a short call, and the system takes all memory back anyway.
    gc.freeze()
    sys.exit(status)


def _open_standard_streams() -> None:
    """Give a stream that the caller closed a place to go; a file of the desk would be opened in its stead."""
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            # The lowest free number is this one.
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def run(argv: Sequence[str]) -> int:
    """Run one command line; errors become one line on standard error, a traceback only with --debug.

    Returns an `Exit`, or 128 + n when signal n ended the app. `pipe` goes its own way.
    """
    if "pipe" in argv:
        from nightdesk.pipe.call import is_pipe  # 0.4 ms, for a piped mail
        from nightdesk.pipe.call import run as pipe  # 0.3 ms, for a piped mail

        if is_pipe(argv):
            return pipe(argv)
    from nightdesk.exit import Exit  # 0.2 ms, where it is needed

    try:
        if not argv and "SSH_ORIGINAL_COMMAND" in os.environ:
            from nightdesk.remote_command import requested  # 6 ms, over SSH

            argv = requested(os.environ)
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
    from nightdesk.options import plain_options  # 4 ms, where it is needed

    # A shell that completes a line calls the program without arguments: that is for click.
    options = None if "_NIGHTDESK_COMPLETE" in os.environ else plain_options(argv)
    if options is not None:
        if options.fetch_once:
            from nightdesk import late_imports  # 0.6 ms, for a fetch

            late_imports.put_off(*late_imports.UNUSED_BY_FETCH)
            late_imports.import_peewee()
            late_imports.import_futures()
            from nightdesk.verbs.fetch_once import fetch_once  # 21 ms, for a fetch

            return fetch_once(options)
        from nightdesk.verbs.app import open_app  # 19 ms, for the app

        return open_app(options)
    from nightdesk.cli import cli  # 18 ms, for a verb

    return int(cli.main(list(argv), prog_name="nightdesk", standalone_mode=False) or 0)


def _report(error: BaseException, argv: Sequence[str]) -> Exit:
    from nightdesk.errors import sentence, status_of  # 4 ms, when something fails

    if "--debug" in argv:
        import traceback  # 2 ms, for --debug and faults

        from mail import inert  # 4 ms, for words of others

        sys.stderr.write(inert.guard("".join(traceback.format_exception(error))))
    try:
        sys.stderr.write(f"nightdesk: {sentence(error)}\n")
    except OSError:
        pass
    return status_of(error)


def _reader_left() -> Exit:
    """Be silent when whoever read our output is gone (`| head`), and keep the interpreter silent too."""
    from nightdesk.exit import Exit  # 0.3 ms, where it is needed

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stdout.fileno())
    return Exit.FAILED
