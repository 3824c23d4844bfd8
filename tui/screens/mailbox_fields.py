"""The fields of the mailbox form: where each stands, and what it is called.

Every widget's id is ``f-`` and the name of the field, so that errors find their line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.widget import Widget

from tui.widgets.choice import Choice, Tick
from tui.widgets.entry import Entry

SECURITY = (("tls", "TLS"), ("starttls", "STARTTLS"), ("none", "none: clear text"))
SECRET_SOURCES = (
    ("sealed", "type now"),
    ("pass_cmd", "command"),
    ("env", "env var"),
    ("credential", "systemd"),
    ("none", "none"),
)
SECRET_HELP = {
    "sealed": "kept encrypted with the desk's key",
    "pass_cmd": "a command that prints the password, e.g. pass show mail/noc",
    "env": "name of an environment variable",
    "credential": "name of a systemd credential (LoadCredential=)",
    "none": "no password",
}
IMAP_PORTS = {"tls": "993", "starttls": "143", "none": "143"}
SMTP_PORTS = {"tls": "465", "starttls": "587", "none": "25"}
SECURITY_OF_PORT = {"993": "tls", "143": "starttls", "465": "tls", "587": "starttls", "25": "starttls"}


FIELD_HELP = {
    "address": "The address customers write to. It is also the sender of the answers.",
    "name": "The name that customers see as sender, such as IT Support.",
    "department": "Whose tickets this mailbox makes; left and right change it.",
    "autoresponse": "Space switches the mail that tells a customer the number of the new ticket.",
    "protocol": "Whether mail is fetched from a server; left and right change it.",
    "host": "Name of the IMAP server; ssl://host and tls://host are understood too.",
    "port": "993 is TLS, 143 is STARTTLS; the security follows the port.",
    "security": "TLS and STARTTLS check the server's certificate. Left and right change it.",
    "user": "What the server calls the account; empty: the address.",
    "folder": "The folder whose mail becomes tickets.",
    "secret_source": "Typed passwords are kept encrypted; the others are asked for each time, never kept.",
    "secret": "The password, or where it comes from.",
    "schedule": "'every 45 minutes', or a cron line of five fields: */10 8-18 * * 1-5",
    "batch": "Mails in one round trip and one transaction; 50 suits most servers.",
    "max_per_fetch": "The most mails of one run; empty: all there are.",
    "after_fetch": "What becomes of the server's copy once the desk has the mail safely.",
    "move_folder": "The folder that fetched mail is moved to; it is made when it is missing.",
    "backlog": "What is done with mail that is there before the first fetch.",
    "ca_file": "A file with your own certificate authority, in place of the system's.",
    "fingerprint": "SHA-256 of the server's certificate; then only that one is trusted.",
    "outgoing": "Where this mailbox's answers leave. No: through the desk's default mailbox.",
    "smtp_host": "Name of the SMTP server.",
    "smtp_port": "587 is STARTTLS, 465 is TLS, 25 between servers; the security follows the port.",
    "smtp_security": "A STARTTLS that is not offered is an error, never plain text.",
    "smtp_auth": "Which login the SMTP server gets.",
    "smtp_user": "What the SMTP server calls the account; empty: the address.",
    "smtp_secret_source": "Typed passwords are kept encrypted; the others are asked for each time.",
    "smtp_secret": "The password, or where it comes from.",
    "smtp_ca_file": "A file with your own certificate authority, in place of the system's.",
    "smtp_fingerprint": "SHA-256 of the server's certificate; then only that one is trusted.",
}


@dataclass(frozen=True)
class Row:
    """One line of the form; `fields` are the names whose errors are shown below it."""

    name: str
    parts: Sequence[str | Widget]
    fields: tuple[str, ...] = ()


def _id(name: str) -> str:
    return f"f-{name}"


def identity_rows() -> Iterator[Row]:
    """Address, name, department, acknowledgement."""
    yield Row(
        "identity",
        (
            " Address   [",
            Entry(id=_id("address"), share=3, placeholder="support@example.org"),
            "]  Name [",
            Entry(id=_id("name"), share=2, placeholder="shown as sender"),
            "]",
        ),
        ("address", "name"),
    )
    yield Row(
        "department",
        (
            " Department ",
            Choice((("", "the default one"),), id=_id("department"), folded=True),
            "   ",
            Tick("acknowledge new tickets by mail", True, id=_id("autoresponse")),
        ),
        ("department", "autoresponse"),
    )


def incoming_rows() -> Iterator[Row]:
    """The IMAP account and what is done with its mail."""
    yield Row(
        "protocol",
        (" Fetch     ", Choice((("imap", "IMAP"), ("none", "no: nothing is fetched")), id=_id("protocol"))),
        ("protocol",),
    )
    yield Row(
        "server",
        (
            " Server    [",
            Entry(id=_id("host"), placeholder="mail.example.org"),
            "] Port [",
            Entry("993", id=_id("port"), width=6),
            "] Security ",
            Choice(SECURITY, id=_id("security"), folded=True),
        ),
        ("host", "port", "security"),
    )
    yield Row(
        "user",
        (
            " User      [",
            Entry(id=_id("user"), share=2, placeholder="as the address"),
            "] Folder [",
            Entry("INBOX", id=_id("folder")),
            "]",
        ),
        ("user", "folder"),
    )
    yield from _secret_rows("")
    yield Row(
        "schedule",
        (
            " Schedule  [",
            Entry("every 5 minutes", id=_id("schedule")),
            "] Batch [",
            Entry("50", id=_id("batch"), width=6),
            "] At most [",
            Entry(id=_id("max_per_fetch"), width=7, placeholder="no cap"),
            "]",
        ),
        ("schedule", "batch", "max_per_fetch"),
    )
    yield Row(
        "processed",
        (
            " Processed ",
            Choice((("keep", "keep"), ("delete", "delete"), ("move", "move to")), id=_id("after_fetch")),
            " [",
            Entry(id=_id("move_folder"), placeholder="Helpdesk/Done"),
            "]",
        ),
        ("after_fetch", "move_folder"),
    )
    yield Row(
        "backlog",
        (
            " Old mail  ",
            Choice(
                (("all", "take all"), ("new", "only what comes"), ("archive", "file, acknowledge none")),
                id=_id("backlog"),
            ),
        ),
        ("backlog",),
    )
    yield _trust_row("")


def outgoing_rows() -> Iterator[Row]:
    """The SMTP account."""
    yield Row(
        "outgoing",
        (
            " Send      ",
            Choice((("none", "no: the default mailbox sends"), ("smtp", "SMTP")), id=_id("outgoing")),
        ),
        ("outgoing",),
    )
    yield Row(
        "smtp_server",
        (
            " Server    [",
            Entry(id=_id("smtp_host"), placeholder="mail.example.org"),
            "] Port [",
            Entry("587", id=_id("smtp_port"), width=6),
            "] Security ",
            Choice(SECURITY, "starttls", id=_id("smtp_security"), folded=True),
        ),
        ("smtp_host", "smtp_port", "smtp_security"),
    )
    yield Row(
        "smtp_auth",
        (
            " Login     ",
            Choice(
                (("same", "same as incoming"), ("basic", "its own"), ("none", "no login")),
                id=_id("smtp_auth"),
            ),
        ),
        ("smtp_auth",),
    )
    yield Row("smtp_user", (" User      [", Entry(id=_id("smtp_user")), "]"), ("smtp_user",))
    yield from _secret_rows("smtp_")
    yield _trust_row("smtp_")


def _secret_rows(prefix: str) -> Iterator[Row]:
    yield Row(
        f"{prefix}secret_source",
        (" Password  ", Choice(SECRET_SOURCES, id=_id(f"{prefix}secret_source"))),
        (f"{prefix}secret_source",),
    )
    yield Row(
        f"{prefix}secret",
        (
            "           [",
            Entry(id=_id(f"{prefix}secret"), password=True, placeholder=SECRET_HELP["sealed"]),
            "]",
        ),
        (f"{prefix}secret",),
    )


def _trust_row(prefix: str) -> Row:
    return Row(
        f"{prefix}trust",
        (
            " CA file   [",
            Entry(id=_id(f"{prefix}ca_file"), placeholder="system's own"),
            "] Pin [",
            Entry(id=_id(f"{prefix}fingerprint"), placeholder="SHA-256 of the certificate"),
            "]",
        ),
        (f"{prefix}ca_file", f"{prefix}fingerprint"),
    )
