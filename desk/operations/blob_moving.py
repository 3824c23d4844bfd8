"""Bringing stored bytes to where the settings keep them: rows, files, or an object store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desk.permissions import Actor, require
from models import blob_moves
from models.blob_moves import Moved

if TYPE_CHECKING:
    from desk.home import Desk

_AT_ONCE = 64


def move(
    desk: Desk, actor: Actor, origin: str | None = None, tell: Callable[[Moved], None] = lambda _moved: None
) -> Moved:
    """Move all that is elsewhere; ``origin``: the URL of the store that the desk had before.

    It may be broken off and run again, and mail comes in meanwhile. `tell` is given how much it is so far.
    Raises OSError, ConfigError.
    """
    require(actor, "settings.edit")
    store = None
    if origin is not None:
        from models.stores import Store  # 3 ms, for a desk with a store

        store = Store(origin, owner=desk.desk_id)
    total, after = Moved(0, 0, ()), 0
    while step := blob_moves.move_some(after, _AT_ONCE, desk.blob_threshold, store):
        after, some = step
        total = Moved(total.blobs + some.blobs, total.size + some.size, total.damaged + some.damaged)
        tell(total)
    return total
