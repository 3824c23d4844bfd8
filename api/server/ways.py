"""What an error says to do, as one does it over HTTP: a command becomes a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from api.v1.operations import OPERATIONS, PREFIX
from config.expressions import expression
from desk.commands import NAMED

_COMMAND: Final = expression(NAMED.pattern + r"(?: (?P<deed>start|stop)\b)?")
_CALLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ticket list": "listTickets",
        "ticket show": "showTicket",
        "ticket reopen": "reopen",
        "ticket unmerge": "unmerge",
        "ticket delete --restore": "restore",
        "ticket time start": "startTime",
        "ticket time stop": "stopTime",
        "contact list": "listContacts",
        "contact merge": "mergeContact",
        "organization list": "listOrganizations",
        "organization edit": "editOrganization",
        "queue list": "listQueues",
        "queue edit": "editQueue",
    }
)
_PLACE: Final = expression(r"\{\w+\}")


def over_http(hint: str) -> str:
    """Return a hint as it is followed over HTTP; what no call does stays a command."""
    return _COMMAND.sub(_call, hint)


def _call(found: re.Match[str]) -> str:
    words = (found["noun"], found["verb"], "--restore" if "--restore" in found[0] else "", found["deed"])
    name = _CALLS.get(" ".join(word for word in words if word))
    operation = next((each for each in OPERATIONS if each.name == name), None)
    if operation is None:
        return found[0]
    what = (found["what"] or "").strip()
    if what and not (what.isupper() and what.isalpha()):  # NUMBER stands for any
        path = _PLACE.sub(quote(what.strip("'"), safe="@"), operation.path)
        return f"{operation.method} {PREFIX}{path}"
    return f"{operation.method} {PREFIX}{operation.path}"
