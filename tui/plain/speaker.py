"""Says what changed between two looks at the screen, in as few lines as tell it."""

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

    def tell(self, line: str) -> None:
        """Say a line that does not stand on the screen, or no longer."""
        if self._open:
            self._open = False
            self._say("")
        self._say(line)

    def _arrive(self, scene: Scene) -> None:
        if scene.title:
            self.tell(scene.title)
        self._several(scene.choices or (() if scene.listed else scene.lines))
        if scene.here:
            self.tell(scene.here)
        if scene.typed:
            self.tell(scene.typed)

    def _change(self, before: Scene, scene: Scene) -> None:
        moved = scene.focus != before.focus
        elsewhere = scene.here != before.here
        typing = scene.typed is not None and not moved
        # A field of one line says itself what is typed; a text and a list say where they are.
        if scene.here and (moved or (elsewhere and (not typing or scene.listed or scene.lined))):
            self.tell(scene.here)
        if typing and elsewhere and scene.lined:
            self.tell(scene.typed or "empty")
        elif typing:
            self._typed(before.typed or "", scene.typed or "")
        elif scene.typed:
            self.tell(scene.typed)
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
            self.tell(now or "empty")

    def _several(self, lines: Sequence[str]) -> None:
        for line in lines[:MOST]:
            self.tell(line)
        if len(lines) > MOST:
            self.tell(f"{len(lines) - MOST} more lines, {self._reads} reads all")


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
