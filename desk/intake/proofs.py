"""What proves that an agent wrote: a server of the desk's own, else a signature of the agent's domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mail.errors import MailError
from mail.mime.authentication import is_covered, passes

if TYPE_CHECKING:
    from datetime import datetime

    from desk.intake.arrivals import IncomingMail, Prepared
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
    if author not in rules.agents or not _is_to_the_desk(mail, rules):
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
    they prove it once: whoever got a signed mail can send it again, with more in its head. So a signature
    (DKIM, and DMARC without SPF) counts for a mail to the desk all of whose head it covers that decides what
    the mail answers; SPF says that the domain's own server handed it over.
    """
    mail = incoming.mail
    if incoming.author.on_hearsay or not mail.says_one_author:
        return ""
    if mail.message_id is not None and incoming.batch.known.messages(mail.message_id):
        return ""
    said = passes(mail.authentication, incoming.rules.authserv_ids, agent.email)
    by_signature = is_covered(mail.signatures, mail.names, agent.email) and (
        not mail.signatures or _is_to_the_desk(mail, incoming.rules)
    )
    counted = [each for each in said if each.method == "spf" or by_signature]
    return str(counted[0]) if counted else mail.signed_for


def _is_to_the_desk(mail: IncomingMail, rules: DeskRules) -> bool:
    return any(rules.own.is_own(each.email) for each in (*mail.to, *mail.cc))
