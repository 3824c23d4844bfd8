"""What goes away while a person has it chosen: a menu, a line, a question or a form is open on it."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from textual.pilot import Pilot

from config.clock import now
from desk import contacts, erasure
from desk.custom_fields import definitions
from desk.doors import by_hand
from desk.filters import filters
from desk.home import Desk
from desk.intake import receipts
from desk.operations.revision import change_number
from desk.outbox import deliveries
from desk.tickets import changes, detail, purging, tasks, trash
from models.tickets import Ticket
from tests.support.workbench import ADMIN
from tests.tui.admin_walk import form, open_form
from tests.tui.scenes import DEEP_MAIL, mail_out, take
from tests.tui.screen import settled, until, until_gone, until_true
from tui.app import NightdeskApp
from tui.screens.admin.form import AdminFormScreen
from tui.screens.tickets.screen import TicketsScreen
from tui.widgets.line_input import LineInput

SIZE = (80, 24)
THIS, NEXT = "1042", "1041"
"""The ticket under the cursor, and the one that gets there when it leaves the list."""


@pytest.mark.parametrize(
    ("keys", "seen", "pick", "said"),
    [
        ("p", "Priority (#1042)", ["l"], "#1042: priority low"),
        ("t", "#1042  Tags", [*"wlan", "enter"], "Tags of #1042 changed"),
        ("a", "Assign to (#1042)", ["o"], "Since you looked"),
        ("mr", "#1042  Requester", [*"eve@corp.example", "enter"], "#1042: requester eve@corp.example"),
        ("M", "#1042  Time spent", [*"1h", "enter"], "#1042: 1h spent"),
    ],
)
async def test_what_was_asked_about_a_ticket_is_done_to_it_when_it_has_left_the_list(
    app: NightdeskApp, keys: str, seen: str, pick: list[str], said: str
) -> None:
    before = detail.show(NEXT)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press(*keys)
        await until(pilot, seen)
        changes.close(ADMIN, [THIS])
        await until_gone(pilot, "VPN drops")
        await pilot.press(*pick)
        await until(pilot, said)
    assert detail.show(NEXT) == before


async def test_what_is_typed_again_after_a_refusal_is_for_the_same_ticket(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("Z", *"nonsense", "enter")
        await until(pilot, "#1042  Snooze until")
        changes.close(ADMIN, [THIS])
        await until_gone(pilot, "VPN drops")
        await pilot.press("ctrl+u", *"answer", "enter")
        await until(pilot, "1042")
        await settled(pilot)
    assert detail.show(NEXT).snoozed_until is None


async def test_a_question_about_tasks_is_about_the_ticket_that_was_to_be_closed(app: NightdeskApp) -> None:
    tasks.add(ADMIN, THIS, "Ask Porto", UTC)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("x")
        await until(pilot, "1 task is not done in #1042")
        changes.close(ADMIN, [THIS], leave_tasks=True)
        await until_gone(pilot, "VPN drops")
        await pilot.press("y")
        await settled(pilot)
    assert detail.show(NEXT).status == "new"


async def test_a_mail_is_given_up_that_was_asked_about(app: NightdeskApp) -> None:
    first, second = (
        mail_out("1036", eve=("failed", "550 no")),
        mail_out("1042", jo=("failed", "550 no such user")),
    )
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await app.run_command("app.outbox")
        await until(pilot, "jo@corp.example")
        await settled(pilot)
        await pilot.press("c")
        await until(pilot, "Give this mail up?")
        deliveries.cancel(ADMIN, [second])
        await until_gone(pilot, "> failed     #1042")
        await pilot.press("y")
        await settled(pilot)
    assert deliveries.get(first)[0].state == "failed"


async def test_the_mail_becomes_a_ticket_that_was_asked_about(app: NightdeskApp, desk: Desk) -> None:
    take(desk, DEEP_MAIL, DEEP_MAIL.replace(b"deep@", b"deeper@").replace(b"nested", b"other"))
    ids = [each.id for each in receipts.entries(receipts.ReceiptFilter(verdict="quarantined"))]
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await app.run_command("app.quarantine")
        await until(pilot, "2 quarantined")
        await settled(pilot)
        await pilot.press("n")
        await until(pilot, f"Who wrote receipt {ids[0]}:")
        by_hand.take(desk, ADMIN, ids[0], "jo@corp.example")
        await until(pilot, "1 quarantined")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
    left = receipts.entries(receipts.ReceiptFilter(verdict="quarantined"))
    assert [each.id for each in left] == [ids[1]]


async def test_a_condition_is_tried_with_the_filter_that_was_asked_about(app: NightdeskApp) -> None:
    for name in ("First", "Second"):
        filters.add(ADMIN, name, on="new", condition="subject:chair", then=["tag:water"], active=False)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await settled(pilot)
        await pilot.press("c", *" p:high")
        await until(pilot, "p:high")
        filters.remove(ADMIN, "First")
        await until_gone(pilot, "First")
        await pilot.press("enter")
        text = await until(pilot, "there is no filter 'First'")
        assert "subject:chair p:high" in text, "what was typed stands there still"


async def test_a_task_is_changed_that_was_chosen_wherever_it_stands_by_then(app: NightdeskApp) -> None:
    for text in ("Ask Porto", "Roll back", "Tell them"):
        tasks.add(ADMIN, THIS, text, UTC)

    def there() -> list[str]:
        return [each.text for each in tasks.of_ticket(Ticket.get(Ticket.number == THIS).id)]

    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("T")
        await until(pilot, "Tell them")
        await pilot.press("j", "e")
        await until(pilot, "Task: Roll back")
        tasks.remove(ADMIN, THIS, 1)
        await until_gone(pilot, "Ask Porto")
        await pilot.press(*" today", "enter")
        await until_true(pilot, lambda: there() == ["Roll back today", "Tell them"])
        await settled(pilot)
        await pilot.press("k", "e", *"!")
        tasks.remove(ADMIN, THIS, 1)
        await until(pilot, "0 of 1 done")
        await pilot.press("enter")
        text = await until(pilot, "is not there any more")
        assert "Roll back today!" in text, "what was typed stands there still"
    assert there() == ["Tell them"]


def purge(number: str) -> None:
    """Delete a ticket for good."""
    trash.delete(ADMIN, [number])
    purging.purge(ADMIN, now(), whole_trash=True)


async def until_told(pilot: Pilot[Any]) -> None:
    """Wait until the app has read what changed, and whatever it does about it is done."""
    app = pilot.app
    assert isinstance(app, NightdeskApp)
    changed = change_number()
    await until_true(pilot, lambda: app._change >= changed)
    await settled(pilot)


@pytest.mark.parametrize(("keys", "seen"), [("s", "State (#1042)"), ("o", "charon.log"), ("t", "Tags")])
async def test_what_is_open_over_a_ticket_stays_when_it_is_deleted_for_good(
    app: NightdeskApp, keys: str, seen: str
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press(*keys)
        await until(pilot, seen)
        await settled(pilot)
        before, line = app.screen, app.screen.query(LineInput)
        asking = any(each.asking for each in line)
        purge(THIS)
        await until_told(pilot)
        assert app.screen is before, "what is pressed next is meant for it"
        assert any(each.asking for each in line) == asking
        await until(pilot, "there is no ticket 1042 - g finds tickets")
        await pilot.press("escape")
        await until_true(pilot, lambda: isinstance(app.screen, TicketsScreen))
        await until(pilot, "there is no ticket 1042 - g finds tickets")


async def test_a_ticket_that_is_gone_when_it_is_opened_leads_back_with_a_sentence(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        purge(THIS)
        await pilot.press("enter")
        await until(pilot, "there is no ticket 1042 - g finds tickets")
        await until_true(pilot, lambda: isinstance(app.screen, TicketsScreen))


async def test_a_contact_that_is_erased_closes_but_not_under_a_line_that_is_typed(
    app: NightdeskApp, desk: Desk
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("m", "o")
        await until(pilot, "2 tickets, 2 not closed")
        await pilot.press("a", *"ana@home")
        erasure.erase(desk, ADMIN, "ana@corp.example")
        await until(pilot, "there is no contact ana@corp.example")
        await pilot.press(*".example", "enter")
        await until(pilot, "ana@home.example")
        await until(pilot, "there is no contact ana@corp.example")
        await pilot.press("escape")
        await until_true(pilot, lambda: isinstance(app.screen, TicketsScreen))
        await until(pilot, "there is no contact ana@corp.example")


async def test_a_list_sorted_by_a_field_that_is_removed_goes_on(app: NightdeskApp) -> None:
    definitions.add_field(ADMIN, "Device")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("O")
        await until(pilot, "device")
        definitions.remove_field(ADMIN, "device")
        await pilot.press("j", "j", "j", "j", "enter")
        await until(pilot, "there is no field 'device': sorted by last activity")
        definitions.add_field(ADMIN, "Device")
        await pilot.press("O")
        await until(pilot, "device")
        await pilot.press("j", "j", "j", "j", "enter")
        await settled(pilot)
        definitions.remove_field(ADMIN, "device")
        changes.add_tags(ADMIN, [NEXT], ["jam"])
        await until(pilot, "there is no field 'device': sorted by last activity")
        await pilot.press("]")
        await until(pilot, "Old laptop pickup")


async def test_what_is_typed_into_a_field_that_is_removed_is_not_said_to_be_saved(app: NightdeskApp) -> None:
    definitions.add_field(ADMIN, "Device")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await open_form(pilot, "e")
        form(app).query("Input").last().focus()
        await pilot.press(*"Laptop 7")
        definitions.remove_field(ADMIN, "device")
        await pilot.press("ctrl+s")
        await until(pilot, "Not saved: somebody took this field away meanwhile")
        assert "Laptop 7" in await until(pilot, "put back what stood here")
        await pilot.press("ctrl+u", "shift+tab", "shift+tab", "shift+tab", "shift+tab", "right")
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "Changed the ticket 1042: priority")


@pytest.mark.parametrize("keys", [("e",), ("m", "k")])
async def test_a_form_of_what_is_gone_is_not_said_to_be_saved(
    app: NightdeskApp, desk: Desk, keys: tuple[str, ...]
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press(*keys[:-1])
        await open_form(pilot, keys[-1])
        purge(THIS)
        erasure.erase(desk, ADMIN, "ana@corp.example")
        await pilot.press("ctrl+s")
        await until(pilot, "! Not saved: there is no ")
        assert isinstance(app.screen, AdminFormScreen), "what was typed can still be copied"


async def test_a_form_of_a_note_that_is_gone_is_not_said_to_be_saved(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        await pilot.press("K")
        await open_form(pilot, "c")
        purge(THIS)
        await pilot.press("ctrl+s")
        await until(pilot, "! Not saved: there is no ticket 1042")


async def test_what_a_colleague_changed_meanwhile_of_a_ticket_or_contact_is_shown_first(
    app: NightdeskApp,
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await open_form(pilot, "e")
        changes.set_priority(ADMIN, [THIS], "low")
        await pilot.press("tab", "left")
        await pilot.press("ctrl+s")
        await until(pilot, "somebody changed this meanwhile, to: low")
        await pilot.press("escape", "y")
        await pilot.press("m")
        await until(pilot, "what is kept of the requester")
        await open_form(pilot, "k")
        contacts.edit_contact(ADMIN, "ana@corp.example", name="Ana Prado-Silva")
        await pilot.press(*"!", "ctrl+s")
        await until(pilot, "somebody changed this meanwhile, to: Ana Prado-Silva")
