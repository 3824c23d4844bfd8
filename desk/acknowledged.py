"""Whom the desk answered by itself lately: a flood of forged senders must not become a flood of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from desk.own_addresses import without_tag
from models.fields import utc_text

if TYPE_CHECKING:
    from desk.rules import DeskRules


LIMITS: Final = ("mail.ack_limit_hour", "mail.ack_limit_domain_hour", "mail.ack_limit_desk_hour")
"""Settings: how much a sender, a domain and everybody get within an hour."""


class AcknowledgedLately:
    """Whom acknowledgements went to within the last hour: a flood of forged senders must not become ours."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._senders: Counter[str] = Counter()
        self._domains: Counter[str] = Counter()
        for address in addresses:
            self.count(address)

    def count(self, address: str) -> None:
        """Note that one more is on its way to this address."""
        self._senders[_sender(address)] += 1
        self._domains[_domain(address)] += 1

    def too_many(self, address: str, rules: DeskRules) -> str:
        """Say why this address gets none now; '' when it may have one. Plus-tags make no second sender."""
        for who, sent, most, setting in (
            (address, self._senders[_sender(address)], rules.acknowledge_per_hour, LIMITS[0]),
            (
                f"the domain {_domain(address)}",
                self._domains[_domain(address)],
                rules.acknowledge_domain_per_hour,
                LIMITS[1],
            ),
            (
                "everybody",
                self._domains.total(),
                rules.acknowledge_desk_per_hour,
                LIMITS[2],
            ),
        ):
            if sent >= most:
                return f"{who} got {sent} within an hour ({setting})"
        return ""


def acknowledged_lately(moment: datetime) -> AcknowledgedLately:
    """Read whom acknowledgements went to within the hour before a moment."""
    from models import deliveries  # 2 ms, for mail that leaves

    return AcknowledgedLately(deliveries.acknowledged_since(utc_text(moment - timedelta(hours=1))))


def _sender(address: str) -> str:
    return without_tag(address.lower())


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
