"""Approving unverified mail where it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.desk_calls import desk_app
from tui.text.safe import line
from tui.ticket_actions import TicketActions
from tui.widgets.confirm import Confirm

if TYPE_CHECKING:
    from desk.tickets.detail import MessageView

CONSEQUENCE = (
    "Then what was held back happens: its sender takes part in the ticket,"
    " and a ticket that waits or is closed opens."
)


class ThreadApproval(TicketActions):
    """Mixed into the screen that shows one ticket's messages."""

    @property
    def messages(self) -> Sequence[MessageView]:
        """The ticket's messages, oldest first."""
        return ()

    @property
    def current_message(self) -> MessageView | None:
        """The message that J and K move."""
        return None

    def action_message(self, step: int) -> None:
        """Go that many messages on."""

    @property
    def doubted(self) -> list[MessageView]:
        """The messages whose sender's place in the ticket is not proven."""
        return [message for message in self.messages if message.unverified]

    @property
    def doubted_words(self) -> str:
        """For the status line; empty when there is nothing to approve."""
        count = len(self.doubted)
        return f"{count} UNVERIFIED: Y approves" if count else ""

    def action_approve(self) -> None:
        """Ask, then approve the current message; from another one go to the oldest that is in doubt."""
        message, number, doubted = self.current_message, self.current_number(), self.doubted
        if message is None or number is None or not doubted:
            return
        if not message.unverified:
            there = list(self.messages)
            self.action_message(there.index(doubted[0]) - there.index(message))
            desk_app(self).flash("This is the unverified mail: read it, then Y approves it")
            return
        sender, message_id = line(message.sender_email)[:60], message.id

        def answered(yes: bool | None) -> None:
            from desk.tickets import approval

            if yes:
                app = desk_app(self)
                self.in_thread(approval.approve, app.desk, app.actor, number, [message_id]).then(
                    lambda _ids: self._changed(f"Mail of {sender} approved"), group="change"
                )

        self.app.push_screen(Confirm(f"Is this mail really from {sender}?", CONSEQUENCE), answered)
