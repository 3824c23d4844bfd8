"""Keys and pastes one after the other, however fast they come.

Textual hands a letter to the focused widget, but a key that is bound comes back through all its parents
first. Of keys that arrive in one packet (type-ahead, a slow line, a paste without brackets) the letters
behind a Tab or a Backspace would be taken before it. Here the next key waits until the one before is done.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

PATIENCE_SECONDS = 3.0
"""A key whose widget went away while it was pressed is given up after this; the next one is taken."""


class KeyTurn(Message):
    """Follows a key on its way through the widgets; when it is back at the app, the key is done."""

    def __init__(self, number: int, *, late: bool = False) -> None:
        super().__init__()
        self.number = number
        self.late = late


class KeyQueue(App[int], inherit_bindings=False):
    """Mixed into an app, so that keys are handled in the order in which they came."""

    _keys_waiting: deque[events.Key | events.Paste]
    _key_number = 0
    _key_under_way = False
    _key_patience: Timer | None = None
    _key_screen: Screen[Any] | None = None

    def __init__(self) -> None:
        super().__init__()
        self._keys_waiting = deque()

    @property
    def keys_waiting(self) -> bool:
        """Whether a pressed key has not been handled yet."""
        return self._key_under_way or bool(self._keys_waiting)

    async def on_event(self, event: events.Event) -> None:
        """Handle a key at once, or queue it behind the one before."""
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_under_way:
            self._keys_waiting.append(event)
        else:
            await self._take_key(event)

    async def _take_key(self, event: events.Key | events.Paste) -> None:
        if not self.screen_stack:
            return
        self._key_under_way = True
        self._key_number += 1
        self._key_screen = self.screen
        target = self.focused or self.screen
        await super().on_event(event)
        if not target.post_message(KeyTurn(self._key_number)):
            self.post_message(KeyTurn(self._key_number))
        if self._key_patience is not None:
            self._key_patience.stop()
        number = self._key_number
        self._key_patience = self.set_timer(
            PATIENCE_SECONDS, lambda: self.post_message(KeyTurn(number, late=True))
        )

    async def on_key_turn(self, turn: KeyTurn) -> None:
        """Take the next key: the one before is done."""
        turn.stop()
        if turn.number != self._key_number or not self._key_under_way or not self.screen_stack:
            return
        if self.screen is not self._key_screen and not turn.late:
            # The key opened another screen: it first gets its widgets and its focus.
            self._key_screen = self.screen
            if self.screen.post_message(KeyTurn(turn.number)):
                return
        self._key_under_way = False
        if self._key_patience is not None:
            self._key_patience.stop()
            self._key_patience = None
        if self._keys_waiting:
            await self._take_key(self._keys_waiting.popleft())
