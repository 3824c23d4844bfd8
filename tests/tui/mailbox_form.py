"""The mailbox form in a test: open it, fill fields, choose."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.support.servers.dovecot import MailUser
from tests.tui.screen import settled, until
from tui.screens.mailboxes.form import MailboxFormScreen
from tui.widgets.choice import Choice
from tui.widgets.entry import Entry


async def opened(pilot: Pilot[int], address: str | None = None) -> MailboxFormScreen:
    """Open the form and wait until it knows what it starts from."""
    screen = MailboxFormScreen(address)
    pilot.app.push_screen(screen)
    await until(pilot, "Aliases")
    await settled(pilot)
    return screen


async def fill(pilot: Pilot[int], screen: MailboxFormScreen, **texts: str) -> None:
    """Put the cursor into fields and leave text there, as if it was typed; real keys are slow here."""
    for name, text in texts.items():
        field = screen.query_one(f"#f-{name}", Entry)
        field.focus()
        await pilot.pause()
        field.value = text
        await pilot.pause()


async def fill_account(pilot: Pilot[int], screen: MailboxFormScreen, user: MailUser, **more: str) -> None:
    """Fill in the incoming account of a user of Dovecot."""
    account = {"host": user.dovecot.host, "port": str(user.dovecot.imaps_port), "secret": user.password}
    await fill(pilot, screen, address=user.address, **account, **more)


async def pick(pilot: Pilot[int], screen: MailboxFormScreen, name: str, value: str) -> None:
    """Move a choice with the arrow key until it has this value."""
    choice = screen.query_one(f"#f-{name}", Choice)
    choice.focus()
    await pilot.pause()
    for _ in choice.options:
        if choice.value == value:
            return
        await pilot.press("right")
    assert choice.value == value


async def receive_only(pilot: Pilot[int], screen: MailboxFormScreen) -> None:
    """Take back the offer that the first mailbox sends, too."""
    screen.query_one("#f-outgoing", Choice).focus()
    await pilot.press("left")
    assert screen.typed()["outgoing"] == "none"
