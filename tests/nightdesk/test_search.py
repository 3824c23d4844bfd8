from __future__ import annotations

from tests.support.filled import mail, take_in
from tests.support.program import Program


def test_messages_are_found_newest_first(desk: Program) -> None:
    take_in(desk, [mail(), mail("VPN drops", "The tunnel is on fire.\n"), mail("Smoke again")])
    assert [item["ticket"] for item in desk("search", "smoke", "--json").document] == ["3", "1"]
    assert [item["ticket"] for item in desk("search", "smoke", "-again", "--json").document] == ["1"]
    assert [item["ticket"] for item in desk("search", '"on fire"', "--json").document] == ["2"]
    assert len(desk("search", "smoke", "--limit", "1", "--json").document) == 1
    assert "VPN drops" in desk("search", "tun*").out


def test_any_text_is_a_valid_question(desk: Program) -> None:
    take_in(desk, [mail()])
    for text in ('"', "AND OR NOT", "a:b ^ {x} (", "*", "\x1b[31m", "NEAR("):
        done = desk("search", text, "--json")
        assert (done.status, done.document) == (0, []), text
    assert desk("search").status == 2
