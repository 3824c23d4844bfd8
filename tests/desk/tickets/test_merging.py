"""Two tickets become one, and two again: nothing is lost, and what came since goes where it belongs."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.clock import now
from desk.custom_fields import definitions
from desk.erasure import erase
from desk.errors import NotAllowed, Refused
from desk.home import Desk
from desk.permissions import Actor
from desk.replies import drafts
from desk.replies.reply import add_note, send_reply
from desk.tickets import (
    changes,
    detail,
    due_dates,
    fields,
    lifecycle,
    links,
    people,
    pinning,
    snoozing,
    tasks,
    time_spent,
    undo,
    watching,
)
from desk.tickets.merging import merge, unmerge
from desk.tickets.splitting import split
from models import messages
from tests.support.mails import ANA, BOB, EVE, Door, bounce, mail, rows, value
from tests.support.workbench import ADMIN, make_agent

ANAS, BOBS = "<ana@corp.test>", "<bob@corp.test>"


@pytest.fixture
def door(desk: Desk) -> Door:
    """Ticket 1 is Ana's, with Eve in copy; ticket 2 is Bob's."""
    door = Door(desk)
    door.take(mail("One", subject="One", message_id=ANAS, cc=EVE))
    door.take(mail("Two", subject="Two", sender=BOB, message_id=BOBS))
    return door


@pytest.fixture
def kim(desk: Desk) -> Actor:
    return make_agent("kim")


def state() -> dict[str, Any]:
    """All that the tickets' rows say, but for the audit trail and who has seen what."""
    return {
        "ticket": rows("SELECT * FROM ticket ORDER BY id"),
        **{
            table: rows(f"SELECT id, ticket_id FROM {table} ORDER BY id")
            for table in ("message", "receipt", "delivery", "draft", "notice")
        },
        "people": rows("SELECT ticket_id, contact_id FROM collaborator ORDER BY 1, 2"),
        "tags": rows("SELECT ticket_id, name FROM ticket_tag ORDER BY 1, 2"),
        "departments": rows("SELECT ticket_id, department_id FROM ticket_referral ORDER BY 1, 2"),
        "watches": rows("SELECT ticket_id, agent_id FROM watch ORDER BY 1, 2"),
        "tasks": rows("SELECT * FROM task ORDER BY 1, 2"),
        "time": rows("SELECT * FROM time_spent ORDER BY id"),
        "links": rows("SELECT * FROM ticket_link ORDER BY 1, 2"),
    }


def kept_by(number: str) -> list[Any]:
    """What a ticket that is merged keeps for itself, whatever happens to the other one."""
    found = []
    for table in ("ticket_tag", "collaborator", "ticket_referral", "watch", "task", "time_spent"):
        ticket_id = value("SELECT id FROM ticket WHERE number = ?", number)
        found += rows(f"SELECT * FROM {table} WHERE ticket_id = ? ORDER BY 1, 2", ticket_id)
    return found


def texts(number: str) -> list[str]:
    return [message.text.strip() for message in detail.show(number).messages]


class TestMerging:
    def test_everything_goes_to_the_other_ticket(self, door: Door, kim: Actor) -> None:
        changes.add_tags(kim, ["2"], ["vpn"])
        assert merge(kim, ["2"], "1") == ["2"]
        assert texts("1") == ["One", "Two"]
        shown = detail.show("1")
        assert "bob@corp.test" in str(
            rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id")
        )
        assert list(shown.tags) == ["vpn"]
        assert rows("SELECT status, merged_into_id FROM ticket WHERE id = 2") == [("closed", 1)]

    @pytest.mark.parametrize("answers", [ANAS, BOBS])
    def test_mail_to_either_number_arrives(self, door: Door, kim: Actor, answers: str) -> None:
        merge(kim, ["2"], "1")
        sender = ANA if answers == ANAS else BOB
        assert door.take(mail("More", sender=sender, answers=answers)).ticket_number == "1"
        assert door.take(mail("More", sender=BOB, subject="Re: [#2] Two")).ticket_number == "1"

    @pytest.mark.parametrize("until", ["2031-05-06", "answer", "through", "waiting"])
    def test_where_a_customer_waits_the_whole_does_not_sleep(
        self, door: Door, kim: Actor, until: str
    ) -> None:
        """But for what its agent said shall sleep through mail; taken apart, it sleeps again."""
        if until == "waiting":
            changes.set_status(kim, ["1"], until)
        else:
            when = "2031-05-06" if until == "through" else until
            snoozing.snooze(kim, ["1"], when, UTC, through_answers=until == "through")
        before = state()
        merge(kim, ["2"], "1")
        sleeps, status = rows("SELECT snoozed_until IS NOT NULL, status FROM ticket WHERE id = 1")[0]
        assert (bool(sleeps), status) == (until == "through", "open" if until == "waiting" else "new")
        unmerge(kim, "2")
        assert state() == before

    @pytest.mark.parametrize("waits", ["yes", "no", "machine", "asleep"])
    def test_a_closed_ticket_is_open_again_where_a_person_waits(
        self, door: Door, kim: Actor, desk: Desk, waits: str
    ) -> None:
        """Nobody looks for a question in a closed ticket; what owes nothing leaves it closed."""
        if waits == "machine":
            door.take(
                mail("Disk full", subject="Disk", sender=BOB, headers={"Auto-Submitted": "auto-generated"})
            )
        source = "3" if waits == "machine" else "2"
        if waits == "no":
            send_reply(desk, kim, "2", "Done.")
        if waits == "asleep":
            snoozing.snooze(kim, ["2"], "2031-05-06", UTC)
        changes.close(kim, ["1"])
        before = state()
        merge(kim, [source], "1")
        assert detail.show("1").status == ("open" if waits in ("yes", "asleep") else "closed")
        if waits == "yes":
            assert [each.text for each in detail.show("1").events][-2:] == ["#2 joined", "reopened"]
            assert value("SELECT response_from IS NOT NULL FROM ticket WHERE number = '1'")
        unmerge(kim, source)
        assert state() == before

    def test_a_ticket_is_not_merged_twice_nor_into_itself(self, door: Door, kim: Actor) -> None:
        with pytest.raises(Refused, match="into itself"):
            merge(kim, ["1"], "#1")
        merge(kim, ["2"], "1")
        with pytest.raises(Refused, match="was merged"):
            merge(kim, ["2"], "1")
        with pytest.raises(Refused, match="was merged"):
            merge(kim, ["1"], "2")

    def test_all_or_none(self, door: Door, kim: Actor) -> None:
        before = state()
        with pytest.raises(Refused):
            merge(kim, ["2", "1"], "1")
        assert state() == before

    def test_nobody_works_on_what_is_left(self, door: Door, desk: Desk, kim: Actor) -> None:
        merge(kim, ["2"], "1")
        before = state()
        for work in (
            lambda: send_reply(desk, kim, "2", "Hello"),
            lambda: add_note(kim, "2", "Hello"),
            lambda: changes.reopen(kim, ["2"]),
            lambda: changes.add_tags(kim, ["2"], ["vpn"]),
            lambda: changes.assign(kim, ["1", "2"], "kim"),
        ):
            with pytest.raises(Refused, match="#2 was merged into #1"):
                work()
        assert state() == before

    def test_who_may_not_edit_one_of_them_may_not(self, door: Door) -> None:
        reader = make_agent("reader", ["ticket.note"])
        with pytest.raises(NotAllowed):
            merge(reader, ["2"], "1")
        merge(ADMIN, ["2"], "1")
        with pytest.raises(NotAllowed):
            unmerge(reader, "2")


class TestTakingApart:
    def test_what_is_not_merged_is_not_taken_apart(self, door: Door, kim: Actor) -> None:
        with pytest.raises(Refused, match="is not merged"):
            unmerge(kim, "2")

    def test_it_is_as_it_was(self, door: Door, kim: Actor) -> None:
        changes.add_tags(kim, ["1", "2"], ["both"])
        changes.add_tags(kim, ["2"], ["vpn"])
        changes.assign(kim, ["2"], "kim")
        before = state()
        merge(kim, ["2"], "1")
        assert unmerge(kim, "2") == "1"
        assert state() == before

    def test_what_came_since_goes_where_it_belongs(self, door: Door, desk: Desk, kim: Actor) -> None:
        merge(kim, ["2"], "1")
        door.take(mail("For one", answers=ANAS))
        door.take(mail("For two", sender=BOB, answers=BOBS))
        door.take(mail("For two, by number", sender=BOB, subject="Re: [#2] Two"))
        add_note(kim, "1", "For both.")
        unmerge(kim, "2")
        assert texts("1") == ["One", "For one", "For both."]
        assert texts("2") == ["Two", "For two", "For two, by number"]
        assert rows("SELECT status FROM ticket WHERE id = 2") == [("new",)]

    def test_what_the_other_one_had_already_stays_there_whatever_it_answers(
        self, door: Door, kim: Actor
    ) -> None:
        door.take(mail("Another matter", answers=ANAS, message_id="<other@corp.test>"))
        split(kim, "1", [value("SELECT max(id) FROM message")])
        door.take(mail("More of that", answers="<other@corp.test>", subject="Re: [#1] One"))
        before = state()
        merge(kim, ["1"], "3")
        unmerge(kim, "1")
        assert state() == before
        merge(kim, ["1", "3"], "2")
        unmerge(kim, "1")
        unmerge(kim, "3")
        assert state() == before

    def test_what_it_had_is_not_known_once_texts_were_erased(
        self, door: Door, desk: Desk, kim: Actor
    ) -> None:
        merge(kim, ["2"], "1")
        erase(desk, ADMIN, "bob@corp.test")
        with pytest.raises(Refused, match="texts were erased since"):
            unmerge(kim, "2")
        assert texts("1")[0] == "One"

    def test_an_answer_and_the_answer_to_it_go_together(self, door: Door, desk: Desk, kim: Actor) -> None:
        merge(kim, ["2"], "1")
        sent = send_reply(desk, kim, "1", "Look here.")
        name = value("SELECT message_id FROM delivery WHERE id = ?", sent.delivery_id)
        door.take(mail("Thanks", sender=BOB, answers=name))
        unmerge(kim, "2")
        assert texts("2") == ["Two", "Look here.", "Thanks"], "it answered Bob's mail, the newest one"

    def test_a_ticket_that_waited_is_open_when_its_customer_wrote_since(self, door: Door, kim: Actor) -> None:
        changes.set_status(kim, ["2"], "waiting")
        merge(kim, ["2"], "1")
        door.take(mail("Still broken", sender=BOB, answers=BOBS))
        unmerge(kim, "2")
        assert rows("SELECT status FROM ticket WHERE id = 2") == [("open",)]

    def test_what_is_put_there_anew_stays(self, door: Door, kim: Actor) -> None:
        changes.add_tags(kim, ["2"], ["vpn"])
        people.set_collaborators(kim, ["2"], ["tom@corp.test"])
        changes.assign(kim, ["2"], "kim")
        merge(kim, ["2"], "1")
        changes.remove_tags(kim, ["1"], ["vpn"])
        changes.add_tags(kim, ["1"], ["vpn"])
        people.set_collaborators(kim, ["1"], remove=["tom@corp.test"])
        people.set_collaborators(kim, ["1"], ["tom@corp.test"])
        changes.assign(kim, ["1"], None)
        changes.assign(kim, ["1"], "kim")
        unmerge(kim, "2")
        shown = detail.show("1")
        assert (list(shown.tags), shown.assignee) == (["vpn"], "Kim")
        assert "tom@corp.test" in str(shown.collaborators)

    def test_what_another_one_brought_too_goes_with_the_last(self, door: Door, kim: Actor) -> None:
        door.take(mail("Three", subject="Three", sender=BOB))
        changes.add_tags(kim, ["2", "3"], ["vpn"])
        watching.watch(kim, ["2", "3"])
        before = state()
        merge(kim, ["2", "3"], "1")
        unmerge(kim, "2")
        shown = detail.show("1")
        assert list(shown.tags) == ["vpn"]
        assert "bob@corp.test" in str(shown.collaborators)
        assert _watchers("1") == [(kim.agent_id,)]
        unmerge(kim, "3")
        assert state() == before

    def test_the_one_that_was_answered_is_owed_nothing_and_the_other_one_still_is(
        self, door: Door, desk: Desk, kim: Actor
    ) -> None:
        owed = dict(rows("SELECT number, response_from FROM ticket"))
        merge(kim, ["2"], "1")
        send_reply(desk, kim, "1", "Bob's mail is the newest.")
        unmerge(kim, "2")
        assert dict(rows("SELECT number, response_from FROM ticket")) == {"1": owed["1"], "2": None}
        assert rows("SELECT response_due IS NULL FROM ticket ORDER BY id") == [(0,), (1,)]

    def test_of_three_the_outer_one_comes_first(self, door: Door, kim: Actor) -> None:
        door.take(mail("Three", subject="Three", sender=EVE))
        before = state()
        merge(kim, ["2"], "1")
        merge(kim, ["1"], "3")
        with pytest.raises(Refused, match="was merged itself"):
            unmerge(kim, "2")
        unmerge(kim, "1")
        unmerge(kim, "2")
        assert state() == before

    def test_a_merge_by_the_desk_itself_is_taken_back_too(self, door: Door, kim: Actor) -> None:
        before = state()
        lifecycle.merged(2, 1, now())
        unmerge(kim, "2")
        assert state() == before


SAYINGS = ("customer 1", "customer 2", "reply", "note", "bounce")
WORK = (
    *("tag", "untag", "own tag", "assign", "unassign", "close", "waiting", "priority", "field", "no field"),
    *("cc", "out of cc", "watch", "unwatch", "task", "tick", "time", "link", "draft"),
    *("snooze", "wake", "due", "pin", "unpin"),
)
STEPS = st.lists(st.sampled_from([*SAYINGS, *WORK]), max_size=6)


class TestAnyStory:
    @pytest.mark.sqlite
    @given(before=STEPS, between=STEPS, first_into_second=st.booleans())
    @example(before=[], between=["customer 1", "reply", "customer 2"], first_into_second=False)
    @settings(max_examples=25)
    def test_no_message_is_lost_and_own_ones_come_back(
        self, desk: Desk, before: list[str], between: list[str], first_into_second: bool
    ) -> None:
        """Whatever happens before and between: each ticket's own rows are its own again.

        What agents do between goes on in the one that stays, as in a twin that was never merged.
        """
        door, kim = Door(desk), _agent(desk)
        door.mailboxes.update({address: row for row, address in rows("SELECT id, address FROM mailbox")})
        door.uids = iter(range(value("SELECT coalesce(max(uid), 0) FROM receipt") + 1, 10**6))  # type: ignore[assignment]
        one, two, twin = _new(door, ANA), _new(door, BOB), _new(door, ANA)
        source, target = (one, two) if first_into_second else (two, one)
        for step in before:
            _do(desk, door, kim, step, one, two)
            if step in WORK:
                _do(desk, door, kim, step, two, one)
            if step in WORK or (step == "customer 2" if first_into_second else step != "customer 2"):
                _do(desk, door, kim, step, twin, twin)
        own = {number: _messages(number) for number in (one[0], two[0])}
        everything = value("SELECT count(*) FROM message")
        _waits_as_messages_say()
        at_once = state()
        kept = kept_by(source[0])
        closed = rows("SELECT status, number FROM ticket WHERE status = 'closed'")
        merge(kim, [source[0]], target[0])
        assert set(_watchers(source[0])) <= set(_watchers(target[0]))
        assert not rows("SELECT 1 FROM ticket WHERE merged_into_id IS NOT NULL AND snoozed_until IS NOT NULL")
        _waits_as_messages_say()
        is_open_again = _status(target[0]) != "closed" and ("closed", target[0]) in closed
        more = 0
        for step in between:
            had = value("SELECT count(*) FROM message")
            changed = _do(desk, door, kim, step, one, two)
            more += value("SELECT count(*) FROM message") - had
            if changed and step in WORK:
                _do(desk, door, kim, step, twin, twin)
        unmerge(kim, source[0])
        _waits_as_messages_say()
        assert "close" in before or not rows(
            "SELECT number FROM ticket WHERE status != 'closed' AND number IN (?, ?)"
            " AND (waiting_since IS NULL) != (response_from IS NULL)",
            one[0],
            two[0],
        )
        if not between:
            assert [each for each in state().items() if each not in at_once.items()] == []
        assert kept_by(source[0]) == kept
        is_said = is_open_again or any(step in SAYINGS for step in between)
        assert _worked_on(target[0], is_said) == _worked_on(twin[0], is_said)
        for number in (one[0], two[0]):
            assert own[number] <= _messages(number)
            counted, files = rows(
                "SELECT message_count, attachment_count FROM ticket WHERE number = ?", number
            )[0]
            assert counted == len(_messages(number))
            assert files == value(
                "SELECT count(*) FROM attachment a JOIN message m ON m.id = a.message_id"
                " JOIN ticket t ON t.id = m.ticket_id WHERE t.number = ? AND a.inline = 0",
                number,
            )
        assert value("SELECT count(*) FROM message") - everything == more
        wrong = {one[0]: "customer 2", two[0]: "customer 1"}
        for number, text in wrong.items():
            assert not [said for said in texts(number) if said == text]


def _worked_on(number: str, is_said: bool) -> dict[str, Any]:
    """What agents made of a ticket; its state only where nobody said anything, which changes it."""
    ticket_id = value("SELECT id FROM ticket WHERE number = ?", number)
    found = {
        table: rows(f"SELECT {columns} FROM {table} WHERE ticket_id = ? ORDER BY 1", ticket_id)
        for table, columns in {
            "ticket_tag": "name",
            "collaborator": "contact_id",
            "watch": "agent_id",
            "task": "place, text, done IS NULL",
            "time_spent": "seconds",
            "ticket_field": "field_id, value",
            "draft": "body",
        }.items()
    }
    found["links"] = rows(
        "SELECT count(*) FROM ticket_link WHERE ticket_id = ? OR other_id = ?", ticket_id, ticket_id
    )
    found["priority"] = rows("SELECT priority FROM ticket WHERE id = ?", ticket_id)
    if not is_said:
        found["state"] = rows(
            "SELECT status, assignee_id, snoozed_until IS NULL, snooze_ends, response_from IS NULL,"
            " paused, pauses IS NULL, pinned IS NULL, due_by_hand IS NULL FROM ticket WHERE id = ?",
            ticket_id,
        )
    return found


def _status(number: str) -> str:
    return str(value("SELECT status FROM ticket WHERE number = ?", number))


def _waits_as_messages_say() -> None:
    """Each ticket says since when its customer waits as its messages do, whatever happened to it."""
    for ticket_id, since in rows("SELECT id, waiting_since FROM ticket"):
        assert since == messages.waiting_since(ticket_id)


def _agent(desk: Desk) -> Actor:
    """Kim, on a desk with a custom field and a ticket to link to."""
    from desk.permissions import current_actor

    if not rows("SELECT 1 FROM agent WHERE login = 'kim'"):
        make_agent("kim")
        definitions.add_field(ADMIN, "serial")
        Door(desk).take(mail("Anchor", sender=EVE))
    return current_actor(desk, {"NIGHTDESK_AGENT": "kim"}, 0)


def _watchers(number: str) -> list[Any]:
    return rows(
        "SELECT w.agent_id FROM watch w JOIN ticket t ON t.id = w.ticket_id WHERE t.number = ?", number
    )


_COUNT = iter(range(1, 10**9))


def _new(door: Door, sender: str) -> tuple[str, str, str]:
    name = f"<story-{next(_COUNT)}@corp.test>"
    number = door.take(mail("First", subject=name, sender=sender, message_id=name)).ticket_number
    assert number is not None
    return number, name, sender


def _messages(number: str) -> set[int]:
    return {
        row
        for (row,) in rows(
            "SELECT m.id FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE t.number = ?", number
        )
    }


def _do(
    desk: Desk, door: Door, kim: Actor, step: str, one: tuple[str, str, str], two: tuple[str, str, str]
) -> object:
    """Do a step on the first ticket, or where it is; says whether that changed anything."""
    place = one[0]
    if rows("SELECT 1 FROM ticket WHERE number = ? AND merged_into_id IS NOT NULL", place):
        place = two[0]
    is_closed = value("SELECT status FROM ticket WHERE number = ?", place) == "closed"
    match step:
        case "customer 1":
            return door.take(mail("customer 1", sender=one[2], answers=one[1]))
        case "customer 2":
            return door.take(mail("customer 2", sender=two[2], answers=two[1]))
        case "reply":
            return send_reply(desk, kim, place, "An answer.")
        case "note":
            return add_note(kim, place, "A note.")
        case "bounce":
            sent = rows(
                "SELECT d.message_id FROM delivery d JOIN ticket t ON t.id = d.ticket_id"
                " WHERE d.kind = 'reply' AND t.number = ? ORDER BY d.id DESC LIMIT 1",
                place,
            )
            return sent and door.take(bounce(sent[0][0], "ana@corp.test"))
        case "tag":
            return changes.add_tags(kim, [place], ["vpn"])
        case "untag":
            return changes.remove_tags(kim, [place], ["vpn"])
        case "own tag":
            return changes.add_tags(kim, [place], ["own"])
        case "assign" | "unassign":
            return changes.assign(kim, [place], "kim" if step == "assign" else None)
        case "close":
            return changes.close(kim, [place], leave_tasks=True)
        case "waiting":
            return changes.set_status(kim, [place], "waiting")
        case "priority":
            return changes.set_priority(kim, [place], 1)
        case "field" | "no field":
            return fields.set_fields(kim, [place], {"serial": "Z-1" if step == "field" else ""})
        case "cc":
            return people.set_collaborators(kim, [place], ["tom@corp.test"])
        case "out of cc":
            return people.set_collaborators(kim, [place], remove=["tom@corp.test"])
        case "watch":
            return watching.watch(kim, [place])
        case "unwatch":
            return watching.unwatch(kim, [place])
        case "task":
            return tasks.add(kim, place, "Order toner", UTC)
        case "tick":
            return tasks.of_ticket(detail.show(place).id) and tasks.tick(kim, place, 1)
        case "time":
            return time_spent.add(kim, place, "5m") is not None
        case "link":
            return links.link(kim, place, "relates", "1") is not None
        case "draft":
            return drafts.save(kim, number=place, kind="reply", body="Dear")
        case "wake":
            return snoozing.wake(kim, [place])
        case "unpin":
            return pinning.unpin(kim, [place])
        case "pin" if not is_closed:
            return pinning.pin(kim, [place])
        case "due" if not is_closed:
            return due_dates.set_due(kim, [place], "2d", UTC)
        case "snooze" if not is_closed:
            return snoozing.snooze(kim, [place], "2031-05-06", UTC)
    return False


def test_undo_puts_a_ticket_back_that_was_taken_out_with_what_came_since(door: Door, kim: Actor) -> None:
    lee = make_agent("lee")
    merge(kim, ["2"], "1")
    door.take(mail("Later", sender=BOB, answers=BOBS))
    merged = state()
    unmerge(kim, "2")
    apart = state()
    assert (texts("1"), texts("2")) == (["One"], ["Two", "Later"])
    assert undo.undo_last(kim) == "undone: #2 taken out of #1 again"
    assert state() == merged
    unmerge(kim, "2")
    assert [row[2:] for row in state()["ticket"]] == [row[2:] for row in apart["ticket"]]
    changes.add_tags(lee, ["1"], ["vpn"])
    with pytest.raises(Refused, match="#2 was changed since"):
        undo.undo_last(kim)
    assert texts("2") == ["Two", "Later"]
