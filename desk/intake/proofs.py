"""What proves that an agent wrote: a server of the desk's own, else a signature of the agent's domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mail.errors import MailError
from mail.mime.authentication import proof_of

if TYPE_CHECKING:
    from datetime import datetime

    from desk.intake.arrivals import Prepared
    from desk.intake.incoming import Incoming
    from desk.permissions import Actor
    from desk.rules import DeskRules


def with_signatures(prepared: Prepared, rules: DeskRules, moment: datetime) -> Prepared:
    """Return a mail with what its DKIM signatures prove of an agent: asks the name service, before BEGIN.

    They are looked at only where no server of the desk's own does it, and only in mail to the desk.
    """
    mail = prepared.mail
    if mail is None or rules.authserv_ids or not rules.checks_dkim or not mail.signatures:
        return prepared
    author = mail.named.sender.email
    if author not in rules.agents or not any(rules.own.is_own(each.email) for each in (*mail.to, *mail.cc)):
        return prepared
    from mail.mime import dkim_proof  # 1 ms, for signed mail of agents

    try:
        proof = dkim_proof.proof_by_dkim(
            prepared.arrival.raw, mail.signatures, author, moment, dkim_proof.ask_name_service
        )
    except MailError:
        return prepared
    return prepared._replace(mail=mail._replace(signed_for=proof))


def proof(incoming: Incoming, agent: Actor) -> str:
    """Return what proves that the agent wrote the mail, in words; empty without proof.

    Servers and signatures prove who stands in From, alone there: no other field that names the author. And
    they prove it once: whoever got a signed mail can send it again, with more in its head.
    """
    mail = incoming.mail
    if incoming.author.on_hearsay or not mail.says_one_author:
        return ""
    if mail.message_id is not None and incoming.batch.known.messages(mail.message_id):
        return ""
    return proof_of(mail.authentication, incoming.rules.authserv_ids, agent.email) or mail.signed_for
