"""Search finds the words one typed, the newest first, and takes any text for a question."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from desk.home import Desk
from desk.permissions import Actor
from desk.queries.snippets import MARK_BEGIN, MARK_END
from desk.replies import reply
from desk.tickets import changes
from desk.tickets.search import answer, completions, search
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


@settings(max_examples=130)
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


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        ("プリンター", "受付の[プリンター]が動かない。至急お願いします。"),
        ("動かない", "受付のプリンターが[動かない]。至急お願いします。"),
        ("HP2000", "机型[HP2000]打印机坏了"),
        ("打印机", "机型HP2000[打印机]坏了"),
        ("พิมพ์", "เครื่อง[พิมพ์]เสีย"),
        ("프린터", "[프린터]가 고장났어요"),
        ("ﾌﾟﾘﾝﾀｰ", "受付の[プリンター]が動かない。至急お願いします。"),
    ],
)
def test_words_without_blanks_between_them_are_found_and_marked(desk: Desk, text: str, snippet: str) -> None:
    for words in (
        "受付のプリンターが動かない。至急お願いします。",
        "机型HP2000打印机坏了",
        "เครื่องพิมพ์เสีย",
        "프린터가 고장났어요",
    ):
        make_ticket("-", words)
    (hit,) = search(text)
    assert hit.marked.replace(MARK_BEGIN, "[").replace(MARK_END, "]") == snippet


def test_conditions_of_the_ticket_narrow_what_is_found(corpus: dict[str, str], ana: Actor) -> None:
    changes.add_tags(ana, [corpus["vpn"]], ["old"])
    changes.set_status(ana, [corpus["vpn"]], "closed")

    def found(text: str) -> list[str]:
        return [hit.number for hit in search(text, actor=ana)]

    assert found("tunnel state:closed") == [corpus["vpn"]]
    assert found("tunnel -tag:old") == [corpus["printer"], corpus["both"]]
    assert found("tag:old") == [corpus["vpn"]]
    assert found("tag:old OR toner") == [corpus["printer"], corpus["printer"], corpus["vpn"]]
    assert found(f"#{corpus['both']}") == [corpus["both"]]
    assert found("-tag:old -tunnel") == []
    assert found("toner OR drops -tag:old") == [corpus["printer"], corpus["printer"]]
    assert found("toner OR (tunnel -drops)") == [corpus["printer"], corpus["both"]]
    assert found("tunnel tag:nothing") == []


def test_a_number_finds_its_ticket_first(corpus: dict[str, str], ana: Actor) -> None:
    reply.add_note(ana, corpus["printer"], f"as in {corpus['vpn']}")
    for text in (corpus["vpn"], f"#{corpus['vpn']}", f" {corpus['vpn']} "):
        assert answer(text, ana, UTC, 50).hits[0].number == corpus["vpn"]
    numbers = [hit.number for hit in answer(corpus["vpn"], ana, UTC, 50).hits]
    assert numbers == [corpus["vpn"], corpus["printer"]]


def test_an_answer_has_each_ticket_once_and_says_what_was_no_query(
    corpus: dict[str, str], ana: Actor
) -> None:
    reply.add_note(ana, corpus["printer"], "tunnel again")
    assert [hit.number for hit in answer("tunnel", ana, UTC, 50).hits] == [
        corpus["printer"],
        corpus["both"],
        corpus["vpn"],
    ]
    assert answer("tunnel", ana, UTC, 2).more
    said = answer("(tunnel", ana, UTC, 50)
    assert said.problem is not None
    assert len(said.hits) == 3


def test_words_are_completed_from_the_messages(corpus: dict[str, str]) -> None:
    assert completions("tun") == ["tunnel"]
    assert completions("state:open -tun") == ["state:open -tunnel"]
    assert completions("jam")[0] == "jam"
    assert completions("sta") == ["state:", "status:", "staff"]
    assert completions("zzz") == []


def test_a_snippet_is_cut_around_the_first_word_and_has_no_marks_of_its_own(desk: Desk) -> None:
    text = f"{'before ' * 60}\ue000the needle\ue001 {'after ' * 60}"
    make_ticket("Haystack", text)
    (hit,) = search("needle")
    assert hit.snippet.startswith("…before ")
    assert hit.snippet.endswith(" after…")
    assert hit.marked.count(MARK_BEGIN) == hit.marked.count(MARK_END) == 1
    assert f"the {MARK_BEGIN}needle{MARK_END} after" in hit.marked
