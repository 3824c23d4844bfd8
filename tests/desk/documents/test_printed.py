"""A ticket on paper says what it says on the screen, and what strangers wrote does nothing in it."""

from __future__ import annotations

from datetime import UTC
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.custom_fields.definitions import add_field
from desk.documents.printed import markdown, page, without_notes
from desk.home import Desk
from desk.replies.reply import add_note, send_reply
from desk.tickets import changes, fields, links, tasks, time_spent
from desk.tickets.detail import TicketDetail, show
from tests.support.mails import Door, mail
from tests.support.workbench import ADMIN, make_agent

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


def ticket(desk: Desk, text: str, subject: str = "Printer", door: Door | None = None) -> TicketDetail:
    number = (door or Door(desk)).take(mail(text, subject=subject)).ticket_number
    assert number is not None
    return show(number)


def tags_of(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(html)
    return tags


@pytest.mark.parametrize("text", HOSTILE)
def test_what_strangers_wrote_is_text_on_a_page_and_in_a_fence(desk: Desk, text: str) -> None:
    """A page has no tag but its own and loads nothing; Markdown ends no fence before its time."""
    found = ticket(desk, text, subject=text.replace("\n", " "))
    made = page(found, UTC)
    tags = tags_of(made)
    assert tags.tags <= ALLOWED
    assert tags.attributes <= {"lang", "charset", "http-equiv", "content", "class"}
    lines = markdown(found, UTC).splitlines()
    fences = [line for line in lines if line.startswith("```") and line.endswith("text")]
    assert len(fences) == 1
    fence = fences[0].removesuffix("text")
    begin = lines.index(fences[0])
    assert lines.index(fence, begin + 1) >= begin + 1 + len(text.splitlines())
    for sign in "\x1b\u202e":
        assert sign not in made + "".join(lines)


def test_it_says_all_that_agents_see_or_what_is_for_others(desk: Desk) -> None:
    door, kim = Door(desk), make_agent("kim")
    number = ticket(desk, "The printer <b> is on fire.", door=door).number
    add_field(ADMIN, "serial", label="Serial number")
    fields.set_fields(kim, [number], {"serial": "Z-4711"})
    tasks.add(kim, number, "Order toner", UTC)
    time_spent.add(kim, number, "5m")
    add_note(kim, number, "He did it himself.")
    send_reply(desk, kim, number, "Use water.", cc=[("", "eve@corp.test")], bcc=[("", "boss@corp.test")])
    links.link(kim, number, "relates", ticket(desk, "Me too.", "Of another customer", door).number)
    changes.close(kim, [number], leave_tasks=True)
    found = show(number)
    for made in (page, markdown):
        whole, less = (made(each, UTC).replace("\\", "") for each in (found, without_notes(found)))
        told = (
            f"#{number}",
            "Requester",
            "on fire.",
            "UTC",
            "Serial number",
            "Z-4711",
            "Closed",
            "Use water.",
        )
        internal = ("He did it himself.", "Order toner", "(open)", "Time spent", "5m", "Of another customer")
        assert [each for each in (*told, *internal, "eve@corp.test") if each not in whole] == []
        assert [each for each in told if each not in less] == []
        assert [each for each in internal if each in less] == []
    assert "boss@corp.test" in str(found)
    assert "boss@corp.test" not in str(without_notes(found))


@given(text=st.text(max_size=60))
def test_a_line_of_markdown_holds_no_markup(text: str) -> None:
    from desk.documents.printed import _plain

    made = _plain(text)
    for place, sign in enumerate(made):
        if sign in "*_[]<>#|`":
            assert made[place - 1] == "\\"
