"""Mailbox defaults for new tickets: topic, department, SLA, priority; aliases and plus-addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from desk import settings, statuses
from desk.documents import tickets as documents
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.filters import filters
from desk.home import Desk
from desk.intake.pipeline import take
from desk.permissions import Actor
from desk.recurring import definitions, sweep
from desk.replies.new_ticket import new_ticket
from desk.staff import teams, topics
from desk.tickets import detail as ticket_detail
from desk.tickets import splitting
from models.database import db
from models.fields import utc_time
from tests.support.mails import SALES, SUPPORT, Door, mail, rows, value, write
from tests.support.workbench import ADMIN, make_agent


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def alias(door: Door, address: str, mailbox: str) -> None:
    write("INSERT INTO mailbox_alias (address, mailbox_id) VALUES (?, ?)", address, door.mailbox(mailbox))


def topic(name: str = "VPN", **given: object) -> int:
    return topics.add_topic(ADMIN, name, **given).id  # type: ignore[arg-type]


def test_a_mailbox_gives_its_tickets_topic_and_priority(door: Door) -> None:
    door.mailbox(SUPPORT, topic_id=topic(priority="low"), priority=3)
    taken = door.take(mail())
    detail = ticket_detail.show(taken.ticket_number or "")
    assert (detail.topic, detail.priority) == ("VPN", 3)
    assert documents.shown(detail)["topic"] == "VPN"
    assert "help topic VPN" in door.receipt(mail(subject="Another")).trace


def test_without_its_own_a_mailbox_takes_what_its_topic_says(door: Door) -> None:
    it = door.department("IT")
    db.execute_sql("INSERT INTO sla (id, name, hours) VALUES (7, 'Gold', 2)")
    door.mailbox(SUPPORT, topic_id=topic(department="IT", sla="Gold", priority="urgent"))
    door.take(mail())
    assert rows("SELECT department_id, sla_id, priority FROM ticket") == [(it, 7, 4)]


def test_the_mailbox_department_beats_its_topics_and_the_topics_sla_the_departments(door: Door) -> None:
    door.department("IT")
    sales = door.department("Sales")
    db.execute_sql("INSERT INTO sla (id, name, hours) VALUES (7, 'Gold', 2)")
    door.mailbox(SUPPORT, department="Sales", topic_id=topic(department="IT", sla="Gold"))
    door.take(mail())
    assert rows("SELECT department_id, sla_id FROM ticket") == [(sales, 7)]


def test_a_topic_without_answers_acknowledges_nothing(door: Door) -> None:
    door.mailbox(SUPPORT, topic_id=topic(autoresponse=False))
    receipt = door.receipt(mail())
    assert "no acknowledgement: switched off for the help topic VPN" in receipt.trace
    assert value("SELECT count(*) FROM delivery") == 0


def test_the_default_topic_holds_where_the_mailbox_has_none(door: Door) -> None:
    it = door.department("IT")
    topic(department="IT")
    settings.set(ADMIN, "tickets.default_topic", "vpn")
    assert settings.get("tickets.default_topic") == "VPN"
    door.take(mail())
    assert rows("SELECT department_id FROM ticket") == [(it,)]
    with pytest.raises(WrongUse, match="no help topic 'Nope'"):
        settings.set(ADMIN, "tickets.default_topic", "Nope")


def test_a_ticket_opened_by_hand_takes_them_too(desk: Desk, door: Door) -> None:
    it = door.department("IT")
    door.mailbox(SUPPORT, topic_id=topic(department="IT", priority="high"))
    opened = new_ticket(
        desk, ADMIN, mailbox=SUPPORT, requester="ana@corp.test", subject="S", body="B", send=False
    )
    detail = ticket_detail.show(opened.number)
    assert (detail.topic, detail.priority, detail.department) == ("VPN", 3, "IT")
    assert rows("SELECT department_id FROM ticket") == [(it,)]


def test_a_topic_says_whose_its_tickets_are_and_how_they_begin_unless_something_else_does(
    desk: Desk, door: Door
) -> None:
    make_agent("ana")
    make_agent("bo")
    make_agent("cy", [], department="Support")
    teams.add_team(ADMIN, "Network", members=["bo"], assignment="round-robin")
    statuses.add_status(ADMIN, "On hold", state="waiting")
    topic("Machines", assigned_to="bo", status="On hold")
    door.mailbox(SUPPORT, topic_id=topic(parent="Machines"))
    filters.add(ADMIN, "Own", on="new", condition="subject:own", then=["status:open", "agent:ana"])

    def begun(subject: str = "vpn") -> tuple[str | None, str, str | None]:
        found = ticket_detail.show(door.take(mail(subject=subject)).ticket_number or "")
        return found.assignee_login, found.status, found.named_status

    assert begun() == ("bo", "waiting", "On hold")
    assert begun("own") == ("ana", "open", None)
    assert "assigned to Bo (the help topic VPN)" in value("SELECT trace FROM receipt WHERE ticket_id = 1")
    opened = new_ticket(
        desk, ADMIN, mailbox=SUPPORT, requester="ana@corp.test", subject="S", body="B", send=False
    )
    assert ticket_detail.show(opened.number).assignee_login == "bo"
    topics.edit_topic(ADMIN, "VPN", assigned_to="cy", status="open")
    assert begun() == (None, "open", None), "nobody gets what they may not read"
    assert "not given to cy" in value("SELECT trace FROM receipt WHERE ticket_id = 4")
    topics.edit_topic(ADMIN, "VPN", assigned_to="team:network")
    assert topics.show_topic("VPN").assigned_to == "team:Network"
    assert begun() == ("bo", "open", None)
    for owner, status in (("nobody", None), (None, "closed"), (None, "Nowhere")):
        with pytest.raises(WrongUse):
            topics.edit_topic(ADMIN, "VPN", assigned_to=owner, status=status)
    with pytest.raises(Refused, match="the help topic VPN"):
        teams.edit_team(ADMIN, "Network", active=False)
    with pytest.raises(Refused, match="the help topic Machines"):
        statuses.remove_status(ADMIN, "On hold")


def test_a_topic_out_of_use_is_as_none(door: Door) -> None:
    door.mailbox(SUPPORT, topic_id=topic(priority="high"))
    topics.edit_topic(ADMIN, "VPN", active=False)
    door.take(mail())
    assert rows("SELECT topic_id, priority FROM ticket") == [(None, 2)]


def test_a_customers_answer_starts_the_clock_of_the_tickets_own_sla(door: Door) -> None:
    db.execute_sql("INSERT INTO sla (id, name, hours) VALUES (7, 'Gold', 2)")
    door.mailbox(SUPPORT, topic_id=topic(sla="Gold"))
    taken = door.take(mail(message_id="<first@corp.test>"))
    db.execute_sql("UPDATE ticket SET due = NULL, response_from = NULL")
    door.take(mail("And smoke.", answers="<first@corp.test>"))
    due = utc_time(value("SELECT due FROM ticket WHERE id = ?", taken.ticket_id))
    assert timedelta(hours=1.9) < due - now() < timedelta(hours=2.1)


def test_an_alias_belongs_to_its_mailbox(door: Door) -> None:
    sales = door.department("Sales")
    door.mailbox(SALES, department="Sales")
    alias(door, "orders@example.test", SALES)
    receipt = door.receipt(mail(to="Orders@example.test"))
    assert rows("SELECT department_id FROM ticket") == [(sales,)]
    assert f"routed by address: {SALES} (by its alias orders@example.test)" in receipt.trace


def test_a_plus_address_of_an_alias_belongs_to_its_mailbox_too(door: Door) -> None:
    door.mailbox(SALES)
    alias(door, "orders@example.test", SALES)
    receipt = door.receipt(mail(to="orders+uk@example.test"))
    assert f"routed by address: {SALES} (by its alias orders@example.test, with a plus-tag)" in receipt.trace


def test_the_exact_address_beats_an_alias(door: Door) -> None:
    door.mailbox(SALES)
    alias(door, "orders@example.test", SALES)
    receipt = door.receipt(mail(to=f"orders@example.test, {SUPPORT}"))
    assert f"routed by address: {SUPPORT} (exactly)" in receipt.trace


def test_mail_to_a_list_or_in_bcc_goes_where_it_was_fetched_from(door: Door) -> None:
    receipt = door.receipt(mail(to="everybody@lists.test"), mailbox=SALES)
    assert f"routed by the mailbox it was fetched from: {SALES}" in receipt.trace


def test_the_desk_never_answers_its_own_alias(door: Door) -> None:
    door.mailbox(SALES)
    alias(door, "orders@example.test", SALES)
    receipt = door.receipt(mail(sender="Orders <orders@example.test>"))
    assert "no acknowledgement: orders@example.test is an address of this desk" in receipt.trace


def test_an_alias_is_no_collaborator(door: Door) -> None:
    door.mailbox(SALES)
    alias(door, "orders@example.test", SALES)
    door.take(mail(cc="orders@example.test, cy@corp.test"))
    joined = "SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id"
    assert rows(joined) == [("cy@corp.test",)]


def test_a_topic_is_changed_and_what_is_empty_is_taken_away(desk: Desk) -> None:
    topic(priority="high", department="Support")
    line = topics.edit_topic(ADMIN, "VPN", new_name="Remote", priority="", department="")
    assert (line.name, line.priority, line.department) == ("Remote", None, None)
    assert [each.name for each in topics.topics()] == ["Remote"]


def test_wrong_topics_are_refused_in_words(desk: Desk, ana: Actor) -> None:
    topic()
    with pytest.raises(Refused, match="there is a help topic vpn already"):
        topics.add_topic(ana, "vpn")
    with pytest.raises(NotFound, match="no help topic Nope"):
        topics.edit_topic(ana, "Nope", priority="low")
    with pytest.raises(WrongUse, match="no priority 'hot'"):
        topics.add_topic(ana, "Hot", priority="hot")
    with pytest.raises(WrongUse, match="no department 'Nowhere'"):
        topics.add_topic(ana, "Hot", department="Nowhere")
    with pytest.raises(WrongUse, match="no SLA 'Never'"):
        topics.add_topic(ana, "Hot", sla="Never")
    with pytest.raises(NotAllowed):
        topics.add_topic(make_agent("kim", ["ticket.reply"]), "Hot")


def numbers_of(door: Door, *named: str) -> list[str]:
    """Take mails in, all at once: each is to the mailbox of a help topic; the numbers of their tickets."""
    known = {line.name: line.id for line in topics.topics()}
    for each in named:
        door.mailbox(f"{each.lower()}@example.test", topic_id=known.get(each))
    arrivals = [
        door.arrival(mail(to=f"{each}@example.test"), mailbox=f"{each.lower()}@example.test")
        for each in named
    ]
    return [str(each.ticket_number) for each in take(door.desk, arrivals)]


def test_a_topics_tickets_are_numbered_as_it_says(door: Door) -> None:
    topic("VPN", number_format="VPN-###", number_sequence="Network")
    topic("Tunnel", parent="VPN")
    topic("WLAN", number_format="W#", number_sequence="network")
    topic("Plain", number_format="P-##")
    told = numbers_of(door, "VPN", "Other", "WLAN", "Tunnel", "Plain", "Other", "VPN")
    assert told == ["VPN-001", "1", "W2", "VPN-003", "P-02", "3", "VPN-004"]
    topics.edit_topic(ADMIN, "WLAN", number_sequence="")
    assert numbers_of(door, "WLAN", "VPN", "Other") == ["W4", "VPN-005", "5"]
    topics.edit_topic(ADMIN, "VPN", number_format="")
    assert numbers_of(door, "Tunnel", "VPN") == ["6", "7"]
    topics.edit_topic(ADMIN, "VPN", number_format="R-######", number_sequence="Random")
    assert topics.show_topic("VPN").number_sequence == "random"
    found = numbers_of(door, "VPN", "VPN", "Other")
    assert len({*found}) == 3
    assert all(len(each) == 8 and each.startswith("R-") for each in found[:2])
    assert found[2] == "8"


def test_numbers_that_are_counted_apart_step_over_one_another(door: Door) -> None:
    topic("Same", number_format="#", number_sequence="Its own")
    assert numbers_of(door, *["Other"] * 70) == [str(each) for each in range(1, 71)]
    assert numbers_of(door, "Same", "Other", "Same", "Other", "Other") == ["71", "72", "73", "74", "75"]
    assert door.take(mail(to="same@example.test"), mailbox="same@example.test").ticket_number == "76"


def test_tickets_that_no_mail_opens_have_their_topics_numbers(desk: Desk, door: Door) -> None:
    door.mailbox(SUPPORT, topic_id=topic("VPN", number_format="VPN-##", number_sequence="VPN"))
    first = door.take(mail())
    said: dict[str, Any] = {"requester": "bob@corp.test", "subject": "Hi", "body": "x", "send": False}
    assert new_ticket(desk, ADMIN, mailbox=SUPPORT, **said).number == "VPN-02"
    definitions.add(
        desk, ADMIN, "Weekly", schedule="0 9 * * *", subject="Check", requester="a@corp.test", topic="VPN"
    )
    assert sweep.sweep(desk, now() + timedelta(days=1)) == ["VPN-03"]
    door.take(mail(subject="Re: [#VPN-01]", sender="Ana <ana@corp.test>"))
    shown = ticket_detail.show(first.ticket_number or "")
    assert splitting.split(ADMIN, "VPN-01", [shown.messages[-1].id]) == "VPN-04"


def test_numbers_of_topics_are_refused_in_words(desk: Desk) -> None:
    topic()
    with pytest.raises(WrongUse, match="would meet those of other tickets"):
        topics.edit_topic(ADMIN, "VPN", number_sequence="Own")
    with pytest.raises(WrongUse, match="cannot be 'VPN'"):
        topics.edit_topic(ADMIN, "VPN", number_format="VPN")
    topics.edit_topic(ADMIN, "VPN", number_format="V#", number_sequence="Own")
    assert topics.edit_topic(ADMIN, "VPN", number_format="").number_sequence is None
