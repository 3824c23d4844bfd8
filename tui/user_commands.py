"""User commands as the app has them: behind its own keys, in help and palette, and offered where they fit."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual.binding import Binding

from config.records import Record
from desk.user_commands.places import files
from tui.commands import Command
from tui.desk_calls import DeskCalls, desk_app

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.user_commands.file import UserCommand

Place = Literal["list", "thread"]

GROUP = "User commands"


class OwnCommands(Record):
    """The user commands of this agent at this desk, and what is wrong with others."""

    commands: Sequence[UserCommand] = ()
    troubles: Sequence[str] = ()

    def of(self, place: Place) -> tuple[Command, ...]:
        """Return those of a place as commands of a screen, which its help and palette list."""
        return tuple(
            Command(
                id=f"user.{index}",
                key=each.key,
                title=each.name,
                help=each.name + (f" (for {each.condition})" if each.condition else ""),
                group=GROUP,
                action=f"user_command('{index}')",
            )
            for index, each in enumerate(self.commands)
            if place in each.where
        )

    def bindings(self) -> list[tuple[str, str]]:
        """Return (key, id of the command); the app has them last, so that its own keys come first."""
        return [
            (key, f"user.{index}") for index, each in enumerate(self.commands) for key in keys_of(each.key)
        ]


def keys_of(key: str) -> list[str]:
    """Return Textual's names of the keys that a file names, by their names or as they are typed."""
    if not key.strip():
        return []
    return [each.key for each in Binding.make_bindings([Binding(key.strip(), "", "")])]


def read_commands(desk: Desk) -> OwnCommands:
    """Read the files of user commands. Blocks."""
    if not any(path.exists() for path, _ in files(desk)):
        return OwnCommands()
    from desk.user_commands import file  # 45 ms, for who has commands of one's own

    found = file.load(desk)
    return OwnCommands(found.commands, tuple(each.text for each in found.troubles))


def offer(node: DeskCalls, number: str, place: Place, message_id: int | None) -> None:
    """List the commands of a place that fit a ticket, and run the one that is picked."""
    from desk.user_commands import calls  # 45 ms
    from tui.widgets.menu import Menu, lettered  # 2 ms

    app = desk_app(node)
    commands = app.user_commands.commands

    def listed(fitting: list[int]) -> None:
        there = [(str(index), commands[index].name) for index in fitting if place in commands[index].where]
        if not there:
            app.flash("No user command fits this ticket")
            return

        def picked(value: str | None) -> None:
            if value is not None:
                begin(node, int(value), number, message_id)

        node.app.push_screen(Menu(f"Run on #{number}", lettered(there)), picked)

    node.in_thread(calls.fitting, commands, app.desk, app.actor, number).before_next_key(
        listed, group="commands"
    )


def begin(node: DeskCalls, index: int, number: str, message_id: int | None) -> None:
    """Run a user command on a ticket; what wants to be asked about first is."""
    app = desk_app(node)
    command = app.user_commands.commands[index]
    if not command.ask:
        _run(node, command, number, message_id)
        return
    from tui.widgets.confirm import Confirm  # 2 ms

    run = functools.partial(_run, node, command, number, message_id)
    node.app.push_screen(Confirm(f"{command.ask} (#{number})"), lambda yes: run() if yes else None)


def _run(node: DeskCalls, command: UserCommand, number: str, message_id: int | None) -> None:
    from desk.user_commands import calls  # 45 ms
    from tui.screens.command_output import CommandOutputScreen  # 4 ms

    app = desk_app(node)
    node.in_thread(calls.prepare, command, app.desk, app.actor, number, message_id).before_next_key(
        lambda run: node.app.push_screen(
            CommandOutputScreen(command.name, run, number, note=command.note, brief=command.output == "line")
        ),
        group="command",
    )
