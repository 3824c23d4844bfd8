"""What a person says about a mailbox's new tickets and its other addresses, checked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, field_validator

from desk.mailboxes.defaults import alias_list
from mail.inert import one_line
from mail.mime.address import one_address


class MailboxDefaults(BaseModel):
    """The part of a mailbox form about its new tickets.

    `topic` and `priority` empty: the desk's own. `aliases`: addresses with commas; plus-addresses
    (``support+anything@...``) belong to a mailbox without being named.
    """

    topic: str = ""
    priority: Literal["", "low", "normal", "high", "urgent"] = ""
    aliases: str = ""

    @field_validator("aliases")
    @classmethod
    def _aliases(cls, text: str) -> str:
        found = alias_list(text)
        for address in found:
            if not one_address(address):
                raise ValueError(f"'{one_line(address, 80)}' is no mail address, write sales@example.org")
        return ", ".join(found)
