"""A terminal that may vanish: Textual's own writer dies with it, and the app then waits for it for ever."""

from __future__ import annotations

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver


class SteadyWriter(WriterThread):
    """Goes on taking what is written after the terminal is gone, so that nobody waits for it."""

    def run(self) -> None:
        try:
            super().run()
        except (OSError, ValueError):
            while self._queue.get() is not None:
                pass


class SteadyDriver(LinuxDriver):
    """Textual's driver with a writer that outlives its terminal."""

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is None or self._file is None:
            return
        self._writer_thread.stop()
        self._writer_thread = SteadyWriter(self._file)
        self._writer_thread.start()
