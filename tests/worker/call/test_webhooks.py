"""Webhooks against a real server: what they say, how they are signed, what happens when nobody takes it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from typing import Any, Literal

import pytest
import time_machine

from config.clock import now
from desk import logs
from desk.alerts import alarms
from desk.calls import gathering
from desk.errors import DeskError, NotAllowed
from desk.filters import filters
from desk.home import Desk
from desk.listeners import listeners
from desk.operations import pending
from desk.operations.key_rotation import rekey
from desk.permissions import Actor
from desk.replies.reply import add_note, send_reply
from desk.replies.undo_send import cancel_send
from desk.tickets import changes, lifecycle, purging, trash
from mail.errors import MailError
from models import listeners as stored
from models.fields import utc_text
from models.settings import store
from models.transactions import transaction
from tests.support.calling import Caller
from tests.support.http_listener import answering, hang, listening
from tests.support.mails import Door, mail, rows, value, write
from tests.support.servers.pki import Pki
from tests.support.workbench import ADMIN, make_agent
from worker.call import calls, webhook
from worker.service.once import run_once

SECRET = "a secret that is long enough"


def hook(desk: Desk, url: str, name: str = "W", **more: object) -> None:
    listeners.add(desk, ADMIN, "webhook", name, url, secret=SECRET, **more)  # type: ignore[arg-type]


class TestWhatItSays:
    def test_a_call_is_signed_json_of_the_event_its_ticket_and_its_message(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        with listening((200, {}, b"thanks \x1b[31m a lot")) as server:
            hook(desk, server.url("/desk?key=1"), events=["created"])
            door.take(mail("It burns."))
            assert caller() == 1
        [told] = server.told
        assert told.path == "/desk?key=1"
        seconds, _, mac = told.headers["Nightdesk-Signature"].removeprefix("t=").partition(",v1=")
        expected = hmac.new(SECRET.encode(), f"{seconds}.".encode() + told.body, hashlib.sha256).hexdigest()
        assert mac == expected
        document = json.loads(told.body)
        assert document["event"] == told.headers["Nightdesk-Event"] == "created"
        assert document["delivery"] == told.headers["Nightdesk-Delivery"]
        assert document["ticket"]["number"] == "1"
        assert document["ticket"]["requester"]["email"] == "ana@corp.test"
        assert document["message"]["text"].strip() == "It burns."
        [line] = caller.log()
        assert (line.state, line.status, line.attempts) == ("made", 200, 1)
        assert "\x1b" not in line.words
        assert line.words.startswith("thanks")

    def test_it_hears_in_order_of_what_it_asked_for_and_of_nothing_before_it_was_there(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        kim = make_agent("kim")
        door.take(mail(message_id="<before@corp.test>"))
        with listening() as server:
            hook(desk, server.url())
            door.take(mail("More", answers="<before@corp.test>"))
            changes.assign(kim, ["1"], "kim")
            add_note(kim, "1", "I look.")
            changes.close(kim, ["1"])
            lifecycle.due_soon(1, "", caller.now())
            caller()
        heard = [json.loads(each.body) for each in server.told]
        assert [each["event"] for each in heard] == [
            *("customer_wrote", "assigned", "noted", "closed", "due_soon")
        ]
        assert [each["by"] for each in heard][1] == "kim"
        assert heard[1]["detail"]["text"] == "assigned to Kim"
        assert heard[2]["message"]["text"] == "I look."
        assert caller() == 0

    @pytest.mark.parametrize("at_once", [True, False])
    @pytest.mark.parametrize("back", [timedelta(seconds=2), timedelta(hours=1)])
    def test_it_hears_in_order_though_the_clock_was_set_back(
        self, desk: Desk, door: Door, caller: Caller, at_once: bool, back: timedelta
    ) -> None:
        deeds = (
            lambda: door.take(mail(message_id="<one@corp.test>")),
            lambda: changes.close(ADMIN, ["1"]),
            lambda: changes.reopen(ADMIN, ["1"]),
            lambda: add_note(ADMIN, "1", "I look."),
            lambda: door.take(mail("More", answers="<one@corp.test>")),
        )
        with listening() as server, time_machine.travel(now(), tick=False) as clock:
            hook(desk, server.url())
            for deed in deeds:
                deed()
                if not at_once:
                    gathering.gather(desk, caller.now())
                clock.shift(-back)
            gathering.gather(desk, caller.now())
            calls.after_clock_set_back(caller.now())
            clock.shift(timedelta(minutes=1))
            caller()
        heard = [json.loads(each.body)["event"] for each in server.told]
        if at_once:
            heard.sort(key="customer_wrote".__eq__)  # notices have an order of their own
        assert heard == ["created", "closed", "reopened", "noted", "customer_wrote"]

    def test_what_was_to_be_told_by_a_clock_that_was_ahead_is_told_by_cron_too(
        self, desk: Desk, door: Door
    ) -> None:
        store("webhooks.private", value=True)
        with listening() as server:
            hook(desk, server.url(), events=["created"])
            door.take(mail())
            gathering.gather(desk, now() + timedelta(hours=1))
            run_once(desk)
        assert [json.loads(each.body)["event"] for each in server.told] == ["created"]

    def test_nobody_waits_to_hear_of_what_was_purged(self, desk: Desk, door: Door, caller: Caller) -> None:
        with listening() as server:
            hook(desk, server.url())
            door.take(mail())
            trash.delete(ADMIN, ["1"])
            caller()
            purging.purge_trash(caller.now(), whole=True)
            assert not pending.listeners_wait()
            door.take(mail(subject="Second"))
            assert pending.listeners_wait()
            caller()
            assert not pending.listeners_wait()
        assert [json.loads(each.body)["event"] for each in server.told][-1] == "created"

    def test_a_query_chooses_the_tickets(self, desk: Desk, door: Door, caller: Caller) -> None:
        with listening() as server:
            hook(desk, server.url(), events=["created"], condition="subject:printer")
            door.take(mail())
            door.take(mail(subject="Lunch"))
            caller()
        assert [json.loads(each.body)["ticket"]["subject"] for each in server.told] == ["Printer"]

    def test_an_answer_is_told_when_it_leaves_and_not_when_it_is_taken_back(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        door.take(mail())
        with listening() as server:
            hook(desk, server.url(), events=["replied"])
            send_reply(desk, make_agent("max"), "1", "Look here.", delay_seconds=60)
            caller()
            assert not server.told
            caller.later(seconds=61)
            assert len(server.told) == 1
            taken = send_reply(desk, make_agent("lee"), "1", "And here.", delay_seconds=200)
            caller()
            assert cancel_send(ADMIN, taken.delivery_id)
            caller.later(seconds=200)
            assert len(server.told) == 1
        assert "taken back" in caller.log()[-1].words

    def test_what_comes_after_an_answer_that_was_taken_back_is_told(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        door.take(mail())
        with listening() as server:
            hook(desk, server.url(), events=["assigned", "noted"])
            sent = send_reply(desk, make_agent("lee"), "1", "And here.", delay_seconds=200)
            caller()
            assert cancel_send(ADMIN, sent.delivery_id)
            caller()
            changes.assign(ADMIN, ["1"], "lee")
            add_note(ADMIN, "1", "I look.")
            caller()
        assert [json.loads(each.body)["event"] for each in server.told] == ["assigned", "noted"]

    def test_what_cannot_be_told_stops_only_itself(
        self, desk: Desk, door: Door, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = gathering.document

        def trip(*given: Any) -> dict[str, Any]:
            if given[1].event == "assigned":
                raise ValueError("no such thing")
            return document(*given)

        monkeypatch.setattr(gathering, "document", trip)
        make_agent("lee")
        door.take(mail())
        with listening() as server:
            hook(desk, server.url(), events=["assigned", "noted"])
            changes.assign(ADMIN, ["1"], "lee")
            add_note(ADMIN, "1", "I look.")
            caller()
        assert [json.loads(each.body)["event"] for each in server.told] == ["noted"]
        told = "W is not told of assigned: ValueError: no such thing"
        assert rows("SELECT level, text FROM log_entry WHERE source = 'webhook'") == [("error", told)]

    def test_a_filter_tells_a_webhook_by_its_name(self, desk: Desk, door: Door, caller: Caller) -> None:
        with listening() as server:
            hook(desk, server.url(), name="Chat", events=["closed"])
            filters.add(ADMIN, "Fire", on="new", condition="burns", then=["notify:webhook:chat"])
            door.take(mail("It burns."))
            door.take(mail("It is cold."))
            caller()
        assert [json.loads(each.body)["event"] for each in server.told] == ["asked"]

    def test_a_mailbox_that_fails_is_told(self, desk: Desk, door: Door, caller: Caller) -> None:
        door.mailbox("dead@example.test")
        with listening() as server:
            hook(desk, server.url(), events=["mailbox_failing"])
            write(
                "UPDATE mailbox SET error_count = 9, failing_since = '2026-01-01T00:00:00.000000Z',"
                " last_error = 'no'"
            )
            alarms.alert_silent_mailboxes(desk, caller.now())
            caller()
        [told] = server.told
        document = json.loads(told.body)
        assert document["ticket"] is None
        assert document["detail"]["mailbox"] == "dead@example.test"
        assert rows("SELECT kind FROM notice") == [("mailbox_failing",)]


class TestWhenItIsNotTaken:
    def test_it_is_tried_again_with_the_same_delivery(self, desk: Desk, door: Door, caller: Caller) -> None:
        with listening((500, {}, b"oops"), (200, {}, b"")) as server:
            hook(desk, server.url(), events=["created"])
            door.take(mail())
            assert caller() == 1
            [line] = caller.log()
            assert (line.state, line.status, line.words) == ("waits", 500, "oops")
            assert caller() == 0, "not before its time"
            caller.later(minutes=1)
        assert [line.state for line in caller.log()] == ["made"]
        first, second = (json.loads(each.body)["delivery"] for each in server.told)
        assert first == second

    def test_what_waits_is_told_in_order(self, desk: Desk, door: Door, caller: Caller) -> None:
        with listening((503, {}, b""), (200, {}, b"")) as server:
            hook(desk, server.url(), events=["created"])
            for number in range(3):
                door.take(mail(subject=f"Number {number}"))
            assert caller() == 1, "where one fails the others wait"
            caller.later(minutes=1)
        subjects = [json.loads(each.body)["ticket"]["subject"] for each in server.told]
        assert subjects == ["Number 0", "Number 0", "Number 1", "Number 2"]

    def test_what_comes_while_one_waits_is_told_after_it(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        with listening((503, {}, b""), (200, {}, b"")) as server:
            hook(desk, server.url(), events=["created"])
            door.take(mail(subject="Number 0"))
            assert caller() == 1
            door.take(mail(subject="Number 1"))
            caller.later(seconds=1)
            assert len(server.told) == 1
            caller.later(minutes=1)
        subjects = [json.loads(each.body)["ticket"]["subject"] for each in server.told]
        assert subjects == ["Number 0", "Number 0", "Number 1"]

    def test_one_that_hangs_stops_itself_alone(
        self, desk: Desk, door: Door, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhook, "SECONDS", 0.3)
        with listening(hang(2)) as dead, listening() as alive:
            hook(desk, dead.url(), name="Dead", events=["created"])
            hook(desk, alive.url(), name="Alive", events=["created"])
            door.take(mail())
            caller()
            assert [each.state for each in caller.log("Alive")] == ["made"]
            [line] = caller.log("Dead")
        assert (line.state, line.status) == ("waits", None)
        assert "in time" in line.words

    @pytest.mark.parametrize(
        "said",
        [
            b"Content-Length: 999\r\n\r\ntaken",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\ntaken\r\nzz\r\n",
            b"\r\ntaken" + b" " * 3_000_000,
        ],
    )
    @pytest.mark.parametrize("then", ["hang", "reset"])
    def test_what_is_answered_2xx_is_taken_whatever_becomes_of_the_words(
        self,
        desk: Desk,
        door: Door,
        caller: Caller,
        monkeypatch: pytest.MonkeyPatch,
        said: bytes,
        then: Literal["hang", "reset"],
    ) -> None:
        monkeypatch.setattr(webhook, "SECONDS", 2.0)
        with answering(b"HTTP/1.1 202 Accepted\r\n" + said, then) as port:
            hook(desk, f"http://127.0.0.1:{port}/x", events=["created"])
            door.take(mail())
            caller()
        [line] = caller.log()
        assert (line.state, line.status, line.words) == ("made", 202, "taken")

    def test_no_thread_stays_with_one_that_answers_bit_by_bit(
        self, desk: Desk, door: Door, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhook, "SECONDS", 0.5)
        with answering(b"HTTP/1.1 202 Accepted\r\n", "hang", dribbled=b"x") as port:
            hook(desk, f"http://127.0.0.1:{port}/x", events=["created"])
            door.take(mail())
            caller()
            [line] = caller.log()
            assert (line.state, line.words) == ("waits", "did not answer in time")
            left = [each for each in threading.enumerate() if each.name == "blocking"]
            for each in left:
                each.join(10)
            assert not [each for each in left if each.is_alive()]

    def test_it_goes_to_no_other_host(self, desk: Desk, door: Door, caller: Caller) -> None:
        with (
            listening(address="127.0.0.2") as other,
            listening((307, {"Location": other.url(host="127.0.0.2")}, b"")) as server,
        ):
            hook(desk, server.url(), events=["created"])
            door.take(mail())
            caller()
        assert not other.told
        assert caller.log()[0].state == "waits"
        assert "redirects to another host" in caller.log()[0].words

    def test_a_redirect_within_the_host_is_followed_once(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        with listening((308, {"Location": "/new"}, b""), (200, {}, b"")) as server:
            hook(desk, server.url("/old"), events=["created"])
            door.take(mail())
            caller()
        assert [each.path for each in server.told] == ["/old", "/new"]
        assert caller.log()[0].state == "made"

    def test_a_server_that_nobody_vouches_for_is_told_nothing(
        self, desk: Desk, door: Door, caller: Caller, pki: Pki
    ) -> None:
        with listening(tls=pki.server_context(pki.unknown_ca)) as bad:
            hook(desk, bad.url(), events=["created"])
            door.take(mail())
            store("webhooks.ca_file", str(pki.ca_file))
            caller()
            assert not bad.told
            assert "certificate" in caller.log()[0].words
        with listening(tls=pki.server_context()) as good:
            listeners.edit(desk, ADMIN, "webhook", "W", address=good.url())
            caller.later(minutes=1)
            assert len(good.told) == 1

    def test_this_machine_is_reached_only_where_that_is_wanted(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        store("webhooks.private", value=False)
        with listening() as server:
            for place, host in enumerate(("127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]")):
                hook(desk, f"http://{host}:{server.port}/x", name=f"W{place}", events=["created"])
            door.take(mail())
            caller()
            assert not server.told
        for place in range(4):
            assert "private network" in caller.log(f"W{place}")[0].words

    def test_after_days_it_is_switched_off_and_the_admin_is_told(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        make_agent("boss")
        with listening((500, {}, b"no")) as server:
            hook(desk, server.url(), events=["created"])
            door.take(mail())
            caller()
            caller.later(days=2)
            assert listeners.show("webhook", "W").active
            caller.ahead += timedelta(days=4)
            door.take(mail())
            caller()
        line = listeners.show("webhook", "W")
        assert not line.active
        assert line.failing_since is not None
        assert caller.log()[0].state == "given up"
        subjects = [each for (each,) in rows("SELECT subject FROM delivery WHERE kind = 'alert'")]
        assert any("switched off" in each for each in subjects)
        door.take(mail())
        assert caller() <= 1
        listeners.edit(desk, ADMIN, "webhook", "W", active=True)
        assert caller() == 0, "it hears of what is to come"

    def test_one_that_is_gone_for_good_is_switched_off_at_once_and_the_admin_is_told(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        make_agent("boss")
        with listening((410, {}, b"moved away")) as server:
            hook(desk, server.url(), events=["created"])
            door.take(mail())
            door.take(mail())
            caller()
            caller.later(days=1)
            assert len(server.told) == 1, "neither tried again nor told of the second"
        assert not listeners.show("webhook", "W").active
        assert {each.state for each in caller.log()} == {"given up"}
        [said] = [each for each in logs.entries(logs.LogFilter(source="webhook")) if each.level == "error"]
        assert said.text == "webhook W is switched off: it says that it is gone for good"
        assert said.detail == "410 moved away"
        [subject] = [each for (each,) in rows("SELECT subject FROM delivery WHERE kind = 'alert'")]
        assert subject == "Nightdesk: webhook W is switched off"


class TestTheWebhook:
    def test_its_secret_and_the_query_of_its_address_are_sealed(self, desk: Desk) -> None:
        line, secret = listeners.add(desk, ADMIN, "webhook", "W", "https://h.example/x?token=t0psecret")
        assert line.place == "https://h.example/x"
        kept = "\n".join(str(row) for row in rows("SELECT * FROM listener"))
        assert secret not in kept
        assert "t0psecret" not in kept
        assert listeners.secret_of(desk, listeners.stored("webhook", "W")).reveal() == secret

    @pytest.mark.parametrize(
        "url",
        [
            *("ftp://h.example/x", "h.example", "https://", "https://u:p@h.example/", "file:///etc/passwd"),
            *("https://h.example:99999/", "https://h.example/a b", "http://h.example/\r\nX: y"),
            *("https://h.example:0/", "https://[::1/"),
        ],
    )
    def test_what_is_no_address_is_refused(self, desk: Desk, url: str) -> None:
        with pytest.raises((DeskError, MailError)):
            listeners.add(desk, ADMIN, "webhook", "W", url)
        assert not rows("SELECT 1 FROM listener")

    def test_an_address_is_shown_as_it_may_be_written(self, desk: Desk) -> None:
        line, _ = listeners.add(desk, ADMIN, "webhook", "W", "https://[2001:db8::1]:8443/x?token=1")
        assert line.place == "https://[2001:db8::1]:8443/x"

    @pytest.mark.parametrize(
        ("host", "name"), [("bücher", "xn--bcher-kva"), ("straße", "xn--strae-oqa"), ("例え", "xn--r8jz45g")]
    )
    def test_letters_beyond_ascii_are_told_as_the_dns_has_them(
        self, desk: Desk, host: str, name: str
    ) -> None:
        with pytest.raises(MailError) as refused:
            listeners.add(desk, ADMIN, "webhook", "W", f"https://{host}.example/x")
        assert f"Write {name}.example instead" in refused.value.hint

    @pytest.mark.parametrize(
        "wrong", [{"events": ["lunch"]}, {"condition": "nobody:here"}, {"secret": "short"}]
    )
    def test_what_means_nothing_is_refused(self, desk: Desk, wrong: dict[str, object]) -> None:
        with pytest.raises(DeskError):
            listeners.add(desk, ADMIN, "webhook", "W", "https://h.example/", **wrong)  # type: ignore[arg-type]
        assert not rows("SELECT 1 FROM listener")

    def test_only_admins_say_where_it_goes(self, desk: Desk) -> None:
        kim = Actor(7, "kim", "Kim", "", None, frozenset(["ticket.reply"]))
        with pytest.raises(NotAllowed):
            listeners.add(desk, kim, "webhook", "W", "https://h.example/")

    def test_a_killed_worker_leaves_its_call_to_the_next(
        self, desk: Desk, door: Door, caller: Caller
    ) -> None:
        with listening() as server:
            hook(desk, server.url(), events=["created"])
            door.take(mail())
            gathering.gather(desk, caller.now())
            moment = utc_text(caller.now())
            [due] = stored.due(moment, 9)
            with transaction():
                assert stored.claim(due.id, moment, utc_text(caller.now() + timedelta(minutes=3)))
            assert caller() == 0
            caller.later(minutes=4)
            assert len(server.told) == 1

    def test_a_desk_without_listeners_keeps_no_calls(self, desk: Desk, door: Door, caller: Caller) -> None:
        door.take(mail())
        assert caller() == 0
        assert value("SELECT count(*) FROM call") == 0


def test_sealed_addresses_are_sealed_anew_with_a_new_key(desk: Desk) -> None:
    _, secret = listeners.add(desk, ADMIN, "webhook", "W", "https://h.example/x?token=t0psecret")
    before = rows("SELECT address_sealed FROM listener")
    assert rekey(desk, ADMIN).sealed == 2
    assert rows("SELECT address_sealed FROM listener") != before
    assert listeners.address_of(desk, listeners.stored("webhook", "W")).reveal().endswith("t0psecret")
    assert listeners.secret_of(desk, listeners.stored("webhook", "W")).reveal() == secret
