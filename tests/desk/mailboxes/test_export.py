"""A fleet's mailboxes in version control: written without secrets, read back as they were."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.secrets import Secret
from desk.errors import NotFound, Refused, WrongUse
from desk.home import Desk
from desk.mailboxes import registry, tokens
from desk.mailboxes.export import documents, read, take_in, written
from desk.mailboxes.form import check, values_of
from desk.mailboxes.registry import find, get
from desk.mailboxes.secrets import MailboxSecrets, SecretInput
from desk.staff import topics
from mail.oauth2 import Token
from models.mailboxes import MailboxOAuth2
from tests.support.workbench import ADMIN

SUPPORT, OA = "support@desk.example", "oa@desk.example"


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """A desk with two mailboxes that use nearly everything there is."""
    topics.add_topic(ADMIN, "VPN")
    given: dict[str, Any] = {
        "address": SUPPORT,
        "name": "Help – Bücher",
        "host": "imap.desk.example",
        "topic": "VPN",
        "priority": "high",
        "aliases": "help@desk.example, it@desk.example",
        "schedule": "*/10 8-18 * * 1-5",
        "after_fetch": "move:Done",
        "smtp_host": "smtp.desk.example",
        "smtp_auth": "basic",
        "fingerprint": "ab" * 32,
    }
    secrets = MailboxSecrets(SecretInput("sealed", "in-word"), SecretInput("env", "SMTP_WORD"))
    registry.add(desk, ADMIN, check(given), secrets)
    oa = {
        "address": OA,
        "host": "outlook.example",
        "auth": "oauth2",
        "oauth2": "microsoft",
        "oauth2_client_id": "id-1",
        "oauth2_tenant": "corp.example",
        "oauth2_strict": False,
    }
    box = registry.add(desk, ADMIN, check(oa), MailboxSecrets(client=SecretInput("sealed", "client-word")))
    tokens.keep_login(desk, ADMIN, box, Token(access=Secret("access-1"), refresh=Secret("refresh-1")))
    return desk


def test_no_secret_is_in_the_file(fleet: Desk) -> None:
    text = written()
    for word in ("in-word", "client-word", "access-1", "refresh-1"):
        assert word not in text
    tables = {table["address"]: table for table in tomllib.loads(text)["mailbox"]}
    assert tables[SUPPORT]["password"] == {"sealed": True}
    assert tables[SUPPORT]["smtp_password"] == {"env": "SMTP_WORD"}
    assert tables[SUPPORT]["aliases"] == "help@desk.example, it@desk.example"
    assert tables[OA]["oauth2_tenant"] == "corp.example"
    assert "Bücher" in text


def test_read_back_on_the_same_desk_nothing_changes(fleet: Desk) -> None:
    before = [values_of(get(address)) for address in (SUPPORT, OA)]
    assert [each.outcome for each in take_in(fleet, ADMIN, read(written()))] == ["unchanged", "unchanged"]
    assert [values_of(get(address)) for address in (SUPPORT, OA)] == before
    assert MailboxOAuth2.get().token_sealed


def test_read_on_another_desk_it_is_the_same_fleet_without_its_secrets(fleet: Desk) -> None:
    text, before = written(), {address: values_of(get(address)) for address in (SUPPORT, OA)}
    for address in (SUPPORT, OA):
        registry.remove(ADMIN, address)
    done = {each.address: each for each in take_in(fleet, ADMIN, read(text))}
    assert {each.outcome for each in done.values()} == {"added"}
    assert done[SUPPORT].missing == ("password",)
    assert done[OA].missing == ("client_secret",)
    after = {address: values_of(get(address)) for address in (SUPPORT, OA)}
    assert after[SUPPORT].pop("incoming_enabled") is False, "off until its password is there"
    assert before[SUPPORT].pop("incoming_enabled")
    assert after == before
    assert get(SUPPORT).smtp_secret_ref == "SMTP_WORD"


def test_once_the_password_is_there_another_import_switches_it_on(fleet: Desk) -> None:
    text = written()
    registry.remove(ADMIN, SUPPORT)
    take_in(fleet, ADMIN, read(text))
    form = check(values_of(get(SUPPORT)))
    registry.edit(fleet, ADMIN, SUPPORT, form, MailboxSecrets(SecretInput("sealed", "again")))
    done = take_in(fleet, ADMIN, read(text))
    assert [each.missing for each in done] == [(), ()]
    assert get(SUPPORT).incoming_enabled


def test_a_changed_line_changes_its_mailbox_and_keeps_its_password(fleet: Desk) -> None:
    tables = read(written([SUPPORT]))
    tables[0]["folder"] = "Desk"
    done = take_in(fleet, ADMIN, tables)
    assert [(each.address, each.outcome) for each in done] == [(SUPPORT, "changed")]
    assert (get(SUPPORT).folder, get(SUPPORT).secret_source) == ("Desk", "sealed")


def test_a_changed_source_of_a_password_is_a_change(fleet: Desk) -> None:
    tables = read(written([SUPPORT]))
    tables[0]["password"] = {"pass_cmd": "pass show support"}
    assert take_in(fleet, ADMIN, tables)[0].outcome == "changed"
    assert (get(SUPPORT).secret_source, get(SUPPORT).secret_ref) == ("pass_cmd", "pass show support")


def test_one_wrong_mailbox_and_nothing_is_done(fleet: Desk) -> None:
    tables: list[dict[str, Any]] = [
        {"address": "new@desk.example", "host": "h", "password": {"env": "X"}},
        {"address": "bad@desk.example", "host": "two words"},
    ]
    with pytest.raises(WrongUse, match=r"bad@desk.example: host: is no host name"):
        take_in(fleet, ADMIN, tables)
    assert find("new@desk.example") is None


@pytest.mark.parametrize("field", ["host", "smtp_host", "smtp_helo"])
@pytest.mark.parametrize(
    ("written_as", "told"), [("Bücher.example", "xn--bcher-kva.example"), ("straße.de", "xn--strae-oqa.de")]
)
def test_a_host_in_letters_beyond_ascii_is_told_as_the_dns_has_it(
    fleet: Desk, field: str, written_as: str, told: str
) -> None:
    table = {"address": "new@desk.example", "host": "h", field: written_as, "password": {"env": "X"}}
    with pytest.raises(WrongUse, match=re.escape(told)):
        take_in(fleet, ADMIN, [table])


@pytest.mark.parametrize("field", ["host", "smtp_host", "smtp_helo"])
@pytest.mark.parametrize(
    "host", ["mail..example", "a..b", "mail.example.", f"{'m' * 64}.example", "a." * 127 + "bc"]
)
def test_a_host_that_no_dns_can_have_is_refused(fleet: Desk, field: str, host: str) -> None:
    table = {"address": "new@desk.example", "host": "h", field: host, "password": {"env": "X"}}
    with pytest.raises(WrongUse, match="host"):
        take_in(fleet, ADMIN, [table])


@pytest.mark.parametrize(
    "host",
    ["h", "mail_1.example", "1.2.3.4", "[2001:db8::1]", "::1", f"{'m' * 63}.example", "a." * 126 + "b"],
)
def test_a_host_that_a_dns_or_a_network_can_have_is_taken(fleet: Desk, host: str) -> None:
    table = {"address": "new@desk.example", "host": host, "password": {"env": "X"}}
    assert [each.outcome for each in take_in(fleet, ADMIN, [table])] == ["added"]


def test_a_rehearsal_tells_and_does_nothing(fleet: Desk) -> None:
    done = take_in(fleet, ADMIN, [{"address": "new@desk.example", "host": "h"}], rehearse=True)
    assert [(each.outcome, each.missing) for each in done] == [("added", ("password",))]
    assert find("new@desk.example") is None


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"password": "hunter2"}, "password is not understood"),
        ({"password": {"sealed": "hunter2"}}, "password is not understood"),
        ({"topic": "Nope"}, "no help topic 'Nope'"),
        ({"department": "Nope"}, "no department 'Nope'"),
        ({"colour": "red"}, "colour: is no field"),
    ],
)
def test_what_is_wrong_is_told_with_the_mailbox(fleet: Desk, table: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongUse, match=f"a@desk.example: .*{words}") as caught:
        take_in(fleet, ADMIN, [{"address": "a@desk.example", "host": "h", **table}])
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_an_alias_has_one_owner_in_the_file_too(fleet: Desk) -> None:
    with pytest.raises(Refused, match=r"help@desk.example belongs to the mailbox support@desk.example"):
        take_in(
            fleet,
            ADMIN,
            [{"address": "b@desk.example", "host": "h", "aliases": "help@desk.example"}],
        )


def test_broken_files_are_told_in_words(fleet: Desk) -> None:
    with pytest.raises(WrongUse, match="no TOML"):
        read("[[mailbox]\n")
    with pytest.raises(WrongUse, match="'ticket' is not expected"):
        read("[[ticket]]\n")
    with pytest.raises(WrongUse, match="twice"):
        take_in(fleet, ADMIN, documents([SUPPORT]) * 2)
    with pytest.raises(NotFound):
        written(["nobody@desk.example"])


@pytest.mark.parametrize("text", ["mailbox = " + "[" * 20_000, "[[mailbox]]\naddress = " + "{a=" * 5_000])
def test_a_file_that_nests_without_end_is_told_in_words(text: str) -> None:
    with pytest.raises(WrongUse, match="no TOML"):
        read(text)


def test_a_lost_ca_file_of_an_application_that_no_account_uses_keeps_nothing_from_being_read(
    desk: Desk, tmp_path: Path
) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("a certificate")
    app = {"oauth2": "google", "oauth2_client_id": "id-1", "oauth2_ca_file": str(authority)}
    form = check({"address": SUPPORT, "host": "imap.desk.example"} | app)
    registry.add(desk, ADMIN, form, MailboxSecrets(SecretInput("pass_cmd", "pass show support")))
    tables = read(written())
    authority.unlink()
    assert [each.outcome for each in take_in(desk, ADMIN, tables)] == ["unchanged"]
    assert [each.outcome for each in take_in(desk, ADMIN, [tables[0] | {"name": "Noc"}])] == ["changed"]
    with pytest.raises(WrongUse, match="there is no file"):
        take_in(desk, ADMIN, [tables[0] | {"auth": "oauth2"}])
