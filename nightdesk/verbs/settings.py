"""`nightdesk settings`: what the desk decides for itself, kept in its database."""

from __future__ import annotations

import click

from nightdesk.arguments import json_flag, noun
from nightdesk.exit import Exit
from nightdesk.options import Options
from nightdesk.verbs.settings_rekey import rekey

settings = noun("settings", "The desk's own settings.")
settings.add_command(rekey)


@settings.command("list")
@json_flag
@click.pass_obj
def list_settings(options: Options, as_json: bool) -> Exit:
    """List every setting with its value and what it does."""
    from desk import settings as desk_settings
    from nightdesk import output
    from nightdesk.columns import Column
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        lines = desk_settings.entries()
        if as_json:
            output.emit_json([line.to_json() for line in lines])
        else:
            heads: list[Column | str] = ["key", "value", Column("help", flexible=True)]
            output.table(
                heads, [(line.setting.key, line.shown, line.setting.help) for line in lines], desk.zone
            )
    return Exit.DONE


@settings.command("get")
@click.argument("key")
@json_flag
@click.pass_obj
def get_setting(options: Options, key: str, as_json: bool) -> Exit:
    """Print the value of a setting."""
    from desk import settings as desk_settings
    from nightdesk import output
    from nightdesk.context import desk_open

    with desk_open(options):
        setting = desk_settings.lookup(key)
        value = desk_settings.get(key)
    if as_json:
        output.emit_json({"key": key, "value": value})
    else:
        output.line(desk_settings.shown(setting, value))
    return Exit.DONE


@settings.command("set")
@click.argument("key")
@click.argument("value", required=False)
@click.option("--default", "to_default", is_flag=True, help="Back to the default.")
@json_flag
@click.pass_obj
def set_setting(options: Options, key: str, value: str | None, to_default: bool, as_json: bool) -> Exit:
    """Change a setting."""
    from desk import settings as desk_settings
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.context import desk_open
    from nightdesk.errors import UsageError

    if (value is None) != to_default:
        raise UsageError("give a value, or --default", f"nightdesk settings set {key} VALUE")
    with desk_open(options) as desk:
        actor = current_actor(desk)
        setting = desk_settings.lookup(key)
        kept = desk_settings.reset(actor, key) if value is None else desk_settings.set(actor, key, value)
    if as_json:
        output.emit_json({"key": key, "value": kept})
    else:
        output.line(f"{key} = {desk_settings.shown(setting, kept)}")
    return Exit.DONE
