"""The fields of a mailbox: what each is called, where it is kept, and what is said about it.

This is the one list of them. The form checks their values, the row and the mailbox file hold them, screens
show them, and all of these go through it: a new field is a line here and a check in `desk.mailboxes.form`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Part = Literal["address", "incoming", "outgoing", "oauth2"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `label`: before its problems; `help`: one sentence, for whoever is about to fill it.

    `column`: of the mailbox's row, or of its OAuth2 row; empty where it needs more than to be copied. `flag`:
    the parameter that gives it on the command line, if it is called otherwise there.
    """

    name: str
    part: Part
    label: str
    help: str
    column: str
    flag: str = ""


FIELDS: Final = (
    Field(
        "address",
        "address",
        "Address",
        "The address customers write to. It is also the sender of the answers.",
        "",
    ),
    Field("name", "address", "Name", "The name that customers see as sender, such as IT Support.", "name"),
    Field(
        "department",
        "address",
        "Department",
        "Whose tickets this mailbox makes; left and right change it.",
        "",
    ),
    Field("topic", "address", "Topic", "What its new tickets are about; left and right change it.", ""),
    Field("priority", "address", "Priority", "Of its new tickets; left and right change it.", ""),
    Field(
        "aliases",
        "address",
        "Aliases",
        "Other addresses that belong to it, with commas; plus-addresses do anyway.",
        "",
    ),
    Field(
        "autoresponse",
        "address",
        "Acknowledge",
        "Space switches the mail that tells a customer the number of the new ticket.",
        "autoresponse",
    ),
    Field(
        "protocol",
        "incoming",
        "Fetch",
        "How mail is fetched; left and right change it. POP3 knows one folder and no IDLE.",
        "protocol",
    ),
    Field(
        "incoming_enabled",
        "incoming",
        "Switched on",
        "Space switches fetching of this mailbox on or off.",
        "",
    ),
    Field(
        "host",
        "incoming",
        "Server",
        "Name of the server; ssl://host and tls://host are understood too.",
        "host",
    ),
    Field(
        "port",
        "incoming",
        "Port",
        "IMAP 993 TLS, 143 STARTTLS; POP3 995 TLS, 110 STARTTLS; the security follows.",
        "port",
    ),
    Field(
        "security",
        "incoming",
        "Security",
        "TLS and STARTTLS check the server's certificate. Left and right change it.",
        "security",
    ),
    Field("user", "incoming", "User", "What the server calls the account; empty: the address.", "username"),
    Field(
        "auth",
        "incoming",
        "Login",
        "With a password, or with a login at the provider (OAuth2) and no password.",
        "auth",
    ),
    Field(
        "ca_file",
        "incoming",
        "CA file",
        "A file with your own certificate authority, in place of the system's.",
        "ca_file",
    ),
    Field(
        "fingerprint",
        "incoming",
        "Pin",
        "SHA-256 of the server's certificate; then only that one is trusted.",
        "fingerprint",
    ),
    Field(
        "folder",
        "incoming",
        "Folder",
        "The folder whose mail becomes tickets. F4 lists those of the server.",
        "folder",
    ),
    Field(
        "schedule",
        "incoming",
        "Schedule",
        "'every 45 minutes', or a cron line of five fields: */10 8-18 * * 1-5",
        "schedule",
    ),
    Field(
        "batch",
        "incoming",
        "Batch",
        "Mails in one round trip and one transaction; 50 suits most servers.",
        "batch",
    ),
    Field(
        "max_per_fetch",
        "incoming",
        "At most",
        "The most mails of one run; empty: all there are.",
        "max_per_fetch",
    ),
    Field(
        "after_fetch",
        "incoming",
        "Move to",
        "What becomes of the server's copy once the desk has the mail safely.",
        "after_fetch",
    ),
    Field(
        "backlog",
        "incoming",
        "Old mail",
        "What is done with mail that is there before the first fetch.",
        "backlog",
    ),
    Field(
        "idle",
        "incoming",
        "At once",
        "Stay connected (IMAP IDLE): new mail is a ticket within seconds. Space switches.",
        "idle",
    ),
    Field(
        "outgoing_enabled",
        "outgoing",
        "Switched on",
        "Space switches sending through this mailbox on or off.",
        "",
    ),
    Field(
        "smtp_host",
        "outgoing",
        "SMTP server",
        "Name of the SMTP server; ssl://host and tls://host are understood too.",
        "smtp_host",
    ),
    Field(
        "smtp_port",
        "outgoing",
        "SMTP port",
        "587 is STARTTLS, 465 is TLS, 25 between servers; the security follows the port.",
        "smtp_port",
    ),
    Field(
        "smtp_security",
        "outgoing",
        "SMTP security",
        "A STARTTLS that is not offered is an error, never plain text.",
        "smtp_security",
    ),
    Field("smtp_auth", "outgoing", "Login", "Which login the SMTP server gets.", "smtp_auth"),
    Field(
        "smtp_user",
        "outgoing",
        "SMTP user",
        "What the SMTP server calls the account; empty: the address.",
        "smtp_username",
    ),
    Field(
        "smtp_ca_file",
        "outgoing",
        "SMTP CA file",
        "A file with your own certificate authority, in place of the system's.",
        "smtp_ca_file",
    ),
    Field(
        "smtp_fingerprint",
        "outgoing",
        "SMTP pin",
        "SHA-256 of the server's certificate; then only that one is trusted.",
        "smtp_fingerprint",
    ),
    Field(
        "smtp_helo",
        "outgoing",
        "Greets as",
        "The name this desk greets the SMTP server with; empty: this host's full name.",
        "smtp_helo",
    ),
    Field(
        "smtp_spoof",
        "outgoing",
        "Spoof",
        "On: From may be another address of the desk. Off: that one stands in Reply-To.",
        "smtp_spoof",
    ),
    Field(
        "sent_folder",
        "outgoing",
        "Copies to",
        "An IMAP folder that gets a copy of each answer; empty: none. F4 lists them.",
        "sent_folder",
    ),
    Field(
        "oauth2",
        "oauth2",
        "Given by",
        "Who gives the login. Other: a server of your own; its addresses stand below.",
        "provider",
    ),
    Field(
        "oauth2_client_id",
        "oauth2",
        "Client id",
        "The desk as it is registered with the provider, see docs/oauth2.md.",
        "client_id",
        "client_id",
    ),
    Field(
        "oauth2_tenant",
        "oauth2",
        "Tenant",
        "Microsoft: the tenant's id or domain; empty: common.",
        "tenant",
        "tenant",
    ),
    Field(
        "oauth2_authorize_url",
        "oauth2",
        "Authorize",
        "Where a person logs in; empty: the provider's own.",
        "authorize_url",
        "authorize_url",
    ),
    Field(
        "oauth2_token_url",
        "oauth2",
        "Tokens",
        "Where tokens are given; empty: the provider's own.",
        "token_url",
        "token_url",
    ),
    Field(
        "oauth2_device_url",
        "oauth2",
        "Device",
        "Where device codes are given (RFC 8628); empty: the provider's own.",
        "device_url",
        "device_url",
    ),
    Field(
        "oauth2_revoke_url",
        "oauth2",
        "Revoke",
        "Where tokens are taken back; empty: the provider's own.",
        "revoke_url",
        "revoke_url",
    ),
    Field(
        "oauth2_scopes",
        "oauth2",
        "Scopes",
        "What is asked for, with blanks between; empty: the provider's own.",
        "scopes",
        "scopes",
    ),
    Field(
        "oauth2_client_auth",
        "oauth2",
        "Secret is",
        "How the client secret is sent; most servers take it in the form.",
        "client_auth",
        "client_auth",
    ),
    Field(
        "oauth2_ca_file",
        "oauth2",
        "CA file",
        "A file with your own certificate authority for the OAuth2 server.",
        "ca_file",
    ),
    Field(
        "oauth2_strict",
        "oauth2",
        "Strict login",
        "On: only the mailbox itself may log in. Off for shared mailboxes.",
        "strict",
        "strict_login",
    ),
)
BY_NAME: Final = {field.name: field for field in FIELDS}


def names(part: Part) -> tuple[str, ...]:
    """Return the names of the fields of one part."""
    return tuple(field.name for field in FIELDS if field.part == part)


def given_by(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the fields that flags of the command line give."""
    found = {field.name: flags.get(field.flag or field.name) for field in FIELDS}
    return {name: value for name, value in found.items() if value is not None}


def copied_from(row: Any, part: Part) -> dict[str, Any]:
    """Return the values of those fields of a part that the row keeps as they are."""
    return {field.name: getattr(row, field.column) for field in FIELDS if field.part == part and field.column}


def copy_into(row: Any, form: Any, part: Part) -> None:
    """Put the form's values of the same fields into the row; the caller saves it."""
    for name, value in said_by(form, part).items():
        setattr(row, BY_NAME[name].column, value)


def said_by(form: Any, part: Part) -> Mapping[str, Any]:
    """Return what a form says in the fields of a part that are kept as they are."""
    return {field.name: getattr(form, field.name) for field in FIELDS if field.part == part and field.column}
