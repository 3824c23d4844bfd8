"""Typing the address fills in its provider's servers, and says the paragraph that matters."""

from __future__ import annotations

from typing import Any

import pytest

from config.providers import providers
from desk.errors import WrongUse
from desk.mailboxes.form import FormErrors, check
from desk.mailboxes.presets import filled, preset
from nightdesk.verbs.mailbox.edit import PROVIDERS


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@gmail.com", ("imap.gmail.com", 993, "tls", "smtp.gmail.com", 465, "tls")),
        ("a@yahoo.de", ("imap.mail.yahoo.com", 993, "tls", "smtp.mail.yahoo.com", 465, "tls")),
        ("a@fastmail.com", ("imap.fastmail.com", 993, "tls", "smtp.fastmail.com", 465, "tls")),
        ("a@gmx.de", ("imap.gmx.net", 993, "tls", "mail.gmx.net", 465, "tls")),
    ],
)
def test_the_address_fills_in_both_accounts(address: str, expected: tuple[Any, ...]) -> None:
    values, known = filled({"address": address})
    assert known is not None
    form = check(values)
    assert (form.incoming.host, form.incoming.port, form.incoming.security) == expected[:3]
    assert (form.outgoing.host, form.outgoing.port, form.outgoing.security) == expected[3:]
    assert (form.incoming.user, form.incoming.auth, form.outgoing.auth) == (address, "basic", "same")
    assert "password" in known.advice


def test_every_providers_preset_is_a_form_without_errors() -> None:
    for provider in providers():
        for protocol in ("imap", "pop3"):
            address = f"support@{(provider.domains or ('corp.example',))[0]}"
            if provider.server(protocol, address) is None:
                with pytest.raises(WrongUse, match=f"offers no {protocol.upper()}"):
                    preset(address, protocol, provider.id)
                continue
            values, _ = filled({"address": address, "protocol": protocol}, provider.id)
            if values.get("oauth2"):
                values["oauth2_client_id"] = "id-1"
            form = check(values)
            assert form.incoming.host
            assert form.outgoing.host


def test_microsoft_means_oauth2_and_asks_for_the_client_id() -> None:
    values, known = filled({"address": "a@outlook.com"})
    assert known is not None
    assert "Entra" in known.advice
    with pytest.raises(FormErrors) as caught:
        check(values)
    assert set(caught.value.fields) == {"oauth2_client_id"}
    form = check({**values, "oauth2_client_id": "id-1"})
    assert (form.incoming.auth, form.oauth2.provider, form.outgoing.auth) == ("oauth2", "microsoft", "same")


def test_a_workspace_under_its_own_domain_is_named() -> None:
    values, _ = filled({"address": "support@corp.example"}, "gmail")
    assert check(values).incoming.host == "imap.gmail.com"


def test_the_own_server_is_guessed_only_when_asked() -> None:
    with pytest.raises(WrongUse, match=r"which server has the mail of a@corp.example") as caught:
        filled({"address": "a@corp.example"})
    assert "--provider" in caught.value.hint
    values, known = filled({"address": "a@corp.example"}, "own")
    assert known is not None
    assert known.is_guess
    assert check(values).incoming.host == "mail.corp.example"


@pytest.mark.parametrize(
    "given",
    [
        {"address": "a@gmail.com", "host": "imap.corp.example"},
        {"address": "a@gmail.com", "protocol": "none"},
    ],
)
def test_what_was_said_is_not_overwritten(given: dict[str, Any]) -> None:
    assert filled(given) == (given, None)


def test_said_parts_stand_beside_filled_ones() -> None:
    values, _ = filled({"address": "a@gmail.com", "user": "b@gmail.com", "smtp_host": "", "folder": "Desk"})
    form = check(values)
    assert (form.incoming.host, form.incoming.user, form.incoming.folder, form.outgoing.sends) == (
        "imap.gmail.com",
        "b@gmail.com",
        "Desk",
        False,
    )
    values, _ = filled({"address": "a@gmail.com", "protocol": "pop3"})
    assert check(values).incoming.port == 995


def test_a_mailbox_that_only_sends_can_be_filled_in_by_name() -> None:
    values, _ = filled({"address": "a@gmail.com", "protocol": "none"}, "gmail")
    form = check(values)
    assert (form.outgoing.host, form.outgoing.auth, form.outgoing.user) == (
        "smtp.gmail.com",
        "basic",
        "a@gmail.com",
    )


def test_the_command_line_knows_every_provider() -> None:
    assert set(PROVIDERS) == {provider.id for provider in providers()}
