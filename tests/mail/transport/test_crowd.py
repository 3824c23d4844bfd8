"""Who may stay when there is no room for all."""

from __future__ import annotations

import pytest

from mail.transport.crowd import Crowd, Full


def test_a_peer_that_has_its_share_loses_its_most_silent_connection_and_nobody_else_does() -> None:
    crowd = Crowd[str](10, 3, lambda _: True)
    assert [crowd.enter(f"eve{n}", "eve") for n in range(3)] == [None, None, None]
    assert crowd.enter("ann", "ann") is None
    crowd.heard("eve0")
    assert crowd.enter("eve3", "eve") == "eve1"
    assert len(crowd) == 4


def test_in_a_full_house_who_has_most_makes_room() -> None:
    crowd = Crowd[str](5, 4, lambda _: True)
    for n in range(4):
        crowd.enter(f"eve{n}", "eve")
    crowd.enter("ann", "ann")
    assert crowd.enter("bob", "bob") == "eve0"
    assert crowd.enter("cid", "cid") == "eve1"


def test_nobody_who_works_has_to_go() -> None:
    busy = {"eve0", "eve1"}
    crowd = Crowd[str](3, 2, lambda one: one not in busy)
    for n in range(2):
        crowd.enter(f"eve{n}", "eve")
    with pytest.raises(Full):
        crowd.enter("eve2", "eve")
    assert crowd.enter("ann", "ann") is None
    assert crowd.enter("bob", "bob") == "ann"
    busy.add("bob")
    with pytest.raises(Full):
        crowd.enter("cid", "cid")
    crowd.leave("eve0")
    assert crowd.enter("cid", "cid") is None


def test_a_proxy_speaks_for_many() -> None:
    crowd = Crowd[str](5, 2, lambda _: True)
    assert [crowd.enter(f"p{n}", "proxy", counted=False) for n in range(5)] == [None] * 5
    assert crowd.enter("ann", "ann") == "p0"


def test_who_is_gone_leaves_no_trace() -> None:
    crowd = Crowd[str](5, 2, lambda _: True)
    crowd.enter("ann", "ann")
    for _ in range(2):
        crowd.leave("ann")
        crowd.heard("ann")
    assert len(crowd) == 0
    assert crowd.enter("ann", "ann") is None
