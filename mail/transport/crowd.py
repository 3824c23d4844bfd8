"""Who is connected to a server of ours: one peer cannot keep out the others, nor can all the silent ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


class Full(Exception):
    """There is no room, and nobody who could go."""


class Crowd(Generic[C]):
    """`most` connections, of them `most_of_one` from one peer; `may_go` says who does not work just now.

    Where there is no room, the one who was silent for longest goes: of the same peer when that has too many,
    else of the peer who has most.
    """

    def __init__(self, most: int, most_of_one: int, may_go: Callable[[C], bool]) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._may_go = may_go
        self._of_peer: dict[Hashable, OrderedDict[C, None]] = {}
        self._peers: dict[C, Hashable] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def enter(self, connection: C, peer: Hashable, *, counted: bool = True) -> C | None:
        """Let it in; returns who has to go for it. Raises Full.

        `counted` False: the peer speaks for many (a proxy), so only the whole is limited.
        """
        there = self._of_peer.get(peer, OrderedDict())
        goes: C | None = None
        if counted and len(there) >= self._most_of_one:
            goes = self._silent(there)
        elif len(self._peers) >= self._most:
            crowded = sorted(self._of_peer.values(), key=len, reverse=True)
            goes = next((one for one in map(self._silent, crowded) if one is not None), None)
        else:
            self._add(connection, peer)
            return None
        if goes is None:
            raise Full
        self.leave(goes)
        self._add(connection, peer)
        return goes

    def heard(self, connection: C) -> None:
        """Note that it said something."""
        if connection in self._peers:
            self._of_peer[self._peers[connection]].move_to_end(connection)

    def leave(self, connection: C) -> None:
        """Note that it is gone."""
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        there = self._of_peer[peer]
        del there[connection]
        if not there:
            del self._of_peer[peer]

    def _add(self, connection: C, peer: Hashable) -> None:
        self._peers[connection] = peer
        self._of_peer.setdefault(peer, OrderedDict())[connection] = None

    def _silent(self, there: OrderedDict[C, None]) -> C | None:
        return next((one for one in there if self._may_go(one)), None)
