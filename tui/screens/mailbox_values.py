"""What was typed into the mailbox form: checked while it is typed, turned into what the desk keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from desk.errors import DeskError
from desk.mailboxes import MailboxSecrets, SecretInput

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from desk.home import Desk
    from desk.mailbox_form import MailboxForm

LABELS = {
    "address": "Address",
    "name": "Name",
    "department": "Department",
    "host": "Server",
    "port": "Port",
    "security": "Security",
    "user": "User",
    "folder": "Folder",
    "secret": "Password",
    "schedule": "Schedule",
    "batch": "Batch",
    "max_per_fetch": "At most",
    "after_fetch": "Move to",
    "ca_file": "CA file",
    "fingerprint": "Pin",
    "smtp_host": "SMTP server",
    "smtp_port": "SMTP port",
    "smtp_auth": "Login",
    "smtp_user": "SMTP user",
    "smtp_secret": "SMTP password",
    "smtp_ca_file": "SMTP CA file",
    "smtp_fingerprint": "SMTP pin",
}
INCOMING = (
    "host",
    "port",
    "security",
    "user",
    "ca_file",
    "fingerprint",
    "folder",
    "schedule",
    "batch",
    "max_per_fetch",
    "backlog",
)
OUTGOING = (
    "smtp_host",
    "smtp_port",
    "smtp_security",
    "smtp_auth",
    "smtp_user",
    "smtp_ca_file",
    "smtp_fingerprint",
)
KEPT = ("idle", "smtp_helo", "smtp_spoof", "sent_folder")
"""What the form has no field for: it stays as it is."""
KEPT_ALWAYS = (
    "topic",
    "priority",
    "aliases",
    "auth",
    "oauth2",
    "oauth2_client_id",
    "oauth2_tenant",
    "oauth2_authorize_url",
    "oauth2_token_url",
    "oauth2_device_url",
    "oauth2_revoke_url",
    "oauth2_scopes",
    "oauth2_client_auth",
    "oauth2_ca_file",
    "oauth2_strict",
)
"""The same, whatever else the mailbox does."""
Typed = Mapping[str, str | bool]


@dataclass(frozen=True)
class Known:
    """What the form starts from: the values in its fields, where a kept password comes from, departments."""

    address: str | None = None
    typed: dict[str, str | bool] = field(default_factory=dict)
    departments: tuple[str, ...] = ()
    secret_source: str = ""
    smtp_secret_source: str = ""
    incoming_enabled: bool = True
    outgoing_enabled: bool = True

    @property
    def is_new(self) -> bool:
        """Whether the mailbox is yet to be added."""
        return self.address is None


@dataclass(frozen=True)
class Checked:
    """The form and its passwords, or what is wrong with which field, in words."""

    form: MailboxForm | None
    secrets: MailboxSecrets
    wrong: dict[str, str]


def known(desk: Desk, address: str | None) -> Known:
    """Read what the form starts from. Blocks; raises WrongUse for an unknown address."""
    from desk import staff

    departments = tuple(department.name for department in staff.departments())
    if address is None:
        return Known(departments=departments)
    from desk import mailboxes
    from desk.mailbox_form import values_of

    mailbox = mailboxes.get(address)
    values = values_of(mailbox)
    typed: dict[str, str | bool] = {
        name: value if isinstance(value, bool) else "" if value is None else str(value)
        for name, value in values.items()
        if not name.endswith("_enabled")
    }
    after_fetch = str(typed["after_fetch"])
    if after_fetch.startswith("move:"):
        typed |= {"after_fetch": "move", "move_folder": after_fetch.removeprefix("move:")}
    typed["outgoing"] = "smtp" if typed["smtp_host"] else "none"
    typed["secret_source"] = mailbox.secret_source
    typed["smtp_secret_source"] = mailbox.smtp_secret_source
    for prefix in ("", "smtp_"):
        if typed[f"{prefix}secret_source"] != "sealed":
            typed[f"{prefix}secret"] = str(getattr(mailbox, f"{prefix}secret_ref"))
    return Known(
        address=mailbox.address,
        typed=typed,
        departments=departments,
        secret_source=mailbox.secret_source,
        smtp_secret_source=mailbox.smtp_secret_source,
        incoming_enabled=values["incoming_enabled"],
        outgoing_enabled=values["outgoing_enabled"],
    )


def checked(typed: Typed, start: Known) -> Checked:
    """Check what was typed; cheap enough for every key."""
    from desk.mailbox_form import FormErrors, check

    fetches, sends = typed["protocol"] != "none", typed["outgoing"] == "smtp"
    own_login = sends and typed["smtp_auth"] == "basic"
    values: dict[str, Any] = {name: typed[name] for name in ("address", "name", "autoresponse", "protocol")}
    values |= {name: start.typed[name] for name in KEPT_ALWAYS if name in start.typed}
    if fetches and typed["secret_source"] in ("sealed", "pass_cmd", "env", "credential"):
        values["auth"] = "basic"
    values["department"] = typed["department"]
    values["incoming_enabled"] = start.incoming_enabled
    kept = [name for name in KEPT if fetches or name.startswith("smtp")]
    values |= {name: start.typed[name] for name in kept if name in start.typed}
    if fetches:
        values |= {name: typed[name] for name in INCOMING}
        values["after_fetch"] = (
            f"move:{typed['move_folder']}" if typed["after_fetch"] == "move" else typed["after_fetch"]
        )
    if sends:
        values |= {name: typed[name] for name in OUTGOING}
        values["outgoing_enabled"] = start.outgoing_enabled
    form, wrong = None, {}
    try:
        form = check(values)
    except FormErrors as error:
        wrong = {name: _sentence(LABELS.get(name, name), words) for name, words in error.fields.items()}
    # What spans fields is checked only once each is right; a missing server is better said at once.
    if fetches and not str(typed["host"]).strip():
        wrong["host"] = "Server: which server has the mail? write mail.example.org (or choose no)"
    if sends and not str(typed["smtp_host"]).strip():
        wrong["smtp_host"] = "SMTP server: which server sends? write mail.example.org (or choose no)"
    incoming = _secret(typed, "", start.secret_source, wrong) if fetches else SecretInput("none")
    outgoing = _secret(typed, "smtp_", start.smtp_secret_source, wrong) if own_login else SecretInput("none")
    return Checked(None if wrong else form, MailboxSecrets(incoming, outgoing), wrong)


def _sentence(label: str, words: str) -> str:
    return f"{label} {words}" if words.startswith(("is ", "must ")) else f"{label}: {words}"


def _secret(typed: Typed, prefix: str, kept: str, wrong: dict[str, str]) -> SecretInput | None:
    source, value = str(typed[f"{prefix}secret_source"]), str(typed[f"{prefix}secret"])
    if source == "none":
        return SecretInput("none")
    if source == "sealed" and not value and kept == "sealed":
        return None
    if not value.strip():
        wanted = {
            "sealed": "type it, or choose where it comes from",
            "pass_cmd": "which command prints it?",
            "env": "which variable has it?",
            "credential": "what is the credential called?",
        }[source]
        wrong[f"{prefix}secret"] = f"{LABELS[f'{prefix}secret']}: {wanted}"
    return SecretInput(cast("Any", source), value)


def schedule_words(text: str, now: datetime, zone: ZoneInfo) -> str:
    """A schedule told back, with its next three runs and a warning where due; empty when it is none."""
    from desk.schedules import parse

    try:
        schedule = parse(text)
        runs = schedule.next_runs(3, zone, now)
    except DeskError:
        return ""
    shown = ", ".join(f"{run:%H:%M}" if run.date() == runs[0].date() else f"{run:%a %H:%M}" for run in runs)
    warning = f" - {schedule.warning}" if schedule.warning else ""
    return f"{schedule.words()}; next {shown}{warning}"
