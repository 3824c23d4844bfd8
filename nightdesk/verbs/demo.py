"""`nightdesk demo`: the app on a living example."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from config.paths import from_home
from nightdesk.arguments import owners_option


@click.command()
@owners_option(
    "--keep",
    metavar="DIRECTORY",
    help="Build it in this new directory, and leave it there.",
)
def demo(keep: str | None) -> int:
    """Open the app on a private desk with a mail server of its own.

    Its mail is really fetched, your answers really leave, and some customers write back. Everything is
    removed at the end.
    """
    from nightdesk import output
    from nightdesk.demo.run import build_demo
    from nightdesk.verbs.app import need_terminal, open_app

    need_terminal()
    with ExitStack() as stack:
        if keep is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nightdesk-demo-")))
        else:
            directory = _new_directory(keep)
        output.say(f"building a desk in {directory} and fetching its mail ...")
        built = stack.enter_context(build_demo(directory))
        status = open_app(built.options)
    if keep is not None:
        output.say(f"the demo's desk stays in {directory}: nightdesk --config {built.options.config} ...")
    return status


def _new_directory(name: str) -> Path:
    from nightdesk.errors import UsageError

    directory = from_home(name).absolute()
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        raise UsageError(f"{name} is already there", "name a directory that does not exist") from None
    return directory
