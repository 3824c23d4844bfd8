"""Search finds the words one typed, the newest first, and takes any text for a question."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from desk.home import Desk
from desk.permissions import Actor
from desk.queries.snippets import MARK_BEGIN, MARK_END
from desk.replies import reply
from desk.tickets.search import search
from tests.support.workbench import make_ticket


@pytest.fixture
def corpus(desk: Desk, ana: Actor) -> dict[str, str]:
    """Some tickets; the values are their numbers."""
    found = {
        "vpn": make_ticket(
            "VPN drops", "The tunnel über Frankfurt drops every 30 minutes, see C:\\logs\\vpn_old"
        ),
        "printer": make_ticket("Printer", "Paper jam; error-code E-42 <printer@floor.example>"),
        "both": make_ticket("Printing over VPN", "jammed tunnel 'quoted' \"double\" 100% (really)"),
    }
    reply.add_note(ana, found["printer"].number, "toner ordered, tunnel vision")
    return {name: ticket.number for name, ticket in found.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tunnel", ["printer", "both", "vpn"]),
        ("TUNNEL drops", ["vpn"]),
        ("uber", ["vpn"]),
        ("vpn", ["both", "vpn"]),
        ("print*", ["both", "printer"]),
        ("pr*", []),
        ("vpn*", ["both", "vpn"]),
        ('"paper jam"', ["printer"]),
        ('"jam paper"', []),
        ("tunnel -drops", ["printer", "both"]),
        ("tunnel -drops -toner", ["both"]),
        ("E-42", ["printer"]),
        ("printer@floor.example", ["printer"]),
        ("C:\\logs\\vpn_old", ["vpn"]),
        ("100%", ["both"]),
        ("-tunnel", []),
        ("", []),
        ("!!! ???", []),
        ('"', []),
        ("tunnel !!!", ["printer", "both", "vpn"]),
        ("AND OR NOT", []),
        ("subject:vpn", ["both", "vpn"]),
    ],
)
def test_a_search_finds_exactly_newest_first(corpus: dict[str, str], text: str, expected: list[str]) -> None:
    assert [hit.number for hit in search(text)] == [corpus[name] for name in expected]


def test_a_hit_shows_where_it_is(corpus: dict[str, str]) -> None:
    (hit,) = search("toner")
    assert (hit.kind, hit.sender, hit.subject) == ("note", "Ana", "Printer")
    assert hit.snippet == "toner ordered, tunnel vision"
    assert hit.marked == f"{MARK_BEGIN}toner{MARK_END} ordered, tunnel vision"


def test_pages_of_hits_follow_each_other(corpus: dict[str, str]) -> None:
    first = search("tunnel", limit=2)
    second = search("tunnel", limit=2, before=first[-1].message_id)
    assert [hit.number for hit in (*first, *second)] == [hit.number for hit in search("tunnel")]
    assert len(search("tunnel", limit=0)) == 3


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some.text(
        alphabet=some.one_of(some.characters(), some.sampled_from("\"'*()-+^:{}ANDORNOT ")), max_size=40
    )
)
def test_any_text_is_a_valid_question(corpus: dict[str, str], text: str) -> None:
    assert isinstance(search(text), list)


def test_a_very_long_question_is_answered_too(corpus: dict[str, str]) -> None:
    assert search("tunnel " * 5000)
    assert search("(" * 5000 + "tunnel" + '"' * 4999) is not None
