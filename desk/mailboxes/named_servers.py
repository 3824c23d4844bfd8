"""Which servers the secrets of a mailbox were given for: a kept one goes to no other.

A kept secret was given for the servers that the mailbox names now, because nothing is written that would send
it to others. The password goes to the incoming server, and with the login `same` to the outgoing one too.
What a server is trusted by is a part of its name: behind another certificate may be another server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from config.records import Record
from config.wording import host_and_port
from desk.errors import WrongUse
from desk.mailboxes.fields import SECRET, SecretName
from desk.mailboxes.stored import form_of

if TYPE_CHECKING:
    from desk.mailboxes.fields import Account, MailboxForm
    from models.mailboxes import Mailbox


class Server(Record):
    """Where a secret goes, and as whose. `security`: tls, starttls or none. `trust`: pin or CA file."""

    host: str
    port: int
    security: str
    user: str
    trust: str = ""

    def __str__(self) -> str:
        how = "clear text" if self.security == "none" else self.security
        trusted = f", trusted by {self.trust}" if self.trust else ""
        return f"{host_and_port(self.host, self.port)} ({how}{trusted})"


class SecretNotForThere(WrongUse):
    """A kept secret would go to a server that was not named when it was given."""

    def __init__(self, name: SecretName, form: MailboxForm, other: Server | str) -> None:
        words = SECRET[name].words
        flag = SECRET[name].flags["sealed"][0].replace("_", "-")
        super().__init__(
            f"the {words} of {form.address} was not given for {other}: give it again",
            f"nightdesk mailbox edit {form.address} ... --{flag}",
        )
        self.name = name


def incoming_server(form: MailboxForm) -> Server:
    """Return the server that mail is fetched from."""
    return _server(form.incoming, form.incoming.user)


def outgoing_server(form: MailboxForm) -> Server:
    """Return the server that mail is sent through; its user is the incoming one's with the login `same`."""
    return _server(form.outgoing, form.sending_user)


def _server(account: Account, user: str) -> Server:
    trust = account.fingerprint or account.ca_file
    return Server(account.host.lower(), account.port or 0, account.security, user, trust)


def servers(name: SecretName | Literal["token"], form: MailboxForm) -> frozenset[Server | str]:
    """Return the servers that a secret, or the OAuth2 token, goes to when the mailbox is as the form says."""
    if name == "client_secret":
        return _token_endpoints(form)
    incoming, outgoing = form.incoming, form.outgoing
    found: set[Server | str] = set()
    if name == "smtp_password":
        if outgoing.sends and outgoing.auth == "basic":
            found.add(outgoing_server(form))
        return frozenset(found)
    login = "oauth2" if name == "token" else "basic"
    if incoming.fetches and incoming.auth == login:
        found.add(incoming_server(form))
    same = outgoing.auth == "same" and incoming.auth == login
    if outgoing.sends and (same or (name == "token" and outgoing.auth == "oauth2")):
        found.add(outgoing_server(form))
    return frozenset(found)


def named_before(name: SecretName | Literal["token"], stored: Mailbox) -> frozenset[Server | str]:
    """Return the servers that the kept secret of a mailbox was given for."""
    return servers(name, form_of(stored))


def new_servers(
    name: SecretName | Literal["token"], form: MailboxForm, stored: Mailbox
) -> list[Server | str]:
    """Return the servers that the form names and that the mailbox's kept secret was not given for."""
    before = named_before(name, stored)
    others = servers(name, form) - before
    if name == "token" and form.incoming.protocol != stored.protocol:
        # One host's IMAP and POP3 take the same token, and TLS proves that it is the same host.
        proved = {_anywhere(each) for each in before}
        others = frozenset(each for each in others if _anywhere(each) not in proved)
    return sorted(others, key=str)


def _anywhere(server: Server | str) -> object:
    """Return a server with TLS without its port; any other as it is."""
    if isinstance(server, Server) and server.security != "none":
        return server._replace(port=0)
    return server


def _token_endpoints(form: MailboxForm) -> frozenset[Server | str]:
    app = form.oauth2
    if not app.provider:
        return frozenset()
    tenant = f" {app.tenant}" if app.tenant else ""
    trusted = f" trusted by {app.ca_file}" if app.ca_file else ""
    application = f"{app.provider}{tenant} {app.client_id}{trusted}"
    urls = {app.token_url, app.device_url, app.revoke_url}
    named = {f"{application} at {url}" for url in urls if url}
    return frozenset(named if app.token_url else {application, *named})
