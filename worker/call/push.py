"""A call of a push address by apprise: chat and telephones. The library is loaded only where there is one."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from desk import settings
from desk.errors import Refused
from desk.listeners import listeners, push_addresses
from mail import http_post
from mail.inert import one_line
from mail.transport.blocking import within

if TYPE_CHECKING:
    from desk.home import Desk
    from models.listeners import DueCall, StoredListener

SECONDS: Final = 30.0
_LONGEST: Final = 1_000


def make(desk: Desk, listener: StoredListener, call: DueCall) -> tuple[bool, int | None, str]:
    """Push the event in words; returns whether it was taken, a status and words. Errors: Refused."""
    try:
        import apprise  # 120 ms, and an extra that may not be installed
    except ImportError:
        raise Refused(
            "pushing needs a part that is not installed", "pip install 'nightdesk[apprise]'"
        ) from None
    address = listeners.address_of(desk, listener).reveal()
    title, text = words(json.loads(call.body))
    said = _Said()
    log = logging.getLogger("apprise")
    log.addHandler(said)
    try:
        asset = apprise.AppriseAsset(
            app_id="Nightdesk", async_mode=False, secure_logging=True, http_redirects=False
        )
        pusher = apprise.Apprise(asset=asset)
        if not pusher.add(address):
            raise Refused("apprise does not know such an address", "nightdesk push edit NAME --url-stdin")
        if not settings.get("webhooks.private"):
            _refuse_private(pusher)
        taken = within(SECONDS, pusher.notify, body=text, title=title)
    finally:
        log.removeHandler(said)
    if taken:
        return True, 0, ""
    # What apprise says of a failure may hold the address.
    return False, None, one_line("; ".join(said.lines).replace(address, "..."), 300) or "it was not taken"


def _refuse_private(pusher: Any) -> None:
    """Raise `mail.http_post.NotThere` where apprise would connect this machine or a private network."""
    for server in pusher:
        schemes = (server.protocol, server.secure_protocol)
        names = {name for each in schemes if each for name in ((each,) if isinstance(each, str) else each)}
        # Services have a token in the host's place.
        if server.host and names & push_addresses.OWN_HOSTS:
            within(SECONDS, http_post.refuse_private, server.host, server.port or 443)


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


class _Said(logging.Handler):
    """Keeps what the library logs while it pushes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(record.getMessage())
