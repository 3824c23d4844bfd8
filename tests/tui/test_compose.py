"""Compose and Review: nothing typed is lost, nothing leaves before y."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desk.home import Desk
from desk.outbox import deliveries
from desk.permissions import Actor
from desk.replies import drafts
from desk.tickets import detail
from mail.mime import address
from models import database
from tests.tui.scenes import begin_answer
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_told_from_now
from tui import files
from tui.app import NightdeskApp
from tui.screens.compose import compositions


@pytest.fixture
def live_app(desk: Any, actor: Actor) -> NightdeskApp:
    """The app with a clock that runs, for what has a time limit."""
    return NightdeskApp(desk, actor, now=lambda: datetime.now(UTC))


@pytest.mark.parametrize("size", SIZES)
async def test_compose_and_review_look_like_their_frames(app: NightdeskApp, size: str) -> None:
    async with app.run_test(size=SIZES[size]) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"Hi Ana,", "enter", "enter", *"thanks for the log.")
        await until(pilot, "draft saved 10:42")
        await settled(pilot)
        same_as_before(screen_text(app), f"compose-{size}")
        await pilot.press("ctrl+s")
        await until(pilot, "send now (10 s to undo)")
        await settled(pilot)
        same_as_before(screen_text(app), f"review-{size}")


async def test_an_answer_leaves_from_review_only_and_only_with_y(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin_answer(pilot)
        await pilot.press(*"yes", "enter", *"y", "ctrl+s")
        await until(pilot, "nothing is sent before y")
        await pilot.press("enter", "space", "s", "q")
        await until(pilot, "mail goes to 1 address")
        assert deliveries.entries() == []
        await pilot.press("ctrl+s")
        await until(pilot, "nothing is sent before y")
        await pilot.press("y")
        await until(pilot, "#1041")
        assert [entry.to for entry in deliveries.entries()] == ["ana@corp.example"]
        sent = detail.show("1042").messages[-1]
        assert sent.kind == "reply"
        assert sent.text.startswith("yes\ny\n")
        assert drafts.drafts(app.actor) == []


async def test_u_stops_the_mail_while_its_undo_time_runs(live_app: NightdeskApp) -> None:
    async with live_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await pilot.press(*"Oops", "ctrl+s")
        await until(pilot, "nothing is sent before y")
        await pilot.press("y")
        await until(pilot, "s   u stops it")
        await pilot.press("u")
        await until(pilot, "Not sent: it is a draft again")
        assert detail.show("1042").messages[-1].kind == "customer"
        await pilot.press("r")
        await until(pilot, "Oops")


async def test_esc_keeps_the_draft_and_r_brings_it_back(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await pilot.press(*"Half a thought", "escape")
        await until(pilot, "The draft is kept")
        assert [draft.body[:14] for draft in drafts.drafts(app.actor)] == ["Half a thought"]
        await pilot.press("r")
        await until(pilot, "Half a thought")
        await pilot.press("f8")
        await until(pilot, "Throw this draft away?")
        await pilot.press("y")
        await until(pilot, "#1041")
        assert drafts.drafts(app.actor) == []


async def test_what_is_typed_is_kept_two_seconds_later(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("i")
        await until(pilot, "Mode: note")
        await pilot.press(*"kept")
        await until(pilot, "draft saved 10:42")
        assert [(draft.kind, draft.body) for draft in drafts.drafts(app.actor)] == [("note", "kept")]


async def test_a_reply_in_which_nothing_was_typed_leaves_no_draft(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await pilot.press("escape")
        await until(pilot, "#1041")
        assert drafts.drafts(app.actor) == []


async def test_a_note_is_added_at_once_and_never_sent(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("i")
        shown = await until(pilot, "Mode: note")
        footer = shown.splitlines()[-1]
        assert "^S add note" in footer
        assert not any(word in footer for word in ("send", "attach", "Cc"))
        await pilot.press(*"only us", "ctrl+s")
        await until(pilot, "Note added to #1042")
        assert detail.show("1042").messages[-1].text == "only us"
        assert deliveries.entries() == []


async def test_the_next_start_offers_the_draft(desk: Any, actor: Actor, app: NightdeskApp) -> None:
    drafts.save(actor, number="1036", kind="reply", body="Inkscape is on its way")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "A reply to #1036 was not finished")
        await pilot.press("D", "0")
        await until(pilot, "Inkscape is on its way")


async def test_a_mail_without_text_or_with_a_bad_address_is_not_reviewed(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("n")
        await until(pilot, "New ticket")
        await pilot.press("tab", "ctrl+s")
        await until(pilot, "There is nobody in To")
        await pilot.press("f2")
        await until(pilot, "Attach:")
        await pilot.press("escape", *"nobody", "ctrl+s")
        await until(pilot, "'nobody' is no mail address")


async def test_a_new_ticket_is_written_to_somebody_first(live_app: NightdeskApp) -> None:
    async with live_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("n")
        await until(pilot, "New ticket")
        await pilot.press(*"lee@corp.example", "tab", "tab", *"Your monitor", "tab", *"We swap it.", "ctrl+s")
        await until(pilot, "nothing is sent before y")
        await pilot.press("y")
        await until(pilot, "s   u stops it")
        assert [entry.to for entry in deliveries.entries()] == ["lee@corp.example"]


async def test_a_file_goes_along(app: NightdeskApp, own_home: Path) -> None:
    (own_home / "guide.txt").write_text("read me")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await pilot.press(*"See file", "f2")
        await until(pilot, "Attach:")
        await pilot.press("end", *"guide.txt", "enter")
        await until(pilot, "Attached guide.txt, 7 B")
        assert "attachments: guide.txt 7 B  F7 drops" in screen_text(app)
        await pilot.press("ctrl+s")
        await until(pilot, "guide.txt 7 B")
        await pilot.press("y")
        await until(pilot, "#1041")
        sent = detail.show("1042").messages[-1]
        assert [(item.name, item.size) for item in sent.attachments] == [("guide.txt", 7)]


async def test_in_restricted_mode_there_is_no_editor_and_no_free_file_name(desk: Any, actor: Actor) -> None:
    from desk.home import Desk

    held = Desk(desk.paths, desk.settings.model_copy(update={"restricted": True}), desk.sealer)
    app = NightdeskApp(held, actor)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        assert "$EDITOR" not in screen_text(app)
        await pilot.press("ctrl+g")
        await until(pilot, "Editor: off in restricted mode")
        await pilot.press("f2")
        await until(pilot, "On your side: ssh HOST attachment put 1042 --name NAME < FILE")
        app.files_directory.mkdir(parents=True)
        (app.files_directory / "log.txt").write_text("x")
        await pilot.press("f2")
        await until(pilot, "log.txt  1 B")
        await pilot.press("l")
        await until(pilot, "Attached log.txt")


async def test_another_agents_draft_is_told_before_sending(
    desk: Any, actor: Actor, app: NightdeskApp
) -> None:

    from models.agents import Agent

    jo = actor._replace(agent_id=Agent.get(Agent.login == "jo").id, login="jo")
    drafts.save(jo, number="1042", kind="reply", body="I am on it")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "── Body")
        await pilot.press(*"Hello", "ctrl+s")
        await until(pilot, "Jo Helper")
        assert "also has a draft on this ticket" in screen_text(app)


async def test_leaving_keeps_what_is_being_written(app: NightdeskApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await pilot.press(*"Just this", "ctrl+q")
        await asyncio.sleep(0)
        await pilot.pause(0.3)
    assert [draft.body[:9] for draft in drafts.drafts(app.actor)] == ["Just this"]


async def test_a_desk_that_was_upgraded_meanwhile_is_left_and_what_was_typed_is_in_a_file(
    app: NightdeskApp, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "#1041")
        await pilot.press("r")
        await until(pilot, "mail goes to 1 address")
        await until_told_from_now(pilot)
        await pilot.press(*"Just this")
        monkeypatch.setattr(database, "SCHEMA_VERSION", database.SCHEMA_VERSION - 1)
        await pilot.press("ctrl+s")
        await until(pilot, "y  send now")
        await pilot.press("y")
        await until(pilot, "the desk was upgraded while this program ran - start")
        assert "Just this" in screen_text(app)
        await app.leave(0)
    (kept,) = desk.paths.log.glob("unsaved-*.txt")
    assert kept.read_text().startswith("Subject: ")
    assert "\n\nJust this\n" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert app.return_code == 0


def test_names_of_strangers_choose_no_place(tmp_path: Path) -> None:
    hostile = [
        "../../etc/cron.d/owned",
        "/etc/passwd",
        "..",
        ".bashrc",
        "-rf",
        "a\x1b]0;x\x07b",
        "x" * 500,
        "",
        "\\..\\y",
    ]
    for name in hostile:
        place = files.save(b"data", name, tmp_path / "saved")
        assert place.parent == tmp_path / "saved"
        assert not place.name.startswith((".", "-"))
        assert place.name.isprintable()
        assert len(place.name.encode()) <= 165
        assert place.stat().st_mode & 0o777 == 0o600


def test_a_saved_file_never_overwrites_another(tmp_path: Path) -> None:
    places = [files.save(str(number).encode(), "a.txt", tmp_path) for number in range(3)]
    assert [place.name for place in places] == ["a.txt", "a-1.txt", "a-2.txt"]
    (tmp_path / "b.txt").symlink_to(tmp_path / "target")
    assert files.save(b"x", "b.txt", tmp_path).name == "b-1.txt"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Ana <ana@corp.example>, jo@corp.example", ["ana@corp.example", "jo@corp.example"]),
        ('"Prado, Ana" <ana@corp.example>; x@y.example', ["ana@corp.example", "x@y.example"]),
        ("", []),
        (", ".join(f"p{n}@corp.example" for n in range(90)), [f"p{n}@corp.example" for n in range(90)]),
    ],
)
def test_a_line_of_addresses_is_read_as_people_type_it(typed: str, found: list[str]) -> None:
    assert compositions.addresses(typed) == found
    assert compositions.addresses(address.typed(compositions.pairs(typed))) == found


def test_without_a_mailbox_nothing_is_promised_to_wait_for_one(empty_desk: Any) -> None:
    assert compositions.way_of(empty_desk, None) == "nothing: the desk has no address to send from"
