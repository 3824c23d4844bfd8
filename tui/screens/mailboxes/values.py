"""The values of the mailbox form: checked as they are typed, turned into what the desk stores."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from desk.errors import DeskError, Refused
from desk.mailboxes.fields import (
    FIELDS,
    OWNERS_FILES,
    SECRETS,
    SIDES,
    Part,
    SecretField,
    SecretName,
    named,
    of_part,
)
from desk.mailboxes.named_servers import Server, named_before, servers
from desk.mailboxes.secrets import MailboxSecrets, SecretInput, source_of
from tui.screens.mailboxes.fields import SECRET_PLACES, Typed, with_oauth2

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from desk.home import Desk
    from desk.mailboxes.fields import MailboxForm
    from desk.mailboxes.token_health import TokenLine

LABELS = {field.name: field.about.label for field in FIELDS} | {
    SECRET_PLACES[secret.name]: secret.label for secret in SECRETS
}

POP3_FOLDER = "INBOX"


@dataclass(frozen=True)
class FormStart:
    """What the form starts from: the values in its fields, where a kept password comes from, departments."""

    address: str | None = None
    typed: dict[str, str | bool] = field(default_factory=dict)
    departments: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    providers: tuple[tuple[str, str], ...] = ()
    sources: dict[SecretName, str] = field(default_factory=dict)
    """Where the kept passwords come from."""
    named: dict[SecretName, frozenset[Server | str]] = field(default_factory=dict)
    """The servers that they were given for."""
    restricted: bool = False
    """In restricted mode a password is typed, and no file is named."""
    token: TokenLine | None = None
    nothing_sends: bool = False
    """No mailbox sends for those that have no outgoing account of their own."""

    @property
    def is_new(self) -> bool:
        """Whether the mailbox is yet to be added."""
        return self.address is None


class FormOvertaken(Refused):
    """Somebody changed the mailbox since its form was opened; `start` is what they made of it."""

    def __init__(self, start: FormStart) -> None:
        super().__init__("somebody changed this mailbox meanwhile", "look at it, then save it again")
        self.start = start


def refuse_overtaken(desk: Desk, start: FormStart) -> None:
    """Raise FormOvertaken when the mailbox is not as the form found it. Blocks; raises NotFound."""
    there = known(desk, start.address)
    if there.typed != start.typed:
        raise FormOvertaken(there)


@dataclass(frozen=True)
class Checked:
    """The form and its passwords, or what is wrong with which field, in words."""

    form: MailboxForm | None
    secrets: MailboxSecrets
    wrong: dict[str, str]


def known(desk: Desk, address: str | None) -> FormStart:
    """Read what the form starts from. Blocks; raises WrongUse for an unknown address."""
    from desk.mailboxes import routes  # 6 ms
    from desk.staff import departments, topics  # 10 ms
    from tui.screens.mailboxes.presets import choices  # 2 ms

    start = FormStart(
        nothing_sends=routes.default_outgoing() is None,
        departments=tuple(each.name for each in departments.departments() if each.active),
        topics=tuple(topic.name for topic in topics.topics() if topic.active),
        providers=tuple(choices()),
        restricted=bool(desk.settings.restricted),
    )
    if address is None:
        return start
    from desk.mailboxes import registry  # 17 ms
    from desk.mailboxes.form import values_of  # 32 ms
    from desk.mailboxes.token_health import token_line  # 7 ms

    mailbox = registry.get(address)
    typed: dict[str, str | bool] = {
        name: value if isinstance(value, bool) else "" if value is None else str(value)
        for name, value in values_of(mailbox).items()
    }
    after_fetch = str(typed["after_fetch"])
    if after_fetch.startswith("move:"):
        typed |= {"after_fetch": "move", "move_folder": after_fetch.removeprefix("move:")}
    typed["outgoing"] = "smtp" if typed["smtp_host"] else "none"
    sources = {secret.name: source_of(secret.name, mailbox) for secret in SECRETS}
    for name, source in sources.items():
        typed[f"{SECRET_PLACES[name]}_source"] = source.kind
        typed[SECRET_PLACES[name]] = "" if source.kind == "sealed" else source.ref
    return replace(
        start,
        address=str(mailbox.address),
        typed=typed,
        sources={name: str(source.kind) for name, source in sources.items()},
        named={secret.name: named_before(secret.name, mailbox) for secret in SECRETS},
        token=token_line(mailbox),
    )


def checked(typed: Typed, start: FormStart, again: Collection[str] = ()) -> Checked:
    """Check what was typed; cheap enough for every key.

    `again`: the places of passwords that were typed by now, be it the text that stood there.
    """
    from desk.mailboxes.form import FormErrors, check  # 30 ms

    fetches, sends = typed["protocol"] != "none", typed["outgoing"] == "smtp"
    app = with_oauth2(typed)
    values: dict[str, Any] = {**_of(typed, "address"), "protocol": typed["protocol"]}
    if fetches:
        values |= _of(typed, "incoming")
        moves = typed["after_fetch"] == "move"
        values["after_fetch"] = f"move:{typed['move_folder']}" if moves else typed["after_fetch"]
        values["idle"] = typed["protocol"] == "imap" and typed["idle"]
        if typed["protocol"] == "pop3":
            # Its field is closed then: what was typed for IMAP could not be taken back there.
            values["folder"] = POP3_FOLDER
    if sends:
        values |= _of(typed, "outgoing")
        values["sent_folder"] = typed["sent_folder"] if typed["protocol"] == "imap" else ""
    if app:
        values |= _of(typed, "oauth2")
    else:
        # An application that is not used now stays registered.
        values |= _of(start.typed, "oauth2")
    form: MailboxForm | None = None
    wrong: dict[str, str] = {}
    if start.restricted:
        values, wrong = _without_new_files(values, start)
    try:
        form = check(values, start.typed)
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
    needed = {
        "password": fetches and typed["auth"] == "basic",
        "smtp_password": sends and typed["smtp_auth"] == "basic",
        "client_secret": app,
    }
    given: dict[str, SecretInput | None] = {}
    for secret in SECRETS:
        here = _secret(typed, secret, start, again, wrong) if needed[secret.name] else SecretInput("none")
        if here is None and form is not None and SECRET_PLACES[secret.name] not in wrong:
            _need_again(secret, form, start, wrong)
        given[secret.given] = here
    if not app:
        given["client"] = None
    return Checked(None if wrong else form, MailboxSecrets(**given), wrong)


def _of(typed: Mapping[str, Any], part: Part) -> dict[str, Any]:
    return {each.name: typed[each.name] for each in of_part(part) if each.name in typed}


def warned_fields(warning: str) -> tuple[str, ...]:
    """Return the fields that a warning of the form is about."""
    about, _, _ = warning.partition(":")
    incoming, outgoing = (
        tuple(named(side, attribute) for attribute in ("host", "port", "security")) for side in SIDES
    )
    places = {"schedule": ("schedule",), "IMAP": incoming, "POP3": incoming, "SMTP": outgoing}
    return places.get(about, ("after_fetch",))


def _sentence(label: str, words: str) -> str:
    return f"{label} {words}" if words.startswith(("is ", "must ")) else f"{label}: {words}"


def _without_new_files(values: dict[str, Any], start: FormStart) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values, and blame for each CA file that is new; it is not even looked for."""
    new = [name for name in OWNERS_FILES if values.get(name) and values[name] != start.typed.get(name, "")]
    kept = {name: value for name, value in values.items() if name not in new}
    return kept, {name: f"{LABELS[name]}: off in restricted mode" for name in new}


def _need_again(secret: SecretField, form: MailboxForm, start: FormStart, wrong: dict[str, str]) -> None:
    """Blame a kept password that would go to a server that was not named when it was given."""
    others = servers(secret.name, form) - start.named.get(secret.name, frozenset())
    if others and start.sources.get(secret.name, "none") != "none":
        other = sorted(map(str, others))[0]
        words = f"{secret.label}: type it again, it was not given for {other}"
        wrong[SECRET_PLACES[secret.name]] = words


def _secret(
    typed: Typed, secret: SecretField, start: FormStart, again: Collection[str], wrong: dict[str, str]
) -> SecretInput | None:
    place = SECRET_PLACES[secret.name]
    source, value = str(typed[f"{place}_source"]), str(typed[place])
    if source == "none":
        return SecretInput("none")
    if source == start.sources.get(secret.name):
        stands = value == str(start.typed.get(place, ""))
        if stands and (source == "sealed" or start.restricted or place not in again):
            return None
    if source != "sealed" and start.restricted:
        wrong[place] = f"{secret.label}: in restricted mode it is typed"
        return None
    if not value.strip():
        needed = {
            "sealed": "type it, or choose where it comes from",
            "pass_cmd": "which command prints it?",
            "env": "which variable has it?",
            "credential": "what is the credential called?",
        }[source]
        wrong[place] = f"{secret.label}: {needed}"
    return SecretInput(cast("Any", source), value)


def schedule_words(text: str, now: datetime, zone: ZoneInfo) -> str:
    """Return a schedule in words, with its next three runs and a warning where due; empty when it is none."""
    from desk.schedules import parse  # 4 ms

    try:
        schedule = parse(text)
        runs = schedule.next_runs(3, zone, now)
    except DeskError:
        return ""
    shown = ", ".join(f"{run:%H:%M}" if run.date() == runs[0].date() else f"{run:%a %H:%M}" for run in runs)
    warning = f" - {schedule.warning}" if schedule.warning else ""
    return f"{schedule.words()}; next {shown}{warning}"


def sending_words(typed: Typed, section: str) -> str:
    """Say by which server the answers of the desk's first mailbox leave, or that they will wait.

    `section` is the key that goes to where that is said.
    """
    if typed["outgoing"] != "smtp":
        return "Nothing sends for this desk: answers will wait until Send has a server."
    if not str(typed["smtp_host"]).strip():
        return ""
    security = {"tls": "TLS", "starttls": "STARTTLS"}.get(str(typed["smtp_security"]), "no TLS")
    login = ", same login" if typed["smtp_auth"] == "same" else ""
    return f"Answers leave by SMTP {typed['smtp_host']}:{typed['smtp_port']} {security}{login} ({section})"


def oauth2_words(provider: str, token: TokenLine | None, now: datetime, zone: ZoneInfo, login: str) -> str:
    """Return the state of the login, and what the provider needs to know of this desk; `login` is a key."""
    from config.providers import PASTE_PORT, oauth2_provider  # 10 ms
    from desk.mailboxes.wording import NOBODY  # 0.9 ms
    from tui.text.mailboxes import login_words  # 14 ms

    state = login_words(token, now, zone) if token is not None else NOBODY
    try:
        found = oauth2_provider(provider)
    except KeyError:
        return state
    redirect = found.redirect_at(PASTE_PORT)
    return f"{state}; {login} saves and logs in\n{found.advice}\nRedirect address: {redirect}"
