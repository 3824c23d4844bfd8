"""By which channel somebody is told of an event: mail, or a webhook or push address that has a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from desk.alerts.recipients import NotificationLine, Part, add_recipients
from desk.errors import WrongUse
from desk.listeners import listeners
from desk.listeners.listeners import ListenerLine
from mail.inert import one_line
from models.notices import EVENTS

if TYPE_CHECKING:
    from desk.home import Desk
    from desk.permissions import Actor

Channel = Literal["mail", "screen", "webhook", "hook", "push"]
_CALLED: Final = {"new_ticket": "created", "answered": "replied"}
"""What listeners call an event, where they call it otherwise."""


def notify_by(
    desk: Desk, actor: Actor, event: str, whom: str, channel: Channel, part: Part | None = None
) -> NotificationLine | ListenerLine:
    """Add somebody who is told of an event; a webhook or push address is called by its name.

    Raises NotAllowed, NotFound, and WrongUse for a channel that asks nobody.
    """
    if channel == "mail":
        return add_recipients(actor, event, whom, part)
    if channel == "screen":
        raise WrongUse(
            "on the screen each agent is told of what comes to their tickets and to nobody's",
            "nightdesk agent edit LOGIN --notify KINDS says of what",
        )
    if channel == "hook":
        raise WrongUse(
            "a hook is an executable file in the desk's hooks/",
            "put it there, by the event's name",
        )
    if part is not None and any(part):
        raise WrongUse(
            f"a {channel} hears of the whole desk",
            f"nightdesk {channel} edit NAME --if QUERY narrows it",
        )
    if event not in EVENTS:
        raise WrongUse(f"nobody is told of '{one_line(event, 40)}'", f"use {', '.join(EVENTS)}")
    known = listeners.show(channel, whom)
    if not known.events:
        return known
    return listeners.edit(desk, actor, channel, whom, events=[*known.events, _CALLED.get(event, event)])
