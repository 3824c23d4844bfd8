"""IDLE against Dovecot: told of new mail, never blocking, by every kind of connection."""

from __future__ import annotations

import select
from typing import Any

import pytest

from config.secrets import Secret
from mail.errors import ServerGone
from mail.imap.idle import IdleMissing, IdleSession
from tests.support.accounts import incoming, mail
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.faulty_imap import FaultyImap
from tests.support.servers.pki import Pki

PATIENCE = 20.0


def _hears(session: IdleSession) -> bool:
    """Whether it is told of new mail before our patience ends."""
    while select.select([session.fileno()], [], [], PATIENCE)[0]:
        if session.heard():
            return True
    return False


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_new_mail_is_told_before_and_after_a_renewal(
    mailuser: MailUser, dovecot: Dovecot, pki: Pki, security: str
) -> None:
    about: dict[str, Any] = {"security": security, "user": mailuser.address, "timeout": PATIENCE}
    if security != "none":
        about |= {"host": "localhost", "ca_file": pki.ca_file}
    port = dovecot.imaps_port if security == "tls" else dovecot.imap_port
    with IdleSession(incoming(port, password=Secret(mailuser.password), **about)) as session:
        session.begin()
        assert not session.heard(), "nothing came, and it does not block"
        dovecot.deliver_lmtp(mailuser.address, mail(1))
        assert _hears(session)
        session.renew()
        assert not session.heard()
        dovecot.deliver_lmtp(mailuser.address, mail(2))
        assert _hears(session)
    assert mailuser.bodies_sent() == 0, "it listens, and fetches nothing"


def test_a_server_that_goes_away_is_noticed(mailuser: MailUser, dovecot: Dovecot) -> None:
    account = incoming(dovecot.imap_port, user=mailuser.address, password=Secret(mailuser.password))
    with IdleSession(account) as session:
        session.begin()
        dovecot.restart()
        with pytest.raises(ServerGone):
            _hears(session)


def test_a_server_that_does_not_offer_it_says_so_before_anything_is_opened() -> None:
    with (
        FaultyImap([mail(1)]) as server,
        IdleSession(incoming(server.port)) as session,
        pytest.raises(IdleMissing),
    ):
        session.begin()
    assert server.count("SELECT") == 0
