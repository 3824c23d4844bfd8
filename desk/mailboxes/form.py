"""What a person says about a mailbox, checked, with words for every field that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict, ValidationError, field_validator, model_validator

from desk.errors import WrongUse
from desk.mailboxes.defaults import values_of_defaults
from desk.mailboxes.defaults_form import MailboxDefaults
from desk.mailboxes.fields import copied_from
from desk.mailboxes.oauth2_form import OAuth2Fields, values_of_oauth2
from mail.inert import one_line
from mail.mime.address import one_address

if TYPE_CHECKING:
    from models.mailboxes import Mailbox

IMAP_PORTS = {"tls": 993, "starttls": 143, "none": 143}
POP3_PORTS = {"tls": 995, "starttls": 110, "none": 110}
SMTP_PORTS = {"tls": 465, "starttls": 587, "none": 25}
TLS_PORTS = (465, 993, 995)
"""On these ports ``tls://host`` means TLS from the first byte; elsewhere it means STARTTLS."""
STARTTLS_PORTS = (110, 143, 587)

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[?[0-9A-Fa-f:.]+\]?")
_URL = re.compile(
    r"(?:(ssl|tls|plain|imaps?|pop3s?|smtps?)://)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/?", re.IGNORECASE
)


class FormErrors(WrongUse):
    """A form that cannot be kept; `fields` has a sentence for every field that is wrong."""

    def __init__(self, fields: Mapping[str, str], hint: str = "nightdesk mailbox add --help") -> None:
        name, sentence = next(iter(fields.items()))
        super().__init__(f"{name.replace('_', ' ')}: {sentence}", hint)
        self.fields = dict(fields)


class MailboxForm(MailboxDefaults, OAuth2Fields):
    """All that is said about a mailbox but its passwords. `check` makes one from what was typed.

    `port` and `smtp_port` None: the usual one for the security. `smtp_host` empty: no outgoing account.
    `schedule`: as `desk.schedules` reads it. `after_fetch`: keep, delete or ``move:FOLDER``.
    """

    model_config: ClassVar[ConfigDict] = {"extra": "forbid", "str_strip_whitespace": True}

    address: str
    name: str = ""
    department: str = ""
    autoresponse: bool = True
    protocol: Literal["imap", "pop3", "none"] = "imap"
    incoming_enabled: bool = True
    host: str = ""
    port: int | None = None
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str = ""
    ca_file: str = ""
    fingerprint: str = ""
    folder: str = "INBOX"
    schedule: str = "every 5 minutes"
    batch: int = 50
    max_per_fetch: int | None = None
    after_fetch: str = "keep"
    backlog: Literal["all", "new", "archive"] = "all"
    idle: bool = False
    outgoing_enabled: bool = True
    smtp_host: str = ""
    smtp_port: int | None = None
    smtp_security: Literal["tls", "starttls", "none"] = "starttls"
    smtp_auth: Literal["same", "basic", "none", "oauth2"] = "same"
    smtp_user: str = ""
    smtp_ca_file: str = ""
    smtp_fingerprint: str = ""
    smtp_helo: str = ""
    smtp_spoof: bool = False
    sent_folder: str = ""

    @model_validator(mode="before")
    @classmethod
    def _split_hosts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take ``ssl://host:port`` apart; empty ports and caps are none."""
        values = dict(values)
        for name in ("port", "smtp_port", "max_per_fetch"):
            if isinstance(values.get(name), str) and not values[name].strip():
                values[name] = None
        for prefix in ("", "smtp_"):
            _split_host(values, prefix)
            usual = _usual_security(values.get(f"{prefix}port"))
            if usual is not None and f"{prefix}security" not in values:
                values[f"{prefix}security"] = usual
        return values

    @field_validator("address")
    @classmethod
    def _address(cls, text: str) -> str:
        if not one_address(text):
            raise ValueError("is no mail address, write support@example.org")
        return text

    @field_validator("name", "user", "smtp_user")
    @classmethod
    def _line(cls, text: str) -> str:
        if text != one_line(text, 200):
            raise ValueError("must be one line of at most 200 characters, without control characters")
        return text

    @field_validator("smtp_helo")
    @classmethod
    def _helo(cls, text: str) -> str:
        if text and not _HOST.fullmatch(text):
            raise ValueError("is the full name of this host, as desk.example.org")
        return text

    @field_validator("sent_folder")
    @classmethod
    def _sent_folder(cls, text: str) -> str:
        return _folder_name(text) if text else ""

    @field_validator("host", "smtp_host")
    @classmethod
    def _host(cls, text: str) -> str:
        if text and not _HOST.fullmatch(text):
            raise ValueError("is no host name, write mail.example.org")
        return text.strip("[]")

    @field_validator("port", "smtp_port")
    @classmethod
    def _port(cls, number: int | None) -> int | None:
        if number is not None and not 1 <= number <= 65535:
            raise ValueError("is a number from 1 to 65535")
        return number

    @field_validator("folder")
    @classmethod
    def _folder(cls, text: str) -> str:
        return _folder_name(text)

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, text: str) -> str:
        from desk.schedules import parse

        try:
            return parse(text).text
        except WrongUse as error:
            raise ValueError(f"{error}: {error.hint}") from None

    @field_validator("batch")
    @classmethod
    def _batch(cls, number: int) -> int:
        if not 1 <= number <= 500:
            raise ValueError("is a number of mails from 1 to 500")
        return number

    @field_validator("max_per_fetch")
    @classmethod
    def _cap(cls, number: int | None) -> int | None:
        if number is not None and number < 1:
            raise ValueError("is a number of mails from 1, or empty for no cap")
        return number

    @field_validator("after_fetch")
    @classmethod
    def _after_fetch(cls, text: str) -> str:
        if text.startswith("move:"):
            return "move:" + _folder_name(text.removeprefix("move:"))
        if text not in ("keep", "delete"):
            raise ValueError("is keep, delete or move:FOLDER")
        return text

    @field_validator("ca_file", "smtp_ca_file")
    @classmethod
    def _ca_file(cls, text: str) -> str:
        if not text:
            return ""
        path = Path(text).expanduser().absolute()
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        return str(path)

    @field_validator("fingerprint", "smtp_fingerprint")
    @classmethod
    def _fingerprint(cls, text: str) -> str:
        if not text:
            return ""
        from mail.errors import TlsFailed
        from mail.transport.tls import normal_fingerprint

        try:
            return normal_fingerprint(text)
        except TlsFailed:
            raise ValueError("is the SHA-256 of the certificate, 64 hex digits") from None

    @property
    def sends(self) -> bool:
        """Whether the form describes an outgoing account."""
        return bool(self.smtp_host)

    @property
    def uses_oauth2(self) -> bool:
        """Whether one of the mailbox's accounts logs in with OAuth2."""
        incoming = self.protocol != "none" and self.auth == "oauth2"
        return incoming or (self.sends and self.smtp_auth == "oauth2")

    @property
    def warnings(self) -> list[str]:
        """What a person should think about before they keep it."""
        from desk.schedules import parse

        found = []
        if self.protocol != "none" and (often := parse(self.schedule).warning):
            found.append(f"schedule: {often}")
        for host, security, name in (
            (self.host, self.security, self.protocol.upper()),
            (self.smtp_host, self.smtp_security, "SMTP"),
        ):
            if (
                host
                and security == "none"
                and not host.startswith("127.")
                and host not in ("localhost", "::1")
            ):
                found.append(f"{name}: password and mail travel in clear text to {host}")
        if self.protocol != "none" and self.after_fetch == "delete":
            found.append("fetched mail is deleted at the server: the desk has the only copy")
        return found


def check(values: Mapping[str, Any]) -> MailboxForm:
    """Return the form for what was typed; raises FormErrors with all that is wrong."""
    problems: dict[str, str] = {}
    form = None
    try:
        form = MailboxForm.model_validate(dict(values))
    except ValidationError as error:
        for problem in error.errors():
            problems.setdefault(
                str(problem["loc"][0]) if problem["loc"] else "form", _sentence(dict(problem))
            )
    if form is not None:
        problems = _together(form)
    if problems:
        raise FormErrors(problems)
    assert form is not None
    return form


def values_of(mailbox: Mailbox) -> dict[str, Any]:
    """Return what the form says about a mailbox that exists: change some of it and `check` it again."""
    return {
        "address": mailbox.address,
        "department": mailbox.department.name if mailbox.department else "",
        "incoming_enabled": bool(mailbox.incoming_enabled) or mailbox.protocol == "none",
        "outgoing_enabled": bool(mailbox.outgoing_enabled) or not mailbox.smtp_host,
        **copied_from(mailbox, "address"),
        **copied_from(mailbox, "incoming"),
        **copied_from(mailbox, "outgoing"),
        **values_of_defaults(mailbox),
        **values_of_oauth2(mailbox),
    }


def merged(mailbox: Mailbox, changes: Mapping[str, Any]) -> MailboxForm:
    """Return the checked form of a mailbox with some values changed.

    A usual port follows a new security or protocol, a port of one's own stays. A security that a well-known
    port never has becomes the one it has. Nothing else follows: raises FormErrors where it does not fit.
    """
    values, changes = values_of(mailbox), dict(changes)
    for prefix in ("", "smtp_"):
        _split_host(changes, prefix)
        usual = _usual_ports(prefix, values["protocol"])
        security = changes.get(f"{prefix}security", values[f"{prefix}security"])
        if f"{prefix}port" in changes:
            if f"{prefix}security" not in changes:
                values[f"{prefix}security"] = _fitting_security(changes[f"{prefix}port"], security)
        elif values[f"{prefix}port"] == usual[values[f"{prefix}security"]]:
            protocol = changes.get("protocol", values["protocol"])
            values[f"{prefix}port"] = _usual_ports(prefix, protocol).get(security)
        # A pin or CA belongs to one server.
        for trust, other in (("ca_file", "fingerprint"), ("fingerprint", "ca_file")):
            if changes.get(prefix + trust):
                values[prefix + other] = ""
    try:
        return check({**values, **changes})
    except FormErrors as error:
        raise FormErrors(error.fields, "nightdesk mailbox edit --help") from None


def _together(form: MailboxForm) -> dict[str, str]:
    """What is wrong about fields that are right each for itself; fills in what follows from others."""
    wrong: dict[str, str] = {}
    form.port = form.port or (POP3_PORTS if form.protocol == "pop3" else IMAP_PORTS)[form.security]
    form.smtp_port = form.smtp_port or SMTP_PORTS[form.smtp_security]
    if form.protocol != "none":
        form.user = form.user or form.address
        if not form.host:
            wrong["host"] = "which server has the mail? write mail.example.org (or choose protocol none)"
    if form.protocol == "pop3":
        wrong |= _beyond_pop3(form)
    if form.protocol == "none" and form.sent_folder:
        wrong["sent_folder"] = "there is no IMAP account that has the folder"
    if form.after_fetch == f"move:{form.folder}":
        wrong["after_fetch"] = f"{form.folder} is the folder that is fetched, move to another one"
    for prefix in ("", "smtp_"):
        if getattr(form, f"{prefix}ca_file") and getattr(form, f"{prefix}fingerprint"):
            wrong[f"{prefix}fingerprint"] = "give a CA file or a fingerprint, not both"
    if form.sends and form.smtp_auth == "same" and form.protocol == "none":
        wrong["smtp_auth"] = "there is no incoming account to take the login from: use basic or none"
    if form.uses_oauth2:
        wrong |= form.missing_for_login()
    if form.sends and form.smtp_auth in ("basic", "oauth2"):
        own = form.user if form.smtp_auth == "oauth2" else ""
        form.smtp_user = form.smtp_user or own or form.address
    if not form.sends:
        form.outgoing_enabled = False
    return wrong


def _beyond_pop3(form: MailboxForm) -> dict[str, str]:
    """What was asked of POP3 that it cannot do."""
    wrong = {}
    if form.folder.upper() not in ("INBOX", ""):
        wrong["folder"] = "POP3 knows one folder only, INBOX: use IMAP for others"
    if form.after_fetch.startswith("move:"):
        wrong["after_fetch"] = "POP3 cannot move mail: use keep or delete, or IMAP"
    if form.idle:
        wrong["idle"] = "POP3 has no IDLE: use a schedule, or IMAP"
    if form.sent_folder:
        wrong["sent_folder"] = "POP3 has no folder for sent mail: use IMAP"
    return wrong


def _usual_security(port: Any) -> str | None:
    """The security that a well-known port stands for."""
    number = str(port).strip()
    if number in map(str, TLS_PORTS):
        return "tls"
    return "starttls" if number in map(str, STARTTLS_PORTS) else None


def _usual_ports(prefix: str, protocol: str) -> dict[str, int]:
    if prefix:
        return SMTP_PORTS
    return POP3_PORTS if protocol == "pop3" else IMAP_PORTS


def _fitting_security(port: Any, security: str) -> str:
    """The security itself, or the one that a well-known port stands for where it never has the other."""
    number = str(port).strip()
    if number in map(str, TLS_PORTS):
        return "tls"
    return "starttls" if security == "tls" and number in map(str, (25, *STARTTLS_PORTS)) else security


def taken_apart(host: str, port: Any = None) -> dict[str, Any]:
    """Return host, port and security as far as ``ssl://host:port`` says them, or its well-known port does.

    `port`: what was said beside it.
    """
    values: dict[str, Any] = {"host": host, "port": port}
    _split_host(values, "")
    if values["port"] == port:
        del values["port"]
    elif (usual := _usual_security(values["port"])) is not None:
        values.setdefault("security", usual)
    return values


def _split_host(values: dict[str, Any], prefix: str) -> None:
    text = values.get(f"{prefix}host")
    if not isinstance(text, str) or (text.count(":") > 1 and not text.startswith("[") and "://" not in text):
        return
    found = _URL.fullmatch(text.strip())
    if found is None:
        return
    scheme, host, port = (found[1] or "").lower(), found[2], found[3]
    values[f"{prefix}host"] = host
    if port:
        values[f"{prefix}port"] = int(port)
    if scheme in ("ssl", "imaps", "pop3s", "smtps"):
        values[f"{prefix}security"] = "tls"
    elif scheme == "plain":
        values[f"{prefix}security"] = "none"
    elif scheme == "tls":
        number = values.get(f"{prefix}port")
        values[f"{prefix}security"] = "tls" if str(number) in map(str, TLS_PORTS) else "starttls"


def _folder_name(text: str) -> str:
    if not text or text != one_line(text, 200):
        raise ValueError("is the name of a folder, without control characters")
    return text


def _sentence(problem: dict[str, Any]) -> str:
    kind = problem["type"]
    if kind == "value_error":
        return str(problem["msg"]).removeprefix("Value error, ")
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        return f"is one of {problem['ctx']['expected'].replace(' or ', ', ')}".replace("'", "")
    if kind == "extra_forbidden":
        return "is no field of a mailbox"
    if kind.startswith(("int", "float")):
        return f"'{one_line(str(problem['input']), 30)}' is no number"
    return one_line(str(problem["msg"]), 200)
