"""What was solved before and is like a ticket, each with the words that made it so; and nothing is sent."""

from __future__ import annotations

import pytest

from desk import canned_answers
from desk.home import Desk
from desk.permissions import Actor
from desk.replies import suggestions
from desk.tickets import changes, spam, trash
from models import similar as rows_of
from tests.support.mails import Door, mail, value, write
from tests.support.workbench import ADMIN, make_agent

TUNNEL = "The tunnel to Lisbon drops whenever the gateway rekeys."


@pytest.fixture
def door(desk: Desk) -> Door:
    """#1 and #2 are solved, #3 asks what #1 asked."""
    found = Door(desk)
    found.take(mail(TUNNEL, subject="Tunnel drops"))
    found.take(mail("The printer has paper jams.", subject="Printer jams"))
    for ticket_id in (1, 2):
        found.sent(ticket_id, "ana@corp.test")
        write("UPDATE ticket SET last_answer = updated WHERE id = ?", ticket_id)
    changes.close(ADMIN, ["1", "2"])
    found.take(mail("Since today the gateway drops my tunnel.", subject="Gateway trouble"))
    return found


def like(number: str = "3", reader: Actor = ADMIN) -> dict[str, tuple[str, ...]]:
    return {each.number: each.words for each in suggestions.suggestions(number, reader).tickets}


def test_a_solved_ticket_is_found_by_the_words_in_common(door: Door) -> None:
    del door
    found = like()
    assert list(found) == ["1"]
    assert set(found["1"]) == {"gateway", "drops", "tunnel"}


def test_neither_open_ones_nor_spam_nor_the_trash_nor_itself(door: Door) -> None:
    del door
    changes.reopen(ADMIN, ["1"])
    assert like() == {}
    changes.close(ADMIN, ["1"])
    spam.mark(ADMIN, ["1"])
    assert like() == {}
    spam.unmark(ADMIN, ["1"])
    changes.close(ADMIN, ["1"])
    assert list(like()) == ["1"]
    trash.delete(ADMIN, ["1"])
    assert like() == {}


def test_nor_what_the_reader_may_not_read(door: Door) -> None:
    board = door.department("Board")
    write("UPDATE ticket SET department_id = ? WHERE id = 1", board)
    assert list(like()) == ["1"]
    assert like(reader=make_agent("bo", ["ticket.reply"], "Support")) == {}


def test_one_word_is_no_likeness_and_a_common_one_counts_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.take(mail("My tunnel.", subject="Hello"))
    assert like("4") == {}
    monkeypatch.setattr(rows_of, "COMMON", 2)
    assert like() == {}


def test_a_canned_answer_fits_by_its_words(door: Door) -> None:
    del door
    canned_answers.add(ADMIN, "Rekeying", "Update the gateway of your tunnel.\n", folder="VPN")
    canned_answers.add(ADMIN, "Paper", "Open the tray.\n")
    found = suggestions.suggestions("3", ADMIN).answers
    assert [(each.name, set(each.words)) for each in found] == [("Rekeying", {"gateway", "tunnel"})]


@pytest.mark.parametrize("text", ["", "\u2603 !!", '" OR * (', "NEAR AND NOT", "\u4f60\u597d\u4e16\u754c"])
def test_any_text_is_looked_for_and_nothing_is_sent(door: Door, text: str) -> None:
    sent = value("SELECT count(*) FROM delivery")
    number = door.take(mail(text, subject=text)).ticket_number
    door.take(mail("More.", subject="More"))
    sent_since = value("SELECT count(*) FROM delivery")
    assert number is not None
    suggestions.suggestions(number, ADMIN)
    assert value("SELECT count(*) FROM delivery") == sent_since >= sent
