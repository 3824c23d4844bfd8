"""Commands: declared on the action itself; bindings, footer, help and palette are made from these."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import cleandoc
from types import FunctionType
from typing import Any, ClassVar, TypeVar

from textual.binding import Binding

from config.records import Record
from tui.desk_calls import DeskCalls, desk_app
from tui.key_names import key_label

Enabled = Callable[[Any], str | None]
"""Given the screen, returns why a command cannot run now, or None."""
Action = TypeVar("Action", bound=Callable[..., object])


def always(_screen: object) -> None:
    """Return no reason against running the command."""


class Command(Record):
    """One thing a person can do on a screen.

    ``key`` is Textual's name of the key, several separated by commas; ``action`` the name of the
    ``action_...`` method. ``footer`` is the word of the hints in the last line (None: not hinted),
    ``wide`` hints only where the terminal has 100 columns. ``enabled`` is given the screen and returns
    why the command cannot run now, or None.
    """

    id: str
    key: str
    title: str
    help: str
    group: str
    action: str
    footer: str | None = None
    enabled: Enabled = always
    wide: bool = False
    label: str = ""
    free: bool = False
    """Whether it is off in restricted mode, where it is hinted at nowhere."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Textual's names of the keys."""
        return tuple(self.key.split(",")) if self.key else ()

    @property
    def shown_key(self) -> str:
        """The first key as people read it: ``^R``, ``ret``, ``/``."""
        return self.label or (key_label(self.keys[0]) if self.keys else "")

    def bindings(self) -> list[Binding]:
        """Return Textual's bindings of this command; the first has the command's id, for keymaps."""
        return [
            Binding(
                key,
                f"run_command('{self.id}')",
                self.title,
                show=False,
                id=self.id if number == 0 else f"{self.id}.{number}",
            )
            for number, key in enumerate(self.keys)
        ]


class _Declared(Record):
    """What `command` says of an action, before it is known in which class that stands."""

    name: str
    key: str
    title: str
    footer: str | None
    wide: bool
    label: str
    may: str
    enabled: Enabled
    first: bool
    last: bool
    free: bool


_DECLARED = "declared_command"


def command(
    name: str,
    key: str,
    title: str,
    *,
    footer: str | None = None,
    wide: bool = False,
    label: str = "",
    may: str = "",
    enabled: Enabled = always,
    first: bool = False,
    last: bool = False,
    free: bool = False,
) -> Callable[[Action], Action]:
    """Make a method ``action_...`` a command; its docstring is the text of the help.

    ``name`` becomes an id with the `ID_PREFIX` of the class. ``may`` is what the role of the agent has to
    grant, ``enabled`` what else stands against it. Footer and help name the commands in the order of
    their methods, those of base classes before; ``first`` puts one before them all, ``last`` behind them.
    ``free``: it gives the freedom of the desk's host, and is off in restricted mode.
    """

    def declare(action: Action) -> Action:
        action.__dict__[_DECLARED] = _Declared(
            name, key, title, footer, wide, label, may, enabled, first, last, free
        )
        return action

    return declare


def declared_commands(node: type[CommandNode]) -> tuple[Command, ...]:
    """Return the commands that the methods of a class and of its bases declare."""
    first: dict[str, Command] = {}
    others: dict[str, Command] = {}
    last: dict[str, Command] = {}
    for owner in reversed(node.__mro__):
        named = owner if "ID_PREFIX" in vars(owner) else node
        for method, text, declared in _declared_by(owner):
            made = _command(declared, method, text or declared.title, named)
            (first if declared.first else last if declared.last else others)[made.id] = made
    return (*first.values(), *others.values(), *last.values())


@cache
def _declared_by(owner: type) -> list[tuple[str, str | None, _Declared]]:
    """Return what the methods of a class itself declare. Every screen has Textual's own classes as bases."""
    return [
        (method, value.__doc__, value.__dict__[_DECLARED])
        for method, value in vars(owner).items()
        if isinstance(value, FunctionType) and _DECLARED in value.__dict__
    ]


def refused(screen: Any, may: str, refusal: str) -> str | None:
    """Return why the agent may not do what needs this action; `refusal`: where it is for their role."""
    app = desk_app(screen)
    if app.actor.may(may):
        return None
    return "this app is read-only" if app.desk.settings.read_only else refusal


def _command(declared: _Declared, method: str, text: str, named: Any) -> Command:
    enabled, may, refusal = declared.enabled, declared.may, named.REFUSAL

    def allowed(screen: Any) -> str | None:
        if declared.free and desk_app(screen).restricted:
            return "off in restricted mode"
        return enabled(screen) or (refused(screen, may, refusal) if may else None)

    return Command(
        f"{named.ID_PREFIX}.{declared.name}",
        declared.key,
        declared.title,
        " ".join(cleandoc(text).split()),
        named.GROUP,
        method.removeprefix("action_"),
        declared.footer,
        allowed if may or declared.free else enabled,
        declared.wide,
        declared.label,
        declared.free,
    )


def not_typed(each: Command) -> Command | None:
    """Return a command with those of its keys that are no text; None if it has no other."""
    keys = [key for key in each.keys if len(key_label(key)) > 1]
    if keys == list(each.keys):
        return each
    return each._replace(key=",".join(keys), label="") if keys else None


class CommandNode(DeskCalls):
    """A screen, or the app: its commands are the methods that `command` declares."""

    ID_PREFIX: ClassVar[str] = ""
    """How the ids of its commands begin."""
    GROUP: ClassVar[str] = ""
    """Under which heading the help lists them."""
    REFUSAL: ClassVar[str] = "your role does not grant it"
    """Said when the role does not grant what a command needs."""
    KEYS: ClassVar[tuple[Command, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        cls.KEYS = declared_commands(cls)
        cls.BINDINGS = [
            *cls.__dict__.get("BINDINGS", ()),
            *(binding for each in cls.KEYS for binding in each.bindings()),
        ]
        super().__init_subclass__(**options)

    def commands(self) -> tuple[Command, ...]:
        """Return the commands that there are here with the keys they have, for footer, help and palette."""
        own = desk_app(self).key.own
        return tuple(
            each._replace(key=own[each.id], label="") if each.id in own else each for each in self.KEYS
        )

    async def run_command(self, command_id: str) -> bool:
        """Run one command by its id; a disabled one flashes why and runs nothing."""
        found = next((each for each in self.commands() if each.id == command_id), None)
        if found is None:
            return False
        reason = found.enabled(self)
        if reason:
            desk_app(self).flash(f"{found.title}: {reason}", "warning")
            return False
        await self.app.run_action(found.action, self)
        return True

    async def action_run_command(self, command_id: str) -> None:
        """Run a command of the bindings."""
        await self.run_command(command_id)
