"""`nightdesk settings`: what the desk decides for itself, kept in its database."""

from __future__ import annotations

import click

from config.wording import counted
from nightdesk import output
from nightdesk.arguments import json_flag, noun
from nightdesk.columns import Column
from nightdesk.desk_verb import Result, VerbContext, desk_verb, told
from nightdesk.errors import UsageError
from nightdesk.exit import Exit
from nightdesk.verbs import rules

settings = noun("settings", "The desk's own settings.")
settings.add_command(rules.exporter("setting"))
settings.add_command(rules.importer("setting"))


@settings.command("list")
@desk_verb
def list_settings(context: VerbContext) -> Result:
    """List every setting with its value and what it does."""
    from desk import settings as desk_settings
    from desk.documents import operations as documents

    lines = desk_settings.entries()

    def words() -> None:
        heads: list[Column | str] = [
            "key",
            "value",
            "unit",
            Column("title", spare=1),
            Column("help", flexible=True),
        ]
        rows = [
            (line.setting.key, line.shown, line.setting.unit, line.setting.words, line.setting.help)
            for line in lines
        ]
        output.table(heads, rows, context.zone)

    return Result(lambda: [documents.setting(line) for line in lines], words)


@settings.command("get")
@click.argument("key")
@desk_verb
def get_setting(_context: VerbContext, key: str) -> Result:
    """Print the value of a setting."""
    from desk import settings as desk_settings

    setting = desk_settings.lookup(key)
    value = desk_settings.get(key)
    return told({"key": key, "value": value}, desk_settings.shown(setting, value))


@settings.command("set")
@click.argument("key")
@click.argument("value", required=False)
@click.option("--default", "to_default", is_flag=True, help="Back to the default.")
@json_flag
def set_setting(key: str, value: str | None, to_default: bool, as_json: bool) -> Exit:
    """Change a setting."""
    if (value is None) != to_default:
        raise UsageError("give a value, or --default", f"nightdesk settings set {key} VALUE")
    return _set(as_json, key, value)


@desk_verb
def _set(context: VerbContext, key: str, value: str | None) -> Result:
    from desk import settings as desk_settings

    actor = context.actor
    setting = desk_settings.lookup(key)
    kept = desk_settings.reset(actor, key) if value is None else desk_settings.set(actor, key, value)
    return told({"key": key, "value": kept}, f"{key} = {desk_settings.shown(setting, kept)}")


@settings.command()
@click.option("--keep-old-keys", is_flag=True, help="Leave old keys in the key file, for old backups.")
@click.option("--forget-lost", is_flag=True, help="Empty what no key opens, instead of stopping there.")
@desk_verb
def rekey(context: VerbContext, keep_old_keys: bool, forget_lost: bool) -> Result:
    """Make a new key, and seal every stored password and OAuth2 login with it.

    Backups made before need the key file of their time.
    """
    from desk.documents import operations as documents
    from desk.operations.key_rotation import rekey as change

    done = change(context.desk, context.actor, keep_old=keep_old_keys, forget_lost=forget_lost)
    for name in done.lost:
        output.say(f"forgotten, enter it again: {name}")
    kept = "the old keys are still in it" if done.kept_old else "the old keys are gone"
    return told(
        documents.rekeyed(done),
        f"{counted(done.sealed, 'secret is', 'secrets are')} sealed with a new key: {context.desk.paths.key}",
        f"Copy that file to where you keep the old one; {kept}.",
    )
