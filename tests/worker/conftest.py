"""A desk in this process, and mailboxes at scripted servers."""

from __future__ import annotations

from typing import Any

import pytest

from desk.home import Desk
from desk.mailboxes import registry
from desk.mailboxes.form import check
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import app_actor
from models.mailboxes import Mailbox
from tests.support.blank_desk import blank_home, desk
from tests.support.scripted import SUPPORT, MailboxMaker
from tests.support.servers.faults import FaultyImap, FaultySmtp
from tests.support.servers.faulty_pop3 import FaultyPop3

__all__ = ["add_mailbox", "blank_home", "desk"]


@pytest.fixture
def add_mailbox(desk: Desk) -> MailboxMaker:
    """Adds a mailbox whose mail is at `server`; more fields of the form by name."""

    def add(
        server: FaultyImap | FaultyPop3 | None,
        address: str = SUPPORT,
        smtp: FaultySmtp | None = None,
        **more: Any,
    ) -> Mailbox:
        form: dict[str, Any] = {"address": address, "protocol": "none", "autoresponse": False}
        if server is not None:
            protocol = "pop3" if isinstance(server, FaultyPop3) else "imap"
            form |= {"protocol": protocol, "host": "127.0.0.1", "port": server.port, "security": "none"}
            form |= {"user": address}
        if smtp is not None:
            form |= {"smtp_host": "127.0.0.1", "smtp_port": smtp.port, "smtp_security": "none"}
            form |= {"smtp_auth": "none", "outgoing_enabled": True}
        secrets = MailboxSecrets(SecretInput("sealed", "secret"))
        return registry.add(desk, app_actor(desk), check(form | more), secrets)

    return add
