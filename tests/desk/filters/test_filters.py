"""Given this filter and this mail, this ticket."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.clock import now
from desk import canned_answers, organizations
from desk.documents import filters as documents
from desk.errors import DeskError, NotAllowed, Refused, WrongUse
from desk.filters import bans, filters
from desk.home import Desk
from desk.intake import pipeline
from desk.intake.trial import Trial
from desk.queries.times import age
from desk.staff import topics
from tests.support.mails import BOB, EVE, SUPPORT, Door, bounce, mail, rows, value, write
from tests.support.workbench import ADMIN, make_agent

NEWS = "News <weekly@news.example>"


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


def add(name: str, query: str, *then: str, on: str = "new", **more: Any) -> None:
    filters.add(ADMIN, name, on=on, condition=query, then=then, **more)


class TestNewMail:
    def test_a_newsletter_is_rejected_and_the_receipt_says_by_what(self, door: Door) -> None:
        add("No newsletters", "header:List-Unsubscribe", "reject")
        receipt = door.receipt(mail(sender=NEWS, headers={"List-Unsubscribe": "<mailto:x@news.example>"}))
        assert (receipt.verdict, receipt.ticket) == ("rejected", None)
        assert receipt.reason == "filter 'No newsletters' rejected it"
        assert "filter 'No newsletters' rejected" in receipt.trace
        assert not rows("SELECT 1 FROM ticket")
        assert not rows("SELECT 1 FROM delivery")

    def test_it_decides_where_a_ticket_goes(self, door: Door) -> None:
        door.department("IT")
        make_agent("bo")
        add("VPN", "vpn", "department:it", "priority:high", "tag:vpn", "agent:bo", "note:Look at the log.")
        receipt = door.receipt(mail(subject="My VPN drops"))
        assert rows(
            "SELECT d.name, t.priority, a.login, t.status FROM ticket t"
            " JOIN department d ON d.id = t.department_id JOIN agent a ON a.id = t.assignee_id"
        ) == [("IT", 3, "bo", "open")]
        assert rows("SELECT name FROM ticket_tag") == [("vpn",)]
        assert rows("SELECT kind, text FROM message ORDER BY id")[-1] == ("note", "Look at the log.")
        assert any(line.startswith("filter 'VPN': department:IT, priority:high") for line in receipt.trace)

    def test_others_are_left_alone(self, door: Door) -> None:
        add("VPN", "vpn", "priority:high")
        door.take(mail())
        assert value("SELECT priority FROM ticket") == 2

    def test_no_autoresponse(self, door: Door) -> None:
        add("Quiet", "from:@corp.test", "no-autoresponse")
        receipt = door.receipt(mail())
        assert "no acknowledgement: a filter says so (no-autoresponse)" in receipt.trace
        assert not rows("SELECT 1 FROM delivery")

    def test_closed_at_once(self, door: Door) -> None:
        add("Done", "from:@corp.test", "close", "no-autoresponse")
        door.take(mail())
        assert value("SELECT status FROM ticket") == "closed"

    def test_reply_to_is_the_requester(self, door: Door) -> None:
        add("Shop", "from:shop@corp.test", "reply-to")
        door.take(mail(sender="Shop <shop@corp.test>", headers={"Reply-To": BOB}))
        assert value("SELECT c.email FROM ticket t JOIN contact c ON c.id = t.contact_id") == "bob@corp.test"

    def test_they_run_in_their_order_and_the_later_one_counts(self, door: Door) -> None:
        add("B", "printer", "priority:low", order=20)
        add("A", "printer", "priority:high", "tag:a", order=10)
        door.take(mail())
        assert value("SELECT priority FROM ticket") == 1
        assert rows("SELECT name FROM ticket_tag") == [("a",)]

    def test_one_that_stops_is_the_last_one(self, door: Door) -> None:
        add("A", "printer", "tag:a", order=10, stop=True)
        add("B", "printer", "tag:b", order=20)
        door.take(mail())
        assert rows("SELECT name FROM ticket_tag") == [("a",)]

    def test_a_disabled_one_does_nothing(self, door: Door) -> None:
        add("A", "printer", "reject", active=False)
        assert door.take(mail()).verdict == "ticket"

    def test_old_mail_that_is_only_filed_is_never_rejected(self, door: Door) -> None:
        add("A", "printer", "reject")
        assert door.take(mail(), archive=True).verdict == "ticket"

    def test_two_mails_of_one_batch_are_both_asked(self, door: Door, desk: Desk) -> None:
        from desk.intake import pipeline

        add("A", "printer", "tag:a")
        pipeline.take(desk, [door.arrival(mail()), door.arrival(mail("Other", subject="Printer again"))])
        assert value("SELECT count(*) FROM ticket_tag") == 2


class TestCannedAnswers:
    def test_one_is_sent_in_place_of_the_acknowledgement(self, door: Door) -> None:
        canned_answers.add(
            ADMIN, "Profile", "Hello {{ requester.name }}, take the profile. #{{ ticket.number }}"
        )
        add("VPN", "vpn", "canned:profile")
        door.take(mail(subject="My VPN drops"))
        assert "Hello Ana, take the profile. #1" in _sent_text()
        door.take(mail("And the printer.", subject="Other"))
        assert "take the profile" not in _sent_text()

    def test_a_machine_is_not_answered(self, door: Door) -> None:
        canned_answers.add(ADMIN, "Profile", "Take the profile.")
        add("VPN", "vpn", "canned:Profile")
        door.take(mail(subject="My VPN drops", headers={"Auto-Submitted": "auto-generated"}))
        assert not rows("SELECT 1 FROM delivery")

    def test_one_that_is_gone_leaves_the_acknowledgement(self, door: Door) -> None:
        canned_answers.add(ADMIN, "Profile", "Take the profile.")
        add("VPN", "vpn", "canned:Profile")
        write("DELETE FROM canned_answer")
        receipt = door.receipt(mail(subject="My VPN drops"))
        assert any(line.startswith("no canned answer: ") for line in receipt.trace)
        assert value("SELECT count(*) FROM delivery") == 1

    def test_one_that_needs_a_person_is_refused(self, desk: Desk) -> None:
        del desk
        canned_answers.add(ADMIN, "Ask", "What is {{ cursor }}?")
        with pytest.raises(WrongUse, match="leaves a place"):
            add("VPN", "vpn", "canned:Ask")


class TestAnswers:
    def test_a_filter_on_answers_changes_the_ticket(self, door: Door) -> None:
        add("Angry", "lawyer", "priority:urgent", "tag:angry", on="reply")
        door.take(mail(message_id="<a@corp.test>"))
        door.take(mail("My lawyer will call.", answers="<a@corp.test>"))
        assert value("SELECT priority FROM ticket") == 4

    def test_one_on_new_mail_does_not_ask_answers(self, door: Door) -> None:
        add("A", "lawyer", "reject")
        door.take(mail(message_id="<a@corp.test>"))
        assert door.take(mail("My lawyer will call.", answers="<a@corp.test>")).verdict == "reply"

    def test_an_agents_answer_is_asked_by_none(self, door: Door, desk: Desk) -> None:
        from mail.compose.signed_tag import SignedTag, tagged

        door.agent()
        add("A", "off", "reject", on="reply")
        door.take(mail())
        to = tagged(SUPPORT, SignedTag("reply", 1, 1), desk.message_secret)
        assert door.take(mail("Off and on.", sender="Kim <kim@example.test>", to=to)).verdict == "reply"


class TestBans:
    @pytest.mark.parametrize(
        "pattern",
        [
            *("eve@elsewhere.test", "@elsewhere.test", "@test", "*@else*.test", "EVE@Elsewhere.test"),
            *("@else*.test", "@*.test", "e?e@*"),
        ],
    )
    def test_mail_of_the_banned_is_rejected(self, door: Door, pattern: str) -> None:
        bans.ban(ADMIN, pattern)
        receipt = door.receipt(mail(sender=EVE))
        assert receipt.verdict == "rejected"
        assert receipt.reason.startswith("eve@elsewhere.test is banned (")
        assert not rows("SELECT 1 FROM delivery")

    def test_their_answers_are_too(self, door: Door) -> None:
        door.take(mail(sender=EVE, message_id="<a@elsewhere.test>"))
        bans.ban(ADMIN, "eve@elsewhere.test")
        assert door.take(mail(sender=EVE, answers="<a@elsewhere.test>")).verdict == "rejected"

    def test_a_name_that_is_no_address_bans_nobody(self, door: Door) -> None:
        bans.ban(ADMIN, "@where.test")
        assert door.take(mail(sender=EVE)).verdict == "ticket"

    def test_another_address_in_reply_to_does_not_evade_it(self, door: Door) -> None:
        bans.ban(ADMIN, "eve@elsewhere.test")
        raw = mail(sender="Ann <ann@corp.test>", headers={"Reply-To": EVE})
        assert door.take(raw).verdict == "rejected"

    def test_nor_does_a_plus_tag_and_one_with_a_tag_is_banned_alone(self, door: Door) -> None:
        bans.ban(ADMIN, "eve@elsewhere.test")
        bans.ban(ADMIN, "list+sale@elsewhere.test")
        verdicts = {
            each: door.take(mail(sender=f"{each}@elsewhere.test")).verdict
            for each in ("eve+1", "eve+a+b", "list+sale", "list+sale+2", "list", "eve-1", "+eve")
        }
        refused = dict.fromkeys(("eve+1", "eve+a+b", "list+sale"), "rejected")
        assert verdicts == {**dict.fromkeys(verdicts, "ticket"), **refused}

    def test_a_bounce_still_marks_its_recipient(self, door: Door) -> None:
        ticket = door.take(mail())
        sent = door.sent(ticket.ticket_id or 0, "ana@corp.test")
        bans.ban(ADMIN, "@mx.test")
        assert door.take(bounce(sent, "ana@corp.test")).verdict == "bounce"

    def test_a_lifted_ban_is_over(self, door: Door) -> None:
        bans.ban(ADMIN, "@elsewhere.test")
        bans.lift(ADMIN, "@elsewhere.test")
        assert door.take(mail(sender=EVE)).verdict == "ticket"

    @pytest.mark.parametrize("pattern", ["", "eve", "@", "*", "*@*", "a b@c.test", "eve@", "@.test", "?*@*"])
    def test_what_bans_nobody_or_everybody_is_refused(self, desk: Desk, pattern: str) -> None:
        with pytest.raises(WrongUse):
            bans.ban(ADMIN, pattern)

    def test_who_may_not_is_told_what_they_may_not(self, desk: Desk) -> None:
        for role in (["ban.edit"], ["settings.edit"]):
            bans.ban(make_agent(role[0], role), f"@{role[0]}.test")
        with pytest.raises(NotAllowed, match="jo may not ban senders"):
            bans.ban(make_agent("jo", ["ticket.close"]), "@elsewhere.test")

    def test_the_desk_and_its_agents_cannot_be_banned(self, door: Door) -> None:
        door.mailbox(SUPPORT)
        make_agent("bo")
        for pattern in ("@example.test", "bo@staff.example", "support@example.test"):
            with pytest.raises(Refused):
                bans.ban(ADMIN, pattern)


class TestSaving:
    @pytest.mark.parametrize(
        ("then", "said"),
        [
            ([], "without an action"),
            (["explode"], "no action"),
            (["tag"], "needs a value"),
            (["reject:now"], "takes no value"),
            (["department:Nowhere"], "no department"),
            (["agent:nobody"], "no agent"),
            (["priority:9"], "no priority"),
            (["status:lost"], "no status"),
        ],
    )
    def test_actions_that_cannot_be_done_are_refused(self, desk: Desk, then: list[str], said: str) -> None:
        with pytest.raises(WrongUse, match=said):
            add("A", "printer", *then)
        assert not filters.filters()

    def test_what_is_for_new_tickets_is_refused_on_answers(self, desk: Desk) -> None:
        with pytest.raises(WrongUse):
            add("A", "printer", "no-autoresponse", on="reply")

    def test_an_edit_changes_what_was_given_alone(self, desk: Desk) -> None:
        add("A", "printer", "tag:a", order=7, stop=True)
        filters.edit(ADMIN, "a", condition="toner")
        assert documents.filter_(filters.show("A")) == {
            "name": "A",
            "on": "new",
            "if": "toner",
            "then": ["tag:a"],
            "order": 7,
            "stop": True,
            "active": True,
        }

    def test_one_name_is_one_filter(self, desk: Desk) -> None:
        add("A", "printer", "tag:a")
        with pytest.raises(Refused):
            add("a", "toner", "tag:b")


CONDITIONS = st.sampled_from(["printer", "from:@corp.test", "toner", "-printer", "subject:vpn", "is:person"])
THEN = st.sampled_from(["tag:x", "priority:high", "reject", "no-autoresponse", "close"])


class TestTrial:
    def test_it_tells_what_would_differ_and_writes_nothing(self, door: Door, desk: Desk) -> None:
        door.take(mail())
        door.take(mail("Hello", subject="Other"))
        before = _all_rows()
        tried = filters.on_trial("New", "printer", ["tag:x"])
        [found] = list(Trial(desk, ADMIN, tried).differences(now() - age("90d")))
        assert (found.ticket, documents.decision(found.before), documents.decision(found.after)) == (
            "1",
            {},
            {"tags": ["x"]},
        )
        assert _all_rows() == before

    def test_a_disabled_filter_is_tried_as_if_it_ran(self, door: Door, desk: Desk) -> None:
        add("A", "printer", "reject", active=False)
        door.take(mail())
        trial = Trial(desk, ADMIN, filters.on_trial("A", None, None))
        [found] = list(trial.differences(now() - age("1d")))
        assert documents.decision(found.after) == {"rejected_by": "A"}
        assert not trial.alone
        # One that runs is compared with a desk without it: beside itself it changes nothing.
        filters.edit(ADMIN, "A", active=True)
        trial = Trial(desk, ADMIN, filters.on_trial("A", None, None))
        assert [documents.decision(each.after) for each in trial.differences(now() - age("1d"))] == [
            {"rejected_by": "A"}
        ]
        assert trial.alone

    @given(first=CONDITIONS, then=THEN, second=CONDITIONS, also=THEN, stop=st.booleans())
    @settings(max_examples=40)
    def test_it_says_what_a_desk_with_the_filter_does(
        self, door: Door, desk: Desk, first: str, then: str, second: str, also: str, stop: bool
    ) -> None:
        for each in filters.filters():
            filters.remove(ADMIN, each.name)
        add("First", first, then, order=1, stop=stop)
        raw = mail("The printer.", subject="vpn")
        taken = door.take(raw)
        tried = filters.on_trial("Second", second, [also])
        found = Trial(desk, ADMIN, tried).differences(now() - age("1d"))
        said = {each.receipt_id for each in found}
        add("Second", second, also)
        real = door.receipt(mail("The printer.", subject="vpn"))
        without = [line for line in _trace(taken.receipt_id) if line.startswith("filter")]
        with_it = [line for line in real.trace if line.startswith("filter")]
        assert (taken.receipt_id in said) == (_meaning(without) != _meaning(with_it))


def _sent_text() -> str:
    from mail.mime.message import parse
    from models import blobs

    return parse(blobs.read(value("SELECT blob_id FROM delivery ORDER BY id DESC LIMIT 1"))).text


def _trace(receipt_id: int) -> list[str]:
    from desk.intake import receipts

    return list(receipts.show(receipt_id).trace)


def _meaning(lines: list[str]) -> tuple[str, frozenset[str]]:
    """What the filters decided: by which one it was rejected, else the actions, each once."""
    rejected = [line for line in lines if line.endswith("rejected")]
    if rejected:
        return rejected[0], frozenset()
    actions = [action for line in lines for action in line.partition(": ")[2].split(", ") if action != "stop"]
    return "", frozenset(action for action in actions if not action.startswith("tag:")) | frozenset(
        str(action) + str(actions.count(action)) for action in actions if action.startswith("tag:")
    )


def _all_rows() -> dict[str, list[tuple[Any, ...]]]:
    tables = ("ticket", "message", "receipt", "event", "delivery", "notice", "filter", "contact")
    return {table: rows(f"SELECT * FROM {table}") for table in tables}


def test_a_filter_that_is_not_understood_any_more_is_left_out(door: Door) -> None:
    from tests.support.mails import write

    add("A", "printer", "reject")
    write("UPDATE filter SET condition = 'door:window'")
    with pytest.raises(DeskError):
        filters.edit(ADMIN, "A", condition="door:window")
    with pytest.raises(WrongUse, match="no topic"):
        filters.edit(ADMIN, "A", condition="topic:none,Nowhere/*")
    assert door.take(mail()).verdict == "ticket"


def test_a_filter_asks_for_the_topic_that_a_caller_chose_or_a_mailbox_gives(desk: Desk) -> None:
    chosen = topics.add_topic(ADMIN, "VPN").id
    door = Door(desk)
    door.mailbox(SUPPORT)
    filters.add(ADMIN, "VPN", on="new", condition="topic:vpn", then=["tag:vpn"])
    filters.add(ADMIN, "Again", on="reply", condition="topic:VPN", then=["tag:again"])
    filters.add(ADMIN, "None", on="new", condition="topic:none", then=["tag:none"])
    first = mail(message_id="<topic@corp.test>")
    pipeline.take(desk, [door.arrival(first, topic_id=chosen)])
    door.take(mail("Again.", answers="<topic@corp.test>"))
    door.take(mail())
    assert rows("SELECT ticket_id, name FROM ticket_tag ORDER BY ticket_id, name") == [
        (1, "again"),
        (1, "vpn"),
        (2, "none"),
    ]


def test_strangers_and_who_has_many_open_tickets_are_known_to_filters(door: Door) -> None:
    door.take(mail(sender=BOB))
    organizations.add_organization(ADMIN, "Corp", ["corp.test"])
    add("Strangers", "-is:known", "reject", order=1)
    add("Enough", "open:>1", "tag:many", order=2)
    add("First", "open:<1", "tag:none", order=3)
    assert door.receipt(mail(sender=EVE)).reason == "filter 'Strangers' rejected it"
    for _ in range(3):
        assert door.take(mail(sender=BOB)).verdict == "ticket"
    tagged = rows(
        "SELECT t.number, g.name FROM ticket t JOIN ticket_tag g ON g.ticket_id = t.id ORDER BY t.id"
    )
    assert tagged == [("3", "many"), ("4", "many")], "of those before it"
    assert door.take(mail(sender="Dan <dan@corp.test>")).verdict == "ticket"
    assert rows("SELECT name FROM ticket_tag WHERE ticket_id = 5") == [("none",)]
    for wrong in ("open:5", "open:>x", "is:unknown"):
        with pytest.raises(WrongUse):
            add("Wrong", wrong, "reject")
