"""The click group above all verbs; a verb's module is imported when that verb is called."""

from __future__ import annotations

import importlib
from typing import cast

import click

from nightdesk.options import Options
from nightdesk.verbs import VERBS


class LazyGroup(click.Group):
    """Knows its verbs from a table, so that help and errors import none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the table's order."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb `cmd_name`; None when there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name].target.partition(":")
        return cast("click.Command", getattr(importlib.import_module(module), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb as click does, and name the nearest one for a verb that does not exist."""
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            raise click.NoSuchCommand(name, possibilities=list(VERBS), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with the table's one-line texts."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])


def _print_version(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version  # 20 ms, for the version

        try:
            click.echo(f"nightdesk {version('nightdesk')}")
        except PackageNotFoundError:
            click.echo("nightdesk, not installed: run from its source tree")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)
@click.option("--config", metavar="FILE", help="The desk that this configuration file describes.")
@click.option("--database", metavar="URL", help="The desk with this database (SQLite file or URL).")
@click.option("--fetch-once", is_flag=True, help="Fetch every mailbox once, send the outbox, then exit.")
@click.option(
    "--mailbox", "mailboxes", metavar="ADDR", multiple=True, help="With --fetch-once: only this one."
)
@click.option(
    "--json", "as_json", is_flag=True, help="With --fetch-once: one JSON document on standard output."
)
@click.option("--plain", is_flag=True, help="The app in lines, for screen readers and braille.")
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(
    ctx: click.Context,
    config: str | None,
    database: str | None,
    fetch_once: bool,
    mailboxes: tuple[str, ...],
    as_json: bool,
    plain: bool,
    debug: bool,
) -> int | None:
    """A helpdesk that lives in the terminal. Without a verb: the app."""  # noqa: D401 - it is the help
    options = Options(config, database, debug, fetch_once, mailboxes, as_json, plain)
    ctx.obj = options
    if ctx.invoked_subcommand is not None:
        if fetch_once:
            raise click.UsageError("--fetch-once takes no verb", ctx)
        if mailboxes or as_json:
            raise click.UsageError("--mailbox and --json stand before a verb only with --fetch-once", ctx)
        if plain:
            raise click.UsageError("--plain is of the app: it takes no verb", ctx)
        return None
    if fetch_once and plain:
        raise click.UsageError("--plain is of the app, and --fetch-once shows none", ctx)
    if fetch_once:
        from nightdesk.verbs.fetch_once import fetch_once as fetch  # 10 ms, for a fetch

        return fetch(options)
    if mailboxes or as_json:
        raise click.UsageError("--mailbox and --json need --fetch-once or a verb", ctx)
    from nightdesk.verbs.app import open_app  # 10 ms, for the app

    return open_app(options)
