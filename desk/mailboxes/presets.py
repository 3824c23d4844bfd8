"""What an address fills into a mailbox form: its provider's servers, and the paragraph that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from config.providers import OWN, PASTE_PORT, Provider, oauth2_provider, provider, provider_for
from desk.errors import WrongUse
from desk.mailboxes.fields import BY_NAME


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider and what it fills in; `advice` is for the person to read before they go on.

    `is_guess`: no known provider, the names are a guess.
    """

    id: str
    name: str
    values: Mapping[str, Any]
    advice: str
    is_guess: bool


def preset(address: str, protocol: str = "imap", named: str = "") -> Preset:
    """Return the preset for an address, or of the provider `named` by id. Raises WrongUse for what it lacks.

    Its values are fields of a mailbox form; the outgoing account logs in as the incoming one.
    """
    found = provider(named) if named else provider_for(address)
    values: dict[str, Any] = {}
    if protocol != "none":
        values |= _incoming(found, address, cast("Literal['imap', 'pop3']", protocol))
    out = found.server("smtp", address)
    if out is not None:
        values |= {"smtp_host": out.host, "smtp_port": out.port, "smtp_security": out.security}
        if protocol == "none":
            values |= {"smtp_user": found.login_user(address)}
            values |= {"smtp_auth": "basic" if "basic" in found.auth else "oauth2"}
    if "basic" not in found.auth:
        values["oauth2"] = found.oauth2
        if protocol != "none":
            values["auth"] = "oauth2"
    advice = found.advice
    if values.get("oauth2"):
        advice = f"{advice}\n\n{advice_of_login(found.oauth2)}"
    return Preset(found.id, found.name, values, advice, found.id == OWN)


def filled(values: Mapping[str, Any], named: str = "") -> tuple[dict[str, Any], Preset | None]:
    """Return what was typed, with what the provider fills in where nothing was typed.

    Nothing is filled in where a host was given, nor for an unknown provider that nobody `named`. Raises
    WrongUse when the address's provider is not known, with what to do.
    """
    given = dict(values)
    protocol = str(given.get("protocol", "imap"))
    if given.get("host") or (protocol == "none" and (given.get("smtp_host") or not named)):
        return given, None
    address = str(given.get("address", ""))
    found = preset(address, protocol, named)
    if found.is_guess and not named:
        raise WrongUse(
            f"which server has the mail of {address}?",
            "give --host HOST, or --provider gmail, microsoft365, ... if it is hosted there",
        )
    chosen = dict(found.values)
    if "security" in given or "port" in given:
        chosen.pop("port", None)
        chosen.pop("security", None)
    if "smtp_host" in given:
        chosen = {name: value for name, value in chosen.items() if BY_NAME[name].part != "outgoing"}
    if given.get("auth") == "basic":
        chosen.pop("oauth2", None)
    if given.get("oauth2"):
        found = replace(found, advice=advice_of_login(str(given["oauth2"])))
    return {**chosen, **given}, found


def advice_of_login(oauth2: str) -> str:
    """Return what a provider wants to be told before it gives a login by OAuth2; empty if that is nothing."""
    known = oauth2_provider(oauth2)
    return f"{known.advice}\n\nThe redirect address is {known.redirect_at(PASTE_PORT)}"


def _incoming(found: Provider, address: str, protocol: Literal["imap", "pop3"]) -> dict[str, Any]:
    server = found.server(protocol, address)
    if server is None:
        other = "pop3" if protocol == "imap" else "imap"
        raise WrongUse(f"{found.name} offers no {protocol.upper()}", f"use --protocol {other}")
    return {
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "user": found.login_user(address),
    }
