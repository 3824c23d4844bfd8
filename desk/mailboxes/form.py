"""What a person says about a mailbox, checked, with words for every field that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from config.expressions import expression
from desk.errors import WrongUse
from desk.mailboxes import checks
from desk.mailboxes.fields import (
    BY_NAME,
    FIELDS,
    SIDES,
    Account,
    Incoming,
    MailboxForm,
    Outgoing,
    Part,
    named,
    values,
)
from desk.mailboxes.stored import form_of
from mail.inert import one_line

if TYPE_CHECKING:
    from desk.mailboxes.fields import OAuth2Application
    from models.mailboxes import Mailbox

TLS_PORTS = (465, 993, 995)
"""On these ports ``tls://host`` means TLS from the first byte; elsewhere it means STARTTLS."""
STARTTLS_PORTS = (110, 143, 587)

_URL = expression(
    r"(?:(ssl|tls|plain|imaps?|pop3s?|smtps?)://)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/?", re.IGNORECASE
)


class FormErrors(WrongUse):
    """A form that cannot be kept; `fields` has a sentence for every field that is wrong."""

    def __init__(self, fields: Mapping[str, str], hint: str = "nightdesk mailbox add --help") -> None:
        name, sentence = next(iter(fields.items()))
        super().__init__(f"{name.replace('_', ' ')}: {sentence}", hint)
        self.fields = dict(fields)


def check(typed: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> MailboxForm:
    """Return the form for what was typed, by the fields' names; raises FormErrors with all that is wrong.

    `kept`: what the mailbox has already. The CA file of its application may be gone while no account uses it.
    """
    problems: dict[str, str] = {name: "is no field of a mailbox" for name in typed if name not in BY_NAME}
    parts = _parts(typed)
    for side in SIDES:
        _take_apart(parts[side])
        usual = _usual_security(parts[side].get("port"))
        if usual is not None:
            parts[side].setdefault("security", usual)
    ca_file = parts["oauth2"].get("ca_file")
    if ca_file and kept is not None and ca_file == kept.get("oauth2_ca_file"):
        del parts["oauth2"]["ca_file"]
    else:
        ca_file = None
    form = None
    try:
        form = _checker().validate_python(
            parts["address"] | {part: parts[part] for part in ("incoming", "outgoing", "oauth2")}
        )
    except ValidationError as error:
        for problem in error.errors():
            problems.setdefault(_blamed(problem["loc"]), _sentence(dict(problem)))
    if form is not None and ca_file is not None:
        form.oauth2.ca_file = ca_file
    if form is not None and not problems:
        problems = _together(form)
    if problems:
        raise FormErrors(problems)
    assert form is not None
    return form


def values_of(mailbox: Mailbox) -> dict[str, Any]:
    """Return what the form says about a mailbox that exists: change some of it and `check` it again."""
    return values(form_of(mailbox))


def merged(mailbox: Mailbox, changes: Mapping[str, Any]) -> MailboxForm:
    """Return the checked form of a mailbox with some values changed.

    A usual port follows a new security or protocol, a port of one's own stays. A security that a well-known
    port never has becomes the one it has. Nothing else follows: raises FormErrors where it does not fit.
    """
    form = form_of(mailbox)
    before, given = _parts(values(form)), _parts(changes)
    for side, account in form.sides:
        _take_apart(given[side])
        before[side] |= _following(account, given)[side]
    kept = {
        each.name: before[each.part][each.attribute] for each in FIELDS if each.attribute in before[each.part]
    }
    said = {
        each.name: given[each.part][each.attribute] for each in FIELDS if each.attribute in given[each.part]
    }
    unknown = {name: value for name, value in changes.items() if name not in BY_NAME}
    try:
        return check(kept | said | unknown, kept)
    except FormErrors as error:
        raise FormErrors(error.fields, "nightdesk mailbox edit --help") from None


def warnings(form: MailboxForm) -> list[str]:
    """Return what a person should think about before they keep it."""
    from desk.schedules import parse  # 1.1 ms, for schedules

    found = []
    if form.incoming.fetches and (often := parse(form.incoming.schedule).warning):
        found.append(f"schedule: {often}")
    for account, name in ((form.incoming, form.incoming.protocol.upper()), (form.outgoing, "SMTP")):
        if account.is_clear_text:
            found.append(f"{name}: password and mail travel in clear text to {account.host}")
    if form.incoming.fetches and form.incoming.after_fetch == "delete":
        found.append("fetched mail is deleted at the server: the desk has the only copy")
    return found


def taken_apart(host: str, port: Any = None) -> dict[str, Any]:
    """Return host, port and security as far as ``ssl://host:port`` says them, or its well-known port does.

    `port`: what was said beside it.
    """
    said: dict[str, Any] = {"host": host, "port": port}
    _take_apart(said)
    if said["port"] == port:
        del said["port"]
    elif (usual := _usual_security(said["port"])) is not None:
        said.setdefault("security", usual)
    return said


@cache
def _checker() -> TypeAdapter[MailboxForm]:
    return TypeAdapter(MailboxForm)


def _parts(typed: Mapping[str, Any]) -> dict[Part, dict[str, Any]]:
    """Sort values into their parts, by attribute; an empty text is no number."""
    found: dict[Part, dict[str, Any]] = {"address": {}, "incoming": {}, "outgoing": {}, "oauth2": {}}
    for name, value in typed.items():
        if (field := BY_NAME.get(name)) is not None:
            blank = field.default is None and isinstance(value, str) and not value.strip()
            found[field.part][field.attribute] = None if blank else value
    return found


def _following(account: Account, given: Mapping[Part, Mapping[str, Any]]) -> dict[Part, dict[str, Any]]:
    """Return what of an account follows from the changes of it, where they do not say it themselves."""
    side: Part = "incoming" if isinstance(account, Incoming) else "outgoing"
    changes, follows = given[side], dict[str, Any]()
    security = changes.get("security", account.security)
    if "port" in changes:
        if "security" not in changes:
            follows["security"] = _fitting_security(changes["port"], security)
    elif account.port == account.usual_ports[account.security]:
        protocol = changes.get("protocol")
        ports = (Incoming(protocol=protocol) if protocol else account).usual_ports
        follows["port"] = ports.get(security)
    # A pin or CA belongs to one server.
    for trust, other in (("ca_file", "fingerprint"), ("fingerprint", "ca_file")):
        if changes.get(trust):
            follows[other] = ""
    return {side: follows}


def _together(form: MailboxForm) -> dict[str, str]:
    """Return what is wrong about fields that are right each for itself; fills in what follows from others."""
    incoming, outgoing = form.incoming, form.outgoing
    wrong: dict[str, str] = {}
    for _, account in form.sides:
        account.port = account.port or account.usual_ports[account.security]
    if incoming.fetches:
        incoming.user = incoming.user or form.address
        if not incoming.host:
            wrong["host"] = "which server has the mail? write mail.example.org (or choose protocol none)"
    if incoming.protocol == "pop3":
        wrong |= _beyond_pop3(incoming, outgoing)
    if not incoming.fetches and outgoing.sent_folder:
        wrong["sent_folder"] = "there is no IMAP account that has the folder"
    if incoming.after_fetch == f"move:{incoming.folder}":
        wrong["after_fetch"] = f"{incoming.folder} is the folder that is fetched, move to another one"
    for side, account in form.sides:
        if account.ca_file and account.fingerprint:
            wrong[named(side, "fingerprint")] = "give a CA file or a fingerprint, not both"
    if outgoing.sends and outgoing.auth == "same" and not incoming.fetches:
        wrong["smtp_auth"] = "there is no incoming account to take the login from: use basic or none"
    if form.uses_oauth2:
        wrong |= _missing_for_login(form.oauth2)
        try:
            checks.file(form.oauth2.ca_file)
        except ValueError as error:
            wrong["oauth2_ca_file"] = str(error)
    if outgoing.sends and outgoing.auth in ("basic", "oauth2"):
        own = incoming.user if outgoing.auth == "oauth2" else ""
        outgoing.user = outgoing.user or own or form.address
    if not outgoing.sends:
        outgoing.enabled = False
    return wrong


def _beyond_pop3(incoming: Incoming, outgoing: Outgoing) -> dict[str, str]:
    """Return what was asked of POP3 that it cannot do."""
    wrong = {}
    if incoming.folder.upper() not in ("INBOX", ""):
        wrong["folder"] = "POP3 knows one folder only, INBOX: use IMAP for others"
    if incoming.after_fetch.startswith("move:"):
        wrong["after_fetch"] = "POP3 cannot move mail: use keep or delete, or IMAP"
    if incoming.idle:
        wrong["idle"] = "POP3 has no IDLE: use a schedule, or IMAP"
    if outgoing.sent_folder:
        wrong["sent_folder"] = "POP3 has no folder for sent mail: use IMAP"
    return wrong


def _missing_for_login(app: OAuth2Application) -> dict[str, str]:
    """Return what a login needs and is not said, by field."""
    if not app.provider:
        return {"oauth2": "which provider gives the login? google, microsoft or other"}
    if not app.client_id:
        which = f"which application is this desk at {app.provider}?"
        return {"oauth2_client_id": f"{which} register one there first, see docs/oauth2.md"}
    wrong: dict[str, str] = {}
    if app.provider == "other":
        if not app.token_url:
            wrong |= {"oauth2_token_url": "where does it give tokens? see its openid-configuration"}
        if not (app.authorize_url or app.device_url):
            wrong["oauth2_authorize_url"] = "where does a person log in? give this or the device address"
    return wrong


def _usual_security(port: Any) -> str | None:
    """Return the security that a well-known port stands for."""
    number = str(port).strip()
    if number in map(str, TLS_PORTS):
        return "tls"
    return "starttls" if number in map(str, STARTTLS_PORTS) else None


def _fitting_security(port: Any, security: str) -> str:
    """Return the security itself, or the one of a well-known port that never has the other."""
    number = str(port).strip()
    if number in map(str, TLS_PORTS):
        return "tls"
    return "starttls" if security == "tls" and number in map(str, (25, *STARTTLS_PORTS)) else security


def _take_apart(side: dict[str, Any]) -> None:
    """Put what ``ssl://host:port`` says of an account where it belongs."""
    text = side.get("host")
    if not isinstance(text, str) or (text.count(":") > 1 and not text.startswith("[") and "://" not in text):
        return
    found = _URL.fullmatch(text.strip())
    if found is None:
        return
    scheme, side["host"], port = (found[1] or "").lower(), found[2], found[3]
    if port:
        side["port"] = int(port)
    if scheme in ("ssl", "imaps", "pop3s", "smtps"):
        side["security"] = "tls"
    elif scheme == "plain":
        side["security"] = "none"
    elif scheme == "tls":
        side["security"] = "tls" if str(side.get("port")) in map(str, TLS_PORTS) else "starttls"


def _blamed(place: tuple[int | str, ...]) -> str:
    """Return the name of the field that pydantic found wrong."""
    *outer, attribute = map(str, place or ("form",))
    part = next((each for each in ("incoming", "outgoing", "oauth2") if outer[:1] == [each]), "address")
    return next((each.name for each in FIELDS if (each.part, each.attribute) == (part, attribute)), attribute)


def _sentence(problem: dict[str, Any]) -> str:
    kind = problem["type"]
    if kind == "value_error":
        return str(problem["msg"]).removeprefix("Value error, ")
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        return f"is one of {problem['ctx']['expected'].replace(' or ', ', ')}".replace("'", "")
    if kind.startswith(("int", "float")):
        return f"'{one_line(str(problem['input']), 30)}' is no number"
    return one_line(str(problem["msg"]), 200)
