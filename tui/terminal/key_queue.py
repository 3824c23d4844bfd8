"""Keys and pastes one after the other, however fast they come.

Textual hands a letter to the focused widget, but a key that is bound comes back through all its parents
first. Of keys that arrive in one packet (type-ahead, a slow line, a paste without brackets) the letters
behind a Tab or a Backspace would be taken before it. Here the next key waits until the one before is done,
and until the desk has answered what that one asked to open: words for an editor that is not there yet must
not become keys of the list below it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.timer import Timer

PATIENCE_SECONDS = 3.0
"""A key whose widget went away while it was pressed is given up after this; the next one is taken.

What a key opens is waited for as long; then the keys behind it are given up.
"""


class KeyTurn(Message):
    """Follows a key on its way through the widgets, then ``again`` what the key had sent the same way.

    When that is back at the app, the key is done.
    """

    def __init__(self, number: int, *, again: bool = False, late: bool = False) -> None:
        super().__init__()
        self.number = number
        self.again = again
        self.late = late


class KeyHold:
    """Keeps keys waiting for something that one of them opens."""

    def __init__(self, end: Callable[[KeyHold, bool], object]) -> None:
        self._end = end

    def opened(self) -> None:
        """Let the keys go on that came meanwhile: what they are for is there."""
        self._end(self, True)

    def failed(self) -> None:
        """Give up the keys that came meanwhile: what they were for is not there, and will not come."""
        self._end(self, False)


class KeyQueue(App[int], inherit_bindings=False):
    """Mixed into an app, so that keys are handled in the order in which they came."""

    _keys_waiting: deque[events.Key | events.Paste]
    _key_number = 0
    _key_under_way = False
    _key_patience: Timer | None = None
    _key_screen: Screen[Any] | None = None
    _key_holds: dict[KeyHold, Timer | None]

    def __init__(self) -> None:
        super().__init__()
        self._keys_waiting = deque()
        self._key_holds = {}

    @property
    def keys_waiting(self) -> bool:
        """Whether a pressed key has not been handled yet."""
        return self._key_under_way or bool(self._keys_waiting)

    def hold_keys(self) -> KeyHold:
        """Let the keys that come from now on wait until the hold is ended, though not for ever."""
        # A timer remembers where it was begun: begun by a screen, it would keep that in memory.
        hold = KeyHold(lambda hold, opened: self.call_later(self._end_hold, hold, opened))
        self._key_holds[hold] = None
        self.call_later(self._begin_patience, hold)
        return hold

    def keys_given_up(self, count: int) -> None:
        """Tell the person that so many keys were not taken: what they were for did not come in time."""

    async def on_event(self, event: events.Event) -> None:
        """Handle a key at once, or queue it behind the one before."""
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self.keys_waiting or self._key_holds:
            self._keys_waiting.append(event)
        else:
            await self._take_key(event)

    async def _take_key(self, event: events.Key | events.Paste) -> None:
        if not self.screen_stack:
            return
        self._key_under_way = True
        self._key_screen = self.screen
        target = self.focused or self.screen
        await super().on_event(event)
        self._await_turn(target)

    def _await_turn(self, target: MessagePump) -> None:
        self._key_under_way = True
        self._key_number += 1
        number = self._key_number
        if not target.post_message(KeyTurn(number)):
            self.post_message(KeyTurn(number))
        if self._key_patience is not None:
            self._key_patience.stop()
        self._key_patience = self.set_timer(
            PATIENCE_SECONDS, lambda: self.post_message(KeyTurn(number, late=True))
        )

    async def on_key_turn(self, turn: KeyTurn) -> None:
        """Take the next key: the one before is done."""
        turn.stop()
        if turn.number != self._key_number or not self._key_under_way or not self.screen_stack:
            return
        if not turn.late and (not turn.again or self.screen is not self._key_screen):
            # Another screen that the key opened first gets its widgets and its focus.
            self._key_screen = self.screen
            if (self.focused or self.screen).post_message(KeyTurn(turn.number, again=True)):
                return
        self._key_under_way = False
        if self._key_patience is not None:
            self._key_patience.stop()
            self._key_patience = None
        if self._keys_waiting and not self._key_holds:
            await self._take_key(self._keys_waiting.popleft())

    def _begin_patience(self, hold: KeyHold) -> None:
        if hold in self._key_holds:
            self._key_holds[hold] = self.set_timer(PATIENCE_SECONDS, lambda: self._give_up(hold))

    def _give_up(self, hold: KeyHold) -> None:
        count = len(self._keys_waiting)
        self._end_hold(hold, False)
        if count:
            self.keys_given_up(count)

    def _end_hold(self, hold: KeyHold, opened: bool) -> None:
        if hold not in self._key_holds:
            return
        if (timer := self._key_holds.pop(hold)) is not None:
            timer.stop()
        if not opened:
            self._keys_waiting.clear()
        if not self._key_holds and not self._key_under_way and self.screen_stack:
            self._await_turn(self.screen)
