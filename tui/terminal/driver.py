"""A terminal that may vanish, on a connection that may split what it sends."""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.terminal.calls import GIVE_TITLE_BACK, KEEP_TITLE, title
from tui.terminal.columns import steadied
from tui.terminal.pastes import Pasted, PasteReader

READ_BYTES = 65_536
TICK_SECONDS = 0.1


class SteadyWriter(WriterThread):
    """Goes on taking what is written after the terminal is gone, so that nobody waits for it.

    Textual's own writer dies with the terminal, and the app then waits for it for ever.
    """

    def run(self) -> None:
        """Write until the terminal is gone, then throw away."""
        try:
            super().run()
        except (OSError, ValueError):
            while self._queue.get() is not None:
                pass


class InputParser(XTermParser):
    """Textual's parser of keys, which never gets to see a paste."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pastes = PasteReader(constants.ESCAPE_DELAY)

    def feed(self, data: str) -> Iterable[Message]:
        """Turn what was read into messages; an empty text is the end."""
        if not data:
            yield from super().feed(data)
        else:
            yield from self._messages(self._pastes.feed(data))

    def tick(self) -> Iterable[Message]:
        """Turn pending input into messages once nothing more is expected."""
        yield from self._messages(self._pastes.tick())
        yield from super().tick()

    def _messages(self, parts: Iterator[str | Pasted]) -> Iterator[Message]:
        for part in parts:
            if isinstance(part, Pasted):
                yield events.Paste(part.text)
            elif part == "\x1b" and self._timeout_time is None:
                # It was waited for what may follow; Textual would wait once more.
                yield events.Key("escape", "\x1b")
            else:
                yield from super().feed(part)


class SteadyDriver(LinuxDriver):
    """Textual's driver with a writer that outlives its terminal and with pastes that always end.

    The terminal has its own title back whenever the app gives it away.
    """

    _title = ""

    def start_application_mode(self) -> None:
        """Take over the terminal."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is None or self._file is None:
            return
        self._writer_thread.stop()
        self._writer_thread = SteadyWriter(self._file)
        self._writer_thread.start()
        if self._title:
            self.write(KEEP_TITLE + title(self._title))

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        if self._title:
            self.write(GIVE_TITLE_BACK)
        super().stop_application_mode()

    def write(self, data: str) -> None:
        """Write what is painted, with its columns kept in line."""
        super().write(steadied(data))

    @property
    def titled(self) -> bool:
        """Whether the terminal has a title of the app's."""
        return bool(self._title)

    def set_title(self, text: str) -> None:
        """Make `text` the terminal's title; empty restores the former one."""
        if text != self._title:
            kept = "" if self._title else KEEP_TITLE
            self.write(kept + title(text) if text else GIVE_TITLE_BACK)
            self._title = text

    def run_input_thread(self) -> None:
        """Read what the terminal sends until the app ends."""
        parser = InputParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(TICK_SECONDS):
                    try:
                        data = os.read(self.fileno, READ_BYTES)
                    except OSError:
                        data = b""
                    if not data:
                        # The terminal is gone; the app looks for that itself, and asking again would spin.
                        return
                    if text := decode(data):
                        for message in parser.feed(text):
                            self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
