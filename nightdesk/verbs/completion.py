"""`nightdesk completion`: the shell's part of completing verbs and flags with Tab."""

from __future__ import annotations

import click

from nightdesk.exit import Exit

_HINTS = {
    "bash": 'eval "$(nightdesk completion bash)"',
    "zsh": 'eval "$(nightdesk completion zsh)"',
    "fish": "nightdesk completion fish | source",
}


@click.command()
@click.argument("shell", type=click.Choice(tuple(_HINTS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> Exit:
    """Print the completion script for a shell.

    For bash and zsh: eval "$(nightdesk completion bash)"; for fish: nightdesk completion fish | source
    """
    from click.shell_completion import get_completion_class  # 0.6 ms, which no other verb needs

    made = get_completion_class(shell)
    assert made is not None
    values = made(ctx.find_root().command, {}, "nightdesk", "_NIGHTDESK_COMPLETE")
    click.echo(values.source_template % values.source_vars())
    return Exit.DONE
