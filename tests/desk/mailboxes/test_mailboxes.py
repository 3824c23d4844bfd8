"""Mailboxes: forms that explain themselves, secrets that stay secret, health that is honest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from desk import logs
from desk.documents import mailboxes as documents
from desk.errors import NotAllowed, NotFound, Refused, WrongUse
from desk.home import Desk
from desk.mailboxes import accounts, health, registry
from desk.mailboxes.form import FormErrors, check, merged, values_of, warnings
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.permissions import Actor
from desk.staff import agents
from mail.errors import LoginRefused
from models.database import db
from models.mailboxes import Mailbox
from tests.support.workbench import ADMIN, make_agent, make_mailbox

BASE = {"address": "support@desk.example", "host": "imap.desk.example"}


def test_the_defaults_are_those_of_the_contract() -> None:
    form = check(BASE)
    assert (form.incoming.port, form.incoming.security, form.incoming.user) == (
        993,
        "tls",
        "support@desk.example",
    )
    assert (form.incoming.folder, form.incoming.schedule, form.incoming.batch) == (
        "INBOX",
        "every 5 minutes",
        50,
    )
    assert (form.incoming.after_fetch, form.incoming.backlog, form.incoming.max_per_fetch) == (
        "keep",
        "all",
        None,
    )
    assert form.autoresponse
    assert not form.outgoing.enabled


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"host": "ssl://mail.x.example"}, ("mail.x.example", 993, "tls")),
        ({"host": "tls://mail.x.example"}, ("mail.x.example", 143, "starttls")),
        ({"host": "tls://mail.x.example:993"}, ("mail.x.example", 993, "tls")),
        ({"host": "plain://mail.x.example"}, ("mail.x.example", 143, "none")),
        ({"host": "plain://mail.x.example:143"}, ("mail.x.example", 143, "none")),
        ({"host": "tls://mail.x.example", "port": "993"}, ("mail.x.example", 993, "tls")),
        ({"host": "tls://mail.x.example:1430"}, ("mail.x.example", 1430, "starttls")),
        ({"host": "mail.x.example:1993"}, ("mail.x.example", 1993, "tls")),
        ({"host": "mail.x.example", "security": "starttls"}, ("mail.x.example", 143, "starttls")),
        ({"host": "127.0.0.1", "security": "none", "port": 1143}, ("127.0.0.1", 1143, "none")),
        ({"host": "::1"}, ("::1", 993, "tls")),
        ({"host": "[::1]:1993"}, ("::1", 1993, "tls")),
    ],
)
def test_a_server_may_be_given_in_many_ways(given: dict[str, Any], expected: tuple[str, int, str]) -> None:
    form = check({**BASE, **given})
    assert (form.incoming.host, form.incoming.port, form.incoming.security) == expected


def test_the_outgoing_side_has_its_own_usual_ports() -> None:
    for security, port in (("tls", 465), ("starttls", 587), ("none", 25)):
        form = check({**BASE, "smtp_host": "smtp.x.example", "smtp_security": security})
        assert (form.outgoing.port, form.outgoing.enabled) == (port, True)
    assert check({**BASE, "smtp_host": "ssl://smtp.x.example"}).outgoing.security == "tls"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"address": "a b@c.example"}, "address"),
        ({"host": ""}, "host"),
        ({"host": "two words"}, "host"),
        ({"port": "70000"}, "port"),
        ({"port": "abc"}, "port"),
        ({"security": "ssl3"}, "security"),
        ({"schedule": "sometimes"}, "schedule"),
        ({"batch": "0"}, "batch"),
        ({"batch": "501"}, "batch"),
        ({"max_per_fetch": "0"}, "max_per_fetch"),
        ({"after_fetch": "burn"}, "after_fetch"),
        ({"after_fetch": "move:"}, "after_fetch"),
        ({"after_fetch": "move:INBOX"}, "after_fetch"),
        ({"backlog": "some"}, "backlog"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file"),
        ({"fingerprint": "12:34"}, "fingerprint"),
        ({"folder": ""}, "folder"),
        ({"folder": "a\nb"}, "folder"),
        ({"name": "x\x1b[31m"}, "name"),
        ({"protocol": "none", "smtp_host": "h", "smtp_auth": "same"}, "smtp_auth"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(FormErrors) as refused:
        check({**BASE, **given})
    assert set(refused.value.fields) == {field}
    assert refused.value.exit_status == 2
    assert "Value error" not in refused.value.fields[field]


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(FormErrors) as refused:
        check({"address": "x", "batch": "many", "schedule": "?"})
    assert set(refused.value.fields) == {"address", "batch", "schedule"}


def test_a_form_warns_of_what_one_may_regret() -> None:
    words = " ".join(
        warnings(check({**BASE, "security": "none", "schedule": "every minute", "after_fetch": "delete"}))
    )
    assert "clear text" in words
    assert "every minute" in words
    assert "only copy" in words
    assert warnings(check(BASE)) == []
    assert warnings(check({**BASE, "host": "127.0.0.1", "security": "none"})) == []


def test_a_password_is_sealed_and_shows_nowhere(desk: Desk) -> None:
    mailbox = make_mailbox(desk, sends=True)
    assert accounts.incoming_account(desk, mailbox).password.reveal() == "s3cret-word"
    assert accounts.outgoing_account(desk, mailbox).password.reveal() == "s3cret-word"  # type: ignore[union-attr]
    shown = f"{registry.entries(desk)} {documents.mailbox(registry.entries(desk)[0])} {logs.entries()}"
    shown += repr(MailboxSecrets(SecretInput("sealed", "s3cret-word")))
    assert "s3cret-word" not in shown
    for table in ("mailbox", "log_entry", "setting"):
        assert b"s3cret-word" not in repr(db.execute_sql(f"SELECT * FROM {table}").fetchall()).encode()


def test_a_password_that_is_not_given_again_stays(desk: Desk) -> None:
    make_mailbox(desk)
    form = merged(registry.get("support@desk.example"), {"batch": 20})
    mailbox = registry.edit(desk, ADMIN, "support@desk.example", form)
    assert mailbox.batch == 20
    assert accounts.incoming_account(desk, mailbox).password.reveal() == "s3cret-word"
    secrets = MailboxSecrets(SecretInput("env", "IMAP_WORD"))
    mailbox = registry.edit(desk, ADMIN, "support@desk.example", form, secrets)
    assert (mailbox.secret_source, mailbox.secret_ref, mailbox.secret_sealed) == ("env", "IMAP_WORD", None)


def test_another_security_brings_its_usual_port(desk: Desk) -> None:
    mailbox = make_mailbox(desk)
    assert merged(mailbox, {"security": "starttls"}).incoming.port == 143
    assert merged(mailbox, {"security": "starttls", "port": 1143}).incoming.port == 1143
    assert merged(mailbox, {"name": "x"}).incoming.port == 993


def test_what_a_mailbox_is_can_be_checked_and_kept_again_unchanged(desk: Desk) -> None:
    mailbox = make_mailbox(desk, sends=True, name="IT")
    before = values_of(mailbox)
    assert values_of(registry.edit(desk, ADMIN, mailbox.address, check(before))) == before


def test_an_address_is_one_mailbox(desk: Desk) -> None:
    make_mailbox(desk)
    with pytest.raises(Refused):
        make_mailbox(desk, "Support@Desk.example")
    make_mailbox(desk, "hr@desk.example")
    with pytest.raises(Refused):
        registry.edit(desk, ADMIN, "hr@desk.example", check(BASE))


def test_an_address_is_the_desks_or_an_agents(desk: Desk) -> None:
    agents.add_agent(ADMIN, "ben", email="Ben@desk.example")
    with pytest.raises(Refused, match="the address of the agent ben"):
        make_mailbox(desk, "ben@desk.example")
    mailbox = make_mailbox(desk)
    with pytest.raises(Refused, match="the address of the agent ben"):
        registry.edit(desk, ADMIN, mailbox.address, merged(mailbox, {"aliases": "ben@desk.example"}))
    with pytest.raises(Refused, match="an address of the desk itself"):
        agents.edit_agent(ADMIN, "ben", email="Support@desk.example")
    with pytest.raises(Refused, match="an address of the desk itself"):
        agents.add_agent(ADMIN, "eve", email=mailbox.address)
    agents.edit_agent(ADMIN, "ben", active=False)
    assert make_mailbox(desk, "ben@desk.example").address == "ben@desk.example"
    with pytest.raises(Refused, match="an address of the desk itself"):
        agents.edit_agent(ADMIN, "ben", active=True)


def test_a_removed_mailbox_comes_back_with_its_ledger_and_without_its_password(desk: Desk) -> None:
    first = make_mailbox(desk)
    registry.remove(ADMIN, "support@desk.example")
    assert registry.entries(desk) == []
    assert registry.find("support@desk.example") is None
    assert Mailbox.get_by_id(first.id).secret_sealed is None
    assert make_mailbox(desk).id == first.id


def test_an_unknown_mailbox_is_not_found_and_the_nearest_is_named(desk: Desk) -> None:
    make_mailbox(desk)
    with pytest.raises(NotFound) as refused:
        registry.get("suport@desk.example")
    assert "support@desk.example" in refused.value.hint


def test_an_unknown_department_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    with pytest.raises(WrongUse, match="Netwrok"):
        registry.add(desk, ADMIN, check({**BASE, "department": "Netwrok"}))
    assert Mailbox.select().count() == 0


def test_only_who_may_edits_mailboxes(desk: Desk) -> None:
    guest = make_agent("guest", ["ticket.reply"])
    make_mailbox(desk)
    acts: tuple[Callable[[], object], ...] = (
        lambda: registry.add(desk, guest, check({**BASE, "address": "x@desk.example"})),
        lambda: registry.edit(desk, guest, "support@desk.example", check(BASE)),
        lambda: registry.remove(guest, "support@desk.example"),
        lambda: registry.switch(guest, "support@desk.example", incoming=False),
    )
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


def test_switching_needs_something_to_switch(desk: Desk) -> None:
    make_mailbox(desk)
    registry.switch(ADMIN, "support@desk.example", incoming=False, outgoing=False)
    assert registry.entries(desk)[0].state == "disabled"
    assert registry.entries(desk)[0].next_run is None
    with pytest.raises(Refused):
        registry.switch(ADMIN, "support@desk.example", outgoing=True)
    registry.switch(ADMIN, "support@desk.example", incoming=True)
    assert registry.entries(desk)[0].state == "never"


def test_failures_back_off_and_one_success_ends_them(desk: Desk) -> None:
    mailbox = make_mailbox(desk)
    moment = now()
    waits = []
    for _ in range(8):
        error = LoginRefused("login was refused", server_words="NO \x1b]52;c;AAAA\x07")
        waits.append(health.record_failure(mailbox.id, error, moment) - moment)
    assert [wait // timedelta(minutes=1) for wait in waits] == [1, 2, 5, 10, 30, 60, 60, 60]
    line = registry.entries(desk)[0]
    assert (line.state, line.error_kind, line.error_count) == ("failing", "login", 8)
    assert line.failing_since == moment
    assert line.next_run is not None
    assert line.next_run >= moment + timedelta(minutes=60)
    assert "\x1b" not in f"{line}{logs.entries()}"
    health.record_success(mailbox.id, 3, moment)
    line = registry.entries(desk)[0]
    assert (line.state, line.error_count, line.fetched, line.not_before) == ("ok", 0, 3, None)
    assert "works again after 8" in logs.entries()[0].text


def test_an_empty_fetch_writes_no_log_line(desk: Desk) -> None:
    mailbox = make_mailbox(desk)
    before = len(logs.entries())
    health.record_success(mailbox.id, 0, now())
    assert len(logs.entries()) == before


def test_a_back_off_is_never_faster_than_the_schedule(desk: Desk) -> None:
    mailbox = registry.add(desk, ADMIN, check({**BASE, "schedule": "every 2 hours"}))
    moment = now()
    health.record_failure(mailbox.id, LoginRefused("no"), moment)
    following = registry.entries(desk)[0].next_run
    assert following == moment + timedelta(hours=2)
    assert "(try 1, next in 2 h)" in logs.entries()[0].text


def test_a_failure_s_log_line_tells_the_next_try_of_schedule_and_back_off(desk: Desk) -> None:
    mailbox = make_mailbox(desk)
    moment = now()
    for tries, minutes in enumerate((5, 5, 5, 10, 30), start=1):
        health.record_failure(mailbox.id, LoginRefused("no"), moment, desk.zone)
        assert f"(try {tries}, next in {minutes} min)" in logs.entries()[0].text


def test_the_json_of_a_mailbox_has_the_keys_that_scripts_rely_on(desk: Desk) -> None:
    make_mailbox(desk, sends=True)
    document = documents.mailbox(registry.entries(desk)[0])
    relied_on = {
        "address",
        "name",
        "enabled",
        "protocol",
        "host",
        "port",
        "security",
        "folder",
        "schedule",
        "batch",
    }
    relied_on |= {"after_fetch", "next_run", "last_success", "last_error", "error_count", "outgoing"}
    assert relied_on <= set(document)
    assert document["outgoing"]["enabled"] is True


def test_a_mailbox_with_an_actor_is_logged(desk: Desk, ana: Actor) -> None:
    registry.add(desk, ana, check(BASE))
    assert logs.entries()[0].text == "support@desk.example added by ana"


def _wrong(**values: Any) -> dict[str, str]:
    with pytest.raises(FormErrors) as caught:
        check({"address": "pop@example.test", "host": "mail.example.test", **values})
    assert caught.value.exit_status == 2
    return caught.value.fields


def test_pop3_brings_its_own_ports_and_refuses_what_it_cannot_do() -> None:
    base = {"address": "pop@example.test", "host": "mail.example.test", "protocol": "pop3"}
    assert check(base).incoming.port == 995
    assert check({**base, "security": "starttls"}).incoming.port == 110
    assert check({**base, "host": "pop3s://mail.example.test"}).incoming.security == "tls"
    assert "cannot move" in _wrong(protocol="pop3", after_fetch="move:Done")["after_fetch"]
    assert "INBOX" in _wrong(protocol="pop3", folder="Alarms")["folder"]
    assert "IDLE" in _wrong(protocol="pop3", idle=True)["idle"]
    assert "sent mail" in _wrong(protocol="pop3", sent_folder="Sent")["sent_folder"]


@pytest.mark.parametrize(
    ("port", "security"), [(993, "tls"), (995, "tls"), (143, "starttls"), (110, "starttls"), (1143, "tls")]
)
def test_a_well_known_port_brings_its_security_unless_another_is_said(port: int, security: str) -> None:
    base = {"address": "it@example.test", "host": "mail.example.test", "port": port}
    assert check(base).incoming.security == security
    assert check({**base, "security": "none"}).incoming.security == "none"


@pytest.mark.parametrize(
    ("host", "port", "security"),
    [
        ("ssl://mail.example.test", 993, "tls"),
        ("tls://mail.example.test", 143, "starttls"),
        ("tls://mail.example.test:993", 993, "tls"),
        ("mail.example.test:143", 143, "starttls"),
    ],
)
def test_hosts_as_osticket_users_type_them(host: str, port: int, security: str) -> None:
    form = check({"address": "it@example.test", "host": host})
    assert (form.incoming.host, form.incoming.port, form.incoming.security) == (
        "mail.example.test",
        port,
        security,
    )
    way = check({"address": "it@example.test", "protocol": "none", "smtp_auth": "none", "smtp_host": host})
    expected = {143: 587, 993: 465 if host == "ssl://mail.example.test" else 993}[port]
    if ":143" not in host:
        assert (way.outgoing.port, way.outgoing.security) == (expected, security)


@pytest.mark.parametrize(
    ("stored", "changes", "expected"),
    [
        ({"port": 27993, "security": "tls"}, {"security": "starttls"}, (27993, "starttls")),
        ({"port": 27993, "security": "tls"}, {"protocol": "pop3"}, (27993, "tls")),
        ({"port": 27993, "security": "tls"}, {"host": "tls://other.example"}, (27993, "starttls")),
        ({"port": 993, "security": "tls"}, {"security": "starttls"}, (143, "starttls")),
        ({"port": 143, "security": "starttls"}, {"protocol": "pop3"}, (110, "starttls")),
        ({"port": 993, "security": "tls"}, {"protocol": "pop3", "security": "none"}, (110, "none")),
        ({"port": 993, "security": "tls"}, {"host": "H.example:143"}, (143, "starttls")),
        ({"port": 993, "security": "tls"}, {"port": 110}, (110, "starttls")),
        ({"port": 143, "security": "none"}, {"port": 110}, (110, "none")),
        ({"port": 143, "security": "none"}, {"host": "h.example:993"}, (993, "tls")),
        ({"port": 993, "security": "tls"}, {"port": 2993}, (2993, "tls")),
        ({"port": 993, "security": "tls"}, {"host": "ssl://h.example:2993"}, (2993, "tls")),
        ({"port": 993, "security": "tls"}, {"port": 143, "security": "tls"}, (143, "tls")),
    ],
)
def test_an_edit_leaves_the_port_and_the_security_that_were_not_given(
    stored: dict[str, Any], changes: dict[str, Any], expected: tuple[int, str], desk: Desk
) -> None:
    mailbox = registry.add(desk, ADMIN, check({**BASE, **stored}))
    form = merged(mailbox, changes)
    assert (form.incoming.port, form.incoming.security) == expected


@pytest.mark.parametrize(
    ("stored", "changes", "expected"),
    [
        ((27025, "none"), {"smtp_security": "starttls"}, (27025, "starttls")),
        ((587, "starttls"), {"smtp_security": "tls"}, (465, "tls")),
        ((465, "tls"), {"smtp_port": 25}, (25, "starttls")),
        ((465, "tls"), {"smtp_host": "relay.example:25"}, (25, "starttls")),
        ((587, "starttls"), {"smtp_port": 25}, (25, "starttls")),
        ((2525, "none"), {"smtp_port": 25}, (25, "none")),
        ((587, "starttls"), {"smtp_host": "relay.example"}, (587, "starttls")),
    ],
)
def test_an_edit_of_the_outgoing_side_leaves_them_too(
    stored: tuple[int, str], changes: dict[str, Any], expected: tuple[int, str], desk: Desk
) -> None:
    out = {"smtp_host": "smtp.example", "smtp_port": stored[0], "smtp_security": stored[1]}
    mailbox = registry.add(desk, ADMIN, check({**BASE, **out}))
    form = merged(mailbox, changes)
    assert (form.outgoing.port, form.outgoing.security) == expected


def test_an_edit_refuses_what_no_longer_fits_and_drops_none_of_it(desk: Desk) -> None:
    mailbox = registry.add(
        desk, ADMIN, check({**BASE, "folder": "Desk", "idle": True, "sent_folder": "Sent"})
    )
    with pytest.raises(FormErrors) as refused:
        merged(mailbox, {"protocol": "pop3"})
    assert set(refused.value.fields) == {"folder", "idle", "sent_folder"}
    assert refused.value.hint == "nightdesk mailbox edit --help"


def test_a_mailbox_that_fetches_again_is_switched_on_as_a_new_one_is(desk: Desk) -> None:
    mailbox = registry.add(desk, ADMIN, check({"address": "a@desk.example", "protocol": "none"}))
    form = merged(mailbox, {"protocol": "imap", "host": "h.example"})
    assert registry.edit(desk, ADMIN, mailbox.address, form).incoming_enabled
