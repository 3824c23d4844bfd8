"""What the demo's customers write, and how they answer."""

from __future__ import annotations

import email
import email.policy
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr

ADDRESS = "support@demo.example"
PASSWORD = "loopback-only-7c2f"  # noqa: S105 - the demo's own server; there is nothing to guard
DOMAIN = "demo.example"

MACHINES = frozenset({"backup@db02.demo.example", "monitor@noc.demo.example"})


@dataclass(frozen=True, slots=True)
class SampleMail:
    """One sample mail: who, what, how long ago, with which file, in answer to which other."""

    name: str
    address: str
    subject: str
    text: str
    minutes_ago: int
    attachment: tuple[str, str, bytes] | None = None
    follows: int | None = None
    machine: bool = False
    cc: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A customer's mail in return; ``thread`` names the conversation, one answer each."""

    thread: str
    raw: bytes


SAMPLES: tuple[SampleMail, ...] = (
    SampleMail(
        "S. Weber",
        "weber@corp.example",
        "Calendar invites arrive twice",
        "Hello,\n\nsince Monday every invitation shows up twice, once from the room and once from the\n"
        "organiser. Deleting one deletes both.\n\nRegards\nS. Weber",
        60 * 24 * 8,
    ),
    SampleMail(
        "Facilities",
        "facilities@corp.example",
        "Old laptop pickup",
        "Twelve old laptops wait at the loading dock. Who takes them, and is the data gone?",
        60 * 24 * 6,
    ),
    SampleMail(
        "Reception",
        "reception@corp.example",
        "WiFi guest voucher for auditors (3 days)",
        "Three auditors need network access from Tuesday to Thursday.\n\n"
        "- Kim Larsen\n- Ravi Shah\n- M. Duarte",
        60 * 24 * 4,
    ),
    SampleMail(
        "Lee Park",
        "lee@corp.example",
        "Monitor flickers after docking",
        "The left monitor flickers for a minute after docking. Right one is fine.\n"
        "Cable changed, same thing. Asset tag 00417.",
        60 * 24,
    ),
    SampleMail(
        "Security Desk",
        "security@corp.example",
        'Phishing report: "Your parcel is waiting"',
        "Four people in accounting got this mail. One clicked.\n\n"
        "> Dear client your parcel is waiting, confirm at hxxp://parcel.invalid/login\n\n"
        "Please block the domain and check the proxy log.",
        60 * 22,
    ),
    SampleMail(
        "Prêmio Fácil \u202eexe.fdp\u202c",
        "winner@prize.invalid",
        "\x1b]0;owned\x07 [@click=app.quit]You have won[/] \x1b[31mred\x1b[0m",
        "This mail tries to rename your terminal, colour it and write your clipboard:\n"
        "\x1b]52;c;cHduZWQ=\x07 \x1b[2J Nothing of it happens here.",
        190,
    ),
    SampleMail(
        "db02",
        "backup@db02.demo.example",
        "Backup job failed on db02 (exit 23)",
        'rsync: write failed on "/srv/backup/db02/base.tar": No space left on device (28)\n'
        "rsync error: some files/attrs were not transferred (code 23) at main.c(1338)\n"
        "df -h /srv/backup\n/dev/sdb1  1.8T  1.8T   52M 100% /srv/backup\n",
        60 * 3,
        machine=True,
    ),
    SampleMail(
        "T. Nguyen",
        "t.nguyen@corp.example",
        "Request: install Inkscape",
        "Could you install Inkscape on my machine (ws-2214)? My manager agreed, she is in Cc.",
        180,
        cc="Paula Brandt <paula@corp.example>",
    ),
    SampleMail(
        "M. Okafor",
        "m.okafor@corp.example",
        "Cannot open shared drive \\\\srv\\finance",
        "Error 0x80070035 when I open \\\\srv\\finance\\2026\\new.\nIt worked before lunch.\n\nM. Okafor",
        120,
    ),
    SampleMail(
        "HR Team",
        "hr@corp.example",
        "New hire starts Monday - laptop + accounts",
        "Name: Dana Ruiz\nStart: Monday, 9:00\nTeam: Logistics\nNeeds: laptop, mail, VPN, ERP (read only).",
        60,
    ),
    SampleMail(
        "Jo Lindqvist",
        "jo.lindqvist@corp.example",
        "Printer 3F-west: paper jam, queue stuck",
        "Paper is out, the display still says jam. 14 jobs are waiting, two of them are payslips.",
        26,
    ),
    SampleMail(
        "Ana Prado",
        "ana.prado@corp.example",
        "VPN drops every 30 min since the 9.2 upgrade",
        "Hi,\n\nsince the client upgrade on Tuesday my tunnel drops every 30 minutes. Log attached.\n"
        "Nothing changed on my side. I am in the Lisbon office (wired).\n\n"
        "10:02 IKE rekey failed, peer not responding\n10:02 deleting half open IKE_SA after timeout\n\nAna",
        12,
        attachment=(
            "charon.log",
            "text/plain",
            b"\n".join(
                b"10:%02d 07[IKE] sending keep alive to 192.0.2.4[4500]" % (m % 60) for m in range(300)
            ),
        ),
    ),
    SampleMail(
        "Ana Prado",
        "ana.prado@corp.example",
        "Re: VPN drops every 30 min since the 9.2 upgrade",
        "One more thing: a colleague with 9.1 in the same room has no drops.\n\nAna",
        4,
        follows=11,
    ),
)


def sample_mails(now: datetime) -> list[bytes]:
    """Return the sample mails as bytes, oldest first."""
    ids = [
        make_msgid(str(index), domain=sample.address.split("@")[1]) for index, sample in enumerate(SAMPLES)
    ]
    return [_written(sample, ids, ids[index], now) for index, sample in enumerate(SAMPLES)]


def _written(sample: SampleMail, ids: list[str], message_id: str, now: datetime) -> bytes:
    sent = now - timedelta(minutes=sample.minutes_ago)
    mail = EmailMessage(policy=email.policy.SMTP)
    head = [
        ("Received", f"from mx.{DOMAIN} by {DOMAIN} with LMTP; {format_datetime(sent)}"),
        ("From", f"{_encoded(sample.name)} <{sample.address}>"),
        ("To", f"Support <{ADDRESS}>"),
        ("Subject", _encoded(sample.subject)),
        ("Date", format_datetime(sent)),
        ("Message-ID", message_id),
    ]
    if sample.cc:
        head.append(("Cc", sample.cc))
    if sample.machine:
        head.append(("Auto-Submitted", "auto-generated"))
    if sample.follows is not None:
        head += [("In-Reply-To", ids[sample.follows]), ("References", ids[sample.follows])]
    mail.set_content(sample.text, cte="quoted-printable")
    if sample.attachment:
        name, kind, data = sample.attachment
        main, sub = kind.split("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return "".join(f"{key}: {value}\r\n" for key, value in head).encode() + mail.as_bytes()


def _encoded(text: str) -> str:
    """Return an RFC 2047 word, so that a sample subject may hold what a hostile one holds."""
    if text.isascii() and text.isprintable():
        return text if all(c.isalnum() or c in " !-'*+/=?_.,:()" for c in text) else f"=?utf-8?q?{_q(text)}?="
    return f"=?utf-8?q?{_q(text)}?="


def _q(text: str) -> str:
    safe = set(string.ascii_letters + string.digits)
    return "".join(chr(b) if chr(b) in safe else "_" if b == 32 else f"={b:02X}" for b in text.encode())


def answer_to(raw: bytes) -> Answer | None:
    """Return what the customer writes back to a mail of the desk; None for machines and for machine mail."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    name, address = parseaddr(str(mail["To"]))
    machine = str(mail["Auto-Submitted"] or "no") != "no"
    if machine or not address or address in MACHINES:
        return None
    references = f"{mail['References'] or ''} {mail['Message-ID']}".split()
    reply = EmailMessage(policy=email.policy.SMTP)
    reply["From"] = f'"{name or address}" <{address}>'
    reply["To"] = f"Support <{ADDRESS}>"
    reply["Subject"] = f"Re: {str(mail['Subject']).removeprefix('Re: ')}"
    reply["Date"] = format_datetime(datetime.now(UTC))
    reply["Message-ID"] = make_msgid(domain=address.split("@")[1])
    reply["In-Reply-To"] = str(mail["Message-ID"])
    reply["References"] = " ".join(references)
    body = mail.get_body(("plain",))
    quoted = "\n".join(f"> {line}" for line in (body.get_content() if body else "").splitlines())
    reply.set_content(f"Thank you, that helped.\n\n{name or address}\n\nSupport wrote:\n\n{quoted}\n")
    return Answer(references[0], reply.as_bytes())
