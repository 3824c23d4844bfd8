"""What goes away while a person has it chosen: a menu, a line, a question or a form is open on it."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from textual.pilot import Pilot

from config.clock import now
from desk import canned_answers, contacts, erasure, queues, statuses
from desk.custom_fields import definitions
from desk.doors import by_hand
from desk.filters import filters
from desk.home import Desk
from desk.intake import receipts
from desk.mailboxes import registry
from desk.operations.revision import change_number
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import drafts
from desk.tickets import changes, detail, merging, purging, tasks, trash
from models.tickets import Ticket
from tests.support.workbench import ADMIN
from tests.tui.admin_walk import form, open_form
from tests.tui.scenes import DEEP_MAIL, mail_out, take
from tests.tui.screen import settled, until, until_gone, until_true
from tui.app import NightdeskApp
from tui.screens.admin.form import AdminFormScreen
from tui.screens.mailboxes.form import MailboxFormScreen
from tui.screens.tickets.screen import TicketsScreen
from tui.widgets.line_input import LineInput
from tui.widgets.menu import Menu
from tui.widgets.status_line import StatusLine

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
        await until_true(pilot, lambda: isinstance(app.screen, TicketsScreen) and bool(app.screen.known()))
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


async def test_a_queue_that_is_removed_while_it_is_shown_says_so(app: NightdeskApp, actor: Actor) -> None:
    queues.add_queue(actor, UTC, "Tunnels", "tag:vpn")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("Q")
        await until(pilot, "Tunnels")
        await settled(pilot)
        await pilot.press("t")
        await until(pilot, "[Tunnels 1]")
        queues.edit_queue(actor, UTC, "Tunnels", new_name="Printers", query="tag:printer")
        changes.add_tags(ADMIN, ["1039"], ["seen"])
        await until(pilot, "[Printers 1]")
        assert "paper jam" in await until_gone(pilot, "VPN drops")
        await pilot.press("Q")
        await until_true(pilot, lambda: isinstance(app.screen, Menu))
        queues.remove_queue(actor, "Printers")
        changes.add_tags(ADMIN, ["1039"], ["again"])
        await until(pilot, "the queue Printers is not there any more: this is All open")
        await until(pilot, "[All open 12]")
        await pilot.press("p")
        await until(pilot, "the queue Printers is not there any more - see Queues in Admin (9)")


async def test_the_first_state_menu_has_the_names_of_the_desk(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses.add_status(ADMIN, "On hold", state="waiting")
    monkeypatch.setattr(NightdeskApp, "_tick", lambda _app: None)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("s")
        await until(pilot, "On hold (waiting)")


@pytest.mark.parametrize("how", ["purged", "merged"])
async def test_of_many_one_that_is_gone_is_marked_no_more(app: NightdeskApp, how: str) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("space", "space", "space")
        await until(pilot, "3 marked")
        if how == "purged":
            purge(NEXT)
        else:
            merging.merge(ADMIN, [NEXT], "1019")
        await until_told(pilot)
        await pilot.press("t", *"wlan", "enter")
        await until(pilot, "and is unmarked - do it again for 2 tickets")
        await until(pilot, "2 tickets  Tags (word adds, -word removes): wlan")
        await pilot.press("enter")
        await until(pilot, "Tags of 2 tickets changed")
    assert "wlan" in detail.show(THIS).tags
    assert "wlan" in detail.show("1039").tags


async def test_a_canned_answer_and_a_draft_that_are_gone_say_so(app: NightdeskApp, actor: Actor) -> None:
    canned_answers.add(ADMIN, "Hello", "Good day.\n")
    canned_answers.add(ADMIN, "Night", "Good night.\n")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await pilot.press("ctrl+t")
        await until(pilot, "Good day.")
        canned_answers.remove(ADMIN, "Night")
        await pilot.press("down")
        await until(pilot, "there is no canned answer 'Night'")
        await pilot.press("enter")
        await until(pilot, "!! there is no canned answer 'Night'")
        await pilot.press("escape", *"My words", "escape")
        await until(pilot, "The draft is kept")
        await pilot.press("D")
        await until(pilot, "My words")
        drafts.discard(drafts.drafts(actor)[0].id)
        await pilot.press("0")
        await until(pilot, "it was sent or discarded")
        assert isinstance(app.screen, TicketsScreen)


async def test_a_note_goes_on_the_ticket_that_its_own_was_merged_into(app: NightdeskApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("i")
        await until(pilot, "Mode: note")
        await pilot.press(*"Called them")
        merging.merge(ADMIN, [THIS], NEXT)
        await until(pilot, "#1042 joined")
        await pilot.press("ctrl+s")
        await until(pilot, "Note added to #1041, into which #1042 was merged")
    assert detail.show(NEXT).messages[-1].text.strip() == "Called them"


async def test_a_mailbox_that_is_removed_is_told_of_when_it_is_opened_or_fetched(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await app.run_command("app.mailboxes")
        await until(pilot, "1 mailbox")
        await settled(pilot)
        with monkeypatch.context() as blind:
            blind.setattr(NightdeskApp, "_tick", lambda _app: None)
            registry.remove(ADMIN, "support@corp.example")
            await pilot.press("ctrl+r")
            await until(pilot, "that mailbox is not there any more - see Mailboxes (2)")
            await pilot.press("e")
            await until(pilot, "there is no mailbox support@corp.example")
            assert not isinstance(app.screen, MailboxFormScreen)


async def test_a_mailbox_that_a_colleague_switched_off_is_not_switched_on_by_a_form(
    app: NightdeskApp,
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await app.run_command("app.mailboxes")
        await until(pilot, "1 mailbox")
        await pilot.press("e")
        await until(pilot, "mail.corp.example")
        await settled(pilot)
        await pilot.press("tab", *" desk")
        registry.switch(ADMIN, "support@corp.example", incoming=False)
        await pilot.press("ctrl+s")
        await until(pilot, "somebody changed this mailbox meanwhile - look at it, then save it again")
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "support@corp.example is saved")
    kept = registry.get("support@corp.example")
    assert (kept.name, bool(kept.incoming_enabled)) == ("it-support desk", False)


async def test_a_filter_that_is_removed_opens_no_form_of_a_new_one(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters.add(ADMIN, "First", on="new", condition="subject:chair", then=["tag:water"], active=False)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await settled(pilot)
        monkeypatch.setattr(NightdeskApp, "_tick", lambda _app: None)
        filters.remove(ADMIN, "First")
        for key in ("e", "t"):
            await pilot.press(key)
            await until(pilot, "there is no filter 'First' - see Filters (8)")
            await settled(pilot)
            app.screen.query_one(StatusLine).end_flash()
