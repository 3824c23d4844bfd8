"""Who is calling: the address of the peer, or what a trusted proxy says it is."""

from __future__ import annotations

from collections.abc import Sequence

from config.expressions import expression
from desk.staff.api_keys import IPAddress, Network, address_of

_WITH_PORT = expression(r"\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")


def real_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> IPAddress | None:
    """Return the caller's address; None when it cannot be known.

    `forwarded` are the values of X-Forwarded-For, to which each proxy appends who called it. They are read
    from the end, as far as the callers are trusted proxies; what stands before was written by anybody.
    """
    address = address_of(peer)
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    while hops and address is not None and any(address in network for network in trusted):
        address = address_of(_bare(hops.pop()))
    return address


def _bare(hop: str) -> str:
    found = _WITH_PORT.fullmatch(hop)
    return (found[1] or found[2]) if found else hop
