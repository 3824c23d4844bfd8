"""A note is edited from the thread, and a Bcc typed where nobody sees it until it is asked for."""

from __future__ import annotations

from textual.widgets import TextArea

from desk.replies import reply
from desk.tickets import detail
from tests.support.workbench import ADMIN
from tests.tui.scenes import begin_answer
from tests.tui.screen import settled, until, until_true
from tui.app import NightdeskApp
from tui.screens.admin.form import AdminFormScreen


async def test_a_note_is_edited_and_what_it_said_is_shown(app: NightdeskApp) -> None:
    reply.add_note(ADMIN, "1042", "It leaks.")
    async with app.run_test(size=(80, 60)) as pilot:
        await until(pilot, "VPN drops")
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, "It leaks.")
        await settled(pilot)
        await pilot.press("c")
        await until_true(pilot, lambda: isinstance(app.screen, AdminFormScreen))
        await until(pilot, "It leaks.")
        app.screen.query_one("#f-text", TextArea).text = "It is dry."
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "shows what it said before")
        assert [each.text for each in detail.show("1042").messages if each.kind == "note"][-1] == "It is dry."
        await pilot.press("Q")
        await until(pilot, "edited it")
        await until(pilot, "It leaks.")


async def test_a_blind_copy_is_typed_behind_cc_and_reviewed(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"Done.")
        assert app.screen.query(".-unasked #bcc"), "nobody asked for it"
        await pilot.press("f3")
        await until(pilot, "F3 again: Bcc")
        await pilot.press("f3")
        await until_true(pilot, lambda: app.screen.query_one("#bcc").has_focus)
        await pilot.press(*"zed@hidden.test")
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, "Bcc")
        await until(pilot, "zed@hidden.test")
