"""The fields of the mailbox form: where each stands, and what it is called.

Every widget's id is ``f-`` and the name of the field, so that errors find their line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
PORTS = {
    "imap": {"tls": "993", "starttls": "143", "none": "143"},
    "pop3": {"tls": "995", "starttls": "110", "none": "110"},
    "smtp": {"tls": "465", "starttls": "587", "none": "25"},
}
SECURITY_OF_PORT = {
    "993": "tls",
    "143": "starttls",
    "995": "tls",
    "110": "starttls",
    "465": "tls",
    "587": "starttls",
    "25": "starttls",
}
PRIORITY = (("", "as the topic says"), *((name, name) for name in ("low", "normal", "high", "urgent")))
OAUTH2 = (("google", "Google"), ("microsoft", "Microsoft"), ("other", "other"))
CLIENT_AUTH = (("post", "in the form"), ("basic", "in the header"))
Typed = Mapping[str, str | bool]


@dataclass(frozen=True)
class Row:
    """One line of the form; `fields` are the names whose errors are shown below it."""

    name: str
    parts: Sequence[str | Widget]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """Some rows under one title."""

    title: str
    rows: Sequence[Row]


def sections() -> list[Section]:
    """All rows of the form, in the order of the Tab key."""
    return [
        Section("", list(_identity_rows())),
        Section("Incoming", list(_incoming_rows())),
        Section("Outgoing", list(_outgoing_rows())),
        Section("OAuth2", list(_oauth2_rows())),
    ]


def with_oauth2(typed: Typed) -> bool:
    """Whether an account of the mailbox logs in with OAuth2."""
    incoming = typed["protocol"] != "none" and typed["auth"] == "oauth2"
    return incoming or (typed["outgoing"] == "smtp" and typed["smtp_auth"] == "oauth2")


def hidden_rows(typed: Typed) -> set[str]:
    """The rows that what was chosen makes superfluous."""
    fetches, sends = typed["protocol"] != "none", typed["outgoing"] == "smtp"
    hidden: set[str] = set()
    if not fetches:
        hidden |= {"server", "user", "auth", "secret_source", "secret", "schedule", "idle", "processed"}
        hidden |= {"backlog", "trust"}
    if typed["auth"] == "oauth2":
        hidden |= {"secret_source", "secret"}
    if typed["protocol"] == "pop3":
        hidden |= {"idle"}
    if not sends:
        hidden |= {"smtp_server", "smtp_auth", "smtp_sender", "sent", "smtp_trust"}
    if not sends or typed["smtp_auth"] != "basic":
        hidden |= {"smtp_secret_source", "smtp_secret"}
    if not sends or typed["smtp_auth"] not in ("basic", "oauth2"):
        hidden |= {"smtp_user"}
    if typed["protocol"] != "imap":
        hidden |= {"sent"}
    if not with_oauth2(typed):
        hidden |= set(OAUTH2_ROWS)
    elif typed["oauth2"] != "microsoft":
        hidden |= {"oauth2_tenant"}
    return hidden


def hidden_fields(typed: Typed) -> set[str]:
    """Fields that stand in a row that is shown, and say nothing as things are."""
    hidden = set()
    if typed["protocol"] == "none":
        hidden |= {"incoming_enabled"}
    if typed["outgoing"] != "smtp":
        hidden |= {"outgoing_enabled"}
    return hidden


def _id(name: str) -> str:
    return f"f-{name}"


def _identity_rows() -> Iterator[Row]:
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
        "provider",
        (" Provider  ", Choice((("", "found by the address"),), id=_id("provider"), folded=True)),
        ("provider",),
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
    yield Row(
        "topic",
        (
            " Topic     ",
            Choice((("", "none"),), id=_id("topic"), folded=True),
            "   Priority ",
            Choice(PRIORITY, id=_id("priority"), folded=True),
        ),
        ("topic", "priority"),
    )
    yield Row(
        "aliases",
        (" Aliases   [", Entry(id=_id("aliases"), placeholder="help@example.org, it@example.org"), "]"),
        ("aliases",),
    )


def _incoming_rows() -> Iterator[Row]:
    yield Row(
        "protocol",
        (
            " Fetch     ",
            Choice((("imap", "IMAP"), ("pop3", "POP3"), ("none", "nothing")), id=_id("protocol")),
            "   ",
            Tick("switched on", True, id=_id("incoming_enabled")),
        ),
        ("protocol", "incoming_enabled"),
    )
    yield _server_row("", "993", "tls")
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
    yield Row(
        "auth",
        (" Login     ", Choice((("basic", "password"), ("oauth2", "OAuth2")), id=_id("auth"))),
        ("auth",),
    )
    yield from _secret_rows("", " Password  ")
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
        "idle",
        (" At once   ", Tick("stay connected, fetch new mail as it comes (IDLE)", id=_id("idle"))),
        ("idle",),
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


def _outgoing_rows() -> Iterator[Row]:
    yield Row(
        "outgoing",
        (
            " Send      ",
            Choice((("none", "no: the default mailbox sends"), ("smtp", "SMTP")), id=_id("outgoing")),
            "   ",
            Tick("switched on", True, id=_id("outgoing_enabled")),
        ),
        ("outgoing", "outgoing_enabled"),
    )
    yield _server_row("smtp_", "587", "starttls")
    yield Row(
        "smtp_auth",
        (
            " Login     ",
            Choice(
                (("same", "as incoming"), ("basic", "its own"), ("none", "no login"), ("oauth2", "OAuth2")),
                id=_id("smtp_auth"),
            ),
        ),
        ("smtp_auth",),
    )
    yield Row(
        "smtp_user",
        (" User      [", Entry(id=_id("smtp_user"), placeholder="as the address"), "]"),
        ("smtp_user",),
    )
    yield from _secret_rows("smtp_", " Password  ")
    yield Row(
        "smtp_sender",
        (
            " Greets as [",
            Entry(id=_id("smtp_helo"), placeholder="this host"),
            "]  ",
            Tick("may send as the desk's others", id=_id("smtp_spoof")),
        ),
        ("smtp_helo", "smtp_spoof"),
    )
    yield Row(
        "sent",
        (" Copies to [", Entry(id=_id("sent_folder"), placeholder="no folder for sent mail"), "]"),
        ("sent_folder",),
    )
    yield _trust_row("smtp_")


def _oauth2_rows() -> Iterator[Row]:
    yield Row(
        "oauth2",
        (" Given by  ", Choice(OAUTH2, id=_id("oauth2"))),
        ("oauth2",),
    )
    yield Row("oauth2_client_id", _one_entry(" Client id [", "oauth2_client_id"), ("oauth2_client_id",))
    yield Row("oauth2_tenant", _one_entry(" Tenant    [", "oauth2_tenant", "common"), ("oauth2_tenant",))
    yield from _secret_rows("client_", " Secret    ", first="none")
    for name, label in (("authorize", "Authorize"), ("token", "Tokens"), ("device", "Device")):
        field = f"oauth2_{name}_url"
        yield Row(field, _one_entry(f" {label:<9} [", field, "the provider's own"), (field,))
    yield Row(
        "oauth2_revoke_url",
        _one_entry(" Revoke    [", "oauth2_revoke_url", "the provider's own"),
        ("oauth2_revoke_url",),
    )
    yield Row(
        "oauth2_scopes", _one_entry(" Scopes    [", "oauth2_scopes", "the provider's own"), ("oauth2_scopes",)
    )
    yield Row(
        "oauth2_manner",
        (
            " Secret is ",
            Choice(CLIENT_AUTH, id=_id("oauth2_client_auth"), folded=True),
            "   ",
            Tick("only the mailbox itself may log in", True, id=_id("oauth2_strict")),
        ),
        ("oauth2_client_auth", "oauth2_strict"),
    )
    yield Row(
        "oauth2_ca_file", _one_entry(" CA file   [", "oauth2_ca_file", "system's own"), ("oauth2_ca_file",)
    )


OAUTH2_ROWS = (
    *("oauth2", "oauth2_client_id", "oauth2_tenant", "client_secret_source", "client_secret"),
    *("oauth2_authorize_url", "oauth2_token_url", "oauth2_device_url", "oauth2_revoke_url"),
    *("oauth2_scopes", "oauth2_manner", "oauth2_ca_file"),
)


def _one_entry(label: str, name: str, placeholder: str = "") -> tuple[str | Widget, ...]:
    return label, Entry(id=_id(name), placeholder=placeholder), "]"


def _server_row(prefix: str, port: str, security: str) -> Row:
    return Row(
        f"{prefix}server",
        (
            " Server    [",
            Entry(id=_id(f"{prefix}host"), placeholder="mail.example.org"),
            "] Port [",
            Entry(port, id=_id(f"{prefix}port"), width=6),
            "] Security ",
            Choice(SECURITY, security, id=_id(f"{prefix}security"), folded=True),
        ),
        (f"{prefix}host", f"{prefix}port", f"{prefix}security"),
    )


def _secret_rows(prefix: str, label: str, first: str = "sealed") -> Iterator[Row]:
    yield Row(
        f"{prefix}secret_source",
        (label, Choice(SECRET_SOURCES, first, id=_id(f"{prefix}secret_source"))),
        (f"{prefix}secret_source",),
    )
    yield Row(
        f"{prefix}secret",
        (
            "           [",
            Entry(id=_id(f"{prefix}secret"), password=True, placeholder=SECRET_HELP[first]),
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
