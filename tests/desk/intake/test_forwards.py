"""An agent who is proved forwards a mail: its author's ticket opens, and the agent's words are a note."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from desk.filters import filters
from desk.home import Desk
from mail.mime import dkim_proof
from models.settings import store
from tests.support.mails import SUPPORT, Door, mail, rows
from tests.support.workbench import ADMIN

KIM = "Kim <kim@example.test>"
PROOF = {"Authentication-Results": "mx.example.test; dkim=pass header.d=example.test"}
FORWARD = """Please see to it.

---------- Forwarded message ---------
From: Ana Prado <ana@corp.test>
Date: Fri, 20 Nov 2026 at 10:12
Subject: Printer is on fire
To: Kim <kim@example.test>

It burns.
"""
BASE = (b"from", b"to", b"subject", b"date")
KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)


@pytest.fixture
def door(desk: Desk) -> Door:
    """Kim works here, and mx.example.test is believed."""
    door = Door(desk)
    door.agent()
    store("mail.authserv_ids", "mx.example.test")
    return door


def forward(text: str = FORWARD, headers: dict[str, str] | None = None, **more: Any) -> bytes:
    given = {"sender": KIM, "subject": "Fwd: Printer is on fire", **more}
    return mail(text, headers=PROOF if headers is None else headers, **given)


def with_attached_lamp(message_id: str) -> bytes:
    """A mail of Ana's, which Kim forwards as an attachment."""
    return "\r\n".join(
        [
            *(f"From: {KIM}", f"To: {SUPPORT}", "Subject: Fwd: Lamp", f"Message-ID: {message_id}"),
            *(f"{name}: {value}" for name, value in PROOF.items()),
            *("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', ""),
            *("--b", "Content-Type: text/plain", "", "See to it.", "--b"),
            *("Content-Type: message/rfc822", "", "From: Ana <ana@corp.test>", "Subject: Lamp"),
            *("Message-ID: <lamp@corp.test>", "", "It is dark.", "--b--", ""),
        ]
    ).encode()


def ticket() -> tuple[Any, ...]:
    return rows("SELECT t.subject, c.email FROM ticket t JOIN contact c ON c.id = t.contact_id")[-1]


class TestProved:
    def test_the_original_sender_asks_and_the_words_above_are_a_note(self, door: Door) -> None:
        receipt = door.receipt(forward())
        assert receipt.verdict == "ticket"
        assert ticket() == ("Printer is on fire", "ana@corp.test")
        written = rows("SELECT kind, sender_email, text FROM message ORDER BY id")
        assert [(kind, sender, text.strip("\n")) for kind, sender, text in written] == [
            ("customer", "ana@corp.test", "It burns."),
            ("note", "kim@example.test", "Please see to it."),
        ]
        assert any("kim forwards a mail of ana@corp.test" in line for line in receipt.trace)
        assert "no acknowledgement: an agent forwarded it" in receipt.trace
        assert not rows("SELECT 1 FROM delivery")

    def test_nothing_above_makes_no_note(self, door: Door) -> None:
        door.take(forward(FORWARD.replace("Please see to it.\n", "")))
        assert rows("SELECT kind FROM message") == [("customer",)]

    @pytest.mark.parametrize("words", ["Please see to it.\n", ""])
    def test_commands_above_are_obeyed_and_stand_in_no_note(self, door: Door, words: str) -> None:
        filters.add(ADMIN, "F", on="new", condition="from:ana@corp.test", then=["priority:low"])
        door.agent("jo", "jo@example.test")
        above = f"#assign jo #tag vpn\n#priority high\n#merge 99\n{words}"
        receipt = door.receipt(forward(FORWARD.replace("Please see to it.\n", above)))
        assert rows("SELECT assignee_id, priority, status FROM ticket") == [(2, 3, "open")]
        assert rows("SELECT name FROM ticket_tag") == [("vpn",)]
        notes = [text for (text,) in rows("SELECT text FROM message WHERE kind = 'note'")]
        assert [note.strip() for note in notes] == ([words.strip()] if words else [])
        assert "#assign jo" in receipt.trace
        assert any(line.startswith("#merge 99: refused") for line in receipt.trace)
        assert rows("SELECT address FROM recipient") == [("kim@example.test",)], "of what was refused"

    def test_nobody_commands_by_a_forward_that_nothing_proves(self, door: Door) -> None:
        raw = forward(FORWARD.replace("Please", "#close\nPlease"), headers={})
        door.take(raw)
        assert rows("SELECT status FROM ticket") == [("new",)]

    def test_it_is_routed_and_filtered_as_the_original(self, door: Door, desk: Desk) -> None:
        door.mailbox("sales@example.test", department="Sales")
        filters.add(ADMIN, "F", on="new", condition="from:ana@corp.test", then=["tag:ana"])
        door.take(forward(to="sales@example.test"), mailbox="sales@example.test")
        assert rows("SELECT d.name FROM ticket t JOIN department d ON d.id = t.department_id") == [("Sales",)]
        assert rows("SELECT name FROM ticket_tag") == [("ana",)]

    def test_who_answers_the_desk_is_in_the_ticket(self, door: Door) -> None:
        opened = door.take(forward())
        sent = door.sent(opened.ticket_id or 0, "ana@corp.test")
        answer = door.take(mail("Thanks", sender="Ana <ana@corp.test>", answers=sent))
        assert (answer.verdict, answer.ticket_id) == ("reply", opened.ticket_id)

    def test_an_attached_mail_brings_its_own_name(self, door: Door) -> None:
        door.take(with_attached_lamp("<fw@example.test>"))
        assert ticket() == ("Lamp", "ana@corp.test")
        assert rows("SELECT message_id FROM message WHERE kind = 'customer'") == [("<lamp@corp.test>",)]

    @pytest.mark.parametrize("attached", [True, False])
    def test_a_forward_that_comes_twice_opens_one_ticket(self, door: Door, attached: bool) -> None:
        raw = with_attached_lamp("<fw@example.test>") if attached else forward(message_id="<fw@example.test>")
        assert door.take(raw).ticket_number == "1"
        resent = door.take(b"Resent-From: kim@example.test\r\nResent-To: support@example.test\r\n" + raw)
        assert (resent.verdict, resent.ticket_number) == ("duplicate", "1")
        changed = door.receipt(b"X-Gateway: 1\r\n" + raw)
        assert (changed.verdict, changed.ticket) == ("reply", "1")
        assert "it opened ticket 1 before: filed there, unverified" in changed.trace
        assert rows("SELECT unverified FROM message WHERE kind = 'customer' ORDER BY id") == [(0,), (1,)]
        assert not rows("SELECT 1 FROM delivery")

    def test_another_forward_of_the_same_mail_is_another_mail(self, door: Door) -> None:
        door.take(with_attached_lamp("<fw@example.test>"))
        assert door.take(with_attached_lamp("<fw2@example.test>")).ticket_number == "2"

    def test_what_is_here_already_is_referred_to(self, door: Door) -> None:
        door.take(mail(sender="Ana <ana@corp.test>", subject="Lamp", message_id="<lamp@corp.test>"))
        door.take(with_attached_lamp("<fw@example.test>"))
        assert rows("SELECT refers_to_id FROM ticket ORDER BY id") == [(None,), (1,)]


class TestNotProved:
    @pytest.mark.parametrize(
        "forged",
        [
            {"headers": {}},
            {"headers": {"Authentication-Results": "mx.evil.test; dkim=pass header.d=example.test"}},
            {"headers": {"Authentication-Results": "mx.example.test; dkim=pass header.d=evil.test"}},
            {"headers": {"Authentication-Results": "mx.example.test; dkim=fail header.d=example.test"}},
            {"headers": PROOF | {"Sender": "eve@elsewhere.test"}},
            {"headers": PROOF | {"Auto-Submitted": "auto-replied"}},
            {
                "headers": {
                    "ARC-Authentication-Results": "i=1; mx.example.test; dkim=pass header.d=example.test"
                }
            },
            {"headers": {"DKIM-Signature": "v=1; d=example.test"}},
        ],
    )
    def test_a_forward_that_nothing_proves_is_taken_as_it_is(
        self, door: Door, forged: dict[str, Any]
    ) -> None:
        door.take(forward(**forged))
        assert ticket()[1] == "kim@example.test"
        assert not rows("SELECT 1 FROM message WHERE kind = 'note'")

    def test_a_customers_forward_is_the_customers(self, door: Door) -> None:
        door.take(forward(sender="Eve <eve@elsewhere.test>"))
        assert ticket()[1] == "eve@elsewhere.test"

    def test_a_mail_of_the_desk_itself_makes_nobody_ask(self, door: Door) -> None:
        door.mailbox(SUPPORT)
        door.take(forward(FORWARD.replace("ana@corp.test", SUPPORT)))
        assert ticket()[1] == "kim@example.test"


class TestDkim:
    """Where no server of the desk's own checks signatures, the desk does, if it is to."""

    @pytest.fixture(autouse=True)
    def _keys(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        public = KEY.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        known = {"s1._domainkey.example.test": record, "s1._domainkey.evil.test": record}
        monkeypatch.setattr(dkim_proof, "ask_name_service", known.get)
        store("mail.authserv_ids", "")
        store("mail.check_dkim", value=True)

    def signed(
        self,
        raw: bytes | None = None,
        *,
        domain: bytes = b"example.test",
        fields: tuple[bytes, ...] = (*BASE, b"message-id", b"in-reply-to"),
        date: datetime | None = None,
        **more: Any,
    ) -> bytes:
        when = format_datetime(date or datetime.now(UTC))
        plain = raw or forward(headers={"Date": when})
        signature: bytes = dkim.sign(
            plain,
            b"s1",
            domain,
            PRIVATE,
            include_headers=list(fields),
            canonicalize=(b"relaxed", b"relaxed"),
            **more,
        )
        return signature + plain

    def test_an_aligned_signature_proves_the_agent(self, door: Door) -> None:
        receipt = door.receipt(self.signed())
        assert ticket()[1] == "ana@corp.test"
        assert any("dkim=pass for example.test, by its own signature" in line for line in receipt.trace)

    def test_it_lets_an_agent_answer(self, door: Door) -> None:
        opened = door.take(mail(headers={"Precedence": "list"}))
        sent = door.sent(opened.ticket_id or 0, "ana@corp.test")
        when = {"Date": format_datetime(datetime.now(UTC))}
        raw = mail("Try again.", sender=KIM, answers=sent, headers=when)
        assert door.take(self.signed(raw)).verdict == "reply"
        assert rows("SELECT kind, unverified FROM message ORDER BY id DESC LIMIT 1") == [("reply", 0)]

    @pytest.mark.parametrize(
        "forgery",
        [
            "another domain",
            "a domain below",
            "no key",
            "body changed",
            "subject changed",
            "to not signed",
            "subject not signed",
            "its name not signed",
            "another subject above",
            "made the answer to something",
            "made a copy for others",
            "only the length of the text",
            "an old mail",
            "not to the desk",
            "second From",
            "Sender is another",
            "switched off",
            "a server that is believed says nothing",
        ],
    )
    def test_no_forgery_makes_an_agent(self, door: Door, forgery: str) -> None:
        when = {"Date": format_datetime(datetime.now(UTC))}
        match forgery:
            case "another domain":
                raw = self.signed(domain=b"evil.test")
            case "a domain below":
                raw = self.signed(domain=b"mail.example.test")
            case "no key":
                raw = self.signed().replace(b"s=s1", b"s=s2")
            case "body changed":
                raw = self.signed().replace(b"It burns.", b"Pay here.")
            case "subject changed":
                raw = self.signed().replace(b"Subject: Fwd: Printer", b"Subject: Fwd: Payment")
            case "to not signed":
                raw = self.signed(fields=(b"from", b"subject", b"date", b"message-id"))
            case "subject not signed":
                raw = self.signed(fields=(b"from", b"to", b"date", b"message-id"))
            case "its name not signed":
                raw = self.signed(fields=BASE)
            case "another subject above":
                raw = b"Subject: Fwd: Payment\r\n" + self.signed()
            case "made the answer to something":
                raw = b"In-Reply-To: <x@example.test>\r\n" + self.signed(fields=(*BASE, b"message-id"))
            case "made a copy for others":
                raw = b"Cc: eve@elsewhere.test\r\n" + self.signed(fields=(*BASE, b"message-id"))
            case "only the length of the text":
                raw = self.signed(length=True) + b"And more.\r\n"
            case "an old mail":
                raw = self.signed(
                    forward(headers={"Date": format_datetime(datetime.now(UTC) - timedelta(days=9))})
                )
            case "not to the desk":
                raw = self.signed(forward(to="ana@corp.test", headers=when))
            case "second From":
                raw = b"From: Eve <eve@elsewhere.test>\r\n" + self.signed()
            case "Sender is another":
                raw = self.signed(forward(headers={**when, "Sender": "eve@elsewhere.test"}))
            case "switched off":
                store("mail.check_dkim", value=False)
                raw = self.signed()
            case _:
                store("mail.authserv_ids", "mx.example.test")
                raw = self.signed()
        door.take(raw)
        assert ticket()[1] != "ana@corp.test", forgery
        assert not rows("SELECT 1 FROM message WHERE kind IN ('note', 'reply')")

    def test_a_name_service_that_hangs_costs_a_bounded_time(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def nothing(name: str) -> None:
            asked.append(name)

        monkeypatch.setattr(dkim_proof, "ask_name_service", nothing)
        raw = self.signed()
        signature = raw[: raw.index(b"Received" if raw.startswith(b"Received") else b"From:")]
        begun = time.monotonic()
        door.take(signature * 20 + raw)
        assert len(asked) <= dkim_proof.MOST_SIGNATURES
        assert time.monotonic() - begun < 60
