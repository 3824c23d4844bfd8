"""Which servers the secrets of a mailbox were given for: a kept one goes to no other.

A kept secret was given for the servers that the mailbox names now, because nothing is written that would send
it to others. The password goes to the incoming server, and with the login `same` to the outgoing one too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from desk.errors import WrongUse

if TYPE_CHECKING:
    from desk.mailboxes.form import MailboxForm
    from models.mailboxes import Mailbox

SecretName = Literal["password", "smtp_password", "client_secret", "token"]

_FLAGS = {"password": "--password-stdin", "smtp_password": "--smtp-password-stdin"}
_WORDS = {"password": "password", "smtp_password": "SMTP password", "client_secret": "client secret"}


@dataclass(frozen=True, slots=True)
class Server:
    """Where a secret goes, and as whose. `security`: tls, starttls or none."""

    host: str
    port: int
    security: str
    user: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port} ({'clear text' if self.security == 'none' else self.security})"


class SecretNotForThere(WrongUse):
    """A kept secret would go to a server that was not named when it was given."""

    def __init__(self, name: SecretName, form: MailboxForm, other: Server | str) -> None:
        flag = _FLAGS.get(name, "--client-secret-stdin")
        super().__init__(
            f"the {_WORDS[name]} of {form.address} was not given for {other}: give it again",
            f"nightdesk mailbox edit {form.address} ... {flag}",
        )
        self.name = name


def incoming_server(form: MailboxForm) -> Server:
    """The server that mail is fetched from."""
    return Server(form.host.lower(), form.port or 0, form.security, form.user)


def outgoing_server(form: MailboxForm) -> Server:
    """The server that mail is sent through; with the login `same` its user is the incoming account's."""
    user = form.user if form.smtp_auth == "same" else form.smtp_user
    return Server(form.smtp_host.lower(), form.smtp_port or 0, form.smtp_security, user)


def servers(name: SecretName, form: MailboxForm) -> frozenset[Server | str]:
    """The servers that a secret goes to when the mailbox is as the form says."""
    if name == "client_secret":
        return _token_endpoints(form)
    found: set[Server | str] = set()
    if name == "smtp_password":
        if form.sends and form.smtp_auth == "basic":
            found.add(outgoing_server(form))
        return frozenset(found)
    wanted = "oauth2" if name == "token" else "basic"
    if form.protocol != "none" and form.auth == wanted:
        found.add(incoming_server(form))
    same = form.smtp_auth == "same" and form.auth == wanted
    if form.sends and (same or (name == "token" and form.smtp_auth == "oauth2")):
        found.add(outgoing_server(form))
    return frozenset(found)


def named_before(name: SecretName, stored: Mailbox) -> frozenset[Server | str]:
    """The servers that the kept secret of a mailbox was given for."""
    from desk.mailboxes.form import MailboxForm, values_of

    return servers(name, MailboxForm.model_construct(**values_of(stored)))


def new_servers(name: SecretName, form: MailboxForm, stored: Mailbox) -> list[Server | str]:
    """The servers that the form names and that the mailbox's kept secret was not given for."""
    before = named_before(name, stored)
    others = servers(name, form) - before
    if name == "token" and form.protocol != stored.protocol:
        # One host's IMAP and POP3 take the same token, and TLS proves that it is the same host.
        proved = {_anywhere(each) for each in before}
        others = frozenset(each for each in others if _anywhere(each) not in proved)
    return sorted(others, key=str)


def _anywhere(server: Server | str) -> object:
    """A server with TLS without its port; any other as it is."""
    if isinstance(server, Server) and server.security != "none":
        return server.host, server.security, server.user
    return server


def _token_endpoints(form: MailboxForm) -> frozenset[Server | str]:
    if not form.oauth2:
        return frozenset()
    tenant = f" {form.oauth2_tenant}" if form.oauth2_tenant else ""
    application = f"{form.oauth2}{tenant} {form.oauth2_client_id}"
    urls = {form.oauth2_token_url, form.oauth2_device_url, form.oauth2_revoke_url}
    named = {f"{application} at {url}" for url in urls if url}
    return frozenset(named if form.oauth2_token_url else {application, *named})
