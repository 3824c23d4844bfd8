"""`e` on a ticket: its fields as a form, the desk's own among them; beside the thread they are read."""

from __future__ import annotations

from desk import statuses
from desk.custom_fields import definitions
from desk.permissions import THE_DESK
from desk.tickets import detail, fields
from tests.support.workbench import ADMIN
from tests.tui.screen import screen_text, settled, until, until_true
from tui.app import NightdeskApp
from tui.screens.admin.form import AdminFormScreen
from tui.widgets.choice import Choice
from tui.widgets.entry import Entry


def define() -> None:
    """Define two fields of tickets and one of contacts."""
    definitions.add_field(ADMIN, "Serial number", order=1)
    definitions.add_field(ADMIN, "Device", kind="choice", choices=["Laptop", "Printer"], order=2)
    definitions.add_field(ADMIN, "Contract", of="contact", kind="choice", choices=["gold", "silver"])


async def test_a_tickets_fields_are_written_in_a_form_and_taken_back(app: NightdeskApp) -> None:
    define()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("e")
        await until_true(pilot, lambda: isinstance(app.screen, AdminFormScreen))
        await until(pilot, "Serial number")
        form = app.screen
        form.query_one("#f-own-1", Entry).value = "AB-1042"
        form.query_one("#f-own-2", Choice).value = "Printer"
        form.query_one("#f-priority", Choice).value = "urgent"
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "Changed the ticket 1042")
        shown = detail.show("1042")
        assert {each.name: stored for each, stored in shown.fields} == {
            "serial_number": "AB-1042",
            "device": "Printer",
        }
        assert shown.priority == 4
        await until_true(pilot, lambda: not isinstance(app.screen, AdminFormScreen))
        await pilot.press("u")
        await until_true(pilot, lambda: not any(stored for _, stored in detail.show("1042").fields))


async def test_fields_are_read_beside_the_thread(app: NightdeskApp) -> None:
    define()
    fields.set_fields(ADMIN, ["1042"], {"serial_number": "AB-1042"})
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, "AB-1042")
        await until(pilot, "Device")


async def test_what_is_kept_of_a_requester_is_changed_from_the_ticket(app: NightdeskApp) -> None:
    define()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("m")
        await until(pilot, "what is kept of the requester")
        await pilot.press("k")
        await until_true(pilot, lambda: isinstance(app.screen, AdminFormScreen))
        await until(pilot, "Contract")
        app.screen.query_one("#f-own-3", Choice).value = "gold"
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "Changed the contact")
        assert [stored for _, stored in detail.show("1042", THE_DESK).requester_fields] == ["gold"]


async def test_a_status_of_the_desks_own_is_picked_with_the_states(app: NightdeskApp) -> None:
    statuses.add_status(ADMIN, "Blocked", state="waiting")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await until_true(pilot, lambda: bool(app.statuses))
        await settled(pilot)
        await pilot.press("s")
        await until(pilot, "Blocked (waiting)")
        await pilot.press("b")
        await until(pilot, "Block")
        await until_true(pilot, lambda: detail.show("1042").named_status == "Blocked")
        await until(pilot, "#1042: Blocked")
        await pilot.press("enter")
        await until(pilot, "msg 4/4")
        assert "Blocked" in screen_text(app).splitlines()[1]
        await pilot.press("s")
        await until(pilot, ">b  Blocked")
