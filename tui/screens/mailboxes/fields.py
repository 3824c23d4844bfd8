"""The fields of the mailbox form: where each of the table's fields stands, and what its choices are called.

Every widget's id is ``f-`` and the name of the field, so that errors find their line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from textual.widget import Widget

from desk.mailboxes.fields import (
    BY_NAME,
    FIELDS,
    IMAP_PORTS,
    POP3_PORTS,
    SMTP_PORTS,
    Part,
    SecretName,
    named,
)
from tui.widgets.choice import Choice, Tick
from tui.widgets.entry import Entry

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
PORTS: dict[str, Mapping[str, int]] = {"imap": IMAP_PORTS, "pop3": POP3_PORTS, "smtp": SMTP_PORTS}
SECURITY_OF_PORT = {
    "993": "tls",
    "143": "starttls",
    "995": "tls",
    "110": "starttls",
    "465": "tls",
    "587": "starttls",
    "25": "starttls",
}
SECRET_PLACES: dict[SecretName, str] = {
    "password": "secret",
    "smtp_password": "smtp_secret",
    "client_secret": "client_secret",
}
"""Where the form has each password; the place beside it, ``..._source``, says where it comes from."""

_SECURITY = (("tls", "TLS"), ("starttls", "STARTTLS"), ("none", "none: clear text"))
_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "protocol": (("imap", "IMAP"), ("pop3", "POP3"), ("none", "nothing")),
    "security": _SECURITY,
    "auth": (("basic", "password"), ("oauth2", "OAuth2")),
    "backlog": (("all", "take all"), ("new", "only what comes"), ("archive", "file, acknowledge none")),
    "smtp_security": _SECURITY,
    "smtp_auth": (("same", "as incoming"), ("basic", "its own"), ("none", "no login"), ("oauth2", "OAuth2")),
    "priority": (("", "as the topic says"),),
    "oauth2": (("google", "Google"), ("microsoft", "Microsoft"), ("other", "other")),
    "oauth2_client_auth": (("post", "in the form"), ("basic", "in the header")),
}
"""What the choices of a field are called, where that is not what they are."""
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
    """Return all rows of the form, in the order of the Tab key."""
    found = [
        Section("", list(_identity_rows())),
        Section("Incoming", list(_incoming_rows())),
        Section("Outgoing", list(_outgoing_rows())),
        Section("OAuth2", list(_oauth2_rows())),
    ]
    placed = {name for section in found for row in section.rows for name in row.fields}
    return [*found, Section("More", list(_own_rows(placed)))]


def with_oauth2(typed: Typed) -> bool:
    """Whether an account of the mailbox logs in with OAuth2."""
    incoming = typed["protocol"] != "none" and typed["auth"] == "oauth2"
    return incoming or (typed["outgoing"] == "smtp" and typed["smtp_auth"] == "oauth2")


def hidden_rows(typed: Typed) -> set[str]:
    """Return the rows that the current choices make unnecessary."""
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
    """Return the fields that mean nothing at present although their row is shown."""
    hidden = set()
    if typed["protocol"] == "none":
        hidden |= {"incoming_enabled"}
    if typed["outgoing"] != "smtp":
        hidden |= {"outgoing_enabled"}
    return hidden


def _id(name: str) -> str:
    return f"f-{name}"


def _entry(
    name: str, *, width: int | None = None, share: int = 1, placeholder: str = "", text: str = ""
) -> Entry:
    """Return an entry that holds what the field is at first, or `text`."""
    default = BY_NAME[name].default
    shown = text or ("" if default is None else str(default))
    return Entry(shown, id=_id(name), width=width, share=share, placeholder=placeholder)


def _choice(name: str, *, folded: bool = False) -> Choice:
    field = BY_NAME[name]
    words = _WORDS.get(name, ())
    known = {choice for choice, _ in words}
    rest = [(each, each) for each in field.choices if each and each not in known]
    return Choice([*words, *rest], str(field.default) or None, id=_id(name), folded=folded)


def _tick(name: str, words: str) -> Tick:
    return Tick(words, bool(BY_NAME[name].default), id=_id(name))


def _identity_rows() -> Iterator[Row]:
    address = _entry("address", share=3, placeholder="support@example.org")
    name = _entry("name", share=2, placeholder="shown as sender")
    yield Row("identity", (" Address   [", address, "]  Name [", name, "]"), ("address", "name"))
    provider = Choice((("", "found by the address"),), id=_id("provider"), folded=True)
    yield Row("provider", (" Provider  ", provider), ("provider",))
    department = Choice((("", "the default one"),), id=_id("department"), folded=True)
    acknowledge = _tick("autoresponse", "acknowledge new tickets by mail")
    yield Row("department", (" Dept      ", department, "   ", acknowledge), ("department", "autoresponse"))
    topic = Choice((("", "none"),), id=_id("topic"), folded=True)
    priority = _choice("priority", folded=True)
    yield Row("topic", (" Topic     ", topic, "   Priority ", priority), ("topic", "priority"))
    yield _entry_row("aliases", " Aliases   [", "help@example.org, it@example.org")


def _incoming_rows() -> Iterator[Row]:
    protocol, on = _choice("protocol"), _tick("incoming_enabled", "switched on")
    yield Row("protocol", (" Fetch     ", protocol, "   ", on), ("protocol", "incoming_enabled"))
    yield _server_row("server", "incoming", "993")
    user, folder = _entry("user", share=2, placeholder="as the address"), _entry("folder")
    yield Row("user", (" User      [", user, "] Folder [", folder, "]"), ("user", "folder"))
    yield Row("auth", (" Login     ", _choice("auth")), ("auth",))
    yield from _secret_rows("password", " Password  ")
    batch, most = _entry("batch", width=6), _entry("max_per_fetch", width=7, placeholder="no cap")
    yield Row(
        "schedule",
        (" Schedule  [", _entry("schedule"), "] Batch [", batch, "] At most [", most, "]"),
        ("schedule", "batch", "max_per_fetch"),
    )
    at_once = _tick("idle", "stay connected, fetch new mail as it comes (IDLE)")
    yield Row("idle", (" At once   ", at_once), ("idle",))
    after = Choice((("keep", "keep"), ("delete", "delete"), ("move", "move to")), id=_id("after_fetch"))
    move_folder = Entry(id=_id("move_folder"), placeholder="Helpdesk/Done")
    yield Row("processed", (" Processed ", after, " [", move_folder, "]"), ("after_fetch", "move_folder"))
    yield Row("backlog", (" Old mail  ", _choice("backlog")), ("backlog",))
    yield _trust_row("trust", "incoming")


def _outgoing_rows() -> Iterator[Row]:
    way = Choice((("none", "no: the default mailbox sends"), ("smtp", "SMTP")), id=_id("outgoing"))
    on = _tick("outgoing_enabled", "switched on")
    yield Row("outgoing", (" Send      ", way, "   ", on), ("outgoing", "outgoing_enabled"))
    yield _server_row("smtp_server", "outgoing", "587")
    yield Row("smtp_auth", (" Login     ", _choice("smtp_auth")), ("smtp_auth",))
    yield _entry_row("smtp_user", " User      [", "as the address")
    yield from _secret_rows("smtp_password", " Password  ")
    helo, spoof = (
        _entry("smtp_helo", placeholder="this host"),
        _tick("smtp_spoof", "may send as other addresses"),
    )
    yield Row("smtp_sender", (" HELO name [", helo, "]  ", spoof), ("smtp_helo", "smtp_spoof"))
    copies = _entry("sent_folder", placeholder="in no folder")
    yield Row("sent", (" Sent mail [", copies, "]"), ("sent_folder",))
    yield _trust_row("smtp_trust", "outgoing")


def _oauth2_rows() -> Iterator[Row]:
    yield Row("oauth2", (" Given by  ", _choice("oauth2")), ("oauth2",))
    yield _entry_row("oauth2_client_id", " Client id [")
    yield _entry_row("oauth2_tenant", " Tenant    [", "common")
    yield from _secret_rows("client_secret", " Secret    ", first="none")
    yield _entry_row("oauth2_authorize_url", " Authorize [", "the provider's own")
    yield _entry_row("oauth2_token_url", " Tokens    [", "the provider's own")
    yield _entry_row("oauth2_device_url", " Device    [", "the provider's own")
    yield _entry_row("oauth2_revoke_url", " Revoke    [", "the provider's own")
    yield _entry_row("oauth2_scopes", " Scopes    [", "the provider's own")
    manner, strict = (
        _choice("oauth2_client_auth", folded=True),
        _tick("oauth2_strict", "only the mailbox itself may log in"),
    )
    yield Row(
        "oauth2_manner", (" Secret is ", manner, "   ", strict), ("oauth2_client_auth", "oauth2_strict")
    )
    yield _entry_row("oauth2_ca_file", " CA file   [", "system's own")


OAUTH2_ROWS = (
    *("oauth2", "oauth2_client_id", "oauth2_tenant", "client_secret_source", "client_secret"),
    *("oauth2_authorize_url", "oauth2_token_url", "oauth2_device_url", "oauth2_revoke_url"),
    *("oauth2_scopes", "oauth2_manner", "oauth2_ca_file"),
)


def _own_rows(placed: Collection[str]) -> Iterator[Row]:
    """Yield a row for each field that has no place among others."""
    for field in FIELDS:
        label = f" {field.about.label:<9} "
        if field.name in placed:
            continue
        if field.kind == "yes":
            yield Row(field.name, (label, _tick(field.name, "yes")), (field.name,))
        elif field.kind == "choice":
            yield Row(field.name, (label, _choice(field.name)), (field.name,))
        else:
            yield _entry_row(field.name, f"{label}[")


def _entry_row(name: str, label: str, placeholder: str = "") -> Row:
    return Row(name, (label, _entry(name, placeholder=placeholder), "]"), (name,))


def _server_row(row: str, side: Part, port: str) -> Row:
    names = (named(side, "host"), named(side, "port"), named(side, "security"))
    host = _entry(names[0], placeholder="mail.example.org")
    number, security = _entry(names[1], width=6, text=port), _choice(names[2], folded=True)
    return Row(row, (" Server    [", host, "] Port [", number, "] Security ", security), names)


def _secret_rows(name: SecretName, label: str, first: str = "sealed") -> Iterator[Row]:
    place = SECRET_PLACES[name]
    source = Choice(SECRET_SOURCES, first, id=_id(f"{place}_source"))
    yield Row(f"{place}_source", (label, source), (f"{place}_source",))
    entry = Entry(id=_id(place), password=True, placeholder=SECRET_HELP[first])
    yield Row(place, ("           [", entry, "]"), (place,))


def _trust_row(row: str, side: Part) -> Row:
    names = (named(side, "ca_file"), named(side, "fingerprint"))
    authority = _entry(names[0], placeholder="system's own")
    pin = _entry(names[1], placeholder="SHA-256 of the certificate")
    return Row(row, (" CA file   [", authority, "] Pin [", pin, "]"), names)
