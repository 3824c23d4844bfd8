"""Slots: who only waits lets others work, and takes part again afterwards."""

from __future__ import annotations

from typing import Any, cast

import pytest

from models.leases import Lease, LeaseLost
from worker.slots import Slots


class _Lease:
    """A lease that is lost when it is renewed."""

    ttl = 0.03

    def renew(self) -> None:
        raise LeaseLost("taken over")


LEASE = cast("Lease", _Lease())


def _is_free(slots: Slots) -> bool:
    try:
        with slots.taken(LEASE):
            return True
    except LeaseLost:
        return False


def test_a_slot_that_is_lent_is_free_for_another_and_taken_again_after_that() -> None:
    slots = Slots(1)
    with slots.taken(LEASE) as slot:
        assert not _is_free(slots)
        with slot.lent(LEASE):
            assert _is_free(slots)
        assert not _is_free(slots)
    assert _is_free(slots)


def test_whoever_fails_while_waiting_leaves_the_slot_to_others() -> None:
    slots = Slots(1)

    def fail() -> Any:
        raise ValueError

    with pytest.raises(ValueError), slots.taken(LEASE) as slot, slot.lent(LEASE):
        fail()
    assert _is_free(slots)
    other = slots.taken(LEASE)
    with pytest.raises(LeaseLost), slots.taken(LEASE) as slot, slot.lent(LEASE):
        other.__enter__()
    assert not _is_free(slots), "the other one has it"
