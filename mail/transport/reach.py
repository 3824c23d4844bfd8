"""Which addresses are of the public internet."""

from __future__ import annotations

import ipaddress


def is_public(address: str) -> bool:
    """Whether an address is of no private network and not of this machine. Raises ValueError for a name."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if mapped is not None:
        found = mapped
    return found.is_global and not found.is_multicast
