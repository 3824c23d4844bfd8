"""The mailbox form and the providers: an address fills in servers, and nothing that a person typed."""

from __future__ import annotations

import pytest

from tests.tui.mailbox_form import fill, opened, pick
from tests.tui.scenes import start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")


@pytest.mark.parametrize("size", SIZES)
async def test_an_address_fills_in_its_provider_and_shows_what_matters(
    empty_app: NightdeskApp, size: str
) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@gmail.com")
        typed = screen.typed()
        assert (typed["host"], typed["port"], typed["security"]) == ("imap.gmail.com", "993", "tls")
        assert (typed["outgoing"], typed["smtp_host"], typed["smtp_port"]) == (
            "smtp",
            "smtp.gmail.com",
            "465",
        )
        text = await until(pilot, "found by the address: Gmail")
        assert "make an app password" in " ".join(text.split())
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"mailbox-form-gmail-{size}")


@pytest.mark.parametrize("size", SIZES)
async def test_a_provider_without_passwords_asks_for_oauth2(empty_app: NightdeskApp, size: str) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@outlook.com")
        assert screen.typed()["auth"] == "oauth2"
        assert screen.typed()["oauth2"] == "microsoft"
        await pilot.press("f7", "f7", "f7")
        text = await until(pilot, "Given by  ")
        assert "Password  (" not in text
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"mailbox-form-oauth2-{size}")


async def test_another_address_takes_back_what_the_first_one_filled_in(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        before = screen.typed()
        await fill(pilot, screen, address="noc@outlook.com")
        await fill(pilot, screen, address="noc@corp.example")
        assert screen.typed() == {**before, "address": "noc@corp.example"}


async def test_what_the_person_typed_stays(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, host="relay.corp.example", address="noc@gmail.com")
        assert screen.typed()["host"] == "relay.corp.example"
        assert screen.typed()["smtp_host"] == "smtp.gmail.com"


async def test_a_domain_hosted_elsewhere_is_filled_in_by_choosing_its_provider(
    empty_app: NightdeskApp,
) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@corp.example")
        assert screen.typed()["host"] == ""
        await pick(pilot, screen, "provider", "fastmail")
        assert screen.typed()["host"] == "imap.fastmail.com"


async def test_pop3_has_its_own_servers_ports_and_no_idle(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@gmail.com")
        await pick(pilot, screen, "protocol", "pop3")
        assert (screen.typed()["host"], screen.typed()["port"]) == ("pop.gmail.com", "995")
        assert not screen.query_one("#row-idle").display
        await pick(pilot, screen, "security", "starttls")
        assert screen.typed()["port"] == "110"
        await fill(pilot, screen, address="noc@icloud.com")
        await until(pilot, "iCloud Mail offers no POP3")


async def test_every_field_of_mailbox_add_is_in_the_form_with_its_help(empty_app: NightdeskApp) -> None:
    from desk.mailboxes.fields import BY_NAME
    from tui.screens.mailboxes.help import FIELD_HELP

    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        names = set(screen.typed())
    assert set(BY_NAME) <= names
    assert names == set(FIELD_HELP)


async def test_f7_goes_round_the_sections_that_are_shown(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        places = []
        for _ in range(4):
            await pilot.press("f7")
            await pilot.pause()
            places.append(screen.focused.id if screen.focused else "")
        assert places == ["f-protocol", "f-outgoing", "f-notes", "f-address"]
