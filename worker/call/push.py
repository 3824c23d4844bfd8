"""A call of a push address by apprise: chat and telephones, in a process of its own for each.

A push address is one that a person typed, and the library that knows it is not ours: what it may use, and
whom it may connect, is bounded there (`worker.call.push_process`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desk import settings
from desk.errors import Refused
from desk.listeners import listeners
from mail.inert import one_line

if TYPE_CHECKING:
    from desk.home import Desk
    from models.listeners import DueCall, StoredListener

SECONDS: Final = 30.0
_LONGEST: Final = 1_000
_PROGRAM: Final = Path(__file__).with_name("push_process.py")
_KEPT: Final = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""What of the environment it gets. A proxy would connect in its stead whom it must not."""


def make(desk: Desk, listener: StoredListener, call: DueCall) -> tuple[bool, int | None, str]:
    """Push the event in words; returns whether it was taken, a status and words.

    Errors: Refused, and TimeoutError for what takes too long.
    """
    address = listeners.address_of(desk, listener).reveal()
    title, text = words(json.loads(call.body))
    told = {
        "address": address,
        "title": title,
        "text": text,
        "to_private": bool(settings.get("webhooks.private")),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-B", str(_PROGRAM)],
            input=json.dumps(told).encode(),
            capture_output=True,
            timeout=SECONDS,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError("it did not answer in time") from None
    try:
        answer = json.loads(done.stdout)
        outcome, said = str(answer["outcome"]), str(answer["words"])
    except (ValueError, KeyError, TypeError):
        return False, None, "it was not taken: the pushing ended early"
    match outcome:
        case "taken":
            return True, 0, ""
        case "missing":
            raise Refused(
                "pushing needs a part that is not installed", "pip install '.[apprise]' in the clone"
            )
        case "unknown":
            raise Refused("apprise does not know such an address", "nightdesk push edit NAME --url-stdin")
        case "private":
            words_of_it = f"{said} is in a private network or this machine itself"
            return False, None, one_line(f"{words_of_it}: nightdesk settings set webhooks.private on", 300)
    # What apprise says of a failure may hold the address.
    return False, None, one_line(said.replace(address, "..."), 300) or "it was not taken"


def words(document: dict[str, Any]) -> tuple[str, str]:
    """Return the title and the text of what is pushed."""
    ticket, event = document.get("ticket"), str(document["event"])
    told = str((document.get("detail") or {}).get("text") or event.replace("_", " "))
    by = f"{document['by']}: " if document.get("by") else ""
    if ticket is None:
        mailbox = (document.get("detail") or {}).get("mailbox", "")
        return "Nightdesk", one_line(f"{mailbox} {told}", _LONGEST)
    who = ticket["requester"]
    title = one_line(f"#{ticket['number']} {ticket['subject']}", 200)
    asked = one_line(f"{who['name']} <{who['email']}>".strip(), 300)
    return title, f"{one_line(by + told, _LONGEST)}\n{ticket['department']}, {ticket['status']}, {asked}"
