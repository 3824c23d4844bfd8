"""What is each agent's own: the theme; and an app that changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from desk.home import Desk
from desk.permissions import READ, Actor, current_actor, only_reading
from desk.staff import agents, departments, preferences, roles
from desk.tickets.history import OtherTicket
from models.tickets import Ticket
from tests.support.frames import NOW
from tests.tui.screen import screen_text, settled, until, until_gone
from tests.tui.terminal import Terminal
from tui.app import DEFAULT_THEME, NightdeskApp
from tui.screens.contact import TheirTickets
from tui.screens.what_if.questions import Tried
from tui.screens.what_if.screen import DifferenceList
from tui.widgets.row_source import Look
from tui.widgets.status_line import StatusLine


async def test_a_theme_is_seen_while_the_cursor_is_on_it_and_kept(app: NightdeskApp, actor: Actor) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        before = app.theme
        assert before == DEFAULT_THEME
        await pilot.press("f10")
        await until(pilot, "ansi-dark")
        await pilot.press("down")
        await settled(pilot)
        seen = app.theme
        assert "letter picks" not in screen_text(app)
        assert seen != before
        await pilot.press("escape")
        await until_gone(pilot, "┌─ Theme")
        assert app.theme == before
        await pilot.press("f10")
        await until(pilot, "┌─ Theme")
        await pilot.press("down", "enter")
        await until(pilot, f"The theme is {seen} from now on")
        assert app.theme == seen
    assert preferences.theme(actor) == seen


async def test_the_app_begins_with_the_agents_own_theme(desk: Desk, actor: Actor) -> None:
    app = NightdeskApp(desk, actor, now=lambda: NOW, theme="nord")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        assert app.theme == "nord"


async def test_a_theme_that_is_gone_is_the_default(desk: Desk, actor: Actor) -> None:
    app = NightdeskApp(desk, actor, now=lambda: NOW, theme="of a version before")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        assert app.theme == DEFAULT_THEME


def test_who_only_reads_reads_what_they_read_before(actor: Actor) -> None:
    everything = only_reading(actor)
    assert (actor.reads, everything.reads) == (None, None)
    some = actor._replace(
        actions=frozenset(["ticket.reply"]), department_id=2, places=((3, frozenset(["ticket.close", READ])),)
    )
    assert only_reading(some).reads == some.reads == (2, 3)
    assert not any(
        only_reading(each).may(action, place)
        for each in (actor, some)
        for action in ("ticket.reply", "ticket.close", "settings.edit")
        for place in (None, 1, 2, 3)
    )
    nobody = actor._replace(actions=frozenset())
    assert only_reading(nobody).reads == nobody.reads == ()


async def test_an_open_app_goes_by_the_rights_that_its_agent_has_by_now(desk: Desk, actor: Actor) -> None:
    roles.add_role(actor, "Reader", ["ticket.read"])
    departments.add_department(actor, "Board")
    agents.add_agent(actor, "bo", places={"Support": "Reader"})

    def bo() -> Actor:
        return current_actor(desk, {"NIGHTDESK_AGENT": "bo"}, 0)

    def elsewhere(**changed: Any) -> None:
        """Another process changes it: a connection's own commits are no news to it."""
        with ThreadPoolExecutor(1) as other:
            other.submit(agents.edit_agent, actor, "bo", **changed).result()

    async def ended(**changed: Any) -> NightdeskApp:
        app = NightdeskApp(desk, bo(), now=lambda: NOW, renew=bo)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, "Lisbon office")
            elsewhere(**changed)
            while app.return_code is None:
                await pilot.pause(0.05)
        return app

    assert (await ended(active=False)).return_code == 1
    agents.edit_agent(actor, "bo", active=True)
    assert (await ended(department="Board")).return_code == 1
    assert bo().reads == (departments.department_id_of("Board"),)


async def test_who_may_nothing_changes_nothing_by_any_key(desk: Desk, actor: Actor) -> None:
    app = NightdeskApp(desk, only_reading(actor), now=lambda: NOW)
    before = list(Ticket.select().order_by(Ticket.id).dicts())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        for key in "xriaspt":
            await pilot.press(key)
            await until(pilot, "your role does not")
            await settled(pilot)
            app.screen.query_one(StatusLine).end_flash()
            await until_gone(pilot, "your role does not")
    assert list(Ticket.select().order_by(Ticket.id).dicts()) == before


def test_read_only_is_said_and_no_colour_hides_nothing(desk: Desk) -> None:
    environ = {"NIGHTDESK_READ_ONLY": "1", "NO_COLOR": "1"}
    with Terminal(desk.paths.home, environ=environ) as terminal:
        terminal.wait("Lisbon office")
        terminal.wait("Read-only: this app changes nothing")
        text = terminal.wait("#1022")
        assert "open!" in next(row for row in text.splitlines() if "#1022" in row), "overdue"
        assert " read-only" in text.splitlines()[0]
        terminal.press("x")
        terminal.wait("Close: this app is read-only")
        terminal.press("4")
        terminal.wait("2 overdue")


def test_a_lost_mail_and_a_closed_ticket_are_told_by_signs_and_words_too() -> None:
    """What if and a contact's tickets, of which colours say the same."""
    look = Look(here=False, marked=False, focused=True)
    tried = (Tried(1, "7", "Hi", "filter 'A': reject", "", "", is_loss=loss) for loss in (True, False))
    lost, kept = ("".join(text for text, _ in DifferenceList().row_line(each, 76, look)) for each in tried)
    assert lost.rstrip() == kept.rstrip().replace("filter 'A'", "! filter 'A'")
    closed = TheirTickets().row_line(OtherTicket("7", "Hi", "closed", NOW), 76, look)
    assert "closed" in closed[0][0]
