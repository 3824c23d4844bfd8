"""What a person says about a mailbox's new tickets and its other addresses, checked."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, field_validator

from desk.mailbox_defaults import alias_list
from mail.inert import one_line

ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


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
            if not ADDRESS.fullmatch(address):
                raise ValueError(f"'{one_line(address, 80)}' is no mail address, write sales@example.org")
        return ", ".join(found)
