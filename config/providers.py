"""Known mail and OAuth2 providers: what an address fills in. The facts are in ``providers.toml``."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final, Literal

Protocol = Literal["imap", "pop3", "smtp"]
Security = Literal["tls", "starttls", "none"]
Auth = Literal["basic", "oauth2"]

OWN: Final = "own"
PASTE_PORT: Final = 8765
"""Of the usual redirect address. Nothing listens there: a browser's error page has what is pasted."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a protocol is spoken."""

    host: str
    port: int
    security: Security


@dataclass(frozen=True, slots=True)
class Provider:
    """A mail provider. A protocol that it does not offer is None; the first of `auth` is advised.

    `advice` is the one paragraph that whoever sets up a mailbox there has to know.
    """

    id: str
    name: str
    domains: tuple[str, ...]
    auth: tuple[Auth, ...]
    oauth2: str
    imap: Server | None
    pop3: Server | None
    smtp: Server | None
    user: Literal["address", "local"]
    advice: str
    sources: tuple[str, ...]

    def server(self, protocol: Protocol, address: str) -> Server | None:
        """Return the server for this address, None if the provider has no such protocol."""
        server = {"imap": self.imap, "pop3": self.pop3, "smtp": self.smtp}[protocol]
        if server is None:
            return None
        return Server(server.host.replace("{domain}", domain_of(address)), server.port, server.security)

    def login_user(self, address: str) -> str:
        """Return the user name that this provider wants for the address."""
        return address if self.user == "address" else address.rpartition("@")[0]


@dataclass(frozen=True, slots=True)
class OAuth2Provider:
    """Where an OAuth2 provider is asked, and for what. An empty address is not offered.

    The addresses may hold ``{tenant}``, `redirect` holds ``{port}``.
    """

    id: str
    name: str
    authorize_url: str
    token_url: str
    device_url: str
    revoke_url: str
    redirect: str
    tenant: str
    scopes: tuple[str, ...]
    protocol_scopes: Mapping[str, tuple[str, ...]]
    app_scopes: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    advice: str = ""
    sources: tuple[str, ...] = ()

    def scopes_for(self, protocols: Iterable[Protocol]) -> tuple[str, ...]:
        """Return the scopes to ask a person for, so that one login serves all these protocols."""
        more = [scope for protocol in protocols for scope in self.protocol_scopes.get(protocol, ())]
        return tuple(dict.fromkeys([*self.scopes, *more]))

    def url(self, name: Literal["authorize", "token", "device", "revoke"], tenant: str = "") -> str:
        """Return one of the addresses, for a tenant (default: the provider's own default)."""
        urls = {
            "authorize": self.authorize_url,
            "token": self.token_url,
            "device": self.device_url,
            "revoke": self.revoke_url,
        }
        return urls[name].replace("{tenant}", tenant or self.tenant)

    def redirect_at(self, port: int) -> str:
        """Return the redirect address to register and to listen at."""
        return self.redirect.replace("{port}", str(port))


def domain_of(address: str) -> str:
    """Return the part behind the last @, in lower case; of a bare domain itself."""
    return address.rpartition("@")[2].strip().lower().rstrip(".")


def providers() -> tuple[Provider, ...]:
    """Return all mail providers, the well-known first, the own server last."""
    return _tables()[0]


def oauth2_providers() -> tuple[OAuth2Provider, ...]:
    """Return Google, Microsoft and Other."""
    return _tables()[1]


def provider(name: str) -> Provider:
    """Return the provider with this id. KeyError if there is none."""
    return {each.id: each for each in providers()}[name]


def oauth2_provider(name: str) -> OAuth2Provider:
    """Return the OAuth2 provider with this id. KeyError if there is none."""
    return {each.id: each for each in oauth2_providers()}[name]


def provider_for(address: str) -> Provider:
    """Return the provider of an address by its domain or one above it; the own server if none is known."""
    labels = domain_of(address).split(".")
    by_domain = {domain: each for each in providers() for domain in each.domains}
    for start in range(len(labels)):
        if found := by_domain.get(".".join(labels[start:])):
            return found
    return provider(OWN)


@functools.cache
def _tables() -> tuple[tuple[Provider, ...], tuple[OAuth2Provider, ...]]:
    text = resources.files("config").joinpath("providers.toml").read_text("utf-8")
    told = tomllib.loads(text)
    rows: dict[str, dict[str, Any]] = {}
    for row in told["provider"]:
        rows[row["id"]] = {**rows[row["like"]], **row} if "like" in row else row
    return (
        tuple(_provider(row) for row in rows.values()),
        tuple(_oauth2_provider(row) for row in told["oauth2"]),
    )


def _provider(row: Mapping[str, Any]) -> Provider:
    servers = {name: Server(**row[name]) if name in row else None for name in ("imap", "pop3", "smtp")}
    return Provider(
        id=row["id"],
        name=row["name"],
        domains=tuple(row["domains"]),
        auth=tuple(row["auth"]),
        oauth2=row.get("oauth2", ""),
        user=row.get("user", "address"),
        advice=row["advice"].strip(),
        sources=tuple(row["sources"]),
        **servers,
    )


def _oauth2_provider(row: Mapping[str, Any]) -> OAuth2Provider:
    protocols: tuple[Protocol, ...] = ("imap", "pop3", "smtp")
    return OAuth2Provider(
        id=row["id"],
        name=row["name"],
        authorize_url=row["authorize_url"],
        token_url=row["token_url"],
        device_url=row["device_url"],
        revoke_url=row["revoke_url"],
        redirect=row["redirect"],
        tenant=row.get("tenant", ""),
        scopes=tuple(row["scopes"]),
        protocol_scopes={name: tuple(row.get(f"{name}_scopes", ())) for name in protocols},
        app_scopes=tuple(row.get("app_scopes", ())),
        extra=dict(row.get("extra", {})),
        advice=row["advice"].strip(),
        sources=tuple(row["sources"]),
    )
