"""What was typed into the mailbox form: checked while it is typed, turned into what the desk keeps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from desk.errors import DeskError
from desk.mailboxes.fields import FIELDS, names
from desk.mailboxes.named_servers import SecretName, Server, named_before, servers
from desk.mailboxes.registry import MailboxSecrets, SecretInput
from desk.mailboxes.restricted_mode import CA_FILES
from models import mailboxes
from tui.screens.mailboxes.fields import Typed, with_oauth2

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from desk.home import Desk
    from desk.mailboxes.form import MailboxForm
    from desk.mailboxes.token_health import TokenLine

LABELS = {field.name: field.label for field in FIELDS} | {
    "secret": "Password",
    "smtp_secret": "SMTP password",
    "client_secret": "Client secret",
}
ALWAYS = (*names("address"), "protocol")
PREFIXES: dict[str, SecretName] = {"": "password", "smtp_": "smtp_password", "client_": "client_secret"}
"""Of the three passwords: incoming, outgoing, the OAuth2 application's."""


@dataclass(frozen=True)
class Known:
    """What the form starts from: the values in its fields, where a kept password comes from, departments."""

    address: str | None = None
    typed: dict[str, str | bool] = field(default_factory=dict)
    departments: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    providers: tuple[tuple[str, str], ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    """Where the kept passwords come from, by `PREFIXES`."""
    named: dict[str, frozenset[Server | str]] = field(default_factory=dict)
    """The servers that they were given for, by `PREFIXES`."""
    restricted: bool = False
    """In restricted mode a password is typed, and no file is named."""
    token: TokenLine | None = None

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
    from desk.staff import departments, topics
    from tui.screens.mailboxes.presets import choices

    start = Known(
        departments=tuple(department.name for department in departments.departments()),
        topics=tuple(topic.name for topic in topics.topics() if topic.active),
        providers=tuple(choices()),
        restricted=bool(desk.settings.restricted),
    )
    if address is None:
        return start
    from desk.mailboxes import registry
    from desk.mailboxes.form import values_of
    from desk.mailboxes.token_health import token_line

    mailbox = registry.get(address)
    typed: dict[str, str | bool] = {
        name: value if isinstance(value, bool) else "" if value is None else str(value)
        for name, value in values_of(mailbox).items()
    }
    after_fetch = str(typed["after_fetch"])
    if after_fetch.startswith("move:"):
        typed |= {"after_fetch": "move", "move_folder": after_fetch.removeprefix("move:")}
    typed["outgoing"] = "smtp" if typed["smtp_host"] else "none"
    app = mailboxes.oauth2_of(mailbox.id)
    references = {
        "": mailbox.secret_ref,
        "smtp_": mailbox.smtp_secret_ref,
        "client_": app.secret_ref if app else "",
    }
    sources = {
        "": str(mailbox.secret_source),
        "smtp_": str(mailbox.smtp_secret_source),
        "client_": str(app.secret_source) if app else "none",
    }
    for prefix, source in sources.items():
        typed[f"{prefix}secret_source"] = source
        typed[f"{prefix}secret"] = "" if source == "sealed" else str(references[prefix])
    return replace(
        start,
        address=str(mailbox.address),
        typed=typed,
        sources=sources,
        named={prefix: named_before(name, mailbox) for prefix, name in PREFIXES.items()},
        token=token_line(mailbox),
    )


def checked(typed: Typed, start: Known, again: Collection[str] = ()) -> Checked:
    """Check what was typed; cheap enough for every key.

    `again`: the `PREFIXES` of passwords that were typed by now, be it the text that stood there.
    """
    from desk.mailboxes.form import FormErrors, check

    fetches, sends = typed["protocol"] != "none", typed["outgoing"] == "smtp"
    own_login = sends and typed["smtp_auth"] == "basic"
    app = with_oauth2(typed)
    values: dict[str, Any] = {name: typed[name] for name in ALWAYS}
    if fetches:
        values |= {name: typed[name] for name in names("incoming")}
        moves = typed["after_fetch"] == "move"
        values["after_fetch"] = f"move:{typed['move_folder']}" if moves else typed["after_fetch"]
        values["idle"] = typed["protocol"] == "imap" and typed["idle"]
    if sends:
        values |= {name: typed[name] for name in names("outgoing")}
        values["sent_folder"] = typed["sent_folder"] if typed["protocol"] == "imap" else ""
    if app:
        values |= {name: typed[name] for name in names("oauth2")}
    else:
        # An application that is not used now stays registered.
        values |= {name: start.typed[name] for name in names("oauth2") if name in start.typed}
    form: MailboxForm | None = None
    wrong: dict[str, str] = {}
    if start.restricted:
        values, wrong = _without_new_files(values, start)
    try:
        form = check(values)
    except FormErrors as error:
        said = {name: _sentence(LABELS.get(name, name), words) for name, words in error.fields.items()}
        wrong = said | wrong
    # What spans fields is checked only once each is right; a missing server is better said at once.
    if fetches and not str(typed["host"]).strip():
        wrong["host"] = "Server: which server has the mail? write mail.example.org (or choose nothing)"
    if sends and not str(typed["smtp_host"]).strip():
        wrong["smtp_host"] = "SMTP server: which server sends? write mail.example.org (or choose no)"
    if app and not str(typed["oauth2_client_id"]).strip():
        wrong["oauth2_client_id"] = "Client id: as which application is the desk registered? docs/oauth2.md"
    needed = {"": fetches and typed["auth"] == "basic", "smtp_": own_login, "client_": app}
    incoming, outgoing, client = (
        _secret(typed, prefix, start, again, wrong) if needed[prefix] else SecretInput("none")
        for prefix in PREFIXES
    )
    for prefix, given in zip(PREFIXES, (incoming, outgoing, client), strict=True):
        if given is None and form is not None and f"{prefix}secret" not in wrong:
            _need_again(prefix, form, start, wrong)
    if not app:
        client = None
    return Checked(None if wrong else form, MailboxSecrets(incoming, outgoing, client), wrong)


def warned_fields(warning: str) -> tuple[str, ...]:
    """The fields that a warning of the form is about."""
    about, _, _ = warning.partition(":")
    server = ("host", "port", "security")
    return {
        "schedule": ("schedule",),
        "IMAP": server,
        "POP3": server,
        "SMTP": tuple(f"smtp_{name}" for name in server),
    }.get(about, ("after_fetch",))


def _sentence(label: str, words: str) -> str:
    return f"{label} {words}" if words.startswith(("is ", "must ")) else f"{label}: {words}"


def _without_new_files(values: dict[str, Any], start: Known) -> tuple[dict[str, Any], dict[str, str]]:
    """The values, and blame for each CA file that the mailbox has not; it is not even looked for."""
    new = [name for name in CA_FILES if values.get(name) and values[name] != start.typed.get(name, "")]
    kept = {name: value for name, value in values.items() if name not in new}
    return kept, {name: f"{LABELS[name]}: off in restricted mode" for name in new}


def _need_again(prefix: str, form: MailboxForm, start: Known, wrong: dict[str, str]) -> None:
    """Blame a kept password that would go to a server that was not named when it was given."""
    others = servers(PREFIXES[prefix], form) - start.named.get(prefix, frozenset())
    if others and start.sources.get(prefix, "none") != "none":
        other = sorted(map(str, others))[0]
        wrong[f"{prefix}secret"] = f"{LABELS[f'{prefix}secret']}: type it again, it was not given for {other}"


def _secret(
    typed: Typed, prefix: str, start: Known, again: Collection[str], wrong: dict[str, str]
) -> SecretInput | None:
    source, value = str(typed[f"{prefix}secret_source"]), str(typed[f"{prefix}secret"])
    if source == "none":
        return SecretInput("none")
    if source == start.sources.get(prefix):
        stands = value == str(start.typed.get(f"{prefix}secret", ""))
        if stands and (source == "sealed" or start.restricted or prefix not in again):
            return None
    if source != "sealed" and start.restricted:
        wrong[f"{prefix}secret"] = f"{LABELS[f'{prefix}secret']}: in restricted mode it is typed"
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


def oauth2_words(provider: str, token: TokenLine | None, now: datetime, zone: ZoneInfo) -> str:
    """How the login stands, and what the provider wants to be told about this desk."""
    from config.providers import oauth2_provider
    from desk.mailboxes.oauth2_form import PASTE_PORT
    from tui.text.mailboxes import login_words

    state = login_words(token, now, zone) if token is not None else "nobody logged in yet"
    try:
        found = oauth2_provider(provider)
    except KeyError:
        return state
    redirect = found.redirect_at(PASTE_PORT)
    return f"{state}; F6 saves and logs in\n{found.advice}\nRedirect address: {redirect}"
