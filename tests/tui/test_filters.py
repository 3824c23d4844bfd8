"""Filters on the screen: what one would do is seen before it does anything."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import settings
from desk.errors import DeskError
from desk.filters import filters
from desk.home import Desk
from desk.intake import shared_trial
from desk.intake.trial import Trial
from desk.intake.trial_process import TrialProcess
from desk.tickets import detail
from tests.support.mails import Door, mail, rows, write
from tests.support.workbench import ADMIN
from tests.tui.screen import until, until_true
from tui.app import NightdeskApp
from tui.screens.admin.form import AdminFormScreen
from tui.widgets.choice import Tick


@pytest.fixture
def _filters(desk: Desk) -> None:
    door = Door(desk)
    for at in range(3):
        door.take(mail(f"The fountain leaks {at}.", subject=f"Fountain {at}"))
    door.take(mail("Something else.", subject="Chair"))
    filters.add(ADMIN, "Water", on="new", condition="subject:chair", then=["tag:water"], active=False)


@pytest.mark.usefixtures("_filters")
async def test_one_that_does_nothing_says_so_within_the_width_whatever_it_is_called(
    app: NightdeskApp,
) -> None:
    name = "Backup by a script: how it went, then where"
    filters.add(ADMIN, name, on="new", condition="subject:nowhere", then=["close"], order=1, active=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:nowhere")
        await pilot.press("t")
        await until(pilot, "It would change nothing: 4 mails or tickets were asked")


@pytest.mark.usefixtures("_filters")
async def test_a_changed_condition_is_seen_kept_and_applied(app: NightdeskApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("t")
        await until(pilot, "1 of 4 would be treated otherwise")
        # Key 1 leads to the tickets, though the filters were opened over them.
        await pilot.press("1")
        await until(pilot, "[1]Tickets")
        await pilot.press("8")
        await until(pilot, "1 filter, 0 in use")
        await pilot.press("c")
        await until(pilot, "If:")
        await pilot.press("ctrl+u", *"fountain", "enter")
        await until(pilot, "3 of 4 would be treated otherwise")
        await until(pilot, "filter 'Water': tag:water")
        assert filters.show("Water").condition == "subject:chair"
        await pilot.press("a")
        await until(pilot, "Water runs from now on")
        assert filters.show("Water").condition == "fountain"
        assert filters.show("Water").active
        await pilot.press("o")
        await until(pilot, "Do it to what is open of 3 tickets")
        await pilot.press("y")
        await until(pilot, "Done to 3 tickets")
        tagged = [number for number in ("1", "2", "3", "4") if detail.show(number).tags == ("water",)]
        assert len(tagged) == 3
        await pilot.press("u")
        await until(pilot, "undone: #")
        assert not [number for number in ("1", "2", "3", "4") if detail.show(number).tags]


@pytest.mark.usefixtures("_filters")
async def test_a_file_of_rules_a_form_and_a_setting_are_tried_before_they_hold(
    app: NightdeskApp, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        '[[sla]]\nname = "Fast"\nhours = 1\n\n[[filter]]\nname = "Chairs"\nif = "subject:chair"\n'
        'then = ["sla:Fast", "priority:high"]\n'
    )
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("f")
        await until(pilot, "File of rules:")
        await pilot.press("ctrl+u", *"/no-such-file", "enter")
        await until(pilot, "/no-such-file: No such file or directory")
        await pilot.press("f")
        await until(pilot, "File of rules:")
        await pilot.press("ctrl+u", *str(file)[:-2], "tab")
        await until(pilot, str(file))
        await pilot.press("enter")
        await until(pilot, "1 of 4 would be treated otherwise")
        await until(pilot, "priority: normal")
        await until(pilot, "priority: high")
        await pilot.press("o")
        await until(pilot, "it has to hold first: a")
        await pilot.press("a")
        await until(pilot, "The desk is as")
        await pilot.press("o")
        await until(pilot, "u takes it back")
        await pilot.press("y")
        await until(pilot, "Done to 1 ticket")
        assert detail.show("4").priority == 3
        await pilot.press("u")
        await until(pilot, "undone: #4")
        assert detail.show("4").priority == 2
        await pilot.press("escape")
        await until(pilot, "2 filters, 1 in use")
        await pilot.press("5")
        await until(pilot, "* is not the default")
        await pilot.press("slash", *"tickets acknowledged", "enter")
        await until(pilot, "/ tickets acknowledged: 1 found")
        await pilot.press("t")
        await until(pilot, "What if mail.acknowledge =")
        await pilot.press("ctrl+u", *"off", "enter")
        await until(pilot, "4 of 4 would be treated otherwise")
        await pilot.press("escape")
        await until(pilot, "/ tickets acknowledged: 1 found")
        assert settings.get("mail.acknowledge") is True


@pytest.mark.usefixtures("_filters")
async def test_mail_is_read_anew_and_its_messages_say_so_where_they_are_open(app: NightdeskApp) -> None:
    write("UPDATE message SET text = 'Lost.' WHERE subject = 'Chair'")
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("r")
        await until(pilot, "1 of 4 would be treated otherwise")
        await until(pilot, "after   text: Something else.")
        await pilot.press("a")
        await until(pilot, "it holds already")
        await pilot.press("o")
        await until(pilot, "so nothing takes it back")
        await pilot.press("y")
        await until(pilot, "Done to 1 ticket")
        assert detail.show("4").messages[0].text == "Something else."


@pytest.mark.usefixtures("_filters")
async def test_much_mail_is_asked_beside_the_app_until_one_goes_back_or_leaves(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_trial, "MUCH", 0)
    began = TrialProcess.__init__
    begun: list[TrialProcess[Any]] = []

    def noted(self: TrialProcess[Any]) -> None:
        began(self)
        begun.append(self)

    def are_gone() -> bool:
        return bool(begun) and not any(Path(f"/proc/{each.pid}").exists() for each in begun)

    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        monkeypatch.setattr(Trial, "look", None)  # where it is not looked here
        monkeypatch.setattr(TrialProcess, "__init__", noted)
        await pilot.press("t")
        await until(pilot, "1 of 4 would be treated otherwise")
        await until_true(pilot, are_gone)
        await pilot.press("escape")
        await until(pilot, "1 filter, 0 in use")
        begun.clear()
        monkeypatch.setattr(TrialProcess, "ask", lambda *_: None)  # they wait for ever
        await pilot.press("t")
        await until_true(pilot, lambda: bool(begun))
        assert not are_gone()
        await until(pilot, "The mail of the last 90 days is asked ...  Esc ends it")
        await until(pilot, "last 90 days: 1 s")
        await pilot.press("escape")
        await until(pilot, "1 filter, 0 in use")
        await until_true(pilot, are_gone)
        begun.clear()
        await pilot.press("t")
        await until_true(pilot, lambda: bool(begun))
        assert not are_gone()
    for _ in range(1000):
        if are_gone():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("they stayed")


@pytest.mark.usefixtures("_filters")
async def test_mail_that_cannot_be_asked_is_one_sentence(
    app: NightdeskApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processes are lost, and what is then looked at here fails."""
    monkeypatch.setattr(shared_trial, "MUCH", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")

    def failed(*_given: object) -> Iterator[Any]:
        raise DeskError("the disk is full", "make room")

    monkeypatch.setattr(Trial, "look", failed)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("t")
        await until(pilot, "the disk is full")
        await until(pilot, "1 filter, 0 in use")


@pytest.mark.usefixtures("_filters")
async def test_a_form_is_tried_before_it_is_saved(app: NightdeskApp) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("e")
        await until(pilot, "Filter Water")
        form = pilot.app.screen
        assert isinstance(form, AdminFormScreen)
        form.query_one("#f-active", Tick).value = True
        await pilot.press("f2")
        await until(pilot, "1 of 4 would be treated otherwise")
        assert not filters.show("Water").active
        await pilot.press("a")
        await until(pilot, "as it was tried, from now on")
        await pilot.press("escape")
        await until(pilot, "1 filter, 1 in use")
        assert filters.show("Water").active


@pytest.mark.usefixtures("_filters")
async def test_a_filter_is_switched_on_and_removed(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Fountain 2")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("space")
        await until(pilot, "1 filter, 1 in use")
        assert filters.show("Water").active
        await pilot.press("d")
        await until(pilot, "is not asked it any more")
        await pilot.press("y")
        await until(pilot, "0 filters")
        assert not filters.filters()


async def test_a_condition_that_is_refused_says_why(app: NightdeskApp) -> None:
    filters.add(ADMIN, "Water", on="new", condition="subject:chair", then=["tag:water"])
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "#1042")
        await pilot.press("8")
        await until(pilot, "if   subject:chair")
        await pilot.press("c")
        await until(pilot, "If:")
        await pilot.press("ctrl+u", *"sbject:x", "enter")
        await until(pilot, "there is no filter word")


async def test_a_ticket_sleeps_is_spam_and_its_sender_banned_by_a_key(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Lisbon office")
        await pilot.press("Z")
        await until(pilot, "Snooze until")
        await pilot.press(*"2d{}{", "enter")
        await until(pilot, "'2d{}{'")
        await pilot.press("backspace", "backspace", "backspace", "enter")
        await until(pilot, "Snoozed #1042 until 2d")
        await pilot.press("colon", *"1042", "enter")
        await until(pilot, "Please upgrade the client")
        await pilot.press("G")
        await until(pilot, "Z - wakes it")
        await pilot.press("escape", "u")
        await until(pilot, "undone: #1042 snoozed")
        await pilot.press("exclamation_mark")
        await until(pilot, ": spam   u undoes it")
        await pilot.press("u")
        await until(pilot, "undone: #1042 spam")
        await pilot.press("B")
        await until(pilot, "Banned who asked for #1042")
        assert detail.show("1042").status == "closed"


async def test_a_sender_is_banned_by_one_key_and_let_in_by_another(app: NightdeskApp) -> None:
    tickets = "SELECT number, status FROM ticket ORDER BY id"
    before = rows(tickets)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "VPN drops")
        await pilot.press("B")
        await until(pilot, "Banned who asked for #1042")
        assert rows("SELECT pattern FROM ban") == [("ana@corp.example",)]
        closed = [number for number, status in rows(tickets) if (number, status) not in before]
        assert closed == ["1042", "1027"], "all that is open of theirs"
        await pilot.press("u")
        await until(pilot, "undone")
        assert (rows("SELECT pattern FROM ban"), rows(tickets)) == ([], before)
