"""What an address fills into the mailbox form, without changing what the person typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from desk.errors import WrongUse
from tui.screens.mailboxes.fields import PORTS, Typed

Values = dict[str, str | bool]

FILLED: Values = {
    "host": "",
    "port": "993",
    "security": "tls",
    "user": "",
    "auth": "basic",
    "oauth2": "google",
    "outgoing": "none",
    "smtp_host": "",
    "smtp_port": "587",
    "smtp_security": "starttls",
    "smtp_auth": "same",
}
"""The fields that a provider fills in, and what stands there without one."""


@dataclass(frozen=True)
class Filling:
    """What to put into which field, what a provider has filled in by now, and the words to show."""

    put: Values = field(default_factory=dict)
    filled: Values = field(default_factory=dict)
    name: str = ""
    advice: str = ""
    host_guess: str = ""


def choices() -> list[tuple[str, str]]:
    """Return the providers to choose from, the one found by the address first; reads a file once."""
    from config.providers import providers  # 10 ms

    return [("", "found by the address"), *((each.id, each.name) for each in providers())]


def filling(
    typed: Typed, filled: Mapping[str, str | bool], *, all_of_it: bool = False, outgoing: str = "none"
) -> Filling:
    """Return what the provider of the typed address, or the chosen one, fills in.

    A field that holds neither its first value nor one that was `filled` in before is the person's own and
    stays. `all_of_it`: what is only guessed too, because they chose the provider. `outgoing` is how it sends
    where no provider says so.
    """
    from desk.mailboxes.presets import preset  # 10 ms

    address, named = str(typed["address"]).strip(), str(typed["provider"])
    if "@" not in address or not address.partition("@")[2]:
        return Filling(put=_back(typed, filled, outgoing))
    protocol = str(typed["protocol"])
    try:
        found = preset(address, protocol, named)
    except WrongUse as error:
        return Filling(put=_back(typed, filled, outgoing), advice=f"{error}: choose another way to fetch.")
    if found.is_guess and not all_of_it:
        guess = str(found.values.get("host", ""))
        return Filling(put=_back(typed, filled, outgoing), name=found.name, host_guess=guess)
    values: Values = {name: str(value) for name, value in found.values.items()}
    values.setdefault("auth", "basic")
    values["outgoing"] = "smtp" if values.get("smtp_host") else outgoing
    if protocol == "none":
        values.setdefault("smtp_auth", "basic")
    if values.get("user") == address:
        values["user"] = ""
    wanted: Values = {name: values.get(name, empty) for name, empty in _usual(typed, outgoing).items()}
    put = {
        name: value
        for name, value in wanted.items()
        if typed[name] != value and _is_free(name, typed, filled, outgoing)
    }
    kept = {name: value for name, value in wanted.items() if name in put or typed[name] == value}
    return Filling(put=put, filled=kept, name=found.name, advice=found.advice)


def _is_free(name: str, typed: Typed, filled: Mapping[str, str | bool], outgoing: str) -> bool:
    usual = {"port": ("", "993", "143", "995", "110"), "outgoing": (outgoing,)}.get(name, (FILLED[name],))
    return typed[name] in usual or typed[name] == filled.get(name)


def _usual(typed: Typed, outgoing: str) -> Values:
    port = PORTS["pop3" if typed["protocol"] == "pop3" else "imap"]["tls"]
    return FILLED | {"port": str(port), "outgoing": outgoing}


def _back(typed: Typed, filled: Mapping[str, str | bool], outgoing: str) -> Values:
    """Take away what another address had filled in."""
    usual = _usual(typed, outgoing)
    return {
        name: usual[name] for name, value in filled.items() if typed[name] == value and value != usual[name]
    }
