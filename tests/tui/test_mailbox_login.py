"""Logging in with OAuth2: what the window shows, what can be copied, what a refusal says to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot

from config.secrets import Secret
from desk import settings
from desk.home import Desk
from desk.mailboxes import health, registry, tokens
from desk.mailboxes.form import check
from desk.permissions import Actor
from mail.oauth2 import Token
from models.mailboxes import MailboxOAuth2
from tests.support.frames import NOW
from tests.support.servers.faulty_oauth import FaultyProvider
from tests.support.servers.pki import Pki
from tests.tui.scenes import HOSTILE, add_mailbox, start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until, until_true
from tui.app import NightdeskApp
from tui.health import observe
from tui.screens.mailboxes.login import LoginScreen
from tui.widgets.entry import Entry

OA = "oa@corp.ex"
PENDING: tuple[int, dict[str, Any]] = (400, {"error": "authorization_pending"})
GIVEN: tuple[int, dict[str, Any]] = (
    200,
    {"access_token": "a", "refresh_token": "r", "expires_in": 3600, "token_type": "Bearer"},
)


def device(code: str = "WDJB-MJHT", url: str = "https://login.corp.ex/device") -> tuple[int, dict[str, Any]]:
    return 200, {
        "device_code": "secret-device-code",
        "user_code": code,
        "verification_uri": url,
        "expires_in": 900,
        "interval": 1,
    }


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")


@pytest.fixture
def provider(pki: Pki) -> Iterator[FaultyProvider]:
    with FaultyProvider(pki) as running:
        yield running


@pytest.fixture
def box(empty_desk: Desk, actor: Actor, provider: FaultyProvider, pki: Pki) -> str:
    """A mailbox into which nobody has logged in."""
    values = {
        "address": OA,
        "host": "imap.corp.ex",
        "auth": "oauth2",
        "oauth2": "other",
        "oauth2_client_id": "id-1",
        "oauth2_authorize_url": "https://login.corp.ex/authorize",
        "oauth2_token_url": f"{provider.base}/token",
        "oauth2_device_url": f"{provider.base}/device",
        "oauth2_ca_file": str(pki.ca_file),
        "oauth2_strict": False,
    }
    registry.add(empty_desk, actor, check(values))
    return OA


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What went to the clipboard."""
    texts: list[str] = []
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _app, text: texts.append(text))
    return texts


async def until_copied(pilot: Pilot[int], copied: list[str], count: int) -> None:
    """Wait until so many texts went to the clipboard."""
    for _ in range(300):
        if len(copied) >= count:
            return
        await pilot.pause(0.02)
    raise AssertionError(f"only {copied} was copied")


async def paste(pilot: Pilot[int], text: str) -> None:
    """Paste as a terminal does: into the field with the cursor."""
    field = pilot.app.screen.query_one("#login-paste", Entry)
    assert field.has_focus
    field.post_message(events.Paste(text))
    await pilot.pause()
    assert field.value == text


async def login(pilot: Pilot[int]) -> None:
    """Press i on the list."""
    await until(pilot, "LOG IN: i")
    await pilot.press("i")


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_says_who_has_to_log_in_and_i_shows_address_and_code(
    empty_app: NightdeskApp, box: str, provider: FaultyProvider, copied: list[str], size: str
) -> None:
    provider.answers = [device(), PENDING]
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "other: nobody logged in yet")
        await until(pilot, "outbox ")
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"mailboxes-login-{size}")
        await login(pilot)
        text = await until(pilot, "Type this code there:")
        assert "https://login.corp.ex/device" in text
        assert "WDJB-MJHT" in text
        assert "secret-device-code" not in text
        await pilot.press("y")
        await pilot.press("c")
        await until_copied(pilot, copied, 2)
        assert copied == ["https://login.corp.ex/device", "WDJB-MJHT"]
        provider.answers = [GIVEN]
        await until(pilot, f"{OA} is logged in as somebody unnamed", 600)
        await pilot.press("enter")
        await until(pilot, "other: logged in, token until")
    row = MailboxOAuth2.get()
    assert row.token_sealed is not None


async def test_a_refused_login_says_what_to_press_and_r_begins_again(
    empty_app: NightdeskApp, box: str, provider: FaultyProvider
) -> None:
    provider.answers = [(400, {"error": "invalid_client", "error_description": HOSTILE})]
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await login(pilot)
        text = await until(pilot, "It was refused.")
        assert "r try again" in text
        assert "What to do:" in text
        assert not any(character in text for character in "\x1b\x07\x9b\u202e\u200b")
        provider.answers = [device("AAAA-BBBB"), PENDING]
        await pilot.press("r")
        await until(pilot, "AAAA-BBBB")


async def test_a_mailbox_that_is_removed_meanwhile_says_what_to_do_here(
    empty_app: NightdeskApp, actor: Actor, box: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "LOG IN: i")
        await settled(pilot)
        monkeypatch.setattr(NightdeskApp, "_tick", lambda _app: None)
        registry.remove(actor, OA)
        await pilot.press("i")
        await until(pilot, f"there is no mailbox {OA}")
        await until(pilot, "What to do: see Mailboxes (2)")


async def test_esc_gives_up_and_leaves_everything_as_it_was(
    empty_app: NightdeskApp, box: str, provider: FaultyProvider
) -> None:
    provider.answers = [device(), PENDING]
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await login(pilot)
        await until(pilot, "WDJB-MJHT")
        await pilot.press("escape")
        await until(pilot, "other: nobody logged in yet")
        assert not isinstance(empty_app.screen, LoginScreen)
    assert MailboxOAuth2.get().token_sealed is None


@pytest.mark.parametrize("size", SIZES)
async def test_the_last_address_of_a_browser_is_pasted(
    empty_app: NightdeskApp, box: str, provider: FaultyProvider, copied: list[str], size: str
) -> None:
    provider.answers = [device(), PENDING]
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await login(pilot)
        await until(pilot, "WDJB-MJHT")
        await pilot.press("w")
        text = await until(pilot, "How to log in")
        assert "needs a client secret" in text
        await pilot.press("p")
        await until(pilot, "Paste it here")
        await pilot.press("y")
        await until_copied(pilot, copied, 1)
        assert copied[0].startswith("https://login.corp.ex/authorize?")
        provider.answers = [GIVEN]
        await paste(pilot, "http://127.0.0.1:8765/callback?code=x&state=other")
        await pilot.press("enter")
        await until(pilot, "this address does not belong to the login that was begun here")
        await pilot.press("r")
        await until(pilot, "Paste it here")
        await pilot.press("y")
        await until_copied(pilot, copied, 2)
        state = parse_qs(urlsplit(copied[1]).query)["state"][0]
        await paste(pilot, f"http://127.0.0.1:8765/callback?code=x&state={state}")
        await pilot.press("enter")
        await until(pilot, f"{OA} is logged in as")


async def test_a_refused_token_is_in_the_header_before_mail_stops(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, box: str
) -> None:
    token = Token(
        access=Secret("a"), refresh=Secret("r"), expires=datetime.now(UTC) + timedelta(hours=1), owner=OA
    )
    mailbox = registry.get(OA)
    tokens.keep_login(empty_desk, actor, mailbox, token)
    health.record_success(mailbox.id, 0, NOW)
    assert "LOGIN!" not in observe(empty_desk).words
    MailboxOAuth2.update(refused=NOW, error="invalid_grant: revoked").execute()
    assert "LOGIN!" in observe(empty_desk).words
    async with empty_app.run_test(size=(80, 24)) as pilot:
        text = await until(pilot, "Press i to log in")
        assert "REFUSED since 10:42: invalid_grant: revoked" in text
        assert "LOG IN: i" in text


@pytest.mark.parametrize("size", SIZES)
async def test_that_all_fetching_is_off_is_loud_on_every_screen(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, size: str
) -> None:
    add_mailbox(empty_desk, actor, address="noc@corp.ex", host="mail.corp.ex")
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "noc@corp.ex")
        await pilot.press("F")
        await until(pilot, "Switch all fetching off?")
        await pilot.press("enter")
        await settled(pilot)
        assert settings.get("mail.fetching") is True
        await pilot.press("F")
        await until(pilot, "Switch all fetching off?")
        await pilot.press("y")
        await until(pilot, "ALL FETCHING IS OFF: F switches it on", 600)
        await until(pilot, "FETCH OFF!" if size == "80x24" else "FETCHING IS OFF!")
        await pilot.press("3")
        await until(pilot, "FETCH OFF!" if size == "80x24" else "FETCHING IS OFF!")
        await pilot.press("2", "F")
        await until(pilot, "Fetching is on")
    assert settings.get("mail.fetching") is True


async def test_capital_i_logs_out_after_asking(empty_desk: Desk, actor: Actor, box: str) -> None:
    tokens.keep_login(empty_desk, actor, registry.get(box), Token(access=Secret("a"), refresh=Secret("r")))
    app = NightdeskApp(empty_desk, actor)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, OA)
        await pilot.press("I")
        await until(pilot, f"Log {OA} out?")
        await pilot.press("n")
        await settled(pilot)
        assert MailboxOAuth2.get().token_sealed, "a no is a no"
        await pilot.press("I")
        await until(pilot, f"Log {OA} out?")
        await pilot.press("y")
        # That nobody is logged in any more is told too, and may be told at once.
        await until_true(pilot, lambda: any(f"{OA} is logged out here" in said.text for _, said in app.said))
        await until(pilot, "LOG IN: i")
    assert not MailboxOAuth2.get().token_sealed
