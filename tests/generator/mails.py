"""A desk's day of mail: requests, replies, automatic mail, attachments, newsletters."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.generator import texts
from tests.generator.manifest import GeneratedMail, Kind, Manifest
from tests.generator.wire import Part, Writer, header_value
from tests.generator.words import (
    CHARSETS,
    DOMAINS,
    FIRST_NAMES,
    IN_CHARSET,
    LAST_NAMES,
    THINGS,
    TROUBLES,
    USER_AGENTS,
)

START = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
_SHARES: dict[Kind, float] = {"reply": 0.25, "auto": 0.05, "attach": 0.05, "news": 0.05}


def generate(
    n: int,
    seed: int = 1,
    to: str = "support@example.test",
    domain: str = "example.test",
    *,
    start: dt.datetime = START,
    bare: bool = False,
) -> Iterator[GeneratedMail]:
    """``n`` mails to ``to`` at a desk in ``domain``, oldest first, the first some minutes after ``start``.

    bare: without Return-Path, Delivered-To and Received, as a mail is handed in over SMTP.
    """
    desk = _Desk(n, seed, to, domain, start, bare)
    for number, kind in enumerate(desk.kinds):
        yield desk.mail(number, kind)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A customer's earlier mail, which a reply may answer."""

    number: int
    message_id: str
    references: tuple[str, ...]
    name: str
    address: str
    subject: str
    charset: str
    text: str


@dataclass(slots=True)
class _Draft:
    """A mail in the making."""

    number: int
    kind: Kind
    name: str
    address: str
    charset: str
    subject: str
    envelope: str
    message_id: str
    parent: _Sent | None
    extra: list[tuple[str, str]]
    structure: str = "plain"


class _Desk:
    """Draws every choice from one Random: the order of the draws is what makes a seed's mails the same."""

    def __init__(self, n: int, seed: int, to: str, domain: str, start: dt.datetime, bare: bool) -> None:
        self._random = random = Random(seed)
        self._to = to
        self._domain = domain
        self._now = start
        self._bare = bare
        self._sent: list[_Sent] = []
        self._people = [
            (f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}", f"u{i}@{random.choice(DOMAINS)}")
            for i in range(max(20, n // 5))
        ]
        self.kinds: list[Kind] = [kind for kind, share in _SHARES.items() for _ in range(round(n * share))]
        self.kinds = (self.kinds + ["new"] * (n - len(self.kinds)))[:n]
        random.shuffle(self.kinds)

    def mail(self, number: int, kind: Kind) -> GeneratedMail:
        """The next mail."""
        random = self._random
        writer = Writer(random)
        self._now += dt.timedelta(seconds=random.randint(5, 900))
        draft = self._draft(number, kind if self._sent or kind != "reply" else "new")
        if draft.kind == "auto":
            content = self._automatic(draft, writer)
        elif draft.kind == "news":
            content = self._newsletter(draft, writer)
        else:
            content = self._request(draft, writer)
            if random.random() < 0.25:
                few = IN_CHARSET[draft.charset][:20]
                draft.subject += " " + few.encode(draft.charset, "replace").decode(draft.charset)
        raw = self._headers(draft).encode() + content.head + b"\r\n" + content.body
        manifest = Manifest(
            kind=draft.kind,
            message_id=draft.message_id,
            parent=draft.parent.message_id if draft.parent else None,
            sender=draft.address,
            sender_name=draft.name,
            subject=draft.subject,
            charset=draft.charset,
            cte=tuple(writer.encodings),
            structure=draft.structure,
            attachments=tuple(writer.attachments),
            size=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
        )
        return GeneratedMail(raw, self._now, manifest)

    def _draft(self, number: int, kind: Kind) -> _Draft:
        random = self._random
        charset = random.choice(CHARSETS)
        name, address = random.choice(self._people)
        subject = f"{random.choice(THINGS)} {random.choice(TROUBLES)}".capitalize()
        parent = None
        extra: list[tuple[str, str]] = []
        if kind == "reply":
            parent = random.choice(self._sent[-200:])
            name, address, charset = parent.name, parent.address, parent.charset
            numbered = f"Re: [#{100000 + parent.number:06d}] "
            bare_subject = re.sub(r"^(Re|RE|AW): (\[#\d+\] )?", "", parent.subject)
            subject = random.choice(["Re: ", "Re: ", "RE: ", "AW: ", numbered]) + bare_subject
            references = (*parent.references[-8:], parent.message_id)
            if random.random() < 0.95:
                extra.append(("In-Reply-To", references[-1]))
            if random.random() < 0.9:
                extra.append(("References", "\r\n ".join(references)))
        message_id = f"<{random.getrandbits(64):016x}.{number}@{_host(address)}>"
        return _Draft(number, kind, name, address, charset, subject, address, message_id, parent, extra)

    def _automatic(self, draft: _Draft, writer: Writer) -> Part:
        style = self._random.randint(0, 2)
        draft.extra.append(("Auto-Submitted", "auto-replied"))
        if style < 2:
            prefix = self._random.choice(["Automatic reply: ", "Out of Office: ", "Abwesenheitsnotiz: "])
            draft.subject = prefix + draft.subject
            draft.extra.append(("Precedence", "bulk") if style == 0 else ("X-Auto-Response-Suppress", "All"))
            text = f"I am out of the office until Monday.\n\n{IN_CHARSET[draft.charset]}"
            return writer.text("text/plain", text, draft.charset)
        draft.name, draft.subject = "Mail Delivery System", "Undelivered Mail Returned to Sender"
        draft.address, draft.envelope = f"MAILER-DAEMON@{_host(draft.address)}", ""
        draft.structure, draft.charset = "report", "us-ascii"
        lost = f"nobody{draft.number}@{self._domain}"
        status = (
            f"Reporting-MTA: dns; mx.{self._domain}\r\n\r\n"
            f"Final-Recipient: rfc822; {lost}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        )
        headers = (
            f"From: {self._to}\r\nTo: {lost}\r\nSubject: Ticket\r\n"
            f"Message-ID: <lost{draft.number}@{self._domain}>\r\n"
        )
        said = writer.text("text/plain", f"This is the mail system.\n\n<{lost}>: user unknown", "us-ascii")
        return writer.multipart(
            "report",
            [
                said,
                Part(b"Content-Type: message/delivery-status\r\n", status.encode()),
                Part(b"Content-Type: text/rfc822-headers\r\n", headers.encode()),
            ],
            " report-type=delivery-status;",
        )

    def _newsletter(self, draft: _Draft, writer: Writer) -> Part:
        random = self._random
        host = random.choice(DOMAINS)
        percent = random.randint(5, 70)
        draft.charset = random.choice(["utf-8", "utf-8", "iso-8859-1", "windows-1252"])
        draft.name, draft.address = "Weekly Deals", f"news@{host}"
        draft.envelope = f"bounce-{draft.number}@{host}"
        draft.subject = f"Weekly deals #{draft.number}: save up to {percent}%"
        draft.structure = "alternative"
        draft.extra += [
            ("List-Unsubscribe", f"<https://{host}/u/{draft.number}>"),
            ("Precedence", "bulk"),
            ("List-Id", f"<deals.{host}>"),
        ]
        html = texts.newsletter(random, host, draft.number, draft.charset)
        plain = f"View this mail in your browser.\n\n{IN_CHARSET[draft.charset]}"
        return writer.multipart(
            "alternative",
            [writer.text("text/plain", plain, draft.charset), writer.text("text/html", html, draft.charset)],
        )

    def _request(self, draft: _Draft, writer: Writer) -> Part:
        random, charset, parent = self._random, draft.charset, draft.parent
        text = texts.request(random, charset)
        quoted = ""
        full = text
        if parent:
            text = texts.request(random, charset, 1, 2)
            quoted = parent.text
            full = texts.with_quote(random, text, quoted, parent.subject, self._to, self._now)
        full += f"\n\n-- \n{draft.name.encode(charset, 'replace').decode(charset)}\n{draft.address}"
        shape = random.random()
        draft.structure = "alternative" if shape < 0.45 else "plain" if shape < 0.8 else "html"
        if draft.structure == "plain":
            flowed = "; format=flowed" if random.random() < 0.3 else ""
            content = writer.text("text/plain", full, charset, flowed)
        elif draft.structure == "html":
            content = writer.text("text/html", texts.html(random, text, quoted), charset)
        else:
            plain = writer.text("text/plain", full, charset)
            html = writer.text("text/html", texts.html(random, text, quoted), charset)
            content = writer.multipart("alternative", [plain, html])
        if draft.kind == "attach":
            draft.structure = f"mixed+{draft.structure}"
            attached = writer.attachment(random.randint(200_000, 1_000_000))
            content = writer.multipart("mixed", [content, attached])
        references = (*parent.references, parent.message_id) if parent else ()
        self._sent.append(
            _Sent(
                draft.number,
                draft.message_id,
                references,
                draft.name,
                draft.address,
                draft.subject,
                charset,
                text[:1500],
            )
        )
        return content

    def _headers(self, draft: _Draft) -> str:
        random = self._random
        host = _host(draft.address)
        sender = f"{header_value(draft.name, draft.charset)} <{draft.address}>"
        if draft.name.isascii() and random.random() < 0.5:
            sender = f'"{draft.name}" <{draft.address}>'
        date = f"{self._now:%a, %d %b %Y %H:%M:%S} {random.choice(['+0000', '+0100', '-0500', '+0900'])}"
        trace = (
            f"Return-Path: <{draft.envelope}>\r\nDelivered-To: {self._to}\r\n"
            f"Received: from mx{random.randint(1, 9)}.{host} (unknown [192.0.2.{random.randint(1, 254)}])\r\n"
            f"\tby mail.{self._domain} (Postfix) with ESMTPS id {random.getrandbits(40):010X}\r\n"
            f"\tfor <{self._to}>; {self._now:%a, %d %b %Y %H:%M:%S} +0000 (UTC)\r\n"
        )
        lines = [f"From: {sender}", f"To: {random.choice(['', 'Support '])}<{self._to}>"]
        if draft.kind in ("new", "reply") and random.random() < 0.12:
            lines.append(f"Cc: {random.choice(FIRST_NAMES[:2])} <cc{random.randint(1, 40)}@{host}>")
        lines += [
            f"Subject: {header_value(draft.subject, 'utf-8' if draft.kind == 'news' else draft.charset)}",
            f"Date: {date}",
            f"Message-ID: {draft.message_id}",
            *(f"{name}: {value}" for name, value in draft.extra),
        ]
        if draft.kind in ("new", "reply", "attach"):
            lines.append(f"User-Agent: {random.choice(USER_AGENTS)}")
        lines.append("MIME-Version: 1.0\r\n")
        return ("" if self._bare else trace) + "\r\n".join(lines)


def _host(address: str) -> str:
    return address.partition("@")[2]
