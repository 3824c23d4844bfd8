"""The mailbox form: everything by keyboard, errors in words while typing, tested and saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.fetching import runs
from desk.home import Desk
from desk.mailboxes import accounts, registry
from desk.mailboxes.form import FormErrors, check, merged, values_of
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import Actor
from mail.probe import Step
from models.mailboxes import Mailbox
from tests.support.servers.dovecot import Dovecot, MailUser
from tests.support.servers.pki import Pki
from tests.tui.mailbox_form import fill, fill_account, opened, pick, receive_only
from tests.tui.scenes import add_mailbox, start_in, stop_clock
from tests.tui.screen import SIZES, same_as_before, screen_text, settled, until
from tui.app import NightdeskApp
from tui.screens.mailboxes.help import FIELD_HELP
from tui.widgets.choice import Choice
from tui.widgets.entry import Entry
from tui.widgets.step_list import StepList, step_lines


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)
    start_in(monkeypatch, "mailboxes")


@pytest.mark.parametrize("size", SIZES)
async def test_every_field_fits_the_screen(empty_app: NightdeskApp, size: str) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await opened(pilot)
        same_as_before(screen_text(empty_app), f"mailbox-form-{size}")


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_wrong_stands_below_its_field_in_words(empty_app: NightdeskApp, size: str) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc", port="99x", schedule="*/45 * * *")
        text = screen_text(empty_app)
        assert "! Address is no mail address, write support@example.org" in text
        assert "! Port: '99x' is no number" in text
        assert "! Schedule: '*/45 * * *' is no schedule" in text
        assert "3 problems" in text
        await settled(pilot)
        same_as_before(screen_text(empty_app), f"mailbox-form-wrong-{size}")


async def test_nobody_is_blamed_for_a_field_that_was_not_reached(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "!" not in screen_text(empty_app)
        await pilot.press("ctrl+s")
        text = await until(pilot, "! Not saved")
        assert "Server: which server has the mail?" in text
        assert "Password: type it, or choose where it comes from" in text
    assert not Mailbox.select().exists()


async def test_a_schedule_is_told_back_with_its_next_runs_and_a_warning(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, schedule="every 45 minutes")
        await until(pilot, "every 45 minutes; next 11:27, 12:12, 12:57")
        await fill(pilot, screen, schedule="every 2 minutes")
        await until(pilot, "runs every 2 minutes")
        await fill(pilot, screen, schedule="*/45 * * * *")
        await until(pilot, "not every 45 minutes")


async def test_port_and_security_follow_each_other(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        security, port = screen.query_one("#f-security", Choice), screen.query_one("#f-port", Entry)
        assert (security.value, port.value) == ("tls", "993")
        security.focus()
        await pilot.press("right")
        assert (security.value, port.value) == ("starttls", "143")
        await fill(pilot, screen, port="993")
        assert security.value == "tls"
        await fill(pilot, screen, port="1143")
        security.focus()
        await pilot.press("right")
        assert (security.value, port.value) == ("starttls", "1143")


async def test_digits_and_letters_are_text_and_never_commands(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.query_one("#f-protocol", Choice).focus()
        await pilot.press("1", "3", "q", "colon", "question_mark", "minus")
        assert empty_app.screen is screen
        assert empty_app.current_mode == "mailboxes"


async def test_esc_asks_only_when_something_was_changed(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("escape")
        await until(pilot, "No mailbox yet")
        screen = await opened(pilot)
        await fill(pilot, screen, name="x")
        await pilot.press("escape")
        await until(pilot, "Leave without saving this mailbox?")
        await pilot.press("n")
        await settled(pilot)
        assert empty_app.screen is screen
        await pilot.press("escape")
        await until(pilot, "Leave without saving")
        await pilot.press("y")
        await until(pilot, "No mailbox yet")


async def test_editing_keeps_a_password_that_is_not_typed_again(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor
) -> None:
    from desk.mailboxes.form import check

    form = check({"address": "noc@corp.ex", "host": "mail.corp.ex", "after_fetch": "move:Done/2026"})
    registry.add(empty_desk, actor, form, MailboxSecrets(SecretInput("sealed", "hunter2")))
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, "noc@corp.ex")
        assert "stays as it is" in screen_text(empty_app)
        assert screen.query_one("#f-move_folder", Entry).value == "Done/2026"
        await fill(pilot, screen, name="net-ops")
        await pilot.press("ctrl+s")
        await until(pilot, "noc@corp.ex is saved. Fetch its mail now?")
        await pilot.press("n")
        await until(pilot, "net-ops")
    mailbox = registry.get("noc@corp.ex")
    assert mailbox.name == "net-ops"
    assert accounts.incoming_account(empty_desk, mailbox).password.reveal() == "hunter2"


async def test_a_lost_file_of_an_application_that_is_not_used_is_kept_and_looked_for_once_it_is(
    empty_app: NightdeskApp, empty_desk: Desk, actor: Actor, tmp_path: Path
) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("kept elsewhere since")
    app = {"oauth2": "google", "oauth2_client_id": "id-1", "oauth2_ca_file": str(authority)}
    form = check({"address": "noc@corp.ex", "host": "mail.corp.ex", **app})
    registry.add(empty_desk, actor, form, MailboxSecrets(SecretInput("sealed", "hunter2")))
    authority.unlink()
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, "noc@corp.ex")
        await fill(pilot, screen, name="net-ops")
        await pilot.press("ctrl+s")
        await until(pilot, "noc@corp.ex is saved. Fetch its mail now?")
    mailbox = registry.get("noc@corp.ex")
    assert values_of(mailbox)["oauth2_ca_file"] == str(authority)
    assert merged(mailbox, {"name": "noc"}).oauth2.ca_file == str(authority)
    for wrong in ({"auth": "oauth2"}, {"oauth2_ca_file": str(tmp_path / "another.pem")}):
        with pytest.raises(FormErrors, match="there is no file"):
            merged(mailbox, wrong)


async def test_a_password_never_reaches_the_screen(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, secret="hunter2")
        assert "hunter2" not in screen_text(empty_app)
        screen.query_one("#f-secret_source", Choice).focus()
        await pilot.press("right")
        assert screen.query_one("#f-secret", Entry).value == ""


async def test_the_desk_has_an_address_once(empty_app: NightdeskApp, empty_desk: Desk, actor: Actor) -> None:
    add_mailbox(empty_desk, actor, address="noc@corp.ex", host="mail.corp.ex")
    async with empty_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@corp.ex", host="mail.corp.ex", secret="x")
        await pilot.press("ctrl+s")
        await until(pilot, "the desk has the mailbox noc@corp.ex already")


@pytest.mark.parametrize("size", SIZES)
async def test_the_connection_is_tested_step_by_step_against_a_real_server(
    empty_app: NightdeskApp, dovecot: Dovecot, pki: Pki, mailuser: MailUser, size: str
) -> None:
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        screen = await opened(pilot)
        await fill(
            pilot,
            screen,
            address=mailuser.address,
            host=dovecot.host,
            port=str(dovecot.imaps_port),
            secret="wrong",
            ca_file=str(pki.ca_file),
        )
        await receive_only(pilot, screen)
        await pilot.press("f5")
        await until(pilot, "1 failed")
        text = await until(pilot, "You can save anyway")
        assert "[ok]   1 resolve" in text
        assert "[fail] 5 login" in text
        assert "wrong" not in text.partition("Test connection")[2]
        await fill(pilot, screen, secret=mailuser.password)
        await pilot.press("f5")
        text = await until(pilot, "all OK ")
        for step in ("resolve", "connect", "tls", "login", "folder"):
            assert step in text
        assert "INBOX: 0 mails" in text
    assert not Mailbox.select().exists()


async def test_saving_with_a_failed_smtp_login_leaves_sending_off(
    empty_app: NightdeskApp, dovecot: Dovecot, pki: Pki, mailuser: MailUser
) -> None:
    async with empty_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await fill_account(pilot, screen, mailuser, ca_file=str(pki.ca_file))
        await fill(pilot, screen, smtp_host=dovecot.host, smtp_port="1", smtp_ca_file=str(pki.ca_file))
        await pilot.press("f5")
        await until(pilot, "1 problem: smtp connect. You can save anyway; sending stays off.")
        await pilot.press("ctrl+s")
        await until(pilot, "is saved. Fetch its mail now?")
        await pilot.press("y")
        await until(pilot, "waiting for the worker")
    mailbox = registry.get(mailuser.address)
    assert (bool(mailbox.incoming_enabled), bool(mailbox.outgoing_enabled)) == (True, False)
    assert runs.requested() == [mailbox.id]


@pytest.mark.parametrize("size", SIZES)
async def test_t_tests_a_stored_mailbox_with_the_password_it_has(
    empty_app: NightdeskApp,
    empty_desk: Desk,
    actor: Actor,
    dovecot: Dovecot,
    pki: Pki,
    mailuser: MailUser,
    size: str,
) -> None:
    from desk.mailboxes.form import check

    form = check(
        {
            "address": mailuser.address,
            "host": dovecot.host,
            "port": dovecot.imaps_port,
            "ca_file": str(pki.ca_file),
            "folder": "Nowhere",
        }
    )
    registry.add(empty_desk, actor, form, MailboxSecrets(SecretInput("sealed", mailuser.password)))
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, "not yet")
        await pilot.press("t")
        text = await until(pilot, "1 failed. Nothing was sent")
        assert "[ok]   5 login" in text
        assert "[fail] 6 folder" in text
        assert "The server has: INBOX" in text
        await pilot.press("escape")
        await settled(pilot)
        assert "[fail]" not in screen_text(empty_app)


def give(desk: Desk, actor: Actor, secret: SecretInput) -> None:
    """Give the mailbox its password."""
    stored = registry.get("it@desk.example")
    registry.edit(desk, actor, stored.address, check(values_of(stored)), MailboxSecrets(secret))


async def test_a_kept_password_is_typed_again_for_another_server(
    desk: Desk, app: NightdeskApp, actor: Actor
) -> None:
    add_mailbox(desk, actor, address="it@desk.example", host="imap.desk.example")
    give(desk, actor, SecretInput("sealed", "kept"))
    async with app.run_test(size=SIZES["120x40"]) as pilot:
        screen = await opened(pilot, "it@desk.example")
        await fill(pilot, screen, host="imap.elsewhere.example")
        text = screen_text(app)
        assert "! Password: type it again, it was not given for" in text
        await pilot.press("f5")
        await settled(pilot)
        assert "testing" not in screen_text(app), "nothing is tried with the kept one"
        await fill(pilot, screen, secret="another")
        assert "type it again" not in screen_text(app)


async def test_a_variable_that_stands_there_is_not_given_for_another_server(
    desk: Desk, app: NightdeskApp, actor: Actor
) -> None:
    add_mailbox(desk, actor, address="it@desk.example", host="imap.desk.example")
    give(desk, actor, SecretInput("env", "NOC_PASSWORD"))
    async with app.run_test(size=SIZES["120x40"]) as pilot:
        screen = await opened(pilot, "it@desk.example")
        await fill(pilot, screen, port="1993")
        assert "! Password: type it again" in screen_text(app)
        await fill(pilot, screen, secret="NOC_PASSWOR")
        await fill(pilot, screen, secret="NOC_PASSWORD")
        assert "type it again" not in screen_text(app)


async def test_in_restricted_mode_no_command_and_no_file_is_named(desk: Desk, actor: Actor) -> None:
    held = Desk(desk.paths, desk.settings.model_copy(update={"restricted": True}), desk.sealer)
    app = NightdeskApp(held, actor)
    async with app.run_test(size=SIZES["120x40"]) as pilot:
        screen = await opened(pilot)
        for name in ("secret_source", "smtp_secret_source", "client_secret_source"):
            source = screen.query_one(f"#f-{name}", Choice)
            assert [value for value, _ in source.options] == ["sealed", "none"]
        for name in ("ca_file", "smtp_ca_file", "oauth2_ca_file"):
            assert screen.query_one(f"#f-{name}", Entry).disabled
        await fill(pilot, screen, address="noc@desk.example", host="127.0.0.1", port="1")
        screen.query_one("#f-secret_source", Choice).set_options([("pass_cmd", "command")])
        await fill(pilot, screen, secret="/bin/touch ran")
        await pilot.press("f5")
        await settled(pilot)
        assert "in restricted mode it is typed" in screen_text(app)
        assert not Path("ran").exists()


async def test_a_provider_takes_nothing_of_what_was_typed(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=SIZES["120x40"]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@corp.example", host="ssl://localhost:27995", user="me")
        before = screen.typed()
        screen.query_one("#f-provider", Choice).focus()
        await pilot.press("right", "right")
        await settled(pilot)
        after = screen.typed()
        for name in ("host", "port", "security", "user"):
            assert after[name] == before[name]


async def test_a_server_typed_as_an_address_is_taken_apart_where_it_is_seen(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=SIZES["120x40"]) as pilot:
        screen = await opened(pilot)
        for typed, expected in (
            ("tls://imap.corp.example:2143", ("imap.corp.example", "2143", "starttls")),
            ("ssl://imap.corp.example", ("imap.corp.example", "2143", "tls")),
            ("mail.corp.example:143", ("mail.corp.example", "143", "starttls")),
        ):
            await fill(pilot, screen, host=typed, user="me")
            values = screen.typed()
            assert (values["host"], values["port"], values["security"]) == expected


LONG = "support.of.the.department.of.networks-"


@pytest.mark.parametrize("size", SIZES)
async def test_of_a_value_longer_than_its_field_both_ends_are_read(
    empty_app: NightdeskApp, size: str
) -> None:
    long = {
        "address": f"{LONG}berlin@mail.corp.example.org",
        "name": f"Support of the department of networks and servers in {LONG}Hamburg",
        "host": f"imap.{LONG}bremen.corp.example.net",
        "user": f"user.{LONG}vienna@corp.example.com",
        "ca_file": f"/etc/ssl/certs/{LONG}zurich/example-ca.pem",
    }
    async with empty_app.run_test(size=SIZES[size]) as pilot:
        screen = await opened(pilot)
        for field, value in long.items():
            await fill(pilot, screen, **{field: value})
            await pilot.press("home")
            await settled(pilot)
            assert value[:12] in screen_text(empty_app), field
            await pilot.press("end")
            await settled(pilot)
            assert value[-12:] in screen_text(empty_app), field


async def test_the_help_of_a_field_is_there_whatever_is_wrong_elsewhere(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=SIZES["80x24"]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc", batch="x")
        assert "2 problems: Batch" in screen_text(empty_app)
        screen.query_one("#f-name", Entry).focus()
        await pilot.pause()
        assert FIELD_HELP["name"] in screen_text(empty_app)
        await fill(
            pilot,
            screen,
            address="noc@corp.example",
            batch="50",
            host="h.example",
            secret="s",
            schedule="every minute",
        )
        assert "Mind: schedule" in screen_text(empty_app)
        screen.query_one("#f-name", Entry).focus()
        await pilot.pause()
        assert FIELD_HELP["name"] in screen_text(empty_app)


async def test_a_test_that_is_out_of_date_says_so_and_escape_closes_it(
    empty_app: NightdeskApp, dovecot: Dovecot, mailuser: MailUser
) -> None:
    async with empty_app.run_test(size=SIZES["80x24"]) as pilot:
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
        await fill(pilot, screen, folder="Other")
        text = screen_text(empty_app)
        assert "all OK" not in text
        assert "changed since, F5 tests again" in text
        await pilot.press("escape")
        await settled(pilot)
        assert not screen.query_one(StepList).steps
        assert empty_app.screen is screen


async def test_what_was_typed_for_imap_does_not_stand_in_the_way_of_pop3(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=SIZES["80x24"]) as pilot:
        screen = await opened(pilot)
        await receive_only(pilot, screen)
        await fill(pilot, screen, address="noc@corp.example", host="h.example", secret="s", folder="Support")
        await pick(pilot, screen, "after_fetch", "move")
        await fill(pilot, screen, move_folder="Done")
        await pick(pilot, screen, "protocol", "pop3")
        assert "POP3 has one folder, INBOX" in screen_text(empty_app)
        await pilot.press("ctrl+s")
        await until(pilot, "! Not saved: Move to: POP3 cannot move mail")
        assert screen.focused is screen.query_one("#f-after_fetch", Choice), "where it can be mended"
        await pick(pilot, screen, "after_fetch", "keep")
        await pilot.press("ctrl+s")
        await until(pilot, "noc@corp.example is saved")
    assert registry.get("noc@corp.example").folder == "INBOX"


async def test_the_field_with_the_cursor_is_the_one_that_is_told_of(empty_app: NightdeskApp) -> None:
    async with empty_app.run_test(size=SIZES["80x24"]) as pilot:
        screen = await opened(pilot)
        await fill(pilot, screen, address="noc@corp.example", secret="s", fingerprint="short", batch="x")
        assert "2 problems: Batch" in screen_text(empty_app)
        screen.query_one("#f-fingerprint", Entry).focus()
        await pilot.pause()
        assert "2 problems: Pin" in screen_text(empty_app)
        await pilot.press("f4")
        await until(pilot, "problems: Server: which server has the mail?")
        assert screen.focused is screen.query_one("#f-host", Entry)
        await pilot.press("ctrl+s")
        await until(pilot, "! Not saved: Server: which server has the mail?")


def test_the_longest_name_of_a_step_is_whole() -> None:
    step = Step("capabilities", True, "AUTH PLAIN LOGIN", "", "", 0.01)
    (first, *_) = step_lines("smtp capabilities", step, 10, 80)
    assert "10 smtp capabilities AUTH PLAIN" in first.plain
