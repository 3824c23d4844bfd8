"""What one ask for mails brought, by whatever protocol."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from mail.errors import MailError

M = TypeVar("M")


class Fetched(NamedTuple, Generic[M]):
    """The mails that came whole. `trouble`: why the others did not; `dead`: this connection gives no more."""

    mails: list[M]
    trouble: MailError | None = None
    dead: bool = False
