"""The first mailbox: it can send, its form shows where the cursor is, and nothing claims more than is so."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.geometry import Region
from textual.widgets import Static

from desk import settings
from desk.home import Desk
from desk.permissions import Actor
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.tui.mailbox_form import fill, opened, receive_only
from tests.tui.scenes import add_mailbox, start_in, stop_clock
from tests.tui.screen import SMALL_AND_LARGE, at_every_size, screen_text, settled, until
from tui.app import NightdeskApp
from tui.screens.mailboxes.form import MailboxFormScreen
from tui.screens.mailboxes.help import FIELD_HELP
from tui.widgets.choice import Choice
from tui.widgets.entry import Entry, FormRow


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")


def row_is_seen(screen: MailboxFormScreen, name: str) -> bool:
    row, fields = screen.query_one(f"#row-{name}"), screen.query_one("#form-fields")
    return Region.from_union([fields.region]).contains_region(row.region)


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_the_first_mailbox_is_offered_to_send_by_the_server_that_has_its_mail(
    empty_app: NightdeskApp, size: str
) -> None:
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="support@corp.example", host="mail.corp.example")
        typed = screen.typed()
        assert (typed["outgoing"], typed["smtp_host"]) == ("smtp", "mail.corp.example")
        assert (typed["smtp_port"], typed["smtp_security"], typed["smtp_auth"]) == ("587", "starttls", "same")
        assert "Answers leave by SMTP mail.corp.example:587" in screen_text(empty_app)
        await fill(pilot, screen, host="imap.corp.example")
        assert screen.typed()["smtp_host"] == "imap.corp.example"
        await fill(pilot, screen, smtp_host="relay.corp.example", host="mail.corp.example")
        assert screen.typed()["smtp_host"] == "relay.corp.example"
        await receive_only(pilot, screen)
        screen.query_one("#f-host").focus()
        await settled(pilot)
        assert "Nothing sends for this desk" in screen_text(empty_app)


async def test_what_the_beginning_of_a_port_or_domain_brings_goes_with_it(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        for address, host in (
            ("ana@gmail.com", "imap.gmail.com"),
            ("ana@gmail.company", ""),
            ("a@web.dev", ""),
        ):
            screen.query_one("#f-address", Entry).focus()
            await pilot.press("ctrl+u", *address)
            assert screen.typed()["host"] == host
        for port, security in (("2525", "tls"), ("14300", "tls"), ("143", "starttls")):
            screen.query_one("#f-port", Entry).focus()
            await pilot.press("ctrl+u", *port)
            assert (screen.typed()["port"], screen.typed()["security"]) == (port, security)


async def test_a_provider_says_better_than_the_offer_where_answers_leave(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, host="mail.corp.example", address="noc@gmail.com")
        assert screen.typed()["smtp_host"] == "smtp.gmail.com"
        await fill(pilot, screen, address="noc@corp.example")
        assert (screen.typed()["outgoing"], screen.typed()["smtp_host"]) == ("smtp", "mail.corp.example")


async def test_where_a_mailbox_sends_for_all_the_next_one_need_not(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    add_mailbox(empty_desk, actor, address="a@corp.ex", host="mail.corp.ex", smtp_host="mail.corp.ex")
    settings.set(actor, "mail.default_outgoing", "a@corp.ex")
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="b@corp.ex", host="mail.corp.ex")
        assert (screen.typed()["outgoing"], screen.typed()["smtp_host"]) == ("none", "")
        assert "Answers leave" not in screen_text(empty_app)


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_test_in_which_nothing_sends_says_so(
    empty_app: NightdeskApp, dovecot: Dovecot, mailuser: MailUser, size: str
) -> None:
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        screen = await opened(pilot)
        await fill(
            pilot,
            screen,
            address=mailuser.address,
            host="localhost",
            port=str(dovecot.imaps_port),
            ca_file=str(dovecot.pki.ca_file),
            secret=mailuser.password,
        )
        await receive_only(pilot, screen)
        await pilot.press("f5")
        await until(pilot, "all OK ")
        await until(pilot, "[warn] smtp: nothing sends for this address")


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_fields_that_appear_are_seen_and_so_is_the_one_with_the_cursor_when_a_test_opens(
    empty_app: NightdeskApp, size: str
) -> None:
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        screen = await opened(pilot)
        await receive_only(pilot, screen)
        await settled(pilot)
        screen.query_one("#f-outgoing", Choice).focus()
        await pilot.press("right")
        await settled(pilot)
        assert all(row_is_seen(screen, name) for name in ("outgoing", "smtp_server", "smtp_auth"))
        await fill(pilot, screen, address="a@corp.ex", host="127.0.0.1", port="1", secret="x", smtp_port="1")
        screen.query_one("#f-smtp_ca_file").focus()
        await settled(pilot)
        await pilot.press("f5")
        await until(pilot, "2 failed")
        await settled(pilot)
        assert screen.focused is not None
        assert screen.focused.id == "f-smtp_ca_file"
        assert row_is_seen(screen, "smtp_trust")
        await pilot.press(*"/etc")
        assert "/etc" in screen_text(empty_app)


def test_no_help_of_a_field_is_cut_at_80_columns() -> None:
    assert [name for name, words in FIELD_HELP.items() if cell_len(words) > 78] == []


async def test_the_values_of_all_rows_begin_in_one_column_at_every_size(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        async for _ in at_every_size(pilot):
            await settled(pilot)
            starts = {
                row.id: row.children[1].region.x - row.region.x - str(row.children[0].render()).endswith("[")
                for row in screen.query(FormRow)
                if row.region and isinstance(row.children[0], Static)
            }
            assert len(starts) > 10
            assert {name: at for name, at in starts.items() if at != 11} == {}


@pytest.mark.parametrize("size", SMALL_AND_LARGE)
async def test_a_mailbox_that_is_read_yet_shows_no_examples_of_a_new_one(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, size: str
) -> None:
    add_mailbox(empty_desk, actor, address="noc@corp.ex", host="mail.corp.ex")
    async with empty_app.run_test(size=SMALL_AND_LARGE[size]) as pilot:
        screen = MailboxFormScreen("noc@corp.ex")
        seen: list[str] = []
        empty_app.push_screen(screen)
        for _ in range(100):
            await pilot.pause()
            seen.append(screen_text(empty_app))
            if "[noc@corp.ex" in seen[-1]:
                break
        assert "[noc@corp.ex" in seen[-1]
        assert not any("support@example.org" in text for text in seen)
        assert all("noc@corp.ex: edit" in text for text in seen if "next field" in text)
