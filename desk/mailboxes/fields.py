"""The fields of a mailbox: what each one is, where it is kept, and what is said about it.

This is the one table of them: a line of a class below is a field. From it are made the form that checks what
a person says (`desk.mailboxes.form`), the command line's flags, the mailbox file, the JSON, the rows on the
screen and docs/mailbox-fields.md. A new field is a line here, and its column in `models.mailboxes`.
"""

# Not `from __future__ import annotations`: the table is read from them, and texts are compiled at each start
# (2 ms); nor more methods of the classes than are used (1 ms).
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, ClassVar, Final, Literal, get_args, get_origin

from config.records import Record
from desk.mailboxes import checks

Part = Literal["address", "incoming", "outgoing", "oauth2"]
SIDES: Final[tuple[Part, Part]] = ("incoming", "outgoing")
Security = Literal["tls", "starttls", "none"]
Priority = Literal["", "low", "normal", "high", "urgent"]

IMAP_PORTS: Final = {"tls": 993, "starttls": 143, "none": 143}
POP3_PORTS: Final = {"tls": 995, "starttls": 110, "none": 110}
SMTP_PORTS: Final = {"tls": 465, "starttls": 587, "none": 25}


class About(Record):
    """What is said about a field where it stands. `label`: before its problems. `help`: one sentence.

    `flag`: what ``--help`` says of its flag, empty for a field without one; `metavar`, `option`: how that is
    spelled, if not as the field. `name`: in the file and in errors, if not its part's prefix and the
    attribute. `column`: of the row, if it is called otherwise there; None where it needs more than to be
    copied. `json`: whether JSON shows it; `null`: an empty one is null there. `owners`: it names a file of
    the desk's owner. `check`: what it must be like besides its type.
    """

    label: str
    help: str
    flag: str = ""
    metavar: str = ""
    check: Callable[[Any], Any] | None = None
    name: str = ""
    option: str = ""
    column: str | None = ""
    json: bool = True
    null: bool = False
    owners: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return what pydantic checks a value with."""
        schema = handler(source)
        if self.check is None:
            return schema
        # 75 ms: only who has a form checked has loaded pydantic; a fetch reads accounts without it.
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, schema)


class Checked:
    """What pydantic checks: blanks around a text do not count."""

    __pydantic_config__: ClassVar[Any] = {"str_strip_whitespace": True}


@dataclass(repr=False)
class Account(Checked):
    """A mailbox's account on one side: which server, how it is trusted, and who logs in how.

    `port` None: the usual one for the security.
    """

    enabled: bool = True
    host: str = ""
    port: int | None = None
    security: Security = "tls"
    user: str = ""
    auth: str = "basic"
    ca_file: str = ""
    fingerprint: str = ""

    @property
    def usual_ports(self) -> Mapping[str, int]:
        """The port that goes with each security."""
        raise NotImplementedError

    @property
    def is_clear_text(self) -> bool:
        """Whether password and mail travel unencrypted to another host."""
        elsewhere = not self.host.startswith("127.") and self.host not in ("", "localhost", "::1")
        return elsewhere and self.security == "none"


@dataclass(repr=False)
class Incoming(Account):
    """Where mail is fetched from, when, and what becomes of the server's copy.

    `schedule`: as `desk.schedules` reads it. `after_fetch`: keep, delete or ``move:FOLDER``.
    """

    protocol: Annotated[
        Literal["imap", "pop3", "none"],
        About(
            "Fetch",
            "How mail is fetched; left and right change it. POP3 knows one folder and no IDLE.",
            flag="none: nothing is fetched.",
        ),
    ] = "imap"
    enabled: Annotated[
        bool,
        About("Switched on", "Space switches fetching of this mailbox on or off.", name="incoming_enabled"),
    ] = True
    host: Annotated[
        str,
        About(
            "Server",
            "Name of the server; ssl://host and tls://host are understood too.",
            flag="The IMAP or POP3 server; ssl://H is TLS, tls://H is STARTTLS.",
            metavar="H",
            check=checks.host,
        ),
    ] = ""
    port: Annotated[
        int | None,
        About(
            "Port",
            "IMAP 993 TLS, 143 STARTTLS; POP3 995 TLS, 110 STARTTLS; the security follows.",
            flag="By protocol and security: 993, 143, 995 or 110.",
            metavar="P",
            check=checks.port,
        ),
    ] = None
    security: Annotated[
        Security,
        About(
            "Security",
            "TLS and STARTTLS check the server's certificate. Left and right change it.",
            flag="By the port, else tls; none is clear text.",
        ),
    ] = "tls"
    user: Annotated[
        str,
        About(
            "User",
            "What the server calls the account; empty: the address.",
            flag="The login; the address if not given.",
            metavar="U",
            check=checks.line,
            column="username",
        ),
    ] = ""
    auth: Annotated[
        Literal["basic", "oauth2"],
        About(
            "Login",
            "With a password, or with a login at the provider (OAuth2) and no password.",
            flag="How fetching logs in: by a password, or OAuth2; as the flags given say.",
        ),
    ] = "basic"
    ca_file: Annotated[
        str,
        About(
            "CA file",
            "A file with your own certificate authority, in place of the system's.",
            flag="Trust this authority instead of the system's.",
            metavar="F",
            check=checks.file,
            json=False,
            owners=True,
        ),
    ] = ""
    fingerprint: Annotated[
        str,
        About(
            "Pin",
            "SHA-256 of the server's certificate; then only that one is trusted.",
            flag="Trust this one certificate.",
            metavar="SHA256",
            check=checks.fingerprint,
            json=False,
        ),
    ] = ""
    folder: Annotated[
        str,
        About(
            "Folder",
            "The folder whose mail becomes tickets. F4 lists those of the server.",
            flag="INBOX if not given.",
            metavar="F",
            check=checks.folder,
        ),
    ] = "INBOX"
    schedule: Annotated[
        str,
        About(
            "Schedule",
            "'every 45 minutes', or a cron line of five fields: */10 8-18 * * 1-5",
            flag="A cron line, or 'every 45 minutes'.",
            metavar="CRON",
            check=checks.schedule,
        ),
    ] = "every 5 minutes"
    batch: Annotated[
        int,
        About(
            "Batch",
            "Mails in one round trip and one transaction; 50 suits most servers.",
            flag="Mails in one round trip; 50 if not given.",
            metavar="N",
            check=checks.batch,
        ),
    ] = 50
    max_per_fetch: Annotated[
        int | None,
        About(
            "At most",
            "The most mails of one run; empty: all there are.",
            flag="At most so many a run; 0: no cap.",
            metavar="N",
            check=checks.cap,
        ),
    ] = None
    after_fetch: Annotated[
        str,
        About(
            "Move to",
            "What becomes of the server's copy once the desk has the mail safely.",
            flag="keep if not given.",
            metavar="keep|delete|move:FOLDER",
            check=checks.after_fetch,
        ),
    ] = "keep"
    backlog: Annotated[
        Literal["all", "new", "archive"],
        About(
            "Old mail",
            "What is done with mail that is there before the first fetch.",
            flag="What is there already: take it, leave it, or only file it. all if not given.",
        ),
    ] = "all"
    idle: Annotated[
        bool,
        About(
            "At once",
            "Stay connected (IMAP IDLE): new mail is a ticket within seconds. Space switches.",
            flag="Stay connected: new mail is fetched at once (IMAP IDLE).",
        ),
    ] = False

    @property
    def usual_ports(self) -> Mapping[str, int]:
        """The port that goes with each security."""
        return POP3_PORTS if self.protocol == "pop3" else IMAP_PORTS

    @property
    def fetches(self) -> bool:
        """Whether there is an account to fetch from."""
        return self.protocol != "none"


@dataclass(repr=False)
class Outgoing(Account):
    """Where answers leave. `host` empty: no account, the desk's default one sends."""

    enabled: Annotated[
        bool,
        About(
            "Switched on", "Space switches sending through this mailbox on or off.", name="outgoing_enabled"
        ),
    ] = True
    host: Annotated[
        str,
        About(
            "SMTP server",
            "Name of the SMTP server; ssl://host and tls://host are understood too.",
            flag="The SMTP server; without one the default mailbox sends.",
            metavar="H",
            check=checks.host,
        ),
    ] = ""
    port: Annotated[
        int | None,
        About(
            "SMTP port",
            "587 is STARTTLS, 465 is TLS, 25 between servers; the security follows the port.",
            flag="587; with tls 465, with none 25.",
            metavar="P",
            check=checks.port,
        ),
    ] = None
    security: Annotated[
        Security,
        About(
            "SMTP security",
            "A STARTTLS that is not offered is an error, never plain text.",
            flag="starttls if not given.",
        ),
    ] = "starttls"
    auth: Annotated[
        Literal["same", "basic", "none", "oauth2"],
        About(
            "Login",
            "Which login the SMTP server gets.",
            flag="same: the login of the incoming account, if not given.",
        ),
    ] = "same"
    user: Annotated[
        str,
        About(
            "SMTP user",
            "What the SMTP server calls the account; empty: the address.",
            flag="The login for --smtp-auth basic.",
            metavar="U",
            check=checks.line,
            column="smtp_username",
        ),
    ] = ""
    ca_file: Annotated[
        str,
        About(
            "SMTP CA file",
            "A file with your own certificate authority, in place of the system's.",
            flag="Trust this authority instead of the system's.",
            metavar="F",
            check=checks.file,
            json=False,
            owners=True,
        ),
    ] = ""
    fingerprint: Annotated[
        str,
        About(
            "SMTP pin",
            "SHA-256 of the server's certificate; then only that one is trusted.",
            flag="Trust this one certificate.",
            metavar="SHA256",
            check=checks.fingerprint,
            json=False,
        ),
    ] = ""
    helo: Annotated[
        str,
        About(
            "Greets as",
            "The name this desk greets the SMTP server with; empty: this host's full name.",
            flag="The name to greet the server with; this host's.",
            metavar="NAME",
            check=checks.greeting,
            null=True,
        ),
    ] = ""
    spoof: Annotated[
        bool,
        About(
            "Spoof",
            "On: From may be another address of the desk. Off: that one stands in Reply-To.",
            flag="The account may write other addresses of the desk as From; else they stand in Reply-To.",
        ),
    ] = False
    sent_folder: Annotated[
        str,
        About(
            "Copies to",
            "An IMAP folder that gets a copy of each answer; empty: none. F4 lists them.",
            flag="Copy sent answers to this IMAP folder; '' for none.",
            metavar="F",
            check=checks.folder_or_none,
            name="sent_folder",
            null=True,
        ),
    ] = ""

    @property
    def usual_ports(self) -> Mapping[str, int]:
        """The port that goes with each security."""
        return SMTP_PORTS

    @property
    def sends(self) -> bool:
        """Whether there is an account to send through."""
        return bool(self.host)


@dataclass(repr=False)
class OAuth2Application(Checked):
    """The desk as it is registered with who gives the login. Empty addresses and scopes: the provider's own.

    `scopes`: with blanks between. `strict`: who logs in must be the mailbox's address or user; off for shared
    mailboxes.
    """

    provider: Annotated[
        Literal["", "google", "microsoft", "other"],
        About(
            "Given by",
            "Who gives the login. Other: a server of your own; its addresses stand below.",
            flag="Log in with OAuth2: then nightdesk mailbox login ADDRESS.",
            name="oauth2",
            option="oauth2",
            json=False,
        ),
    ] = ""
    client_id: Annotated[
        str,
        About(
            "Client id",
            "The desk as it is registered with the provider, see docs/oauth2.md.",
            flag="The application as registered with the provider.",
            metavar="ID",
            check=checks.client_id,
            json=False,
        ),
    ] = ""
    tenant: Annotated[
        str,
        About(
            "Tenant",
            "Microsoft: the tenant's id or domain; empty: common.",
            flag="Microsoft: the tenant's id or domain; common if not given.",
            metavar="T",
            check=checks.tenant,
            json=False,
        ),
    ] = ""
    authorize_url: Annotated[
        str,
        About(
            "Authorize",
            "Where a person logs in; empty: the provider's own.",
            flag="Where a person logs in; the provider's own.",
            metavar="URL",
            check=checks.url,
            json=False,
        ),
    ] = ""
    token_url: Annotated[
        str,
        About(
            "Tokens",
            "Where tokens are given; empty: the provider's own.",
            flag="Where tokens are given; the provider's own.",
            metavar="URL",
            check=checks.url,
            json=False,
        ),
    ] = ""
    device_url: Annotated[
        str,
        About(
            "Device",
            "Where device codes are given (RFC 8628); empty: the provider's own.",
            flag="Where device codes are given; the provider's own.",
            metavar="URL",
            check=checks.url,
            json=False,
        ),
    ] = ""
    revoke_url: Annotated[
        str,
        About(
            "Revoke",
            "Where tokens are taken back; empty: the provider's own.",
            flag="Where tokens are taken back; the provider's own.",
            metavar="URL",
            check=checks.url,
            json=False,
        ),
    ] = ""
    scopes: Annotated[
        str,
        About(
            "Scopes",
            "What is asked for, with blanks between; empty: the provider's own.",
            flag="What is asked for; the provider's own.",
            metavar="'S ...'",
            check=checks.scopes,
            json=False,
        ),
    ] = ""
    client_auth: Annotated[
        Literal["post", "basic"],
        About(
            "Secret is",
            "How the client secret is sent; most servers take it in the form.",
            flag="How the client secret is sent; post.",
            json=False,
        ),
    ] = "post"
    ca_file: Annotated[
        str,
        About(
            "CA file",
            "A file with your own certificate authority for the OAuth2 server.",
            flag="Trust this authority for the OAuth2 server.",
            metavar="F",
            option="oauth2_ca_file",
            check=checks.file,
            json=False,
            owners=True,
        ),
    ] = ""
    strict: Annotated[
        bool,
        About(
            "Strict login",
            "On: only the mailbox itself may log in. Off for shared mailboxes.",
            flag="Who logs in must be the mailbox; off for shared mailboxes.",
            option="strict_login",
            json=False,
        ),
    ] = True


@dataclass(repr=False)
class MailboxForm(Checked):
    """All that is said about a mailbox but its passwords; `desk.mailboxes.form.check` makes one.

    `topic` and `priority` empty: the desk's own. `aliases`: with commas; plus-addresses
    (``support+anything@...``) belong to a mailbox without being named.
    """

    address: Annotated[
        str,
        About(
            "Address",
            "The address customers write to. It is also the sender of the answers.",
            check=checks.address,
            column=None,
        ),
    ]
    department: Annotated[
        str,
        About(
            "Department",
            "Whose tickets this mailbox makes; left and right change it.",
            flag="Where its tickets go.",
            metavar="D",
            column=None,
            null=True,
        ),
    ] = ""
    name: Annotated[
        str,
        About(
            "Name",
            "The name that customers see as sender, such as IT Support.",
            flag="The name that customers see.",
            metavar="N",
            check=checks.line,
        ),
    ] = ""
    autoresponse: Annotated[
        bool,
        About(
            "Acknowledge",
            "Space switches the mail that tells a customer the number of the new ticket.",
            flag="Acknowledge new tickets.",
        ),
    ] = True
    topic: Annotated[
        str,
        About(
            "Topic",
            "What its new tickets are about; left and right change it.",
            flag="The help topic of its new tickets; '' for none.",
            metavar="T",
            column=None,
            null=True,
        ),
    ] = ""
    priority: Annotated[
        Priority,
        About(
            "Priority",
            "Of its new tickets; left and right change it.",
            flag="Of its new tickets; '': what the topic says, else normal.",
            column=None,
            null=True,
        ),
    ] = ""
    aliases: Annotated[
        str,
        About(
            "Aliases",
            "Other addresses that belong to it, with commas; plus-addresses do anyway.",
            flag="Another address that belongs to it; may be repeated.",
            metavar="ADDR",
            option="alias",
            check=checks.aliases,
            column=None,
        ),
    ] = ""
    notes: Annotated[
        str,
        About(
            "Notes",
            "What colleagues should know about this mailbox. No customer sees it.",
            flag="What colleagues should know about it; '' for nothing.",
            metavar="TEXT",
            check=checks.note,
            null=True,
        ),
    ] = ""
    incoming: Incoming = field(default_factory=Incoming)
    outgoing: Outgoing = field(default_factory=Outgoing)
    oauth2: OAuth2Application = field(default_factory=OAuth2Application)

    @property
    def sides(self) -> tuple[tuple[Part, Account], tuple[Part, Account]]:
        """Both accounts, each with its part."""
        return ("incoming", self.incoming), ("outgoing", self.outgoing)

    @property
    def uses_oauth2(self) -> bool:
        """Whether one of the mailbox's accounts logs in with OAuth2."""
        incoming = self.incoming.fetches and self.incoming.auth == "oauth2"
        return incoming or (self.outgoing.sends and self.outgoing.auth == "oauth2")

    @property
    def sending_user(self) -> str:
        """Whom the SMTP server hears of; with the login `same` the incoming account's user."""
        return self.incoming.user if self.outgoing.auth == "same" else self.outgoing.user

    def part(self, part: Part) -> Any:
        """Return what has the fields of a part."""
        return self if part == "address" else getattr(self, part)


class Field(Record):
    """A field as the table has it. `kind`: what its values are; `choices`: of which it is one, if of a few.

    `option`: its flag without the dashes, with underscores; empty when it has none.
    """

    name: str
    part: Part
    attribute: str
    kind: Literal["text", "number", "yes", "choice"]
    choices: tuple[str, ...]
    default: Any
    option: str
    column: str
    about: About

    def of(self, form: MailboxForm) -> Any:
        """Return what a form says."""
        return getattr(form.part(self.part), self.attribute)


_PREFIXES: Final[dict[Part, str]] = {"address": "", "incoming": "", "outgoing": "smtp_", "oauth2": "oauth2_"}
_CLASSES: Final[tuple[tuple[Part, type], ...]] = (
    ("address", MailboxForm),
    ("incoming", Incoming),
    ("outgoing", Outgoing),
    ("oauth2", OAuth2Application),
)


def _table() -> Iterator[Field]:
    for part, kind in _CLASSES:
        defaults = {each.name: each.default for each in dataclasses.fields(kind)}
        for attribute, hint in kind.__annotations__.items():
            told = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, About)]
            for about in told:
                name = about.name or _PREFIXES[part] + attribute
                what, choices = _what(get_args(hint)[0])
                option = about.option or (attribute if part == "oauth2" else name)
                column = about.column or (attribute if part == "oauth2" else name)
                yield Field(
                    name=name,
                    part=part,
                    attribute=attribute,
                    kind=what,
                    choices=choices,
                    default="" if defaults[attribute] is dataclasses.MISSING else defaults[attribute],
                    option=option if about.flag else "",
                    column="" if about.column is None else column,
                    about=about,
                )


def _what(hint: Any) -> tuple[Literal["text", "number", "yes", "choice"], tuple[str, ...]]:
    if get_origin(hint) is Literal:
        return "choice", get_args(hint)
    if hint is bool:
        return "yes", ()
    if hint is int or (isinstance(hint, UnionType) and int in get_args(hint)):
        return "number", ()
    return "text", ()


FIELDS: Final = tuple(_table())
BY_NAME: Final = {each.name: each for each in FIELDS}
OWNERS_FILES: Final = tuple(each.name for each in FIELDS if each.about.owners)
"""The fields that name a file of the desk's owner."""


def of_part(part: Part) -> tuple[Field, ...]:
    """Return the fields of one part."""
    return tuple(each for each in FIELDS if each.part == part)


def named(part: Part, attribute: str) -> str:
    """Return the name of a field in the file, on the screen and in errors."""
    return next(each.name for each in FIELDS if (each.part, each.attribute) == (part, attribute))


def given_by(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the fields that flags of the command line give."""
    found = {each.name: flags.get(each.option) for each in FIELDS if each.option and each.name != "aliases"}
    return {name: value for name, value in found.items() if value is not None}


def read_row(row: Any, part: Part) -> dict[str, Any]:
    """Return the values, by attribute, of those fields of a part that the row keeps as they are."""
    return {
        each.attribute: bool(getattr(row, each.column)) if each.kind == "yes" else getattr(row, each.column)
        for each in FIELDS
        if each.part == part and each.column
    }


def write_row(row: Any, form: MailboxForm, part: Part) -> None:
    """Put what a form says in the same fields into the row; the caller keeps it."""
    for each in FIELDS:
        if each.part == part and each.column:
            setattr(row, each.column, each.of(form))


def values(form: MailboxForm) -> dict[str, Any]:
    """Return what a form says by the fields' names; of OAuth2 nothing where no provider is named."""
    return {each.name: each.of(form) for each in FIELDS if each.part != "oauth2" or form.oauth2.provider}


def json_of(form: MailboxForm, part: Part) -> dict[str, Any]:
    """Return the fields of a part that JSON shows, by attribute."""
    return {
        each.attribute: each.of(form) or (None if each.about.null else each.of(form))
        for each in FIELDS
        if each.part == part and each.about.json
    }


SecretName = Literal["password", "smtp_password", "client_secret"]


class SecretField(Record):
    """A password of a mailbox. `row`: what its columns begin with, of the mailbox or its OAuth2 application.

    `given`: its attribute in `desk.mailboxes.secrets.MailboxSecrets`. `bound_to`: what it is sealed for.
    `flags`: the flag for each place that it may come from, with what ``--help`` says of it.
    """

    name: SecretName
    part: Part
    label: str
    row: str
    given: str
    bound_to: str
    flags: Mapping[str, tuple[str, str]]

    @property
    def words(self) -> str:
        """What it is called within a sentence."""
        return self.label if self.part == "outgoing" else self.label.lower()


SECRETS: Final = (
    SecretField(
        "password",
        "incoming",
        "Password",
        "secret",
        "incoming",
        "incoming",
        {
            "sealed": ("password_stdin", "The password is a line on standard input."),
            "pass_cmd": ("pass_cmd", "A command that prints the password; no shell runs it."),
            "env": ("password_env", "The variable that has the password."),
            "credential": ("password_credential", "The systemd credential that has it."),
        },
    ),
    SecretField(
        "smtp_password",
        "outgoing",
        "SMTP password",
        "smtp_secret",
        "outgoing",
        "outgoing",
        {
            "sealed": ("smtp_password_stdin", "The next line on standard input."),
            "pass_cmd": ("smtp_pass_cmd", "A command that prints the password."),
            "env": ("smtp_password_env", "The variable that has the password."),
            "credential": ("smtp_password_credential", "The systemd credential that has it."),
        },
    ),
    SecretField(
        "client_secret",
        "oauth2",
        "Client secret",
        "secret",
        "client",
        "oauth2 client",
        {
            "sealed": ("client_secret_stdin", "Its secret is the last line on stdin."),
            "pass_cmd": ("client_secret_cmd", "A command that prints the client secret."),
            "env": ("client_secret_env", "The variable that has it."),
            "credential": ("client_secret_credential", "The systemd credential that has it."),
            "none": ("no_client_secret", "It has none: a public client."),
        },
    ),
)
SECRET: Final = {each.name: each for each in SECRETS}
