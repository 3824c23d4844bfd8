"""A desk does not write to itself, however its address is spelled and whichever way it comes in."""

from __future__ import annotations

import pytest

from desk.errors import Refused
from desk.replies import reply
from desk.tickets import approval
from tests.agreement.scene import MakeScene, Scene
from tests.support.mails import EVE, insert, mail, rows, write

OURS = (
    "support@example.test",
    "SUPPORT@Example.Test",
    "support+x@example.test",
    "help@example.test",
    "help+tag@example.test",
    "login@example.test",
    "gone@example.test",
)


def _with_many_names(scene: Scene) -> Scene:
    """The mailbox has an alias and logs in under another address; another one was removed."""
    support = scene.door.mailboxes["support@example.test"]
    insert("mailbox_alias", {"mailbox_id": support, "address": "help@example.test"})
    write("UPDATE mailbox SET username = 'login@example.test' WHERE id = ?", support)
    scene.door.mailbox("gone@example.test", removed="2026-01-01T00:00:00.000000Z")
    return scene


@pytest.mark.parametrize("address", OURS)
def test_a_copy_to_the_desk_is_refused_where_it_is_typed(scene: MakeScene, address: str) -> None:
    at = _with_many_names(scene("desk"))
    with pytest.raises(Refused, match="address of this desk"):
        reply.send_reply(at.desk, at.kim, "1", "Hello.", cc=[address])
    with pytest.raises(Refused, match="address of this desk"):
        reply.send_reply(at.desk, at.kim, "1", "Hello.", to=[address])


@pytest.mark.parametrize("address", OURS)
def test_it_becomes_no_collaborator_by_mail_or_by_approval(scene: MakeScene, address: str) -> None:
    at = _with_many_names(scene("desk"))
    at.door.take(mail(cc=address, answers=at.sent_id))
    at.door.take(mail(sender=EVE, cc=address, answers=at.sent_id))
    approval.approve(at.desk, at.kim, "1")
    assert rows("SELECT c.email FROM collaborator k JOIN contact c ON c.id = k.contact_id ORDER BY 1") == [
        ("bob@corp.test",),
        ("eve@elsewhere.test",),
    ]


@pytest.mark.parametrize("address", OURS)
def test_one_who_is_in_an_old_ticket_is_not_written_to(scene: MakeScene, address: str) -> None:
    at = _with_many_names(scene("desk"))
    contact = insert(
        "contact", {"email": address.lower(), "name": "", "created": "2026-01-01T00:00:00.000000Z"}
    )
    insert("collaborator", {"ticket_id": 1, "contact_id": contact})
    assert [email for _, email in reply.reply_form(at.kim, "1", to_all=True).cc] == ["bob@corp.test"]
