"""Says what changed between two looks at the screen, in as few lines as possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tui.plain.scene import Scene

MOST = 40
"""Lines that are said at once; the key that reads the screen says all."""
LOUD = ("!", "[!]")
"""How lines begin that are said to who types, too."""


class Speaker:
    """Knows what was said. `say` writes a line, `echo` what is typed; `reads` is the key for all of it."""

    def __init__(self, say: Callable[[str], None], echo: Callable[[str], None], reads: str) -> None:
        self._say = say
        self._echo = echo
        self._reads = reads
        self._before: Scene | None = None
        self._open = False
        """Whether a line was begun by what is typed."""

    def look(self, scene: Scene) -> None:
        """Say what is new since the last look."""
        before, self._before = self._before, scene
        if before is None or before.screen != scene.screen:
            self._arrive(scene)
        elif before != scene:
            self._change(before, scene)

    def say(self, line: str) -> None:
        """Say a line that is not, or no longer, on the screen."""
        if self._open:
            self._open = False
            self._say("")
        self._say(line)

    def _arrive(self, scene: Scene) -> None:
        for words in (scene.title, scene.place):
            if words:
                self.say(words)
        self._several(scene.choices or (() if scene.listed else scene.lines))
        if scene.here:
            self.say(scene.here)
        if scene.typed:
            self.say(scene.typed)
        if scene.help:
            self.say(scene.help)

    def _change(self, before: Scene, scene: Scene) -> None:
        moved = scene.focus != before.focus
        elsewhere = scene.here != before.here
        typing = scene.typed is not None and not moved
        if scene.place != before.place and scene.place:
            self.say(scene.place)
        # A field of one line says itself what is typed; a text and a list say where they are.
        if scene.here and (moved or (elsewhere and (not typing or scene.listed or scene.lined))):
            self.say(scene.here)
        if typing and elsewhere and scene.lined:
            self.say(scene.typed or "empty")
        elif typing:
            self._typed(before.typed or "", scene.typed or "")
        elif scene.typed:
            self.say(scene.typed)
        if moved and scene.help:
            self.say(scene.help)
        if scene.listed or scene.choices:
            return
        fresh = _new((*before.lines, *before.field), scene.lines)
        # Who types is told of what is wrong, and of nothing else.
        self._several([line for line in fresh if line.startswith(LOUD)] if typing else fresh)

    def _typed(self, before: str, now: str) -> None:
        """Echo what was put in; where something was taken away, say the line as it is now."""
        start = _same(before, now)
        end = min(_same(before[::-1], now[::-1]), len(before) - start)
        if end == len(before) - start:
            self._echo(now[start : len(now) - end])
            self._open = self._open or now != before
        elif now != before:
            self.say(now or "empty")

    def _several(self, lines: Sequence[str]) -> None:
        for line in lines[:MOST]:
            self.say(line)
        if len(lines) > MOST:
            self.say(f"{len(lines) - MOST} more lines, {self._reads} reads all")


def _new(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return the lines that were not there before, in their order."""
    left = Counter(before)
    found = []
    for line in now:
        if left[line]:
            left[line] -= 1
        else:
            found.append(line)
    return found


def _same(one: str, two: str) -> int:
    """Return how many characters both begin with."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(two)))
