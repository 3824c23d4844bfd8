"""A ticket on paper says what it says on the screen, and what strangers wrote does nothing in it."""

from __future__ import annotations

from datetime import UTC
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.documents.printed import markdown, page
from desk.home import Desk
from desk.tickets.detail import TicketDetail, show
from tests.support.mails import Door, mail

HOSTILE = (
    "<script>alert(1)</script>",
    "```\n# no heading\n[click](javascript:x)",
    "````` longer\n`````",
    "\x1b]0;owned\x07\u202eevil",
    '" onmouseover="x',
    "</pre></section><img src=https://tracker.test/1.gif>",
)


class _Tags(HTMLParser):
    """What a browser would make of a page: its tags, and the attributes of all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "table", "tr", "th", "td"),
    *("section", "pre", "ul", "li"),
}


def ticket(desk: Desk, text: str, subject: str = "Printer") -> TicketDetail:
    number = Door(desk).take(mail(text, subject=subject)).ticket_number
    assert number is not None
    return show(number)


def tags_of(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(html)
    return tags


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_has_no_tag_but_its_own_and_loads_nothing(desk: Desk, text: str) -> None:
    made = page(ticket(desk, text, subject=text.replace("\n", " ")), UTC)
    tags = tags_of(made)
    assert tags.tags <= ALLOWED
    assert tags.attributes <= {"lang", "charset", "http-equiv", "content", "class"}
    assert "\x1b" not in made
    assert "\u202e" not in made


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_written_stays_in_its_fence(desk: Desk, text: str) -> None:
    made = markdown(ticket(desk, text), UTC)
    lines = made.splitlines()
    fences = [line for line in lines if line.startswith("```") and line.endswith("text")]
    assert len(fences) == 1
    fence = fences[0].removesuffix("text")
    begin = lines.index(fences[0])
    assert lines.index(fence, begin + 1) >= begin + 1 + len(text.splitlines())
    assert "\x1b" not in made


def test_it_says_who_wrote_what_when_and_to_which_ticket(desk: Desk) -> None:
    found = ticket(desk, "The printer <b> is on fire.")
    for made in (page(found, UTC), markdown(found, UTC)):
        assert f"#{found.number}" in made.replace("\\", "")
        assert "Requester" in made
        assert "on fire." in made
        assert "UTC" in made


@given(text=st.text(max_size=60))
def test_a_line_of_markdown_holds_no_markup(text: str) -> None:
    from desk.documents.printed import _plain

    made = _plain(text)
    for place, sign in enumerate(made):
        if sign in "*_[]<>#|`":
            assert made[place - 1] == "\\"
