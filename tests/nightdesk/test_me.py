"""`nightdesk me`, and what is told to who gives a ticket to somebody who is away."""

from __future__ import annotations

import json

from tests.support.filled import mail, take_in
from tests.support.program import Program


def test_an_agent_goes_away_and_comes_back(desk: Program) -> None:
    take_in(desk, [mail()])
    for login in ("kim", "jo"):
        assert desk("agent", "add", login).status == 0
    said = desk("me", "away", "--until", "2199-01-01", "--stand-in", "jo", "--json", NIGHTDESK_AGENT="kim")
    assert said.status == 0, said.err
    assert (said.document["away"], said.document["stand_in"]) == (True, "jo")
    given = desk("ticket", "assign", "1", "kim")
    assert given.status == 0
    assert "kim is away until 2199-01-01, jo stands in" in given.err
    assert "away" not in desk("ticket", "assign", "1", "jo").err
    assert "2199-01-01" in desk("me", "show", NIGHTDESK_AGENT="kim").out
    assert desk("me", "away", "--until", "soon", NIGHTDESK_AGENT="kim").status == 2
    back = desk("me", "back", "--json", NIGHTDESK_AGENT="kim")
    assert (back.document["away"], back.document["away_until"]) == (False, None)
    changed = json.loads(desk("agent", "edit", "kim", "--away-from", "2199-02-01", "--json").out)
    assert (changed["away"], changed["away_from"]) == (False, "2199-01-31T23:00:00Z")
