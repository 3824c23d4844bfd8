"""An answer goes to the requester and to the person whose mail it quotes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from desk.home import Desk
from desk.permissions import Actor
from models.messages import Message
from models.tickets import Ticket
from tests.support.frames import NOW
from tui.screens.compose import compositions


def written(**values: object) -> None:
    Message.create(
        **{
            "ticket": Ticket.get(Ticket.number == "1039"),
            "kind": "customer",
            "sender_name": "Tom",
            "sender_email": "tom@corp.example",
            "text": "And what about me?",
            "created": NOW + timedelta(minutes=1),
            **values,
        }
    )


@pytest.mark.parametrize(
    ("values", "to"),
    [
        ({}, ["tom@corp.example", "hr@corp.example"]),
        ({"machine": "auto-reply"}, ["hr@corp.example"]),
        ({"unverified": True}, ["hr@corp.example"]),
        ({"sender_email": "HR@corp.example"}, ["hr@corp.example"]),
        ({"kind": "note"}, ["hr@corp.example"]),
    ],
)
def test_the_writer_of_the_quoted_mail_is_answered_too(
    desk: Desk, actor: Actor, values: dict[str, object], to: list[str]
) -> None:
    written(**values)
    made = compositions.for_reply(desk, actor, "1039", to_all=False)
    assert compositions.addresses(made.to) == to
