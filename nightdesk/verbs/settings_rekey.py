"""`nightdesk settings rekey`: a new key for stored passwords and tokens."""

from __future__ import annotations

import click

from nightdesk.arguments import json_flag
from nightdesk.exit import Exit
from nightdesk.options import Options


@click.command()
@click.option("--keep-old-keys", is_flag=True, help="Leave old keys in the key file, for old backups.")
@click.option("--forget-lost", is_flag=True, help="Empty what no key opens, instead of stopping there.")
@json_flag
@click.pass_obj
def rekey(options: Options, keep_old_keys: bool, forget_lost: bool, as_json: bool) -> Exit:
    """Make a new key, and seal every stored password and OAuth2 login with it.

    Backups made before need the key file of their time.
    """
    from desk.operations.key_rotation import rekey as change
    from desk.permissions import current_actor
    from nightdesk import output
    from nightdesk.context import desk_open

    with desk_open(options) as desk:
        done = change(desk, current_actor(desk), keep_old=keep_old_keys, forget_lost=forget_lost)
        for name in done.lost:
            output.say(f"forgotten, enter it again: {name}")
        if as_json:
            output.emit_json(done.to_json())
        else:
            output.line(f"{done.sealed} secrets are sealed with a new key in {desk.paths.key}")
            kept = "the old keys are still in it" if done.kept_old else "the old keys are gone"
            output.line(f"Copy that file to where you keep the old one; {kept}.")
    return Exit.DONE
